#!/usr/bin/env bash
# Runs every command of the documents' ```console blocks and compares what they show with what comes.
#
#   commands.sh BIN_DIR FILE...     (build/release/bin in the documents stands for BIN_DIR)
#
# A block holds commands ("$ ...") each followed by its output; a command without output only has to
# succeed. What a block shows decides: `deny:` lines mean exit status 1 is fine. Commands that other
# tests run are named in elsewhere().
set -u
bin=$1
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2

checks=0 failures=0

elsewhere() {
    case $1 in
    deploy/quickstart.sh) [ -x tests/readme/quickstart.sh ] ;;
    tests/run.sh) [ -x tests/run.sh ] ;;
    *) false ;;
    esac
}

check() { # FILE COMMAND EXPECTED
    local file=$1 command=$2 expected=$3 actual status
    checks=$((checks + 1))
    elsewhere "$command" && return
    # The paths of the documents are kept in the output: policyctl never prints its own.
    actual=$(bash -c "${command//build\/release\/bin/$bin}" 2>&1 </dev/null)
    status=$?
    if [ -z "$expected" ]; then
        [ "$status" -eq 0 ] && return
    else
        [ "$status" -le 1 ] && [ "$actual" = "$expected" ] && return
    fi
    failures=$((failures + 1))
    printf '%s: %s\n  exit %s\n' "$file" "$command" "$status"
    diff <(printf '%s\n' "$expected") <(printf '%s\n' "$actual") | sed 's/^/  /'
}

run_file() {
    local file=$1 line in_block=no command='' expected=''
    while IFS= read -r line; do
        case $line in
        '```console') in_block=yes ;;
        '```')
            [ -n "$command" ] && check "$file" "$command" "$expected"
            in_block=no command='' expected=''
            ;;
        '$ '*)
            [ "$in_block" = yes ] || continue
            [ -n "$command" ] && check "$file" "$command" "$expected"
            command=${line#'$ '} expected=''
            ;;
        *)
            [ "$in_block" = yes ] && [ -n "$command" ] && expected+=${expected:+$'\n'}$line
            ;;
        esac
    done <"$file"
}

for file in "$@"; do
    run_file "$file"
done
[ "$checks" -gt 0 ] || {
    echo "no commands found in $*"
    exit 1
}
echo "$checks commands, $failures failed"
[ "$failures" -eq 0 ]
