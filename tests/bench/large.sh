#!/usr/bin/env bash
# Seconds of CPU and the most memory that policyctl takes for 20,000 documents, and for 50 MB in one
# object: in each format of test, and for apply, images and explain. Prints figures; judges none.
#
#   large.sh [POLICYCTL]      build/release/bin/policyctl when not given
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ctl=${1:-$here/../../build/release/bin/policyctl}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s\n' 'apiVersion: pullgate/v1' 'kind: ImagePolicy' 'metadata: {name: large}' \
    'spec: {registry: ghcr.io/acme, imagePullSecrets: [regcred], imagePullPolicy: IfNotPresent}' >"$work/rules.yaml"

python3 - "$here/large.py" "$ctl" "$work" <<'END'
import os
import subprocess
import sys

large, ctl, work = sys.argv[1:]
rules = os.path.join(work, "rules.yaml")
verbs = [["test", "-o", form] for form in "text json yaml diff junit sarif github tap".split()]
verbs += [["apply"], ["images"], ["explain"]]
print("%-10s %7s  %-14s %8s %9s %14s" % ("input", "MB", "verb", "CPU s", "peak MB", "times the file"))
for shape, size in ("documents", 20000), ("object", 50000000), ("oneline", 50000000), ("text", 50000000):
    path = os.path.join(work, shape + ".yaml")
    with open(path, "wb") as f:
        subprocess.run([sys.executable, large, shape, str(size)], stdout=f, check=True)
    mb = os.path.getsize(path) / 1e6
    for verb in verbs:
        child = subprocess.Popen([ctl, *verb, "-p", rules, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        peak = used.ru_maxrss * 1024 / 1e6
        note = "" if os.waitstatus_to_exitcode(status) in (0, 1) else "  status %d" % os.waitstatus_to_exitcode(status)
        print("%-10s %7.1f  %-14s %8.2f %9.0f %14.1f%s" % (
            shape, mb, " ".join(verb), used.ru_utime + used.ru_stime, peak, peak / mb, note), flush=True)
END
