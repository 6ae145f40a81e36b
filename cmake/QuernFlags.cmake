# What every target of ours is compiled with. Floating point is never contracted or relaxed: results are the same everywhere.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C) # programs are linked as position-independent, whatever the compiler's default
add_library(quern_flags INTERFACE)
target_include_directories(quern_flags INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
target_compile_definitions(quern_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
target_compile_options(quern_flags INTERFACE
  -ffp-contract=off -fno-math-errno -fno-trapping-math -fstack-protector-strong
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef
  $<$<BOOL:${QUERN_WERROR}>:-Werror>)
target_link_options(quern_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
if(CMAKE_BUILD_TYPE MATCHES "Release|RelWithDebInfo" AND NOT QUERN_SANITIZE)
  target_compile_options(quern_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(QUERN_SANITIZE)
  target_compile_options(quern_flags INTERFACE -fsanitize=${QUERN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(quern_flags INTERFACE -fsanitize=${QUERN_SANITIZE})
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU") # instrumented code hides from gcc what values are possible; the other builds look
    target_compile_options(quern_flags INTERFACE
      -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-format-overflow -Wno-format-truncation)
  endif()
endif()
if(QUERN_COVERAGE)
  target_compile_options(quern_flags INTERFACE --coverage -fprofile-update=atomic -O0 -g) # threads count, too
  target_link_options(quern_flags INTERFACE --coverage)
endif()
if(QUERN_FUZZ)
  target_compile_options(quern_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
