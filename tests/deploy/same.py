#!/usr/bin/python3
"""same.py FILE FILE [--without KIND]... [--without-label LABEL]...: the same objects, whatever their order."""
import argparse
import difflib
import sys

import objects


def read(path, args):
    found = [o for o in objects.load(path) if o["kind"] not in args.without]
    for o in found:
        for where in [o["metadata"], o.get("spec", {}).get("template", {}).get("metadata", {})]:
            for label in args.without_label:
                where.get("labels", {}).pop(label, None)
    if not found:
        sys.exit(f"{path}: no objects")
    return objects.by_key(found)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs=2)
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--without-label", action="append", default=[])
    args = parser.parse_args()
    a, b = (read(f, args) for f in args.files)
    differ = 0
    for k in sorted(a.keys() | b.keys()):
        la, lb = (objects.lines(x[k]) if k in x else [] for x in (a, b))
        diff = list(difflib.unified_diff(la, lb, f"{args.files[0]} {k}", f"{args.files[1]} {k}", lineterm=""))
        print("\n".join(diff), end="\n" if diff else "")
        differ += bool(diff)
    return differ != 0


sys.exit(main())
