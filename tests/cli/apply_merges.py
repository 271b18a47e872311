#!/usr/bin/env python3
"""policyctl apply over pods that share parts by anchors, aliases and "<<", drawn at random.

    apply_merges.py POLICYCTL [COUNT [SEED]]

Containers and pod specs are anchored, merged alone and in lists, over and under members of their own, and across pods
that are judged by different rules. Then, of each text:
 - it is read as kubectl reads it: the last of a mapping's members and merges counts, of a list of merges the first;
 - what apply leaves is, read again, what `test -o yaml` says of the objects;
 - lines are added, and scalars changed, nothing else;
 - applied again, nothing changes;
 - or it is refused, with the line, and stays as it was.
"""
import difflib
import random
import re
import sys

import yaml

import applied

RULES = """apiVersion: pullgate/v1
kind: ImagePolicy
spec:
  rules:
  - name: one
    match: {namespaces: [one]}
    registry: one.example/hub
    approved: [gcr.io]
    imagePullSecrets: [regcred]
    imagePullPolicy: IfNotPresent
  - name: two
    match: {namespaces: [two]}
    registry: two.example/hub
    mirrors: {gcr.io: two.example/gcr}
    imagePullSecrets: [regcred, second]
  - name: denies
    match: {namespaces: [none]}
    approved: [one.example]
  - name: other
    registry: other.example
    approved: [gcr.io]
"""
IMAGES = ["nginx:1", "app", "gcr.io/x:2", "one.example/hub/kept"]


class Text:
    """One stream of documents."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.n = 0
        self.containers, self.specs = [], []

    def anchor(self, kind):
        if self.r.random() < 0.5:
            return ""
        self.n += 1
        kind.append(f"c{self.n}")
        return f"&c{self.n} "

    def merge(self, names, inline):
        r = self.r
        alias = ["*" + r.choice(names)] if names else []
        ways = alias * 4
        if alias:
            ways += ["[" + ", ".join("*" + r.choice(names) for _ in range(r.choice([1, 2, 2]))) + "]"]
            ways += [f"[*{r.choice(names)}, {inline}]", f"{{<<: *{r.choice(names)}, {inline[1:]}"]
        return r.choice(ways + ([inline] if r.random() < 0.2 or not ways else []))

    def members(self, name):
        """Of a container: lines of `key: value`."""
        r = self.r
        own = [("name", name)] if r.random() < 0.9 else []
        if r.random() < (0.5 if self.containers else 1):
            own.append(("image", r.choice(IMAGES)))
        if r.random() < 0.25:
            own.append(("imagePullPolicy", r.choice(["Always", "IfNotPresent"])))
        if r.random() < 0.2:
            own.append(("args", "[a]"))
        if self.containers and r.random() < 0.8:
            for _ in range(r.choice([1, 1, 1, 2])):
                own.insert(r.choice([0, 0, 0, len(own)]), ("<<", self.merge(self.containers, "{image: " + r.choice(IMAGES) + "}")))
        return own

    def container(self, i, indent):
        r, pad = self.r, " " * indent
        if self.containers and r.random() < 0.05:
            return f"{pad}- *{r.choice(self.containers)}\n"
        own = self.members(f"n{i}")
        mark = self.anchor([])
        if not own:
            own = [("name", "none")]
        if r.random() < 0.3:
            text = f"{pad}- {mark}{{" + ", ".join(f"{k}: {v}" for k, v in own) + "}\n"
        else:
            head = f"{pad}- {mark}\n{pad}  " if mark else f"{pad}- "
            comment = r.choice(["", "", " # why"])
            text = head + f"{comment}\n{pad}  ".join(f"{k}: {v}" for k, v in own) + "\n"
        if mark:
            self.containers.append(mark[1:-1])
        return text

    def spec(self, indent):
        r, pad = self.r, " " * indent
        lines, mark = [], self.anchor([])
        if self.specs and r.random() < 0.6:
            lines.append(f"{pad}<<: {self.merge(self.specs, '{hostNetwork: true}')}\n")
        if r.random() < 0.4:
            secrets = r.choice(["[{name: own}]", "[]", f"\n{pad}- name: own", "[{name: regcred}]"])
            lines.append(f"{pad}imagePullSecrets: {secrets}\n")
        if r.random() < 0.2:
            lines.append(f"{pad}serviceAccountName: x\n")
        if r.random() < 0.9 or not self.specs:
            text = f"{pad}containers:\n"
            for i in range(r.choice([1, 2, 3])):
                text += self.container(i, indent)
            lines.insert(r.choice([0, len(lines)]) if not lines or "<<" not in lines[0] else len(lines), text)
        if mark:
            self.specs.append(mark[1:-1])
        return mark + "\n" + "".join(lines)

    def pod(self, indent=0):
        pad, name = " " * indent, self.r.choice(["one", "two", "none", "else"])
        return f"{pad}apiVersion: v1\n{pad}kind: Pod\n{pad}metadata: {{name: p, namespace: {name}}}\n{pad}spec: {self.spec(indent + 2)}"

    def document(self):
        r = self.r
        self.containers, self.specs = [], []
        text = ""
        for i in range(r.choice([0, 0, 1, 2])):
            text += f"x-{i}: &x{i}\n  " + "\n  ".join(f"{k}: {v}" for k, v in self.members(f"x{i}") or [("args", "[x]")]) + "\n"
            self.containers.append(f"x{i}")
        if r.random() < 0.5:
            return text + self.pod()
        text += "apiVersion: v1\nkind: List\nitems:\n"
        for _ in range(r.choice([1, 2, 3])):
            text += "- " + self.pod(2).lstrip()
        return text

    def text(self):
        return "---\n".join(self.document() for _ in range(self.r.choice([1, 1, 2])))


class Kubectl(yaml.SafeLoader):
    """go-yaml takes members and merges in the order of the text; PyYAML lets the mapping's own members win."""

    def flatten_mapping(self, node):
        pairs = []
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                pairs.append((key, value))
                continue
            for mapping in [value] if isinstance(value, yaml.MappingNode) else reversed(value.value):
                self.flatten_mapping(mapping)
                pairs += mapping.value
        node.value = pairs


def objects(data):
    found = []
    for document in yaml.load_all(data.decode(), Kubectl):
        found += document["items"] if document.get("kind") == "List" else [document]
    return found


def odd_changes(before, after):
    """Lines that went away for something else than an image, a policy or a secret."""
    gone = [line[2:] for line in difflib.ndiff(before.decode().splitlines(), after.decode().splitlines()) if line[:2] == "- "]
    return [line for line in gone if not re.search("image|<<|name|containers:", line)]


def judge(text, after, shown, refusal):
    before = text.data
    if refusal:
        return None if after == before else "refused, and changed"
    if objects(after) != shown:
        return f"found    {objects(after)}\nexpected {shown}"
    if before.count(b"#") != after.count(b"#") or before.count(b"&") != after.count(b"&") or before.count(b"*") != after.count(b"*"):
        return "a comment, an anchor or an alias is lost"
    odd = odd_changes(before, after)
    return f"changed: {odd}" if odd else None


class Merges(Text):
    read = staticmethod(lambda data: list(yaml.safe_load_all(data)))

    def __init__(self, seed):
        super().__init__(seed)
        self.data = self.text().encode()


sys.exit(applied.main(Merges, RULES, judge, lambda n: n["merged"] >= n["texts"] * 0.3 and
                      n["refused"] <= n["texts"] * 0.3 and n["unclear"] <= n["texts"] * 0.03))
