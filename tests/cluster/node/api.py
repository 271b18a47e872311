"""A client of the Kubernetes API with a certificate: get, write, watch. One connection for each thread."""
import http.client
import json
import ssl
import threading
import time


class Conflict(Exception):
    """404, 409 or 422: what was to be changed is gone, or is not as it was."""


class Api:
    """One user of the API server; safe for many threads."""

    def __init__(self, port, ca, certificate, key):
        self.port = port
        self.tls = ssl.create_default_context(cafile=ca)
        self.tls.load_cert_chain(certificate, key)
        self.local = threading.local()

    def connect(self, timeout=30):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=timeout)

    def call(self, method, path, body=None, content_type="application/json"):
        """The answer's object. A broken connection is tried once more."""
        data = None if body is None else json.dumps(body)
        for last in False, True:
            connection = getattr(self.local, "connection", None) or self.connect()
            self.local.connection = connection
            try:
                connection.request(method, path, data, {"Content-Type": content_type} if data else {})
                answer = connection.getresponse()
                text = answer.read()
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                self.local.connection = None
                if last:
                    raise
        if answer.status in (404, 409, 422):
            raise Conflict(f"{method} {path}: {text.decode()[:300]}")
        if answer.status >= 300:
            raise OSError(f"{method} {path}: {answer.status} {text.decode()[:300]}")
        return json.loads(text)

    def get(self, path):
        return self.call("GET", path)

    def patch(self, path, body):
        return self.call("PATCH", path, body, "application/strategic-merge-patch+json")

    def watch(self, path, query, running):
        """Yields (type, object) for all objects of a list, as they are and as they change, while running() holds.

        After a break the list is read anew: an object may come again, and one that went in between comes as DELETED
        with its last state.
        """
        known = {}
        while running():
            try:
                listed = self.get(f"{path}?{query}")
                now = {o["metadata"]["uid"]: o for o in listed["items"]}
                for uid in set(known) - set(now):
                    yield "DELETED", known.pop(uid)
                for uid, o in now.items():
                    known[uid] = o
                    yield "ADDED", o
                for kind, o in self.changes(path, query, listed["metadata"]["resourceVersion"]):
                    if kind == "ERROR":
                        break
                    known[o["metadata"]["uid"]] = o
                    if kind == "DELETED":
                        del known[o["metadata"]["uid"]]
                    yield kind, o
                    if not running():
                        return
            except (OSError, http.client.HTTPException, Conflict):
                time.sleep(0.1)  # the API server is starting or ending

    def changes(self, path, query, version):
        connection = self.connect(timeout=20)
        try:
            connection.request("GET", f"{path}?watch=1&timeoutSeconds=10&resourceVersion={version}&{query}")
            for line in connection.getresponse():
                change = json.loads(line)
                yield change["type"], change["object"]
        finally:
            connection.close()
