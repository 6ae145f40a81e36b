#!/bin/bash
# tests/install/deps.sh: scripts/deps on machines that are not this one: its PATH holds false package tools. Usage: deps.sh CASE SOURCE WORK
set -euo pipefail
case_name=$1 source=$2 work=$3/$1
rm -rf "$work"
mkdir -p "$work/bin"
for tool in bash env cat cut sed awk grep tr; do ln -s "$(command -v $tool)" "$work/bin/$tool"; done

fail() {
    echo "deps.$case_name: $*" >&2
    exit 1
}

# tool NAME: standard input becomes a program of the false machine.
tool() {
    { echo '#!/bin/bash' && cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# deps STATUS ARGUMENT…: runs scripts/deps there; what it says is in $said.
deps() {
    local expected=$1 status=0
    shift
    said=$(cd "$work" && PATH=$work/bin "$source/scripts/deps" "$@" 2>&1) || status=$?
    [ $status -eq "$expected" ] || fail "status $status instead of $expected: $said"
}

# A Debian on which the package in the file "lacking" is not installed, unless it is in the file "installed".
debian() {
    touch "$work/lacking" "$work/installed"
    tool dpkg-query <<<'for p; do :; done; if grep -qx -- "$p" lacking && ! grep -qx -- "$p" installed; then exit 1; fi; echo "ii "'
    tool apt-get <<<'echo "$*" >>calls; for w; do echo "$w" >>installed; done'
    tool id <<<'echo 0'
}

case $case_name in
is_silent_where_nothing_is_missing)
    debian
    deps 0 build tests bench
    [ -z "$said" ] || fail "it said: $said"
    [ ! -e "$work/calls" ] || fail "it called apt-get"
    ;;
installs_only_what_is_missing)
    debian
    echo libcmocka-dev >"$work/lacking"
    deps 0 build tests
    grep -q 'install .*libcmocka-dev$' "$work/calls" || fail "apt-get was called with: $(cat "$work/calls")"
    ;;
fails_where_an_essential_package_cannot_be_had)
    debian
    echo libcmocka-dev >"$work/lacking"
    tool apt-get <<<'exit 100'
    deps 1 build tests
    grep -q 'please install.*: libcmocka-dev$' <<<"$said" || fail "it said: $said"
    ;;
goes_on_where_a_peer_cannot_be_had)
    debian
    echo libgsl-dev >"$work/lacking"
    tool apt-get <<<'exit 100'
    deps 0 bench
    grep -q 'not needed: libgsl-dev$' <<<"$said" || fail "it said: $said"
    ;;
tells_what_to_install_on_other_systems)
    tool gcc <<<':'
    tool make <<<':'
    deps 1 build
    grep -q 'please install.*: cmake ninja-build pkg-config libjansson-dev libsodium-dev$' <<<"$said" || fail "it said: $said"
    ;;
refuses_an_unknown_group)
    deps 2 everything
    grep -q '^usage' <<<"$said" || fail "it said: $said"
    ;;
*) fail "no such case" ;;
esac
