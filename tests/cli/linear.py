"""Steps that policyctl takes for N and for 2 N of something.

linear.py POLICYCTL_STEPS [WORD...]   in an empty folder; only cases whose name has all the words
No clock is read: a busy machine changes nothing. What next to nothing costs is taken off both."""
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
for form in "text json junit".split():
    case("cases", ["verify", "-o", form], lambda n: write("s-%d.test.yaml" % n, suite(n)))
for form in "text json".split():
    for verb in (["parse", "-o", form], ["explain", *P, "-o", form]):
        case("operands", [*verb, "--"], lambda n: [image(i) for i in range(n)])
for form in "table json skopeo-sync skopeo-copy".split():
    case("list", ["images", *P, "-o", form], lambda n: write("list-%d.txt" % n, "".join(image(i) + "\n" for i in range(n))))
for verb in (["review", *P], ["ask", *P, "--dry-run"]):
    case("review", verb, lambda n: write("review-%d.json" % n, json.dumps({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "u", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "n",
            "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": dict(pod(0), spec={"containers": [
                {"name": "a%d" % i, "image": "nginx:%d" % i} for i in range(n)]})}})))


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
