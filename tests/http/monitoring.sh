#!/usr/bin/env bash
# deploy/monitoring speaks of what the daemon really exports: alerts, their tests, the dashboard.
# shellcheck source-path=SCRIPTDIR source=scrape.sh
. "$(dirname "$0")/scrape.sh"
monitoring=$(cd "$tests/../deploy/monitoring" && pwd)

# A daemon that has something to say in every family; with a CA there is one more.
certs=$work/certs
make_certs "$certs"
tls=(--tls-ca-cert "$certs/ca.crt" --tls-ca-key "$certs/ca.key" --tls-name 127.0.0.1)
cat >"$work/rules.yaml" <<'RULES'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: monitored}
spec:
  registry: ghcr.io/acme
  exemptions: [{images: ["quay.io/x/**"], reason: r, owner: o, until: 2100-01-31}]
RULES
start_daemon monitored ready --policy "$work/rules.yaml"
decide mutate somewhere busybox evil.example/x
same "decided" "$code" 200
check "scrape" scrape
check_format "scrape"
stop_daemon

run promtool check rules "$monitoring/prometheus-rules.yaml"
same "promtool check rules" "$status" 0
run promtool test rules "$monitoring/prometheus-rules-test.yaml"
same "promtool test rules" "$status $(grep -A9 FAILED <<<"$out$err")" "0 "
run jq -e . "$monitoring/dashboard.json"
same "the dashboard is JSON" "$status" 0

# Debian's interpreter and python3-yaml.
run /usr/bin/python3 "$tests/http/monitoring.py" "$monitoring" "$work/metrics" "$work"
same "monitoring.py" "$status $out$err" "0 "
finish
