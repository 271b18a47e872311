#!/usr/bin/python3
"""oldest.py [ADDRESS]: shipped manifests (standard input), as an API server 1.20 can take them.

A PodDisruptionBudget is policy/v1beta1, which has the same fields (1.21 is the first to serve policy/v1), and
webhooks have no matchConditions, which 1.20 does not know. With ADDRESS the Service names it: its kubectl would
unset the one that it has.
"""
import os
import sys

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "deploy"))
import objects  # noqa: E402

found = objects.load("-")
for o in found:
    if (o["kind"], o["apiVersion"]) == ("PodDisruptionBudget", "policy/v1"):
        o["apiVersion"] = "policy/v1beta1"
    if o["kind"] == "Service" and sys.argv[1:]:
        o["spec"] |= {"clusterIP": sys.argv[1], "clusterIPs": sys.argv[1:]}
    for hook in o.get("webhooks", []):
        hook.pop("matchConditions", None)
yaml.safe_dump_all(found, sys.stdout, sort_keys=False)
