"""The corpus of bypass attempts: rows of <suite>/*.yaml made into AdmissionReviews.

A row says who it comes from (source), what it tries, what it sends and the answer that must come:

    - id: host-in-capitals             one word for ctest's output and for the pod's name
      source: Connaisseur, ggcr        a CVE, an issue of another product, a measured fact
      tries: ...                       in a sentence
      kind: pod                        the template it starts from, one of TEMPLATES; pod if left out
      operation: CREATE                UPDATE: old is the template, object what the row makes of it
      image: QUAY.IO/evil/x            short for object: {<first container>/image: ...}
      object: {/pointer: value}        set below request.object; so are old: and request:
      drop: [/pointer]                 removed from request
      fill: {/pointer: [text, n]}      text n times, set below request.object
      nest: {/pointer: n}              n lists within each other, set below request.object
      many: {/pointer: [item, n]}      n copies of an item, its name and each # numbered, added to a list
      bytes: [[from, to]]              replaced in the finished body, one byte for each character; from ""
                                       is the beginning, to may be {repeat: text, n: times}
      then: deny CODE | as it is | http CODE | {images: [...], secrets: [...]}
      validate: allow | deny CODE      where it is not what `then` implies

`as it is`: allowed and not patched, since it is not judged (the row says why in `tries`). Images
are those of init containers, containers, ephemeral containers and volumes, in that order.
"""
import copy
import glob
import json
import os

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
KEYS = {"id", "source", "tries", "kind", "operation", "image", "object", "old", "request", "drop", "fill",
        "many", "nest", "bytes", "then", "validate", "cluster"}
USER = {"username": "mallory", "uid": "42", "groups": ["developers", "system:authenticated"]}


def spec(**more):
    return {"containers": [{"name": "main", "image": "ghcr.io/acme-data/app:1",
                            "imagePullPolicy": "IfNotPresent"}],
            "imagePullSecrets": [{"name": "regcred"}], "serviceAccountName": "default",
            "restartPolicy": "Always", **more}


def template(restart="Always"):
    return {"metadata": {"labels": {"app": "x"}}, "spec": spec(restartPolicy=restart)}


def workload(restart="Always", **more):
    return {"selector": {"matchLabels": {"app": "x"}}, "template": template(restart), **more}


# name: (group, version, kind, resource, subresource, pointer of the pod spec, the object)
TEMPLATES = {
    "pod": ("", "v1", "Pod", "pods", "", "/spec", {"spec": spec()}),
    "status": ("", "v1", "Pod", "pods", "status", "/spec", {"spec": spec()}),
    "resize": ("", "v1", "Pod", "pods", "resize", "/spec", {"spec": spec()}),
    "ephemeral": ("", "v1", "Pod", "pods", "ephemeralcontainers", "/spec", {"spec": spec(
        ephemeralContainers=[{"name": "known", "image": "quay.io/legacy/debug:1"}])}),
    "ephemeral-1.20": ("", "v1", "EphemeralContainers", "pods", "ephemeralcontainers", "", {
        "ephemeralContainers": [{"name": "known", "image": "quay.io/legacy/debug:1"}]}),
    "binding": ("", "v1", "Binding", "pods", "binding", "", {"target": {"kind": "Node", "name": "n1"}}),
    "eviction": ("policy", "v1", "Eviction", "pods", "eviction", "", {}),
    "exec": ("", "v1", "PodExecOptions", "pods", "exec", "", {"command": ["sh"]}),
    "podtemplate": ("", "v1", "PodTemplate", "podtemplates", "", "/template/spec", {"template": template()}),
    "rc": ("", "v1", "ReplicationController", "replicationcontrollers", "", "/spec/template/spec", {
        "spec": {"selector": {"app": "x"}, "template": template()}}),
    "deployment": ("apps", "v1", "Deployment", "deployments", "", "/spec/template/spec", {"spec": workload()}),
    "replicaset": ("apps", "v1", "ReplicaSet", "replicasets", "", "/spec/template/spec", {"spec": workload()}),
    "statefulset": ("apps", "v1", "StatefulSet", "statefulsets", "", "/spec/template/spec", {
        "spec": workload(serviceName="x")}),
    "daemonset": ("apps", "v1", "DaemonSet", "daemonsets", "", "/spec/template/spec", {"spec": workload()}),
    "job": ("batch", "v1", "Job", "jobs", "", "/spec/template/spec", {"spec": {"template": template("Never")}}),
    "cronjob": ("batch", "v1", "CronJob", "cronjobs", "", "/spec/jobTemplate/spec/template/spec", {
        "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template("Never")}}}}),
    "old-deployment": ("extensions", "v1beta1", "Deployment", "deployments", "", "/spec/template/spec", {
        "spec": workload()}),
    "widget": ("example.com", "v1", "Widget", "widgets", "", "/spec/template/spec", {"spec": workload()}),
    "configmap": ("", "v1", "ConfigMap", "configmaps", "", "", {"data": {"image": "quay.io/evil/x:1"}}),
}
PLACES = (("initContainers", "image"), ("containers", "image"), ("ephemeralContainers", "image"),
          ("volumes", "reference"))


def below(tree, pointer):
    """The container that holds a pointer's last step, made on the way, and that step."""
    steps = [s.replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:]]
    for step, following in zip(steps, steps[1:]):
        if isinstance(tree, list):
            tree = tree[int(step)]
            continue
        if not isinstance(tree.get(step), (dict, list)):
            tree[step] = [] if following in ("0", "-") else {}
        tree = tree[step]
    return tree, steps[-1]


def put(tree, pointer, value):
    holder, last = below(tree, pointer)
    if isinstance(holder, dict):
        holder[last] = value
    elif last == "-" or int(last) == len(holder):
        holder.append(value)
    else:
        holder[int(last)] = value


def nested(depth):
    out = []
    for _ in range(depth):
        out = [out]
    return out


def changed(row, base, key):
    out = copy.deepcopy(base)
    for pointer, value in row.get(key, {}).items():
        put(out, pointer, value)
    return out


def numbered(item, i):
    if not isinstance(item, dict):
        return item
    texts = {k: v.replace("#", str(i)) for k, v in item.items() if isinstance(v, str)}
    return {**item, **texts, "name": f"n{i}"}


def new_object(row, base, pod_spec):
    out = changed(row, base, "object")
    if "image" in row:
        if "ephemeral" in row.get("kind", ""):
            put(out, f"{pod_spec}/ephemeralContainers/-", {"name": "debug", "image": row["image"]})
        else:
            put(out, f"{pod_spec}/containers/0/image", row["image"])
    for pointer, (text, n) in row.get("fill", {}).items():
        put(out, pointer, text * n)
    for pointer, n in row.get("nest", {}).items():
        put(out, pointer, nested(n))
    for pointer, (item, n) in row.get("many", {}).items():
        for i in range(n):
            put(out, f"{pointer}/-", numbered(item, i))
    return out


def review(row, suite):
    """The tree of one row's review, before `bytes`."""
    group, version, kind, resource, sub, pod_spec, body = TEMPLATES[row.get("kind", "pod")]
    base = {"kind": kind, "apiVersion": f"{group}/{version}" if group else version,
            "metadata": {"name": row["id"], "namespace": "bypass", "labels": {"app": "x"}}, **body}
    updates = sub in ("ephemeralcontainers", "status", "resize")
    operation = row.get("operation", "UPDATE" if updates else "CREATE")
    obj = None if operation == "DELETE" else new_object(row, base, pod_spec)
    old = changed(row, base, "old") if operation in ("UPDATE", "DELETE") else row.get("old")
    request = {"uid": f"{suite}-{row['id']}", "kind": {"group": group, "version": version, "kind": kind},
               "resource": {"group": group, "version": version, "resource": resource},
               **({"subResource": sub} if sub else {}), "name": row["id"], "namespace": "bypass",
               "operation": operation, "userInfo": USER, "object": obj, "oldObject": old, "dryRun": False,
               "options": None}
    tree = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
    for pointer, value in row.get("request", {}).items():
        put(tree, f"/request{pointer}" if not pointer.startswith("/..") else pointer[3:], value)
    for pointer in row.get("drop", []):
        holder, last = below(request, pointer)
        holder.pop(int(last) if isinstance(holder, list) else last)
    return tree


def dumped(tree):
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def as_bytes(row, tree):
    out = dumped(tree)
    for old, new in row.get("bytes", []):
        new = new["repeat"] * new["n"] if isinstance(new, dict) else new
        old, new = old.encode("latin-1"), new.encode("latin-1")
        if old not in out:
            raise ValueError(f"{row['id']}: bytes: {old!r} is not there")
        out = out.replace(old, new, 1) if old else new + out
    return out


def images_of(obj, pod_spec):
    """Images of an object's pod spec as (place, text), whatever is malformed left out."""
    for step in pod_spec.split("/")[1:]:
        obj = obj.get(step) if isinstance(obj, dict) else None
    out = []
    for place, key in PLACES if isinstance(obj, dict) else ():
        for item in obj.get(place) or []:
            if place == "volumes":
                item = item.get("image") if isinstance(item, dict) else None
            if isinstance(item, dict) and key in item:
                out.append(item[key])
    return out


def check_row(row):
    missing = {"id", "source", "tries", "then"} - set(row)
    unknown = set(row) - KEYS
    if missing or unknown:
        raise ValueError(f"{row.get('id')}: missing {missing}, unknown {unknown}")


def suites():
    """(name, folder, where its images may come from, rows) of every suite: a folder with a rules.yaml."""
    for rules in sorted(glob.glob(os.path.join(HERE, "*", "rules.yaml"))):
        folder = os.path.dirname(rules)
        origins, found = [], []
        for path in sorted(glob.glob(os.path.join(folder, "*.yaml"))):
            if path == rules:
                continue
            with open(path, encoding="utf-8") as f:
                document = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            origins += document.get("from", [])
            found += document["rows"]
        for row in found:
            check_row(row)
        yield os.path.basename(folder), folder, origins, found
