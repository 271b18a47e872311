"""Kubernetes objects from YAML streams, in one form that can be compared."""
import base64
import json
import sys

import yaml


class Loader(yaml.SafeLoader):
    """Refuses duplicate keys, which PyYAML takes in silence."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", node.start_mark)
        return super().construct_mapping(node, deep)


def load(path):
    with (sys.stdin if path == "-" else open(path, encoding="utf-8")) as stream:
        return [o for o in yaml.load_all(stream, Loader) if o is not None]


def key(o):
    return "/".join([o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]])


def by_key(objects):
    found = {}
    for o in objects:
        if key(o) in found:
            raise ValueError(f"{key(o)} is defined twice")
        found[key(o)] = o
    return found


def normal(value):
    """Base64 that is broken into lines means the same to the API server; keys have no order."""
    if isinstance(value, dict):
        return {k: normal_bytes(v) if k == "caBundle" else
                {n: normal_bytes(b) for n, b in v.items()} if k == "data" and is_secret(value) else normal(v)
                for k, v in value.items()}
    return [normal(v) for v in value] if isinstance(value, list) else value


def is_secret(value):
    return value.get("kind") == "Secret"


def normal_bytes(text):
    return base64.b64encode(base64.b64decode("".join(text.split()), validate=True)).decode()


def lines(o):
    return json.dumps(normal(o), indent=1, sort_keys=True, ensure_ascii=False).splitlines()
