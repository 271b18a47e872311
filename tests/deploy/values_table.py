#!/usr/bin/python3
"""values_table.py CHART [--write]: the table of values in the chart's README.md is what values.yaml says.

A row has the path of a value, its default, and the comment above it or behind it.
"""
import json
import re
import sys

import yaml

BEGIN, END = "<!-- values: made from values.yaml by tests/deploy/bless.sh -->\n", "<!-- values: end -->\n"


def cell(text):
    """A table's cell: `|` and `<` have no meaning in it."""
    return re.sub(r"([|<])", r"\\\1", text)


def default(values, path, leaf):
    for key in path:
        values = values[key]
    return "`" + json.dumps(values) + "`" if leaf else ""


def split(line):
    """A line of values.yaml: depth, key, comment behind it, and whether it has a value."""
    m = re.match(r"( *)([A-Za-z]+):(.*)$", line)
    if not m:
        return None
    comment = re.search(r"(?:^|\s)# (.*)$", m[3])
    return len(m[1]) // 2, m[2], comment[1] if comment else "", bool(re.match(r" [^ #]", m[3]))


def join(comments):
    """Lines of words in columns (`name   what it is`) become items of a list."""
    text = ""
    for line in comments:
        item = re.match(r"(\w+) {2,}(.*)", line)
        text += f"<br>`{item[1]}`: {item[2]}" if item else " " + line.strip()
    return text.removeprefix("<br>").strip()


def rows(text):
    values, path, comments = yaml.safe_load(text), [], []
    head, body = text.split("\n\n", 1)
    for line in body.splitlines():
        found = split(line)
        if line.strip().startswith("# "):
            comments.append(line.strip()[2:])
        elif not line.strip():
            comments = []
        elif found:
            depth, key, behind, leaf = found
            path = path[:depth] + [key]
            words = join(comments + [behind]) if comments or behind else ""
            value = default(values, path, leaf or isinstance(values.get(key), list))
            if value or words:
                yield ".".join(path), value, words
            comments = []


def table(chart):
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for path, value, words in rows(open(chart + "/values.yaml", encoding="utf-8").read()):
        words = "<br>".join(cell(w) for w in words.split("<br>"))
        lines.append(f"| `{path}` | {cell(value)} | {words} |".replace("|  |", "| |"))
    return "\n".join(lines) + "\n"


def main():
    path = sys.argv[1] + "/README.md"
    old = open(path, encoding="utf-8").read()
    before, rest = old.split(BEGIN)
    new = before + BEGIN + "\n" + table(sys.argv[1]) + "\n" + END + rest.split(END)[1]
    if "--write" in sys.argv:
        open(path, "w", encoding="utf-8").write(new)
    elif new != old:
        sys.exit("README.md differs from values.yaml")


main()
