#!/usr/bin/python3
"""Handshakes whose cost the client chooses, and floods of ordinary ones, beside a client that behaves.

    handshakes.py PORT PROBES CA REVIEW REGISTRY PID SECONDS

The client that behaves keeps one connection, and opens a new one now and then; it has to get right answers
throughout. Costs are the daemon's CPU time, in units of one ordinary handshake of the same run, so that a slow
machine changes nothing. Prints figures as JSON objects; exit status 0 when all held.
"""
import glob
import json
import random
import socket
import struct
import sys
import threading
import time

import client
from limits import At, Failed, Good, expect

ORDINARY = 100   # handshakes, to know what one costs
DEAR = 10        # of each kind
MOST_COSTLY = 8  # ordinary handshakes; ffdhe8192 took a thousand
FLOODERS = 4
MOST_TRIES = 100  # of new connections, until three come through

X25519, P256, P384, P521, X448 = 29, 23, 24, 25, 30
FFDHE = {2048: 256, 3072: 257, 4096: 258, 6144: 259, 8192: 260}
TLS13, ECDHE_ECDSA, DHE_RSA, RSA = 0x1301, 0xc02b, 0x009e, 0x009c


def sized(form, data):
    return struct.pack(form, len(data)) + data


def extension(kind, data):
    return struct.pack(">H", kind) + sized(">H", data)


def hello(ciphers, groups, share=b"", is_1_3=True):
    """A ClientHello as RFC 8446 has it, with a share (of random bytes) for the first group."""
    r = random.Random(len(share))
    fields = extension(10, sized(">H", struct.pack(f">{len(groups)}H", *groups)))
    fields += extension(13, sized(">H", bytes.fromhex("040305030804080508060401050106010203")))
    if is_1_3:
        fields += extension(43, sized(">B", b"\x03\x04"))
        fields += extension(51, sized(">H", struct.pack(">H", groups[0]) + sized(">H", share)))
    body = b"\x03\x03" + r.randbytes(32) + sized(">B", r.randbytes(32))
    body += sized(">H", struct.pack(f">{len(ciphers)}H", *ciphers)) + b"\x01\x00" + sized(">H", fields)
    return b"\x16\x03\x01" + sized(">H", b"\x01" + struct.pack(">I", len(body))[1:] + body)


def share_of(bits):
    """A number between 2 and the prime, as a finite-field share has to be."""
    return b"\x7f" + random.Random(bits).randbytes(bits // 8 - 1)


def dear_hellos():
    for bits, group in FFDHE.items():
        yield f"ffdhe{bits}", hello([TLS13], [group], share_of(bits))
    yield "secp521r1", hello([TLS13], [P521], b"\x04" + b"\x01" * 132)
    yield "x448", hello([TLS13], [X448], b"\x05" + b"\x01" * 55)
    for name, cipher in (("dhe-rsa", DHE_RSA), ("rsa", RSA)):
        yield f"TLS 1.2 {name}", hello([cipher], [P256, *FFDHE.values()], is_1_3=False)
    yield "a hello of 15 KiB", hello([TLS13], [0x2a2a] * 7000, b"\x01")
    # These are answered, and left there.
    yield "x25519", hello([TLS13], [X25519], b"\x09" + b"\x01" * 31)
    yield "TLS 1.2 ecdhe", hello([ECDHE_ECDSA], [P384], is_1_3=False)


class Cpu:
    """CPU time of the daemon, ns, all threads."""

    def __init__(self, pid):
        self.pid = pid

    def ns(self):
        total = 0
        for path in glob.glob(f"/proc/{self.pid}/task/*/schedstat"):
            with open(path, encoding="ascii") as f:
                total += int(f.read().split()[0])
        return total

    def each(self, times, what):
        before = self.ns()
        for _ in range(times):
            what()
        return (self.ns() - before) / times


def send_and_leave(at, record):
    """Until the daemon has answered: with an alert, or with its own part of the handshake."""
    with client.dial(at.port) as s:
        s.sendall(record)
        try:
            s.recv(65536)
        except ConnectionError:
            pass


def costs(at, cpu):
    ordinary = cpu.each(ORDINARY, lambda: at.dial().close())
    print(json.dumps({"handshake": "ordinary", "us": round(ordinary / 1000)}))
    for name, record in dear_hellos():
        each = cpu.each(DEAR, lambda r=record: send_and_leave(at, r))
        print(json.dumps({"handshake": name, "bytes": len(record), "us": round(each / 1000)}))
        if each > MOST_COSTLY * ordinary:
            raise Failed(f"{name}: costs as much as {each / ordinary:.0f} ordinary handshakes")


class Flood:
    """Several clients that do one thing again and again."""

    def __init__(self, once):
        self.once, self.ends, self.count = once, False, 0
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(FLOODERS)]

    def run(self):
        while not self.ends:
            try:
                self.once()
                self.count += 1
            except OSError:
                pass

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.ends = True
        for t in self.threads:
            t.join(client.PATIENCE_S)


def holder(at, record, most):
    """One more connection with the beginning of a handshake; of those it keeps, the oldest go."""
    held = []

    def once():
        s = socket.create_connection(("127.0.0.1", at.port), timeout=client.PATIENCE_S)
        s.sendall(record)
        held.append(s)
        if len(held) > most:
            held.pop(0).close()
    return once


def floods(at, record):
    yield "ordinary handshakes", lambda: at.dial().close()
    yield "hellos, and no more", lambda: send_and_leave(at, record)
    yield "hellos, held", holder(at, record, 400)
    yield "half a hello, held", holder(at, record[:50], 400)
    yield "nothing, held", holder(at, b"", 400)


def comes_through(at):
    """A new connection and its request. One that is slow itself may have to make room: it comes again."""
    try:
        expect(at.ask(at.good)[0], 200)
    except OSError:
        return False
    return True


def flood(at, good, name, once, seconds):
    worst, fresh, tries, right = 0, 0, 0, good.count.right
    most = at.metric("pullgate_server_handshakes_in_flight_max")
    delayed = at.metric("pullgate_server_handshakes_delayed_total")
    with Flood(once) as f:
        end = time.monotonic() + seconds
        while time.monotonic() < end or fresh < 3:
            begin = time.monotonic()
            good.goes_on(1)
            worst = max(worst, time.monotonic() - begin)
            expect(at.metric("pullgate_server_handshakes_in_flight") <= most, True)
            fresh += comes_through(at)
            tries += 1
            if tries > MOST_TRIES + 3 * fresh:
                raise Failed(f"{name}: of {tries} new connections {fresh} came through")
    good.goes_on()
    print(json.dumps({"flood": name, "times": f.count, "answered": good.count.right - right, "fresh": fresh, "tries": tries,
                      "worst_ms": round(worst * 1000),
                      "delayed": at.metric("pullgate_server_handshakes_delayed_total") - delayed}))


def main():
    at, pid, seconds = At(*sys.argv[1:6]), int(sys.argv[6]), float(sys.argv[7])
    good = Good(at, patient=False)
    try:
        costs(at, Cpu(pid))
        good.start()
        good.goes_on()
        for name, once in floods(at, hello([TLS13], [X25519], b"\x09" + b"\x01" * 31)):
            flood(at, good, name, once, seconds)
    except Failed as e:
        print(json.dumps({"failed": str(e)}))
        return 1
    good.ends = True
    good.join(client.PATIENCE_S)
    return 0 if good.count.wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
