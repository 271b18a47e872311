#!/usr/bin/env bash
# policyctl render: the same objects as kustomize's, with what was given in their places.
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
here=$tests/deploy top=$(cd "$tests/.." && pwd)
cd "$work" || exit 1
render() { run "$POLICYCTL" render "$@"; }

"$POLICYCTL" certs init --dir tls >/dev/null || exit 1
"$POLICYCTL" certs init --dir other --namespace image-policy >/dev/null || exit 1
cp "$top/policies/examples/audit-only.yaml" policy.yaml
image=registry.corp.example/platform/pullgate:1.2.3

# What kustomize makes of the overlay NAME, with these certificates and this image.
with_certs() { # NAME TLS_DIR OUT
    python3 - "$top/tests/deploy/expected/$1.yaml" "$2" "$image" >"$3" <<'PYTHON'
import base64, sys, yaml
def b64(name): return base64.b64encode(open(f"{sys.argv[2]}/{name}", "rb").read()).decode()
found = list(yaml.safe_load_all(open(sys.argv[1])))
for o in found:
    if o["kind"] == "Secret":
        o["data"] = {name: b64(name) for name in o["data"]}
    if o["kind"] == "Deployment":
        o["spec"]["template"]["spec"]["containers"][0]["image"] = sys.argv[3]
    for hook in o.get("webhooks", []):
        hook["clientConfig"]["caBundle"] = b64("ca.crt")
yaml.safe_dump_all(found, sys.stdout)
PYTHON
}

equal() { # NAME FILE EXPECTED
    run python3 "$here/same.py" "$3" "$2"
    same "$1" "$status$out$err" 0
}

render --image "$image" --policy policy.yaml --certs tls
same "exit status" "$status$err" 0
cp out rendered.yaml
cp out rendered-default.yaml
with_certs self-managed tls expected.yaml
equal "as the overlay self-managed" rendered.yaml expected.yaml
run python3 "$here/check.py" "$PULLGATE" rendered.yaml
same "the objects fit together: $out$err" $status 0
same "the namespace comes first" "$(grep -m1 '^kind:' rendered.yaml)" "kind: Namespace"
same "the webhooks come last" "$(grep '^kind:' rendered.yaml | tail -2 | sort | tr '\n' ' ')" \
    "kind: MutatingWebhookConfiguration kind: ValidatingWebhookConfiguration "
same "the CA's key stays out" "$(grep -c "$(base64 -w0 tls/ca.key | cut -c80-120)" rendered.yaml)" 0
check "the key is in" grep -q "$(base64 -w0 tls/tls.key)" rendered.yaml

namespace="image-policy"
render --image "$image" --policy policy.yaml --certs other --namespace "$namespace"
same "namespace: exit status" "$status$err" 0
cp out rendered.yaml
with_certs namespace other expected.yaml
equal "as the overlay namespace" rendered.yaml expected.yaml

render --image "$image" --policy policy.yaml --certs tls --failure-policy Fail
cp out armed.yaml
with_certs armed tls expected.yaml
equal "as the overlay armed" armed.yaml expected.yaml

# ---- a webhook that signs for itself -----------------------------------------------------------

render --image "$image" --policy policy.yaml --certs tls --certificate-mode selfSigned
same "selfSigned: exit status" "$status$err" 0
cp out signed.yaml
with_certs self-signed tls expected.yaml
equal "as the overlay self-signed" signed.yaml expected.yaml
run python3 "$here/check.py" "$PULLGATE" signed.yaml
same "selfSigned: the objects fit together: $out$err" $status 0
check "selfSigned: the CA's key is in" grep -q "$(base64 -w0 tls/ca.key)" signed.yaml
same "selfSigned: no key of a certificate" "$(grep -c 'tls\.key' signed.yaml)" 0
render --image "$image" --policy policy.yaml --certs other --namespace image-policy --certificate-mode selfSigned
same "selfSigned: another namespace" "$status$err" 0

# ---- certificates alone --------------------------------------------------------------------------

only() { # NAME FILE_OF_ALL OPTION...: what --only certs prints is part of it, word for word
    local name=$1 all=$2
    shift 2
    render --only certs --failure-policy Ignore "$@"
    same "$name: exit status" "$status$err" 0
    cp out part.yaml
    run python3 -c '
import sys, yaml
all, part = ([(o["kind"], o["metadata"]["name"], o) for o in yaml.safe_load_all(open(f))] for f in sys.argv[1:])
sys.exit(not part or any(o not in all for o in part))' "$all" part.yaml
    same "$name: part of all" "$status$err" 0
    same "$name: objects" "$(grep '^kind:' part.yaml | sort | tr '\n' ' ')" \
        "kind: MutatingWebhookConfiguration kind: Secret kind: ValidatingWebhookConfiguration "
}
only "--only certs" rendered-default.yaml --certs tls
only "--only certs, selfSigned" signed.yaml --certs tls --certificate-mode selfSigned
render --only certs --certs tls
same "--only certs, no failure policy: exit status" $status 0
matches "--only certs, no failure policy: text" "$err" '^policyctl: warning: the webhook configurations have failurePolicy Ignore; .* give it with --failure-policy$'

render -i "$image" -p policy.yaml --certs tls --replicas 5
same "replicas" "$(grep -c '^  replicas: 5$' out)" 1
mkdir rules
cp "$top/policies/examples/airbyte.yaml" rules/10-airbyte.yaml
cp "$top/policies/examples/astronomer.yaml" rules/20-astronomer.yaml
echo ignored >rules/notes.txt
render --image "$image" --policy rules --certs tls
same "folder: exit status" "$status$err" 0
cp out folder.yaml
run python3 -c '
import sys, yaml
map = [o for o in yaml.safe_load_all(open("folder.yaml")) if o["kind"] == "ConfigMap"][0]
for name in sorted(map["data"]):
    print(name, map["data"][name] == open("rules/" + name).read())'
same "folder: each file, byte for byte" "$out" $'10-airbyte.yaml True\n20-astronomer.yaml True'

# ---- one file has the key that the webhook reads, whatever its own name was -------------------
data_of() { # FILE: the keys of its ConfigMap; the text goes to the file key.text
    python3 - "$1" <<'PYTHON'
import sys, yaml
data = [o for o in yaml.safe_load_all(open(sys.argv[1])) if o["kind"] == "ConfigMap"][0]["data"]
print(*data)
open("key.text", "w").write("".join(data.values()))
PYTHON
}
one_key() { # NAME EXPECTED_KEY FILE
    same "$1: exit status" "$status$err" 0
    same "$1: key" "$(data_of out)" "$2"
    same_file "$1: text" key.text "$3"
}
run bash -c '"$POLICYCTL" render "$@" --policy - <policy.yaml' - --image "$image" --certs tls
one_key "standard input" policy.yaml policy.yaml
run bash -c '"$POLICYCTL" render "$@" --policy <(cat policy.yaml)' - --image "$image" --certs tls
one_key "a pipe" policy.yaml policy.yaml
mkdir names
for name in p.conf policy .p.yaml P.YAML ..p.yaml 'my policy.yaml' other.yml; do
    cp policy.yaml "names/$name"
    render --image "$image" --policy "names/$name" --certs tls
    one_key "$name" policy.yaml policy.yaml
done
python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)' <policy.yaml >names/p.json
render --image "$image" --policy names/p.json --certs tls
one_key "p.json" policy.json names/p.json
mkdir one
cp policy.yaml one/10-mine.yaml
render --image "$image" --policy one --certs tls
one_key "a folder of one keeps its name" 10-mine.yaml policy.yaml

# ---- what is refused ------------------------------------------------------------------------
refused() { # NAME REGEX OPTION...
    local name=$1 regex=$2
    shift 2
    render "$@"
    same "$name: exit status" $status 2
    same "$name: standard output" "$out" ""
    matches "$name: text" "$err" "$regex"
}
good=(--image "$image" --policy policy.yaml --certs tls)
refused "no image" '^policyctl: --image is missing' --policy policy.yaml --certs tls
refused "no policy" 'no rule file' --image "$image" --certs tls
refused "no certificates" '--certs is missing' --image "$image" --policy policy.yaml
refused "the placeholder" 'is a placeholder' "${good[@]}" --image ghcr.io/your-org/pullgate:1
refused "no image reference" 'is not an image reference: ' "${good[@]}" --image 'a b'
refused "no CA's key" 'rules/ca\.crt' "${good[@]}" --certs rules --certificate-mode selfSigned
refused "a CA of another namespace" "other: CA: its name constraints exclude pullgate\.pullgate\.svc" "${good[@]}" --certs other --certificate-mode selfSigned
refused "another mode" 'certificate-mode: found "selfsigned", expected existing, selfSigned' "${good[@]}" --certificate-mode selfsigned
refused "other parts" 'only: found "cert", expected all, certs' "${good[@]}" --only cert
refused "an operand" 'unexpected argument "x"' "${good[@]}" x
refused "no replicas" 'replicas' "${good[@]}" --replicas 0
refused "another failure policy" 'failure-policy' "${good[@]}" --failure-policy fail
refused "another namespace than the certificate's" 'lacks the name pullgate\.image-policy\.svc' "${good[@]}" --namespace image-policy
for name in default kube-system kube-public kube-node-lease; do
    "$POLICYCTL" certs init --dir "of-$name" --namespace "$name" >/dev/null
    refused "namespace $name" "^policyctl: --namespace $name belongs to the cluster" "${good[@]}" --certs "of-$name" --namespace "$name"
done
refused "a folder without certificates" 'rules/ca\.crt' "${good[@]}" --certs rules
sed 's/approved/aproved/' policy.yaml >broken.yaml
refused "a broken policy" 'broken\.yaml:[0-9]+:[0-9]+: .*aproved' "${good[@]}" --policy broken.yaml
mkdir bad-name
cp policy.yaml 'bad-name/my policy.yaml'
refused "a name that is not a key" '"my policy\.yaml" cannot be a key' "${good[@]}" --policy bad-name
mkdir large
for i in 1 2 3 4 5; do
    { cat policy.yaml; head -c 300000 /dev/zero | tr '\0' '#'; echo; } | sed "s/name: trial/name: trial$i/; s/everything-else/else$i/; s/team-data/team$i/" >large/$i.yaml
done
run "$POLICYCTL" render "${good[@]}" --policy large
same "too large: exit status" $status 2
same "too large: standard output" "$out" ""
matches "too large: text" "$err" 'exceed the 1024000 bytes that fit into a ConfigMap'
mkdir applied
large() { # BYTES FILE NAME: of a comment
    { cat policy.yaml; echo '# &&&&&&&&&&'; head -c "$1" /dev/zero | tr '\0' '#'; echo; } |
        sed "s/name: trial/name: trial$3/; s/everything-else/else$3/; s/team-data/team$3/" >"$2"
}
large 248000 applied/1.yaml 1
render "${good[@]}" --policy applied
same "fits kubectl apply" "$status$err" 0
large 126000 applied/1.yaml 1
large 126000 applied/2.yaml 2
render "${good[@]}" --policy applied
same "too large for kubectl apply: exit status" $status 0
matches "too large for kubectl apply: text" "$err" 'policyctl: warning: the rule files .* use kubectl apply --server-side$'
large 248000 applied.yaml 1
{ printf '#%300s\n' '' | tr ' ' '&'; cat applied.yaml; } >signs.yaml
render "${good[@]}" --policy signs.yaml
matches "signs that are written longer" "$status$err" '^0policyctl: warning: .* --server-side$'
mkdir mixed
cp tls/ca.crt tls/tls.crt mixed
cp other/tls.key mixed
refused "the key of another" 'mixed: .*key' "${good[@]}" --certs mixed
cp other/ca.crt mixed
cp tls/tls.key mixed
refused "the CA of another" 'has no chain to ca\.crt' "${good[@]}" --certs mixed
"$POLICYCTL" certs init --dir client --service client --namespace pullgate >/dev/null
refused "the name of another service" 'lacks the name' "${good[@]}" --certs client
mkdir odd
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-224 -nodes -keyout odd/tls.key -out odd/tls.crt -subj /CN=x \
    -addext subjectAltName=DNS:pullgate.pullgate.svc 2>/dev/null
cp odd/tls.crt odd/ca.crt
refused "a curve of no TLS" 'no client can use tls\.crt' "${good[@]}" --certs odd
run bash -c '"$POLICYCTL" render --image registry.corp.example/p:1 --policy policy.yaml --certs tls >/dev/full'
same "a full disk: exit status" $status 2
finish
