#!/usr/bin/python3
"""tried.py [--write] TRIED README.md: the table of what was tried with which API server.

TRIED is a folder with what the cluster tests wrote when they passed (tried() and finish() in lib.sh). The table is
between two marks of the README; it is compared with what was tried, or with --write replaced by it.
"""
import os
import sys

FEATURES = [
    "pods are rewritten and refused",
    "/validate refuses what /mutate did not see",
    "workloads are judged by their templates",
    "ephemeral containers",
    "native sidecars",
    "image volumes",
    "server-side apply",
    "audit annotations",
    "sidecars of another webhook (reinvocation)",
    "matchConditions",
    "Pod Security restricted",
    "policyctl render",
    "policyctl doctor",
    "kustomize",
    "kubectl apply -k",
    "chart by Helm 3",
    "chart by Helm 4",
    "changes of the chart's certificate.mode",
    "Airbyte's pods, up to what is stored",
    "Astronomer's pods, up to what is stored",
    "updates, drains and rotations without a failed call",
    "MutatingAdmissionPolicy beside the webhook",
    "the ways out of section 10",
]
BEGIN, END = "<!-- tried: written by tests/cluster/tried.py -->\n", "<!-- tried: end -->\n"


def read(folder):
    found = set()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as lines:
            found |= {tuple(line.rstrip("\n").split("\t")) for line in lines}
    unknown = {feature for _, feature in found} - set(FEATURES)
    if unknown:
        sys.exit(f"tried.py: not among the features: {sorted(unknown)}")
    return found


def table(found):
    versions = sorted({v for v, _ in found}, key=lambda v: [int(n) for n in v.split(".")])
    rows = ["| tested with kube-apiserver | " + " | ".join(versions) + " |", "|---" * (len(versions) + 1) + "|"]
    for feature in FEATURES:
        marks = ["yes" if (v, feature) in found else "" for v in versions]
        rows.append(f"| {feature} | " + " | ".join(marks) + " |")
    return "\n" + "\n".join(rows) + "\n\n"


def main():
    write = sys.argv[1] == "--write"
    folder, readme = sys.argv[-2:]
    with open(readme, encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    present, after = rest.split(END)
    made = table(read(folder))
    if write:
        with open(readme, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + made + END + after)
    elif made != present:
        sys.exit(f"{readme} has another table than what was tried ({sys.argv[0]} --write {folder} {readme}):\n{made}")


main()
