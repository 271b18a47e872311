#!/usr/bin/python3
"""sbom.py ROOT: the bill of materials of an image's root file system is well-formed, and is about these files."""
import hashlib
import json
import os
import re
import sys

root = sys.argv[1]
bill = json.load(open(root + "/usr/share/sbom/pullgate.cdx.json", encoding="utf-8"))
failures = 0


def check(good, what):
    global failures
    if not good:
        failures += 1
        print(f"bill of materials: {what}")


def files_below(folders):
    for folder in folders:
        for at, _, names in os.walk(os.path.join(root, folder)):
            yield from ("/" + os.path.relpath(os.path.join(at, name), root) for name in names)


check((bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1), "head")
top = bill["metadata"]["component"]
check(top["type"] == "application" and top["name"] == "pullgate" and re.fullmatch(r"\d+\.\d+\.\d+", top["version"]), top)
parts = bill["components"]
refs = [c["bom-ref"] for c in parts]
check(len(parts) >= 10, f"only {len(parts)} components")
check(len(set(refs)) == len(refs), "a component is listed twice")
hashes = {}
for c in parts:
    check(c["type"] == "library" and c["purl"] == c["bom-ref"], c)
    check(re.fullmatch(r"pkg:deb/debian/[a-z0-9.+-]+@[A-Za-z0-9.~%-]+\?arch=\w+&distro=debian-\d+", c["purl"]), c["purl"])
    for p in c["properties"]:
        if p["name"].startswith("file:"):
            hashes[p["name"].split(":")[1]] = p["value"]
    for place in f"/usr/share/doc/{c['name']}/copyright", f"/var/lib/dpkg/status.d/{c['name']}":
        check(os.path.getsize(root + place) > 0, f"no {place}")
check(bill["dependencies"] == [{"ref": top["bom-ref"], "dependsOn": refs}], "dependencies")
libraries = set(files_below(["lib", "lib64", "usr/lib"]))
check(libraries == set(hashes), f"files {libraries ^ set(hashes)} are in one of image and bill only")
for path in libraries & set(hashes):
    found = hashlib.sha256(open(root + path, "rb").read()).hexdigest()
    check(found == hashes[path], f"{path} is another file")
print(f"{len(parts)} packages, {len(libraries)} libraries, {failures} failed")
sys.exit(failures != 0)
