#!/usr/bin/env bash
# Certificates half written, and clients whose TLS is slow, torn, endless or none at all.
. "$(dirname "$0")/lib.sh"
rules one.example
start_daemon tls ready --policy rules.yaml --poll 200ms --header-timeout "$(rounds 4s 1s)"
know_level one.example
start_good 5 one.example

# ---- files -------------------------------------------------------------------------------------

kept=0
broken() { # NAME: what was just written is not taken, and said so
    await "$1: is logged" is_logged certificate_kept $((kept + 1))
    good_goes_on "$1"
    kept=$(grep -c '"event":"certificate_kept"' "$log")
}
mended() {
    cp new.key "$certs/tls.key"
    cp new.crt "$certs/tls.crt"
    await "$1: whole again" served_is_disk
    kept=$(grep -c '"event":"certificate_kept"' "$log")
}
mkdir -p next && cp "$certs"/* next
"$POLICYCTL" certs rotate --dir next --service pullgate --namespace pullgate --dns 127.0.0.1 --force >/dev/null
cp next/tls.crt new.crt && cp next/tls.key new.key
head -c $(($(wc -c <new.crt) / 2)) new.crt >"$certs/tls.crt"
broken "half a certificate"
cp new.crt "$certs/tls.crt"
broken "the certificate before its key"
head -c $(($(wc -c <new.key) / 2)) new.key >"$certs/tls.key"
broken "half a key"
mended "half a key"
: >"$certs/tls.crt"
broken "an empty certificate"
head -c 100000 /dev/urandom >"$certs/tls.crt"
broken "no certificate"
head -c 52428800 /dev/zero >"$certs/tls.crt"
broken "50 MB"
rm "$certs/tls.crt" && mkdir "$certs/tls.crt"
broken "a folder"
rmdir "$certs/tls.crt" && mkfifo "$certs/tls.crt"
broken "a FIFO"
rm "$certs/tls.crt" "$certs/tls.key"
broken "gone"
mended "gone"

# ---- clients -----------------------------------------------------------------------------------

for name in garbage garbage-inside handshakes; do
    client $name "$(rounds 18 360)"
    good_goes_on $name
done
client slow-handshakes "$(rounds 10 100)"
good_goes_on "slow handshakes"

# A second handshake on the same connection (TLS 1.2) ends it; new keys (TLS 1.3) do not, unless they come
# faster than anybody needs them. s_client hears one command at a time.
trap '' PIPE # one that has ended reads no more commands
mkfifo commands
interact() { # OPTION...: leaves $s_client, and commands go to $to_client
    openssl s_client "$@" -CAfile "$certs/ca.crt" -connect "127.0.0.1:$port" <commands >s_client.out 2>&1 &
    s_client=$!
    pids+=("$s_client")
    exec {to_client}>commands
    await "$1: connected" grep -q 'Verify return code: 0' s_client.out
}
leave() {
    exec {to_client}>&-
    await "s_client ends" is_gone "$s_client"
    wait "$s_client"
    forget "$s_client"
}
has_said() { # COUNT TEXT
    [ "$(grep -c "$2" s_client.out)" -ge "$1" ] || is_gone "$s_client"
}
for _ in $(seq "$(rounds 1 5)"); do
    interact -tls1_2
    { echo R >&"$to_client"; } 2>/dev/null
    await "a second handshake ends the connection" is_gone "$s_client"
    leave
    interact -tls1_3
    for i in $(seq "$(rounds 3 30)"); do
        { echo K >&"$to_client"; } 2>/dev/null || break
        await "new keys" has_said "$i" KEYUPDATE
    done
    leave
    good_goes_on "new keys and second handshakes"
done
stop_good tls
back_at_level tls
end_daemon tls
finish
