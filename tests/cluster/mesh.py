#!/usr/bin/python3
"""mesh.py TLS_DIR: a mutating webhook as others have them: it puts a container "mesh" into pods, as a service mesh does.

The pod's annotation "mesh" names the image, and "mesh-does" what is done with it: see WAYS. A number as the path of a
call comes back as the annotation "mesh-config", which shows that the API server uses that registration. Prints its port
on loopback, and serves until it is ended.
"""
import base64
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


def lacks(items):
    return all(item["name"] != "mesh" for item in items)


def sidecar(spec, image):
    if lacks(spec["containers"]):
        spec["containers"].append({"name": "mesh", "image": image})


def native(spec, image):
    """A sidecar of Kubernetes' own kind, before all that a pod has."""
    if lacks(spec.setdefault("initContainers", [])):
        spec["initContainers"].insert(0, {"name": "mesh", "image": image, "restartPolicy": "Always"})


def volume(spec, image):
    if lacks(spec.setdefault("volumes", [])):
        spec["volumes"].append({"name": "mesh", "image": {"reference": image}})


def override(spec, image):
    """Sets the first container's image, with each call."""
    spec["containers"][0]["image"] = image


def bare(spec, _):
    spec.pop("imagePullSecrets", None)


WAYS = {"sidecar": sidecar, "native": native, "volume": volume, "override": override, "bare": bare,
        "count": lambda spec, _: None}


def change(pod, path):
    notes = pod["metadata"].setdefault("annotations", {})
    if path.isdigit():
        notes["mesh-config"] = path
    if notes.get("mesh-does") == "count":
        notes["mesh-count"] = str(int(notes.get("mesh-count", "0")) + 1)
    if "mesh" in notes:
        WAYS[notes.get("mesh-does", "sidecar")](pod["spec"], notes["mesh"])


def answer(request, path):
    response = {"uid": request["uid"], "allowed": True}
    pod = request["object"]
    before = json.dumps(pod)
    change(pod, path)
    if json.dumps(pod) != before:
        patch = [{"op": "replace", "path": f"/{part}", "value": pod[part]} for part in ("metadata", "spec")]
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(answer(review["request"], self.path.partition("?")[0].strip("/"))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(f"{sys.argv[1]}/tls.crt", f"{sys.argv[1]}/tls.key")
server.socket = tls.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
