# fetch.sh - packages and source packages of Debian bookworm, by lists of one's own, so that the system's apt
# stays as it is. The host is the one that the system's own entries name.
# Use   . fetch.sh; fetch_begin DIR; fetch WHAT COMMAND...
# Ends  the script with a message when a download fails three times; nothing half done is left behind
# shellcheck shell=bash

say() { printf 'cluster: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

own_apt() {
    apt-get -q -o Dir::Etc::sourcelist="$fetch_dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$fetch_dir/apt/lists" -o Dir::Cache::pkgcache='' -o Dir::Cache::srcpkgcache='' "$@"
}

fetch() { # WHAT COMMAND...: three times, since downloads fail now and then
    local what=$1 i
    shift
    for i in 1 2 3; do
        "$@" >>"$fetch_dir/log" 2>&1 && return 0
        say "$what: try $i of 3 failed"
        [ "$i" = 3 ] || sleep "$i"
    done
    tail -20 "$fetch_dir/log" >&2
    fail "$what cannot be fetched; run the tests again to retry"
}

fetch_begin() { # DIR
    local uri
    fetch_dir=$1
    # shellcheck disable=SC2016 # apt's own variables
    uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME)' 2>/dev/null |
        awk '$3 == "bookworm" || $2 == "bookworm" {print $1; exit}')
    [ -n "$uri" ] || fail "no entry for Debian bookworm in this system's apt sources"
    mkdir -p "$fetch_dir/apt/lists/partial"
    printf 'deb-src [trusted=yes] %s bookworm main\ndeb [trusted=yes] %s bookworm main\n' "$uri" "$uri" \
        >"$fetch_dir/apt/sources.list"
    fetch "the list of packages" own_apt update
}
