#!/usr/bin/env bash
# The rule file is mistreated under load: whatever is in its place, the last good rules answer.
. "$(dirname "$0")/lib.sh"
rules one.example
start_daemon rules ready --policy rules.yaml --poll 200ms
know_level one.example
start_good 20 one.example two.example

kept=0
broken() { # NAME REGEX: what was just put in place is refused, and said so
    good_goes_on "$1"
    await "$1: is logged" is_logged rules_kept $((kept + 1))
    matches "$1: text" "$(grep '"event":"rules_kept"' "$log" | jq -r .error)" "$2"
    kept=$(grep -c '"event":"rules_kept"' "$log")
}
in_force() { # is the file on the disk what answers?
    [ "$(logged rules_loaded sha256)" = "$(sha256sum <rules.yaml | cut -d' ' -f1)" ]
}
mended() { # NAME REGISTRY
    rm -rf rules.yaml
    rules "$2"
    await "$1: good rules again" in_force
    good_goes_on "$1: good rules again"
    kept=$(grep -c '"event":"rules_kept"' "$log") # what it saw between the two commands
}

for _ in $(seq "$(rounds 1 2)"); do
    : >rules.yaml
    broken "empty" 'empty|expected'
    mended "empty" two.example
    head -c 60 rules.yaml >part && cat part >rules.yaml
    broken "cut short in its middle" 'rules.yaml|expected|found|end'
    mended "cut short" one.example
    rm rules.yaml && mkdir rules.yaml
    broken "an empty folder" 'no rule files|rules.yaml'
    mkdir rules.yaml/deep.yaml
    broken "a folder of folders" 'rules.yaml'
    mended "a folder" two.example
    { cat rules.yaml; yes '# fifty megabytes of remarks are no rule file' | head -c 52428800; } >big
    mv big rules.yaml
    broken "50 MB" 'larger than|limit'
    mended "50 MB" one.example
    rm rules.yaml && mkfifo rules.yaml
    broken "a FIFO" 'not a regular file'
    mended "a FIFO" two.example
    ln -sf /dev/zero rules.yaml
    broken "a device" 'not a regular file'
    ln -sfT rules.yaml rules.yaml
    broken "a link to itself" 'links'
    mended "links" one.example
    rm rules.yaml
    broken "gone" 'No such file'
    mended "gone" two.example
    rules one.example && chmod 000 rules.yaml # root reads it all the same
    good_goes_on "unreadable"
    mended "unreadable" one.example
done

# Comes and goes faster than anyone could read it.
for i in $(seq "$(rounds 10 100)"); do
    rules one.example
    printf 'apiVersion' >rules.yaml
    rm -f rules.yaml
    [ $((i % 10)) -ne 0 ] || kill -HUP "$pid"
done
good_goes_on "a file that flickers"
mended "a file that flickers" two.example
stop_good rules
back_at_level rules
end_daemon rules
finish
