#!/usr/bin/env bash
# policyctl as a plugin of kubectl: named kubectl-pullgate, by a link; through kubectl; and beside its kustomize.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/input" || exit 1
mkdir "$work/bin"
ln -s "$POLICYCTL" "$work/bin/kubectl-pullgate"
ln -s "$POLICYCTL" "$work/bin/policyctl"
cp "$tests/../deploy/packages/kubectl_complete-pullgate" "$work/bin"
plugin=$work/bin/kubectl-pullgate
export PATH="$work/bin:$PATH"

grep -v ^stderr: "$tests/cli/expected/many.text" >"$work/expected"

# ---- by the link -------------------------------------------------------------------------------

run "$plugin" --help
same "overview: exit status" $status 0
matches "overview: usage" "$out" '^Usage: kubectl pullgate VERB '
matches "overview: hint" "$out" '"kubectl pullgate VERB --help"'
verbs=$("$plugin" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
for verb in $verbs; do
    run "$plugin" "$verb" --help
    same "$verb --help: exit status" $status 0
    matches "$verb --help: usage" "$out" "^Usage: kubectl pullgate $verb"
    matches "$verb --help: examples" "$out" "Examples:.*  .*kubectl pullgate $verb"
    same "$verb --help: no other name" "$(grep -E '(^|[^/a-z])policyctl( |$)' <<<"$out")" ""
done
run "$plugin"
matches "no verb" "$err" '^Usage: kubectl pullgate VERB '
run "$plugin" frobnicate
same "unknown verb" "$status $err" '2 policyctl: unknown verb "frobnicate"; try kubectl pullgate --help'
run "$plugin" test -p rules.yaml nowhere.yaml
matches "an error" "$status $err" '^2 policyctl: .*nowhere\.yaml'
run "$plugin" render --image a --policy rules.yaml
matches "an error's hint" "$status $err" '^2 policyctl: --certs is missing: a folder created by "kubectl pullgate certs init"'
run "$plugin" test -p rules.yaml --now 2026-11-20 many.yaml
same "an answer: exit status" $status 1
same_file "an answer" "$work/out" "$work/expected"

# ---- completion --------------------------------------------------------------------------------

complete_words() { # WORD...
    kubectl_complete-pullgate "$@" | tr '\n' ' '
}
same "completion: a verb" "$(complete_words te)" "test :4 "
same "completion: words of an option" "$(complete_words lint -o s)" "sarif :4 "
same "completion: a flag" "$(complete_words lint --sch)" "--schema :4 "
same "completion: files are the shell's" "$(complete_words test many)" ":0 "

# ---- by kubectl --------------------------------------------------------------------------------

kubectl=$("$tests/cluster/tools.sh" kubectl) || exit 1
export HOME=$work KUBECONFIG=$work/none
run "$kubectl" pullgate test --help
matches "kubectl: help" "$status $out" '^0 Usage: kubectl pullgate test '
run "$kubectl" pullgate test -p rules.yaml --now 2026-11-20 many.yaml
same "kubectl: exit status" $status 1
same_file "kubectl: an answer" "$work/out" "$work/expected"
run "$kubectl" __complete pullgate li
matches "kubectl: completion" "$out" '^lint'

# ---- with kubectl's kustomize --------------------------------------------------------------------

image_of() { # COMMAND...: the image kustomize prints in the end
    "$@" 2>"$work/err" | sed -n 's/^ *\(- \)*image: //p'
}
cp -r "$tests/../deploy/samples/kustomize" "$work/sample" && cd "$work/sample" || exit 1
wanted=ghcr.io/acme-data/airbyte/source-postgres:3.6.11
mkdir plain && cp deployment.yaml plain && printf 'namespace: airbyte\nresources: [deployment.yaml]\n' >plain/kustomization.yaml
"$kubectl" kustomize plain >"$work/built" 2>"$work/err"
same "kustomize, a pipe" "$(image_of policyctl apply -p rules.yaml -t - <"$work/built")" $wanted
# It may run programs that are plugins of the older kind: objects in, objects out.
plugin=xdg/kustomize/plugin/pullgate.example.com/v1/pullgate
mkdir -p $plugin old && cp deployment.yaml kustomization.yaml old && sed '/annotations/,/function/d' pullgate.yaml >old/pullgate.yaml
printf '#!/bin/sh\nexec policyctl apply -p "%s" -t -\n' "$PWD/rules.yaml" >$plugin/Pullgate && chmod +x $plugin/Pullgate
same "kustomize, a plugin" "$(XDG_CONFIG_HOME=$PWD/xdg image_of "$kubectl" kustomize --enable-alpha-plugins old)" $wanted
finish
