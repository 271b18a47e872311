"""The objects of pullgate-sync: do they fit together, and what the program does? Used by check.py."""
import os

import objects

NAME = "pullgate-sync"
READS = {"get", "list", "watch"}


def is_of_sync(o):
    return o["metadata"].get("labels", {}).get("app.kubernetes.io/name") == NAME


def check_rules(role, check):
    """Secrets only by name, but for what names cannot limit; nothing else but namespaces and events."""
    for rule in role["rules"]:
        verbs, named = set(rule["verbs"]), bool(rule.get("resourceNames"))
        for resource in rule["resources"]:
            allowed = {"namespaces": READS, "events": {"create"},
                       "secrets": READS | {"patch", "delete"} if named else {"create"}}
            check(rule["apiGroups"] == [""] and verbs <= allowed.get(resource, set()), f"rights: {rule}")
    granted = {v for rule in role["rules"] if "secrets" in rule["resources"] for v in rule["verbs"]}
    check(granted == READS | {"patch", "delete", "create"}, f"rights on Secrets: {granted}")


def check_container(c, program, volumes, check):
    for name in (e["name"] for e in c["env"]):
        check(name[14:].lower().replace("_", "-") in program, f"the program has no option for {name}")
    policy = next(e["value"] for e in c["env"] if e["name"] == "PULLGATE_SYNC_POLICY")
    check([m["mountPath"] for m in c["volumeMounts"]] == [policy], "the policy is mounted elsewhere")
    check({v["name"] for v in volumes} == {m["name"] for m in c["volumeMounts"]}, "volumes and mounts differ")
    port = int(program["listen"].rsplit(":", 1)[1])
    check([p["containerPort"] for p in c["ports"]] == [port], "the port is not that of --listen")
    for probe, path in ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz"):
        check(c[probe]["httpGet"] == {"path": path, "port": "metrics"}, f"{probe} asks {c[probe]['httpGet']}")
    check(c["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                   "capabilities": {"drop": ["ALL"]}}, "the container may do more than it needs")
    check("memory" in c["resources"]["limits"] and "cpu" not in c["resources"]["limits"], "limits")


def check_pod(deployment, program, check):
    spec, labels = deployment["spec"]["template"]["spec"], deployment["spec"]["template"]["metadata"]["labels"]
    check(deployment["spec"]["replicas"] == 1 and deployment["spec"]["strategy"] == {"type": "Recreate"}, "two at a time")
    check(labels == deployment["spec"]["selector"]["matchLabels"], "the Deployment does not select its own pods")
    check(labels["app.kubernetes.io/name"] == NAME, "the webhook's Service selects its pods")
    check(spec["serviceAccountName"] == NAME and spec["automountServiceAccountToken"] is True, "no token is mounted")
    outer = spec["securityContext"]
    check(outer["runAsNonRoot"] and outer["runAsUser"] == outer["fsGroup"] == 65532, "runs as root or another user")
    check(outer["seccompProfile"] == {"type": "RuntimeDefault"}, "no seccomp profile")
    drain = float(program["drain-timeout"].rstrip("s"))
    check(spec["terminationGracePeriodSeconds"] >= drain + 5, "killed before it has drained")
    check_container(spec["containers"][0], program, spec["volumes"], check)
    return labels


def check_sync(found, namespace, options, pullgate, check):
    if not found:
        return
    program = options(os.path.join(os.path.dirname(pullgate), NAME))
    kinds = {}
    for o in found:
        kinds.setdefault(o["kind"], []).append(o)
        wide = o["kind"] in ("ClusterRole", "ClusterRoleBinding")
        check(o["metadata"].get("namespace") == (None if wide else namespace), f"{objects.key(o)}: its namespace")
    check(sorted(kinds) == ["ClusterRole", "ClusterRoleBinding", "Deployment", "NetworkPolicy", "ServiceAccount"],
          f"objects of pullgate-sync: {sorted(kinds)}")
    account, binding = kinds["ServiceAccount"][0], kinds["ClusterRoleBinding"][0]
    check(account["automountServiceAccountToken"] is False, "any pod with the account gets a token")
    check(binding["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}]
          and binding["roleRef"]["name"] == kinds["ClusterRole"][0]["metadata"]["name"], "the rights go to another")
    check_rules(kinds["ClusterRole"][0], check)
    labels, policy = check_pod(kinds["Deployment"][0], program, check), kinds["NetworkPolicy"][0]["spec"]
    check(policy["podSelector"]["matchLabels"] == labels, "the NetworkPolicy selects other pods")
    check(not policy.get("ingress") and sorted(policy["policyTypes"]) == ["Egress", "Ingress"], "open to others")
    check([sorted(p["port"] for p in e["ports"]) for e in policy["egress"]] == [[443, 6443]], "it may talk to others")
