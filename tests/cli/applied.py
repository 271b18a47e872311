"""What the generators of texts for policyctl apply share: a folder of texts, applied twice, and judged.

    applied.main(Text, RULES, judge, sound)

An instance of Text(seed) has `data`, the bytes of one file. judge(text, after, wanted, refusal) says what is wrong, or
None: `after` is what apply left of the file, `wanted` what `test -o yaml` shows of its objects as Text.read returns
them, `refusal` the message about it, if any. sound(counts) is whether enough was changed and little enough refused.

    GENERATOR.py POLICYCTL [COUNT [SEED]] [-v]      -v: shows what was refused
"""
import json
import os
import re
import subprocess
import sys
import tempfile

SEED = 20261120


def run(*args):
    return subprocess.run(args, capture_output=True, check=False)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def by_file(read_all, policyctl, rules, pods):
    """Objects of each file as `test` shows them, and the files that it cannot read."""
    told = json.loads(run(policyctl, "test", "-p", rules, "-o", "json", pods).stdout)
    shown, wanted = read_all(run(policyctl, "test", "-p", rules, "-o", "yaml", pods).stdout), {}
    for one, pod in zip(told["objects"], shown):
        wanted.setdefault(one["file"], []).append(pod)
    return wanted, {one["file"]: one for one in told.get("errors", [])}


def refusals(stderr):
    found = (re.fullmatch(r"policyctl: ([^:]+):\d+:(?:\d+:)? (.*)", line) for line in stderr.decode().splitlines())
    return {match[1]: match[2] for match in found if match}


def main(text_of, rules_text, judge, sound):
    policyctl = sys.argv[1]
    given = [int(word) for word in sys.argv[2:] if word != "-v"]
    count, seed = given + [1500, SEED][len(given):]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        rules, pods = os.path.join(folder, "rules.yaml"), os.path.join(folder, "pods")
        os.mkdir(pods)
        write(rules, rules_text.encode())
        texts = {os.path.join(pods, f"{i:06}.yaml"): text_of(f"{seed}/{i}") for i in range(count)}
        for path, text in texts.items():
            write(path, text.data)
        wanted, unread = by_file(text_of.read, policyctl, rules, pods)
        once = run(policyctl, "apply", "-p", rules, "-i", pods)
        refused = refusals(once.stderr)
        if once.returncode not in (0, 2):
            print(f"exit {once.returncode}: {once.stderr.decode()[-2000:]}")
            failures += 1
        after = {path: read(path) for path in texts}
        run(policyctl, "apply", "-p", rules, "-i", pods)
        for path, text in texts.items():
            why = f"cannot be read: {unread[path]}" if path in unread else \
                judge(text, after[path], wanted[path], refused.get(path))
            if why is None and read(path) != after[path]:
                why = "applied twice:\n" + read(path).decode()
            if why:
                failures += 1
                print(f"---- {os.path.basename(path)}: {why}\n{text.data.decode()}\n---- became\n{after[path].decode()}")
    counts = {"texts": count, "changed": sum(after[path] != text.data for path, text in texts.items()),
              "merged": sum(after[path] != text.data and b"<<" in text.data for path, text in texts.items()),
              "refused": len(refused), "unclear": sum("not say what the patch says" in why for why in refused.values()),
              "failures": failures}
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    if "-v" in sys.argv:
        for path, why in refused.items():
            print(f"---- {why}\n{texts[path].data.decode()}")
    return failures != 0 or not sound(counts)
