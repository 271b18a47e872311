#!/usr/bin/env bash
# build.sh: what is cached is used without a network; a download that fails is tried again, ends with a message
# and leaves nothing behind. An apt-get of our own stands for the network.
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
here=$tests/cluster
: "${BUILD:?the build folder}"

# Does what the words in $work/plan say, one for each download; "real" is what only reads.
mkdir "$work/bin"
cat >"$work/bin/apt-get" <<STUB
#!/bin/bash
case "\$*" in *indextargets*)
    [ -e "$work/no-entry" ] || echo "http://mirror.example/debian bookworm bookworm"
    exit ;;
esac
echo "\${@: -1}" >>"$work/asked"
read -r word rest <"$work/plan"
sed -i 1d "$work/plan"
case \$word in
ok) ;;
other) # another source than the one expected
    for name in kubernetes_1.20.5+really1.20.2.orig.tar.gz kubernetes_1.20.5+really1.20.2-1.1+deb12u1.debian.tar.xz \\
        golang-github-modern-go-reflect2-dev_1.0.2-2_all.deb; do
        echo other >"\$name"
    done ;;
*)
    echo "E: Failed to fetch http://mirror.example/debian  Connection refused" >&2
    exit 100 ;;
esac
STUB
chmod +x "$work/bin/apt-get"

build() { # CACHE WORD...
    local cache=$1
    shift
    printf '%s\n' "$@" >"$work/plan"
    : >"$work/asked"
    PATH=$work/bin:$PATH run "$here/build.sh" "$cache"
    asked=$(wc -l <"$work/asked")
}
nothing_left() { # NAME
    same "$1: nothing is left" "$(find "$work/cache" -mindepth 1 -maxdepth 1 ! -name 'kubectl*')" ""
}

build "$BUILD/cluster" fail
same "cached: exit status" "$status$err" 0
check "cached: the server" test -x "$out"
same "cached: nothing is fetched" "$asked" 0

build "$work/cache" fail fail fail
same "no network: exit status" "$status" 1
same "no network: tried three times" "$asked" 3
matches "no network: text" "$err" 'the list of packages: try 3 of 3 failed.*Connection refused.*the list of packages cannot be fetched; run the tests again to retry'
nothing_left "no network"

# The client is there already; the list comes at the third try, the source never.
install -D /bin/true "$work/cache/kubectl-1.20.2"
build "$work/cache" fail fail ok fail fail fail
same "no source: exit status" "$status" 1
same "no source: tried on" "$asked" 6
matches "no source: text" "$err" 'the source package cannot be fetched; run the tests again to retry'
nothing_left "no source"

build "$work/cache" ok other other
same "another source: exit status" "$status" 1
matches "another source: text" "$err" 'the source is not the one these tests were written for'
nothing_left "another source"

: >"$work/no-entry"
build "$work/cache"
same "no Debian bookworm: exit status" "$status" 1
matches "no Debian bookworm: text" "$err" 'no entry for Debian bookworm'
finish
