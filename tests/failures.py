"""The end of what each failed test of a JUnit file said.

    failures.py FILE [LINES]
"""
import sys
import xml.etree.ElementTree as tree


def main(path, lines=40):
    try:
        cases = tree.parse(path).iter("testcase")
    except (OSError, tree.ParseError) as error:
        return print(f"{path}: {error}")
    for case in cases:
        if case.find("failure") is None:
            continue
        said = (case.findtext("system-out") or "").splitlines()
        print(f"---- {case.get('name')}: the last of {len(said)} lines")
        print("\n".join(said[-int(lines):]))


main(*sys.argv[1:])
