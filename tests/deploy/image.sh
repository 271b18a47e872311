#!/usr/bin/env bash
# The image, from deploy/Containerfile to an answered review: built by buildah on a Debian made by debootstrap,
# pushed to a registry on loopback, pulled back, unpacked and run; and built for another architecture, whose programs
# run by qemu-user. Downloads Debian's packages once: that base is
# kept below the build folder. Needs root (debootstrap makes device nodes and files of other users), no container
# runtime, no namespaces: buildah's chroot isolation and vfs storage do with what any root has.
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib_image.sh
. "$(dirname "$0")/lib_image.sh"
# shellcheck source-path=SCRIPTDIR source=lib_debian.sh
. "$(dirname "$0")/lib_debian.sh"
top=$(cd "$tests/.." && pwd)
: "${BUILD:?the build folder}"
cache=$BUILD/image
mkdir -p "$cache"
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
export XDG_RUNTIME_DIR=$work/run
mkdir -m 700 "$work/run"
store=(--root "$cache/store" --runroot "$work/run/store")

[ "$(id -u)" -eq 0 ] || fail "image.sh needs root: debootstrap makes device nodes and files of other users"
for tool in buildah skopeo docker-registry debootstrap; do
    command -v $tool >/dev/null || fail "$tool is not installed"
done
[ "$failed" -eq 0 ] || finish
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
step() { # NAME COMMAND...
    local name=$1
    shift
    say "$name"
    checks=$((checks + 1))
    "$@" >"$work/step" 2>&1 </dev/null && return
    fail "$name" "$(tail -n 20 "$work/step")"
    finish
}
# ---- Debian ------------------------------------------------------------------------------------
# This system's own way to the packages is taken along.
words=$(sed -n '/apt-get install/,/^COPY/p' "$top/deploy/Containerfile" | grep -oE '(lib[a-z0-9]+-dev|cmake|ninja-build|pkg-config)\b')
packages=,build-essential,$(paste -sd, <<<"$words")
key=$(printf 'bookworm minbase 1 %s' "$packages" | sha256sum | cut -c1-16) # count on when the base is made otherwise
if [ ! -f "$cache/base-$key.tar" ]; then
    rm -f "$cache"/base-*.tar
    step "Debian bookworm, by debootstrap" debian_bootstrap "ca-certificates$packages" "$work/base"
    for file in /etc/apt/apt.conf.d/* /etc/apt/auth.conf.d/*; do
        case $(grep -ciE 'proxy|cainfo|verify|acquire' "$file" 2>/dev/null) in
        '' | 0) ;;
        *) install -D "$file" "$work/base$file" ;;
        esac
    done
    tar -C "$work/base" --exclude=./var/cache/apt/archives -cf "$cache/base-$key.part" .
    mv "$cache/base-$key.part" "$cache/base-$key.tar"
    rm -rf "$work/base"
fi
if ! buildah "${store[@]}" inspect --type image "localhost/bookworm:$key" >/dev/null 2>&1; then
    container=$(buildah "${store[@]}" from scratch)
    step "as an image" buildah "${store[@]}" add "$container" "$cache/base-$key.tar" /
    step "kept" buildah "${store[@]}" commit --rm "$container" "localhost/bookworm:$key"
fi

build() { # BASE IMAGE [OPTION...]
    buildah "${store[@]}" build --format docker --layers=false --network host \
        --build-arg "BASE=$1" --build-arg COMMIT=0123456789ab --pull-never \
        -f "$top/deploy/Containerfile" -t "$2" "${@:3}" "$top"
}

# ---- built, pushed, pulled ---------------------------------------------------------------------
step "built from deploy/Containerfile" build "localhost/bookworm:$key" localhost/pullgate:test

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%s"}\n' \
    "$work/registry" "$port" >"$work/registry.yml"
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
pids+=($!)
await "the registry answers" curl -s --fail -o "$work/v2" "http://127.0.0.1:$port/v2/" || finish
name=127.0.0.1:$port/platform/pullgate:0.1.0
step "pushed" buildah "${store[@]}" push --tls-verify=false localhost/pullgate:test "docker://$name"
step "pulled" skopeo copy --src-tls-verify=false "docker://$name" "dir:$work/image"

# ---- what it is -----------------------------------------------------------------------------------
config=$work/image/$(jq -r '.config.digest | split(":")[1]' "$work/image/manifest.json")
same "user" "$(jq -r .config.User "$config")" 65532:65532
same "entry point" "$(jq -c .config.Entrypoint "$config")" '["/usr/bin/pullgate"]'
same "health check" "$(jq -c .config.Healthcheck.Test "$config")" '["CMD","/usr/bin/pullgate","--healthcheck"]'
same "labels" "$(jq -c '.config.Labels | [."org.opencontainers.image.title", ."org.opencontainers.image.version", ."org.opencontainers.image.revision"]' "$config")" \
    '["pullgate","0.1.0","0123456789ab"]'
bytes=$(jq '[.layers[].size] | add' "$work/image/manifest.json")
say "the image has $((bytes / 1000)) kB to pull, in $(jq '.layers | length' "$work/image/manifest.json") layers"
check "smaller than 20 MB" [ "$bytes" -lt 20000000 ]
unpack() { # IMAGE ROOT
    local layer
    mkdir "$2"
    for layer in $(jq -r '.layers[].digest | split(":")[1]' "$1/manifest.json"); do
        tar -xf "$1/$layer" -C "$2" || fail "layer $layer"
    done
}
unpack "$work/image" "$work/root"
say "unpacked: $(du -sk "$work/root" | cut -f1) KiB"
matches "the program says" "$("$work/root/usr/bin/pullgate" --version)" 'pullgate 0\.1\.0 \(0123456789ab\)'
check_content "$work/root"
check_answer "$work/root"

# ---- for another architecture, without emulation ---------------------------------------------------
own=$(dpkg --print-architecture) other=arm64 machine=AArch64 emulator=qemu-aarch64
[ "$own" = amd64 ] || other=amd64 machine='Advanced Micro Devices X86-64' emulator=qemu-x86_64
# What the Containerfile would install each time is kept.
if ! buildah "${store[@]}" inspect --type image "localhost/bookworm-$other:$key" >/dev/null 2>&1; then
    container=$(buildah "${store[@]}" from --pull-never "localhost/bookworm:$key")
    # shellcheck disable=SC2016  # for the inner shell
    step "$other: the cross compiler" buildah "${store[@]}" run "$container" -- sh -c '
        dpkg --add-architecture "$1" && apt-get update && apt-get install -y --no-install-recommends \
            "crossbuild-essential-$1" $(printf "%s\n" $2 | sed "s/^lib.*/&:$1/") && apt-get clean' sh "$other" "$words"
    step "$other: kept" buildah "${store[@]}" commit --rm "$container" "localhost/bookworm-$other:$key"
fi
step "$other: built from deploy/Containerfile" build "localhost/bookworm-$other:$key" "localhost/pullgate:$other" \
    --platform "linux/$other" --build-arg "BUILDPLATFORM=linux/$own"
step "$other: taken out" buildah "${store[@]}" push "localhost/pullgate:$other" "dir:$work/$other"
unpack "$work/$other" "$work/$other-root"
config=$work/$other/$(jq -r '.config.digest | split(":")[1]' "$work/$other/manifest.json")
same "$other: architecture of the image" "$(jq -r .architecture "$config")" "$other"
same "$other: architecture of its files" \
    "$(find "$work/$other-root" \( -path '*/bin/*' -o -path '*.so*' \) -type f -exec readelf -h {} + | sed -n 's/^ *Machine: *//p' | sort | uniq)" "$machine"
check_content "$work/$other-root"
matches "$other: the webhook says" "$($emulator -L "$work/$other-root" "$work/$other-root/usr/bin/pullgate" --version)" \
    'pullgate 0\.1\.0 \(0123456789ab\)'
run "$emulator" -L "$work/$other-root" "$work/$other-root/usr/bin/policyctl" test \
    -p "$top/policies/examples/airbyte.yaml" "$top/deploy/samples/pods.yaml"
cp "$work/out" "$work/emulated"
run "$POLICYCTL" test -p "$top/policies/examples/airbyte.yaml" "$top/deploy/samples/pods.yaml"
same_file "$other: policyctl answers alike" "$work/emulated" "$work/out"
say "the image for $other answers alike"
finish
