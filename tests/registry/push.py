#!/usr/bin/env python3
"""Pushes an image of a few bytes and prints its digest.

push.py URL REPOSITORY TAG [--platforms linux/amd64,linux/arm64] [--single linux/amd64] [--docker] [--salt TEXT] [--copies N]
        [--user USER:PASSWORD] [--token TOKEN] [--ca FILE]

With --platforms an index of a manifest each, and one more as buildkit adds it for an attestation. With --copies also as TAG0 to
TAG(N-1).
"""
import argparse
import base64
import gzip
import hashlib
import json
import ssl
import urllib.error
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("repository")
parser.add_argument("tag")
parser.add_argument("--platforms")
parser.add_argument("--single", default="linux/amd64")
parser.add_argument("--docker", action="store_true")
parser.add_argument("--salt", default="")
parser.add_argument("--copies", type=int, default=0)
parser.add_argument("--user")
parser.add_argument("--token")
parser.add_argument("--ca")
args = parser.parse_args()
context = ssl.create_default_context(cafile=args.ca) if args.ca else None
OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker.distribution.manifest."
MANIFEST = DOCKER + "v2+json" if args.docker else OCI + "manifest.v1+json"
INDEX = DOCKER + "list.v2+json" if args.docker else OCI + "index.v1+json"


def call(method, url, body=None, kind=None):
    request = urllib.request.Request(url, data=body, method=method)
    if kind:
        request.add_header("Content-Type", kind)
    if args.user:
        request.add_header("Authorization", "Basic " + base64.b64encode(args.user.encode()).decode())
    if args.token:
        request.add_header("Authorization", "Bearer " + args.token)
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:
        return answer.headers


def digest_of(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


def push_blob(body):
    base = f"{args.url}/v2/{args.repository}/blobs/uploads/"
    where = call("POST", base, b"")["Location"]
    if where.startswith("/"):
        where = args.url + where
    where += ("&" if "?" in where else "?") + "digest=" + digest_of(body)
    call("PUT", where, body, "application/octet-stream")
    return {"digest": digest_of(body), "size": len(body)}


def push_manifest(reference, document):
    body = json.dumps(document).encode()
    call("PUT", f"{args.url}/v2/{args.repository}/manifests/{reference or digest_of(body)}", body, document["mediaType"])
    return body


def push_image(platform, reference):
    system, architecture, *variant = platform.split("/")
    config = {"os": system, "architecture": architecture, "salt": args.salt, "rootfs": {"type": "layers", "diff_ids": []}}
    if variant:
        config["variant"] = variant[0]
    kind = "application/vnd.docker.container.image.v1+json" if args.docker else OCI + "config.v1+json"
    layer_kind = "application/vnd.docker.image.rootfs.diff.tar.gzip" if args.docker else OCI + "layer.v1.tar+gzip"
    layer = push_blob(gzip.compress(bytes(10240), mtime=0))
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": kind, **push_blob(json.dumps(config).encode())},
                "layers": [{"mediaType": layer_kind, **layer}]}
    return push_manifest(reference, document)


if args.platforms:
    entries = []
    for platform in args.platforms.split(","):
        body = push_image(platform, None)
        names = dict(zip(("os", "architecture", "variant"), platform.split("/")))
        entries.append({"mediaType": MANIFEST, "digest": digest_of(body), "size": len(body), "platform": names})
    body = push_image("unknown/unknown", None)
    entries.append({"mediaType": MANIFEST, "digest": digest_of(body), "size": len(body),
                    "platform": {"os": "unknown", "architecture": "unknown"}})
    body = push_manifest(args.tag, {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
else:
    body = push_image(args.single, args.tag)
for i in range(args.copies):
    call("PUT", f"{args.url}/v2/{args.repository}/manifests/{args.tag}{i}", body, json.loads(body)["mediaType"])
print(digest_of(body))
