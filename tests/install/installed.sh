#!/bin/bash
# tests/install/installed.sh: what an installed Quern promises. Usage: installed.sh CASE SOURCE BUILD CC [LIBDIR]
# The case "tree" installs BUILD under a temporary prefix and moves that elsewhere; all other cases use what lies there, so that a path
# written into an installed file shows.
set -euo pipefail
case_name=$1 source=$2 build=$3 cc=$4 libdir=${5:-lib}
work=$build/tests/install/work
prefix=$work/moved
expected="quern $(sed -n 's/^#define QN_VERSION_[A-Z]* //p' "$source/include/quern/base.h" | paste -sd.): 10.0 10.5 11.0"

fail() {
    echo "install.$case_name: $*" >&2
    exit 1
}

# Runs the consumer program and compares what it prints.
expect_from() {
    local got
    got=$("$@") || fail "$1 failed"
    [ "$got" = "$expected" ] || fail "$1 printed \"$got\", not \"$expected\""
}

pkg() {
    PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig pkg-config "$@" quern
}

consumer_by_cmake() {
    local target=$1 folder=$work/$case_name
    rm -rf "$folder"
    cmake -S "$source/tests/install/consumer" -B "$folder" -G Ninja -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" \
        -DTARGET_NAME="$target" >/dev/null
    cmake --build "$folder" >/dev/null
    expect_from "$folder/consumer"
}

# Defined global names, one a line.
global_names() {
    nm "$@" --defined-only --format=posix | awk 'NF > 1 && $2 != "A" { sub(/@.*/, "", $1); print $1 }' | sort -u
}

only_qn_names() {
    local others
    others=$(grep -v '^qn_' <<<"$1" || true)
    [ -z "$others" ] || fail "names that are not qn_: $(tr '\n' ' ' <<<"$others")"
}

# The functions that the installed headers promise.
promised_names() {
    cat "$prefix"/include/quern/*.h | tr '\n' ' ' | sed 's/QN_API/\n&/g' | grep '^QN_API' | grep -v '^QN_API *__attribute__' |
        sed -n 's/^QN_API [^(;]*\b\(qn_[a-z0-9_]*\) *(.*/\1/p' | sort -u
}

case $case_name in
tree)
    rm -rf "$work"
    mkdir -p "$work"
    cmake --install "$build" --prefix "$work/first" >/dev/null
    mv "$work/first" "$prefix"
    if grep -rIl --include='*.cmake' --include='*.pc' -e "$work" -e "$source" "$prefix"; then
        fail "these files hold a path of this machine"
    fi
    ;;
cmake_shared) consumer_by_cmake quern::quern ;;
cmake_static)
    consumer_by_cmake quern::quern_static
    if ldd "$work/$case_name/consumer" | grep libquern; then
        fail "the static consumer needs the shared library"
    fi
    ;;
pkgconfig_shared)
    # shellcheck disable=SC2046 # words are wanted
    "$cc" -o "$work/$case_name" "$source/tests/install/consumer/consumer.c" $(pkg --cflags --libs)
    expect_from env LD_LIBRARY_PATH="$prefix/$libdir" "$work/$case_name"
    ;;
pkgconfig_static)
    # shellcheck disable=SC2046
    "$cc" -o "$work/$case_name" "$source/tests/install/consumer/consumer.c" \
        $(pkg --cflags --static --libs | sed 's/-lquern\b/-l:libquern.a/')
    expect_from "$work/$case_name"
    ;;
symbols_shared)
    names=$(global_names --dynamic "$prefix/$libdir/libquern.so")
    only_qn_names "$names"
    [ "$names" = "$(promised_names)" ] || fail "exported and promised differ: $(diff <(promised_names) <(echo "$names") | grep '^[<>]' || true)"
    readelf -d "$prefix/$libdir/libquern.so" | grep 'SONAME.*\[libquern\.so\.0\]' >/dev/null || fail "the soname is not libquern.so.0"
    nm --dynamic "$prefix/$libdir/libquern.so" | grep 'qn_version@@QUERN_0' >/dev/null || fail "qn_version has no symbol version QUERN_0"
    ;;
symbols_static)
    names=$(global_names --extern-only "$prefix/$libdir/libquern.a")
    only_qn_names "$names"
    [ "$names" = "$(promised_names)" ] || fail "exported and promised differ: $(diff <(promised_names) <(echo "$names") | grep '^[<>]' || true)"
    ;;
headers)
    for header in "$prefix"/include/quern/*.h; do
        name=quern/$(basename "$header")
        for language in "$cc -xc -std=c17" "g++ -xc++ -std=c++17"; do
            # shellcheck disable=SC2086
            echo "#include <$name>" | $language -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I"$prefix/include" - ||
                fail "$name does not compile alone with $language"
        done
    done
    ;;
examples) # each is built and run as the comment at its top says
    export PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig LD_LIBRARY_PATH=$prefix/$libdir
    rm -rf "$work/examples"
    cp -r "$source/examples" "$work/examples"
    cd "$work/examples"
    for program in *.c; do
        lines=$(sed -n 's/^ \*     //p' "$program" | sed "s|^cc |$cc -Wall -Wextra -Werror |")
        [ -n "$lines" ] || fail "$program does not say how it is built and run"
        bash -e -c "$lines" >"$work/examples.out" 2>&1 || fail "$program: $(cat "$work/examples.out")"
    done
    ;;
command)
    [ "$("$prefix/bin/quern" --version | grep -c "${expected%%:*}")" = 1 ] || fail "the command does not tell its version"
    ;;
pages) # in the places where man and the shells look
    for page in man1/quern.1 man1/quern-fit.1 man1/quern-info.1 man1/quern-config.1 man5/quern.conf.5 man7/quern.7; do
        [ -s "$prefix/share/man/$page" ] || fail "$page is not installed"
    done
    for script in bash-completion/completions/quern zsh/site-functions/_quern fish/vendor_completions.d/quern.fish doc/quern/.env.example; do
        [ -s "$prefix/share/$script" ] || fail "$script is not installed"
    done
    if command -v man >/dev/null; then
        man -M "$prefix/share/man" quern-fit | cat | grep -- --max-evals >/dev/null || fail "man does not show quern-fit"
    fi
    ;;
hardening) # what the linker and the compiler were asked for is in what is installed
    for file in "$prefix/bin/quern" "$prefix/$libdir/libquern.so"; do
        headers=$(readelf --file-header --program-headers --wide "$file")
        dynamic=$(readelf --dynamic --wide "$file")
        calls=$(readelf --dyn-syms --wide "$file" | awk '$7 == "UND" { sub(/@.*/, "", $8); print $8 }')
        grep -q 'Type: *DYN' <<<"$headers" || fail "$file is not position-independent"
        grep -q 'GNU_STACK .* RW ' <<<"$headers" || fail "$file has an executable stack"
        if grep -Eq 'LOAD .* (RWE|WE) ' <<<"$headers"; then fail "$file has memory that is both writable and executable"; fi
        grep -q GNU_RELRO <<<"$headers" || fail "$file is not linked with -z relro"
        grep -Eq 'BIND_NOW|FLAGS_1.*NOW' <<<"$dynamic" || fail "$file is not linked with -z now"
        if grep -Eq 'TEXTREL|RPATH|RUNPATH' <<<"$dynamic"; then fail "$file has text relocations or a search path of its own"; fi
        grep -qx __stack_chk_fail <<<"$calls" || fail "$file was compiled without -fstack-protector"
        grep -Eq '^__[a-z]+_chk$' <<<"$calls" || fail "$file was compiled without _FORTIFY_SOURCE"
    done
    readelf --dynamic "$prefix/bin/quern" | grep 'FLAGS_1.*PIE' >/dev/null || fail "the command is not a position-independent executable"
    if command -v hardening-check >/dev/null; then # knows the same from outside
        hardening-check --nocfprotection "$prefix/bin/quern" || fail "hardening-check found something"
    fi
    ;;
deprecated) # a call of a deprecated function is warned of, in C and C++, with what to call instead
    cat >"$work/deprecated.h" <<'END'
#include <quern/base.h>
QN_BEGIN_DECLS
QN_API QN_DEPRECATED("use qn_version") const char *qn_planted(void);
QN_END_DECLS
END
    for language in "$cc -xc -std=c17" "g++ -xc++ -std=c++17"; do
        compile="$language -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I$prefix/include -I$work"
        $compile - <<<'#include <deprecated.h>' || fail "a header with a deprecated function does not compile with $language"
        if said=$($compile - 2>&1 < <(echo '#include <deprecated.h>' && echo 'const char *f(void); const char *f(void) { return qn_planted(); }')); then
            fail "$language does not warn of a deprecated function"
        fi
        grep -q 'deprecated.*use qn_version' <<<"$said" || fail "$language does not say what to call instead: $said"
    done
    ;;
*) fail "no such case" ;;
esac
