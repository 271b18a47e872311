#!/usr/bin/env bash
# Runs every command of the documents' ```console blocks and compares what they show with what comes.
#
#   commands.sh [--here [--tries N]] BIN_DIR FILE...
#
# build/release/bin in the documents stands for BIN_DIR.
#
# A block holds commands ("$ ..."; a text up to END follows in lines that begin with "> ") each followed by its
# output; a command without output only has to succeed. What a block shows decides: exit status 1 is fine where
# output is shown, since denials are. A line "..." in the output stands for any number of lines, "..." at the end
# of a line for the rest of it. Commands that other tests run are named in elsewhere().
#
# --here runs the commands in the current folder instead of the tree's. --tries repeats a command that shows something
# else, for what takes effect in its own time.
set -u
tries=1
if [ "$1" = --here ]; then
    shift
else
    cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
fi
if [ "$1" = --tries ]; then
    tries=$2
    shift 2
fi
bin=$1
shift

checks=0 failures=0

elsewhere() {
    case $1 in
    deploy/quickstart.sh) [ -x tests/readme/quickstart.sh ] ;;
    tests/run.sh) [ -x tests/run.sh ] ;;
    *) false ;;
    esac
}

as_shown() { # ACTUAL EXPECTED
    local pattern=$'\n' line
    while IFS= read -r line; do
        if [ "$line" = ... ]; then
            pattern+='*'
            continue
        fi
        # every sign stands for itself, but for three dots at the end
        pattern+=$(sed 's/[^A-Za-z0-9]/\\&/g; s/\\\.\\\.\\\.$/*/' <<<"$line")$'\n'
    done <<<"$2"
    # shellcheck disable=SC2053 # a pattern
    [[ $'\n'$1$'\n' == $pattern ]]
}

check() { # FILE COMMAND EXPECTED
    local file=$1 command=$2 expected=$3 actual status left=$tries
    checks=$((checks + 1))
    elsewhere "$command" && return
    while [ "$left" -gt 0 ]; do
        # The paths of the documents are kept in the output: policyctl never prints its own.
        actual=$(bash -c "${command//build\/release\/bin/$bin}" 2>&1 </dev/null)
        status=$?
        if [ -z "$expected" ]; then
            [ "$status" -eq 0 ] && return
        else
            [ "$status" -le 1 ] && as_shown "$actual" "$expected" && return
        fi
        left=$((left - 1))
        [ "$left" -eq 0 ] || sleep 0.1
    done
    failures=$((failures + 1))
    printf '%s: %s\n  exit %s\n' "$file" "$command" "$status"
    diff <(printf '%s\n' "$expected") <(printf '%s\n' "$actual") | sed 's/^/  /'
}

run_file() {
    local file=$1 line in_block=no command='' expected=''
    while IFS= read -r line <&3; do
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
        '> '*)
            if [[ $in_block == yes && $command == *"<<'END'"* && $command != *$'\nEND' ]]; then
                command+=$'\n'${line#'> '}
            else
                [ "$in_block" = yes ] && expected+=${expected:+$'\n'}$line
            fi
            ;;
        *)
            [ "$in_block" = yes ] && [ -n "$command" ] && expected+=${expected:+$'\n'}$line
            ;;
        esac
    done 3<"$file"
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
