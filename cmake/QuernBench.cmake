# Peers that a benchmark measures in the same run. Never needed: a benchmark without its peer says so.
pkg_check_modules(GSL QUIET IMPORTED_TARGET GLOBAL gsl)
pkg_check_modules(CMINPACK QUIET IMPORTED_TARGET GLOBAL cminpack)
pkg_check_modules(SLEEF QUIET IMPORTED_TARGET GLOBAL sleef)
pkg_check_modules(CK QUIET IMPORTED_TARGET GLOBAL ck)

# qn_bench(NAME [FOLDERS folders…] [LIBRARIES targets…] [PEERS gsl|cminpack|sleef|ck…] [SOURCES files…]): bench/NAME.c (or SOURCES) as the program
# bench_NAME, built and run by the target "bench". With QUERN_BENCH=ON also built by "all", and a test "bench.NAME" sees that it runs. Each peer that was found is linked and defines
# BENCH_HAVE_GSL, BENCH_HAVE_CMINPACK, BENCH_HAVE_SLEEF.
function(qn_bench name)
  cmake_parse_arguments(bench "" "" "FOLDERS;LIBRARIES;PEERS;SOURCES" ${ARGN})
  if(NOT bench_SOURCES)
    set(bench_SOURCES ${name}.c)
  endif()
  if(QUERN_BENCH)
    add_executable(bench_${name} ${bench_SOURCES})
    add_test(NAME bench.${name} COMMAND bench_${name} --quick WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(bench.${name} PROPERTIES LABELS bench TIMEOUT 600)
  else()
    add_executable(bench_${name} EXCLUDE_FROM_ALL ${bench_SOURCES})
  endif()
  list(TRANSFORM bench_FOLDERS PREPEND quern_)
  target_link_libraries(bench_${name} PRIVATE quern_flags quern_bench ${bench_FOLDERS} ${bench_LIBRARIES} m)
  # What only a missing peer would use is no fault.
  target_compile_options(bench_${name} PRIVATE -Wno-unused-function -Wno-unused-const-variable)
  foreach(peer IN LISTS bench_PEERS)
    string(TOUPPER ${peer} upper)
    if(${upper}_FOUND)
      target_link_libraries(bench_${name} PRIVATE PkgConfig::${upper})
      target_compile_definitions(bench_${name} PRIVATE BENCH_HAVE_${upper}=1)
    else()
      target_compile_definitions(bench_${name} PRIVATE BENCH_HAVE_${upper}=0)
    endif()
  endforeach()
  add_custom_target(run_bench_${name}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/bench/samples
    COMMAND bench_${name} --csv ${PROJECT_BINARY_DIR}/bench/samples/${name}.csv
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} USES_TERMINAL VERBATIM)
  # One after the other: two benchmarks at a time would measure each other.
  get_property(before GLOBAL PROPERTY QUERN_LAST_BENCH)
  if(before)
    add_dependencies(run_bench_${name} ${before})
  endif()
  set_property(GLOBAL PROPERTY QUERN_LAST_BENCH run_bench_${name})
  add_dependencies(bench run_bench_${name})
endfunction()
