"""The table "format x construct x exactness" of deploy/IMPORT.md, from rule files that policyctl import printed.

import_table.py DOCUMENT FOLDER prints the document with the table between its two marks."""
import os
import re
import sys

document, folder = sys.argv[1:]
MARK = r"(taken exactly|taken with a note|not taken): "
BEGIN, END = "<!-- constructs -->\n", "<!-- end -->\n"


def notes(text):
    """(mark, where, note) of each construct; comments of several lines are joined."""
    text = re.sub(r"\n *#   ", " ", text)
    for line in text.split("\n"):
        hit = re.search(r"# " + MARK + "(.*)", line)
        if not hit:
            continue
        mark, rest = hit.groups()
        for one in rest.split("; ") if mark == "taken exactly" else [rest]:
            place = re.match(r"(.*?:\d+:\d+)(?:: ((?:\"[^\"]*\"|[^\":\s])+))?(?:: (.*))?$", one)
            yield mark, place.group(2) or "(the file)", place.group(3) or ""


def cell(text):
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


rows = set()
for name in sorted(os.listdir(folder)):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        for mark, path, note in notes(f.read()):
            path = re.sub(r"\[\d+\]", "[]", path)
            rows.add((name.split(".")[0], path, mark, note))
with open(document, encoding="utf-8") as f:
    head, rest = f.read().split(BEGIN)
tail = rest.split(END)[1]
print(head + BEGIN + "\n| format | construct | taken | note |\n|---|---|---|---|")
for form, path, mark, note in sorted(rows):
    taken = {"taken exactly": "exactly", "taken with a note": "with a note", "not taken": "no"}[mark]
    print("| %s | `%s` | %s | %s |" % (form, path, taken, cell(note)))
print("\n" + END + tail, end="")
