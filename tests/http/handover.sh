#!/usr/bin/env bash
# One instance goes, another takes over, under constant load: no request is lost.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
certs=$work/certs
make_certs "$certs"
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {registry: one.example}\n' >rules.yaml
review=$tests/data/reviews/pod-create.json

# Clients with keep-alive connections, each to whichever instance is ready, as a Service would send them:
# an answer with Connection: close makes the next request ask the other. What fails is written down.
cat >client.py <<'PY'
import http.client, json, socket, ssl, sys, time

ca, review, stop_file, *ports = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
body = json.dumps(json.load(open(review))).encode()
connection, sent, i = None, 0, 0

def stopped():
    try:
        open(stop_file).close()
        return True
    except OSError:
        return False

while not stopped():
    if connection is None:
        for _ in range(len(ports)):  # a refused connection is not a lost request: nothing was sent
            try:
                connection = http.client.HTTPSConnection("127.0.0.1", int(ports[i % len(ports)]),
                                                         context=context, timeout=20)
                connection.connect()
                break
            except (ConnectionRefusedError, ssl.SSLError, ConnectionResetError):
                connection, i = None, i + 1
        if connection is None:
            print("no instance takes connections")
            sys.exit(1)
    try:
        connection.request("POST", "/mutate?timeout=10s", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != 200 or not json.loads(data)["response"]["allowed"]:
            print("answer", answer.status, data[:200])
            sys.exit(1)
        sent += 1
    except Exception as error:  # anything at all is a lost request
        print("lost after", sent, repr(error))
        sys.exit(1)
    if answer.getheader("Connection", "").lower() == "close":
        connection.close()
        connection, i = None, i + 1
open(stop_file + ".count", "a").write("%d\n" % sent)
PY

start_daemon first ready --policy rules.yaml --drain-pause 1s
first_pid=$pid first_port=$port first_log=$log first_probes=$probes
start_daemon second ready --policy rules.yaml
second_port=$port
clients=()
for i in 1 2 3 4 5 6; do
    /usr/bin/python3 client.py "$certs/ca.crt" "$review" stop "$first_port" "$second_port" >"client$i" 2>&1 &
    clients+=($!)
    pids+=($!)
done
await "load on the first" bash -c "[ \$(wc -l <$work/first.audit) -ge 200 ]"
kill -TERM "$first_pid"
await "readiness fails first" bash -c "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:$first_probes/readyz | grep -q 503"
same "it has not ended yet" "$(kill -0 "$first_pid" && echo runs)" runs
wait "$first_pid"
same "the first ends well" $? 0
same "all it took was answered" "$(jq -r 'select(.event == "drained").allAnswered' "$first_log")" true
before=$(wc -l <"$work/second.audit")
await "load on the second" bash -c "[ \$(wc -l <$work/second.audit) -ge $((before + 200)) ]"
touch stop
for i in "${!clients[@]}"; do
    wait "${clients[$i]}"
    same "client $((i + 1)) lost nothing" "$?: $(cat "client$((i + 1))")" "0: "
done
sent=$(awk '{n += $1} END {print n}' stop.count)
pid=$(tail -n 1 <<<"$(jq -r 'select(.event == "ready").pid' second.log)")
stop_daemon
same "every answer has its audit line" "$(cat first.audit second.audit | wc -l)" "$sent"

# A second TERM ends at once, whatever the pause.
start_daemon impatient ready --policy rules.yaml --drain-pause 60s
kill -TERM "$pid"
await "the pause began" is_logged draining
start=$SECONDS
stop_daemon
check "a second TERM ends at once" [ $((SECONDS - start)) -lt 30 ]
finish
