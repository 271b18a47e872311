#!/usr/bin/env bash
# Pods made to cost time, several at once: regexes and globs that go far for each of many images, and a denied
# image after them. Each is refused, for the limit of pattern steps, and the client that behaves is served on.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cat >rules.yaml <<'end'
apiVersion: pullgate/v1
kind: ImagePolicy
spec:
  registry: one.example
  approved: [docker.io]
  denied: [{regex: '.*/.*/.*/.*evil'}, '**/evil*/**/x*']
end
start_daemon costly ready --policy rules.yaml --workers 2
know_level one.example
start_good 20 one.example
for round in $(seq "$(rounds 1 3)"); do
    for i in 1 2 3 4; do
        /usr/bin/python3 "$here/client.py" costly "$port" "$certs/ca.crt" "$(rounds 1 5)" >costly.$i 2>costly.err.$i &
        clients[i]=$!
        pids+=("$!")
    done
    for i in 1 2 3 4; do
        wait "${clients[i]}"
        same "round $round: client $i, each pod is refused for its patterns" "$? $(tail -n 1 costly.err.$i)" "0 "
        forget "${clients[i]}"
    done
    good_goes_on "round $round"
done
stop_good "costly pods"
back_at_level "costly pods"
end_daemon "costly pods"
finish
