#!/bin/bash
# tests/dist/abi.sh: scripts/abi tells changes that a compiled program could notice from those it cannot. Usage: abi.sh CASE SOURCE WORK
set -euo pipefail
case_name=$1 source=$2 work=$3/$1
rm -rf "$work"
mkdir -p "$work/old" "$work/new"

fail() {
    echo "abi.$case_name: $*" >&2
    exit 1
}

command -v abidiff >/dev/null || {
    echo "abi.$case_name: SKIPPED: abidiff is missing: install abigail-tools" >&2
    exit 77
}

# library FOLDER SONAME: standard input is its header; a function without body gets one.
library() {
    cat >"$work/$1/thing.h"
    { echo '#include "thing.h"' && sed -n 's/^\(int qn_.*\);$/\1 { return 0; }/p' "$work/$1/thing.h"; } >"$work/$1/thing.c"
    gcc -g -shared -fPIC -Wl,-soname="$2" -o "$work/$1/libthing.so" "$work/$1/thing.c"
}

# verdict STATUS TEXT
verdict() {
    local output status=0
    output=$("$source/scripts/abi" "$work/old/libthing.so" "$work/old" "$work/new/libthing.so" "$work/new" 2>&1) || status=$?
    [ $status -eq "$1" ] || fail "status $status instead of $1: $output"
    grep -q "$2" <<<"$output" || fail "it said: $output"
}

library old libthing.so.0 <<'END'
typedef enum qn_kind { QN_KIND_A, QN_KIND_B } qn_kind;
typedef struct qn_thing { int a; } qn_thing;
int qn_first(const qn_thing *thing, qn_kind kind);
int qn_second(void);
END
case $case_name in
accepts_a_new_function_and_a_new_enumerator)
    library new libthing.so.0 <<'END'
typedef enum qn_kind { QN_KIND_A, QN_KIND_B, QN_KIND_C } qn_kind;
typedef struct qn_thing { int a; } qn_thing;
int qn_first(const qn_thing *thing, qn_kind kind);
int qn_second(void);
int qn_third(void);
END
    verdict 0 'runs with this library'
    ;;
refuses_a_function_that_is_gone)
    library new libthing.so.0 <<'END'
typedef enum qn_kind { QN_KIND_A, QN_KIND_B } qn_kind;
typedef struct qn_thing { int a; } qn_thing;
int qn_first(const qn_thing *thing, qn_kind kind);
END
    verdict 1 'raise SOVERSION'
    ;;
refuses_another_layout)
    library new libthing.so.0 <<'END'
typedef enum qn_kind { QN_KIND_A, QN_KIND_B } qn_kind;
typedef struct qn_thing { long before; int a; } qn_thing;
int qn_first(const qn_thing *thing, qn_kind kind);
int qn_second(void);
END
    verdict 1 'raise SOVERSION'
    ;;
refuses_another_value_of_an_enumerator)
    library new libthing.so.0 <<'END'
typedef enum qn_kind { QN_KIND_B, QN_KIND_A } qn_kind;
typedef struct qn_thing { int a; } qn_thing;
int qn_first(const qn_thing *thing, qn_kind kind);
int qn_second(void);
END
    verdict 1 'raise SOVERSION'
    ;;
accepts_anything_under_another_soname)
    library new libthing.so.1 <<'END'
int qn_second(void);
END
    verdict 0 'libthing.so.0 became libthing.so.1'
    ;;
*) fail "no such case" ;;
esac
