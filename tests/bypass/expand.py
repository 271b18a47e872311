#!/usr/bin/python3
"""Writes the corpus as golden cases: expand.py FOLDER -> FOLDER/<suite>/{rules.yaml,<id>/review.json}"""
import os
import shutil
import sys

import rows


def main(out):
    seen = set()
    for suite, folder, _, found in rows.suites():
        os.makedirs(os.path.join(out, suite))
        shutil.copy(os.path.join(folder, "rules.yaml"), os.path.join(out, suite, "rules.yaml"))
        for row in found:
            if row["id"] in seen:
                raise ValueError(f"{row['id']} is there twice")
            seen.add(row["id"])
            os.makedirs(os.path.join(out, suite, row["id"]))
            with open(os.path.join(out, suite, row["id"], "review.json"), "wb") as f:
                f.write(rows.as_bytes(row, rows.review(row, suite)))
    print(f"{len(seen)} rows")
    return 0 if len(seen) >= 120 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
