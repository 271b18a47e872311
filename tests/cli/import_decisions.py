"""What an imported rule file decides.

import_decisions.py POLICYCTL RULES DECISIONS, where each line of DECISIONS is
    NAMESPACE[{LABEL=VALUE}] IMAGE -> IMAGE-AFTER|denied|warned [PULL-SECRET...]
IMAGE is that of a pod's container, IMAGE-AFTER what the webhook makes of it."""
import json
import re
import subprocess
import sys

policyctl, rules, decisions = sys.argv[1:]
rows = [line.split() for line in open(decisions, encoding="utf-8") if line.strip() and not line.startswith("#")]
objects = []
for i, row in enumerate(rows):
    namespace, label = re.fullmatch(r"([^{]*)(?:\{(.*)\})?", row[0]).groups()
    labels = dict([label.split("=")]) if label else {}
    objects.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p%d" % i, "namespace": namespace, "labels": labels},
                    "spec": {"containers": [{"name": "c", "image": row[1]}]}})
run = subprocess.run([policyctl, "test", "-p", rules, "-o", "json", "-"], capture_output=True, check=False,
                     input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode())
failed = 0
for row, found in zip(rows, json.loads(run.stdout)["objects"], strict=True):
    verdict = found["verdict"]
    image = {"deny": "denied", "warn": "warned"}.get(verdict, found["images"][0]["after"])
    secrets = found["imagePullSecrets"]["after"] if verdict == "allow" else []
    if [image, *secrets] != row[3:]:
        failed += 1
        print("%s %s: found %s, expected %s" % (row[0], row[1], " ".join([image, *secrets]), " ".join(row[3:])))
sys.exit(failed != 0 or not rows)
