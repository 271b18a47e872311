#!/usr/bin/python3
"""The golden answers, held against the API server's implementation of JSON Patch and another of YAML.

patch.py ORACLES     the folder of tests/oracles/build.sh


For every case:
  - the answers are such as an API server takes: fields, codes, base64, operations of the patch
  - the patch, applied by the API server's library, gives the object that `policyctl test -o yaml` prints
    for the same review (read by PyYAML, which is YAML 1.1)
  - the patched object, asked about again, needs no patch and is let pass by both endpoints
"""
import base64
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
POLICYCTL = os.environ["POLICYCTL"]
NOW = ["--now", "2026-11-20"]
checks = failed = 0


def check(name, ok, detail=""):
    global checks, failed
    checks += 1
    if not ok:
        failed += 1
        print(f"FAILED {name}: {detail}"[:2000])


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


class ApiServer:
    """tests/oracles/patch, asked one question after the other."""

    def __init__(self, oracles):
        self.program = subprocess.Popen([os.path.join(oracles, "patch")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stdin.close()
        self.program.wait()

    def patched(self, before, patch):
        self.program.stdin.write(json.dumps({"object": before, "patch": patch}).encode() + b"\n")
        self.program.stdin.flush()
        answer = json.loads(self.program.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["object"]


def policyctl(*args):
    done = subprocess.run([POLICYCTL, *args], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def patch_of(answer):
    if "patch" not in answer["response"]:
        return []
    return json.loads(base64.b64decode(answer["response"]["patch"], validate=True))


def is_acceptable(name, review, answer, endpoint):
    """What facts/admission says of answers that an API server takes."""
    r = answer["response"]
    check(name, set(answer) == {"kind", "apiVersion", "response"}, set(answer))
    check(name, answer["kind"] == "AdmissionReview", answer["kind"])
    check(name, answer["apiVersion"] == review["apiVersion"], answer["apiVersion"])
    check(name, r["uid"] == review["request"]["uid"], r["uid"])
    check(name, isinstance(r["allowed"], bool), r["allowed"])
    check(name, ("status" in r) == (not r["allowed"]), "status if and only if denied")
    check(name, ("patch" in r) == ("patchType" in r), "patchType if and only if patch")
    if "status" in r:
        check(name, r["status"]["code"] in (403, 422) and r["status"]["message"], r["status"])
    if "patch" in r:
        op = review["request"]["operation"]
        check(name, endpoint == "mutate" and r["allowed"] and op in ("CREATE", "UPDATE"), "a patch here")
        check(name, r["patchType"] == "JSONPatch" and patch_of(answer), r["patchType"])
    for step in patch_of(answer):
        check(name, step["op"] in ("add", "replace"), step)
        check(name, step["path"].startswith("/") and "/-1" not in step["path"], step)
    for text in r.get("warnings", []):
        clean = all(ord(c) >= 0x20 and not 0x7F <= ord(c) < 0xA0 for c in text)
        check(name, 0 < len(text) <= 256 and clean, text)
    for key, value in r.get("auditAnnotations", {}).items():
        check(name, key.replace("-", "").isalnum() and len(key) < 64 and isinstance(value, str), key)


def is_beyond_reading(answer):
    """A review that was denied before it was read to its end: a key twice, a NUL, too deep."""
    return "the review cannot be judged" in answer["response"].get("status", {}).get("message", "")


def as_printed(name, path):
    """The object as `policyctl test -o yaml` leaves it; None for a review without one."""
    status, out, err = policyctl("test", "-p", "rules.yaml", *NOW, "-o", "yaml", path)
    check(name, status in (0, 1), f"exit status {status}: {err}")
    documents = list(yaml.safe_load_all(out))
    check(name, len(documents) <= 1, f"{len(documents)} documents")
    return documents[0] if documents else None


def asked_again(name, review, patched, folder):
    again = dict(review, request=dict(review["request"], object=patched))
    path = os.path.join(folder, "again.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(again, f)
    for endpoint in ("mutate", "validate"):
        status, out, err = policyctl("review", "-p", "rules.yaml", *NOW, "--endpoint", endpoint, path)
        check(f"{name} {endpoint}", status == 0, f"exit status {status}: {out} {err}")
        if status == 0:
            answer = json.loads(out)
            check(f"{name} {endpoint}", not patch_of(answer), patch_of(answer))


def run_case(suite, name, folder, server):
    case = f"{suite}/{name}"
    path = os.path.join(name, "review.json")
    if not os.path.exists(path):
        path = os.path.join(TESTS, "data/reviews", name + ".json")
    review = load(path)
    answers = {e: load(os.path.join(name, e + ".json")) for e in ("mutate", "validate")}
    for endpoint, answer in answers.items():
        is_acceptable(f"{case} {endpoint}", review, answer, endpoint)
    if is_beyond_reading(answers["mutate"]):
        status, _, err = policyctl("test", "-p", "rules.yaml", path)
        check(f"{case}: policyctl cannot read it either", status == 2 and path in err, f"{status}: {err}")
        return
    patch = patch_of(answers["mutate"])
    before = review["request"].get("object")
    patched = server.patched(before, answers["mutate"]["response"]["patch"]) if patch else before
    if isinstance(before, dict):
        # half a surrogate pair is what Go makes of it
        patched = json.loads(re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(patched, ensure_ascii=False)))
        printed = as_printed(f"{case}: policyctl", path)
        check(f"{case}: printed object", printed == patched, f"\n found    {printed}\n expected {patched}")
    if patch:
        asked_again(f"{case}: asked again", review, patched, folder)


def main(oracles):
    cases = sorted(glob.glob(os.path.join(TESTS, "golden/*/*/mutate.json")))
    with tempfile.TemporaryDirectory() as folder, ApiServer(oracles) as server:
        for path in cases:
            os.chdir(os.path.dirname(os.path.dirname(path)))
            suite, name = path.split("/")[-3:-1]
            try:
                run_case(suite, name, folder, server)
            except Exception as e:  # a case that cannot be read is a failure of that case
                check(f"{suite}/{name}", False, repr(e))
    print(f"patch.py: {len(cases)} cases, {checks} checks, {failed} failed")
    return 0 if failed == 0 and cases else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
