# lib_image.sh - what is asked of an image's root file system: nothing in it but what it needs, and the webhook
# answers out of it as another user than root.
# Read by rootfs.sh (the programs just built) and image.sh (the whole way, on a Debian made for it).
# Use   after lib.sh; needs root, or a kernel that lets users have namespaces of their own
# shellcheck shell=bash disable=SC2154

in_root() { # ROOT COMMAND...: as the image's user where there is a choice
    local root=$1
    shift
    if [ "$(id -u)" -eq 0 ]; then
        exec env -i /usr/sbin/chroot --userspec=65532:65532 "$root" "$@"
    fi
    exec env -i unshare --map-root-user /usr/sbin/chroot "$root" "$@"
}

check_content() { # ROOT
    same "programs" "$(find "$1" -type f -perm /111 -not -path '*/lib*/*' -printf '/%P\n' | sort | tr '\n' ' ')" \
        "/usr/bin/policyctl /usr/bin/pullgate "
    same "nothing with more rights" "$(find "$1" -perm /6000)" ""
    same "nothing that others may write" "$(find "$1" -not -type l -perm /0022)" ""
    same "no shell" "$(find "$1" -name '*sh' -o -name busybox)" ""
    same "no keys" "$(grep -rl 'PRIVATE KEY-----' "$1" --include='*.key' --include='*.pem')" ""
    matches "the user" "$(cat "$1/etc/passwd")" '^pullgate:x:65532:65532:'
    run python3 "$tests/deploy/sbom.py" "$1"
    same "bill of materials: $out$err" "$status" 0
    echo "$out"
}

# Starts pullgate in ROOT with the Airbyte example and asks it one review.
check_answer() { # ROOT
    local root=$1 port top
    top=$(cd "$tests/.." && pwd)
    mkdir -p "$root/etc/pullgate/policy"
    cp "$top/policies/examples/airbyte.yaml" "$root/etc/pullgate/policy/policy.yaml"
    "$POLICYCTL" certs init --dir "$root/etc/pullgate/tls" >/dev/null || fail "certificates"
    rm "$root/etc/pullgate/tls/ca.key"
    chmod 755 "$root/etc/pullgate/tls"
    # As the kubelet does for fsGroup: the key is readable by its group.
    [ "$(id -u)" -ne 0 ] || chown 0:65532 "$root/etc/pullgate/tls/tls.key"
    chmod 440 "$root/etc/pullgate/tls/tls.key"
    (in_root "$root" /usr/bin/pullgate --policy /etc/pullgate/policy --tls-name pullgate.pullgate.svc \
        --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --drain-pause 0) \
        >"$work/audit" 2>"$work/log" &
    pids+=($!)
    await "it is ready" grep -q '"event":"ready"' "$work/log" || cat "$work/log"
    port=$(jq -r 'select(.event == "ready") | .port' "$work/log")
    [ "$(id -u)" -ne 0 ] || same "its user" "$(ps -o uid= -p $! | tr -d ' ')" 65532
    (in_root "$root" /usr/bin/pullgate --healthcheck --metrics-listen "127.0.0.1:$(jq -r 'select(.event == "ready") | .metricsPort' "$work/log")")
    same "its own health check" $? 0
    run curl -sS --fail --cacert "$root/etc/pullgate/tls/ca.crt" -H 'Content-Type: application/json' \
        --data-binary "@$top/deploy/samples/airbyte-replication.json" "https://localhost:$port/mutate?timeout=10s"
    same "a review: exit status" "$status$err" 0
    same "a review: allowed" "$(jq -r .response.allowed <<<"$out")" true
    matches "a review: patched" "$(jq -r '.response.patch | @base64d' <<<"$out")" 'ghcr\.io/acme-data/airbyte/source-postgres'
    matches "no warnings" "$(grep -v '"level":"info"' "$work/log")" '^$'
    kill -TERM $!
    wait $!
    same "it ends well" $? 0
    same "its audit line" "$(wc -l <"$work/audit")" 1
}
