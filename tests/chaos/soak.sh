#!/usr/bin/env bash
# Many requests with reloads throughout: none fails, and memory and descriptors stay flat.
#   soak.sh [COUNT]     requests, in ten parts with the daemon's figures after each; 1,000,000
# Each part is asked by two clients over eight connections each; meanwhile rules and certificates change
# all the time.
. "$(dirname "$0")/lib.sh"
count=${1:-1000000}
rules one.example
start_daemon soak ready --policy rules.yaml --poll 100ms
know_level one.example

change_everything() {
    local next=two i=0
    until [ -e changed.enough ]; do
        rules $next.example
        if [ $((i++ % 8)) -eq 0 ]; then
            "$POLICYCTL" certs rotate --dir "$certs" --service pullgate --namespace pullgate --dns 127.0.0.1 \
                --force >/dev/null
        fi
        kill -HUP "$pid"
        [ $next = two ] && next=one || next=two
        await "a reload" is_logged rules_loaded $((i + 1)) || exit 1
    done
}
change_everything &
changer=$!
pids+=("$changer")

ask_part() { # CLIENT
    /usr/bin/python3 "$here/client.py" ask "$port" "$certs/ca.crt" "$review" $((count / 20)) 8 one.example two.example \
        >"part.$1" 2>&1
}
right=0
for part in $(seq 10); do
    ask_part 1 &
    other=$!
    ask_part 2
    same "part $part: first client" "$?: $(jq -c '[.wrong, .why]' part.2)" '0: [0,[]]'
    wait $other
    same "part $part: second client" "$?: $(jq -c '[.wrong, .why]' part.1)" '0: [0,[]]'
    right=$((right + $(jq .right part.1) + $(jq .right part.2)))
    [ "$part" -gt 1 ] || first_rss=$(rss_kb)
    show_level "$right requests"
    : >"$audit" # what was written so far; the daemon goes on after it, and leaves a hole
done
same "all were answered" $right $((count / 20 * 20))
touch changed.enough # no signal: bash may drop one that comes within a command substitution
wait $changer
same "reloads: none failed" $? 0
forget $changer
echo "  $(grep -c '"event":"rules_loaded"' "$log") loads of rules, $(grep -c '"event":"certificate_loaded"' "$log") of certificates"
await "audit lines: one for each answer" is_metric 'pullgate_audit_lines_total{result="written"}' $((right + $(rounds 20 400)))
[ "${CHAOS_RSS:-yes}" = no ] || check "memory is flat: $(rss_kb) kB, after a tenth $first_rss kB" \
    test "$(rss_kb)" -le $((first_rss + rss_slack_kb))
back_at_level soak
end_daemon soak
finish
