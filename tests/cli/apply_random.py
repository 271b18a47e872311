#!/usr/bin/env python3
"""policyctl apply over pods spelt at random, the same ones each time.

    apply_random.py POLICYCTL [COUNT [SEED]]

A pod is written with styles drawn for every mapping, list, key and scalar: block and flow, plain, quoted, folded,
literal, tagged, anchored, aliased, merged, with comments in between. The text knows which of its bytes may change.
Then, of each text:
 - what apply leaves says, to PyYAML, what `test -o yaml` says of the object;
 - all bytes are as they were, but for scalars that had to change and the lists of pull secrets;
 - applied again, nothing changes;
 - or it is refused as what cannot be changed in place, at its own line, and stays as it was.
"""
import json
import random
import re
import sys

import yaml

import applied

RULES = """apiVersion: pullgate/v1
kind: ImagePolicy
spec:
  registry: ghcr.io/acme
  imagePullSecrets: [regcred, second]
  imagePullPolicy: IfNotPresent
"""
IMAGES = ["nginx", "nginx:1.25", "a/b:v1", "redis@sha256:" + "ab" * 32, "busybox:1_2", "x", "yes", "1.2", "null", "on:1",
          "ghcr.io/acme/kept:1"]
WORDS = ["plain", "two words", "it's", 'say "so"', "a: b", "# none", "- dash", "", "ä€😀", "yes", "012", "{x}", "[y]", "tab\there",
         "line one\nline two\n", "*star", "&amp", "!bang", "%YAML", "@at", "trailing ", "x#y", "a,b", "http://a/b?c=d#e"]


class Fixed(str):
    """Bytes that stay."""


class Loose(str):
    """Bytes that may change: a scalar to be rewritten, a list of pull secrets."""


class Gap(str):
    """A place where something may be added."""


class Style:
    """How one text is written: `value` draws a model, `text` writes it down."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.crlf = self.r.random() < 0.1
        self.wide = self.r.choice([2, 2, 2, 4, 3])
        self.anchors = 0
        self.comments = self.r.choice([0, 0, 0.1, 0.4])
        self.odd = self.r.choice([0, 0, 0.05, 0.3])  # how often something rare is drawn
        self.json = self.r.random() < 0.12
        self.out = []
        self.in_secrets = False

    # ---- what is said ----

    def names(self):
        r = self.r
        entries = []
        for _ in range(r.choice([0, 0, 1, 1, 2, 3])):
            entries.append(r.choice([{"name": "own"}, {"name": "own"}, {"name": "regcred"}, {"name": ""}, {}, {"name": "second"},
                                     {"name": "b.c-d"}, {"name": "on"}, None, {"name": None}]))
        if self.r.random() < 0.03:
            entries.append({"name": "own", "extra": "x"})
        return entries

    def container(self, i):
        r = self.r
        keys = [("name", f"c{i}"), ("image", r.choice(IMAGES))]
        if r.random() < 0.4:
            keys.append(("imagePullPolicy", r.choice(["Always", "IfNotPresent", "Never", None, ""])))
        if r.random() < 0.3:
            keys.append(("args", [r.choice(WORDS) for _ in range(r.randrange(3))]))
        if r.random() < 0.2:
            keys.append(("env", [{"name": "A", "value": r.choice(WORDS)}, {"name": "image", "value": "nginx"}]))
        if r.random() < 0.1:
            keys.append(("resources", {}))
        r.shuffle(keys)
        return dict(keys)

    def value(self):
        r = self.r
        spec = [("containers", [self.container(i) for i in range(r.choice([1, 1, 2, 3]))])]
        if r.random() < 0.6:
            spec.append(("imagePullSecrets", r.choice([None, self.names(), self.names(), self.names()])))
        if r.random() < 0.3:
            spec.append(("initContainers", [self.container(9)]))
        if r.random() < 0.2:
            spec.append(("volumes", [{"name": "v", "image": {"reference": r.choice(IMAGES)}}, {"name": "e", "emptyDir": {}}]))
        if r.random() < 0.4:
            spec.append(("nodeSelector", {"a": r.choice(WORDS)}))
        r.shuffle(spec)
        meta = {"name": "p", "annotations": {"note": r.choice(WORDS), "image": "nginx:1"}}
        pod = [("apiVersion", "v1"), ("kind", "Pod"), ("metadata", meta), ("spec", dict(spec))]
        if r.random() < 0.3:
            r.shuffle(pod)
        pod = dict(pod)
        if r.random() < 0.12:
            return {"apiVersion": "v1", "kind": "List", "items": [pod]}
        return pod

    # ---- how it is written ----

    def put(self, text, kind=Fixed):
        self.out.append(Loose(text) if self.in_secrets else kind(text))

    def rare(self):
        return self.r.random() < self.odd

    def comment(self):
        if self.r.random() < self.comments:
            return self.r.choice(["\t# tab", "  # why", " # it's \"so\" {a: [b", " #", " # image: nginx"])
        return ""

    def end_line(self, depth):
        """Ends a line, perhaps with a comment; perhaps lines of comments after."""
        comment = self.comment()
        if not self.out[-1].strip() and comment.startswith("\t"):
            comment = " " + comment.strip()  # no tab may follow a dash alone
        self.put(comment + "\n")
        while self.r.random() < self.comments / 2:
            self.put(self.r.choice(["", " " * depth + "# between", "# at the margin", "   "]) + "\n")

    def double(self, text):
        out = json.dumps(text, ensure_ascii=self.r.random() < 0.3)
        out = re.sub(r"\\u[dD][89abAB]..\\u....", lambda m: json.loads(f'"{m[0]}"'), out)  # no surrogates in YAML
        if text and not self.json and self.rare():
            i = self.r.randrange(len(text))
            if text[i] in "abcdefgixnor.:/":
                out = json.dumps(text[:i])[:-1] + f"\\x{ord(text[i]):02x}" + json.dumps(text[i + 1:])[1:]
        return out

    def plain(self, text, flow):
        """May it be written without quotes?"""
        if "\n" in text or text != text.strip() or not text or "\t" in text or ": " in text or " #" in text:
            return False
        if text[-1] == ":" or flow and re.search(r"[\[\]{},]", text):
            return False
        try:
            return yaml.safe_load(f"[{text}]" if flow else text) == ([text] if flow else text)
        except yaml.YAMLError:
            return False

    def scalar_text(self, text, depth, flow, key=False):
        """The scalar, and whether its own line follows it (block scalars end with one)."""
        if text is None:
            return "null" if self.json else self.r.choice(["null", "~", "Null"]), False
        ways = [self.double(text)]
        if self.json:
            return ways[0], False
        if "\n" not in text and "\t" not in text:
            ways.append("'" + text.replace("'", "''") + "'")
        if self.plain(text, flow):
            ways += [text] * 4
        if not flow and not key and text.strip() == text and re.fullmatch(r"[^\n\t]+", text) and self.rare():
            inner = " " * (depth + self.wide)
            head = self.r.choice(["|-", ">-", "|-  # block", ">2-" if self.wide == 2 and depth == 2 else ">-"])
            return head + "\n" + inner + text, True
        if not key and '"' == ways[0][0] and len(text) > 3 and re.fullmatch(r"[a-z0-9:./]+", text) and self.rare():
            ways.append('"' + text[:2] + "\\\n" + " " * (depth + 2) + text[2:] + '"')
        chosen = self.r.choice(ways)
        if not key and self.rare():
            chosen = self.r.choice(["!!str ", "!local "]) + chosen
        elif not key and self.rare():
            self.anchors += 1
            chosen = f"&a{self.anchors} " + chosen
        return chosen, False

    def scalar(self, text, depth, flow, loose):
        chosen, is_block = self.scalar_text(text, depth, flow)
        head = re.match(r"(?:(?:!!str|!local|&\w+) )*", chosen).group() if chosen[:1] in "!&" else ""
        self.put(head)
        self.put(chosen[len(head):], Loose if loose else Fixed)
        return is_block

    def key(self, key, flow):
        if self.json:
            return f'"{key}"'
        if self.rare():
            return self.r.choice([f'"{key}"', f"'{key}'"])
        return key

    @staticmethod
    def is_loose(path):
        return path[-1] in ("image", "imagePullPolicy", "reference") and path[-2] != "annotations" and path[-2] != "env"

    def flow(self, value, depth, path):
        """Flow style, from a bracket to its other."""
        if not isinstance(value, (dict, list)):
            self.scalar(value, depth, True, self.is_loose(path) and isinstance(value, (str, type(None))))
            return
        pad = self.r.choice(["", "", " "])
        lines = self.r.random() < 0.25
        items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        self.put("{" if isinstance(value, dict) else "[")
        for i, (key, child) in enumerate(items):
            self.put("", Gap)
            if lines:
                self.put(("" if self.json else self.comment()) + "\n" + " " * (depth + self.wide))
            else:
                self.put(pad)
            self.put("", Gap)
            if isinstance(value, dict):
                word = self.key(key, True)
                tight = self.json or word[0] in "\"'" and self.rare()
                self.put(word + (self.r.choice([":", ": ", " : "]) if tight else ": "))
            self.within(key, self.flow, child, depth + self.wide, path + (key,))
            self.put("", Gap)
            if i + 1 < len(items):
                self.put(("," if lines or self.json else ", "))
        if not items:
            self.put("", Gap)
        if items and not self.json and self.rare():
            self.put(",")
        if lines and items:
            self.put(("" if self.json else self.comment()) + "\n" + " " * depth)
        else:
            self.put(pad)
        self.put("}" if isinstance(value, dict) else "]")

    def within(self, key, write, *args):
        """All of a list of pull secrets may change."""
        before, self.in_secrets = self.in_secrets, self.in_secrets or key == "imagePullSecrets"
        write(*args)
        self.in_secrets = before

    def block(self, value, depth, path, first=False):
        """Lines of a block mapping or list; `first`: its first line has been begun (after a dash)."""
        items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        for i, (key, child) in enumerate(items):
            self.put("", Gap)
            if i or not first:
                self.put(" " * depth)
            self.put("", Gap)
            if isinstance(value, dict):
                if self.rare() and self.odd > 0.1 and not isinstance(child, (dict, list)):
                    self.put("? " + self.key(key, False) + "\n" + " " * depth + ":")
                else:
                    self.put(self.key(key, False) + (" :" if self.rare() else ":"))
            else:
                self.put("-")
            self.within(key, self.child, child, depth, path + (key,), isinstance(value, list))

    def child(self, child, depth, path, in_list):
        """What is after `key:` or `-`."""
        if not isinstance(child, (dict, list)) or not child or self.r.random() < 0.2:
            empty = child is None and self.r.random() < 0.3
            simple = not in_list and "\n" not in self.out[-1]  # a tab is allowed only there
            gaps = ["", " "] if empty else [" ", " ", "  "]
            if simple and self.rare():
                gaps = ["\t"]
            if not empty and self.rare():
                gaps = [(self.comment() if simple else "") + "\n" + " " * (depth + self.wide)]
            self.put(self.r.choice(gaps), Loose if empty else Fixed)
            if empty:
                pass
            elif isinstance(child, (dict, list)):
                self.flow(child, depth, path)
            elif self.scalar(child, depth, False, self.is_loose(path)):
                self.put("\n")  # what is after a block scalar would be of it
                return
            self.end_line(depth)
            return
        if not in_list and self.rare():
            self.anchors += 1
            self.put(f" &a{self.anchors}")
        if in_list:
            if self.rare():
                self.put(self.r.choice(["", " ", " # why"]) + "\n")
                self.block(child, depth + self.wide, path)
                return
            gap = self.r.choice([1, 1, 1, 3])
            self.put(" " * gap)
            self.block(child, depth + 1 + gap, path, first=True)
            return
        self.end_line(depth)
        inside = depth + self.wide
        if isinstance(child, list):
            inside = depth + self.r.choice([0, self.wide])
        self.block(child, inside, path)

    def document(self, first):
        """A pod, and what is before it."""
        if not first:
            self.put(self.r.choice(["---\n", "--- # next\n", "---\t\n", "# Source: chart/x.yaml\n---\n", "---\n---\n",
                                    "---\nkind: ConfigMap\napiVersion: v1\ndata: {image: nginx}\n---\n"]))
        else:
            self.put(self.r.choice(["", "", "", "", "---\n", "--- # first\n", "# head\n", "\n\n", "# Source: a/b.yaml\n---\n"]))
        value = self.value()
        if self.r.random() < 0.15:
            self.flow(value, 0, ("",))
            self.end_line(0)
        else:
            self.block(value, 0, ("",))

    def text(self):
        if self.json:
            for _ in range(self.r.choice([1, 1, 1, 2])):
                self.flow(self.value(), 0, ("",))
                self.put(self.r.choice(["", "\n", " \n\n"]))
        else:
            for i in range(self.r.choice([1, 1, 1, 2, 3])):
                self.document(i == 0)
            self.put(self.r.choice(["", "", "", "...\n", "---\n", "---\n# end", "# end\n", "\n\n"]))
        pieces = [type(p)(p.replace("\n", "\r\n")) for p in self.out] if self.crlf else self.out
        if self.r.random() < 0.1 and pieces[-1] and not self.json:
            pieces = pieces[:-1] + [type(pieces[-1])(pieces[-1].rstrip("\r\n"))]
        if self.r.random() < 0.05:
            pieces = [Fixed("\ufeff")] + pieces
        return pieces


def pattern(pieces):
    """What the text may become: fixed bytes in their order, anything where it may change or grow."""
    out, fixed = [], ""
    for piece in pieces:
        if isinstance(piece, Fixed):
            fixed += piece
            continue
        if fixed:
            out.append(re.escape(fixed))
            fixed = ""
        if not out or out[-1] != ".*?":
            out.append(".*?")
    return re.compile("".join(out + [re.escape(fixed)]), re.S)


def kept_in_order(pieces, text):
    """All bytes that stay, in their order; between them whatever may grow."""
    return pattern(pieces).fullmatch(text) is not None


class Plain(yaml.SafeLoader):
    """Dates stay strings, unknown tags are ignored, as kubectl reads them."""


Plain.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Plain.add_constructor("!local", lambda loader, node: loader.construct_scalar(node))


def objects(data, concatenated=False):
    """Lists item by item, as test -o yaml shows them."""
    found, text = [], data.decode("utf-8-sig")
    while text.startswith("{") and concatenated:
        value, end = json.JSONDecoder().raw_decode(text)
        found += value["items"] if value["kind"] == "List" else [value]
        text = text[end:].lstrip()
    # Blanks between tokens may be tabs; PyYAML takes none. (Those of values are written as \\t.)
    for document in yaml.load_all(text.replace("\t", " "), Plain):
        if document is not None:
            found += document["items"] if document.get("kind") == "List" else [document]
    return found


def judge(text, after, wanted, refusal):
    before = text.data
    if refusal:
        if after != before:
            return "refused, and changed"
        return None
    try:
        found = objects(after, text.json)
    except (yaml.YAMLError, ValueError) as why:
        return f"cannot be read: {why}"
    if found != wanted:
        return f"found    {found}\nexpected {wanted}"
    if before.count(b"#") != after.count(b"#"):
        return "a comment is lost"
    if b"\r\n" in before and re.search(rb"(?<!\r)\n", after) and not re.search(rb"(?<!\r)\n", before):
        return "line ends"
    if not kept_in_order(text.pieces, after.decode()):
        return "bytes changed that should have stayed"
    return None


class Styled(Style):
    read = staticmethod(objects)

    def __init__(self, seed):
        super().__init__(seed)
        self.pieces = self.text()
        self.data = "".join(self.pieces).encode()


sys.exit(applied.main(Styled, RULES, judge, lambda n: n["changed"] >= n["texts"] * 0.8 and n["refused"] <= n["texts"] * 0.1))
