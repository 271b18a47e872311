#!/usr/bin/python3
"""Holds the answers that test_golden left beside the reviews against what the rows say must come.

check.py FOLDER      as expand.py made it, with mutate.json and validate.json (or .error) in each case

Beside each row's own expectation, one rule for all: whatever an allowed object would pull in the end
comes from a place that its suite lists (`from`), read here and not by pullgate.
"""
import base64
import json
import os
import sys

import jsonpatch

import rows

failed = checks = 0


def check(name, ok, detail):
    global failed, checks
    checks += 1
    if not ok:
        failed += 1
        print(f"FAILED {name}: {detail}"[:1500])


def load(folder, endpoint):
    """The response, or the text of an HTTP error."""
    path = os.path.join(folder, endpoint)
    if os.path.exists(path + ".error"):
        with open(path + ".error", encoding="utf-8") as f:
            return f.read()
    with open(path + ".json", encoding="utf-8") as f:
        return json.load(f)["response"]


def patch_of(response):
    return json.loads(base64.b64decode(response["patch"], validate=True)) if "patch" in response else []


def is_denied(name, response, code):
    check(name, isinstance(response, dict) and not response["allowed"], response)
    if not isinstance(response, dict) or response["allowed"]:
        return
    status = 422 if code == "malformed" else 403
    check(name, response["status"]["code"] == status, response["status"])
    reasons = response.get("auditAnnotations", {}).get("reasons", "")
    check(name, f"{code}: " in reasons, f"expected code {code}, found {reasons}")


def is_allowed(name, response, suite, row, wanted):
    if not isinstance(response, dict) or not response["allowed"]:
        check(name, False, response)
        return
    tree = rows.review(row, suite["name"])
    before = tree["request"].get("object")
    patch = patch_of(response)
    if wanted is None:
        check(name, not patch, f"patched: {patch}")
        return
    pod_spec = rows.TEMPLATES[row.get("kind", "pod")][5]
    after = jsonpatch.apply_patch(before, patch)
    images = rows.images_of(after, pod_spec)
    check(name, images == wanted["images"], f"found {images}, expected {wanted['images']}")
    if "secrets" in wanted:
        secrets = [(s or {}).get("name") or "" for s in after["spec"]["imagePullSecrets"]]
        check(name, secrets == wanted["secrets"], f"found {secrets}, expected {wanted['secrets']}")
    known = rows.images_of(tree["request"].get("oldObject"), pod_spec)
    for image in images:
        near = any(image == p or image.startswith((p + "/", p + ":", p + "@")) for p in suite["from"])
        check(name, near or image in known, f"{image} comes from none of {suite['from']}")


def expected_of_validate(row):
    """A review that /mutate would still change is refused by /validate; all else is answered alike."""
    then = row["then"]
    if "validate" in row:
        return row["validate"]
    if not isinstance(then, dict):
        return then
    tree = rows.review(row, "")
    pod_spec = rows.TEMPLATES[row.get("kind", "pod")][5]
    kept = rows.images_of(tree["request"]["object"], pod_spec) == then["images"]
    return "allow" if kept else "deny not-rewritten"


def run_row(suite, row, folder):
    name = f"{suite['name']}/{row['id']}"
    answers = {e: load(folder, e) for e in ("mutate", "validate")}
    for endpoint, then in (("mutate", row["then"]), ("validate", expected_of_validate(row))):
        label, answer = f"{name} {endpoint} ({row['tries']})", answers[endpoint]
        if isinstance(then, dict):
            is_allowed(label, answer, suite, row, then)
        elif then.startswith("deny "):
            is_denied(label, answer, then[len("deny "):])
        elif then in ("as it is", "allow"):
            is_allowed(label, answer, suite, row, None)
        else:
            check(label, then == "http 400" and isinstance(answer, str), f"{then}: {answer}")


def main(folder):
    n = 0
    for name, _, origins, found in rows.suites():
        suite = {"name": name, "from": origins}
        for row in found:
            n += 1
            try:
                run_row(suite, row, os.path.join(folder, name, row["id"]))
            except (KeyError, ValueError, TypeError, OSError, jsonpatch.JsonPatchException) as e:
                check(f"{name}/{row['id']}", False, repr(e))
    print(f"bypass: {n} rows, {checks} checks, {failed} failed")
    return 0 if failed == 0 and n >= 140 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
