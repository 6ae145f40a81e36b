#!/bin/bash
# tests/install/planted.sh: scripts/check refuses what it says it refuses. Usage: planted.sh CASE SOURCE WORK
# A copy of the project gets one fault; the check must refuse, and name the place. The case "copy" makes the copy and its build; "clean"
# shows that the copy without a fault passes.
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

case $case_name in
copy)
    rm -rf "$work"
    mkdir -p "$copy"
    (cd "$source" && tar -c --exclude=./build --exclude=./build-* --exclude=./.git .) | tar -x -C "$copy"
    cmake -S "$copy" -B "$copy/build" -G Ninja -DCMAKE_C_FLAGS=-O0 -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=None >/dev/null
    cmake --build "$copy/build" --target quern_shared >/dev/null
    ;;
passes_a_clean_tree)
    output=$("$copy/scripts/check" --build build 2>&1) || fail "$output"
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
    plant include/quern/base.h <<<'#include <jansson.h>'
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
*) fail "no such case" ;;
esac
