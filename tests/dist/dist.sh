#!/bin/bash
# tests/dist/dist.sh: what scripts/dist makes. Usage: dist.sh CASE SOURCE WORK
# The case "package" makes the package of the sources as they stand, in WORK/deb; other cases look at it.
set -euo pipefail
case_name=$1 source=$2 work=$3

fail() {
    echo "dist.$case_name: $*" >&2
    exit 1
}

skip() {
    echo "dist.$case_name: SKIPPED: $*" >&2
    exit 77
}

command -v dpkg-shlibdeps >/dev/null || skip "dpkg-shlibdeps is missing: install dpkg-dev"
case $case_name in
archive_is_the_commit_and_reproducible)
    git -C "$source" rev-parse -q --verify HEAD >/dev/null || skip "this is no git checkout"
    rm -rf "$work/archive"
    for copy in one two; do "$source/scripts/dist" archive "$work/archive/$copy" >/dev/null; done
    cmp "$work"/archive/*/quern-*.tar.gz || fail "two archives of one commit differ"
    diff <(tar -tzf "$work"/archive/one/quern-*.tar.gz | grep -v '/$' | sed 's,^quern-[0-9.]*/,,' | sort) \
        <(git -C "$source" ls-tree -r --name-only HEAD | sort) || fail "the archive has not the files of the commit"
    ;;
package)
    rm -rf "$work/deb"
    "$source/scripts/dist" deb "$source" "$work/deb"
    ;;
package_is_reproducible) # from another folder, at another time
    rm -rf "$work/again"
    mkdir -p "$work/again/source"
    (cd "$source" && tar -c --exclude=./build --exclude='./build-*' --exclude=./.git .) | tar -x -C "$work/again/source"
    "$source/scripts/dist" deb "$work/again/source" "$work/again" >/dev/null
    cmp "$work"/deb/quern_*.deb "$work"/again/quern_*.deb || fail "the same sources gave another package"
    rm -rf "$work/again"
    ;;
package_has_no_lintian_errors)
    command -v lintian >/dev/null || skip "lintian is missing: install lintian"
    lintian --allow-root --fail-on error "$work"/deb/quern_*.deb || fail "lintian found errors"
    ;;
*) fail "no such case" ;;
esac
