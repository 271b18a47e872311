#!/usr/bin/env python3
"""Servers of the tests, on a free port of loopback, which the first line names.

servers.py token KEY CERT        gives tokens that a registry believes. alice:wonderland may pull team/**, everybody public/**; the
                                 refresh token "looking-glass" is alice's
servers.py hostile OTHER         a registry that does what its repositories are called; OTHER is the port of a `thief`
servers.py thief                 prints "request PATH" and "stolen HEADER" for each Authorization; tokens and manifests for all
servers.py proxy PORT            prints "proxied URL" of plain requests and sends all to a port of loopback
"""
import base64
import gzip
import http.client
import json
import re
import subprocess
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                       "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + 64 * "0",
                                  "size": 2}, "layers": []}).encode()
KIND = "application/vnd.oci.image.manifest.v1+json"


def say(text):
    print(text, flush=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def json(self, status, document, headers=()):
        self.answer(status, json.dumps(document).encode(), [("Content-Type", "application/json"), *headers])

    def basic(self):
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(value).decode() if scheme == "Basic" else None

    def do_HEAD(self):
        self.do_GET()


# ---- token ----------------------------------------------------------------------------------

def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims):
    der = subprocess.run(["openssl", "x509", "-in", sys.argv[3], "-outform", "DER"], check=True, capture_output=True).stdout
    header = {"alg": "RS256", "typ": "JWT", "x5c": [base64.b64encode(der).decode()]}
    text = encoded(json.dumps(header).encode()) + "." + encoded(json.dumps(claims).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", sys.argv[2]], input=text.encode(), check=True,
                               capture_output=True).stdout
    return text + "." + encoded(signature)


class Token(Handler):
    def give(self, user, query):
        access = []
        for scope in query.get("scope", []):
            for one in scope.split(" "):
                kind, name, actions = one.split(":")
                wanted = actions.split(",")
                if user != "alice":
                    wanted = [a for a in wanted if a == "pull" and name.startswith("public/")]
                if wanted:
                    access.append({"type": kind, "name": name, "actions": wanted})
        now = int(time.time())
        token = signed({"iss": "tests", "sub": user, "aud": query["service"][0], "exp": now + 300, "nbf": now - 60, "iat": now,
                        "jti": "1", "access": access})
        say(f"token for {user or 'nobody'}")
        self.json(200, {"token": token, "expires_in": 300})

    def do_GET(self):
        given = self.basic()
        if given is not None and given != "alice:wonderland":
            say("refused")
            return self.json(401, {"details": "incorrect username or password"})
        return self.give("alice" if given else "", urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query))

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != ["looking-glass"]:
            return self.json(401, {"details": "no such refresh token"})
        return self.give("alice", form)


# ---- hostile --------------------------------------------------------------------------------

class Hostile(Handler):
    seen = {}

    def do_GET(self):
        name = self.path.split("/")[2]
        self.seen[name] = self.seen.get(name, 0) + 1
        getattr(self, "do_" + name.replace("-", "_"))()

    do_POST = do_GET
    other = None

    def challenge(self, value):
        self.answer(401, b"{}", [("WWW-Authenticate", value)])

    def do_good(self):
        self.answer(200, MANIFEST, [("Content-Type", KIND)])

    def do_endless(self):
        self.send_response(200)
        self.send_header("Content-Type", KIND)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(1 << 14):
            self.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")

    def do_headers(self):
        self.send_response(200)
        for i in range(1 << 14):
            self.send_header(f"X-{i}", "x" * 1000)
        self.answer(200)

    def do_loop(self):
        self.answer(307, b"", [("Location", self.path.split("?")[0] + f"?{self.seen['loop']}")])

    def do_digest(self):
        asked = self.path.split("/")[-1]
        self.answer(200, MANIFEST, [("Content-Type", KIND), ("Docker-Content-Digest", asked)])

    def do_bomb(self):
        body = gzip.compress(b" " * (64 << 20)) + b""
        self.answer(200, body, [("Content-Type", KIND), ("Content-Encoding", "gzip")])

    def do_slow(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(600):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def do_cut(self):
        self.answer(200, b"{", [("Content-Type", KIND)], length=1000)
        self.close_connection = True

    def do_html(self):
        self.answer(200, b"<html>login</html>", [("Content-Type", "text/html")])

    def do_deep(self):
        self.answer(200, b'{"a":' * 100000, [("Content-Type", KIND)])

    def do_both(self):
        document = {**json.loads(MANIFEST), "manifests": []}
        del document["mediaType"]
        self.json(200, document)

    def do_retry(self):
        if self.seen["retry"] == 1:
            return self.answer(503, b"", [("Retry-After", "1")])
        return self.do_good()

    def do_down(self):
        self.answer(503)

    def do_limit(self):
        self.json(429, {"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]},
                  [("Retry-After", "21600"), ("RateLimit-Limit", "100;w=21600"), ("RateLimit-Remaining", "0;w=21600")])

    def do_warns(self):
        self.answer(200, MANIFEST, [("Content-Type", KIND), ("Warning", '299 - "to be \x1b[31mswitched off"')])

    def do_metadata(self):
        self.challenge('Bearer realm="http://169.254.169.254/latest/meta-data"')

    def do_foreign(self):
        self.challenge(f'Bearer realm="http://127.0.0.1:{self.other}/token"')

    def do_user(self):
        self.challenge(f'Bearer realm="http://{self.headers["Host"]}@127.0.0.1:{self.other}/token"')

    def do_redirect(self):
        if self.basic() is None:
            return self.challenge('Basic realm="r"')
        return self.answer(307, b"", [("Location", f"http://127.0.0.1:{self.other}{self.path}")])

    def do_redirect_meta(self):
        self.answer(307, b"", [("Location", "http://169.254.169.254/latest/meta-data")])

    def do_redirect_file(self):
        self.answer(307, b"", [("Location", "file:///etc/passwd")])

    def do_inject(self):
        if self.path.startswith("/v2/inject/token"):
            return self.json(200, {"token": "x\r\nX-Injected: yes"})
        return self.challenge(f'Bearer realm="http://{self.headers["Host"]}/v2/inject/token"')

    def do_forever(self):
        if self.path.startswith("/v2/forever/token"):
            return self.json(200, {"token": "t"})
        return self.challenge(f'Bearer realm="http://{self.headers["Host"]}/v2/forever/token"')

    def do_garbage(self):
        self.wfile.write(b"\x00\x01\x02 not HTTP\r\n\r\n")
        self.close_connection = True

    def do_silent(self):
        self.close_connection = True


# ---- thief, proxy ---------------------------------------------------------------------------

class Thief(Handler):
    def do_GET(self):
        say("request " + self.path.split("?")[0])
        for name in ("Authorization", "Cookie"):
            if name in self.headers:
                say("stolen " + self.headers[name])
        if self.path.startswith("/token"):
            return self.json(200, {"token": "t"})
        return self.answer(200, MANIFEST, [("Content-Type", KIND)])

    def do_POST(self):
        say("stolen " + self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.json(200, {"token": "t"})


class Proxy(Handler):
    def do_GET(self):
        say("proxied " + self.path)
        url = urllib.parse.urlsplit(self.path)
        there = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]), timeout=30)
        headers = {k: v for k, v in self.headers.items() if not re.match("proxy-|connection", k, re.I)}
        there.request(self.command, urllib.parse.urlunsplit(("", "", url.path, url.query, "")), headers=headers)
        answer = there.getresponse()
        body = answer.read()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in ("content-length", "transfer-encoding", "connection")]
        self.answer(answer.status, body, kept, length=answer.headers.get("Content-Length"))


modes = {"token": Token, "hostile": Hostile, "thief": Thief, "proxy": Proxy}
if sys.argv[1] == "hostile":
    Hostile.other = sys.argv[2]
server = ThreadingHTTPServer(("127.0.0.1", 0), modes[sys.argv[1]])
server.daemon_threads = True
server.handle_error = lambda *_: None  # a client that ends early
say(f"port {server.server_port}")
server.serve_forever()
