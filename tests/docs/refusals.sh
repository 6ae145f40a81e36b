#!/bin/bash
# tests/docs/refusals.sh: scripts/docs refuses what a header leaves out. Usage: refusals.sh CASE SOURCE WORK
# A copy of the headers gets one more header with one fault; the finding must name its place.
set -euo pipefail
case_name=$1 source=$2 work=$3/$1
rm -rf "$work"
mkdir -p "$work"
cp -r "$source/include/quern" "$work/quern"
opening='/* quern/planted.h: a fault. One thread at a time. */'

fail() {
    echo "docs.$case_name: $*" >&2
    exit 1
}

# refused LINE TEXT: planted.h, opened in the usual way and continued by standard input from line 4, must be refused at LINE.
refused() {
    local output status=0
    { printf '%s\n#include <quern/base.h>\n\n' "$opening" && cat; } >"$work/quern/planted.h"
    output=$("$source/scripts/docs" --include "$work/quern" --out "$work/api") || status=$?
    [ $status -eq 1 ] || fail "status $status instead of 1: $output"
    [ "${output##*/quern/}" = "planted.h:$1: $2" ] && [ "$(wc -l <<<"$output")" -eq 1 ] || fail "it said: $output"
    [ ! -e "$work/api" ] || fail "it wrote pages all the same"
}

case $case_name in
writes_a_page_a_header)
    "$source/scripts/docs" --include "$work/quern" --out "$work/api" >/dev/null
    for header in "$work"/quern/*.h; do
        [ -s "$work/api/$(basename "$header").html" ] || fail "no page of $header"
    done
    grep -q 'id="qn_fit_table"' "$work/api/fit.h.html" || fail "no place of qn_fit_table"
    grep -q 'href="base.h.html#QN_STATUS_LIST">QN_NOMEM</a>' "$work/api/fit.h.html" || fail "QN_NOMEM is not linked to its place"
    # every link leads to something
    python3 - "$work/api" <<'PYTHON'
import pathlib, re, sys
pages = {p.name: p.read_text() for p in pathlib.Path(sys.argv[1]).glob("*.html")}
for name, text in pages.items():
    for target in re.findall(r'href="([^"]+)"', text):
        page, _, place = target.partition("#")
        if page not in pages or place and f'id="{place}"' not in pages[page]:
            sys.exit(f"{name}: a link to {target}, which is not there")
PYTHON
    ;;
refuses_a_function_without_comment) refused 4 'qn_planted has no comment' <<<'QN_API int qn_planted(void);' ;;
refuses_a_field_without_comment)
    refused 7 'qn_planted.b has no comment' <<'EOH'
/* Two numbers. */
typedef struct qn_planted {
    int a; /* one */
    int b;
} qn_planted;
EOH
    ;;
refuses_a_type_without_comment)
    refused 4 'qn_planted has no comment' <<'EOH'
typedef struct qn_planted {
    int a; /* one */
} qn_planted;
EOH
    ;;
refuses_a_parameter_that_is_not_named)
    refused 5 'qn_planted: no comment names the parameter depth' <<'EOH'
/* Goes down. */
QN_API int qn_planted(int depth);
EOH
    ;;
refuses_errors_left_out)
    refused 5 'qn_planted returns qn_status: say its errors ("Errors: QN_…", "Errors as above")' <<'EOH'
/* Does it. */
QN_API QN_MUST_USE qn_status qn_planted(qn_error *err);
EOH
    ;;
refuses_ownership_left_out)
    refused 5 'qn_planted returns a pointer: say whose it is and how long it is valid' <<'EOH'
/* A number. */
QN_API double *qn_planted(void);
EOH
    ;;
refuses_what_cannot_be_freed)
    refused 8 'qn_planted_new makes a qn_planted, and nothing frees one' <<'EOH'
/* A thing. */
typedef struct qn_planted qn_planted;

/* Makes one. Errors: QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_planted_new(qn_planted **out, qn_error *err);
EOH
    ;;
refuses_a_name_that_does_not_exist)
    refused 4 'there is no qn_nowhere' <<'EOH'
/* Like qn_nowhere. */
QN_API int qn_planted(void);
EOH
    ;;
refuses_a_header_without_thread_rule)
    opening='/* quern/planted.h: a fault. */'
    refused 1 'the opening has no word about threads: say which may call, and what two may do at once' <<'EOH'
/* A number. */
QN_API int qn_planted(void);
EOH
    ;;
*) fail "no such case" ;;
esac
