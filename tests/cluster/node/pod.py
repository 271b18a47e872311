"""One pod on a played node: its volumes, its containers, its probes, its status, its end.

Containers of pullgate's own image are real processes, with the environment, arguments and mounted files of the pod:
paths below a mountPath and the addresses to listen on are those of this machine. Other containers are only said to
run; those of a Job are said to have succeeded.
"""
import base64
import datetime
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

from api import Conflict

TICK = 0.2  # seconds between two looks at probes and volumes


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Volume:
    """A mounted ConfigMap or Secret, swapped by one link when it changes, as the kubelet does."""

    def __init__(self, api, namespace, spec, folder):
        self.api, self.folder, self.shown, self.path = api, folder, None, None
        os.makedirs(folder)
        for kind, plural, key in ("secret", "secrets", "secretName"), ("configMap", "configmaps", "name"):
            if kind in spec:
                self.path = f"/api/v1/namespaces/{namespace}/{plural}/{spec[kind][key]}"
                self.optional = spec[kind].get("optional", False)
                self.items = spec[kind].get("items")
                self.mode = spec[kind].get("defaultMode", 0o644)

    def read(self):
        o = self.api.get(self.path)
        if o["kind"] == "Secret":
            data = {k: base64.b64decode(v) for k, v in (o.get("data") or {}).items()}
        else:
            data = {k: v.encode() for k, v in (o.get("data") or {}).items()}
        if self.items:
            data = {i["path"]: data[i["key"]] for i in self.items}
        return data

    def mount(self):
        """True when the files are as the API has them."""
        if not self.path:
            return True
        try:
            data = self.read()
        except (Conflict, OSError):
            return self.shown is not None or self.optional
        if data == self.shown:
            return True
        following = tempfile.mkdtemp(prefix="..", dir=self.folder)
        for name, value in data.items():
            with open(f"{following}/{name}", "wb") as file:
                file.write(value)
            os.chmod(file.name, self.mode)
        os.symlink(os.path.basename(following), f"{self.folder}/..data.new")
        old = os.path.realpath(f"{self.folder}/..data") if self.shown is not None else None
        os.rename(f"{self.folder}/..data.new", f"{self.folder}/..data")
        for name in data:
            if not os.path.lexists(f"{self.folder}/{name}"):
                os.symlink(f"..data/{name}", f"{self.folder}/{name}")
        for name in set(self.shown or ()) - set(data):
            os.unlink(f"{self.folder}/{name}")
        if old:
            shutil.rmtree(old)
        self.shown = data
        return True


class Container:
    def __init__(self, pod, spec):
        self.pod, self.spec, self.process, self.restarts, self.code = pod, spec, None, 0, None
        self.log = f"{pod.node.logs}/{pod.namespace}_{pod.name}_{spec['name']}"
        self.real = re.search(r"/pullgate[:@]", spec["image"]) is not None

    def local(self, text):
        """Paths below a mountPath are those of this machine."""
        for mount in sorted(self.spec.get("volumeMounts", []), key=lambda m: -len(m["mountPath"])):
            text = text.replace(mount["mountPath"], f"{self.pod.folder}/{mount['name']}")
        return text

    def environment(self):
        env = {}
        for entry in self.spec.get("env", []):
            value = entry.get("value", "")
            if "valueFrom" in entry:
                value = self.pod.field(entry["valueFrom"]["fieldRef"]["fieldPath"])
            value = re.sub(r"\$\((\w+)\)", lambda m: env.get(m[1], m[0]), value)
            env[entry["name"]] = value
        mounts = {m["mountPath"] for m in self.spec.get("volumeMounts", [])}
        if "/etc/pullgate/tls" in mounts and not any("TLS_CERT" in n or "TLS_CA_CERT" in n for n in env):
            env |= {"PULLGATE_TLS_CERT": "/etc/pullgate/tls/tls.crt", "PULLGATE_TLS_KEY": "/etc/pullgate/tls/tls.key"}
        env = self.pod.service_links() | env
        for name, port in ("PULLGATE_LISTEN", "9443"), ("PULLGATE_METRICS_LISTEN", "8080"):
            env[name] = f"{self.pod.local_ip}:{env.get(name, port).rpartition(':')[2]}"
        return {k: self.local(v) for k, v in env.items()}

    def arguments(self):
        env = self.environment()
        command = [re.sub(r"\$\((\w+)\)", lambda m: env.get(m[1], m[0]), word)
                   for word in (self.spec.get("command") or ["pullgate"]) + self.spec.get("args", [])]
        program = {"pullgate": os.environ["PULLGATE"], "policyctl": os.environ["POLICYCTL"]}
        return [program[os.path.basename(command[0])], *map(self.local, command[1:])]

    def start(self):
        if not self.real:
            self.code = 0 if self.pod.is_job else None
            return
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.arguments(), env=self.environment(), cwd=self.pod.folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        with open(self.log + ".pid", "w", encoding="ascii") as file:
            file.write(str(self.process.pid))

    def look(self):
        """Notices an end, and starts it again where the pod's restartPolicy says so."""
        if self.process and self.process.poll() is not None and self.code is None:
            if self.pod.spec.get("restartPolicy", "Always") == "Always" and not self.pod.ending:
                self.restarts += 1
                self.start()
            else:
                self.code = self.process.returncode

    def probe(self):
        """Of a real container with a readinessProbe by HTTP; others are ready while they run."""
        probe = self.spec.get("readinessProbe", {}).get("httpGet")
        if self.code is not None:
            return False
        if not self.real or not probe:
            return True
        port = next((p["containerPort"] for p in self.spec["ports"] if p["name"] == probe["port"]), probe["port"])
        try:
            with urllib.request.urlopen(f"http://{self.pod.local_ip}:{port}{probe['path']}", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def status(self, ready):
        state = {"running": {"startedAt": self.pod.started}}
        if self.code is not None:
            state = {"terminated": {"exitCode": self.code, "reason": "Error" if self.code else "Completed",
                                    "startedAt": self.pod.started, "finishedAt": now()}}
        return {"name": self.spec["name"], "image": self.spec["image"], "imageID": self.spec["image"], "ready": ready,
                "started": self.code is None, "restartCount": self.restarts, "state": state,
                "resources": self.spec.get("resources", {})}


class Pod(threading.Thread):
    def __init__(self, node, o, address):
        super().__init__(daemon=True)
        self.node, self.meta, self.spec = node, o["metadata"], o["spec"]
        self.name, self.namespace = self.meta["name"], self.meta["namespace"]
        self.path = f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"
        self.local_ip = node.address if self.spec.get("hostNetwork") else address
        self.folder = f"{node.folder}/{self.meta['uid']}"
        self.is_job = any(r["kind"] == "Job" for r in self.meta.get("ownerReferences", []))
        self.ending, self.grace, self.started, self.told = False, 30, now(), None
        self.containers = []

    def field(self, path):
        return {"metadata.name": self.name, "metadata.namespace": self.namespace, "metadata.uid": self.meta["uid"],
                "spec.nodeName": self.node.name, "status.podIP": self.local_ip}[path]

    def service_links(self):
        if not self.spec.get("enableServiceLinks", True):
            return {}
        found = self.node.api.get(f"/api/v1/namespaces/{self.namespace}/services")["items"]
        return {s["metadata"]["name"].upper().replace("-", "_") + "_SERVICE_HOST": s["spec"]["clusterIP"] for s in found
                if s["spec"].get("clusterIP", "None") != "None"}

    def end(self, grace):
        self.ending, self.grace = True, grace

    def write_status(self, phase, ready):
        containers = [c.status(r) for c, r in zip(self.containers, ready)]
        told = (phase, tuple(ready), tuple(c["restartCount"] for c in containers))
        if told == self.told:
            return
        address = "10" + self.local_ip.removeprefix("127")
        conditions = [{"type": kind, "status": str(all(ready)), "lastTransitionTime": now()}
                      for kind in ("Ready", "ContainersReady")]
        conditions += [{"type": kind, "status": "True", "lastTransitionTime": self.started}
                       for kind in ("PodScheduled", "Initialized", "PodReadyToStartContainers")]
        self.node.api.patch(self.path + "/status", {"metadata": {"uid": self.meta["uid"]}, "status": {
            "phase": phase, "conditions": conditions, "containerStatuses": containers, "hostIP": self.node.address,
            "podIP": address, "podIPs": [{"ip": address}], "startTime": self.started}})
        self.told = told

    def phase(self):
        codes = [c.code for c in self.containers]
        if None in codes:
            return "Running"
        return "Failed" if any(codes) else "Succeeded"

    def run_containers(self, volumes):
        while not self.ending and self.node.running() and not all([v.mount() for v in volumes]):
            time.sleep(TICK)
        for container in self.containers:
            container.start()
        while not self.ending and self.node.running():
            for volume in volumes:
                volume.mount()
            for container in self.containers:
                container.look()
            try:
                self.write_status(self.phase(), [c.probe() for c in self.containers])
            except (OSError, Conflict):
                pass  # the API server is starting or ending, or the pod is gone: then its end comes by the watch
            time.sleep(TICK)

    def stop_containers(self):
        """As the kubelet: SIGTERM, the grace period, SIGKILL. The pod stays in the API until then, not ready."""
        real = [c for c in self.containers if c.process and c.process.poll() is None]
        for container in real:
            container.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + self.grace
        while time.monotonic() < until and any(c.process.poll() is None for c in real):
            try:
                self.write_status("Running", [c.probe() for c in self.containers])
            except (OSError, Conflict):
                pass
            time.sleep(TICK)
        for container in real:
            container.process.kill()
            container.code = container.process.wait()

    def run(self):
        os.makedirs(self.folder)
        self.containers = [Container(self, spec) for spec in self.spec["containers"]]
        volumes = [Volume(self.node.api, self.namespace, v, f"{self.folder}/{v['name']}")
                   for v in self.spec.get("volumes", [])]
        self.run_containers(volumes)
        self.stop_containers()
        if self.ending:
            try:
                self.node.api.call("DELETE", self.path, {"gracePeriodSeconds": 0, "preconditions": {"uid": self.meta["uid"]}})
            except (OSError, Conflict):
                pass
        self.node.gone(self)
