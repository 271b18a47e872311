#!/usr/bin/python3
"""same.py FILE FILE [--without KIND]... [--without-label LABEL]...: the same objects, whatever their order."""
import argparse
import difflib
import sys

import objects


def without_labels(value, labels):
    """Anywhere: what names a label also selects by it."""
    if isinstance(value, dict):
        return {k: without_labels(v, labels) for k, v in value.items() if k not in labels}
    return [without_labels(v, labels) for v in value] if isinstance(value, list) else value


def read(path, args):
    found = [without_labels(o, args.without_label) for o in objects.load(path) if o["kind"] not in args.without]
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
