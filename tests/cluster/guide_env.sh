# guide_env.sh - what the commands of deploy/README.md find in place of a whole cluster. The API server, etcd,
# kubectl, policyctl and pullgate are real; played here is what else a cluster does:
#
#   the network of Services   a webhook's service reference becomes a URL on loopback (loopback.py)
#   the kubelet               `rollout status` starts pullgate as the Deployment, ConfigMap and Secret in the API
#                             say, writes its state into the Deployment, and keeps mounted files as they change
#   controllers               what is deleted is not waited for
#
# Use   sourced before each command; needs GUIDE (folder of state), REAL_KUBECTL, NEW_KUBECTL (1.27 or later,
#       for kustomize), PULLGATE, PORT, CLUSTER (tests/cluster)
# shellcheck shell=bash

real() { "$REAL_KUBECTL" --kubeconfig "$GUIDE/kubeconfig" "$@"; }
loopback() { "$CLUSTER/loopback.py" "$PORT"; }

# mount FOLDER KIND NAME: as the kubelet swaps a mounted ConfigMap or Secret, by one link
mount() {
    local folder=$1 kind=$2 name=$3 next
    next=$(mktemp -d "$folder/..XXXXXX")
    real get "$kind" "$name" -n pullgate -o json |
        jq -r --arg k "$kind" '.data | to_entries[] | [.key, if $k == "secret" then .value else (.value | @base64) end] | @tsv' |
        while IFS=$'\t' read -r key value; do
            base64 -d <<<"$value" >"$next/$key"
            ln -sf "..data/$key" "$folder/$key"
        done
    chmod 755 "$next"
    ln -sfn "${next##*/}" "$folder/..data.new"
    mv -T "$folder/..data.new" "$folder/..data"
    find "$folder" -maxdepth 1 -xtype l -delete
}

mounts() {
    mkdir -p "$GUIDE/etc/policy" "$GUIDE/etc/tls"
    mount "$GUIDE/etc/policy" configmap pullgate-policy
    mount "$GUIDE/etc/tls" secret pullgate-tls
}

# The options of the Deployment's own environment; paths and addresses are of this machine.
run_pod() {
    local environment
    mapfile -t environment < <(real get deployment pullgate -n pullgate -o json |
        jq -r '.spec.template.spec.containers[0].env[] | select(.value) | "\(.name)=\(.value)"' |
        sed "s|=/etc/pullgate|=$GUIDE/etc|; s|\$(PULLGATE_NAMESPACE)|pullgate|")
    : >"$GUIDE/log"
    env -i "${environment[@]}" PULLGATE_TLS_CERT="$GUIDE/etc/tls/tls.crt" PULLGATE_TLS_KEY="$GUIDE/etc/tls/tls.key" \
        PULLGATE_LISTEN="127.0.0.1:$PORT" PULLGATE_METRICS_LISTEN=127.0.0.1:0 PULLGATE_DRAIN_PAUSE=0s \
        setsid "$PULLGATE" >>"$GUIDE/audit" 2>>"$GUIDE/log" </dev/null &
    echo $! >"$GUIDE/pid"
    for _ in $(seq 100); do
        grep -q '"event":"ready"' "$GUIDE/log" && break
        sleep 0.1
    done
    grep -q '"event":"ready"' "$GUIDE/log" || cat "$GUIDE/log"
}

rolled_out() {
    mounts
    [ -e "$GUIDE/pid" ] && kill -0 "$(cat "$GUIDE/pid")" 2>/dev/null || run_pod
    real get deployment pullgate -n pullgate -o json |
        jq -c '.status = {observedGeneration: .metadata.generation, replicas: .spec.replicas, updatedReplicas: .spec.replicas, readyReplicas: .spec.replicas, availableReplicas: .spec.replicas}' \
            >"$GUIDE/status.json"
    real replace --raw /apis/apps/v1/namespaces/pullgate/deployments/pullgate/status -f "$GUIDE/status.json" >/dev/null
}

kubectl() {
    local status words=" $* " # a branch may shift
    case $words in
    *' kustomize '*) "$NEW_KUBECTL" "$@" ;;
    *' -k '*)
        local verb=$1 folder=$3
        shift 3
        "$NEW_KUBECTL" kustomize "$folder" | loopback | real "$verb" -f - "$@"
        ;;
    *' -f - '*) if [ "$1" = apply ] || [ "$1" = diff ]; then loopback | real "$@"; else real "$@"; fi ;;
    *' rollout status '*) rolled_out && real "$@" ;;
    *' logs -l '*' --tail=-1 '*) cat "$GUIDE/log" "$GUIDE/audit" ;;
    *' delete '*) real "$@" --wait=false ;;
    *' create namespace '*) real "$@" && real create serviceaccount default -n "${*: -1}" >/dev/null ;;
    *) real "$@" ;;
    esac
    status=$?
    # The kubelet, which takes up to a minute for it.
    case $words in *' apply '* | *' patch '* | *' replace '*) [ -e "$GUIDE/pid" ] && mounts 2>/dev/null ;; esac
    return "$status"
}
