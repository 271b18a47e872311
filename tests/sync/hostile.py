#!/usr/bin/env python3
"""pullgate-sync against API servers that misbehave, one after the other.

Each case starts a server on loopback that holds namespaces and Secrets, answers as an API server does, and spoils some of
its answers. pullgate-sync has to have every copy in place in the end, with at most five calls at a time.

   hostile.py PULLGATE_SYNC [CASE...]
"""
import base64, concurrent.futures, http.server, json, os, re, socket, struct, subprocess, sys, tempfile, threading, time, urllib.parse

TOKEN = base64.urlsafe_b64encode(os.urandom(24)).decode()
PASSWORD = base64.urlsafe_b64encode(os.urandom(24)).decode()
TYPE = "kubernetes.io/dockerconfigjson"
LONG_S = 60  # when waiting is in vain

POLICY = """
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: hostile}
spec:
  registry: harbor.corp.example/hub
  secrets: [{name: regcred, from: {namespace: platform, name: regcred}}]
  rules: [{name: teams, match: {namespaces: ["team-*"]}, imagePullSecrets: [regcred]}]
"""


def config(password):
    text = json.dumps({"auths": {"harbor.corp.example": {"username": "robot", "password": password}}})
    return base64.b64encode(text.encode()).decode()


class Cluster:
    """Objects, their versions, and the events since the start."""

    def __init__(self):
        self.lock = threading.Condition()
        self.version, self.objects, self.events, self.oldest = 100, {}, [], 0
        for name in ["platform", "team-a", "team-b", "other"]:
            self.put("namespaces", "", name, {"metadata": {"name": name}, "status": {"phase": "Active"}})
        self.rotate(PASSWORD)

    def rotate(self, password):
        self.put("secrets", "platform", "regcred", {"type": TYPE, "data": {".dockerconfigjson": config(password)},
                                                    "metadata": {"namespace": "platform", "name": "regcred"}})

    def put(self, kind, namespace, name, obj):
        with self.lock:
            self.version += 1
            old = self.objects.get((kind, namespace, name))
            obj["metadata"]["resourceVersion"] = str(self.version)
            obj["metadata"]["uid"] = old["metadata"]["uid"] if old else "uid-%d" % self.version
            self.objects[kind, namespace, name] = obj
            self.events.append((self.version, kind, "MODIFIED" if old else "ADDED", json.loads(json.dumps(obj))))
            self.lock.notify_all()
            return obj

    def drop(self, kind, namespace, name, silently=False):
        with self.lock:
            self.version += 1
            obj = self.objects.pop((kind, namespace, name))
            obj["metadata"]["resourceVersion"] = str(self.version)
            if not silently:
                self.events.append((self.version, kind, "DELETED", obj))
            self.lock.notify_all()

    def copies(self):
        with self.lock:
            return {ns: o["data"].get(".dockerconfigjson") for (kind, ns, name), o in self.objects.items()
                    if kind == "secrets" and ns != "platform"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, obj, headers=()):
        body = obj if isinstance(obj, bytes) else json.dumps(obj).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers:
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def status(self, code, reason, cause=None, headers=()):
        details = {"causes": [{"reason": cause}]} if cause else {}
        self.answer(code, {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "details": details,
                           "message": "spoilt"}, headers)

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        self.wfile = self.rfile = open(os.devnull, "r+b")

    # ---- a watch's stream ----

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def end_stream(self):
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def line(self, kind, obj):
        data = json.dumps({"type": kind, "object": obj}).encode() + b"\n"
        for piece in self.server.case.cut(data):
            self.chunk(piece)

    # ---- requests ----

    def parse(self):
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        m = re.fullmatch(r"/api/v1(?:/namespaces/([^/]+))?/(secrets|events)(?:/([^/]+))?", url.path)
        if m:
            self.namespace, self.kind, self.name = m.group(1) or "", m.group(2), m.group(3) or ""
        else:
            m = re.fullmatch(r"/api/v1/namespaces(?:/([^/]+))?", url.path)
            self.namespace, self.kind, self.name = "", "namespaces", m.group(1) or ""
        self.verb = {"PATCH": "apply", "DELETE": "delete", "POST": "create"}.get(self.command) or (
            "watch" if "watch" in self.query else "get" if self.name else "list")
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def serve(self):
        server = self.server
        self.parse()
        calls = self.verb in ("apply", "delete", "get", "create")
        with server.lock:
            server.seen.append(self.verb)
            server.running += calls
            server.most = max(server.most, server.running)
        try:
            if self.headers.get("Authorization") != "Bearer " + server.token:
                self.status(401, "Unauthorized")
            elif not server.case.spoil(self):
                getattr(self, "do_" + self.verb)()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with server.lock:
                server.running -= calls

    do_GET = do_PATCH = do_DELETE = do_POST = serve

    def matches(self, obj):
        meta = obj["metadata"]
        m = re.match(r"metadata.name=(.*)", self.query.get("fieldSelector", ""))
        return (not m or meta["name"] == m.group(1)) and self.namespace in ("", meta.get("namespace", ""))

    def do_list(self):
        c = self.server.cluster
        with c.lock:
            items = sorted((o for (kind, _, _), o in c.objects.items() if kind == self.kind and self.matches(o)),
                           key=lambda o: (o["metadata"].get("namespace", ""), o["metadata"]["name"]))
            version, first = str(c.version), int(self.query.get("continue", 0))
            last = first + min(int(self.query["limit"]), self.server.case.page)
            more = str(last) if last < len(items) else ""
            data = json.dumps({"kind": "List", "apiVersion": "v1", "items": items[first:last],
                               "metadata": {"resourceVersion": version, "continue": more}}).encode()
        self.answer(200, data)

    def do_watch(self):
        c, since = self.server.cluster, int(self.query["resourceVersion"])
        if since < c.oldest:
            return self.status(410, "Expired")
        self.begin_stream()
        while not self.server.ended:
            with c.lock:
                c.lock.wait(0.2)
                news = [e for e in c.events if e[0] > since and e[1] == self.kind and self.matches(e[3])]
            for version, _, kind, obj in news:
                self.line(kind, obj)
                since = version
            if not self.server.case.keeps_watch(self):
                return self.reset()
        self.end_stream()

    def do_get(self):
        obj = self.server.cluster.objects.get((self.kind, self.namespace, self.name))
        self.answer(200, obj) if obj else self.status(404, "NotFound")

    def do_create(self):
        self.answer(201, {"kind": "Event", "metadata": {"name": "e", "resourceVersion": "1"}})

    def do_apply(self):
        c, new = self.server.cluster, json.loads(self.body)
        old = c.objects.get((self.kind, self.namespace, self.name))
        if old and self.query.get("force") != "true":
            return self.status(409, "Conflict")
        if old and old["type"] != new["type"]:
            return self.status(422, "Invalid")
        new["metadata"]["managedFields"] = [{
            "manager": self.query["fieldManager"], "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:" + key: {} for key in new["data"]}}}]
        self.answer(200 if old else 201, c.put(self.kind, self.namespace, self.name, new))

    def do_delete(self):
        c = self.server.cluster
        old = c.objects.get((self.kind, self.namespace, self.name))
        if not old:
            return self.status(404, "NotFound")
        for key, value in json.loads(self.body)["preconditions"].items():
            if old["metadata"][key] != value:
                return self.status(409, "Conflict")
        c.drop(self.kind, self.namespace, self.name)
        self.answer(200, {"kind": "Status", "status": "Success", "metadata": {}})


# ---- cases -----------------------------------------------------------------------------------------------

class Case:
    """An API server that behaves. Those below spoil `times` answers each of some verbs."""
    page, times, verbs = 500, 0, ()
    flags = ()

    def __init__(self):
        self.lock, self.spoilt = threading.Lock(), 0

    def spoil(self, h):
        with self.lock:
            if h.verb not in self.verbs or self.spoilt >= self.times:
                return False
            self.spoilt += 1
        self.spoil_it(h)
        return True

    def cut(self, data):
        return [data]

    def keeps_watch(self, h):
        return True

    def during(self, run):
        """What happens once the first copies are there."""
        run.cluster.rotate(run.fresh())
        run.until_copied()


class Pages(Case):
    page = 1


class Split(Case):
    def cut(self, data):
        return [data[i:i + 1] for i in range(len(data))]


class Throttled(Case):
    verbs, times = ("list", "apply", "watch"), 6

    def spoil_it(self, h):
        h.status(429, "TooManyRequests", headers=[("Retry-After", "1")])


class Storm(Case):
    """429 without a pause."""
    verbs, times = ("apply",), 20

    def spoil_it(self, h):
        h.status(429, "TooManyRequests")


class Broken(Case):
    verbs, times = ("list", "apply", "watch"), 9

    def spoil_it(self, h):
        h.status(503, "ServiceUnavailable")


class Resets(Case):
    verbs, times = ("list", "apply", "watch", "get"), 8

    def spoil_it(self, h):
        h.reset()


class Gone(Case):
    verbs, times = ("watch",), 5

    def spoil_it(self, h):
        h.status(410, "Expired")


class GoneEvent(Case):
    verbs, times = ("watch",), 5

    def spoil_it(self, h):
        h.begin_stream()
        h.line("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"})
        h.end_stream()


class ErrorEvent(Case):
    verbs, times = ("watch",), 5

    def spoil_it(self, h):
        h.begin_stream()
        h.line("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError", "message": "no"})
        h.end_stream()


class NoStatus(Case):
    verbs, times = ("watch",), 4

    def spoil_it(self, h):
        h.begin_stream()
        h.chunk([b'{"type":"ERROR"}\n', b'{"type":"ADDED","object":[]}\n', b"<html>no</html>\n", b'\xff\xfe\n'][self.spoilt - 1])
        h.end_stream()


class EndsAtOnce(Case):
    verbs, times = ("watch",), 5

    def spoil_it(self, h):
        h.begin_stream()
        h.end_stream()


class EndlessLine(Case):
    verbs, times = ("watch",), 2

    def spoil_it(self, h):
        h.begin_stream()
        h.chunk(b'{"type":"ADDED","object":{"metadata":{"name":"')
        for _ in range(64):
            h.chunk(b"x" * (1 << 20))


class EndlessList(Case):
    verbs, times = ("list",), 2

    def spoil_it(self, h):
        h.begin_stream()
        h.chunk(b'{"metadata":{"resourceVersion":"1"},"items":[')
        for _ in range(64):
            h.chunk(b" " * (1 << 20))


class Deep(Case):
    verbs, times = ("list",), 2

    def spoil_it(self, h):
        h.answer(200, b'{"metadata":{"resourceVersion":"1"},"items":' + b"[" * 100000 + b"]" * 100000 + b"}")


class NotLists(Case):
    verbs, times = ("list",), 6

    def spoil_it(self, h):
        h.answer(200, [b"<html>login</html>", b"", b"{}", b"[]", b'{"items":[]}', b'{"metadata":{"resourceVersion":"9"}}'][self.spoilt - 1])


class CutShort(Case):
    """A body that ends before its length."""
    verbs, times = ("list", "apply"), 4

    def spoil_it(self, h):
        h.send_response(200)
        h.send_header("Content-Length", "1000")
        h.end_headers()
        h.wfile.write(b'{"metadata":{"resourceVersion":"1"},"items":[]}')
        h.wfile.flush()
        h.reset()


class ContinueExpires(Case):
    page, times, verbs = 1, 2, ("list",)

    def spoil(self, h):
        return "continue" in h.query and super().spoil(h)

    def spoil_it(self, h):
        h.status(410, "Expired")


class LostDeletion(Case):
    """A copy and its event vanish while the watches are down."""

    def during(self, run):
        c = run.cluster
        before = c.version
        c.drop("secrets", "team-a", "regcred", silently=True)
        self.cutting = before
        with c.lock:
            c.oldest = c.version
            c.lock.notify_all()
        run.until_copied()

    cutting = None

    def keeps_watch(self, h):
        since, self.cut_once = self.cutting, True
        return since is None or int(h.query["resourceVersion"]) > since


class Refused(Case):
    """Answers to an apply that end it."""
    verbs, times = ("apply",), 4

    def spoil_it(self, h):
        answers = [(403, "Forbidden", "NamespaceTerminating"), (403, "Forbidden", None), (422, "Invalid", None), (409, "Conflict", None)]
        code, reason, cause = answers[self.spoilt - 1]
        h.status(code, reason, cause)


class NewToken(Case):
    """The token is replaced, and the old one refused at once."""

    def during(self, run):
        run.server.token = base64.urlsafe_b64encode(os.urandom(24)).decode()
        run.write("token", run.server.token)
        run.cluster.rotate(run.fresh())
        for name in ("team-c", "team-d"):
            run.cluster.put("namespaces", "", name, {"metadata": {"name": name}, "status": {"phase": "Active"}})
        run.until_copied()


class NothingPruned(Case):
    """The source cannot be read: its copies stay, whatever else is reported of it."""
    verbs, times = (), 1 << 30

    def spoil_it(self, h):
        h.status(403, "Forbidden")

    def spoil(self, h):
        return h.namespace == "platform" and super().spoil(h)

    def during(self, run):
        # the watch ends with its stream; whatever asks for the source after that is refused
        run.cluster.drop("secrets", "platform", "regcred", silently=True)
        self.verbs = ("list", "watch", "get")
        self.ends = True
        run.until("refusals", lambda: self.spoilt >= 3)
        if set(run.cluster.copies()) != {"team-a", "team-b"}:
            raise AssertionError("copies: found %s" % sorted(run.cluster.copies()))
        self.verbs = ()
        run.cluster.rotate(run.fresh())
        run.until_copied()

    ends = False

    def keeps_watch(self, h):
        return not (self.ends and h.namespace == "platform" and self.verbs)


class StillThere(Case):
    """A watch reports the source as deleted, and GET finds it: its copies stay."""

    def during(self, run):
        c = run.cluster
        obj = c.objects["secrets", "platform", "regcred"]
        with c.lock:
            c.version += 1
            gone = json.loads(json.dumps(obj))
            gone["metadata"]["resourceVersion"] = str(c.version)
            c.events.append((c.version, "secrets", "DELETED", gone))
            c.lock.notify_all()
        run.until("a look at the source", lambda: "get" in run.server.seen)
        run.until_copied()
        if "delete" in run.server.seen:
            raise AssertionError("a copy was deleted")


CASES = [c for c in list(globals().values()) if isinstance(c, type) and issubclass(c, Case)]


# ---- a run -------------------------------------------------------------------------------------------------

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # connections are reset on purpose, by both ends


class Run:
    def __init__(self, program, case, folder):
        self.case, self.folder, self.password = case, folder, PASSWORD
        self.cluster = Cluster()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.case, self.server.cluster, self.server.token = case, self.cluster, TOKEN
        self.server.lock, self.server.running, self.server.most = threading.Lock(), 0, 0
        self.server.ended, self.server.seen = False, []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.write("token", TOKEN)
        self.write("policy.yaml", POLICY)
        self.log = open(os.path.join(folder, "log"), "wb")
        self.process = subprocess.Popen(
            [program, "--policy", os.path.join(folder, "policy.yaml"), "--token-file", os.path.join(folder, "token"), "--server",
             "http://127.0.0.1:%d" % self.server.server_address[1], "--listen", "", "--grace", "1s", *case.flags],
            stderr=self.log)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as f:
            os.chmod(path + ".new", 0o600)
            f.write(text)
        os.rename(path + ".new", path)

    def fresh(self):
        self.password = base64.urlsafe_b64encode(os.urandom(24)).decode()
        return self.password

    def until(self, what, condition):
        for _ in range(LONG_S * 20):
            if condition():
                return
            if self.process.poll() is not None:
                raise AssertionError("pullgate-sync ended with %d" % self.process.returncode)
            time.sleep(0.05)
        raise AssertionError("waited in vain for %s" % what)

    def until_copied(self):
        wanted = lambda: {name: config(self.password) for (kind, _, name) in list(self.cluster.objects)
                          if kind == "namespaces" and name.startswith("team-")}
        self.until("the copies", lambda: self.cluster.copies() == wanted())

    def check(self):
        log = open(self.log.name).read()
        for secret in (TOKEN, self.server.token, PASSWORD, self.password, config(PASSWORD), config(self.password)):
            if secret in log:
                raise AssertionError("a secret is in the log")
        if self.server.most > 5:
            raise AssertionError("%d calls at a time" % self.server.most)
        if self.case.times not in (0, 1 << 30) and self.case.spoilt != self.case.times:
            raise AssertionError("%d answers spoilt, expected %d" % (self.case.spoilt, self.case.times))
        peak = re.search(r"VmHWM:\s+(\d+) kB", open("/proc/%d/status" % self.process.pid).read())
        if int(peak.group(1)) > 120 << 10 and not os.environ.get("SANITIZED"):
            raise AssertionError("%s kB resident" % peak.group(1))

    def end(self):
        self.server.ended = True
        self.process.terminate()
        status = self.process.wait(LONG_S)
        self.server.shutdown()
        self.server.server_close()
        if status != 0:
            raise AssertionError("exit status %d" % status)


def run(program, cls):
    with tempfile.TemporaryDirectory() as folder:
        r = Run(program, cls(), folder)
        try:
            r.until_copied()
            r.case.during(r)
            r.check()
            r.end()
        except AssertionError as e:
            r.process.kill()
            r.process.wait()
            print("FAILED: %s: %s" % (cls.__name__, e))
            print(open(r.log.name).read()[-3000:])
            return False
    print("ok: %s (%d requests)" % (cls.__name__, len(r.server.seen)))
    return True


def main():
    names = sys.argv[2:]
    cases = [c for c in CASES if not names or c.__name__ in names]
    with concurrent.futures.ThreadPoolExecutor(8) as pool: # they mostly wait
        done = list(pool.map(lambda c: (c.__name__, run(sys.argv[1], c)), cases))
    failed = [name for name, good in done if not good]
    print("%d cases, %d failed" % (len(cases), len(failed)))
    sys.exit(1 if failed or not cases else 0)


main()
