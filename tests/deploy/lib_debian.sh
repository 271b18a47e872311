# lib_debian.sh - a Debian bookworm of debootstrap, kept as a tar file.
# Use   after lib.sh; needs root, and the network the first time
# shellcheck shell=bash disable=SC2154

# The host that the system's own apt entries name.
debian_uri() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME)' 2>/dev/null |
        awk '$2 == "bookworm" || $3 == "bookworm" {print $1; exit}'
}

# A minimal system with the packages (NAME,NAME...) in DIR: three tries, since downloads fail now and then.
debian_bootstrap() { # PACKAGES DIR
    local i uri
    uri=$(debian_uri)
    [ -n "$uri" ] || { echo "no entry for Debian bookworm in this system's apt sources"; return 1; }
    for i in 1 2 3; do
        debootstrap --variant=minbase --include="$1" bookworm "$2" "$uri" && return
        echo "try $i of 3 failed"
        [ "$i" = 3 ] || rm -rf "$2"
    done
    tail -n 5 "$2/debootstrap/debootstrap.log"
    echo "run the tests again to retry"
    return 1
}

# The same out of CACHE, where it was made before; leaves no log in $work.
debian_root() { # CACHE PACKAGES DIR
    local key kept
    key=$(printf 'bookworm minbase %s' "$2" | sha256sum | cut -c1-16)
    kept=$1/root-$key.tar
    mkdir -p "$3"
    if [ ! -f "$kept" ]; then
        rm -f "$1"/root-*.tar
        debian_bootstrap "$2" "$3" >"$work/debootstrap.out" 2>&1 || { tail -n 20 "$work/debootstrap.out"; return 1; }
        tar -C "$3" --exclude='./var/cache/apt/archives/*.deb' -cf "$kept.part" .
        mv "$kept.part" "$kept"
        return
    fi
    tar -xf "$kept" -C "$3"
}
