# The DuckDB that tests use; empty where there is none. It is fetched once for all build folders.
if(BUILD_TESTING AND NOT CMAKE_CROSSCOMPILING AND NOT EXISTS "${QUERN_TEST_DUCKDB_LIB}")
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/duckdb OUTPUT_VARIABLE duckdb OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(QUERN_TEST_DUCKDB_LIB "${duckdb}" CACHE FILEPATH "DuckDB's shared object, for the tests" FORCE)
endif()
# The environment of a test that uses it. The thread sanitizer's search for deadlocks gives up where DuckDB's allocator takes its hundreds
# of locks before a fork; it does not see our own locks anyway.
set(QUERN_DUCKDB_ENVIRONMENT "QUERN_DUCKDB_LIB=${QUERN_TEST_DUCKDB_LIB}"
  "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp:print_suppressions=0:detect_deadlocks=0")

# qn_test(KIND NAME [FOLDERS folders…] [LABELS labels…] [SOURCES files…] [LIBRARIES targets…] [THREADS] [PARTS] [NO_MEMCHECK reason]
# [POSTGRES] [REDIS] [DUCKDB]):
# tests/KIND/NAME.c (or SOURCES) as a CTest test "KIND.NAME". It links the named folders of src/ and what they need, the harness and cmocka.
# With QUERN_GATES=ON the unit and fault tests also run under memcheck at the baseline level, as "memcheck.KIND.NAME", but those that give
# a reason against it, and with short effort. POSTGRES, REDIS: it runs beside a server of its own (scripts/postgres, scripts/redis). DUCKDB: its environment says
# where a DuckDB is, in QUERN_DUCKDB_LIB, but not under memcheck, which finds faults in DuckDB itself; where there is none it says nothing,
# and the test has to say that it skips.
# THREADS: it starts threads; one that does so without saying it ends with a complaint. PARTS: what it asks depends on the optional parts.
# A configuration that is there for one question leaves out the tests that cannot answer it:
#  - the thread sanitizer those without THREADS, whose only thread races with nobody;
#  - QUERN_TEST_FOLDERS, where it is set, those that name none of these folders of src/ and do not say PARTS.
# QUERN_TEST_EFFORT, where it is set, is how much of their work the tests do (test_effort in the harness).
set(QUERN_TEST_FOLDERS "" CACHE STRING "Test only these folders of src/, and what people meet; empty: all")
set(QUERN_TEST_EFFORT "" CACHE STRING "short or long: how many random cases the tests take; empty: the usual number")

# qn_has_question(OUT [THREADS] [PARTS] FOLDERS folders…): whether this configuration has such a test.
function(qn_has_question out)
  cmake_parse_arguments(test "THREADS;PARTS" "" "FOLDERS" ${ARGN})
  set(${out} ON PARENT_SCOPE)
  if(QUERN_SANITIZE STREQUAL "thread" AND NOT test_THREADS)
    set(${out} OFF PARENT_SCOPE)
  elseif(QUERN_TEST_FOLDERS AND NOT test_PARTS)
    set(${out} OFF PARENT_SCOPE)
    foreach(folder IN LISTS test_FOLDERS)
      if(folder IN_LIST QUERN_TEST_FOLDERS)
        set(${out} ON PARENT_SCOPE)
      endif()
    endforeach()
  endif()
endfunction()

function(qn_test kind name)
  cmake_parse_arguments(test "POSTGRES;REDIS;DUCKDB;THREADS;PARTS" "NO_MEMCHECK" "FOLDERS;LABELS;SOURCES;LIBRARIES" ${ARGN})
  qn_has_question(here ${ARGN})
  if(NOT here)
    return()
  endif()
  if(NOT test_SOURCES)
    set(test_SOURCES ${name}.c)
  endif()
  set(target test_${kind}_${name})
  add_executable(${target} ${test_SOURCES})
  if(NOT test_THREADS)
    target_link_libraries(${target} PRIVATE quern_one_thread)
  endif()
  list(TRANSFORM test_FOLDERS PREPEND quern_)
  target_link_libraries(${target} PRIVATE quern_flags quern_harness ${test_FOLDERS} ${test_LIBRARIES} PkgConfig::CMOCKA m)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_options(${target} PRIVATE -UNDEBUG) # a test's assertions are there in every configuration
  set(server)
  if(test_POSTGRES AND QUERN_HAVE_POSTGRES)
    set(server ${PROJECT_SOURCE_DIR}/scripts/postgres)
  endif()
  if(test_REDIS AND QUERN_HAVE_REDIS)
    list(APPEND server ${PROJECT_SOURCE_DIR}/scripts/redis)
  endif()
  add_test(NAME ${kind}.${name} COMMAND ${server} ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${target}> WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${kind}.${name} PROPERTIES LABELS "quick;${kind};${test_LABELS}" TIMEOUT 600)
  if(QUERN_TEST_EFFORT)
    set_property(TEST ${kind}.${name} APPEND PROPERTY ENVIRONMENT QUERN_TEST_EFFORT=${QUERN_TEST_EFFORT})
  endif()
  if(test_DUCKDB)
    set_property(TEST ${kind}.${name} APPEND PROPERTY ENVIRONMENT ${QUERN_DUCKDB_ENVIRONMENT})
  endif()
  if(QUERN_GATES AND kind MATCHES "unit|fault" AND NOT test_NO_MEMCHECK)
    add_test(NAME memcheck.${kind}.${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      COMMAND ${server} valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect
        --suppressions=${PROJECT_SOURCE_DIR}/tests/memcheck.supp $<TARGET_FILE:${target}>)
    set_tests_properties(memcheck.${kind}.${name} PROPERTIES LABELS "house;memcheck" TIMEOUT 600
      ENVIRONMENT "QUERN_CPU=baseline;QUERN_TEST_EFFORT=short")
  endif()
endfunction()

# qn_fuzz(NAME [FOLDERS folders…] [LIBRARIES targets…]): tests/fuzz/fuzz_NAME.c, which defines LLVMFuzzerTestOneInput. Always the CTest test
# "fuzz.NAME", which replays the empty input, tests/fuzz/corpus/NAME/* and their beginnings; with QUERN_FUZZ=ON also the libFuzzer
# program fuzz_NAME.
function(qn_fuzz name)
  cmake_parse_arguments(fuzz "" "" "FOLDERS;LIBRARIES" ${ARGN})
  qn_has_question(here ${ARGN})
  if(NOT here)
    return()
  endif()
  list(TRANSFORM fuzz_FOLDERS PREPEND quern_)
  add_executable(test_fuzz_${name} fuzz_${name}.c ${PROJECT_SOURCE_DIR}/tests/harness/replay.c)
  target_link_libraries(test_fuzz_${name} PRIVATE quern_flags ${fuzz_FOLDERS} ${fuzz_LIBRARIES} m)
  target_include_directories(test_fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_options(test_fuzz_${name} PRIVATE -UNDEBUG)
  add_test(NAME fuzz.${name} COMMAND test_fuzz_${name} tests/fuzz/corpus/${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS "quick;fuzz" TIMEOUT 600)
  if(QUERN_FUZZ)
    add_executable(fuzz_${name} fuzz_${name}.c)
    target_link_libraries(fuzz_${name} PRIVATE quern_flags ${fuzz_FOLDERS} ${fuzz_LIBRARIES} m)
    target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_compile_options(fuzz_${name} PRIVATE -UNDEBUG)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND PROPERTY QUERN_FUZZERS fuzz_${name})
  endif()
endfunction()
