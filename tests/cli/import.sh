#!/usr/bin/env bash
# policyctl import: for each file of import/<format> the rule file (expected/import.<format>.<name>), that it loads
# without an error, and, where there is a <name>.decisions, what it decides. The table of constructs in
# deploy/IMPORT.md is made from these rule files. BLESS=1 writes rule files and table again.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/import" || exit 1
document=$tests/../deploy/IMPORT.md

# The words after "# arguments:" in the first line.
arguments() { # FILE
    sed -n '1s/^# arguments: *//p' "$1" | xargs -r printf '%s\n'
}

import_one() { # FORMAT FILE NAME
    local expected=$tests/cli/expected/import.$3 words
    mapfile -t words < <(arguments "$2")
    run "$POLICYCTL" import "${words[@]}" "$1" "$2"
    cp "$work/out" "$work/rules/$3.yaml"
    [ "${BLESS:-}" != 1 ] || cp "$work/out" "$expected"
    same_file "$3" "$work/out" "$expected"
    same "$3: standard error" "$err" ""
    same "$3: exit status" $status "$(if grep -qE '^ *# (not taken|taken with a note):' "$work/out"; then echo 3; else echo 0; fi)"
    run "$POLICYCTL" lint --now 2026-11-20 "$work/rules/$3.yaml"
    check "$3: loads ($out)" [ $status -le 1 ]
}

mkdir "$work/rules"
while IFS= read -r file; do
    format=${file%%/*}
    name=${file#*/} && name=${format}.${name%.*} && name=${name//\//.}
    import_one "$format" "$file" "$name"
    [ ! -f "${file%.*}.decisions" ] ||
        check "$name: decisions" python3 "$tests/cli/import_decisions.py" "$POLICYCTL" "$work/rules/$name.yaml" "${file%.*}.decisions"
done < <(find . -mindepth 2 -type f ! -name '*.decisions' -printf '%P\n' | sort)

python3 "$tests/cli/import_table.py" "$document" "$work/rules" >"$work/document"
[ "${BLESS:-}" != 1 ] || cp "$work/document" "$document"
same_file "deploy/IMPORT.md: the table of constructs" "$work/document" "$document"
formats=$("$POLICYCTL" import --help | sed -n '/^Formats:/,/^$/s/^  \([a-z0-9-]*\)  .*/\1/p' | sort)
same "formats with files here" "$(find . -mindepth 1 -maxdepth 1 -type d -printf '%P\n' | sort)" "$formats"

# ---- mistakes ----------------------------------------------------------------------------------

mistake() { # NAME REGEX TEXT ARGUMENT...
    local name=$1 regex=$2
    printf '%s' "$3" >"$work/in.yaml"
    shift 3
    run "$POLICYCTL" import "$@"
    same "$name: exit status" $status 2
    same "$name: standard output" "$out" ""
    matches "$name: text" "$err" "$regex"
}
mistake "no format" '^policyctl: no format: give its name and files$' ''
mistake "unknown format" '^policyctl: unknown format "airbite"; did you mean airbyte\?$' '' airbite x
mistake "unknown format" '^policyctl: unknown format "tugger"; policyctl import --help lists them$' '' tugger x
mistake "no input" '^policyctl: no input: give files, or - for standard input$' '' airbyte
mistake "no such file" '^policyctl: cannot open nowhere.yaml: No such file or directory$' '' airbyte nowhere.yaml
mistake "no YAML" ': did not find|: mapping values are not allowed' $'a: b: c\n' airbyte "$work/in.yaml"
mistake "a list" '^policyctl: .*in.yaml:1:1: not a values.yaml: found an array, expected a map' $'- a\n' airbyte "$work/in.yaml"
mistake "a key twice" '^policyctl: .*in.yaml:2:1: ' $'a: 1\na: 2\n' airbyte "$work/in.yaml"
"$POLICYCTL" import airbyte - <airbyte/private.yaml >"$work/out"
matches "standard input" "$(cat "$work/out")" 'registry: ghcr.io/acme-data # taken exactly: <stdin>:5:15: global.image.registry'
: >"$work/none.yaml"
run "$POLICYCTL" import airbyte "$work/none.yaml"
matches "nothing to take" "$status $out" '^0 .*Nothing was taken.*mode: audit'
finish
