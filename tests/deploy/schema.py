#!/usr/bin/python3
"""schema.py CHART FILE...: the values of each file, over the chart's own, are good by its values.schema.json."""
import json
import sys

import jsonschema
import yaml


def merge(into, values):
    for k, v in values.items():
        into[k] = merge(into[k], v) if isinstance(v, dict) and isinstance(into.get(k), dict) else v
    return into


def main():
    chart, *files = sys.argv[1:]
    schema = json.load(open(chart + "/values.schema.json", encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    errors = 0
    for file in files:
        values = yaml.safe_load(open(chart + "/values.yaml", encoding="utf-8"))
        merge(values, yaml.safe_load(open(file, encoding="utf-8")) or {})
        for e in jsonschema.Draft7Validator(schema).iter_errors(values):
            errors += 1
            print(f"{file}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}")
    return errors != 0


sys.exit(main())
