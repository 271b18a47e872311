# Clients that create pods (traffic.py) while something happens, and what is expected of those pods. Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154

start_traffic() { # NAME [PAUSE]
    traffic=$1
    : >"$work/traffic"
    "$here/traffic.py" "$work" "$api_port" airbyte "$@" >>"$work/traffic" &
    pids[traffic]=$!
    more_traffic
}
count() { grep -c "^$1" "$work/traffic"; }
more_traffic() { # waits until more pods have been asked for
    until_true "the traffic to go on" 600 reaches $(($(wc -l <"$work/traffic") + 20))
}
reaches() { [ "$(wc -l <"$work/traffic")" -ge "$1" ]; }

end_traffic() {
    more_traffic
    kill "${pids[traffic]}"
    wait "${pids[traffic]}"
    unset "pids[traffic]"
    k get pods -n airbyte -l "traffic=$traffic" -o json | jq -r '.items[] | [.metadata.name, .spec.containers[0].image, (.spec.imagePullSecrets // [])[].name] | join(" ")' | sort >"$work/stored"
    cut -d' ' -f1 "$work/stored" >"$work/stored.names"
    say "   $traffic: $(count created) created, $(count failed) failed"
}

expect_none_failed() { is "$traffic: no creation failed" "$(grep '^failed' "$work/traffic" | head -3)" ""; }

# Names of the traffic's pods in what is read; and of those that have answers of both of our webhooks, by the API server's
# own audit log.
named() { grep -o "\"name\":\"$traffic-[0-9]*-[0-9]*\"" | cut -d'"' -f4 | sort -u; }
in_server_log() {
    grep '"mutate.pullgate.svc/verdict":"allow"' "$work/audit.log" | grep '"validate.pullgate.svc/verdict":"allow"' | named
}
lacking() { # COMMAND...: how many stored pods are not among the names that it prints
    "$@" | comm -23 "$work/stored.names" - | wc -l
}
all_are() { [ "$(lacking "$@")" = 0 ]; }

expect_all_rewritten() {
    local _
    for _ in {1..30}; do # an event may be written after its answer
        all_are in_server_log && break
        sleep 0.1
    done
    is "$traffic: all are rewritten" "$(cut -d' ' -f2- "$work/stored" | sort -u)" "ghcr.io/acme-data/busybox:1 regcred"
    is "$traffic: all that were created are stored" "$(grep '^created' "$work/traffic" | cut -d' ' -f2 | sort | comm -23 - "$work/stored.names")" ""
    is "$traffic: stored without both answers" "$(lacking in_server_log)" 0
}
