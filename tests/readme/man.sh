#!/usr/bin/env bash
# The manual pages: clean by mandoc's lint, and with every option that --help knows.
#   man.sh BUILD_DIR
set -u
build=$1 failures=0
fail() {
    echo "$*"
    failures=$((failures + 1))
}

for page in pullgate.8 pullgate-sync.8 policyctl.1 pullgate-policy.5; do
    lint=$(mandoc -T lint -W warning "$build/man/$page" 2>&1) || fail "$lint"
    [ -s "$build/man/$page" ] || fail "$page is empty"
    grep -q '@[A-Z]*@' "$build/man/$page" && fail "$page: a mark was not filled in"
done

options() { grep -oE '(^|[ ,])--[a-z][a-z-]*' | tr -d ' ,' | sort -u; }

check_options() { # PAGE HELP_TEXT
    local option shown
    shown=$(mandoc -T ascii "$build/man/$1" | sed 's/.\x08//g')
    for option in $(options <<<"$2"); do
        grep -qE -- "(^| )$option( |$|,|=)" <<<"$shown" || fail "$1 does not tell of $option"
    done
}

help=$("$build/bin/pullgate" --help) || fail "pullgate --help failed"
[ "$(options <<<"$help" | wc -l)" -gt 20 ] || fail "pullgate --help names too few options"
check_options pullgate.8 "$(grep -E '^ +(-.,)? *--' <<<"$help")"
help=$("$build/bin/pullgate-sync" --help) || fail "pullgate-sync --help failed"
check_options pullgate-sync.8 "$(grep -E '^ +(-.,)? *--' <<<"$help")"
for verb in $("$build/bin/policyctl" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    [ "$verb" = version ] && continue
    help=$("$build/bin/policyctl" "$verb" --help) || fail "policyctl $verb --help failed"
    check_options policyctl.1 "$(grep -E '^ +(-.,)? *--' <<<"$help")"
done
[ "$failures" -eq 0 ] && echo "manual pages are clean and complete"
exit $((failures > 0))
