#!/usr/bin/python3
"""main.py WORK PORT NODES: plays what a cluster has besides its control plane, for tests on one machine.

  kube-scheduler   binds a pod to a node: one that is not cordoned and that no required podAntiAffinity excludes
  kubelet          of each node, with the node's own user (system:node:NAME): see pod.py; logs are served on 10250
  kube-proxy       see proxy.py

WORK has the certificates that lib.sh makes; state is kept in WORK/node. PORT is the API server's. NODES are
names with an address in 127.0.0.0/8 each, as node-1=127.88.1.129. Pods listen on addresses after that one. The API
knows a pod's address with 10 in place of 127, since no endpoint may be a loopback address. Ends on SIGTERM, and
then ends the processes of its pods.
"""
import os
import signal
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from api import Api, Conflict
from pod import Pod
from proxy import Proxy

stopped = threading.Event()


def running():
    return not stopped.is_set()


class Addresses:
    """The addresses of pods in the network's second half, each used again only when all others were."""

    def __init__(self, network, first):
        self.network, self.next, self.used, self.lock = network, first, set(), threading.Lock()
        self.first = first

    def take(self):
        with self.lock:
            for _ in range(255 - self.first):
                address = f"{self.network}.{self.next}"
                self.next = self.next + 1 if self.next < 254 else self.first
                if address not in self.used:
                    self.used.add(address)
                    return address
        raise OSError("no address is left for a pod")

    def free(self, address):
        with self.lock:
            self.used.discard(address)


class Node:
    def __init__(self, work, port, name, address, addresses):
        self.name, self.address, self.addresses, self.running = name, address, addresses, running
        self.folder, self.logs = f"{work}/node/{name}", f"{work}/node/logs"
        os.makedirs(self.folder)
        os.makedirs(self.logs, exist_ok=True)
        self.certificate = f"{work}/{name}.crt", f"{work}/{name}.key"
        self.api = Api(port, f"{work}/ca.crt", *self.certificate)
        self.pods, self.ended = {}, set()

    def register(self):
        self.api.call("POST", "/api/v1/nodes", {
            "metadata": {"name": self.name, "labels": {"kubernetes.io/hostname": self.name}},
            "status": {"addresses": [{"type": "InternalIP", "address": self.address}],
                       "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "played"}],
                       "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
                       "capacity": {"cpu": "8", "memory": "16Gi", "pods": "250"}, "allocatable": {"cpu": "8", "memory": "16Gi", "pods": "250"}}})

    def gone(self, pod):
        self.ended.add(pod.meta["uid"])  # its last changes come by the watch later
        self.pods.pop(pod.meta["uid"], None)
        self.addresses.free(pod.local_ip)

    def take(self, kind, o):
        pod = self.pods.get(o["metadata"]["uid"])
        if kind == "DELETED":
            self.ended.discard(o["metadata"]["uid"])
            if pod:
                pod.end(0)
        elif o["metadata"]["uid"] in self.ended:
            return
        elif "deletionTimestamp" in o["metadata"]:
            pod = pod or self.begin(o)
            pod.end(o["metadata"]["deletionGracePeriodSeconds"])
        elif not pod and o["status"].get("phase") not in ("Succeeded", "Failed"):
            self.begin(o)

    def begin(self, o):
        pod = Pod(self, o, self.addresses.take())
        self.pods[pod.meta["uid"]] = pod
        pod.start()
        return pod

    def watch(self):
        for kind, o in self.api.watch("/api/v1/pods", f"fieldSelector=spec.nodeName%3D{self.name}", running):
            self.take(kind, o)

    def serve_logs(self):
        node = self

        class Logs(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self):
                parts = urllib.parse.urlparse(self.path).path.split("/")  # /containerLogs/NAMESPACE/POD/CONTAINER
                self.send_response(200)
                self.end_headers()
                try:
                    with open(f"{node.logs}/" + "_".join(parts[2:5]), "rb") as file:
                        self.wfile.write(file.read())
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer((self.address, 10250), Logs)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*self.certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.serve_forever()

    def start(self):
        self.register()
        for work in self.watch, self.serve_logs:
            threading.Thread(target=work, daemon=True).start()


class Scheduler:
    def __init__(self, api, nodes):
        self.api, self.nodes, self.pods, self.lock, self.turn = api, nodes, {}, threading.Lock(), 0

    def excluded(self, pod, name):
        """A required podAntiAffinity by labels, on nodes."""
        terms = pod["spec"].get("affinity", {}).get("podAntiAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", [])
        for term in terms:
            wanted = term["labelSelector"].get("matchLabels", {}).items()
            for other in self.pods.values():
                if other["spec"].get("nodeName") == name and wanted <= other["metadata"].get("labels", {}).items():
                    return True
        return False

    def node_for(self, pod):
        cordoned = {n["metadata"]["name"] for n in self.api.get("/api/v1/nodes")["items"] if n["spec"].get("unschedulable")}
        self.turn += 1
        for i in range(len(self.nodes)):
            name = self.nodes[(self.turn + i) % len(self.nodes)]
            if name not in cordoned and not self.excluded(pod, name):
                return name
        return None

    def bind(self, pod):
        name = self.node_for(pod)
        if name:
            at = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}/binding"
            self.api.call("POST", at, {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod["metadata"]["name"]},
                                       "target": {"apiVersion": "v1", "kind": "Node", "name": name}})
            pod["spec"]["nodeName"] = name

    def schedule(self):
        with self.lock:
            for pod in list(self.pods.values()):
                if pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"]:
                    continue
                try:
                    self.bind(pod)
                except (OSError, Conflict):
                    pass  # gone, or to be tried again with the next look

    def watch(self):
        for kind, o in self.api.watch("/api/v1/pods", "", running):
            with self.lock:
                if kind == "DELETED" or o["spec"].get("schedulingGates"):
                    self.pods.pop(o["metadata"]["uid"], None)
                else:
                    self.pods[o["metadata"]["uid"]] = o
            self.schedule()

    def look_again(self):
        while running():
            self.schedule()
            time.sleep(0.5)

    def start(self):
        for work in self.watch, self.look_again:
            threading.Thread(target=work, daemon=True).start()


def main():
    work, port = sys.argv[1], int(sys.argv[2])
    named = [n.split("=") for n in sys.argv[3:]]
    network, _, last = named[-1][1].rpartition(".")
    addresses = Addresses(network, int(last) + 1)
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    nodes = [Node(work, port, name, address, addresses) for name, address in named]

    def user(name):
        return Api(port, f"{work}/ca.crt", f"{work}/{name}.crt", f"{work}/{name}.key")

    def to_local(address):
        return "127" + address.removeprefix("10")

    Proxy(user("kube-proxy"), to_local, running).start()
    Scheduler(user("kube-scheduler"), [name for name, _ in named]).start()
    for node in nodes:
        node.start()
    print("ready", flush=True)
    while running():
        stopped.wait(60)
    for pod in [pod for node in nodes for pod in list(node.pods.values())]:
        pod.grace = 2
        pod.join(5)


main()
