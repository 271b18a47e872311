# shellcheck shell=bash
# common - what the lints share: the tree, its files, and how they complain.
# Use   . "$(dirname "$0")/common.sh" ... complain "what and where" ... verdict
set -u
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd) || exit 2
cd "$root" || exit 2
lint=$(basename "$0" .sh)
complaints=0
seen=0

complain() {
    printf '%s\n' "$*"
    complaints=$((complaints + 1))
}

# Without a tool there is no answer, and no answer is not "clean".
need() {
    command -v "$1" >/dev/null && return
    echo "$lint: $1 is not installed; tests/packages.txt has what the tests need"
    exit 2
}

# Names of the files that belong to the tree, by patterns in which * also matches a slash.
# From a tarball, where git knows nothing, all files outside build/.
files() {
    local name found
    if found=$(git ls-files -co --exclude-standard -- "$@" 2>/dev/null) && [[ -n $found ]]; then
        while IFS= read -r name; do
            [[ -f $name ]] && printf '%s\n' "$name"
        done <<<"$found" | sort -u
        return
    fi
    local -a tests=(-false)
    for name in "$@"; do
        tests+=(-o -path "./$name")
    done
    find . \( -path ./build -o -path ./.git \) -prune -o -type f \( "${tests[@]}" \) -printf '%P\n' |
        sort
}

# verdict <least>: fewer things looked at than this means that the lint itself is broken.
verdict() {
    if ((seen < ${1:-1})); then
        complain "$lint: looked at $seen things, expected at least ${1:-1}: the lint sees nothing"
    fi
    if ((complaints > 0)); then
        echo "$lint: $complaints complaints"
        exit 1
    fi
    echo "$lint: clean ($seen looked at)"
    exit 0
}
