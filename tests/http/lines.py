"""The worst pods for an audit line, and what must hold of the lines and answers they got.

make FOLDER                            pod-NAME.json and MODE.yaml
check MODE LIMIT AUDIT_FILE PREFIX     the lines; the answers in PREFIX-ENDPOINT-pod-NAME.answer
"""
import base64
import glob
import json
import os
import sys

WORST = "\x01"  # one byte, six in the line
MIXED = "\u20ac\u202e\x9b\x00\"\\\ufeff\U0001f600\x7fa"  # of one to four bytes, as they are and escaped
ALWAYS = "time event endpoint uid operation namespace name user verdict rule dryRun policySha256".split()


def pod(containers, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app", "namespace": "team"},
            "spec": {"containers": containers, **spec}}


def pods():
    plain = {"name": "a", "image": "quay.io/evil/x"}
    many = [{"name": f"c{i}" + "n" * 60, "image": f"quay.io/evil/{i}"} for i in range(100_000)]
    odd = MIXED.replace("\0", "")
    yield "many", pod(many)
    yield "many-short", pod([{"image": "x"}] * 100_000)
    yield "many-bad", pod([{"name": WORST * 40, "image": WORST * 40}] * 30_000)
    yield "huge-image", pod([{"name": "a", "image": "quay.io/evil/x"}, {"name": "b", "image": WORST * 1_400_000}])
    yield "huge-name", pod([{"name": WORST * 1_400_000, "image": "quay.io/evil/x"}])
    yield "huge-mixed", pod([{"name": odd * 50_000, "image": odd * 50_000}] * 5)
    # whatever is cut off first: each place in a character, at each limit
    yield "cut", pod([{"name": "x" * i + odd * 200, "image": "y" * i + odd * 200} for i in range(300)])
    yield "secrets", pod([plain], imagePullSecrets=[{"name": f"s{i}"} for i in range(100_000)])
    yield "empty", pod([])


def review(name, obj):
    big = MIXED * 2000
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": (name + "-").ljust(256, WORST), "operation": "CREATE", "dryRun": True,
        "kind": {"group": "", "version": WORST * 9000, "kind": "Pod"},
        "resource": {"group": "", "version": WORST * 9000, "resource": "pods"},
        "namespace": "team" + WORST * 20_000, "name": WORST * 20_000, "object": obj, "oldObject": None,
        "userInfo": {"username": big, "groups": [big] * 5, "extra": {big: [big]}}}}


def make(folder):
    for name, obj in pods():
        with open(os.path.join(folder, f"pod-{name}.json"), "w") as f:
            json.dump(review(name, obj), f, ensure_ascii=name != "huge-mixed")
    for mode in "enforce", "warn", "audit":
        rule = {"name": "r" * 128, "imagePullSecrets": [f"our-{i}" + "s" * 200 for i in range(200)],
                "message": "ask!" * 256}
        with open(os.path.join(folder, f"{mode}.yaml"), "w") as f:
            json.dump({"apiVersion": "pullgate/v1", "kind": "ImagePolicy", "spec": {
                "mode": mode, "registry": "ghcr.io/acme-data", "rules": [rule]}}, f)


def once(pairs):
    keys = [k for k, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key twice: {keys}"
    return dict(pairs)


def check_line(line, limit, mode, endpoint, name):
    assert len(line) + 1 <= limit, f"{len(line) + 1} bytes, limit {limit}"
    found = json.loads(line.decode("utf-8", "strict"), object_pairs_hook=once)
    missing = [k for k in ALWAYS if not found.get(k) and found.get(k) is not True]
    assert not missing, f"without {missing}"
    assert found["uid"] == (name + "-").ljust(256, WORST), "another uid"
    assert found["endpoint"] == endpoint
    assert found["cut"] is True, "does not say that it is cut"
    assert found["namespace"].startswith("team") and found["rule"] == "r" * 128 and found["mode"] == mode
    assert (MIXED * 2000).startswith(found["user"]) and len(found["user"].encode()) > 500
    n = {"many": 100_000, "many-short": 100_000, "many-bad": 30_000, "huge-image": 2, "huge-name": 1,
         "huge-mixed": 5, "cut": 300, "secrets": 1, "empty": 0}[name]
    shown = len(found["images"])
    assert shown + found.get("imagesOmitted", 0) == n, f"{shown} images of {n}"
    assert shown > 0 or n == 0 or limit < 65536, "no image at all"
    assert found.get("reasons") or name in ("empty", "many-short"), "no reason at all"
    for text in [i[k] for i in found["images"] for k in i]:
        assert "\ufffd" not in text, "a character that was cut through"


def check_answer(path, mode):
    with open(path, "rb") as f:
        answer = f.read()
    response = json.loads(answer.decode("utf-8", "strict"))["response"]
    assert len(json.dumps(response.get("status", {}))) < 256 << 10, "a long message"
    assert sum(len(w) for w in response.get("warnings", [])) <= 4200, "long warnings"
    assert all(len(w) <= 256 for w in response.get("warnings", [])), "a long warning"
    for key, text in response["auditAnnotations"].items():
        assert len(text.encode()) <= 8192 and "\ufffd" not in text, f"{key}: {len(text)} bytes"
    if "patch" in response:
        json.loads(base64.b64decode(response["patch"]))


def check(mode, limit, audit, prefix):
    limit = int(limit[:-3]) << {"KiB": 10, "MiB": 20}[limit[-3:]]
    with open(audit, "rb") as f:
        lines = f.read().split(b"\n")
    assert lines.pop() == b"", "the last line has no end"
    asked = [(os.path.basename(p)[4:-5], e) for p in sorted(glob.glob("pod-*.json")) for e in ("mutate", "validate")]
    assert len(lines) == len(asked), f"{len(lines)} lines for {len(asked)} decisions"
    for line, (name, endpoint) in zip(lines, asked):
        try:
            check_line(line, limit, mode, endpoint, name)
            check_answer(f"{prefix}-{endpoint}-pod-{name}.answer", mode)
        except (AssertionError, ValueError, KeyError) as e:
            sys.exit(f"{name}, /{endpoint}: {type(e).__name__} {e}\n{line[:400]!r} ... {line[-300:]!r}")


if sys.argv[1] == "make":
    make(*sys.argv[2:])
else:
    check(*sys.argv[2:])
