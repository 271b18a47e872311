#!/usr/bin/python3
"""Clients of a daemon under test: one that behaves well and counts, and others that do not.

    client.py good PORT CA REVIEW PROGRESS FRESH REGISTRY...
        Asks /mutate again and again over one connection, and every FRESH-th time (0: never) over
        a new one, until SIGTERM. An answer is right when it allows the pod and sends its first
        image to one of the registries. PROGRESS holds the number of right answers at any time.
    client.py ask PORT CA REVIEW COUNT CONNECTIONS REGISTRY...
        The same COUNT times over so many connections, and ends.
    client.py NAME PORT CA COUNT
        One of the clients that do not behave, COUNT times; what the daemon says to it is its
        own affair. `idle-*` print a line when all are open, and hold them until SIGTERM; the
        others end when the daemon has cut or answered them all.

The last line of output is a JSON object of figures; the exit status is 0 when nothing failed.
"""
import base64
import json
import os
import random
import select
import signal
import socket
import ssl
import struct
import sys
import time

PATIENCE_S = 60  # only a hang reaches it
PAUSE_S = 0.002  # between two requests of the one that behaves

stopping = False


def stop(_signal, _frame):
    global stopping
    stopping = True


class Wrong(Exception):
    """An answer that is not the right one."""


# ---- sockets -----------------------------------------------------------------------------------

def dial(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def dial_tls(port, context):
    return context.wrap_socket(dial(port), server_hostname="127.0.0.1")


def trusting(ca):
    return ssl.create_default_context(cafile=ca)


def reset(s):
    """Closes with a reset instead of a goodbye."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket(fileno=s.detach()).close()


def request(body, path="/mutate"):
    head = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


# ---- the one that behaves ----------------------------------------------------------------------

class Asker:
    """One connection, made when it is needed."""

    def __init__(self, port, context):
        self.port, self.context, self.socket = port, context, None

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def ask(self, whole):
        """Status and body of the answer."""
        if self.socket is None:
            self.socket = dial_tls(self.port, self.context)
        self.socket.sendall(whole)
        came = b""
        while (end := came.find(b"\r\n\r\n")) < 0:
            came += self.more()
        lines = came[:end].decode().lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:])
        size = end + 4 + int(fields["content-length"])
        while len(came) < size:
            came += self.more()
        if len(came) != size:
            raise Wrong("more bytes than the answer has")
        if fields.get("connection") == "close":
            self.close()
        return int(lines[0].split()[1]), came[end + 4:]

    def more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise Wrong("the connection ended before the answer did")
        return piece


class Judge:
    """Knows right answers; one that came before needs no second look."""

    def __init__(self, registries):
        self.registries, self.right = tuple(r + "/" for r in registries), set()

    def judge(self, status, body):
        if body in self.right and status == 200:
            return
        if status != 200:
            raise Wrong(f"status {status}: {body[:200]!r}")
        response = json.loads(body)["response"]
        if response["allowed"] is not True:
            raise Wrong(f"not allowed: {body[:300]!r}")
        edits = json.loads(base64.b64decode(response["patch"]))
        images = [e["value"] for e in edits if e["path"].endswith("/image")]
        if not images or not all(i.startswith(self.registries) for i in images):
            raise Wrong(f"images {images}, expected {self.registries}")
        self.right.add(body)


class Count:
    """Right and wrong answers; the first wrong ones are reported."""

    def __init__(self):
        self.right, self.wrong, self.why = 0, 0, []

    def take(self, asker, whole, judge):
        try:
            judge.judge(*asker.ask(whole))
            self.right += 1
        except (OSError, Wrong, ValueError, KeyError) as e:
            asker.close()
            self.wrong += 1
            if len(self.why) < 3:
                self.why.append(f"request {self.right + self.wrong}: {e!r}")

    def end(self):
        print(json.dumps({"right": self.right, "wrong": self.wrong, "why": self.why}))
        return self.wrong != 0


def good(port, ca, review, progress, fresh, *registries):
    with open(review, "rb") as f:
        whole = request(f.read())
    context, judge, count, fresh = trusting(ca), Judge(registries), Count(), int(fresh)
    kept = Asker(port, context)
    fd = os.open(progress, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    n = 0
    while not stopping:
        n += 1
        if fresh and n % fresh == 0:
            once = Asker(port, context)
            count.take(once, whole, judge)
            once.close()
        else:
            count.take(kept, whole, judge)
        os.pwrite(fd, b"%012d\n" % count.right, 0)
        time.sleep(PAUSE_S)
    kept.close()
    return count.end()


def ask(port, ca, review, times, connections, *registries):
    with open(review, "rb") as f:
        whole = request(f.read())
    context, judge, count = trusting(ca), Judge(registries), Count()
    askers = [Asker(port, context) for _ in range(int(connections))]
    for i in range(int(times)):
        count.take(askers[i % len(askers)], whole, judge)
    for asker in askers:
        asker.close()
    return count.end()


# ---- those that do not -------------------------------------------------------------------------

def hold(sockets):
    print("open", len(sockets), flush=True)
    while not stopping:
        signal.pause()
    for s in sockets:
        s.close()
    return {"held": len(sockets)}


def idle_tcp(port, _context, count):
    return hold([dial(port) for _ in range(count)])


def idle_tls(port, context, count):
    return hold([dial_tls(port, context) for _ in range(count)])


def until_cut(sockets, poke):
    """Pokes the connections now and then until the other side has ended them all."""
    cut, end = 0, time.monotonic() + PATIENCE_S
    left = list(sockets)
    while left and time.monotonic() < end:
        readable = {s.fileno() for s in select.select(left, [], [], 0.02)[0]}
        for s in list(left):
            try:
                if s.fileno() in readable and not poke(s, True):
                    raise ConnectionError
                poke(s, False)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                continue
            except OSError:
                left.remove(s)
                s.close()
                cut += 1
    return {"cut": cut, "left": len(left)}


def slow_writers(port, context, count):
    """A request that comes a byte at a time, for ever."""
    head = b"POST /mutate HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n{"
    sockets = [dial_tls(port, context) for _ in range(count)]
    for i, s in enumerate(sockets):
        s.sendall(head[:[len(head), 30, 5][i % 3]])
        s.setblocking(False)

    def poke(s, readable):
        if readable:
            return s.recv(4096) != b""
        return s.send(b"x")

    return until_cut(sockets, poke)


def slow_readers(port, context, count):
    """Requests without end on one connection, and not one answer is read. Without TLS there is
    nothing to tell: bytes that the client does not read are the kernel's."""
    sockets = []
    for _ in range(count):
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(PATIENCE_S)
        raw.connect(("127.0.0.1", port))
        s = context.wrap_socket(raw, server_hostname="127.0.0.1")
        s.setblocking(False)
        sockets.append(s)
    whole = b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n" * 100

    def poke(s, readable):
        # never reads; a reset shows when more is sent
        return readable or s.send(whole)

    return until_cut(sockets, poke)


def resets(port, context, count):
    """Ends in the middle of everything, without a goodbye."""
    whole = request(b"{" * 3000)
    for i in range(count):
        if i % 4 == 0:
            s = dial(port)
        else:
            s = dial_tls(port, context)
            s.sendall(whole[:[len(whole), 100, 20][i % 3]])
        reset(s)
    return {"reset": count}


def half_closed(port, context, count):
    """Says that it is done before, in or after a request, and listens to the end."""
    whole = request(b"{}")
    for i in range(count):
        s = dial_tls(port, context)
        s.sendall(whole[:[len(whole), 40, 0][i % 3]])
        s.shutdown(socket.SHUT_WR)
        raw = socket.socket(fileno=s.detach())
        raw.settimeout(PATIENCE_S)
        try:
            while raw.recv(65536):
                pass
        except OSError:
            pass
        raw.close()
    return {"ended": count}


def hello(context):
    """A ClientHello as this library writes it."""
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(came, goes, server_hostname="127.0.0.1").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return goes.read()


def garbage_of(seed, start):
    """Bytes that are no handshake, or nearly one."""
    r = random.Random(seed)
    damaged = bytearray(start)
    for _ in range(1 + seed % 5):
        damaged[r.randrange(len(damaged))] = r.randrange(256)
    return [r.randbytes(1 + r.randrange(2000)),
            b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            bytes(damaged),
            start[:r.randrange(len(start))],
            b"\x16\x03\x01\xff\xff" + r.randbytes(70000),  # a record larger than any may be
            b"\x80\x2e\x01\x00\x02" + r.randbytes(41),  # SSL 2
            start + start,
            b"\x15\x03\x03\x00\x02\x02\x28" * 10,  # alerts
            b"\x16\x03\x03\x00\x00" * 500][seed % 9]  # empty records


def garbage(port, context, count):
    start = hello(context)
    for seed in range(count):
        s = dial(port)
        try:
            s.sendall(garbage_of(seed, start))
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except OSError:
            pass
        s.close()
    return {"sent": count}


def garbage_inside(port, context, count):
    """A good handshake, and then records that no one encrypted."""
    r = random.Random(1)
    for i in range(count):
        s = dial_tls(port, context)
        raw = socket.socket(fileno=s.detach())
        raw.settimeout(PATIENCE_S)
        try:
            raw.sendall(b"\x17\x03\x03\x01\x00" + r.randbytes(256) if i % 2 else r.randbytes(500))
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                pass
        except OSError:
            pass
        raw.close()
    return {"sent": count}


def handshakes(port, context, count):
    """Handshakes for nothing, and the first half of handshakes."""
    start = hello(context)
    for i in range(count):
        if i % 2:
            s = dial(port)
            s.sendall(start)
            s.close()
        else:
            dial_tls(port, context).close()
    return {"shaken": count}


def slow_handshakes(port, context, count):
    """A ClientHello that comes a byte at a time."""
    start = hello(context)
    sockets = [dial(port) for _ in range(count)]
    at = dict.fromkeys(sockets, 0)
    for s in sockets:
        s.setblocking(False)

    def poke(s, readable):
        if readable:
            return s.recv(4096) != b""
        at[s] = min(at[s] + 1, len(start) - 2)
        return s.send(start[at[s]:at[s] + 1])

    return until_cut(sockets, poke)


def costly_pod(number):
    """A thousand different images that go far with regexes and globs, and a denied one."""
    images = [f"docker.io/evil-{number}" + "/a" * 60 + f"/l:{i}" for i in range(1000)] + ["docker.io/x/y/z/evil:1"]
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "default"},
           "spec": {"containers": [{"name": f"c{i}", "image": image} for i, image in enumerate(images)]}}
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": "u", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "name": "p", "namespace": "default",
        "operation": "CREATE", "userInfo": {"username": "mallory"}, "object": pod}}).encode()


def costly(port, context, count):
    for number in range(count):
        asker = Asker(port, context)
        status, body = asker.ask(request(costly_pod(number)))
        asker.close()
        response = json.loads(body)["response"] if status == 200 else {"allowed": None}
        reasons = response.get("auditAnnotations", {}).get("reasons", "")
        if response["allowed"] is not False or "pattern-limit: " not in reasons:
            raise Wrong(f"status {status}: {body[:300]!r}")
    return {"refused": count}


BAD = {"costly": costly, "idle-tcp": idle_tcp, "idle-tls": idle_tls, "slow-writers": slow_writers,
       "slow-readers": slow_readers, "resets": resets, "half-closed": half_closed,
       "garbage": garbage, "garbage-inside": garbage_inside, "handshakes": handshakes,
       "slow-handshakes": slow_handshakes}


def main(name, port, ca, *rest):
    signal.signal(signal.SIGTERM, stop)
    if name in ("good", "ask"):
        return {"good": good, "ask": ask}[name](int(port), ca, *rest)
    figures = BAD[name](int(port), trusting(ca), int(rest[0]))
    print(json.dumps(figures))
    return figures.get("left", 0) != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
