#!/usr/bin/python3
"""balance.py PORT_FILE PORT:METRICS_PORT...: what a Service and the kubelet's probes do for two replicas.

New connections go to replicas in turn whose /readyz answers 200; open connections stay where they are. The
port it listens on is written to PORT_FILE.
"""
import asyncio
import itertools
import os
import sys
import urllib.request

ready = []
turn = itertools.count()


def is_ready(metrics_port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/readyz", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


async def probe(backends):
    while True:
        found = [b for b in backends if await asyncio.to_thread(is_ready, b[1])]
        ready[:] = found
        await asyncio.sleep(0.5)


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def connect(reader, writer):
    if not ready:
        writer.close()
        return
    backend = ready[next(turn) % len(ready)]
    try:
        there = await asyncio.open_connection("127.0.0.1", backend[0])
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))
    writer.close()
    there[1].close()


async def main():
    backends = [tuple(map(int, b.split(":"))) for b in sys.argv[2:]]
    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    with open(sys.argv[1] + ".part", "w", encoding="ascii") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(sys.argv[1] + ".part", sys.argv[1])
    await asyncio.gather(server.serve_forever(), probe(backends))


asyncio.run(main())
