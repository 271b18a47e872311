#!/usr/bin/env bash
# Prints the path of a tool that no package of Debian 12 has, built from its Go module, whose version and sums are
# pinned in modules/NAME/go.mod and go.sum. A tool is built once (1 to 4 minutes each, the first time) and kept below
# the build folder; with Go's caches warm it is linked only.
#
#   tools.sh NAME...     one path a line
#
#   kube-apiserver kube-controller-manager kubectl     Kubernetes 1.36
#   kube-apiserver-1.35                                the previous minor
#   kube-apiserver-1.20 kubectl-1.20                   the oldest supported one, from Debian's source (build.sh)
#   etcd helm3 helm4
#
# BUILD is the build folder. Messages go to standard error. Two at once are safe: the second one waits.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BUILD:-$here/../../build}/cluster
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# The module that has a tool, and its package.
package_of() { # TOOL: sets module, package
    case $1 in
    kube-apiserver | kube-controller-manager | kubectl) module=kubernetes package=k8s.io/kubernetes/cmd/$1 ;;
    kube-apiserver-*) module=kubernetes-${1##*-} package=k8s.io/kubernetes/cmd/kube-apiserver ;;
    etcd) module=etcd package=go.etcd.io/etcd/server/v3 ;;
    helm3) module=helm3 package=helm.sh/helm/v3/cmd/helm ;;
    helm4) module=helm4 package=helm.sh/helm/v4/cmd/helm ;;
    *) return 1 ;;
    esac
    [ -d "$here/modules/$module" ]
}

version_of() { # MODULE: the version of what it requires, v1.2.3
    sed -n 's/^require [^ ]* \(v[0-9.]*\)$/\1/p' "$here/modules/$1/go.mod"
}

# Programs print the version that their linker was given.
linker_flags() { # MODULE VERSION
    local minor=${2#v1.}
    case $1 in
    kubernetes*)
        local at=k8s.io/component-base/version
        echo "-s -w -X $at.gitVersion=$2 -X $at.gitMajor=1 -X $at.gitMinor=${minor%%.*}"
        ;;
    helm*) echo "-s -w -X helm.sh/helm/v${1#helm}/internal/version.version=$2" ;;
    *) echo "-s -w" ;;
    esac
}

build() { # TOOL: prints its path
    local module package version flags key binary go
    case $1 in
    kube-apiserver-1.20) "$here/build.sh" "$cache" && return ;;
    kubectl-1.20) "$here/build.sh" "$cache" >/dev/null && echo "$cache/kubectl-1.20.2" && return ;;
    esac
    package_of "$1" || {
        echo "tools.sh: no tool $1; see the head of tests/cluster/tools.sh" >&2
        return 2
    }
    version=$(version_of "$module")
    flags=$(linker_flags "$module" "$version")
    key=$({
        cat "$here/modules/$module"/go.{mod,sum}
        echo "$package $flags"
    } | sha256sum | cut -c1-16)
    binary=$cache/$1-$version-$key
    if [ ! -x "$binary" ]; then
        go=$("$here/../go.sh")
        echo "cluster: building $1 $version (some minutes the first time)" >&2
        (cd "$here/modules/$module" &&
            CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly "$go" build -trimpath \
                -ldflags "$flags" -o "$binary.part" "$package" >&2)
        mv "$binary.part" "$binary"
    fi
    echo "$binary"
}

for tool in "$@"; do
    exec 9>"$cache/lock-$tool"
    flock 9
    build "$tool"
done
