# What the tests of an overlay share: it is installed as deploy/README.md says, users have tokens, and what a test
# created is looked up in the audit lines. Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154 # work, top, kubectl: lib.sh

# The overlay, and when both replicas are ready the same with the component armed.
install_overlay() { # OVERLAY
    local kustomize=$work/deploy/kustomize
    cp -r "$top/deploy" "$work/deploy"
    rm -rf "$kustomize/components/self-managed/tls"
    "$POLICYCTL" certs init --dir "$kustomize/components/self-managed/tls" >/dev/null || die "no certificates"
    mkdir "$kustomize/overlays/fail"
    printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../%s]\ncomponents: [../../components/armed]\n' \
        "$1" >"$kustomize/overlays/fail/kustomization.yaml"
    k apply -k "$kustomize/overlays/$1" >"$work/apply" 2>&1 || die "the overlay: $(cat "$work/apply")"
    k -n pullgate rollout status deployment/pullgate --timeout=120s >/dev/null || die "pullgate does not become ready"
    k apply -k "$kustomize/overlays/fail" >"$work/apply" 2>&1 || die "the armed overlay: $(cat "$work/apply")"
    is "what judges pods fails closed" \
        "$(k get mutatingwebhookconfiguration,validatingwebhookconfiguration pullgate -o json | jq -r '.items[].webhooks[] | .name + " " + .failurePolicy' | sort | paste -sd,)" \
        "mutate.pullgate.svc Fail,templates.pullgate.svc Ignore,validate.pullgate.svc Fail"
}

# A ServiceAccount with a Role for pods, and a kubeconfig with its token: as NAMESPACE/NAME.
account() { # NAMESPACE NAME
    local config=$work/$1.$2.kubeconfig
    k create serviceaccount "$2" -n "$1" >/dev/null || die "the ServiceAccount $2"
    printf '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"%s"},"rules":[{"apiGroups":[""],"resources":["pods","pods/log"],"verbs":["get","list","watch","create","update","patch","delete"]}]}' "$2" |
        k create -n "$1" -f - >/dev/null || die "a Role"
    k create rolebinding "$2" --role="$2" --serviceaccount="$1:$2" -n "$1" >/dev/null || die "a RoleBinding"
    k config view --raw -o json | jq --arg token "$(k create token "$2" -n "$1")" \
        '.users[0].user = {token: $token}' >"$config" || die "a token"
    chmod 600 "$config"
}
as() { # NAMESPACE/NAME ARGUMENT...
    local config=$work/${1%/*}.${1#*/}.kubeconfig
    shift
    "$kubectl" --kubeconfig "$config" "$@"
}

# Of a pod as it is stored: CONTAINER=IMAGE... secrets NAME...
stored() { # NAMESPACE NAME|SELECTOR
    local object=(pod "$2")
    [[ $2 == *=* ]] && object=(pods -l "$2")
    k get "${object[@]}" -n "$1" -o json 2>/dev/null | jq -r '(.items // [.])[0] | select(. != null) |
        [(.spec.initContainers[]?, .spec.containers[]) | .name + "=" + .image] +
        ["secrets"] + [.spec.imagePullSecrets[]? | .name // "\"\""] | join(" ")'
}
has_pod() { [ -n "$(stored "$@")" ]; }

# Lines of all replicas, whole ones.
audit_lines() { cat "$work"/node/logs/pullgate_*_pullgate | perl -ne 'print if /\n\z/ && /"event":"decision"/'; }

# OPERATION ENDPOINT VERDICT RULE [REASONS] USER of each decision about what has this name, or name to be generated.
decided() { # NAMESPACE NAME
    audit_lines | jq -r --arg namespace "$1" --arg name "$2" 'select(.namespace == $namespace and (.name == $name or .generateName == $name) and .dryRun == false)
        | [.operation, .endpoint, .verdict, .rule, ([.reasons[]?.code] | unique | join(",")), .user] | map(select(. != "" and . != null)) | join(" ")' | sort -u
}
# A line is written behind its answer.
decisions() { # WHAT NAMESPACE NAME LINE...: the decisions are these
    local what=$1 namespace=$2 name=$3 expected left=50
    shift 3
    expected=$(printf '%s\n' "$@" | sort -u)
    until [ "$(decided "$namespace" "$name")" = "$expected" ] || [ "$left" = 0 ]; do
        left=$((left - 1))
        sleep 0.1
    done
    is "$what: audit lines" "$(decided "$namespace" "$name")" "$expected"
}

# Each stored pod of the namespace has a line of each webhook that admits it: by its name or, where /mutate does not see
# that yet, by what its name is made of.
all_have_lines() { # NAMESPACE
    local endpoint
    for endpoint in mutate validate; do
        audit_lines | jq -s --arg n "$1" --arg e "$endpoint" '[.[] | select(.namespace == $n and .endpoint == $e
            and .kind == "Pod" and .operation == "CREATE" and .verdict != "deny") | .name // .generateName]' >"$work/judged"
        is "every pod in $1 has a line of /$endpoint" "$(k get pods -n "$1" -o json | jq -r --slurpfile judged "$work/judged" \
            '.items[].metadata | select([.name, .generateName] | any(IN($judged[0][])) | not) | .name')" ""
    done
}

workload() { # KIND NAME POD_SPEC
    jq -n --arg kind "$1" --arg name "$2" --argjson spec "$3" '
        {metadata: {labels: {app: $name}}, spec: $spec} as $template |
        {kind: $kind, metadata: {name: $name}} +
        if $kind == "CronJob" then {apiVersion: "batch/v1", spec: {schedule: "0 3 * * *", jobTemplate: {spec: {backoffLimit: 0, template: ($template | .spec.restartPolicy = "Never")}}}}
        elif $kind == "Job" then {apiVersion: "batch/v1", spec: {backoffLimit: 0, template: ($template | .spec.restartPolicy = "Never")}}
        else {apiVersion: "apps/v1", spec: ({selector: {matchLabels: {app: $name}}, template: $template} + if $kind == "StatefulSet" then {serviceName: $name} else {} end)}
        end'
}
refuses() { # WHAT PART COMMAND...: which reads standard input
    local what=$1 part=$2 out
    shift 2
    if out=$("$@" 2>&1); then fail "$what: it is not refused: $out"; fi
    has "$what" "$out" "$part"
    has "$what: as a refusal of ours" "$out" '.pullgate.svc" denied the request: '
}
