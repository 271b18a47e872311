#!/usr/bin/python3
"""kept.py GIVEN ANSWER.json: each field that was given is in what the API server made of it.

An API server drops in silence what it does not know. Empty lists and objects may be left out.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "deploy"))
import objects  # noqa: E402

lost = 0


def compare(given, answer, at):
    global lost
    if isinstance(given, dict) and isinstance(answer, dict):
        for k, v in given.items():
            compare(v, answer.get(k), f"{at}/{k}")
    elif isinstance(given, list) and isinstance(answer, list) and len(given) == len(answer):
        for i, v in enumerate(given):
            compare(v, answer[i], f"{at}/{i}")
    elif given != answer and not (answer is None and given in ([], {}, None)):
        lost += 1
        print(f"{at}: given {json.dumps(given)[:200]}, found {json.dumps(answer)[:200]}")


def main():
    with open(sys.argv[2], encoding="utf-8") as stream:
        answer = json.load(stream)
    found = objects.by_key(answer["items"] if answer["kind"] == "List" else [answer])
    given = objects.by_key(objects.load(sys.argv[1]))
    for key, o in given.items():
        compare(objects.normal(o), objects.normal(found.get(key)), key)
    print(f"{len(given)} objects")
    return lost != 0 or not given


sys.exit(main())
