"""Plays kube-proxy: connections to a Service's ClusterIP go to its ready endpoints in turn.

Endpoints are those of the EndpointSlices that kube-controller-manager writes from the pods' readiness. A connection
that stands stays with its pod. With no ready endpoint a connection is reset, and with one that refuses it: no other
is tried, as by kube-proxy.
"""
import asyncio
import itertools
import socket
import struct
import threading

turn = itertools.count()


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


def reset(writer):
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


class Proxy:
    def __init__(self, api, to_local, running):
        self.api, self.to_local, self.running = api, to_local, running
        self.slices = {}  # of a Service: namespace/name -> {slice name: [(address, {port name: port})]}
        self.loop = asyncio.new_event_loop()
        self.servers = {}  # uid of a Service -> its servers

    def backend(self, service, port_name):
        found = []
        for endpoints in self.slices.get(service, {}).values():
            found += [(address, ports[port_name]) for address, ports in endpoints if port_name in ports]
        if not found:
            raise OSError("no endpoint is ready")
        return found[next(turn) % len(found)]

    async def connect(self, service, port_name, reader, writer):
        try:
            there = await asyncio.open_connection(*self.backend(service, port_name))
        except OSError:
            reset(writer)
            return
        await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))
        writer.close()
        there[1].close()

    async def serve(self, o):
        key = f"{o['metadata']['namespace']}/{o['metadata']['name']}"
        self.servers[o["metadata"]["uid"]] = [
            await asyncio.start_server(lambda r, w, n=port.get("name", ""): self.connect(key, n, r, w),
                                       o["spec"]["clusterIP"], port["port"])
            for port in o["spec"]["ports"]]

    async def end(self, uid):
        for server in self.servers.pop(uid, []):
            server.close()

    def watch_services(self):
        for kind, o in self.api.watch("/api/v1/services", "", self.running):
            uid, address = o["metadata"]["uid"], o["spec"].get("clusterIP", "None")
            if kind == "DELETED":
                self.run(self.end(uid))
            elif uid not in self.servers and address.startswith("127.") and o["metadata"]["name"] != "kubernetes":
                self.run(self.serve(o))

    def watch_slices(self):
        for kind, o in self.api.watch("/apis/discovery.k8s.io/v1/endpointslices", "", self.running):
            name = o["metadata"].get("labels", {}).get("kubernetes.io/service-name")
            slices = self.slices.setdefault(f"{o['metadata']['namespace']}/{name}", {})
            ports = {p.get("name", ""): p["port"] for p in o.get("ports") or []}
            slices[o["metadata"]["name"]] = [] if kind == "DELETED" else [
                (self.to_local(e["addresses"][0]), ports) for e in o.get("endpoints") or []
                if e.get("conditions", {}).get("ready")]

    def run(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def start(self):
        for work in self.loop.run_forever, self.watch_services, self.watch_slices:
            threading.Thread(target=work, daemon=True).start()
