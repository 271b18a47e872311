#!/usr/bin/env bash
# policyctl completion: the scripts are read by real shells, which are then asked to complete command lines.
. "$(dirname "$0")/lib.sh"
mkdir -p "$work/bin" "$work/files/folder"
ln -s "$POLICYCTL" "$work/bin/policyctl"
export PATH=$work/bin:$PATH HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work
cd "$work/files" || exit 1
touch rules.yaml "a pod.yaml"
for shell in bash zsh fish; do
    run policyctl completion $shell
    same "$shell: exit status" $status 0
    cp "$work/out" "$work/$shell"
done
run policyctl completion tcsh
same "another shell" "$status $err" "2 policyctl: expected one shell: bash, zsh or fish"
run policyctl completion
same "no shell" "$status $err" "2 policyctl: expected one shell: bash, zsh or fish"

verbs=$(policyctl --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\)  .*/\1/p' | sort | tr '\n' ' ')
options() { # VERB: every long option its help names
    policyctl "$1" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort | tr '\n' ' '
}

# ---- bash: words as readline cuts them, `=` being its own word --------------------------

bash_asked() { # WORD...: the last one is to be completed
    bash --norc -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _policyctl
        printf "%s\n" "${COMPREPLY[@]}"' - "$work/bash" "$@" 2>&1 | sort | tr '\n' ' '
}
check "bash: syntax" bash -n "$work/bash"
check "bash: registered" bash --norc -c 'source "$1" && complete -p policyctl | grep -q _policyctl' - "$work/bash"
same "bash: verbs" "$(bash_asked policyctl '')" "--help --version $verbs"
same "bash: a verb's beginning" "$(bash_asked policyctl ex)" "explain "
same "bash: words of an option" "$(bash_asked policyctl test -o j)" "json junit "
same "bash: words behind =" "$(bash_asked policyctl test --operation = UP)" "UPDATE "
same "bash: all words behind =" "$(bash_asked policyctl test --operation =)" "CREATE UPDATE "
same "bash: files of an option" "$(bash_asked policyctl test -p ru)" "rules.yaml "
same "bash: files" "$(bash_asked policyctl test '')" "a pod.yaml folder rules.yaml "
same "bash: no file for a name" "$(bash_asked policyctl test -n r)" " "
same "bash: verbs to help on" "$(bash_asked policyctl help v)" "verify version "
same "bash: formats" "$(bash_asked policyctl import air)" "airbyte "
same "bash: actions" "$(bash_asked policyctl certs '')" "bundle check init rotate show "
same "bash: shells" "$(bash_asked policyctl completion z)" "zsh "
same "bash: images are no files" "$(bash_asked policyctl parse r)" " "
for verb in $verbs; do
    same "bash: options of $verb" "$(bash_asked policyctl "$verb" --)" "$(options "$verb")"
done

# ---- fish ------------------------------------------------------------------------------------

fish_asked() { # LINE
    fish --no-config -c "source $work/fish; complete -C '$1'" 2>&1 | cut -f 1 | sort | tr '\n' ' '
}
if command -v fish >/dev/null; then
    check "fish: syntax" fish --no-execute "$work/fish"
    same "fish: verbs" "$(fish_asked 'policyctl ')" "$verbs"
    same "fish: words of an option" "$(fish_asked 'policyctl test -o j')" "json junit "
    same "fish: words behind =" "$(fish_asked 'policyctl test --operation=UP')" "--operation=UPDATE "
    same "fish: files" "$(fish_asked 'policyctl test ru')" "rules.yaml "
    same "fish: files of an option" "$(fish_asked 'policyctl test -p ru')" "rules.yaml "
    same "fish: actions" "$(fish_asked 'policyctl certs ')" "bundle check init rotate show "
    for verb in $verbs; do
        same "fish: options of $verb" "$(fish_asked "policyctl $verb --")" "$(options "$verb")"
    done
fi

# ---- zsh: at a terminal, TAB pressed ---------------------------------------------------------

if command -v zsh >/dev/null; then
    check "zsh: syntax" zsh -n "$work/zsh"
    while IFS='|' read -r line expected; do
        run python3 "$tests/cli/zsh_tab.py" "$work/zsh" "$line" "$expected"
        same "zsh: $line" "$status $out" "0 "
    done <<'ROWS'
policyctl ex|policyctl explain 
policyctl test --opera|policyctl test --operation=
policyctl test --operation=UP|policyctl test --operation=UPDATE 
policyctl test -o sa|policyctl test -o sarif 
policyctl test -p ru|policyctl test -p rules.yaml 
policyctl lint ru|policyctl lint rules.yaml 
policyctl certs rot|policyctl certs rotate 
policyctl completion f|policyctl completion fish 
policyctl images --name|policyctl images --namespace=
ROWS
fi
finish
