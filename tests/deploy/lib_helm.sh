# lib_helm.sh - the chart, rendered by the real helm 3 and helm 4 without a cluster.
# Sourced after ../cli/lib.sh. The script that sources it runs once with each version.
# Needs   BUILD (where tests/cluster/tools.sh keeps what it builds), or HELM3 and HELM4, paths
# shellcheck shell=bash disable=SC2154 # work, tests, status, out, err: lib.sh
here=$tests/deploy top=$(cd "$tests/.." && pwd)
chart=$top/deploy/helm/pullgate expected=$here/expected
export HELM3=${HELM3:-$("$tests/cluster/tools.sh" helm3)} HELM4=${HELM4:-$("$tests/cluster/tools.sh" helm4)}
if [ -z "${helm_program:-}" ]; then
    result=0
    for helm_program in "$HELM3" "$HELM4"; do
        export helm_program
        "$helm_program" version --short || result=1
        bash "$0" || result=1
    done
    rm -rf "$work"
    exit $result
fi
cd "$work" || exit 1
unset KUBECONFIG
export HOME=$work HELM_CACHE_HOME=$work/cache HELM_CONFIG_HOME=$work/config HELM_DATA_HOME=$work/data
export NAMESPACE=pullgate # the chart makes none: helm install --create-namespace does

# As it is without a cluster. The versions of Kubernetes that helm assumes differ; of two options the last one counts.
bare() { # VALUES [OPTION...]: renders to the file rendered.yaml, without hooks
    printf '%s\n' "$1" >values.yaml
    run "$helm_program" template pullgate "$chart" -n pullgate --kube-version 1.36.0 --no-hooks -f values.yaml "${@:2}"
    cp out rendered.yaml
}

helm() { # VALUES [OPTION...]: with a new CA each time
    bare "$1" --set certificate.newOnEachRender=true "${@:2}"
}

has() { # NAME REGEX
    matches "$1" "$(cat rendered.yaml)" "$2"
}

hasnt() { # NAME REGEX
    same "$1" "$(grep -cE -- "$2" rendered.yaml)" 0
}

fits() { # NAME [FILE]
    run python3 "$here/check.py" "$PULLGATE" "${2:-rendered.yaml}"
    same "$1: the objects fit together: $out$err" $status 0
}

refused() { # NAME VALUES REGEX [OPTION...]
    local name=$1 regex=$3
    helm "$2" "${@:4}"
    same "$name: exit status" $status 1
    matches "$name: text" "$err" "$regex"
}

good() { # NAME VALUES [OPTION...]
    helm "${@:2}"
    same "$1" "$status$err" 0
}
