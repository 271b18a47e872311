# lib_image.sh - what is asked of an image's root file system: nothing in it but what it needs, and the webhook
# answers out of it as another user than root.
# Read by rootfs.sh (the programs just built) and image.sh (the whole way, on a Debian made for it).
# Use   after lib.sh; needs root, or a kernel that lets users have namespaces of their own
# shellcheck shell=bash disable=SC2154

# As root: as the Deployment runs it, on a root that cannot be written, as its user, with no capability and
# none to be had. The three that chroot needs go with the change of user.
in_root() { # ROOT COMMAND...
    local root=$1 own=+sys_chroot,+setuid,+setgid
    shift
    if [ "$(id -u)" -eq 0 ]; then
        # shellcheck disable=SC2016  # for the inner shell
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin unshare --mount --propagation private sh -c '
            root=$1 own=$2
            shift 2
            mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" &&
                exec setpriv --inh-caps="-all,$own" setpriv --bounding-set=-all \
                    chroot --userspec=65532:65532 "$root" "$@"' sh "$root" $own "$@"
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

status_of() { # PID FIELD: its last word
    awk -v field="$2:" '$1 == field {print $NF}' "/proc/$1/status"
}

check_confined() { # PID
    same "its user" "$(status_of "$1" Uid)" 65532
    same "its group" "$(status_of "$1" Gid)" 65532
    same "capabilities" "$(status_of "$1" CapPrm) $(status_of "$1" CapEff) $(status_of "$1" CapBnd)" \
        "0000000000000000 0000000000000000 0000000000000000"
    same "no new privileges" "$(status_of "$1" NoNewPrivs)" 1
    same "a filter of system calls" "$(status_of "$1" Seccomp)" 2
    same "its root" "$(awk '$5 == "/" {split($6, options, ","); print options[1]}' "/proc/$1/mountinfo")" ro
}

answers_with() { # REGISTRY
    curl -s --fail --cacert "$root/etc/pullgate/tls/ca.crt" -H 'Content-Type: application/json' \
        --data-binary "@$top/deploy/samples/airbyte-replication.json" "https://localhost:$port/mutate" |
        jq -r '.response.patch | @base64d' | grep -q "$1/airbyte/source-postgres"
}

# Starts pullgate in ROOT with the Airbyte example, asks it one review, and changes its rules from outside.
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
    await "it is ready" grep -q '"event":"ready".*}$' "$work/log" || { cat "$work/log"; finish; }
    port=$(jq -r 'select(.event == "ready") | .port' "$work/log")
    [ "$(id -u)" -ne 0 ] || check_confined $!
    (in_root "$root" /usr/bin/pullgate --healthcheck --metrics-listen "127.0.0.1:$(jq -r 'select(.event == "ready") | .metricsPort' "$work/log")")
    same "its own health check" $? 0
    run curl -sS --fail --cacert "$root/etc/pullgate/tls/ca.crt" -H 'Content-Type: application/json' \
        --data-binary "@$top/deploy/samples/airbyte-replication.json" "https://localhost:$port/mutate?timeout=10s"
    same "a review: exit status" "$status$err" 0
    same "a review: allowed" "$(jq -r .response.allowed <<<"$out")" true
    matches "a review: patched" "$(jq -r '.response.patch | @base64d' <<<"$out")" 'ghcr\.io/acme-data/airbyte/source-postgres'
    matches "no warnings" "$(grep -v '"level":"info"' "$work/log")" '^$'
    sed 's#ghcr.io/acme-data#other.example/data#' "$top/policies/examples/airbyte.yaml" >"$work/policy.yaml"
    mv "$work/policy.yaml" "$root/etc/pullgate/policy/policy.yaml"
    await "new rules are taken" answers_with other.example/data
    kill -TERM $!
    wait $!
    same "it ends well" $? 0
    check "audit lines" test "$(wc -l <"$work/audit")" -ge 2
}
