#!/usr/bin/env bash
# The pods of Airbyte and Astronomer: what each image becomes with one registry, and their pull secrets.
. "$(dirname "$0")/lib.sh"
cd "$tests/data/pods" || exit 1

rules() { # NAME LINE...: a rule file of these settings
    local name=$1
    shift
    printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n' >"$work/$name.yaml"
    printf '  %s\n' "$@" >>"$work/$name.yaml"
}
rules plain 'registry: ghcr.io/acme-data' 'imagePullSecrets: [regcred]'
rules approving 'registry: ghcr.io/acme-data' 'imagePullSecrets: [regcred]' \
    'approved: ["registry.corp.example:5000/data"]'

# ---- every image of every pod ----------------------------------------------------------------

run "$POLICYCTL" test -p "$work/plain.yaml" -o json ./*.yaml
same "exit status" $status 1
jq -r '.objects[] | (.file | ltrimstr("./")) as $file | .name as $pod | .images[]
    | [$file, $pod, .path, .container, .before, .after] | @tsv' "$work/out" | sort >"$work/found"
grep -v '^#' expected-images.tsv | sort >"$work/expected"
same_file "expected-images.tsv" "$work/found" "$work/expected"
check "there are images" [ "$(wc -l <"$work/expected")" -ge 30 ]
same "pods that are denied" "$(jq -r '.objects[] | select(.verdict == "deny") | .name' "$work/out")" \
    "house-events-check-5b0a7e0e-6a3f-4b0b-8a53-0a7bb7b1b1c1-0-ytyqm
quantum-nebula-1234-scheduler-6c9f7d5b8c-x7k2p
orders-daily-load-orders-4kz81xq2"

# ---- a second pass finds nothing -------------------------------------------------------------

"$POLICYCTL" test -p "$work/approving.yaml" -o yaml airbyte-*.yaml >"$work/once.yaml"
same "first pass: exit status" $? 0
"$POLICYCTL" test -p "$work/approving.yaml" -o yaml "$work/once.yaml" >"$work/twice.yaml"
same_file "second pass: the same objects" "$work/twice.yaml" "$work/once.yaml"
run "$POLICYCTL" test -p "$work/approving.yaml" -o diff "$work/once.yaml"
same "second pass: no difference" "$out" ""
run "$POLICYCTL" test -p "$work/approving.yaml" --endpoint validate "$work/once.yaml"
same "what is rewritten passes /validate" $status 0

# ---- pull secrets ----------------------------------------------------------------------------

# Airbyte without JOB_KUBE_MAIN_CONTAINER_IMAGE_PULL_SECRET sends [{name: ""}], which stays.
for pod in airbyte-01-replication airbyte-02-check airbyte-03-discover airbyte-09-reset \
    airbyte-10-replication-profiler; do
    run "$POLICYCTL" test -p "$work/plain.yaml" -o json $pod.yaml
    same "$pod: before" "$(jq -c '.objects[0].imagePullSecrets.before' "$work/out")" '[""]'
    same "$pod: after" "$(jq -c '.objects[0].imagePullSecrets.after' "$work/out")" '["","regcred"]'
    same "$pod: the patch appends to the list" \
        "$(jq -c '.objects[0].patch[] | select(.path | contains("imagePullSecrets"))' "$work/out")" \
        '{"op":"add","path":"/spec/imagePullSecrets/-","value":{"name":"regcred"}}'
done
for pod in airbyte-08-check-native-sidecar airbyte-13-platform-bootloader; do
    run "$POLICYCTL" test -p "$work/plain.yaml" -o json $pod.yaml
    same "$pod: has it already" \
        "$(jq -c '[.objects[].patch[] | select(.path | contains("imagePullSecrets"))]' "$work/out")" '[]'
done

# ---- the custom connector that names its registry --------------------------------------------

connector=airbyte-05-custom-connector-fully-qualified.yaml
run "$POLICYCTL" test -p "$work/plain.yaml" $connector
same "custom connector, not approved: exit status" $status 1
matches "custom connector, not approved: text" "$out" \
    "^$connector:[0-9]+:[0-9]+: deny: container \"main\": image \"registry.corp.example:5000/data/source-warehouse-events:0.4.0\" comes from registry.corp.example:5000, which is not approved"
matches "custom connector, not approved: what is approved" "$out" '; approved: "ghcr.io/acme-data"'
line=$(grep -n 'image: registry.corp.example:5000' $connector | cut -d: -f1)
matches "custom connector, not approved: line" "$out" "^$connector:$line:"
run "$POLICYCTL" test -p "$work/approving.yaml" -o json $connector
same "custom connector, approved: exit status" $status 0
same "custom connector, approved: untouched" "$(jq -c '.objects[0].patch' "$work/out")" '[]'
finish
