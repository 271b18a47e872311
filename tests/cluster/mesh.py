#!/usr/bin/python3
"""mesh.py TLS_DIR: a mutating webhook that puts a container "mesh" into pods, as a service mesh does: of the image
that the pod's annotation "mesh" names. Prints its port on loopback, and serves until it is ended."""
import base64
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


def answer(request):
    response = {"uid": request["uid"], "allowed": True}
    pod = request["object"]
    image = pod["metadata"].get("annotations", {}).get("mesh")
    if image and all(c["name"] != "mesh" for c in pod["spec"]["containers"]):
        patch = [{"op": "add", "path": "/spec/containers/-", "value": {"name": "mesh", "image": image}}]
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(answer(review["request"])).encode()
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
