#!/usr/bin/python3
"""The rows that a real API server can carry, sent to it by its own clients' ways.

cluster.py policies FOLDER        the rule files of the suites, each for its own namespace
cluster.py before PORT KEYS       objects that are there before the webhooks are: what UPDATEs start from
cluster.py attack PORT KEYS       the attempts, then all that is stored is read back

KEYS is a folder with ca.crt, admin.crt and admin.key. Reviews that an API server would never send stay
with the library, policyctl and the daemon; here the objects count, and what of them is stored in the end.
"""
import http.client
import json
import os
import ssl
import sys

import yaml

import rows

SUITES = ("denied", "mirrors", "strict")
APIS = {"pod": "/api/v1/namespaces/{ns}/pods", "podtemplate": "/api/v1/namespaces/{ns}/podtemplates",
        "rc": "/api/v1/namespaces/{ns}/replicationcontrollers",
        "deployment": "/apis/apps/v1/namespaces/{ns}/deployments",
        "replicaset": "/apis/apps/v1/namespaces/{ns}/replicasets",
        "statefulset": "/apis/apps/v1/namespaces/{ns}/statefulsets",
        "daemonset": "/apis/apps/v1/namespaces/{ns}/daemonsets", "job": "/apis/batch/v1/namespaces/{ns}/jobs",
        "cronjob": "/apis/batch/v1/namespaces/{ns}/cronjobs"}
PLACES = ("initContainers", "containers", "ephemeralContainers")
LIMIT = 3 << 20
http.client._MAXHEADERS = 20000  # a server warns of each label that is given twice
failed = checks = 0


def check(name, ok, detail):
    global failed, checks
    checks += 1
    if not ok:
        failed += 1
        print(f"FAILED {name}: {detail}"[:1000])


class Api:
    def __init__(self, port, keys):
        context = ssl.create_default_context(cafile=os.path.join(keys, "ca.crt"))
        context.load_cert_chain(os.path.join(keys, "admin.crt"), os.path.join(keys, "admin.key"))
        self.connection = http.client.HTTPSConnection("127.0.0.1", int(port), context=context, timeout=60)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8")
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {"message": text}


def policies(folder):
    for suite in SUITES:
        with open(os.path.join(rows.HERE, suite, "rules.yaml"), encoding="utf-8") as f:
            policy = yaml.safe_load(f)
        policy["spec"]["rules"] = [{"name": suite, "match": {"namespaces": [f"bypass-{suite}"]}}]
        with open(os.path.join(folder, suite + ".yaml"), "w", encoding="utf-8") as f:
            yaml.safe_dump(policy, f)


def carried():
    """(suite, namespace, origins, row, kind) of every row that an API server can carry."""
    for suite, _, origins, found in rows.suites():
        for row in found if suite in SUITES else ():
            kind = row.get("kind", "pod")
            is_known = kind in APIS or kind.startswith("ephemeral")
            of_request = "request" in row or any(not d.startswith("/object") and d != "/name" for d in row.get("drop", []))
            if is_known and not of_request and row.get("operation") != "DELETE":
                yield suite, f"bypass-{suite}", origins, row, kind


def at_server(obj, ns, kind):
    """The object with what a server asks of it."""
    obj.setdefault("metadata", {})["namespace"] = ns
    if kind == "cronjob":
        obj["apiVersion"] = "batch/v1"
    return obj


def as_bytes(row, obj):
    """The object's bytes, replaced as the row says where that is about the object; None where it is not."""
    if any(old.encode("latin-1") not in rows.dumped(obj) or old == "" for old, _ in row.get("bytes", [])):
        return None
    body = rows.as_bytes(row, obj)
    return body if len(body) <= LIMIT else None


def is_update(row, kind):
    return kind.startswith("ephemeral") or row.get("operation") == "UPDATE"


def before(api):
    created = 0
    for suite, ns, _, row, kind in carried():
        if not is_update(row, kind):
            continue
        old = rows.review(row, suite)["request"]["oldObject"]
        if not isinstance(old, dict):
            continue
        if kind.startswith("ephemeral"):
            old = rows.review({**row, "kind": "pod", "operation": "CREATE", "image": "ghcr.io/acme-data/app:1", "object": {},
                               "old": {}}, suite)["request"]["object"]
            kind = "pod"
        status, _ = api.ask("POST", APIS[kind].format(ns=ns), rows.dumped(at_server(old, ns, kind)))
        created += status == 201
    print(f"{created} objects are there before")
    return 0 if created >= 20 else 1


def request_of(api, row, suite, ns, kind):
    """(method, path, body)"""
    obj = rows.review(row, suite)["request"]["object"]
    if not isinstance(obj, dict):
        return None
    if kind.startswith("ephemeral"):
        containers = obj.get("spec", obj).get("ephemeralContainers")
        path = f"{APIS['pod'].format(ns=ns)}/{row['id']}"
        _, pod = api.ask("GET", path)
        if "spec" in pod:
            pod["spec"]["ephemeralContainers"] = containers
        return "PUT", path + "/ephemeralcontainers", as_bytes(row, pod)
    obj = at_server(obj, ns, kind)
    path = APIS[kind].format(ns=ns)
    if row.get("operation") == "UPDATE":
        return "PUT", f"{path}/{obj['metadata']['name']}", as_bytes(row, obj)
    return "POST", path, as_bytes(row, obj)


def stored_images(obj, pod_spec):
    for step in pod_spec.split("/")[1:]:
        obj = obj.get(step) or {}
    volumes = [v["image"]["reference"] for v in obj.get("volumes") or [] if "reference" in v.get("image", {})]
    return [c["image"] for place in PLACES for c in obj.get(place) or [] if "image" in c] + volumes


def is_mended(row):
    """What the API server itself drops or settles before it asks: of two keys it takes the last. What it stores
    then is looked at like all else."""
    return "bytes" in row


def attack_row(api, suite, ns, row, kind, seen):
    """True when it was sent."""
    name, then = f"{suite}/{row['id']}", row["then"]
    sent = request_of(api, row, suite, ns, kind)
    if sent is None or sent[2] is None:
        return False
    status, answer = api.ask(*sent)
    if isinstance(then, str) and then.startswith("deny "):
        seen["denied"] += "denied the request" in str(answer.get("message"))
        check(f"{name} ({row['tries']}): refused", 400 <= status < 500 or is_mended(row), f"{status} {answer}")
    elif isinstance(then, dict) and status in (200, 201) and kind == "pod":
        images = stored_images(answer, "/spec")
        check(f"{name} ({row['tries']}): stored", images == then["images"] and images,
              f"found {images}, expected {then['images']}")
    return True


def read_back(api, suite, ns, origins, known):
    pods = 0
    for kind, path in APIS.items():
        _, listed = api.ask("GET", path.format(ns=ns))
        for obj in listed["items"]:
            name = obj["metadata"]["name"]
            pods += kind == "pod"
            for image in stored_images(obj, rows.TEMPLATES[kind][5]):
                near = any(image == p or image.startswith((p + "/", p + ":", p + "@")) for p in origins)
                later = kind != "pod" and (image.strip() != image or "/" not in image)
                check(f"{suite}: {kind} {name}", near or later or image in known.get((kind, name), ()),
                      f"stored with {image}, which comes from none of {origins}")
    return pods


def known_images(api):
    """What is stored now, by namespace, kind and name."""
    out = {}
    for suite in SUITES:
        out[suite] = {}
        for kind, path in APIS.items():
            _, listed = api.ask("GET", path.format(ns=f"bypass-{suite}"))
            for obj in listed["items"]:
                out[suite][kind, obj["metadata"]["name"]] = stored_images(obj, rows.TEMPLATES[kind][5])
    return out


def attack(api):
    sent, known, seen = 0, known_images(api), {"denied": 0}
    origins = {suite: where for suite, _, where, _ in rows.suites()}
    for suite, ns, _, row, kind in carried():
        try:
            sent += attack_row(api, suite, ns, row, kind, seen)
        except (http.client.HTTPException, OSError, KeyError, TypeError) as e:
            check(f"{suite}/{row['id']}", False, repr(e))
            api.connection.close()
    pods = sum(read_back(api, s, f"bypass-{s}", origins[s], known[s]) for s in SUITES)
    print(f"cluster: {sent} attempts, {seen['denied']} denied by the webhook, {pods} pods are stored; "
          f"{checks} checks, {failed} failed")
    return 0 if failed == 0 and sent >= 350 and seen["denied"] >= 250 and pods >= 80 else 1


def main(word, *args):
    if word == "policies":
        policies(*args)
        return 0
    api = Api(*args)
    return before(api) if word == "before" else attack(api)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
