#!/usr/bin/python3
"""check.py PULLGATE FILE...: do the objects of each file fit together, and what the program does?

Every name that one object uses of another is looked up: selectors, ports, volumes, services, certificates.
"""
import base64
import os
import re
import subprocess
import sys

import yaml

import check_sync
import objects

POD_RULES = [("", ("pods",), ("CREATE", "UPDATE")), ("", ("pods/ephemeralcontainers",), ("UPDATE",))]
TEMPLATES = {("", "podtemplates"), ("", "replicationcontrollers"), ("apps", "daemonsets"), ("apps", "deployments"),
             ("apps", "replicasets"), ("apps", "statefulsets"), ("batch", "cronjobs"), ("batch", "jobs")}
CLUSTER_WIDE = {"Namespace", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}

failures = checks = 0
file = ""


def check(good, what):
    global checks, failures
    checks += 1
    if not good:
        failures += 1
        print(f"{file}: {what}")


# ---- the program ---------------------------------------------------------------------------------


def options(pullgate):
    """Long options of --help, with their defaults."""
    text = subprocess.run([pullgate, "--help"], check=True, capture_output=True, text=True).stdout
    found = {}
    for part in re.split(r"\n(?=  (?:-\w, |    )--)", text)[1:]:
        name = re.search(r"--([a-z-]+)", part).group(1)
        default = re.search(r"\[default:\s+(\S+?)\]", part)
        found[name] = default.group(1) if default else None
    return found


def seconds(text):
    return float(re.fullmatch(r"([\d.]+)s", text).group(1))


def size(text):
    """Bytes, as Kubernetes writes them (512Mi) or the program (256MiB)."""
    number, unit = re.fullmatch(r"(\d+)([KMG]?)i?B?", text).groups()
    return int(number) << {"": 0, "K": 10, "M": 20, "G": 30}[unit]


# ---- selectors -----------------------------------------------------------------------------------


def expression_holds(e, labels):
    value = labels.get(e["key"])
    return {"In": lambda: value in e.get("values", []), "NotIn": lambda: value not in e.get("values", []),
            "Exists": lambda: value is not None, "DoesNotExist": lambda: value is None}[e["operator"]]()


def selects(selector, labels):
    return (all(labels.get(k) == v for k, v in selector.get("matchLabels", {}).items())
            and all(expression_holds(e, labels) for e in selector.get("matchExpressions", [])))


# ---- one stream of objects -----------------------------------------------------------------------


class Stream:
    def __init__(self, found, program, namespace):
        self.all, self.program = found, program
        spaces = [o["metadata"]["name"] for o in found if o["kind"] == "Namespace"]
        self.namespace = spaces[0] if spaces else namespace
        self.deployment = self.one("Deployment")
        self.pod = self.deployment["spec"]["template"]
        self.labels = self.pod["metadata"]["labels"]
        self.container = self.pod["spec"]["containers"][0]
        self.ports = {p["name"]: p["containerPort"] for p in self.container["ports"]}
        self.env = {e["name"]: e.get("value") for e in self.container["env"]}

    def kind(self, *kinds):
        return [o for o in self.all if o["kind"] in kinds]

    def one(self, kind):
        found = self.kind(kind)
        if len(found) != 1:
            sys.exit(f"{file}: {len(found)} objects of kind {kind}, expected one")
        return found[0]

    def service(self):
        """The one that the API server calls."""
        found = [o for o in self.kind("Service") if o["spec"].get("clusterIP") != "None"]
        if len(found) != 1:
            sys.exit(f"{file}: {len(found)} Services for the API server, expected one")
        return found[0]

    def has(self, kind, name):
        return any(o["metadata"]["name"] == name for o in self.kind(kind))


def check_metadata(s):
    for o in s.all:
        name = objects.key(o)
        check(o["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "pullgate", f"{name} is not labelled")
        place = o["metadata"].get("namespace")
        check(place == (None if o["kind"] in CLUSTER_WIDE else s.namespace), f"{name} is in namespace {place}")


def check_namespace(s):
    for o in s.kind("Namespace"):
        labels = o["metadata"]["labels"]
        wanted = "privileged" if s.pod["spec"].get("hostNetwork") else "restricted"
        for level in "enforce", "audit", "warn":
            check(labels.get("pod-security.kubernetes.io/" + level) == wanted, f"pod security {level} is not {wanted}")
        check(labels.get("kubernetes.io/metadata.name") == s.namespace, "the namespace's own label is another")


def check_pod(s):
    spec, container = s.pod["spec"], s.container
    check(selects(s.deployment["spec"]["selector"], s.labels), "the Deployment does not select its own pods")
    check(s.has("ServiceAccount", spec["serviceAccountName"]), "no such ServiceAccount")
    check(spec["automountServiceAccountToken"] is False, "a token is mounted")
    check(all(a["automountServiceAccountToken"] is False for a in s.kind("ServiceAccount")), "the account mounts tokens")
    outer, inner = spec["securityContext"], container["securityContext"]
    check(outer["runAsNonRoot"] and outer["runAsUser"] == outer["runAsGroup"] == 65532, "runs as root or another user")
    check(outer.get("fsGroup") == outer["runAsGroup"], "the key is not readable by the program")
    check(outer["seccompProfile"] == {"type": "RuntimeDefault"}, "no seccomp profile")
    check(inner == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]}}, "the container may do more than it needs")
    check("privileged" not in str(s.pod) and "hostPath" not in str(s.pod), "privileged, or a path of the host")
    volumes = {v["name"] for v in spec["volumes"]}
    mounts = {m["name"] for m in container["volumeMounts"]}
    check(volumes == mounts, f"volumes {volumes} and mounts {mounts} differ")
    check(not any("subPath" in m for m in container["volumeMounts"]), "a subPath never sees changes")
    for v in spec["volumes"]:
        if "configMap" in v:
            check(s.has("ConfigMap", v["configMap"]["name"]), f"no ConfigMap {v['configMap']['name']}")
        if "secret" in v:
            check(v["secret"]["secretName"] in secrets(s), f"nothing makes the Secret {v['secret']['secretName']}")
    check("memory" in container["resources"]["limits"] and "cpu" not in container["resources"]["limits"], "limits")
    terms = [t for k, v in spec["affinity"]["podAntiAffinity"].items()
             for t in ([w["podAffinityTerm"] for w in v] if k.startswith("preferred") else v)]
    check(terms and all(selects(t["labelSelector"], s.labels) for t in terms), "anti-affinity selects other pods")
    for spread in spec["topologySpreadConstraints"]:
        check(selects(spread["labelSelector"], s.labels), "the spread selects other pods")


def check_restricted(s):
    """Pod Security `restricted`, for every pod that any object makes; hostNetwork is the one exception."""
    for o in s.kind("Deployment", "Job", "Pod"):
        spec = o["spec"] if o["kind"] == "Pod" else o["spec"]["template"]["spec"]
        outer, name = spec["securityContext"], objects.key(o)
        check(outer["runAsNonRoot"] is True and outer["seccompProfile"]["type"] == "RuntimeDefault", f"{name}: user, seccomp")
        check(not any(spec.get(k) for k in ("hostPID", "hostIPC")), f"{name}: namespaces of the host")
        check(not spec.get("hostNetwork") or o is s.deployment, f"{name}: the network of the host")
        check(spec["automountServiceAccountToken"] is False, f"{name}: a token is mounted")
        for c in spec["containers"] + spec.get("initContainers", []):
            inner = c["securityContext"]
            check(inner["allowPrivilegeEscalation"] is False and inner["capabilities"] == {"drop": ["ALL"]}
                  and not inner.get("privileged"), f"{name}: {c['name']} may do more than restricted allows")
        kinds = {k for v in spec.get("volumes", []) for k in v if k != "name"}
        check(kinds <= {"configMap", "secret", "emptyDir", "projected", "downwardAPI"}, f"{name}: volumes {kinds}")
    check(not [o for o in s.all if o["apiVersion"].startswith("rbac.")], "permissions that nothing needs")


def check_updates(s):
    """A new pod finds a place: where no two may be on one node, an old one has to go first."""
    spec = s.pod["spec"]
    alone = "requiredDuringSchedulingIgnoredDuringExecution" in spec["affinity"]["podAntiAffinity"]
    steps = s.deployment["spec"]["strategy"]["rollingUpdate"]
    wanted = (1, 0) if alone or spec.get("hostNetwork") else (0, 1)
    check((steps["maxUnavailable"], steps["maxSurge"]) == wanted, f"updates stop, or leave a gap: {steps}")


def secrets(s):
    return ({o["metadata"]["name"] for o in s.kind("Secret")}
            | {o["spec"]["secretName"] for o in s.kind("Certificate")})


def check_program(s):
    """Options are ones that the program has; probes, ports and times are its own."""
    for name in s.env:
        known = name == "PULLGATE_NAMESPACE" or name[9:].lower().replace("_", "-") in s.program
        check(name.startswith("PULLGATE_") and known, f"the program has no option for {name}")
    given = {n: s.env.get("PULLGATE_" + n.upper().replace("-", "_"), d) for n, d in s.program.items()}
    mounts = {m["mountPath"] for m in s.container["volumeMounts"]}
    check(given["policy"] in mounts, "the policy is not mounted where the program looks")
    files = ("tls-ca-cert", "tls-ca-key") if given.get("tls-ca-cert") else ("tls-cert", "tls-key")
    check(all(os.path.dirname(given[f]) in mounts for f in files), "nor is the certificate")
    service = s.service()["metadata"]["name"]
    check(given["tls-name"] == f"{service}.$(PULLGATE_NAMESPACE).svc", f"--tls-name is {given['tls-name']}")
    check(s.ports["https"] == int(given["listen"].rsplit(":", 1)[1]), "the port is not that of --listen")
    check(s.ports["metrics"] == int(given["metrics-listen"].rsplit(":", 1)[1]), "nor that of --metrics-listen")
    for probe, path in ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz"):
        get = s.container[probe]["httpGet"]
        check(get["path"] == path and get["port"] in ("metrics", s.ports["metrics"]), f"{probe} asks {get}")
    needed = seconds(given["drain-pause"]) + seconds(given["drain-timeout"])
    check(s.pod["spec"]["terminationGracePeriodSeconds"] >= needed + 5, "killed before it has drained")
    limit = s.container["resources"]["limits"].get("memory", "0")
    check(size(limit) > size(given["memory-budget"]), f"a limit of {limit} is too little for --memory-budget")


def check_network(s):
    service = s.service()
    check([p["targetPort"] for p in service["spec"]["ports"]] == [s.ports["https"]], "the Service goes elsewhere")
    for o in s.kind("Service"):
        check(selects({"matchLabels": o["spec"]["selector"]}, s.labels), f"{objects.key(o)} selects other pods")
        targets = {p["targetPort"] for p in o["spec"]["ports"]}
        check(targets <= set(s.ports) | set(s.ports.values()), f"{objects.key(o)} goes to port {targets}")
    for o in s.kind("PodDisruptionBudget"):
        check(selects(o["spec"]["selector"], s.labels), "the budget selects other pods")
        check(str(o["spec"].get("maxUnavailable")) not in ("0", "0%", "None"), "nodes can never be drained")
    policies = s.kind("NetworkPolicy")
    check(bool(policies) != bool(s.pod["spec"].get("hostNetwork")), "NetworkPolicy and hostNetwork do not go together")
    for o in policies:
        check(selects(o["spec"]["podSelector"], s.labels), "the NetworkPolicy selects other pods")
        open_to_all = [p["port"] for i in o["spec"]["ingress"] if "from" not in i for p in i["ports"]]
        others = {p["port"] for i in o["spec"]["ingress"] for p in i["ports"]}
        check(others <= set(s.ports.values()), f"open for nothing: {others}")
        check(bool(s.kind("ServiceMonitor")) == (s.ports["metrics"] in others), "metrics and NetworkPolicy do not agree")
        check(open_to_all == [s.ports["https"]], f"open to everybody: {open_to_all}")
        check(not o["spec"].get("egress") and "Egress" in o["spec"]["policyTypes"], "it may talk to others")


def check_monitoring(s):
    for o in s.kind("ServiceMonitor"):
        asked = [e for e in s.kind("Service") if selects(o["spec"]["selector"], e["metadata"]["labels"])]
        check([p["name"] for e in asked for p in e["spec"]["ports"]] == [e["port"] for e in o["spec"]["endpoints"]],
              f"the ServiceMonitor asks other ports than {[e['metadata']['name'] for e in asked]} have")
        check(all(e["spec"]["clusterIP"] == "None" for e in asked), "replicas are not asked one by one")


def check_trust(s, config, hook):
    """The bundle is of the Secret that the pod mounts, or cert-manager fills it in."""
    inject = config["metadata"].get("annotations", {}).get("cert-manager.io/inject-ca-from")
    if inject:
        certificate = next(c for c in s.kind("Certificate") if c["metadata"]["name"] == inject.split("/")[1])
        service = s.service()["metadata"]["name"]
        check(inject.split("/")[0] == s.namespace, "injected from another namespace")
        check(certificate["spec"]["dnsNames"] == [f"{service}.{s.namespace}.svc"], "the certificate has other names")
        check("caBundle" not in hook["clientConfig"], "two sources of the bundle")
        return
    bundle = base64.b64decode("".join(hook["clientConfig"].get("caBundle", "").split()))
    held = [base64.b64decode("".join(o["data"]["ca.crt"].split())) for o in s.kind("Secret") if "ca.crt" in o["data"]]
    check(bundle and (held == [bundle] or not s.kind("Secret")), "caBundle is not the CA of the Secret")


def rules_of(hook):
    return [(g, r, tuple(rule["operations"])) for rule in hook["rules"] for g in rule["apiGroups"]
            for r in [tuple(rule["resources"])]]


def check_hook(s, config, hook):
    name, service = hook["name"], s.service()
    target = hook["clientConfig"]["service"]
    path = "/mutate" if config["kind"].startswith("Mutating") else "/validate"
    check(name.count(".") >= 2, f"{name}: the API server wants three segments")
    check((target["name"], target["namespace"]) == (service["metadata"]["name"], s.namespace), f"{name} calls {target}")
    check(target["port"] in [p["port"] for p in service["spec"]["ports"]], f"{name}: no such port")
    check(target["path"] == path, f"{name} calls {target['path']}")
    check(hook["sideEffects"] == "None" and hook["matchPolicy"] == "Equivalent", f"{name}: side effects or match")
    check(hook.get("reinvocationPolicy") == ("IfNeeded" if path == "/mutate" else None), f"{name}: reinvocation")
    check(hook["admissionReviewVersions"] == ["v1", "v1beta1"], f"{name}: versions of reviews")
    check(1 <= hook["timeoutSeconds"] <= 10, f"{name}: a pod may have to wait {hook['timeoutSeconds']} s")
    own = {"kubernetes.io/metadata.name": s.namespace, "platform-release": "x", "app.kubernetes.io/name": "pullgate"}
    for own_or_system in s.namespace, "kube-system":
        labels = dict(own, **{"kubernetes.io/metadata.name": own_or_system})
        check(not selects(hook["namespaceSelector"], labels), f"{name} is asked about {own_or_system}")
    check("objectSelector" not in hook, f"{name}: labels of a pod can switch it off")
    check(all(r["scope"] == "Namespaced" for r in hook["rules"]), f"{name}: rules for what is in no namespace")
    check(all(r["apiVersions"] == (["v1", "v1beta1"] if r["apiGroups"] == ["batch"] else ["v1"])
              for r in hook["rules"]), f"{name}: versions of what is asked about")
    check_trust(s, config, hook)


def policy_namespaces(s):
    """One name for each glob of namespaces in the mounted rule files; where a rule asks for none, any name."""
    mounted = [v["configMap"]["name"] for v in s.pod["spec"]["volumes"] if "configMap" in v]
    for o in s.kind("ConfigMap"):
        if o["metadata"]["name"] not in mounted:
            continue
        for text in o["data"].values():
            for rule in yaml.safe_load(text)["spec"].get("rules") or [{}]:
                for glob in rule.get("match", {}).get("namespaces") or ["anything"]:
                    yield glob.replace("*", "any")


def check_reach(s):
    """What the policy selects, the webhook is asked about."""
    for config in s.kind("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        for hook in config["webhooks"]:
            for name in policy_namespaces(s):
                asked = selects(hook["namespaceSelector"], {"kubernetes.io/metadata.name": name})
                check(asked, f"{hook['name']} is not asked about namespace {name}, which the policy selects")


def check_hooks(s, armed):
    configs = s.kind("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    check(len(configs) == 2, "a webhook configuration is missing")
    for config in configs:
        pods, *templates = config["webhooks"]
        check(rules_of(pods) == POD_RULES, f"{pods['name']} does not ask about pods: {rules_of(pods)}")
        check(pods["failurePolicy"] == ("Fail" if armed else "Ignore"), f"{pods['name']}: {pods['failurePolicy']}")
        for hook in config["webhooks"]:
            check_hook(s, config, hook)
        if config["kind"].startswith("Validating"):
            named = {(g, r) for hook in templates for g, rs, _ in rules_of(hook) for r in rs}
            check(named == TEMPLATES, f"workloads not named: {TEMPLATES - named}, unknown: {named - TEMPLATES}")
            check(all(h["failurePolicy"] == "Ignore" for h in templates), "templates may not block")


def main():
    global file
    program = options(sys.argv[1])
    for file in sys.argv[2:]:
        name = os.path.basename(file)
        found = list(objects.by_key(objects.load(file)).values())
        sync = [o for o in found if check_sync.is_of_sync(o)]
        stream = Stream([o for o in found if o not in sync], program, os.environ.get("NAMESPACE", "pullgate"))
        check_sync.check_sync(sync, stream.namespace, options, sys.argv[1], check)
        check_metadata(stream)
        check_namespace(stream)
        check_pod(stream)
        check_restricted(stream)
        check_updates(stream)
        check_program(stream)
        check_network(stream)
        check_monitoring(stream)
        check_hooks(stream, "armed" in name)
        check_reach(stream)
    print(f"{len(sys.argv) - 2} files, {checks} checks, {failures} failed")
    return failures != 0 or checks == 0


sys.exit(main())
