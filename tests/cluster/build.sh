#!/usr/bin/env bash
# Builds a true kube-apiserver 1.20.2 from Debian bookworm's source package, once: the result is kept
# below the build folder under a name made of everything it depends on. Debian's kubectl, as old as the server,
# is kept beside it.
#
#   build.sh CACHE_DIR      prints the path of the server; CACHE_DIR/kubectl-VERSION is the client
#
# Three problems are in the way, each met below: module mode does not work with Go 1.19, one generated
# file is missing from the source, and one vendored package is broken with Go 1.18 and later.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=fetch.sh
. "$here/fetch.sh"

cache=$1
source_version=1.20.5+really1.20.2-1.1+deb12u1
source_sha256=b83c0780efb182d928dc63d46488a847f161f04e40a94b96bf5247dd671ecdfc
debian_sha256=9b6e5fd41769d2b5badf2e73b274e3bcd90f85e13d06a1a4a845ccce018127d8
reflect2=golang-github-modern-go-reflect2-dev
reflect2_version=1.0.2-2
reflect2_sha256=af150a5172cf4c19bb321a53e67103e7fb18d07c1baa1e816a235155265d3948
key=$({
    printf '%s\n' "$source_version" "$source_sha256" "$reflect2"
    cat "${BASH_SOURCE[0]}"
} | sha256sum | cut -c1-16)
binary=$cache/kube-apiserver-1.20.2-$key
client=$cache/kubectl-1.20.2

if [ -x "$binary" ] && [ -x "$client" ]; then
    echo "$binary"
    exit 0
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
fetch_begin "$work"

if [ ! -x "$client" ]; then
    (cd "$work" && fetch "Debian's package kubernetes-client" own_apt download "kubernetes-client=$source_version")
    dpkg -x "$work"/kubernetes-client_*.deb "$work/client"
    mv "$work/client/usr/bin/kubectl" "$client"
fi
if [ -x "$binary" ]; then
    echo "$binary"
    exit 0
fi

say "downloading the source of Debian's kubernetes $source_version"
(cd "$work" && fetch "the source package" own_apt source --download-only "kubernetes=$source_version")
(cd "$work" && fetch "$reflect2" own_apt download "$reflect2=$reflect2_version")
sha256sum -c --quiet >&2 <<SUMS || fail "the source is not the one these tests were written for"
$source_sha256  $work/kubernetes_1.20.5+really1.20.2.orig.tar.gz
$debian_sha256  $work/kubernetes_$source_version.debian.tar.xz
$reflect2_sha256  $work/${reflect2}_${reflect2_version}_all.deb
SUMS

say "unpacking"
go_path=$work/go
tree=$go_path/src/k8s.io/kubernetes
mkdir -p "$go_path/src/k8s.io" "$work/tmp"
dpkg-source --no-check -x "$work"/kubernetes_*.dsc "$tree" >>"$work/log" 2>&1
dpkg -x "$work/$reflect2"_*.deb "$work/reflect2"
rm -rf "$tree/vendor/github.com/modern-go/reflect2"
cp -r "$work/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2" \
    "$tree/vendor/github.com/modern-go/reflect2"
[ -f "$tree/vendor/github.com/modern-go/reflect2/go_above_118.go" ] || fail "reflect2 is too old for this Go"

export GOPATH=$go_path GOCACHE=$work/cache GOTMPDIR=$work/tmp GO111MODULE=off GOPROXY=off GOSUMDB=off \
    CGO_ENABLED=0 GOFLAGS='' GOTOOLCHAIN=local
cd "$tree"

say "generating the OpenAPI definitions"
go build -o "$work/openapi-gen" k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen
packages=$(find -L pkg cmd plugin vendor/k8s.io -name '*.go' ! -name '*_test.go' \
    -not -path '*/code-generator/*' -not -path '*/sample-apiserver/*' -not -path '*/testdata/*' \
    -not -path '*/gengo/*' -not -path '*/kube-openapi/test/*' -print0 2>/dev/null |
    xargs -0 grep -l '^// +k8s:openapi-gen=' | xargs -n1 dirname | LC_ALL=C sort -u |
    sed 's|^|k8s.io/kubernetes/|' | paste -sd, -)
"$work/openapi-gen" --logtostderr -i "$packages" -p k8s.io/kubernetes/pkg/generated/openapi \
    -O zz_generated.openapi -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt \
    -r "$work/violations" >>"$work/log" 2>&1 || fail "openapi-gen failed: $(tail -3 "$work/log")"
diff -q "$work/violations" api/api-rules/violation_exceptions.list >&2 ||
    fail "the generated definitions are not upstream's"

say "compiling (a few minutes)"
flags="-s -w"
for package in component-base client-go/pkg; do
    at=k8s.io/kubernetes/vendor/k8s.io/$package/version
    flags+=" -X $at.gitVersion=v1.20.2 -X $at.gitMajor=1 -X $at.gitMinor=20"
    flags+=" -X $at.gitTreeState=archive -X $at.gitCommit=debian -X $at.buildDate=2021-01-13T00:00:00Z"
done
go build -trimpath -tags providerless -ldflags "$flags" -o "$binary.part" \
    k8s.io/kubernetes/cmd/kube-apiserver
mv "$binary.part" "$binary"
say "built $binary"
echo "$binary"
