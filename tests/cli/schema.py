#!/usr/bin/env python3
"""The JSON Schema that policyctl prints, held against the loader by a real validator.

    schema.py POLICYCTL FILE...

Each file is valid to both. Then it is broken in one place at a time: an unknown key beside each key,
each value replaced by one of another type, each key left out. What the schema refuses, the loader must refuse;
what the loader refuses for its shape (unknown or missing keys, wrong types, words that are none of the allowed
ones), the schema must refuse.
"""
import copy
import json
import os
import re
import subprocess
import sys
import tempfile

import jsonschema
import yaml

# How the loader speaks of shape: unknown keys, missing keys, types, words.
SHAPE = re.compile(r'unknown key "|" is missing, expected |expected [^"]*, found ')


class Plain(yaml.SafeLoader):
    """Dates stay strings, as kubectl reads them."""


Plain.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def places(value, path=()):
    """Every path to a value within a document, the document itself left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield path + (key,)
        yield from places(child, path + (key,))


def parent(document, path):
    for key in path[:-1]:
        document = document[key]
    return document


def mutants(document):
    for value in ([], {}, "text", 7, True, None):
        yield f"the whole is {value!r}", value
    for path in places(document):
        for value in ([], {}, "a-word", "", 7, 1.5, True, None, [7], ["a-word"], [None], {"a-word": 7}):
            changed = copy.deepcopy(document)
            parent(changed, path)[path[-1]] = value
            yield f"{path} = {value!r}", changed
        changed = copy.deepcopy(document)
        del parent(changed, path)[path[-1]]
        yield f"{path} left out", changed
        if isinstance(path[-1], str):
            changed = copy.deepcopy(document)
            parent(changed, path)["unheardOf"] = "x"
            yield f"unheardOf beside {path}", changed


def verdicts(policyctl, folder, documents):
    """The loader's error for each, or None."""
    names = []
    for i, document in enumerate(documents):
        names.append(os.path.join(folder, f"{i}.json"))
        with open(names[-1], "w", encoding="utf-8") as out:
            json.dump(document, out)
    found = dict.fromkeys(names)
    for i in range(0, len(names), 500):
        run = subprocess.run([policyctl, "lint", "-o", "json", *names[i:i + 500]], capture_output=True, check=False)
        assert run.returncode in (0, 1, 2), run
        for finding in json.loads(run.stdout)["findings"]:
            if finding["level"] == "error":
                found[finding["file"]] = finding["message"]
    return [found[name] for name in names]


def main():
    policyctl, files = sys.argv[1], sys.argv[2:]
    schema = json.loads(subprocess.run([policyctl, "lint", "--schema"], capture_output=True, check=True).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    cases = []
    for file in files:
        with open(file, encoding="utf-8") as text:
            document = yaml.load(text, Plain)
        cases.append((file, document, True))
        cases += [(f"{file}: {what}", mutant, False) for what, mutant in mutants(document)]
    with tempfile.TemporaryDirectory() as folder:
        errors = verdicts(policyctl, folder, [document for _, document, _ in cases])
    failures, refused, by_shape = 0, 0, 0
    for (name, document, good), error in zip(cases, errors):
        complaint = next(validator.iter_errors(document), None)
        shape = error is not None and SHAPE.search(error)
        refused += error is not None
        by_shape += bool(shape)
        if good and (error or complaint):
            print(f"{name}: should be fine\n  loader: {error}\n  schema: {complaint and complaint.message}")
        elif complaint and not error:
            print(f"{name}: refused by the schema alone: {complaint.message}")
        elif shape and not complaint:
            print(f"{name}: refused by the loader alone: {error}")
        else:
            continue
        failures += 1
    print(f"{len(cases)} documents, {refused} refused by the loader, {by_shape} of them for their shape, "
          f"{failures} disagreements")
    return failures != 0 or by_shape < 1000


sys.exit(main())
