#!/usr/bin/env bash
# policyctl ask: the questions that rules give, answers of a running webhook that are equal and that are not, and a webhook
# that is not reached.
. "$(dirname "$0")/../http/lib.sh"
cd "$work" || exit 1
certs=$work/tls
make_certs tls
"$POLICYCTL" certs init --dir other >/dev/null
"$POLICYCTL" certs init --dir named >/dev/null # for pullgate.pullgate.svc alone
mkdir policy
rules() { # REGISTRY
    printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: ask}\nspec:\n  registry: %s\n  imagePullSecrets: [regcred]
  message: ask data-platform\n  rules:\n    - {name: team, match: {namespaces: ["team-*"], podLabels: {matchLabels: {app: a}}}}\n' "$1"
}
rules ghcr.io/acme-data >policy/policy.yaml
rules ghcr.io/acme-data >mine.conf # the same file under another name
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec: {containers: [{name: a, image: "redis:7"}, {name: b, image: quay.io/x}]}\n' >pod.yaml
start_daemon ask ready --policy policy
at=(--server "$url" --ca tls/ca.crt)
ask() { run "$POLICYCTL" ask "$@"; }

# ---- questions ------------------------------------------------------------------------------------

both='rewritten  busybox:1 in namespace team-x
refused    refused.example/busybox:1 in namespace team-x'
ask -p policy --dry-run
same "the questions of the rules" "$status$err $out" "0 $both"
derived() { # NAME RULES EXPECTED
    printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: %s\n' "$2" >derived.yaml
    ask -p derived.yaml --dry-run
    same "$1" "$status$err $out" "0 $3"
}
no_rewrite='not asked  an image that is rewritten: no rule has one'
no_refusal='not asked  an image that is refused: no rule refuses one of another host'
derived "a mirror" '{mirrors: {quay.io/a: r.example/b}}' "rewritten  quay.io/a/busybox:1 in namespace default
refused    refused.example/busybox:1 in namespace default"
derived "a rule that an earlier one hides" '{rules: [{name: a, match: {namespaces: [a]}, mode: audit, registry: a.example}, {name: b, match: {namespaces: ["a", "b*"]}, registry: r.example}]}' \
    "rewritten  busybox:1 in namespace bx
refused    refused.example/busybox:1 in namespace bx"
derived "a rule for users, groups and labels" '{rules: [{name: a, match: {users: ["system:serviceaccount:a:*"], groups: ["g*"], serviceAccounts: [b], podLabels: {matchExpressions: [{key: c, operator: Exists}, {key: d, operator: In, values: [e]}, {key: f, operator: NotIn, values: [g]}]}}, registry: r.example}]}' \
    "rewritten  busybox:1 in namespace default
refused    refused.example/busybox:1 in namespace default"
derived "nothing is rewritten" '{approved: [r.example]}' "refused    refused.example/busybox:1 in namespace default
$no_rewrite"
derived "nothing is refused" '{registry: r.example, approved: ["**"]}' "rewritten  busybox:1 in namespace default
$no_refusal"
derived "neither: one is asked all the same" '{mode: audit, registry: r.example}' "admitted   refused.example/busybox:1 in namespace default
$no_rewrite
$no_refusal"
derived "nothing is refused by a rule that warns" '{mode: warn, registry: r.example}' "rewritten  busybox:1 in namespace default
$no_refusal"

# ---- answers --------------------------------------------------------------------------------------

ask -p policy "${at[@]}"
same "equal" "$status$err $out" "0 $both
4 answers, all as the rule file has them"
ask -p mine.conf "${at[@]}" --servername pullgate.pullgate.svc
same "equal, by a file of another name and with the name of the certificate: $out" "$status$err" 0
ask -p policy "${at[@]}" -n team-b pod.yaml
same "a pod" "$status$err $out" "0 refused    pod.yaml:1: a
2 answers, all as the rule file has them"
ask -p policy "${at[@]}" "$tests/data/reviews/pod-create.json"
same "a review: $out" "$status$err" 0
sed 's/acme-data/other/' policy/policy.yaml >other.yaml
ask -p other.yaml "${at[@]}"
same "another registry: exit status" "$status$err" 1
matches "another registry: the patch" "$out" '  /mutate answers otherwise:
    patch: found \[\{"op":"replace","path":"/spec/containers/0/image","value":"ghcr\.io/acme-data/busybox:1"\}.*expected .*ghcr\.io/other/busybox:1'
matches "another registry: the total" "$out" '[34] of 4 answers are not those of the rule file$'
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {approved: ["**"]}\n' >open.yaml
ask -p open.yaml "${at[@]}" -n team-b pod.yaml
matches "allowed there, refused here" "$status$err $out" '^1 rewritten .*    allowed: found false, expected true.*    status: found \{.*expected nothing'
sed 's/name: team/name: squad/' policy/policy.yaml >squad.yaml
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec: {imagePullSecrets: [{name: regcred}], containers: [{name: a, image: ghcr.io/acme-data/a:1}]}\n' >good.yaml
ask -p squad.yaml "${at[@]}" -n team-b good.yaml
same "another name of the rule" "$status$err $out" '1 admitted   good.yaml:1: a
  /mutate answers otherwise:
    auditAnnotations.rule: found "team (policy/policy.yaml:9)", expected "squad (squad.yaml:9)"
  /validate answers otherwise:
    auditAnnotations.rule: found "team (policy/policy.yaml:9)", expected "squad (squad.yaml:9)"
2 of 2 answers are not those of the rule file'
# Asked until the webhook has the file.
"$POLICYCTL" ask -p other.yaml "${at[@]}" --wait 5m >waited 2>&1 &
asks=$!
pids+=("$asks")
cp other.yaml policy/policy.yaml
await "the new rules" is_logged rules_loaded 2
wait "$asks"
same "--wait: exit status" "$? $(tail -n 1 waited)" "0 4 answers, all as the rule file has them"
forget "$asks"

# ---- not reached -----------------------------------------------------------------------------------

mistake() { # NAME REGEX ARGUMENT...
    local name=$1 regex=$2
    shift 2
    ask -p policy "$@"
    same "$name: exit status" "$status $out" "2 "
    matches "$name: text" "$err" "$regex"
    same "$name: one line" "$(wc -l <err)" 1
}
closed=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mistake "refused" "^policyctl: 127\.0\.0\.1:$closed: no connection; check that the webhook runs .*\(Connection refused\)$" --server "https://127.0.0.1:$closed" --ca tls/ca.crt
mistake "refused, and waited for" 'Connection refused' --server "https://127.0.0.1:$closed" --ca tls/ca.crt --wait 1s
mistake "an IPv6 address" '^policyctl: \[::1\]: (no connection|no TLS connection)' --server https://::1 --ca tls/ca.crt --timeout 5s
mistake "no such host" '^policyctl: nowhere\.invalid: the host is not found; give its address' --server https://nowhere.invalid --ca tls/ca.crt
mistake "another CA" "^policyctl: 127\.0\.0\.1:$port: no TLS connection; check that --ca has the CA .*certificate" --server "$url" --ca other/ca.crt
mistake "another name" 'no TLS connection; .*other\.svc' "${at[@]}" --servername other.svc
mistake "no TLS there" "no TLS connection" --server "https://127.0.0.1:$probes" --ca tls/ca.crt
mistake "no CA" '^policyctl: .*: --ca cannot be used; expected a file with certificates' --server "$url" --ca nowhere.crt
http_proxy='' https_proxy=http://127.0.0.1:$closed run "$POLICYCTL" ask -p policy "${at[@]}"
same "no proxy is asked" "$status$err" 0
python3 -c 'import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); sys.stdin.read()' >silent < <(tail -f /dev/null --pid=$$) &
pids+=($!)
await "a server that is silent" [ -s silent ]
mistake "silent" '^policyctl: .*: no answer in time; .*--timeout' --server "https://127.0.0.1:$(cat silent)" --ca tls/ca.crt --timeout 300ms
certs=$work/tls
start_daemon mtls ready --policy policy --client-ca other/ca.crt
mistake "clients need a certificate" '^policyctl: .*(found HTTP status 403, expected 200|no TLS connection)' --server "$url" --ca tls/ca.crt
mkdir lib
: >lib/libcurl.so.4
LD_LIBRARY_PATH=$work/lib run "$POLICYCTL" ask -p policy "${at[@]}"
matches "no libcurl" "$status$err" '^2policyctl: libcurl\.so\.4 cannot be loaded: .*; install it \(Debian: libcurl4\)$'

# ---- answers that are none --------------------------------------------------------------------------

cat >server.py <<'PYTHON'
import http.server, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = open("answer", "rb").read()
        self.send_response(int(open("code").read()))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("tls/tls.crt", "tls/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 server.py >fake &
pids+=($!)
await "a server of another kind" [ -s fake ]
fake=(--server "https://127.0.0.1:$(cat fake)" --ca tls/ca.crt)
echo 200 >code
for answer in '' '{' '[]' '{}' '{"response": 1}' '{"response": {}, "response": {}}' 'not\033[31m \200JSON'; do
    printf "$answer" >answer
    mistake "answer: $answer" '^policyctl: the answer of /mutate: expected an AdmissionReview with a response, found "' "${fake[@]}"
done
printf '{"response": {"allowed": true, "x\\u001b[31m": {"a": ["\\u202e"]}, "warnings": 1}}' >answer
ask -p policy "${fake[@]}"
matches "an answer of other members" "$status$out" '^1rewritten .*    uid: found nothing, expected "00000000-.*    x\\x1b\[31m: found \{"a":\["\\u202[eE]"\]\}, expected nothing'
same "an answer of other members: no control characters" "$(tr -d '\n' <out | LC_ALL=C grep -c '[^ -~]')" 0
echo 404 >code
printf 'no \033[31mpage\n' >answer
mistake "HTTP 404" '^policyctl: .*: /mutate: found HTTP status 404, expected 200; is it pullgate\? \(no \\x1b\[31mpage\)$' "${fake[@]}"

# ---- usage -----------------------------------------------------------------------------------------

mistake "no server" '^policyctl: --server is missing; try --help$' --ca tls/ca.crt
mistake "no --ca" '^policyctl: --ca is missing' --server "$url"
for server in http://a a https:// https://u@a https://a/mutate 'https://a b' 'https://a?b'; do
    mistake "--server $server" '^policyctl: --server: found .*, expected https://HOST\[:PORT\]$' --server "$server" --ca tls/ca.crt
done
mistake "no DNS name" '^policyctl: --servername: found "a/b", expected a DNS name$' "${at[@]}" --servername a/b
mistake "--user without a pod" 'are for pods that are given$' "${at[@]}" --user a
mkdir empty
mistake "no pods" '^policyctl: no pods to ask about$' "${at[@]}" empty
printf 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: []}}}\n' >deployment.yaml
ask -p policy "${at[@]}" deployment.yaml
matches "no pod" "$status$err" '^2policyctl: deployment\.yaml:1:1: found a Deployment, expected a Pod or an AdmissionReview'
finish
