#!/usr/bin/env bash
# One audit line for each decision, whatever a pod's author sends: below --max-audit-line, with all that
# is always there, in each mode and from both endpoints.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1
certs=$work/certs
make_certs "$certs"
/usr/bin/python3 -B "$here/lines.py" make "$work" || exit 1

for mode in enforce warn audit; do
    for limit in '' 32KiB; do
        start_daemon "$mode-$limit" ready --policy "$mode.yaml" ${limit:+--max-audit-line "$limit"}
        for pod in pod-*.json; do
            for endpoint in mutate validate; do
                ask --header 'Content-Type: application/json' --data-binary "@$pod" "$url/$endpoint" \
                    --header "traceparent: 00-$(printf '%032d' 7)-$(printf '%016d' 7)-01"
                same "$mode: $pod is answered by /$endpoint" "$code" 200
                cp body "$mode-$limit-$endpoint-${pod%.json}.answer"
            done
        done
        stop_daemon
        same "$mode: exit status" $status 0
        same "$mode: no line is lost" "$(logged ended auditDropped),$(logged ended auditFailed)" 0,0
        found=$(/usr/bin/python3 -B "$here/lines.py" check "$mode" "${limit:-64KiB}" "$audit" \
            "$mode-$limit" 2>&1) || fail "$mode, limit ${limit:-64KiB}" "$found"
        checks=$((checks + 1))
    done
done

status=0
"$PULLGATE" --policy warn.yaml --audit-queue 64KiB --max-audit-line 65537 2>err </dev/null || status=$?
same "a line longer than the queue: exit status" $status 2
matches "a line longer than the queue: why" "$(cat err)" '--max-audit-line: found 65537 bytes'
status=0
"$PULLGATE" --policy warn.yaml --max-audit-line 31KiB 2>err </dev/null || status=$?
same "too short for what is always there" $status 2
finish
