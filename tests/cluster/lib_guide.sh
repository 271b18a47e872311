# What the tests of deploy/README.md share: a whole cluster, and a copy of the tree, in which its commands are run.
# Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154 # work, top, kubectl: lib.sh

start_guide() {
    local name
    start_cluster
    start_controllers
    start_nodes
    mkdir -p "$work/bin" "$work/tree/build"
    ln -s "$kubectl" "$work/bin/kubectl"
    for name in helm3 helm4; do ln -s "$(tool $name)" "$work/bin/$name"; done
    (cd "$top" && cp -r deploy policies tests "$work/tree") || die "no copy of the tree"
    rm -rf "$work/tree/deploy/kustomize/components/self-managed/tls" # they write certificates
    cd "$work/tree" || exit 2
    export HOME=$work KUBECONFIG=$work/kubeconfig PATH=$work/bin:$PATH
}

# The commands of a file print what it shows. What takes effect in its own time is asked for again.
commands() { # WHAT FILE
    local out status
    out=$("$top/tests/readme/commands.sh" --here --tries 80 "$(dirname "$POLICYCTL")" "$2")
    status=$?
    [ "$status" = 0 ] || echo "$out"
    is "$1: its commands" "$status" 0
}

# A section of deploy/README.md, to the next heading of its level or above.
section() { # HEADING
    awk -v heading="$1" '
        /^```/ { code = !code }
        found && !code && /^#+ / && index($0, " ") <= index(heading, " ") { exit }
        $0 == heading { found = 1 }
        found' deploy/README.md >"$work/section.md"
    grep -q '^[$] ' "$work/section.md" || die "no commands below \"$1\" in deploy/README.md"
}
