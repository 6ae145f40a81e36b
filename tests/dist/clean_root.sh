#!/bin/bash
# tests/dist/clean_root.sh: the Debian package on a machine that has nothing: installed, used and purged in a root made by debootstrap.
# Usage: clean_root.sh SOURCE FOLDER WORK, with the package in FOLDER
# The bare root (scripts/bare_root) is kept in WORK/bare-* and made again only where the list of its packages changed; every run works in a copy
# of it. Where there is no root to be had, or no archive, the test is skipped (77) and says why.
set -euo pipefail
export LC_ALL=C
source=$1 work=$3
deb=$(echo "$2"/quern_*.deb)
# What a person who builds against Quern has anyway, and what shows manual pages and completions.
tools='gcc libc6-dev make cmake pkg-config man-db bash-completion'

fail() {
    echo "dist.clean_root: $*" >&2
    exit 1
}

skip() {
    echo "dist.clean_root: SKIPPED, the package was not installed anywhere: $*" >&2
    exit 77
}

step() {
    printf '\n== %s\n' "$*"
}

[ "$(id -u)" -eq 0 ] || skip "a clean root needs root"
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
bare=$work/bare-$suite

# inside ROOT: standard input is a script that a shell runs in there.
inside() {
    "$source/scripts/bare_root" enter "$1"
}

reachable() {
    inside "$1" <<<'apt-get update -q -o APT::Update::Error-Mode=any' >/dev/null 2>&1
}

mkdir -p "$work"
if [ "$(cat "$bare.tools" 2>/dev/null)" != "$tools" ] || [ ! -d "$bare" ]; then
    step "making a bare root (once)"
    status=0
    # shellcheck disable=SC2086 # a word a package
    output=$("$source/scripts/bare_root" make "$bare" $tools 2>&1) || status=$?
    [ $status -ne 77 ] || skip "$output"
    [ $status -eq 0 ] || fail "$output"
    echo "$tools" >"$bare.tools"
fi

root=$work/root
trap 'rm -rf --one-file-system "$root"' EXIT
rm -rf --one-file-system "$root"
cp -a --reflink=auto "$bare" "$root"
mkdir "$root/guest"
cp "$deb" "$root/guest/quern.deb"
cp -r "$source"/tests/install/consumer/* "$source"/examples/* "$root/guest/"

files_of_root() {
    (cd "$root" && find etc usr var opt ! -path 'var/cache/*' ! -path 'var/log/*' ! -path 'var/lib/apt/*' ! -path 'var/lib/dpkg/*' \
        ! -name ld.so.cache ! -name '*-old' | sort)
}
files_of_root >"$work/before"

step "apt-get install ./quern.deb"
inside "$root" <<'END' >"$work/install.log" 2>&1 || {
if command -v quern; then echo "quern is there before it is installed"; exit 1; fi
apt-get install -y -q /guest/quern.deb
END
    reachable "$root" || skip "no package archive can be reached"
    tail -20 "$work/install.log" >&2
    fail "the package does not install"
}

step "use"
version=$(sed -n 's/^#define QN_VERSION_[A-Z]* //p' "$source/include/quern/base.h" | paste -sd.)
inside "$root" <<END || fail "the installed package does not do what it should"
cd /guest
step() { echo "-- \$*"; }
not_ok() { echo "\$*" >&2; exit 1; }

step quern fit
quern fit 'transmittance = area/width * exp(-0.5*((wavelength - centre)/width)^2)' transmittance.csv \
    --start area=1,width=5,centre=450 --plot peak.svg >fit.txt
# Eckerle4's certified centre is 451.54121844
grep -E 'centre +451\.541 ' fit.txt || not_ok "\$(cat fit.txt)"
grep -q '<svg' peak.svg || not_ok "no figure"
gzip -k transmittance.csv
quern fit 'transmittance = area/width * exp(-0.5*((wavelength - centre)/width)^2)' transmittance.csv.gz \
    --start area=1,width=5,centre=450 | grep -E 'centre +451\.541 ' || not_ok "no fit of a compressed file"

step quern sql
quern sql memory: 'SELECT \$1 + 1 AS n' --param 41 --format csv | grep -x 42 || not_ok "no database"

step man quern-fit
man quern-fit | grep -A2 '^SYNOPSIS' || not_ok "no manual page"
man 7 quern >/dev/null

step completion
bash -c '. /usr/share/bash-completion/bash_completion
    _completion_loader quern # says 124: try again
    COMP_WORDS=(quern f) COMP_CWORD=1 COMP_LINE="quern f" COMP_POINT=7
    \$(complete -p quern | sed "s/.*-F \([^ ]*\) .*/\1/") quern f quern
    echo "\${COMPREPLY[@]}"' | tee completed
grep -qw fit completed || not_ok "quern f is not completed"
[ -s /usr/share/zsh/vendor-completions/_quern ] && [ -s /usr/share/fish/vendor_completions.d/quern.fish ]

step pkg-config
gcc -o consumer consumer.c \$(pkg-config --cflags --libs quern)
[ "\$(./consumer)" = "quern $version: 10.0 10.5 11.0" ] || not_ok "the consumer built with pkg-config is wrong"
gcc -o fit_curve fit_curve.c \$(pkg-config --cflags --libs quern)
./fit_curve transmittance.csv

step CMake
cmake -S . -B by-cmake -DTARGET_NAME=quern::quern >/dev/null
cmake --build by-cmake >/dev/null
by-cmake/consumer

step static
apt-get install -y -q --no-install-recommends libjansson-dev libsodium-dev >/dev/null 2>&1
gcc -o static consumer.c \$(pkg-config --cflags --static --libs quern | sed 's/-lquern/-l:libquern.a/')
./static
if ldd static | grep libquern; then not_ok "the static program needs the shared library"; fi
apt-get purge -y -q libjansson-dev libsodium-dev >/dev/null 2>&1
END

step "apt-get purge quern"
inside "$root" <<'END' >"$work/purge.log" 2>&1 || { tail -20 "$work/purge.log" >&2 && fail "the package is not purged"; }
apt-get purge --autoremove -y -q quern
if [ "$(dpkg-query -W -f '${db:Status-Status}' quern 2>/dev/null)" = installed ]; then exit 1; fi
if [ -e /usr/bin/quern ]; then exit 1; fi
END
files_of_root >"$work/after"
left=$(diff "$work/before" "$work/after" | grep '^[<>]' || true)
[ -z "$left" ] || fail "installing and purging changed the root: $left"
step "installed, used and purged"
