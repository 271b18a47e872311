"""Hostile names through every verb and format of policyctl, and through the daemon's first words.

names.py POLICYCTL PULLGATE, in an empty folder. Silent when all is well."""
import base64
import json
import os
import re
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as xml

import yaml

POLICYCTL, PULLGATE = sys.argv[1:]
failed = runs = 0

# Everything at once, and what harms at the start of a line or as a whole name.
MARKS = "\u200b\u200f\u202e\u2066\u2028\u2029\ufeff\u061c\U000e0041"
EVIL = "x\n::error::pwn\r\x1b[31m\x7f\u0085\u009b31m" + MARKS + "\n##[error]z\n##vso[task]\nnot ok 9 - t\tu\nok 8\n"
# What a rule file takes for a text: one line without control characters.
TAME = "::error::x ##[error] " + MARKS.replace("\u2028", "").replace("\u2029", "")
NAMES = [EVIL, "::error::first", "##[error]first", " \u00a0::error::blank", "ok 7 - fine", "1..0 # SKIP #x", ":"]
LINE = r"::|##\w*\[|(not )?ok(\s|\d|$)|\d+\.\."
DOCUMENT = r"::|##\w*\["
UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")


def fail(what, *details):
    global failed
    failed += 1
    print("FAILED", what, *[repr(d)[:400] for d in details], sep="\n  ")


def check_bytes(what, raw, own=r"(?!)", tabs=False, commands=True):
    """`own` is what lines may begin with that look like commands and are meant; `commands` is false for
    documents, where "##[" and "ok" count for nothing."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as e:
        return fail(what + ": no UTF-8", e)
    for line in text.split("\n"):
        bare = line.strip()
        if UNSEEN.search(line) or ("\t" in line and not tabs):
            fail(what + ": an unseen character", line)
        elif re.match(LINE if commands else DOCUMENT, bare) and not re.match(own, line):
            fail(what + ": a line of somebody else's", line)
        elif commands and re.search(r"##\w*\[", line):
            fail(what + ": a command of Azure, GitHub or TeamCity", line)
    return text


def run(verb, *args, own=r"(?!)", tabs=False, commands=True, stdin=b"", statuses=(0, 1, 2), env=None):
    global runs
    runs += 1
    what = " ".join([verb, *args])
    p = subprocess.run([POLICYCTL, verb, *args], input=stdin, capture_output=True, timeout=60,
                       env=dict(os.environ, **(env or {})))
    if p.returncode not in statuses:
        fail(what + ": status %d" % p.returncode, p.stderr)
    check_bytes(what + " (stderr)", p.stderr)
    return check_bytes(what, p.stdout, own, tabs, commands) or ""


def holds(what, value, names):
    """Do all the names come back, somewhere in the document?"""
    seen = set()

    def walk(v):
        if isinstance(v, dict):
            for k, x in v.items():
                seen.add(k)
                walk(x)
        elif isinstance(v, list):
            for x in v:
                walk(x)
        else:
            seen.add(v)
    walk(value)
    for name in names:
        if not any(isinstance(s, str) and name in s for s in seen):
            fail(what + ": a name did not come back", name, list(seen)[:20])


def pod(name, image, kind="Pod"):
    spec = {"containers": [{"name": name, "image": image}, {"name": "bare", "image": "nginx"}],
            "initContainers": [{"name": name, "image": image}],
            "imagePullSecrets": [{"name": name}]}
    return {"apiVersion": "v1", "kind": kind,
            "metadata": {"name": name, "namespace": name, "labels": {name: name},
                         "annotations": {name: name, "b": name}},
            name: "at the top", "spec": spec}


def put(path, data):
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else json.dumps(data).encode())


# ---- inputs ------------------------------------------------------------------------------------

FILES = [n.replace("/", "_") + ".yaml" for n in NAMES]
os.mkdir("in")
for i, (path, name) in enumerate(zip(FILES, NAMES)):
    put(os.path.join("in", path), b"---\n".join(
        json.dumps(o).encode() + b"\n" for o in (pod(name, "nginx:%d" % i), pod(name, name), pod(name, "quay.io/a/b:1"),
                                                 {"apiVersion": "v1", "kind": name, "metadata": {"name": name}})))
put(os.path.join("in", b"\xff\xfe not text.yaml".decode("utf-8", "surrogateescape")), pod("p", "nginx"))
os.mkdir("bad")
BAD = {"unclosed": 'kind: Pod\nmetadata: {name: "x\n', "twice": json.dumps({EVIL: 1})[:-1] + "," + json.dumps({EVIL: 2})[1:],
       "scalar": "- 1\n", "version": json.dumps({"apiVersion": EVIL, "kind": EVIL}) ,
       "version2": json.dumps({"apiVersion": EVIL, "kind": "Deployment"}),
       "excerpt": "::error::pwn: 1\n\t\u202e\u009b: {\n", "line": "kind: [\n ::error::pwn\n"}
for key, text in BAD.items():
    put("bad/" + EVIL.replace("/", "_") + key + ".yaml", text.encode())
os.chdir("in")  # operands begin with what the names begin with
with open("../rules.yaml", "w") as f:
    json.dump({"apiVersion": "pullgate/v1", "kind": "ImagePolicy", "metadata": {"name": "hostile"},
                    "spec": {"registry": "ghcr.io/acme", "imagePullSecrets": ["regcred"], "message": TAME,
                             "rules": [{"name": TAME, "match": {"namespaces": ["a*", "x*"], "podLabels": {"matchLabels": {"a": "b"}}}},
                                       {"name": "all " + TAME}],
                             "exemptions": [{"images": ["quay.io/a/c"], "reason": TAME, "owner": TAME,
                                             "until": "2020-01-01"}]}}, f)
os.rename("../rules.yaml", "../" + EVIL.replace("/", "_") + "rules.yaml")
RULES = "../" + EVIL.replace("/", "_") + "rules.yaml"
P = ["-p", RULES]
GITHUB = r"::(error|warning|notice) file=[^:,\n]*(,line=\d+)?(,col=\d+)?,title=[^:,\n]*::."

# ---- test, in every format ---------------------------------------------------------------------

for args in (FILES, ["."], ["../bad"], ["nowhere " + EVIL], ["--require-objects", "../bad", "nowhere\n::error::x"]):
    run("test", *P, *args)
    run("test", *P, "--quiet", *args)
    run("test", *P, "-o", "diff", *args, commands=False)
    text = run("test", *P, "-o", "github", *args, own=GITHUB)
    doc = run("test", *P, "-o", "tap", *args, own=r"(not )?ok \d+ - |1\.\.\d+")
    numbers = [int(n) for n in re.findall(r"^(?:not )?ok (\d+) - ", doc, re.M)]
    plan = re.search(r"^1\.\.(\d+)", doc, re.M)
    if plan is None:
        fail("tap: no plan, %r" % args, doc)
        continue
    if numbers != list(range(1, len(numbers) + 1)) or int(plan.group(1)) != len(numbers):
        fail("tap: numbers of %r" % args, numbers, plan)
    if re.search(r"^(not )?ok .*[^\\](\\\\)*#", doc, re.M):
        fail("tap: a directive", doc)
    as_json = json.loads(run("test", *P, "-o", "json", *args, commands=False))
    as_sarif = json.loads(run("test", *P, "-o", "sarif", *args, commands=False))
    as_xml = xml.fromstring(run("test", *P, "-o", "junit", *args, commands=False).encode())
    docs = list(yaml.safe_load_all(run("test", *P, "-o", "yaml", *args, commands=False)))
    if args is not FILES:
        continue
    holds("json", as_json, FILES + NAMES)
    uris = {urllib.parse.unquote(x["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
            for x in as_sarif["runs"][0]["results"]}
    for path in FILES:
        if path not in uris:
            fail("sarif: a file did not come back", path, uris)
    seen = {(c.get("classname"), c.get("name")) for c in as_xml.iter("testcase")}
    for path, name in zip(FILES, NAMES):
        def shown(s):
            return re.sub("[\0-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", s)
        if not any(c == shown(path) and shown(name) in n for c, n in seen):
            fail("junit: a case did not come back", path, seen)
    holds("yaml", docs, NAMES)
    named = set(re.findall(r" file=([^,]*),", text))
    for path in FILES:
        plain = "".join("".join("\\x%02x" % b for b in c.encode()) if UNSEEN.match(c) and c not in "\r\n" or c == "\t" else c for c in path)
        wanted = plain.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C")
        if wanted.replace("##[", "\\x23#[").replace("##vso[", "\\x23#vso[") not in named:
            fail("github: a file did not come back", wanted, named)

# ---- the other verbs ---------------------------------------------------------------------------

LIST = "".join(n.replace("\n", " ") + "\n" for n in NAMES + ["nginx", "quay.io/a/c:2"]).encode()
for args in (FILES, ["."], ["../bad"]):
    for form in ("table", "skopeo-sync", "skopeo-copy"):
        run("images", *P, "-o", form, *args)
    json.loads(run("images", *P, "-o", "json", *args, commands=False))
    run("secrets", *P, *args)
    json.loads(run("secrets", *P, "-o", "json", *args, commands=False))
    run("secrets", *P, "--external-secrets", EVIL, *args, commands=False)
    run("secrets", *P, "--username", EVIL.replace(":", ""), "--password-stdin", "--registry", EVIL, *args, commands=False, stdin=b"x")
    run("explain", *P, *args)
    for line in run("explain", *P, "-o", "json", *args, commands=False).split("\n")[:-1]:
        json.loads(line)
    run("bench", *P, "--iterations", "1", "--warmup", "0", *args)
for form in ("table", "skopeo-sync", "skopeo-copy"):
    run("images", *P, "-o", form, "-", stdin=LIST)
run("explain", *P, "--", *NAMES)
run("explain", *P, "-n", EVIL, "nginx")
run("parse", "--", *NAMES)
for line, name in zip(run("parse", "-o", "json", "--", *NAMES, commands=False).split("\n"), NAMES):
    if json.loads(line)["input"] != name:
        fail("parse: a name did not come back", name, line)
for path in FILES:
    run("review", *P, path, commands=False)
for args in (FILES, ["."], ["../bad"]):
    run("ask", *P, "--dry-run", *args)
for args in (["--server", EVIL, "--ca", EVIL], ["--server", "https://127.0.0.1:1", "--ca", EVIL],
             ["--server", "https://127.0.0.1:1", "--ca", EVIL, "--servername", EVIL]):
    run("ask", *P, *args)
# The manifests of `apply` are the author's own bytes; what it says about them is not.
for args in (["."], ["../bad"], FILES[:1]):
    subprocess_out = subprocess.run([POLICYCTL, "apply", *P, *args], capture_output=True, timeout=60)
    check_bytes("apply (stderr)", subprocess_out.stderr)

# ---- dumps -------------------------------------------------------------------------------------

def dumped(kind, name, **more):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": name}, **more}


DUMP = [o for n in NAMES for o in (
    {**pod(n, n), "status": {"containerStatuses": [{"name": n, "state": {"waiting": {"reason": "ErrImagePull", "message": n}}}]}},
    dumped("Secret", n, type=n, data={".dockerconfigjson": "e30="}),
    dumped("Secret", "s" + n, type="kubernetes.io/dockerconfigjson", data={n: "e30=", ".dockerconfigjson": base64.b64encode(
        json.dumps({"auths": {n: {"username": n, "auth": n}}}).encode()).decode()}),
    dumped("ServiceAccount", "default", imagePullSecrets=[{"name": n}]),
    dumped("Event", n, reason="Failed", message='Failed to pull image "%s": %s' % (n, n),
           involvedObject={"kind": n, "namespace": n, "name": n}))]
put("../dump" + EVIL.replace("/", "_") + ".json", {"apiVersion": "v1", "kind": "List", "items": DUMP})
for form in ("text", "json", "junit", "sarif", "github"):
    doc = run("doctor", *P, "-o", form, "../dump" + EVIL.replace("/", "_") + ".json", own=GITHUB,
              commands=form in ("text", "github"))
    if form in ("json", "sarif"):
        json.loads(doc)
    if form == "junit":
        xml.fromstring(doc.encode())
    if form == "json":
        holds("doctor: json", json.loads(doc), NAMES)
run("doctor", *P, "--cluster", "--context", EVIL, "-v", env={"KUBECTL": "false"})

# ---- rule files --------------------------------------------------------------------------------

WRONG = {"key": {"spec": {EVIL: 1}}, "kind": {"kind": EVIL}, "pattern": {"spec": {"approved": [EVIL]}},
         "registry": {"spec": {"registry": EVIL}}, "mode": {"spec": {"mode": EVIL}}, "name": {"metadata": {EVIL: EVIL}},
         "until": {"spec": {"exemptions": [{"images": ["a"], "reason": EVIL, "owner": EVIL, "until": EVIL}]}},
         "regex": {"spec": {"approved": [{"regex": "(" + EVIL}]}}, "mirror": {"spec": {"mirrors": {EVIL: EVIL}}},
         "namespaces": {"spec": {"rules": [{"name": EVIL, "match": {"namespaces": [EVIL]}},
                                           {"name": EVIL, "match": {"namespaces": [EVIL]}}]}}}
for key, change in WRONG.items():
    path = ("../::error::" + key + EVIL).replace("/", "_").replace(".._", "../") + ".yaml"
    put(path, {"apiVersion": "pullgate/v1", "kind": "ImagePolicy", "metadata": {"name": "hostile"}, "spec": {}, **change})
    for form in ("text", "json", "sarif", "github"):
        doc = run("lint", "-o", form, path, own=GITHUB, commands=form in ("text", "github"))
        if form in ("json", "sarif"):
            json.loads(doc)
    run("test", "-p", path, FILES[0])
    run("explain", "-p", path, "nginx", commands=False)

# ---- dumps -------------------------------------------------------------------------------------

put("../sync.yaml", {"apiVersion": "pullgate/v1", "kind": "ImagePolicy", "spec": {
    "registry": "a.io", "imagePullSecrets": ["x"], "secrets": [{"name": "x", "from": {"namespace": "p", "name": "x"}}]}})
put("../dump.json", {"kind": "List", "items": [
    *({"kind": "Namespace", "metadata": {"name": n, "labels": {n: n}}} for n in (TAME, *NAMES[1:], "p")),
    *({"kind": "Secret", "type": n, "metadata": {"name": "x", "namespace": n, "annotations": {
        "pullgate.dev/sync-to": n, "pullgate.dev/source": n, n: n}, "managedFields": [
            {"manager": n, "fieldsV1": {"f:data": {"f:" + n: {}}}}]}, "data": {n: n}} for n in (TAME, *NAMES[1:])),
    {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "metadata": {"name": "x", "namespace": "p", "annotations": {
        "pullgate.dev/sync-to": EVIL}}, "data": {".dockerconfigjson": "e30="}}]})
run("sync", "--dry-run", "-p", "../sync.yaml", "--annotated", "*", "../dump.json")
json.loads(run("sync", "--dry-run", "-p", "../sync.yaml", "--annotated", EVIL, "-o", "json", "../dump.json", commands=False))
put("../bad.json", {"kind": EVIL + "List", "items": [{"kind": EVIL, "items": EVIL}, {"kind": "Secret", "metadata": {"name": EVIL}},
                                                    {"kind": "Namespace", "metadata": {"labels": {EVIL: 1}}}]})
run("sync", "--dry-run", "-p", "../sync.yaml", "../bad.json")

# ---- suites ------------------------------------------------------------------------------------

os.mkdir("../suites")
put("../suites/" + EVIL.replace("/", "_") + ".test.yaml", {
    "apiVersion": "pullgate/v1", "kind": "PolicyTest", "policy": RULES,
    "cases": [{"name": n, "object": pod(n, n), "expect": {
        "verdict": "allow", "message": "x", "images": {n: n, "y" + n: n}, "rule": n, "secrets": [n]}} for n in [TAME, *NAMES[1:]]]})
put("../suites/::error::b" + EVIL.replace("/", "_") + ".test.yaml", {"kind": "PolicyTest", EVIL: 1})
put("../suites/c.test.yaml", {"apiVersion": "pullgate/v1", "kind": "PolicyTest", "policy": EVIL, "cases": [
    {"name": TAME, "object": {}, "expect": {"verdict": EVIL}}]})
for args in ([], ["-v"]):
    run("verify", *args, "../suites", tabs=True, own=r"ok  \t")
names = json.loads(run("verify", "-o", "json", "../suites", commands=False))
holds("verify: json", names, [TAME, *NAMES[1:]])
xml.fromstring(run("verify", "-o", "junit", "../suites", commands=False).encode())
run("verify", "--run", EVIL + "(", "../suites", tabs=True)
run("verify", "--run", EVIL + "none", "../suites", tabs=True, own=r"ok  \t")

# ---- certificates ------------------------------------------------------------------------------

folder = "../tls" + EVIL.replace("/", "_")
with open("../openssl.cnf", "w") as f:
    f.write("[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=utf8only\nutf8=yes\n[dn]\nCN=\"a\u202eb\u009b31m\x1bc\"\nO=\"::error::x\"\n")
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-utf8", "-config", "../openssl.cnf", "-addext", "subjectAltName=DNS:a\u202eb.example,email:x@y",
                "-keyout", "../tls.key", "-out", "../tls.crt"], check=True, capture_output=True)
run("certs", "show", "--tls-cert", "../tls.crt")
run("certs", "check", "--tls-cert", "../tls.crt", "--tls-key", "../tls.key", "--name", EVIL)
run("certs", "init", "--dir", folder, "--service", "a")
run("certs", "check", "--dir", folder, "--name", EVIL)
run("certs", "show", "--dir", folder)
run("certs", "rotate", "--dir", folder, "--force", "--dns", EVIL)
run("certs", EVIL)
run("certs", "show", "--dir", "nowhere" + EVIL)
run("render", "--image", EVIL, "--policy", RULES, "--certs", folder, commands=False)

# ---- the command line --------------------------------------------------------------------------

VERBS = re.findall(r"^  (\w+) ", subprocess.run([POLICYCTL, "help"], capture_output=True, text=True, check=True).stdout, re.M)
for verb in (EVIL, *VERBS):
    for args in ([EVIL, EVIL], ["--" + EVIL], ["--" + EVIL + "=1"], ["-\x1b"], ["--output", EVIL], ["--now", EVIL],
                 ["--policy", EVIL, EVIL], ["--policy", "::x", EVIL], ["--iterations", EVIL], ["--ignore", EVIL, EVIL],
                 ["--namespace", EVIL, EVIL], ["-p", "::error::" + EVIL, "-"]):
        run(verb, *args, tabs=True, own=r"ok  \t")
run("test", FILES[0], env={"PULLGATE_POLICY": "::error::\n" + EVIL})
for args in (["--" + EVIL], [EVIL], ["--policy", EVIL, "--listen", EVIL], ["--log-level", EVIL], ["--max-body", EVIL],
             ["--policy", EVIL, "--tls-cert", EVIL, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"],
             ["--healthcheck", "--metrics-listen", EVIL]):
    for env in ({}, {"PULLGATE_ERROR\n::error::x": EVIL}, {"PULLGATE_MAX_BODY": EVIL}):
        p = subprocess.run([PULLGATE, *args], capture_output=True, timeout=60, env=dict(os.environ, **env))
        for line in p.stderr.splitlines():
            if line.startswith(b"{"):
                json.loads(line)
        check_bytes("pullgate %r" % args, p.stdout + p.stderr, commands=not p.stderr.startswith(b"{"))
        runs += 1

if runs < 300:
    fail("only %d runs" % runs)
sys.exit(failed != 0)
