#!/usr/bin/python3
"""One limit of the daemon, one client that goes beyond it, and one that behaves and is served on.

    limits.py LIMIT PORT PROBES CA REVIEW REGISTRY

Each LIMIT is a function below; the daemon was started with a small value of its flag. The client that
behaves asks all the time, over one connection that it keeps; once the other has begun, it has to get
some more right answers, and none that is wrong. Prints a JSON object; exit status 0 when all held.
"""
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.request

import client

MORE = 20  # right answers while, and after, the other does its worst


class Failed(Exception):
    """The limit did not hold, or the one that behaves was not served."""


def expect(found, *expected):
    if found not in expected:
        raise Failed(f"found {found!r}, expected {' or '.join(map(repr, expected))}")


class Good(threading.Thread):
    """The one that behaves. 503 with Retry-After is not a failure where `patient`: it asks again."""

    def __init__(self, at, patient):
        super().__init__(daemon=True)
        self.at, self.patient, self.ends = at, patient, False
        self.count, self.waited = client.Count(), 0

    def run(self):
        asker, judge = client.Asker(self.at.port, self.at.context), client.Judge([self.at.registry])
        while not self.ends:
            if self.patient:
                self.ask_patiently(asker, judge)
            else:
                self.count.take(asker, self.at.good, judge)
            time.sleep(client.PAUSE_S)
        asker.close()

    def ask_patiently(self, asker, judge):
        status, body = asker.ask(self.at.good)
        if status == 503:
            self.waited += 1
            return
        judge.judge(status, body)
        self.count.right += 1

    def goes_on(self, more=MORE):
        aim, end = self.count.right + more, time.monotonic() + client.PATIENCE_S
        while self.count.right < aim:
            if not self.is_alive() or self.count.wrong or time.monotonic() > end:
                raise Failed(f"the one that behaves: {self.count.right} right, {self.count.wrong} wrong, "
                             f"{self.count.why}")
            time.sleep(client.PAUSE_S)


class At:
    """Where the daemon is, and what to say to it."""

    def __init__(self, port, probes, ca, review, registry):
        self.port, self.probes, self.registry = int(port), int(probes), registry
        self.context = client.trusting(ca)
        with open(review, "rb") as f:
            self.review = f.read()
        self.good = client.request(self.review)

    def dial(self):
        return client.dial_tls(self.port, self.context)

    def ask(self, whole):
        """On its own connection: status, header fields, body."""
        with self.dial() as s:
            s.sendall(whole)
            return answer(s)

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.probes}/metrics", timeout=30) as f:
            for line in f.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[-1])
        raise Failed(f"no metric {name}")


def answer(s):
    came = b""
    while b"\r\n\r\n" not in came:
        piece = s.recv(65536)
        if not piece:
            raise Failed(f"no answer, only {came!r}")
        came += piece
    head, body = came.split(b"\r\n\r\n", 1)
    lines = head.decode().lower().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:])
    while len(body) < int(fields.get("content-length", 0)):
        piece = s.recv(65536)
        if not piece:
            break
        body += piece
    return int(lines[0].split()[1]), fields, body


def is_cut(s):
    """Waits for the other side to end the connection."""
    try:
        while s.recv(65536):
            pass
    except OSError as e:
        if isinstance(e, socket.timeout):
            raise Failed("the connection was not ended") from e
    return True


def drip(s, data):
    """A byte now and then, until the other side has had enough."""
    end = time.monotonic() + client.PATIENCE_S
    s.settimeout(0.02)
    for byte in data:
        if time.monotonic() > end:
            raise Failed("all of it was taken")
        try:
            s.sendall(bytes([byte]))
            if s.recv(1) == b"":
                return
        except socket.timeout:
            continue
        except OSError:
            return
    raise Failed("all of it was taken")


def begun(at, size, have, query=""):
    """A request whose body has begun to come."""
    s = at.dial()
    s.sendall(f"POST /mutate{query} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
              f"Content-Length: {size}\r\n\r\n".encode() + b" " * have)
    return s


def until(holds):
    end = time.monotonic() + client.PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            raise Failed("never came true")
        time.sleep(client.PAUSE_S)


# ---- the limits --------------------------------------------------------------------------------

def max_body(at, good):
    for _ in range(5):
        status, _, body = at.ask(client.request(b" " * 9000))
        expect((status, json.loads(body)["reason"]), (413, "RequestEntityTooLarge"))
        good.goes_on()


def memory_budget(at, good):
    """Who holds most of it and sends no more makes room, well before the request timeout."""
    large = at.good.replace(b"\r\n\r\n", b"\r\n\r\n" + b" " * 500_000, 1)
    large = re.sub(rb"(?i)(content-length: )\d+", b"\\g<1>%d" % (len(at.review) + 500_000), large)
    for round in range(3):
        hog = begun(at, 900_000, 800_000)
        until(lambda: at.metric("pullgate_server_memory_bytes") >= 800_000)
        status, fields, _ = at.ask(large)
        expect((status, fields.get("retry-after")), (503, "1"))
        good.goes_on()
        until(lambda: at.ask(large)[0] == 200)
        is_cut(hog)
        hog.close()
    expect(at.metric('pullgate_server_refused_total{reason="memory"}') >= 3, True)


def max_in_flight(at, good):
    """A body that comes slowly is not in flight: the one that behaves never waits. (That it is kept at all, and
    for whom it is one too many, is for tests/unit/test_server_limits.c: the daemon's answers are too
    small not to be read.)"""
    before = at.metric("pullgate_server_connections_open")
    hogs = [begun(at, 3000, 1) for _ in range(8)]
    until(lambda: at.metric("pullgate_server_connections_open") >= before + 8)
    for _ in range(5):
        expect(at.ask(at.good)[0], 200)
        good.goes_on()
    expect(at.metric('pullgate_server_refused_total{reason="busy"}'), 0.0)
    for s in hogs:  # --request-timeout ends them
        is_cut(s)


def slow_bodies(at, good):
    """More of them than there may be connections, and new ones for each that is cut."""
    hogs = [begun(at, 3000, 1) for _ in range(6)]
    for _ in range(4):
        expect(at.ask(at.good)[0], 200)
        good.goes_on()
        hogs.append(begun(at, 9_000_000, 1))
    expect(at.metric("pullgate_server_connections_open") <= 8, True)
    expect(at.metric('pullgate_server_refused_total{reason="busy"}'), 0.0)
    for s in hogs:
        s.close()


def probe_bodies(at, good):
    """A probe has no body: a client that announces one is refused at once, and takes no place from a kubelet."""
    for announced in ("Content-Length: 100", "Transfer-Encoding: chunked"):
        hogs = [client.dial(at.probes) for _ in range(70)]
        for s in hogs:
            s.sendall(f"GET /healthz HTTP/1.1\r\nHost: h\r\n{announced}\r\n\r\n".encode())
        for s in hogs:
            expect(answer(s)[0], 413)
            is_cut(s)
            s.close()
        good.goes_on()
    hogs = [client.dial(at.probes) for _ in range(70)]
    for s in hogs:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: h")
    at.metric("pullgate_server_connections_open")  # slow headers make room
    for s in hogs:
        s.close()


def starve(port, holds, good, at):
    """5,000 connections on a port, and probes meanwhile: each is answered, and none waits for the crowd."""
    s = []
    try:
        while len(s) < 5000:
            c = socket.socket()
            c.setblocking(False)
            s.append(c)
            c.connect_ex(("127.0.0.1", port))
            if holds is not None:
                s_send(c, holds)
        for _ in range(20):
            probe(at, b"/healthz")
            probe(at, b"/readyz")
            at.metric("pullgate_server_connections_open")
        if port != at.port:
            good.goes_on()
    finally:
        for c in s:
            c.close()


def s_send(c, what):
    try:
        c.send(what)
    except OSError:
        pass


def probe(at, path):
    with socket.create_connection(("127.0.0.1", at.probes), timeout=client.PATIENCE_S) as s:
        s.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        expect(answer(s)[0], 200)


def idle_crowd(at, good):
    starve(at.probes, None, good, at)
    starve(at.port, None, good, at)


def unread_metrics(at, good):
    """Connections that ask for all figures again and again, and read none of them."""
    hogs = []
    for _ in range(128):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", at.probes))
        s.setblocking(False)
        s_send(s, b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n" * 400)
        hogs.append(s)
    for _ in range(20):
        probe(at, b"/healthz")
        good.goes_on()
    for s in hogs:
        s.close()


def unread_answers(at, good):
    """More connections that read nothing than may be in flight: others take their places."""
    hogs = []
    for _ in range(8):
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(client.PATIENCE_S)
        raw.connect(("127.0.0.1", at.port))
        s = at.context.wrap_socket(raw, server_hostname="127.0.0.1")
        s.setblocking(False)
        hogs.append(s)
    whole = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" * 2000

    full = set()

    def fill():
        for s in hogs:
            try:
                s.send(whole)
            except OSError:  # no room, or cut
                full.add(s)
        good.goes_on()
        return len(full) == len(hogs)

    until(fill)
    for _ in range(3):
        expect(at.ask(at.good)[0], 200)
        good.goes_on()
    expect(at.metric('pullgate_server_refused_total{reason="busy"}'), 0.0)
    for s in hogs:
        s.close()


def long_uid(at, good):
    """What is sent back is not what the client wants to have sent back."""
    for size, status in (1, 200), (256, 200), (257, 400), (5_000_000, 400):
        review = json.loads(at.review)
        review["request"]["uid"] = "u" * size
        expect(at.ask(client.request(json.dumps(review).encode()))[0], status)
        review["request"]["object"] = "HERE"
        broken = json.dumps(review).encode().replace(b'"HERE"', b"[" * 300)
        expect(at.ask(client.request(broken))[0], status)
    good.goes_on()


def resident_kb(what):
    with open(f"/proc/{os.environ['PID']}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(what))


def heavy(at, containers, values):
    """A review that makes as much of its bytes as there is to be made: images, and values that no one reads."""
    pod = b'{"metadata":{},"spec":{"containers":[' + b",".join([b'{"image":"a"}'] * containers) + b'],"junk":['
    return client.request(with_object(at, pod + b"1," * values + b"1]}}"))


def send_unread(at, whole, kept):
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(client.PATIENCE_S)
    raw.connect(("127.0.0.1", at.port))
    try:
        s = at.context.wrap_socket(raw, server_hostname="127.0.0.1")
        s.sendall(whole)
        kept.append(s)
    except OSError:  # made room for others
        pass


def memory(at, good):
    """All at once: idle connections, bodies that stop, heavy reviews whose answers no one reads. What the
    process ever had stays below four fifths of --memory, and all of it comes back."""
    kept = [at.dial() for _ in range(200)]
    for containers, values in (100_000, 100), (40_000, 2_000_000), (500, 200), (2_500, 10):
        whole = heavy(at, containers, values)
        until(lambda: at.ask(whole)[0] == 200)  # 503 until the bodies of before have made room
        for _ in range(4):
            kept += [begun(at, 9_000_000, 8_000_000) for _ in range(6)]
            askers = [threading.Thread(target=send_unread, args=(at, whole, kept)) for _ in range(6)]
            for t in askers:
                t.start()
            for t in askers:
                t.join(client.PATIENCE_S)
        good.goes_on()
    for s in kept:
        s.close()
    if os.environ.get("CHAOS_RSS") != "no":
        limit = at.metric('pullgate_memory_limit_bytes{source="--memory"}')
        expect(limit, 256.0 * 1024 * 1024)
        if resident_kb("VmHWM:") * 1024 >= 0.8 * limit:
            raise Failed(f"{resident_kb('VmHWM:')} kB were resident")
        until(lambda: resident_kb("VmRSS:") < 40_000)


def unread_patches(at, good):
    """Large answers that no one reads, more than --memory-budget holds: the oldest make room, no one else waits
    long, and nothing of them stays."""
    whole = heavy(at, 64_000, 1)
    status, _, body = at.ask(whole)
    expect((status, len(body) > 6_000_000), (200, True))
    kept = []
    for _ in range(12):
        send_unread(at, whole, kept)
        good.goes_on()
        expect(at.metric("pullgate_server_memory_bytes") <= at.metric("pullgate_server_memory_max_bytes"), True)
    until(lambda: at.ask(whole)[0] == 200)
    for s in kept:
        s.close()
    until(lambda: at.metric("pullgate_server_memory_bytes") < 1_000_000)


def max_connections(at, good):
    more = [client.dial(at.port) for _ in range(40)]
    for _ in range(20):
        expect(at.metric("pullgate_server_connections_open") <= 4, True)
        good.goes_on()
    status, _, _ = at.ask(at.good)  # idle ones have made room
    expect(status, 200)
    for s in more:
        s.close()


def max_handshakes(at, good):
    """Those beyond it wait; and make room in the end."""
    slow = [client.dial(at.port) for _ in range(12)]
    for s in slow:
        s.sendall(b"\x16\x03\x01")
    for _ in range(20):
        expect(at.metric("pullgate_server_handshakes_in_flight") <= 4, True)
        good.goes_on()
    expect(at.ask(at.good)[0], 200)
    expect(at.metric("pullgate_server_handshakes_delayed_total") >= 8, True)
    for s in slow:
        s.close()


def from_another_address(at):
    return socket.create_connection(("127.0.0.1", at.port), timeout=client.PATIENCE_S,
                                    source_address=("127.0.0.2", 0))


def max_connections_per_address(at, good):
    held = [from_another_address(at) for _ in range(3)]
    until(lambda: at.metric("pullgate_server_connections_accepted_total") >= 4)
    for _ in range(20):
        with from_another_address(at) as s:
            is_cut(s)
        expect(at.ask(at.good)[0], 200)
        until(lambda: at.metric("pullgate_server_connections_open") <= 4)  # it counts what is closed but not yet seen
    good.goes_on()
    expect(at.metric("pullgate_server_connections_refused_total"), 20.0)
    for s in held:
        s.close()


def max_header(at, good):
    for _ in range(5):
        fill = b"X: " + b"a" * 9000
        status, _, _ = at.ask(b"GET /healthz HTTP/1.1\r\nHost: h\r\n" + fill + b"\r\n\r\n")
        expect(status, 431)
        good.goes_on()


def header_timeout(at, good):
    silent = [client.dial(at.port) for _ in range(10)]
    with at.dial() as s:
        drip(s, b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 5000)
    for s in silent:
        is_cut(s)
    good.goes_on()
    expect(at.metric("pullgate_server_timed_out_total") >= 11, True)


def request_timeout(at, good):
    with begun(at, 6000, 1) as s:
        drip(s, b" " * 5000)
    with begun(at, 6000, 1) as s:
        is_cut(s)
    good.goes_on()
    expect(at.metric("pullgate_server_timed_out_total") >= 2, True)


def query_timeout(at, good):
    with begun(at, 6000, 1, "?timeout=1s") as s:
        is_cut(s)
    good.goes_on()
    expect(at.metric("pullgate_server_timed_out_total"), 1.0)


def idle_timeout(at, good):
    with at.dial() as s:
        s.sendall(at.good)
        expect(answer(s)[0], 200)
        is_cut(s)
    good.goes_on()
    expect(at.metric("pullgate_server_timed_out_total"), 0.0)


def denied(at, review):
    """A review that cannot be read to its end has said its uid: it is denied, which no failurePolicy undoes."""
    status, _, body = at.ask(client.request(review))
    expect(status, 200)
    response = json.loads(body)["response"]
    expect((response["allowed"], response["status"]["code"]), (False, 422))


def with_object(at, text):
    review = json.loads(at.review)
    review["request"]["object"] = "HERE"
    return json.dumps(review).encode().replace(b'"HERE"', text)


def max_depth(at, good):
    deep = b"[" * 60 + b"]" * 60
    for _ in range(5):
        expect(at.ask(client.request(deep))[0], 413)
        denied(at, with_object(at, deep))
        good.goes_on()


def max_nodes(at, good):
    many = b"[" + b"1," * 5000 + b"1]"
    for _ in range(5):
        expect(at.ask(client.request(many))[0], 413)
        denied(at, with_object(at, many))
        good.goes_on()


LIMITS = {f.__name__.replace("_", "-"): f for f in (
    max_body, memory_budget, max_in_flight, slow_bodies, probe_bodies, idle_crowd, unread_metrics, unread_answers,
    unread_patches, long_uid, memory, max_connections, max_handshakes, max_connections_per_address, max_header,
    header_timeout, request_timeout, query_timeout, idle_timeout, max_depth, max_nodes)}


def main():
    name, at = sys.argv[1], At(*sys.argv[2:])
    good = Good(at, patient=name in ("memory-budget", "idle-crowd", "unread-patches", "memory"))
    good.start()
    try:
        good.goes_on()
        LIMITS[name](at, good)
        good.goes_on()
    except Failed as e:
        print(json.dumps({"limit": name, "failed": str(e)}))
        return 1
    good.ends = True
    good.join(client.PATIENCE_S)
    print(json.dumps({"limit": name, "right": good.count.right, "wrong": good.count.wrong,
                      "waited": good.waited}))
    return 0 if good.count.wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
