"""Steps that policyctl takes for N and for 2 N of something.

linear.py POLICYCTL_STEPS [WORD...]   in an empty folder; only cases whose name has all the words
No clock is read: a busy machine changes nothing. What next to nothing costs is taken off both."""
import base64
import concurrent.futures
import functools
import json
import os
import subprocess
import sys
import tempfile

POLICYCTL = sys.argv[1]
RATIO_MAX = 2.5
N = 1000
words = sys.argv[2:]


def count(args):
    """The steps of one run."""
    with tempfile.NamedTemporaryFile("r") as out:
        subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300,
                       env=dict(os.environ, STEPS=out.name))
        return int(out.read())


# ---- what grows --------------------------------------------------------------------------------

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p%d}\nspec:\n"
POD = HEAD + "  containers:\n  - {name: c, image: %s}\n"


def image(i):
    return ("nginx:%d", "quay.io/a/b:%d", "Bad:%d")[i % 3] % i


def pod(i, name="nginx:%d"):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p%d" % i},
            "spec": {"containers": [{"name": "a", "image": name % i}]}}


def listed(items):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def documents(n):
    return "---\n".join(POD % (i, image(i)) for i in range(n))


def containers(n, name="nginx:%d", key="containers", head=""):
    return HEAD % 0 + head + "  %s:\n" % key + "".join('  - {name: c%d, image: "%s"}\n' % (i, name % i) for i in range(n))


def volumes(n):
    return (HEAD % 0 + "  containers: [{name: a, image: nginx}]\n  volumes:\n" +
            "".join('  - {name: v%d, image: {reference: "nginx:%d"}}\n' % (i, i) for i in range(n)))


def template(n):
    return ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      containers:\n" +
            "".join("      - name: c%d\n        image: nginx:%d\n" % (i, i) for i in range(n)))


def flow(n):
    return HEAD % 0 + "  containers: [" + ", ".join("{name: c%d, image: nginx:%d}" % (i, i) for i in range(n)) + "]\n"


def anchors(n):
    return ("x: [" + ", ".join("&a%d nginx:%d" % (i, i) for i in range(n)) + "]\napiVersion: v1\nkind: List\nitems: [" +
            ", ".join("{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, image: *a%d}]}}" % i
                      for i in range(n)) + "]\n")


def wide(n):
    return "".join("  # größe 𝄞\n" for _ in range(n)) + documents(n)


def faults(n):
    return "---\n".join("kind: Pod\nspec: {a: %d, a: 2}\n" % i for i in range(n))


def tail(n):
    return documents(n // 2) + "---\n" + "kind: Pod\nspec: {a: 1, a: 2}\n---\n" * (n // 2) + "\n" * n


SHAPES = {
    "documents": documents,
    "containers": containers,
    "denied containers": lambda n: containers(n, "quay.io/a/b:%d"),
    "init containers": lambda n: containers(n, key="initContainers"),
    "keys before containers": lambda n: containers(n, head="".join("  k%d: v\n" % i for i in range(n))),
    "pull secrets": lambda n: containers(1, head="  imagePullSecrets:\n" + "".join("  - {name: s%d}\n" % i for i in range(n))),
    "volumes": volumes,
    "template": template,
    "one line of flow": flow,
    "one line, one object": lambda n: json.dumps(dict(pod(0), spec={"containers": [
        {"name": "a%d" % i, "image": "nginx:%d" % i} for i in range(n)]})),
    "one line, many objects": lambda n: listed([pod(i) for i in range(n)]),
    "one line, many denied": lambda n: listed([pod(i, "quay.io/a/b:%d") for i in range(n)]),
    "one line, keys before items": lambda n: json.dumps(dict({"k%d" % i: 1 for i in range(n)}, kind="List", items=[pod(i) for i in range(n)])),
    "JSON values": lambda n: "".join(json.dumps(pod(i)) for i in range(n)),
    "anchors on a line of their own": lambda n: anchors(min(n, 16000)),
    "lines before": wide,
    "faults": faults,
    "faults and blank lines": tail,
    "labels": lambda n: HEAD % 0 + "  containers: [{name: a, image: nginx}]\nlabels:\n" + "".join("  k%d: v\n" % i for i in range(n)),
    "one long text": lambda n: POD % (0, "nginx") + "note: |\n" + "  ::error:: \U0001d11e text\n" * n,
}
RULES = "apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: linear}\nspec:\n"
RULE_FILES = {
    "rules": lambda n: RULES + "  rules:\n" + "".join("  - {name: r%d, match: {namespaces: [n%d]}}\n" % (i, i) for i in range(n)),
    "approved": lambda n: RULES + "  approved:\n" + "".join("  - h%d.example/a\n" % i for i in range(n)),
    "pull secrets": lambda n: RULES + "  registry: ghcr.io/acme\n  imagePullSecrets: [" + ", ".join("s%d" % i for i in range(n)) + "]\n",
    "rules and what they inherit": lambda n: RULES + "  approved: [" + ", ".join("h%d.example/a" % i for i in range(100)) +
        "]\n  denied: [" + ", ".join("d%d.example" % i for i in range(100)) + "]\n  mirrors: {" +
        ", ".join("m%d.example: ghcr.io/m%d" % (i, i) for i in range(100)) + "}\n  rules:\n" +
        "".join("  - {name: r%d, match: {namespaces: [n%d]}}\n" % (i, i) for i in range(n)),
    "exemptions of many rules": lambda n: RULES + "  approved: [quay.io]\n  rules:\n" +
        "".join("  - {name: r%d, match: {namespaces: [n%d]}}\n" % (i, i) for i in range(n)) + "  exemptions:\n" +
        "".join("  - {images: [quay.io/a%d], reason: r, owner: o}\n" % i for i in range(n)),
    "exemptions": lambda n: RULES + "  exemptions:\n" + "".join(
        '  - {images: [quay.io/a%d], reason: r, owner: o, until: "2020-01-01"}\n' % i for i in range(n)),
}


def dumped(kind, namespace, name, **more):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **more}


def regcred(namespace, name="regcred", key="ghcr.io"):
    text = json.dumps({"auths": {key: {"username": "u", "password": "p"}}})
    return dumped("Secret", namespace, name, type="kubernetes.io/dockerconfigjson",
                  data={".dockerconfigjson": base64.b64encode(text.encode()).decode()})


def waiting(i, namespace):
    out = dumped("Pod", namespace, "p%d" % i, spec={"containers": [{"name": "a", "image": "ghcr.io/acme/x%d" % i}],
                                                    "imagePullSecrets": [{"name": "regcred"}]})
    out["status"] = {"containerStatuses": [{"name": "a", "state": {"waiting": {
        "reason": "ErrImagePull", "message": "pull access denied"}}}]}
    return out


DUMPS = {
    "pods that wait, one namespace": lambda n: [regcred("a")] + [waiting(i, "a") for i in range(n)],
    "pods that wait, uncovered": lambda n: [regcred("a", key="quay.io")] + [waiting(i, "a") for i in range(n)],
    "pods without their secret": lambda n: [waiting(i, "n%d" % i) for i in range(n)],
    "secrets of many namespaces": lambda n: [regcred("n%d" % i) for i in range(n)],
    "secrets elsewhere": lambda n: [regcred("n%d" % i, "s%d" % i) for i in range(n)] + [
        dumped("ServiceAccount", "m", "a%d" % i, imagePullSecrets=[{"name": "s%d" % i}]) for i in range(n)],
    "events": lambda n: [dumped("Event", "a", "e%d" % i, reason="Failed", message='Failed to pull image "x": denied',
                                involvedObject={"kind": "Pod", "namespace": "a", "name": "p%d" % (i // 50)}) for i in range(n)],
    "namespaces": lambda n: [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n%d" % i}} for i in range(n)],
}


def suite(n):
    return ("apiVersion: pullgate/v1\nkind: PolicyTest\npolicy: %s\ncases:\n" % os.path.abspath("rules.yaml") +
            "".join("- {name: case %d, object: %s, expect: {verdict: deny, message: x}}\n" % (i, json.dumps(pod(i)))
                    for i in range(n)))


# ---- files and commands ------------------------------------------------------------------------

def write(name, text):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "w", encoding="utf-8") as f:
        f.write(text)
    return name


def folder(n):
    for i in range(n):
        write("files-%d/%05d.yaml" % (n, i), POD % (i, image(i)))
    return "files-%d" % n


write("rules.yaml", RULES + "  registry: ghcr.io/acme\n  imagePullSecrets: [regcred]\n  imagePullPolicy: IfNotPresent\n")
P = ["-p", "rules.yaml"]
TEST = [["test", "-j", "1", *P, "-o", form] for form in "text json yaml diff junit sarif github tap".split()]
OBJECTS = TEST + [["apply", *P], ["apply", "--templates", *P], ["explain", *P], ["explain", *P, "-o", "json"],
                  ["bench", "--iterations", "1", "--warmup", "0", *P]]
OBJECTS += [["images", *P, "-o", form] for form in "table json skopeo-sync skopeo-copy".split()]
# Credentials of as many hosts as there are in none of the objects, and of one that is in all.
write("config.json", json.dumps({"auths": {h: {"auth": "dTpw"} for h in ["ghcr.io", *("r%d.example" % i for i in range(20))]}}))
OBJECTS += [["secrets", *P], ["secrets", *P, "-o", "json"], ["secrets", *P, "--from", "config.json"]]
cases = []
makers = {}
SIZES = (N // 50, N, 2 * N)


def case(name, verb, make):
    title = " ".join(w for w in verb if w not in ("rules.yaml", "-p")) + ", " + name
    makers[name] = make
    if all(w in title for w in words):
        cases.append((title, verb, name))


for shape, text in SHAPES.items():
    for verb in OBJECTS:
        case(shape, verb, lambda n, s=shape, t=text: write("%s-%d.yaml" % (s, n), t(n)))
for verb in OBJECTS:
    case("files", verb, folder)
# A walk from the first element to each costs little beside all else, until there are many.
for verb in (["test", "-j", "1", *P], ["apply", *P], ["images", *P, "-o", "json"], ["explain", *P, "-o", "json"]):
    case("very many containers", verb, lambda n: write("very-many-%d.yaml" % n, containers(20 * n)))
case("one string", TEST[2], lambda n: write("string-%d.yaml" % n, POD % (0, "nginx") + "note: " + "abc " * 1000 * n + "\n"))
for shape, text in RULE_FILES.items():
    for form in "text json sarif github".split():
        case(shape, ["lint", "-o", form], lambda n, s=shape, t=text: write("%s-%d.policy.yaml" % (s, n), t(n)))
for shape, text in DUMPS.items():
    for form in ("text", "json"):
        case(shape, ["doctor", *P, "--now", "2026-11-20", "-o", form],
             lambda n, s=shape, t=text: write("%s-%d.dump.json" % (s, n), json.dumps({
                 "apiVersion": "v1", "kind": "List", "items": t(n)})))
for form in "text json junit".split():
    case("cases", ["verify", "-o", form], lambda n: write("s-%d.test.yaml" % n, suite(n)))
for form in "text json".split():
    for verb in (["parse", "-o", form], ["explain", *P, "-o", form]):
        case("operands", [*verb, "--"], lambda n: [image(i) for i in range(n)])
write("one.yaml", POD % (0, "nginx"))
case("entries", ["secrets", *P, "one.yaml", "--from"], lambda n: write("entries-%d.json" % n, json.dumps(
    {"auths": {"r%d.example" % i: {"auth": "dTpw"} for i in range(n)}})))
for form in "table json skopeo-sync skopeo-copy".split():
    case("list", ["images", *P, "-o", form], lambda n: write("list-%d.txt" % n, "".join(image(i) + "\n" for i in range(n))))
for verb in (["review", *P], ["ask", *P, "--dry-run"]):
    case("review", verb, lambda n: write("review-%d.json" % n, json.dumps({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "u", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "n",
            "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": dict(pod(0), spec={"containers": [
                {"name": "a%d" % i, "image": "nginx:%d" % i} for i in range(n)]})}})))
CONSTRAINT = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\nmetadata: {name: a}\nspec: {parameters: {repos: [%s]}}\n"
CONFIGS = {
    "airbyte": lambda n: "global: {imagePullSecrets: [%s]}\n" % ", ".join("s%d" % i for i in range(n)),
    "gatekeeper": lambda n: CONSTRAINT % ", ".join("h%d.example/a/" % i for i in range(n)),
    "openshift": lambda n: "apiVersion: config.openshift.io/v1\nkind: Image\nspec: {registrySources: {blockedRegistries: [%s]}}\n" %
        ", ".join("h%d.example" % i for i in range(n)),
}
for form, text in CONFIGS.items():
    case("configuration of " + form, ["import", form], lambda n, f=form, t=text: write("%s-%d.conf.yaml" % (f, n), t(n)))
SYNC = ["sync", "--dry-run", "-p", write("sync.yaml", RULES + "  registry: a.io\n  imagePullSecrets: [x]\n"
        "  secrets: [{name: x, from: {namespace: n0, name: x}}]\n"), "--annotated", "*"]


def secret(namespace, name="x", **metadata):
    return {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "e30="},
            "metadata": dict(metadata, namespace=namespace, name=name)}


def namespaces(n):
    return [{"kind": "Namespace", "metadata": {"name": "n%d" % i}} for i in range(n)]


def keys(n):
    fields = {"f:data": {"f:k%d" % i: {} for i in range(n)}}
    return listed([*namespaces(2), dict(secret("n0"), data={"k%d" % i: "" for i in range(n)}), secret(
        "n1", managedFields=[{"manager": "pullgate-sync", "operation": "Apply", "fieldsV1": fields}], labels={
            "l%d" % i: "" for i in range(n)})])


DUMPS = {
    "namespaces": lambda n: listed([*namespaces(n), secret("n0")]),
    "secrets": lambda n: listed([*namespaces(n), *(secret("n%d" % i) for i in range(n))]),
    "secrets of one namespace": lambda n: listed([*namespaces(2), *(secret("n0", "s%d" % i) for i in range(n))]),
    "annotated secrets": lambda n: listed([*namespaces(9), *(secret("n0", "s%d" % i, annotations={
        "pullgate.dev/sync-to": "n1,a*"}) for i in range(n))]),
    "unreadable annotations": lambda n: listed([*namespaces(9), *(secret("n0", "s%d" % i, annotations={
        "pullgate.dev/sync-to": "N"}) for i in range(n))]),
    "copies of unreadable annotations": lambda n: listed([*namespaces(9), *(secret("n%d" % (i % 9), "s%d" % i, annotations={
        "pullgate.dev/sync-to": "N", "pullgate.dev/source": "n0/s%d" % i}, labels={
            "app.kubernetes.io/managed-by": "pullgate", "pullgate.dev/copy": "0"}) for i in range(n))]),
    "keys, fields and labels": keys,
    "names in one annotation": lambda n: listed([*namespaces(9), secret("n0", annotations={
        "pullgate.dev/sync-to": ",".join("m%d" % i for i in range(n))})]),
    "requirements in one annotation": lambda n: listed([*namespaces(9), secret("n0", annotations={
        "pullgate.dev/sync-to": ",".join("m%d=a" % i for i in range(n))})]),
}
for shape, text in DUMPS.items():
    for form in ("text", "json"):
        case("dump: " + shape, [*SYNC, "-o", form], lambda n, s=shape, t=text: write("%s-%d.json" % (s, n), t(n)))


@functools.cache
def made(title, n):
    """The operands; files are made once, before threads may meet in the making."""
    operands = makers[title](n)
    return operands if isinstance(operands, list) else [operands]


def measure(one):
    title, verb, shape = one
    few, some, twice = (count([POLICYCTL, *verb, *made(shape, n)]) for n in SIZES)
    return title, (twice - few) / max(some - few, 1), some - few


for _, _, shape in cases:
    for n in SIZES:
        made(shape, n)
failed = 0
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for title, ratio, cost_of_n in pool.map(measure, cases):
        if ratio > RATIO_MAX or cost_of_n < N:
            failed += 1
            print("FAILED %s: twice the input costs %.2f times the steps (%d at %d)" % (title, ratio, cost_of_n, N))
if not cases:
    sys.exit("no case has these words")
sys.exit(failed != 0)
