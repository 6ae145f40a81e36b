#!/bin/bash
# tests/install/planted.sh: scripts/check and the other gates refuse what they say they refuse. Usage: planted.sh CASE SOURCE WORK
# A copy of the project gets one fault; the check must refuse, and name the place. The case "copy" makes the copy and its build. That
# the sources without a fault pass is the test check.commit.
set -euo pipefail
case_name=$1 source=$2 work=$3
copy=$work/copy

fail() {
    echo "check.$case_name: $*" >&2
    exit 1
}

# plant FILE: adds standard input to a file of the copy; put back when the script ends.
plant() {
    planted=$copy/$1
    if [ -e "$planted" ]; then cp "$planted" "$work/kept"; else rm -f "$work/kept"; fi
    trap 'if [ -e "$work/kept" ]; then cat "$work/kept" >"$planted"; else rm -f "$planted"; fi' EXIT
    cat >>"$planted"
}

# refused CHECK TEXT: the check must fail, with a finding that holds TEXT.
refused() {
    local output status=0
    output=$("$copy/scripts/check" --build build --only "$1" 2>&1) || status=$?
    [ $status -eq 1 ] || fail "status $status instead of 1: $output"
    grep -qF "$2" <<<"$output" || fail "no finding with \"$2\": $output"
}

# not_analyzed ANALYSER TEXT: scripts/analyze must fail on src/base/error.c, with a finding that holds TEXT.
not_analyzed() {
    local output status=0
    output=$("$copy/scripts/analyze" --build build --only "$1" src/base/error.c 2>&1) || status=$?
    [ $status -eq 1 ] || fail "status $status instead of 1: $output"
    grep -q "^src/base/error.c:[0-9]*: .*$2" <<<"$output" || fail "no finding with \"$2\": $output"
}

# build_test FOLDER OPTION…: builds the test unit.utf8_core of the copy in a build folder of its own.
build_test() {
    cmake -S "$copy" -B "$copy/$1" -G Ninja -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="-O0 -g" "${@:2}" >/dev/null
    cmake --build "$copy/$1" --target test_unit_utf8_core >/dev/null
}

# count_tests CTEST…: runs these tests and counts what was executed.
count_tests() {
    ctest "$@" --output-junit "$work/counted.xml" >/dev/null
    "$copy/scripts/count" "$work/counted.xml"
}

# The test unit.utf8_core of the copy as it stands, counted.
count_unit_test() {
    build_test build-count
    count_tests --test-dir "$copy/build-count" -R '^unit.utf8_core$'
}

# count_project SOURCE: a CTest project, counted.
count_project() {
    cmake -S "$1" -B "$1/build" -G Ninja >/dev/null
    count_tests --test-dir "$1/build"
}

# false_tool NAME: standard input becomes a program that stands before the real ones.
false_tool() {
    mkdir -p "$work/bin"
    { echo '#!/bin/bash' && cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
    export PATH=$work/bin:$PATH
}

# expect STATUS TEXT COMMAND…: what COMMAND must return and say.
expect() {
    local output status=0
    output=$("${@:3}" 2>&1) || status=$?
    [ $status -eq "$1" ] || fail "status $status instead of $1: $output"
    grep -qF -- "$2" <<<"$output" || fail "nothing with \"$2\": $output"
}

null_dereference='int qni_planted(int n);
int qni_planted(int n) { const int *a = 0; if (n > 3) a = &n; return *a; }'

case $case_name in
copy)
    rm -rf "$work"
    mkdir -p "$copy"
    (cd "$source" && tar -c --exclude=./build --exclude=./build-* --exclude=./.git .) | tar -x -C "$copy"
    cmake -S "$copy" -B "$copy/build" -G Ninja -DCMAKE_C_FLAGS=-O0 -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=None >/dev/null
    cmake --build "$copy/build" --target quern_shared >/dev/null
    ;;
refuses_a_higher_floor)
    plant src/base/error.c <<<'#include "mem/limits.h"'
    refused floors "src/base/error.c:$(wc -l <"$planted"): base (floor 0) may not include mem/limits.h"
    ;;
refuses_another_folders_internal_header)
    plant src/mem/arena.c <<<'#include "base/number_int.h"'
    refused floors 'number_int.h is for the folder base alone'
    ;;
refuses_a_long_function)
    plant src/base/error.c < <(
        echo 'void qni_planted(volatile int *a);'
        echo 'void qni_planted(volatile int *a)'
        echo '{'
        for _ in $(seq 120); do echo '    *a += 1;'; done
        echo '}'
    )
    refused functions 'qni_planted has 123 lines'
    ;;
refuses_a_complex_function)
    plant src/base/error.c < <(
        echo 'int qni_planted(int a);'
        echo 'int qni_planted(int a)'
        echo '{'
        for i in $(seq 20); do echo "    if (a == $i) return $i;"; done
        echo '    return 0;'
        echo '}'
    )
    refused functions 'qni_planted has complexity 21'
    ;;
refuses_malloc)
    plant src/base/error.c <<<'void *qni_planted(void) { return malloc(1); }'
    refused calls "src/base/error.c:$(wc -l <"$planted"): malloc may not be called here"
    ;;
refuses_the_c_librarys_functions_in_formulas)
    plant src/lang/kernels.c <<<'double qni_planted(double x) { return exp(x); }'
    refused calls "src/lang/kernels.c:$(wc -l <"$planted"): exp may not be called here"
    ;;
refuses_bad_format)
    plant src/base/error.c <<<'static   int planted( void );'
    refused format 'src/base/error.c'
    ;;
refuses_mutable_globals)
    plant src/base/error.c <<<'static int planted; int *qni_planted(void); int *qni_planted(void) { return &planted; }'
    refused globals "src/base/error.c:$(wc -l <"$planted"): planted is mutable global state"
    ;;
refuses_a_stale_list_of_globals)
    plant scripts/globals.txt <<<'src/base/error.c:nothing a reason'
    refused globals 'is no longer there'
    ;;
refuses_foreign_types_in_public_headers)
    plant include/quern/plot.h <<<'#include <jansson.h>' # few files include it: little is built again
    refused headers 'a public header includes only'
    ;;
refuses_a_header_that_needs_another)
    plant include/quern/planted.h <<<'int64_t qn_planted(void);'
    refused headers 'include/quern/planted.h does not compile alone'
    ;;
refuses_unfinished_work)
    plant src/base/error.c <<<"/* TO""DO: later */"
    refused unfinished 'src/base/error.c'
    ;;
refuses_stubs)
    plant src/base/error.c <<<"/* not imple""mented */"
    refused unfinished 'src/base/error.c'
    ;;
refuses_a_system_call_outside_its_room)
    plant src/base/error.c <<<'int qni_planted(void) { return fork(); }'
    refused calls "src/base/error.c:$(wc -l <"$planted"): fork may not be called here"
    ;;
refuses_a_limit_outside_its_file)
    plant src/base/error.c <<<'#define PLANTED_MAX 100'
    refused limits "src/base/error.c:$(wc -l <"$planted"): PLANTED_MAX is a limit"
    ;;
refuses_a_limit_without_reason)
    plant src/base/limits.h < <(printf '\n#define QNI_PLANTED_MAX 100\n')
    refused limits 'QNI_PLANTED_MAX needs its reason'
    ;;
refuses_what_clang_tidy_finds)
    plant src/base/error.c <<<"$null_dereference"
    not_analyzed tidy clang-analyzer-core.NullDereference
    ;;
refuses_what_gcc_finds)
    plant src/base/error.c <<<"$null_dereference"
    not_analyzed gcc Wanalyzer-null-dereference
    ;;
refuses_what_cppcheck_finds)
    plant src/base/error.c <<<"$null_dereference"
    not_analyzed cppcheck nullPointer
    ;;
refuses_what_memcheck_finds)
    plant src/base/utf8.c <<<'#include "base/alloc.h"
__attribute__((constructor)) static void planted(void) { char *b = qni_alloc(NULL, 1, 8); qni_free(NULL, b, b[5] == 7, 8); }'
    build_test build-memcheck -DQUERN_GATES=ON
    expect 8 'depends on uninitialised value' ctest --test-dir "$copy/build-memcheck" -R '^memcheck.unit.utf8_core$' --output-on-failure
    ;;
refuses_low_coverage)
    build_test build-coverage -DQUERN_COVERAGE=ON
    (cd "$copy" && build-coverage/tests/unit/test_unit_utf8_core >/dev/null 2>&1)
    expect 1 'of the lines are reached, less than' "$copy/scripts/coverage" "$copy/build-coverage"
    expect 1 'no test calls qn_version' "$copy/scripts/coverage" "$copy/build-coverage"
    ;;
refuses_a_case_that_is_gone)
    plant tests/unit/utf8_core.c </dev/null
    echo 'unit 3' >"$copy/tests/count.txt"
    expect 0 'executed: unit 3' count_unit_test
    sed -i '0,/cmocka_unit_test(/{/cmocka_unit_test(/d}' "$planted"
    expect 1 'tests/count.txt:1: unit: 2 tests were executed, 3 before' count_unit_test
    ;;
refuses_a_case_that_skips)
    plant tests/unit/utf8_core.c </dev/null
    sed -i '0,/^{/s//{\n    skip();/' "$planted"
    echo 'unit 3' >"$copy/tests/count.txt"
    expect 1 'tests/count.txt:1: unit: 2 tests were executed, 3 before' count_unit_test
    skipped=$(sed -n '0,/^static void \(\w*\)(.*/s//\1/p' "$planted" | head -1)
    printf 'unit 2\nnot counted utf8_core/%s: needs a planted fault\n' "$skipped" >"$copy/tests/count.txt"
    expect 0 'needs a planted fault' count_unit_test
    ;;
refuses_a_test_that_skips)
    mkdir -p "$work/counted"
    cat >"$work/counted/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(counted LANGUAGES NONE)
enable_testing()
add_test(NAME dev.script COMMAND sh -c "exit $ENV{STATUS}")
add_test(NAME dev.cases COMMAND python3 -B ${PROJECT_SOURCE_DIR}/cases.py)
set_tests_properties(dev.script PROPERTIES SKIP_RETURN_CODE 77)
END
    cat >"$work/counted/cases.py" <<'END'
import os
import unittest
class Cases(unittest.TestCase):
    def test_one(self):
        """It has a sentence."""
        print("and something to say")
    @unittest.skipIf(os.environ["SKIP"] == "yes", "for a try")
    def test_two(self):
        pass
unittest.main(verbosity=2)
END
    echo 'dev 3' >"$copy/tests/count.txt"
    STATUS=0 SKIP=no expect 0 'executed: dev 3' count_project "$work/counted"
    STATUS=77 SKIP=no expect 1 'tests/count.txt:1: dev: 2 tests were executed, 3 before' count_project "$work/counted"
    STATUS=0 SKIP=yes expect 1 'tests/count.txt:1: dev: 2 tests were executed, 3 before' count_project "$work/counted"
    printf 'dev 2\nnot counted script: needs a status of 0\n' >"$copy/tests/count.txt"
    STATUS=77 SKIP=no expect 0 'skipped: script, 1×: needs a status of 0' count_project "$work/counted"
    STATUS=0 SKIP=no expect 0 'executed: dev 2' count_project "$work/counted"
    printf 'dev 2\nnot counted nothing: needs a name\n' >"$copy/tests/count.txt"
    STATUS=0 SKIP=no expect 1 'tests/count.txt:2: no test is called nothing' count_project "$work/counted"
    ;;
refuses_a_ratio_outside_its_interval)
    false_tool cmake <<<':'
    mkdir -p "$work/bench"
    false_tool ../bench/bench_planted <<<'printf "%-28s %s = 0.900  [0.8 … 1.0]\n" "a case, 2" "quern/peer"'
    echo 'planted | a case, 2 | quern/peer | 0.5 | 1.0 | a reason' >"$copy/bench/guard.txt"
    expect 0 'quern/peer = 0.900, within' "$copy/scripts/guard" "$work"
    echo 'planted | a case, 2 | quern/peer | 0.5 | 0.8 | a reason' >"$copy/bench/guard.txt"
    expect 1 'quern/peer = 0.900, outside 0.5 … 0.8 (a reason)' "$copy/scripts/guard" "$work"
    echo 'planted | another | quern/peer | 0.5 | 0.8 | a reason' >"$copy/bench/guard.txt"
    expect 1 'has no "another"' "$copy/scripts/guard" "$work"
    ;;
*) fail "no such case" ;;
esac
