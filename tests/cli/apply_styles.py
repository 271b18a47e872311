#!/usr/bin/env python3
"""policyctl apply over one pod written in hundreds of ways.

    apply_styles.py POLICYCTL

Each text is made of lists of pull secrets, layouts, quotes and line ends; what comes out says, to PyYAML, what
`test -o yaml` says; differs from what came in in the lines of the images and the secrets alone; and does not
change when it is applied again.
"""
import difflib
import itertools
import os
import subprocess
import sys
import tempfile

import yaml

policyctl = sys.argv[1]
RULES = """apiVersion: pullgate/v1
kind: ImagePolicy
spec:
  registry: ghcr.io/acme
  imagePullPolicy: IfNotPresent
  imagePullSecrets: [regcred, second]
"""

# imagePullSecrets as block lists (dash at the given indent), and as flow.
BLOCK = [None, "", " null", " ~ # none", " []", " [ ]  # empty", "\n{d}- name: own", "\n{d}- name: own # mine",
         "\n{d}- name: \"\"", "\n{d}- name: ''", "\n{d}- {{}}", "\n{d}-", "\n{d}- name:",
         "\n{d}- name: own\n{d}- name: own", "\n{d}- name: own\n{d}- name: ''\n{d}- name: other # x",
         "\n{d}- name: regcred", "\n{d}- name: second\n{d}- name: regcred", "\n{d}-   name: 'own'",
         "\n{d}# before\n{d}- name: own\n\n{d}# behind", " [{{name: own}}]", " [{{name: \"own\"}}, {{}}]",
         " [{{name: ''}}]", " [{{}}]", " [\n{d}  {{name: own}}, # mine\n{d}  {{name: b}},\n{d}]",
         "\n{d}- {{name: own}}", "\n{d}- {{\n{d}    name: own }}", "\n{d}- name: a\n{d}- name: ''\n{d}- name: ''\n{d}- name: ''\n{d}- name: ''"]
IMAGES = ["nginx:1", "'nginx:1'", '"nginx:1"', '"ngin\\x78:1"', "nginx:1 # why", ">-\n{i}  nginx:1", "|-\n{i}    nginx:1",
          "!!str nginx:1", "&i nginx:1", "library/x@sha256:" + "a" * 64]
FLOW = ["", "imagePullSecrets: [{}, {name: own, more: x}], ", "imagePullSecrets: [], ", "imagePullSecrets: [{name: ''}], ", "imagePullSecrets: null, ",
        "imagePullSecrets: , ", "imagePullSecrets: [{name: own},], ", "imagePullSecrets: [{}, {name: own}, {}], "]
POLICIES = [None, "imagePullPolicy: Always", "imagePullPolicy: IfNotPresent", "imagePullPolicy: 'Never'", "imagePullPolicy:",
            "imagePullPolicy: null"]


def block(secrets, image, dash, policy="", head="", order=0):
    indent = "  "
    d = indent + " " * dash
    lines = [] if secrets is None else [indent + "imagePullSecrets:" + secrets.format(d=d)]
    image = image.format(i=d + "  ")
    container = [f"{d}- name: a", f"{d}  image: {image}"] + ([f"{d}  {policy}"] if policy else [])
    containers = [indent + "containers:"] + container
    body = lines + containers if order == 0 else containers + lines
    return head + "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec: # of the pod\n" + "\n".join(body) + "\n"


def texts():
    for secrets, dash, order in itertools.product(BLOCK, (0, 2, 4), (0, 1)):
        yield block(secrets, "nginx:1", dash, order=order)
    for image, policy in itertools.product(IMAGES, POLICIES):
        yield block("\n{d}- name: own", image, 0, policy or "")
    for secrets, image in itertools.product(FLOW, ("nginx:1", "'nginx:1'", '"nginx:1"')):
        yield f"{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{{secrets}containers: [{{name: a, image: {image}}}]}}}}\n"
        yield f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{\n    {secrets}\n    containers: [ {{ image: {image} }} ] }}\n"
    for secrets in ("", '"imagePullSecrets":[],', '"imagePullSecrets":[{"name":""}],', '"imagePullSecrets":null,',
                    '"imagePullSecrets":[{"name":"own"}],', '"imagePullSecrets":[{},{"name":"own"},{"name":"own"}],'):
        compact = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{' + secrets + \
            '"containers":[{"name":"a","image":"nginx:1"}]}}'
        yield compact
        yield compact.replace(":[", ": [").replace('":', '": ').replace(",", ", ")
        yield compact.replace(",", ",\n  ").replace("{", "{\n  ").replace('":', '": ')
    plain = block("\n{d}- name: own # mine", "nginx:1", 2)
    yield plain.replace("\n", "\r\n")
    yield block(None, "nginx:1", 2).replace("\n", "\r\n")
    yield plain.rstrip("\n")
    yield block("\n{d}- name: own", "nginx:1", 2, order=1).rstrip("\n")
    yield "\ufeff" + plain
    yield "# ä€😀\n" + plain.replace("name: a\n", "name: a # ä\n")
    yield "---\n" + plain + "---\n# nothing\n---\n" + plain + "...\n"
    yield "apiVersion: v1\nkind: List\nitems:\n- " + plain.rstrip("\n").replace("\n", "\n  ") + "\n"
    yield "spec: &spec\n  containers: [{name: a, image: nginx:1}]\nkind: Pod\napiVersion: v1\nmetadata: {name: a}\n"


# Where an anchored value stands for something else, too, nothing can be changed in place: told, not done.
REFUSED = [
    "x: &c {name: a, image: nginx:1}\nspec:\n  containers: [*c]\nkind: Pod\napiVersion: v1\nmetadata: {name: a}\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {was: &i nginx:1}}\nspec:\n  containers:\n  - name: a\n    image: *i\n",
]
# ... but where all of them become the same, it is changed once.
SHARED = [
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: &i nginx:1\n  - name: b\n    image: *i\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: &c\n  - name: a\n    image: nginx:1\n  initContainers: *c\n",
]
# What a "<<" merges is overridden beside it.
SHARED += [
    "x: &c\n  image: nginx:1\nspec:\n  containers:\n  - <<: *c\n    name: b\nkind: Pod\napiVersion: v1\nmetadata: {name: a}\n",
]
# What is announced by an anchor, a tag or `?`, or is a mapping of one pair within a list.
HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
SHARED += [HEAD + rest for rest in (
    "spec:\n  &k containers:\n  - &n name: a\n    &m image: nginx:1\n",
    "spec: !!map\n  containers: !!seq\n  - !!map\n    name: a\n    !!str image: nginx:1\n",
    "spec:\n  ? &c containers\n  :\n  - ? image\n    : nginx:1\n    ? name\n    : a\n",
    "spec: {? containers : [{? image : nginx:1, ? name : a}], imagePullSecrets: [name: own]}\n",
    "spec:\n  containers: [{name: a, image: nginx:1}]\n  imagePullSecrets:\n  - name: own\n  -\n  - name: >-\n      nginx-own\n  # behind\n",
    "spec:\n  containers: [{name: a b\n    c, image: nginx:1}]\n",
    "spec:\n  containers: [{name: a, image: nginx:1}]\n  imagePullSecrets: [{}, {name: own, more: x}]\n",
    "spec:\n  imagePullSecrets:\n  # none yet\n  containers: [{name: a, image: nginx:1}]\n")]
SHARED += [(HEAD + "spec:\n  containers:\n  - name: a\n    image: nginx:1\n").replace("\n", "\r"),
           '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","im\\u0061ge":"a\\/b"}]}}',
           '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"imagePullSecrets":[null,{"name":null}],"containers":[{"name":"a","image":"x"}]}}']
# Understood, but not to be written over.
UNEDITABLE = [HEAD + rest for rest in (
    "spec: {containers: [{name: a, image: nginx:1}], imagePullSecrets}\n",
    "spec:\n  containers:\n  - name: a\n    image: !!binary bmdpbng=\n")]


def run(*args):
    return subprocess.run([policyctl, *args], capture_output=True, check=False)


def load(data):
    return list(yaml.safe_load_all(data.decode("utf-8-sig")))


def flat(documents):
    """Lists are shown item by item by test -o yaml."""
    return [item for document in documents if document is not None
            for item in (document["items"] if document.get("kind") == "List" else [document])]


def changed_lines(before, after):
    """Lines that went away, or changed, but for those of images, policies and secrets."""
    words = ("image", "nginx", "docker.io", "mage", "name: ", "- {}", "name:", '"name"', "{name", "{}", "},", "[", "-", "containers")
    gone = [line[2:] for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line.startswith("- ")]
    return [line for line in gone if not any(word in line for word in words)]


def judge(folder, text):
    name = os.path.join(folder, "pod.yaml")
    with open(name, "wb") as out:
        out.write(text.encode())
    rules = os.path.join(folder, "rules.yaml")
    once = run("apply", "-p", rules, name)
    if once.returncode != 0 or not once.stdout:
        return f"exit {once.returncode}: {once.stderr.decode()}"
    wanted = run("test", "-p", rules, "-o", "yaml", name)
    if flat(load(once.stdout)) != flat(load(wanted.stdout)):
        return f"found {load(once.stdout)}\nexpected {load(wanted.stdout)}"
    odd = changed_lines(text, once.stdout.decode())
    if odd:
        return f"changed: {odd}"
    if ("\r\n" in text) != (b"\r\n" in once.stdout) or b"\n" in once.stdout.replace(b"\r\n", b"") and "\r\n" in text:
        return f"line ends: {once.stdout}"
    if text.count("#") != once.stdout.decode().count("#"):
        return "a comment is lost"
    with open(name, "wb") as out:
        out.write(once.stdout)
    twice = run("apply", "-p", rules, name)
    if twice.stdout != once.stdout:
        return f"applied twice: {twice.stdout.decode()} {twice.stderr.decode()}"
    return None


def main():
    failures, total = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "rules.yaml"), "w", encoding="utf-8") as out:
            out.write(RULES)
        for text in itertools.chain(texts(), SHARED):
            total += 1
            why = judge(folder, text)
            if why:
                failures += 1
                print(f"---- {why}\n{text}")
        for text in REFUSED + UNEDITABLE:
            total += 1
            why = judge(folder, text)
            word = "anchor" if text in REFUSED else "cannot be changed in place"
            if not why or "exit 2" not in why or word not in why or "patch says" in why:
                failures += 1
                print(f"---- should be refused: {why}\n{text}")
    print(f"{total} texts, {failures} failures")
    return failures != 0 or total < 250


sys.exit(main())
