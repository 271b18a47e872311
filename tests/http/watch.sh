#!/usr/bin/env bash
# Rules and certificates that change are taken by themselves: files replaced, files written in place, and
# the symlink swap of mounted ConfigMaps and Secrets.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
certs=$work/certs
make_certs "$certs"
review=$tests/data/reviews/pod-create.json

rules() { # REGISTRY
    printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  registry: %s\n' "$1"
}
image_is() {
    post "$review" "$url/mutate"
    [ "$(jq -r '.response.patch // ""' "$work/body" | base64 -d | jq -r '.[0].value')" = "$1/nginx:1.14.2" ]
}

# ---- a file ------------------------------------------------------------------------------------

rules one.example >rules.yaml
start_daemon file ready --policy rules.yaml --poll 1h
check "before" image_is one.example
rules two.example >new && mv new rules.yaml
await "renamed over" image_is two.example
rules three.example >rules.yaml
await "written in place" image_is three.example
echo 'nonsense: [' >rules.yaml
await "broken: told" is_logged rules_kept
check "broken: the last good ones hold" image_is three.example
rm rules.yaml
rules four.example >rules.yaml
await "deleted and made anew" image_is four.example
loaded=$(grep -c '"event":"certificate_loaded"' "$log")
"$POLICYCTL" certs rotate --dir "$certs" --service pullgate --namespace pullgate --dns 127.0.0.1 --force >/dev/null
await "certificate: taken" is_logged certificate_loaded $((loaded + 1))
await "certificate: served" served_is_disk "$certs/tls.crt"
stop_daemon
same "exit status" $status 0

# ---- the layout of mounted volumes --------------------------------------------------------------

mount_version() { # FOLDER N: files of version N become the content, in one rename
    ln -s "..$2" "$1/..data_tmp"
    mv -T "$1/..data_tmp" "$1/..data"
}
mkdir -p policy/..1 policy/..2 secret/..1 secret/..2
rules one.example >policy/..1/rules.yaml
rules two.example >policy/..2/rules.yaml
"$POLICYCTL" certs init --dir secret/..1 --dns 127.0.0.1 >/dev/null
"$POLICYCTL" certs init --dir secret/..2 --dns 127.0.0.1 >/dev/null
mount_version policy 1
mount_version secret 1
ln -s ..data/rules.yaml policy/rules.yaml
for file in tls.crt tls.key ca.crt; do ln -s "..data/$file" "secret/$file"; done
certs=$work/secret
for how in 1h 200ms; do # by inotify, then by looking now and then
    start_daemon "volume-$how" ready --policy policy --poll $how
    check "volume ($how): before" image_is one.example
    check "volume ($how): certificate before" served_is_disk secret/..1/tls.crt
    mount_version policy 2
    mount_version secret 2
    await "volume ($how): rules after the swap" image_is two.example
    await "volume ($how): certificate after the swap" served_is_disk secret/..2/tls.crt
    stop_daemon
    same "volume ($how): exit status" $status 0
    mount_version policy 1
    mount_version secret 1
done
finish
