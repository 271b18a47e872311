"""Each code of policyctl doctor: a dump that has it, and the same dump after its mend, which has not.

doctor.py POLICYCTL FOLDER: the dumps are written to FOLDER, with certificates that it makes there.
"""
import base64
import copy
import json
import os
import subprocess
import sys
import time

policyctl, work = sys.argv[1:]
NOW_S = int(time.time())  # certificates are made with the clock's time


def ago(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW_S - 86400 * days))


NOW = ago(0)
PASSWORD = "Kn0wn-by-nobody"
OTHER = "An0ther-of-nobody"
failed = checks = 0


def check(name, good, *details):
    global failed, checks
    checks += 1
    if good:
        return
    failed += 1
    print("FAILED", name)
    for detail in details:
        print("  ", str(detail)[:3000])


# ---- objects -------------------------------------------------------------------------------------

def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def credential(user="acme", password=PASSWORD):
    return {"username": user, "password": password, "auth": b64(user + ":" + password)}


def secret(name="regcred", auths=None, namespace="airbyte", kind="kubernetes.io/dockerconfigjson",
           key=".dockerconfigjson", text=None):
    if text is None:
        text = json.dumps({"auths": {"ghcr.io": credential()} if auths is None else auths})
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace},
            "type": kind, "data": {key: b64(text)}}


def account(*secrets, name="default", namespace="airbyte"):
    return {"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": namespace},
            "imagePullSecrets": [{"name": s} for s in secrets]}


def spec(image, secrets):
    out = {"serviceAccountName": "default", "containers": [{"name": "main", "image": image}]}
    if secrets is not None:
        out["imagePullSecrets"] = [{"name": s} if s else {} for s in secrets]
    return out


OURS = "ghcr.io/acme-data/airbyte/source-postgres:3.6.11"


def pod(image=OURS, secrets=("regcred",), name="job", waiting=None, created=ago(10),
        namespace="airbyte", owner=None, labels=None):
    status = {"phase": "Pending" if waiting else "Running",
              "conditions": [{"type": "Ready", "status": "False" if waiting else "True"}]}
    if waiting:
        status["containerStatuses"] = [{"name": "main", "image": image, "state": {
            "waiting": {"reason": waiting[0], "message": waiting[1]}}}]
    out = {"apiVersion": "v1", "kind": "Pod",
           "metadata": {"name": name, "namespace": namespace, "creationTimestamp": created,
                        "labels": labels or {}},
           "spec": spec(image, secrets), "status": status}
    if owner:
        out["metadata"]["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": owner[0], "name": owner[1], "uid": "1"}]
    return out


def deployment(image="airbyte/server:1", secrets=None, name="server", env=None):
    template = {"metadata": {"labels": {"app": name}}, "spec": spec(image, secrets)}
    if env:
        template["spec"]["containers"][0]["env"] = env
    return {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "airbyte"},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template}}


def event(reason, message, kind="Pod", name="gone", last=ago(0)):
    return {"apiVersion": "v1", "kind": "Event",
            "metadata": {"name": name + ".1", "namespace": "airbyte"}, "type": "Warning",
            "involvedObject": {"kind": kind, "namespace": "airbyte", "name": name},
            "reason": reason, "message": message, "lastTimestamp": last}


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": name, "labels": {"kubernetes.io/metadata.name": name, **labels}}}


def run(*words, text=None):
    done = subprocess.run([policyctl, *words], input=text, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def certificates(name, *more):
    folder = os.path.join(work, name)
    status, _, err = run("certs", "init", "--dir", folder, *more)
    assert status == 0, err
    pem = lambda file: open(os.path.join(folder, file), encoding="ascii").read()
    return {"ca": pem("ca.crt"), "tls": pem("tls.crt"), "key": pem("tls.key")}


good, foreign = certificates("good"), certificates("foreign")
misnamed = certificates("misnamed", "--service", "another")


def tls_secret(pair):
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": "pullgate-tls", "namespace": "pullgate"},
            "data": {"tls.crt": b64(pair["tls"]), "tls.key": b64(pair["key"])}}


def ca_secret(pair):
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "pullgate-ca", "namespace": "pullgate"},
            "data": {"ca.crt": b64(pair["ca"]), "ca.key": b64(pair["key"])}}


def hooks(kind="Mutating", **changes):
    path = "/mutate" if kind == "Mutating" else "/validate"
    hook = {"name": path[1:] + ".pullgate.svc",
            "clientConfig": {"service": {"namespace": "pullgate", "name": "pullgate", "path": path},
                             "caBundle": b64(good["ca"])},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                       "resources": ["pods"]},
                      {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"],
                       "resources": ["pods/ephemeralcontainers"]}],
            "namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn",
                 "values": ["kube-system", "pullgate"]}]},
            "failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded"}
    for key, value in changes.items():
        if key == "caBundle":
            hook["clientConfig"][key] = value
        else:
            hook[key] = value
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind + "WebhookConfiguration",
            "metadata": {"name": "pullgate", "creationTimestamp": ago(15)},
            "webhooks": [hook]}


def other_hook(name="istio-sidecar-injector"):
    out = hooks()
    out["metadata"]["name"] = name
    out["webhooks"][0]["name"] = "rev.namespace." + name + ".io"
    out["webhooks"][0]["clientConfig"] = {"service": {"namespace": "other", "name": "other",
                                                      "path": "/inject"}}
    return out


service = {"apiVersion": "v1", "kind": "Service",
           "metadata": {"name": "pullgate", "namespace": "pullgate"},
           "spec": {"selector": {"app": "pullgate"}}}
replica = pod("ghcr.io/acme-data/pullgate:1", None, "pullgate-1", namespace="pullgate",
              labels={"app": "pullgate"})


def unready(p):
    p = copy.deepcopy(p)
    p["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    return p


# A cluster in which nothing is wrong, by parts that rows replace.
HEALTHY = {"namespace": namespace("airbyte"), "own": namespace("pullgate"), "secret": secret(),
           "account": account(), "pod": pod(), "deployment": deployment(), "mutating": hooks(),
           "validating": hooks("Validating"), "service": service, "replica": replica,
           "tls": tls_secret(good)}


def jwt(end):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    return ".".join([part({"alg": "RS256"}), part({"exp": end, "iat": end - 3600}), part("signature")])


def ecr(end):
    return b64(json.dumps({"payload": PASSWORD, "datakey": "x", "version": "2", "type": "DATA_KEY",
                           "expiration": end}))


def docker(auths):
    return {"secret": secret(auths=auths)}


def raw(text, **more):
    return {"secret": secret(text=text, **more)}


def waits(reason, message, **more):
    return {"pod": pod(waiting=(reason, message), **more)}


DENIED = ('failed to pull and unpack image: failed to resolve reference "%s": pull access denied, repository does '
          'not exist or may require authorization: authorization failed: no basic auth credentials' % OURS)
MAIN = "JOB_KUBE_MAIN_CONTAINER_IMAGE_PULL_SECRET"
REGISTRY = "JOB_KUBE_CONNECTOR_IMAGE_REGISTRY"


def launcher(*pairs):
    return deployment(name="airbyte-workload-launcher",
                      env=[{"name": n, "value": v} for n, v in pairs])


by_map = deployment(name="launcher", env=[{"name": MAIN, "valueFrom": {
    "configMapKeyRef": {"name": "airbyte-env", "key": MAIN}}}])


def env_map(value):
    return {"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "airbyte-env", "namespace": "airbyte"}, "data": {MAIN: value}}


without_update = hooks(rules=[{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                               "resources": ["pods"]}])
HUB = "docker.io/library/busybox:1"

# code, object, what differs from the healthy cluster, what else differs after the mend
ROWS = [
    ("PG101", "Secret/airbyte/regcred", {"secret": None}, {}),
    ("PG101", "Secret/airbyte/regcred", {"secret": secret(namespace="platform")}, {}),
    ("PG101", "Secret/airbyte/regcred", {"secret": None, "pod": None, "deployment": None}, {}),
    ("PG101", "Secret/airbyte/regcred",
     {"secret": None, "pod": None, "deployment": None, "account": account("regcred")}, {}),
    ("PG101", "Secret/airbyte/mine", {"account": account("mine")}, {"account": account()}),
    ("PG102", "Secret/airbyte/regcred", {"secret": secret(kind="Opaque")}, {}),
    ("PG103", "Secret/airbyte/regcred", {"secret": secret(key=".dockercfg")}, {}),
    ("PG103", "Secret/airbyte/regcred", raw(""), {}),
    ("PG104", "Secret/airbyte/regcred", raw("no JSON " + PASSWORD), {}),
    ("PG104", "Secret/airbyte/regcred", docker({"ghcr.io": {"auth": b64(PASSWORD)}}), {}),
    ("PG104", "Secret/airbyte/regcred", docker({"ghcr.io": {"auth": PASSWORD + "!"}}), {}),
    ("PG104", "Secret/airbyte/regcred", docker({"ghcr.io": {"password": [PASSWORD]}}), {}),
    ("PG105", "Secret/airbyte/regcred", docker({}), {}),
    ("PG105", "Secret/airbyte/regcred", raw(json.dumps({"ghcr.io": credential()})), {}),
    ("PG105", "Secret/airbyte/regcred",
     raw(json.dumps({"auths": {"ghcr.io": credential()}}), kind="kubernetes.io/dockercfg", key=".dockercfg"), {}),
    ("PG106", "Secret/airbyte/regcred", docker({"ghcr.io": {"identitytoken": PASSWORD}}), {}),
    ("PG107", "Secret/airbyte/regcred", raw(json.dumps({"credHelpers": {"ghcr.io": "x"}})), {}),
    ("PG107", "Secret/airbyte/regcred", raw(json.dumps({"auths": {}, "credsStore": "desktop"})), {}),
    ("PG108", "Secret/airbyte/regcred",
     docker({"ghcr.io": credential(), "https://index.docker.io/v1": credential()}), {}),
    ("PG108", "Secret/airbyte/regcred", docker({"GHCR.io": credential()}), {}),
    ("PG109", "Secret/airbyte/regcred", docker({"ghcr.io:443": credential()}), {}),
    ("PG109", "Secret/airbyte/regcred", docker({"ghcr.io/acme-data/other/": credential()}), {}),
    ("PG110", "Secret/airbyte/regcred", docker({"ghcr.io/acme-data": credential()}),
     docker({"ghcr.io/acme-data/": credential()})),
    ("PG111", "Secret/airbyte/regcred", docker({"ghcr.io": {"auth": b64("acme:" + PASSWORD + "\n")}}), {}),
    ("PG111", "Secret/airbyte/regcred", docker({"ghcr.io": {"username": "acme ", "password": PASSWORD}}), {}),
    ("PG112", "Secret/airbyte/regcred",
     docker({"ghcr.io": credential(), "https://ghcr.io": credential(password=OTHER)}), {}),
    ("PG112", "Secret/airbyte/regcred",
     {"pod": pod(secrets=["regcred", "twin"]), "twin": secret("twin")}, {}),
    ("PG113", "Secret/airbyte/regcred", docker({"ghcr.io": credential("AWS", ecr(NOW_S - 60))}), {}),
    ("PG113", "Secret/airbyte/regcred", docker({"ghcr.io": credential("u", jwt(NOW_S - 60))}),
     docker({"ghcr.io": credential("u", jwt(NOW_S + 86400))})),
    ("PG114", "Secret/airbyte/regcred", docker({"ghcr.io": credential("AWS", ecr(NOW_S + 3600))}),
     docker({"ghcr.io": credential("AWS", ecr(NOW_S + 12 * 3600))})),
    ("PG201", "Pod/airbyte/job", docker({"quay.io": credential()}), {}),
    ("PG201", "Namespace/airbyte",
     {**docker({"quay.io": credential()}), "pod": None, "deployment": None}, {}),
    ("PG202", "Secret/airbyte/unused", {"unused": secret("unused")}, {}),
    ("PG203", "Deployment/airbyte/server",
     {"account": account("mine"), "mine": secret("mine", {"quay.io": credential()}),
      "deployment": deployment(secrets=["regcred"])},
     {"account": account("mine"), "mine": secret("mine", {"quay.io": credential()})}),
    ("PG204", "Secret/airbyte/mine",
     {"pod": pod(secrets=["mine", "regcred"]), "mine": secret("mine", {"ghcr.io/acme-data/": credential()})}, {}),
    ("PG204", "Secret/airbyte/mine",
     {"pod": pod(HUB, ["mine", "regcred"]), "mine": secret("mine", {"docker.io": credential()}),
      **docker({"ghcr.io": credential(), "https://index.docker.io/v1/": credential()})}, {}),
    ("PG205", "Deployment/airbyte/server",
     {"account": account("mine"), "mine": secret("mine", {"quay.io": credential()}),
      "deployment": deployment(secrets=[""])},
     {"account": account("mine"), "mine": secret("mine", {"quay.io": credential()})}),
    ("PG205", "Pod/airbyte/job", {"pod": pod(secrets=["", "regcred"])}, {}),
    ("PG206", "Pod/airbyte/job", {"pod": pod(secrets=["regcred", " b"])}, {}),
    ("PG206", "Pod/airbyte/job", {"pod": pod(secrets=["map[name:regcred]", "regcred"])}, {}),
    ("PG207", "Deployment/airbyte/airbyte-workload-launcher", {"launcher": launcher((MAIN, "regcred, b"))},
     {"launcher": launcher((MAIN, "regcred,"))}),
    ("PG207", "Deployment/airbyte/launcher", {"launcher": by_map, "map": env_map("old")},
     {"launcher": by_map, "map": env_map("regcred")}),
    ("PG208", "Deployment/airbyte/airbyte-workload-launcher",
     {"launcher": launcher((REGISTRY, "http://ghcr.io/acme-data"))},
     {"launcher": launcher((REGISTRY, "ghcr.io/acme-data/"))}),
    ("PG301", "MutatingWebhookConfiguration/pullgate", {"mutating": None}, {}),
    ("PG302", "MutatingWebhookConfiguration/pullgate", {"mutating": hooks(caBundle=b64(foreign["ca"]))}, {}),
    ("PG302", "MutatingWebhookConfiguration/pullgate", {"mutating": hooks(caBundle="")}, {}),
    ("PG302", "MutatingWebhookConfiguration/pullgate", {"mutating": hooks(caBundle="!")}, {}),
    ("PG302", "ValidatingWebhookConfiguration/pullgate", {"validating": hooks("Validating", caBundle=b64("no PEM"))}, {}),
    ("PG302", "MutatingWebhookConfiguration/pullgate", {"tls": ca_secret(foreign)}, {"tls": ca_secret(good)}),
    ("PG304", "MutatingWebhookConfiguration/pullgate", {"mutating": hooks(failurePolicy="Ignore")}, {}),
    ("PG305", "Namespace/airbyte", {"mutating": hooks(namespaceSelector={"matchLabels": {"team": "a"}})},
     {"mutating": hooks(namespaceSelector={"matchLabels": {"team": "a"}}), "namespace": namespace("airbyte", team="a")}),
    ("PG306", "MutatingWebhookConfiguration/pullgate", {"mutating": hooks(objectSelector={"matchLabels": {"a": "b"}})}, {}),
    ("PG306", "MutatingWebhookConfiguration/pullgate",
     {"mutating": hooks(matchConditions=[{"name": "x", "expression": "true"}])}, {}),
    ("PG307", "MutatingWebhookConfiguration/pullgate", {"mutating": without_update}, {}),
    ("PG308", "MutatingWebhookConfiguration/kyverno-resource-mutating-webhook-cfg",
     {"other": other_hook("kyverno-resource-mutating-webhook-cfg")}, {}),
    ("PG309", "MutatingWebhookConfiguration/pullgate",
     {"mutating": hooks(reinvocationPolicy="Never"), "other": other_hook("sidecars")}, {"other": other_hook("sidecars")}),
    ("PG310", "Pod/airbyte/job",
     {"pod": pod("airbyte/source-postgres:1", None, created=ago(20), owner=("ReplicaSet", "job-5f"))}, {}),
    ("PG311", "Pod/airbyte/job", {"pod": pod("airbyte/source-postgres:1", None)}, {}),
    ("PG312", "ValidatingWebhookConfiguration/pullgate", {"validating": None}, {}),
    ("PG313", "Service/pullgate/pullgate", {"replica": unready(replica)}, {}),
    ("PG313", "Service/pullgate/pullgate", {"service": None, "another": {
        **copy.deepcopy(service), "metadata": {"name": "x", "namespace": "airbyte"}}}, {}),
    ("PG314", "ReplicaSet/airbyte/gone",
     {"event": event("FailedCreate", 'Error creating: Internal error occurred: failed calling webhook '
                     '"mutate.pullgate.svc": failed to call webhook: Post "https://pullgate.pullgate.svc:443/mutate": '
                     'x509: certificate signed by unknown authority', "ReplicaSet")}, {}),
    ("PG401", "Pod/airbyte/job", waits("ErrImagePull", DENIED), {}),
    ("PG401", "Pod/airbyte/job", waits("ImagePullBackOff",
                                       'Back-off pulling image "%s": ErrImagePull: %s' % (OURS, DENIED)), {}),
    ("PG401", "Pod/airbyte/job",  # an old kubelet: the error is in the event alone
     {**waits("ImagePullBackOff", 'Back-off pulling image "%s"' % OURS),
      "event": event("Failed", 'Failed to pull image "%s": %s' % (OURS, DENIED), name="job")}, {}),
    ("PG402", "Pod/airbyte/job", waits("ErrImagePull", "%s: not found" % OURS), {}),
    ("PG403", "Pod/airbyte/job",
     waits("ErrImagePull", 'failed to do request: Head "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host'), {}),
    ("PG403", "Pod/airbyte/job", waits("RegistryUnavailable", "registry is unavailable"), {}),
    ("PG404", "Pod/airbyte/job", waits("InvalidImageName", 'Failed to apply default image tag "X/y": couldn\'t parse'), {}),
    ("PG405", "Pod/airbyte/job",
     waits("ErrImageNeverPull", 'Container image "%s" is not present with pull policy of Never' % OURS), {}),
    ("PG406", "Pod/airbyte/gone",
     {"event": event("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (old); attempting to "
                     "pull the image may not succeed.")},
     {"event": event("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (regcred); attempting "
                     "to pull the image may not succeed.")}),
    ("PG407", "Pod/airbyte/job", waits("ErrImagePull", "no match for platform in manifest"), {}),
    ("PG408", "Pod/airbyte/job", waits("ImageInspectError", "Failed to inspect image"), {}),
    ("PG409", "Pod/airbyte/job", waits("SignatureValidationFailed", "signature"), {}),
    ("PG410", "ReplicaSet/airbyte/gone",
     {"event": event("FailedCreate", 'Error creating: admission webhook "mutate.pullgate.svc" denied the request: image '
                     '"evil.example/x" is not approved', "ReplicaSet")}, {}),
    ("PG411", "Pod/airbyte/job", waits("ErrImagePull", "toomanyrequests: You have reached your pull rate limit"), {}),
]
# Elsewhere: PG209 and PG303 below (they need options), PG901 in tests/cluster/doctor.sh, PG902 below.
ELSEWHERE = {"PG209", "PG303", "PG901", "PG902"}


# ---- runs ----------------------------------------------------------------------------------------------

def dump(changes):
    parts = {**HEALTHY, **changes}
    return {"apiVersion": "v1", "kind": "List", "items": [o for o in parts.values() if o is not None]}


def doctor(objects, *options, form="json"):
    path = os.path.join(work, "dump.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(objects, file)
    return run("doctor", "-p", "doctor.yaml", "--now", NOW, "-o", form, *options, path)


def codes(out):
    return [(f["code"], f["object"]) for f in json.loads(out)["findings"]]


def forms(text):
    """A text as it may be spelt: the parts of its base64 that do not depend on what is before it."""
    yield text
    for lead in range(3):
        whole = b64("x" * lead + text)
        yield whole[4:len(whole) - 4]


def keeps_secrets(name, *texts):
    for text in texts:
        for word in (PASSWORD, OTHER):
            check(name + ": no content of a Secret", not any(f in text for f in forms(word)), text)


status, out, err = doctor(dump({}))
check("healthy", (status, codes(out), err) == (0, [], ""), status, out, err)
status, out, err = doctor(dump({}), "--strict", form="text")
check("healthy: text", (status, out) == (0, "0 errors, 0 warnings, 0 notes\n"), out)

seen = set()
for number, (code, name, broken, mended) in enumerate(ROWS):
    title = "row %d, %s" % (number, code)
    seen.add(code)
    status, out, err = doctor(dump(broken))
    found = codes(out)
    level = [f["level"] for f in json.loads(out)["findings"] if f["code"] == code]
    check(title, (code, name) in found, found, err)
    check(title + ": exit status", status == (0 if set(f["level"] for f in json.loads(out)["findings"]) == {"note"} else 1),
          status, level)
    for f in json.loads(out)["findings"]:
        check(title + ": what it leads to and how it is mended", f["effect"] and f["mend"] and f["message"], f)
    keeps_secrets(title, out, err)
    for form in ("text", "junit", "sarif", "github"):
        _, shown, err = doctor(dump(broken), form=form)
        check(title + ": " + form, code in shown and name in shown, shown)
        keeps_secrets(title + ": " + form, shown, err)
        if form == "text":
            starts = [line for line in shown.splitlines() if not line.startswith(" ")][:-1]
            check(title + ": each begins with its code", starts and all(line.startswith("PG") for line in starts), shown)
    status, out, err = doctor(dump(mended))
    check(title + ": mended", code not in [c for c, _ in codes(out)] and err == "", out, err)

# ---- what explains a pull that fails ---------------------------------------------------------------------

for broken, part in [
        ({"secret": None}, "regcred (missing: PG101)"),
        (docker({"ghcr.io": credential("AWS", ecr(NOW_S - 60))}), "regcred (PG113: "),
        (docker({"ghcr.io": credential("AWS", ecr(NOW_S - 60))}), 'tried: key "ghcr.io" of regcred'),
        (docker({"quay.io": credential()}), "none covers the image: it was pulled anonymously"),
        (raw("no JSON"), "nothing was tried, since regcred does not decode"),
        ({"pod": pod(secrets=None, waiting=("ErrImagePull", DENIED))}, "it has no pull secret")]:
    _, out, _ = doctor(dump({**waits("ErrImagePull", DENIED), **broken}), form="text")
    line = [l for l in out.splitlines() if l.startswith("PG401")]
    check("the cause: " + part, len(line) == 1 and part in line[0], out)

# ---- options ------------------------------------------------------------------------------------------------

values = os.path.join(work, "values.yaml")
for text, expected in [("global: {imagePullSecrets: [{name: old}]}\n", True),
                       ("global: {imagePullSecrets: [{name: regcred}]}\n", False), ("global: {}\n", False)]:
    with open(values, "w", encoding="utf-8") as file:
        file.write(text)
    status, out, err = doctor(dump({}), "--values", values)
    check("PG209: " + text, ("PG209" in [c for c, _ in codes(out)], status) == (expected, int(expected)), out, err)
seen.add("PG209")

for pair, code in [(good, None), (foreign, "PG302"), (misnamed, "PG303")]:
    file = os.path.join(work, "served.crt")
    with open(file, "w", encoding="ascii") as f:
        f.write(pair["tls"])
    status, out, err = doctor(dump({}), "--tls-cert", file)
    found = [c for c, _ in codes(out)]
    check("the certificate that is served, %s" % code, (code in found) if code else found == [], out, err)
status, out, err = run("doctor", "-p", "doctor.yaml", "--now", ago(-300), "-o", "json", os.path.join(work, "dump.json"))
check("PG303: a certificate that ends soon", "PG303" in [c for c, _ in codes(out)], out)
status, out, err = run("doctor", "-p", "doctor.yaml", "--now", ago(-1000), "-o", "json", os.path.join(work, "dump.json"))
check("PG303: it has ended: an error", "error" in [f["level"] for f in json.loads(out)["findings"] if f["code"] == "PG303"], out)
seen.add("PG303")

some = {"kind": "List", "apiVersion": "v1", "items": [secret(), pod(), account()]}
status, out, err = doctor(some)
check("PG902: a dump without webhooks and namespaces", (status, codes(out)) ==
      (0, [("PG902", "MutatingWebhookConfiguration/pullgate")]), status, out)
status, out, err = doctor(some, "--strict")
check("--strict: notes count", status == 1, status)
status, out, err = doctor(some, "--strict", "--ignore", "PG902")
check("--ignore", (status, codes(out)) == (0, []), status, out)
status, out, err = doctor(some, "--ignore", "secret-mising")
check("--ignore: an unknown code", status == 2 and "unknown code" in err, err)
seen.add("PG902")

_, out, _ = doctor(dump({"secret": None, "far": pod(namespace="airbyte-b", secrets=None)}), "-n", "airbyte-b")
check("-n: that namespace alone", {f["namespace"] for f in json.loads(out)["findings"]} == {"airbyte-b"}, out)

# ---- forms of dumps -------------------------------------------------------------------------------------------

parts = [json.dumps(dump({"secret": None})), json.dumps({"apiVersion": "v1", "kind": "SecretList", "items": [
    {k: v for k, v in secret().items() if k not in ("kind", "apiVersion")}]})]
for name, text in [("two Lists, concatenated", "".join(parts)), ("on lines of their own", "\n".join(parts)),
                   ("in the other order", parts[1] + parts[0])]:
    status, out, err = run("doctor", "-p", "doctor.yaml", "--now", NOW, "-o", "json", "-", text=text.encode())
    check(name, (status, codes(out)) == (0, []), status, out, err)
status, out, err = doctor(pod(secrets=["other"]))
check("one object", ("PG101", "Secret/airbyte/other") in codes(out), out)
for name, text in [("nothing", ""), ("no JSON", "{" + PASSWORD), ("half of a dump", parts[0][:len(parts[0]) // 2]),
                   ("no object", "[1]"), ("no Kubernetes object", '{"a": 1}')]:
    status, out, err = run("doctor", "-p", "doctor.yaml", "--now", NOW, "-", text=text.encode())
    check("input that cannot be read: " + name, status == 2 and err != "", status, out, err)
whole = json.dumps(dump({}))
at = whole.index(secret()["data"][".dockerconfigjson"]) + 100
status, out, err = run("doctor", "-p", "doctor.yaml", "--now", NOW, "-", text=(whole[:at] + "\x01" + whole[at:]).encode())
check("a dump that is damaged in a Secret", status == 2 and err != "", status, out, err)
keeps_secrets("a dump that is damaged in a Secret", out, err)

# ---- the codes ------------------------------------------------------------------------------------------------

_, text, _ = run("help", "codes")
listed = {line.split()[0] for line in text.splitlines() if line.startswith("PG")}
check("every code is provoked", listed == seen | ELSEWHERE, listed ^ (seen | ELSEWHERE))
for code in sorted(listed):
    _, one, _ = run("help", code)
    check("help " + code, one.startswith(code + " ") and one in text, one)

print("doctor.py: %d checks, %d failed" % (checks, failed))
sys.exit(failed != 0)
