#!/usr/bin/env bash
# What a handshake costs is not the client's to choose, and a flood of them delays no one who is there already
# (handshakes.py, which also prints what each costs).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rules one.example
start_daemon handshakes ready --policy rules.yaml --max-handshakes 16
run /usr/bin/python3 "$here/handshakes.py" "$port" "$probes" "$certs/ca.crt" "$review" one.example "$pid" "$(rounds 0.5 3)"
echo "$out"
same "handshakes: known costs, and others are served" "$status $err" "0 "
end_daemon handshakes
finish
