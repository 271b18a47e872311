#!/usr/bin/env bash
# What /metrics and /readyz say of a daemon whose requests, reloads and troubles are known.
# shellcheck source-path=SCRIPTDIR source=scrape.sh
. "$(dirname "$0")/scrape.sh"

certs=$work/certs
make_certs "$certs"
requests=controller_runtime_webhook_requests_total
latency=controller_runtime_webhook_latency_seconds

head_of_rules() {
    printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: seen}\nspec:\n'
}

probe() { # PATH: leaves $code and $body
    ask "http://127.0.0.1:$probes$1"
}

# ---- before anything was asked -------------------------------------------------------------

policy=$work/rules.yaml
{
    head_of_rules
    cat <<'RULES'
  registry: ghcr.io/acme
  approved: [quay.io/ok]
  rules:
    - {name: strict, match: {namespaces: [strict]}}
    - {name: 'odd "name" \ of it', match: {namespaces: [warned]}, mode: warn}
RULES
} | replace "$policy"
start_daemon seen ready --policy "$policy" --poll 1h
check "the first scrape" scrape
check_format "before anything was asked"
same_value pullgate_ready 1
same_value pullgate_rules 2
same_value 'pullgate_rules_reload_total{result="success"}' 1
same_value 'pullgate_rules_reload_total{result="error"}' 0
same_value pullgate_rules_last_reload_successful 1
same_value certwatcher_read_certificate_total 1
same_value certwatcher_read_certificate_errors_total 0
same_value "$requests{webhook=\"/mutate\",code=\"200\"}" 0
same_value 'pullgate_decisions_total{verdict="deny",rule="strict",mode="enforce"}' 0
same_value "${latency}_count{webhook=\"/mutate\"}" 0
same "exemptions that end" "$(grep -c '^pullgate_exemption' "$work/metrics")" 0
now=$(date +%s)
loaded=$(value pullgate_rules_last_reload_success_timestamp_seconds)
check "rules were loaded just now" [ "$((now - loaded))" -le 60 ]
left=$(value pullgate_certificate_expiry_seconds)
check "the certificate lives for a year" [ "$left" -gt $((364 * 86400)) ]
version=$("$PULLGATE" --version | sed -n '1s/pullgate \([^ ]*\) (\(.*\))/version="\1",commit="\2"/p')
same_value "pullgate_build_info{$version}" 1
# The sandbox must not hide them.
for name in cpu_seconds_total resident_memory_bytes virtual_memory_bytes open_fds max_fds \
    start_time_seconds; do
    matches "process_$name" "$(value "process_$name")" '^[0-9.]+$'
done
started=$(value process_start_time_seconds)
check "it started just now" [ "$((now - ${started%.*}))" -le 60 ]
content_type=$(curl --silent --output /dev/null --write-out '%{content_type}' \
    "http://127.0.0.1:$probes/metrics")
same "content type" "$content_type" "text/plain; version=0.0.4; charset=utf-8"

# ---- decisions -----------------------------------------------------------------------------

decide mutate strict busybox quay.io/ok/a:1
same "allowed" "$code $(jq .response.allowed <<<"$body")" "200 true"
decide mutate strict evil.example/x:1
same "denied" "$code $(jq .response.allowed <<<"$body")" "200 false"
decide mutate warned evil.example/x:1
same "warned" "$code $(jq '.response.warnings | length' <<<"$body")" "200 1"
decide mutate elsewhere busybox
same "no rule" "$code" 200
decide validate strict ghcr.io/acme/busybox
same "validated" "$code $(jq .response.allowed <<<"$body")" "200 true"
jq 'del(.request.object.spec)' "$work/review.json" >"$work/malformed.json"
post "$work/malformed.json" "$url/mutate"
same "malformed" "$code $(jq .response.status.code <<<"$body")" "200 422"
printf '{' >"$work/broken.json"
post "$work/broken.json" "$url/mutate"
same "no JSON" "$code" 400
post /dev/null "$url/validate"
same "empty" "$code" 400
ask "$url/nowhere"
same "no such path: the server's own answer, not counted" "$code" 404
ask "$url/metrics"
same "no metrics where the API server asks" "$code" 404

scrape
check_format "after decisions"
same_value "$requests{webhook=\"/mutate\",code=\"200\"}" 5
same_value "$requests{webhook=\"/mutate\",code=\"400\"}" 1
same_value "$requests{webhook=\"/validate\",code=\"200\"}" 1
same_value "$requests{webhook=\"/validate\",code=\"400\"}" 1
same_value 'controller_runtime_webhook_requests_in_flight{webhook="/mutate"}' 0
same_value 'pullgate_decisions_total{verdict="allow",rule="strict",mode="enforce"}' 2
same_value 'pullgate_decisions_total{verdict="deny",rule="strict",mode="enforce"}' 1
same_value 'pullgate_decisions_total{verdict="warn",rule="odd \"name\" \\ of it",mode="warn"}' 1
same_value 'pullgate_decisions_total{verdict="allow",rule="(none)",mode="none"}' 1
same_value 'pullgate_decisions_total{verdict="deny",rule="(none)",mode="none"}' 1
same "all decisions" "$(awk '/^pullgate_decisions_total/ { n += $NF } END { print n }' "$work/metrics")" 6
same_value 'pullgate_images_total{result="rewritten"}' 1
same_value 'pullgate_images_total{result="denied"}' 1
same_value 'pullgate_images_total{result="warned"}' 1
same_value 'pullgate_reasons_total{code="not-approved"}' 2
same_value 'pullgate_reasons_total{code="malformed"}' 1
same_value 'pullgate_reasons_total{code="denied"}' 0
same_value 'pullgate_audit_lines_total{result="dropped"}' 0
await "audit lines are written" has_value 'pullgate_audit_lines_total{result="written"}' 6
same "no image and no namespace is a label" \
    "$(grep -cE 'busybox|evil|quay|elsewhere|warned"}.*ns' "$work/metrics")" 0

same_value "${latency}_count{webhook=\"/mutate\"}" 6
same_value "${latency}_bucket{webhook=\"/mutate\",le=\"+Inf\"}" 6
falling=$(grep "^${latency}_bucket{webhook=\"/mutate\"" "$work/metrics" |
    awk '$NF < last { print } { last = $NF }')
same "buckets never fall" "$falling" ""
sum=$(value "${latency}_sum{webhook=\"/mutate\"}")
check "the sum is one of seconds: found $sum" awk -v sum="$sum" 'BEGIN { exit !(sum > 0 && sum < 60) }'
same_value 'pullgate_server_refused_total{reason="busy"}' 0
check "connections were accepted" [ "$(value pullgate_server_connections_accepted_total)" -ge 8 ]

# ---- what no review came of ------------------------------------------------------------------

refused() { # REASON CODE CURL-ARGUMENT...: counted once, and as nothing else
    local reason=$1 expected=$2 before all
    before=$(value "pullgate_server_refused_total{reason=\"$reason\"}") all=$(all_refused)
    ask "${@:3}"
    same "refused: $reason" "$code" "$expected"
    scrape
    same_value "pullgate_server_refused_total{reason=\"$reason\"}" $((before + 1))
    same "refused: $reason alone" "$(all_refused)" $((all + 1))
}
all_refused() {
    awk '/^pullgate_server_refused_total/ { n += $NF } END { print n }' "$work/metrics"
}
json='Content-Type: application/json'
head -c 40000000 /dev/zero >"$work/large"
refused too_large 413 --header "$json" --header 'Expect:' --data-binary "@$work/large" "$url/mutate"
refused not_json 415 --header 'Content-Type: text/plain' --data-binary '{}' "$url/mutate"
refused framing 400 --header "$json" --header 'Transfer-Encoding: gzip' --data-binary '{}' "$url/mutate"
refused not_found 404 "$url/nowhere"
refused method 405 "$url/mutate"
rm "$work/large"

# ---- readiness -----------------------------------------------------------------------------

probe /readyz
same "readyz" "$code $body" "200 ok"
# shellcheck disable=SC2001 # line by line
for query in verbose verbose=1 'timeout=3s&verbose' 'verbose&x=y'; do
    probe "/readyz?$query"
    same "readyz?$query" "$code $(sed 's/: .*//' <<<"$body")" \
        $'200 [+] rules\n[+] certificate\n[+] audit\n[+] drain'
done
for query in '' verbos verbosely 'x=verbose' 'xverbose' '&=&'; do
    probe "/readyz?$query"
    same "readyz?$query" "$code $body" "200 ok"
done
probe /healthz
same "healthz" "$code $body" "200 ok"

# ---- reloads -------------------------------------------------------------------------------

echo 'spec: [' | replace "$policy"
await "a broken rule file is counted" has_value 'pullgate_rules_reload_total{result="error"}' 1
same_value 'pullgate_rules_reload_total{result="success"}' 1
same_value pullgate_rules_last_reload_successful 0
same_value pullgate_rules 2
same_value pullgate_ready 1
probe '/readyz?verbose'
matches "readyz tells of the broken file" "$code $body" '^200 .*not valid'

# More rules than the table holds, one in each namespace; exemptions of all kinds.
{
    head_of_rules
    printf '  registry: ghcr.io/acme\n  rules:\n'
    for ((i = 1; i <= 300; i++)); do
        printf '    - {name: rule-%d, match: {namespaces: [n%d]}}\n' $i $i
    done
    printf '  exemptions:\n'
    for ((i = 10; i < 80; i++)); do
        printf '    - {images: ["e%d.example/**"], reason: r, owner: o, until: 21%d-01-31}\n' $i $i
    done
    for until in '' ', until: 2020-01-31' ', until: 2100-01-31'; do
        printf '    - {images: ["a.example/**"], reason: r, owner: o%s}\n' "$until"
    done
} | replace "$policy"
await "the long file is loaded" has_value 'pullgate_rules_reload_total{result="success"}' 2
check_format "300 rules"
same_value pullgate_rules 300
same_value pullgate_rules_last_reload_successful 1
decide mutate n1 busybox
decide mutate n300 busybox
decide mutate n299 evil.example/x
scrape
same_value 'pullgate_decisions_total{verdict="allow",rule="rule-1",mode="enforce"}' 1
same_value 'pullgate_decisions_total{verdict="allow",rule="(other)",mode="enforce"}' 1
same_value 'pullgate_decisions_total{verdict="deny",rule="(other)",mode="enforce"}' 1
same_value 'pullgate_decisions_total{verdict="deny",rule="strict",mode="enforce"}' 1
same "pairs of rule and mode" "$(sed -n 's/^pullgate_decisions_total{verdict="[a-z]*",\(.*\)}.*/\1/p' \
    "$work/metrics" | grep -vE '"\((none|other)\)"' | sort -u | wc -l)" 256

line_of() { # TEXT
    grep -n "$1" "$policy" | cut -d: -f1
}
same "exemptions shown" "$(grep -c '^pullgate_exemption_expiry_seconds{' "$work/metrics")" 64
exemption() { # LINE
    value "pullgate_exemption_expiry_seconds{exemption=\"$policy:$1\"}"
}
until_s=$(($(date -d 2100-02-01T00:00:00Z +%s) - $(date +%s)))
shown=$(exemption "$(line_of 2100-01-31)")
check "the nearest is shown: found $shown" [ $((shown - until_s)) -le 60 -a $((until_s - shown)) -le 60 ]
matches "the 63rd further one" "$(exemption "$(line_of 2172-01-31)")" '^[0-9]+$'
same "the 64th" "$(exemption "$(line_of 2173-01-31)")" ""
same "one that has ended gives way to those that will" "$(exemption "$(line_of 2020-01-31)")" ""

# Fewer: what has ended is shown, and several in one line are one series.
{
    head_of_rules
    printf '  registry: ghcr.io/acme\n  exemptions:\n'
    printf '    - {images: ["a.example/**"], reason: r, owner: o, until: 2020-01-31}\n'
} | replace "$policy"
await "a third file is loaded" has_value 'pullgate_rules_reload_total{result="success"}' 3
matches "an exemption that has ended" "$(exemption "$(line_of 2020-01-31)")" '^-[0-9]+$'
{
    head_of_rules
    printf '  registry: ghcr.io/acme\n'
    printf '  exemptions: [{images: ["b.example/**"], reason: r, owner: o, until: 2120-01-31}, '
    printf '{images: ["c.example/**"], reason: r, owner: o, until: 2110-01-31}, '
    printf '{images: ["d.example/**"], reason: r, owner: o, until: 2130-01-31}]\n'
} | replace "$policy"
await "a fourth file is loaded" has_value 'pullgate_rules_reload_total{result="success"}' 4
check_format "three exemptions in one line"
shown=$(exemption 6)
matches "one of the line" "$shown" '^[0-9]+$'
check "and the nearest" [ "$shown" -lt $(($(date -d 2115-01-01 +%s) - $(date +%s))) ]

# ---- certificates --------------------------------------------------------------------------

cp "$certs/tls.crt" "$work/good.crt"
echo "no certificate" | replace "$certs/tls.crt"
await "a broken certificate is counted" has_value certwatcher_read_certificate_errors_total 1
same_value certwatcher_read_certificate_total 2
decide mutate strict busybox
same "and the old one serves on" "$code" 200

# One that began years ago and ends in a month: less than a third of its life is left.
write_old_certificate() { # KEY
    local end
    end=$(date -u -d '+30 days' +%Y%m%d%H%M%SZ)
    mkdir -p "$work/ca"
    : >"$work/ca/index"
    echo 01 >"$work/ca/serial"
    cat >"$work/ca/conf" <<CONF
[ca]
default_ca = it
[it]
database = $work/ca/index
serial = $work/ca/serial
new_certs_dir = $work/ca
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
subjectAltName = DNS:pullgate.pullgate.svc, IP:127.0.0.1
extendedKeyUsage = serverAuth
CONF
    openssl req -new -key "$1" -subj /CN=old -out "$work/ca/csr" 2>"$work/err" &&
        openssl ca -batch -selfsign -config "$work/ca/conf" -keyfile "$1" -notext \
            -startdate 20240101000000Z -enddate "$end" -in "$work/ca/csr" 2>"$work/err"
}
same "no warning until now" "$(grep -c certificate_expires_soon "$log")" 0
write_old_certificate "$certs/tls.key" | replace "$certs/tls.crt"
await "a warning" is_logged certificate_expires_soon
same "its level" "$(logged certificate_expires_soon level)" warn
days=$(($(logged certificate_expires_soon secondsLeft) / 86400))
matches "days left in the warning: $days" "$days" '^(29|30)$'
scrape
same_value certwatcher_read_certificate_total 3
same_value certwatcher_read_certificate_errors_total 1
days=$(($(value pullgate_certificate_expiry_seconds) / 86400))
matches "days left in the scrape: $days" "$days" '^(29|30)$'
same "one warning for one load" "$(grep -c certificate_expires_soon "$log")" 1
stop_daemon
same "exit status" "$status" 0
same "audit lines" "$(wc -l <"$audit")" 10
make_certs "$work/certs2"
certs=$work/certs2

# ---- troubles ------------------------------------------------------------------------------

echo 'spec: [' | replace "$policy"
start_daemon unready waiting_for_rules --policy "$policy"
probe /readyz
matches "not ready without rules" "$code $body" $'^503 \\[-\\] rules: no valid rules.*\n\\[\\+\\] cert'
decide mutate strict busybox
same "nor does it decide" "$code" 503
scrape
check_format "without rules"
same_value pullgate_ready 0
same_value pullgate_rules 0
same_value pullgate_rules_last_reload_successful 0
same_value pullgate_rules_last_reload_success_timestamp_seconds 0
same_value "$requests{webhook=\"/mutate\",code=\"503\"}" 1
stop_daemon

# A full disk, as its audit lines see it.
{ head_of_rules && printf '  registry: ghcr.io/acme\n'; } | replace "$policy"
ln -s /dev/full "$work/full.audit"
start_daemon full ready --policy "$policy"
decide mutate strict busybox
same "decided" "$code" 200
await "the lost line is counted" has_value 'pullgate_audit_lines_total{result="failed"}' 1
same_value pullgate_ready 1
probe '/readyz?verbose'
matches "readyz tells, and stays ready" "$code $body" '^200 .*\[-\] audit: .*No space left on device'
stop_daemon

start_daemon draining ready --policy "$policy" --drain-pause 60s
kill -TERM "$pid"
await "it drains" is_logged draining
probe /readyz
matches "not ready any more" "$code $body" '^503 .*\[-\] drain: shutting down'
scrape
same_value pullgate_ready 0
stop_daemon
same "a second TERM ends it" "$status" 0
finish
