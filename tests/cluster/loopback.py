#!/usr/bin/python3
"""loopback.py [--drop FIELD] PORT: shipped manifests (standard input), as etcd and an API server 1.20 alone can take them.

A webhook's service reference becomes a URL on loopback, since no one makes a network of Services here; a
PodDisruptionBudget is policy/v1beta1, which has the same fields (1.21 is the first to serve policy/v1). Nothing
else is changed. --drop leaves out a field of webhooks that such a server does not know: matchConditions.
"""
import argparse
import os
import sys

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "deploy"))
import objects  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--drop", default="")
    parser.add_argument("port", type=int)
    args = parser.parse_args()
    found = objects.load("-")
    for o in found:
        if (o["kind"], o["apiVersion"]) == ("PodDisruptionBudget", "policy/v1"):
            o["apiVersion"] = "policy/v1beta1"
        for hook in o.get("webhooks", []):
            service = hook["clientConfig"].pop("service")
            hook["clientConfig"]["url"] = f"https://127.0.0.1:{args.port}{service['path']}"
            hook.pop(args.drop, None)
    yaml.safe_dump_all(found, sys.stdout, sort_keys=False)


main()
