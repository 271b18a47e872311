#!/usr/bin/env bash
# The command line of pullgate-sync: help, version, what it refuses and with which status.
set -u
: "${SYNC:?the program pullgate-sync}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 checks=0

fail() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*"
}
# The status, and a part of what is written to standard error; nothing goes to standard output.
refuses() { # STATUS PART ARGUMENT...
    local status=$1 part=$2
    shift 2
    checks=$((checks + 1))
    env -u KUBERNETES_SERVICE_HOST "$SYNC" "$@" >"$work/out" 2>"$work/err"
    local found=$?
    [ "$found" = "$status" ] || fail "$*: exit status $found, expected $status: $(cat "$work/err")"
    grep -qF -- "$part" "$work/err" || fail "$*: found $(cat "$work/err"), expected $part"
    [ -s "$work/out" ] && fail "$*: standard output: $(cat "$work/out")"
}
prints() { # PART ARGUMENT...
    local part=$1
    shift
    checks=$((checks + 1))
    "$SYNC" "$@" >"$work/out" 2>"$work/err" || fail "$*: exit status $?"
    grep -qF -- "$part" "$work/out" || fail "$*: found $(head -3 "$work/out"), expected $part"
    [ -s "$work/err" ] && fail "$*: standard error: $(cat "$work/err")"
}

prints "Usage: pullgate-sync" --help
prints "--annotated" -h
prints "libcurl" --version
prints "Fl -policy Ar FILE" --help-mdoc

printf token >"$work/token"
: >"$work/empty"
cat >"$work/policy.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
spec: {registry: harbor.corp.example/hub}
POLICY
refuses 2 "nothing says what to copy"
refuses 2 "did you mean --policy" --polcy x
refuses 2 "unexpected argument" --policy x y
refuses 2 "--client-key is given without --client-certificate" --policy x --client-key y
refuses 2 "--max-requests" --policy x --max-requests 0
refuses 2 "KUBERNETES_SERVICE_HOST" --policy "$work/policy.yaml" --listen ''
refuses 2 "expected https://" --policy "$work/policy.yaml" --listen '' --server http://192.0.2.1
refuses 2 "empty file" --policy "$work/policy.yaml" --listen '' --server https://127.0.0.1:1 --token-file "$work/empty"
refuses 2 "$work/none" --policy "$work/policy.yaml" --listen '' --server https://127.0.0.1:1 --certificate-authority "$work/none"
refuses 2 "expected HOST:PORT" --policy "$work/policy.yaml" --listen nowhere --server https://127.0.0.1:1

echo "$checks checks, $failures failed"
[ "$failures" -eq 0 ]
