#!/usr/bin/python3
"""record.py ADDRESS TLS_DIR FOLDER: a webhook on port 443 that allows everything and keeps each review as it came, in
FOLDER/N.json, N from 1; what /conditions is asked, in FOLDER/conditions-N.json. Serves until it is ended."""
import itertools
import json
import os
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

address, tls_dir, folder = sys.argv[1:]
numbers, lock = itertools.count(1), threading.Lock()


def keep(path, body):
    with lock:
        name = f"{folder}/{'conditions-' if path.startswith('/conditions') else ''}{next(numbers)}.json"
    with open(name + ".new", "wb") as file:
        file.write(body)
    os.rename(name + ".new", name)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        keep(self.path, body)
        answer = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                             "response": {"uid": json.loads(body)["request"]["uid"], "allowed": True}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer((address, 443), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(f"{tls_dir}/tls.crt", f"{tls_dir}/tls.key")
server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print("ready", flush=True)
server.serve_forever()
