#!/usr/bin/env bash
# registered - every test file there is, is one that ctest runs. Looked at from outside of the
# CMake files that could be lost, and against what ctest really has.
# Use   registered.sh BUILD_DIR
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
build=${1:?registered.sh BUILD_DIR}
need jq
all=$(ctest --test-dir "$build" --show-only=json-v1) || complain "ctest has no list of tests"
names=$(jq -r '.tests[].name' <<<"$all")
commands=$(jq -r '.tests[].command // [] | join(" ")' <<<"$all")
labels=$(jq -r '.tests[] | [.name, (.properties[] | select(.name == "LABELS") | .value[])] | join(" ")' <<<"$all")

named() { # named <file> <name of its test>
    seen=$((seen + 1))
    grep -qxF -- "$2" <<<"$names" || complain "$1: ctest has no test $2"
}

while IFS= read -r file; do
    word=$(basename "$file" .c)
    named "$file" "unit.${word#test_}"
done < <(files 'tests/unit/test_*.c')
while IFS= read -r file; do
    word=$(basename "$file" .c)
    named "$file" "corpus.${word#fuzz_}"
done < <(files 'tests/fuzz/fuzz_*.c')
while IFS= read -r file; do
    # elf looks at the hardened programs: the release preset has it
    [[ $file == */common.sh || $file == */elf.sh ]] || named "$file" "lint.$(basename "$file" .sh)"
done < <(files 'tests/lint/*.sh')
# Scripts and programs of the other folders: some test's command line names them, or a script beside
# them does (lib.sh and other helpers). bless.sh is a person's tool.
while IFS= read -r file; do
    word=/$(basename "$file")
    [[ $file == *.c ]] && word=/$(basename "$file" .c)
    [[ $word == /bless.sh || $file == tests/deploy/packages.sh ]] && continue # the release preset has it
    seen=$((seen + 1))
    grep -qF -- "${file%/*}$word" <<<"$commands" || grep -qF -- "bin$word" <<<"$commands" && continue
    # a helper: named by another script; an import names it without its ending
    [[ $file == *.py ]] && word=$(basename "$file" .py)
    grep -lwF --include='*.sh' --include='*.py' -r -- "${word#/}" "${file%/*}" | grep -qvxF "$file" ||
        complain "$file: no test of ctest runs it"
done < <(files 'tests/*.sh' 'tests/*.py' 'tests/golden/*.c' |
    grep -E '^tests/(bypass|chaos|cli|cluster|deploy|http|golden|oracles|property|readme|registry|sync)/[^/]*$')

# What chooses tests by a name chooses some: the parts in run.sh (at run time filters.sh looks at them too,
# in the preset they are for), and what documents tell people to run. lint.elf is the release's.
while IFS=: read -r file part; do
    part=${part##* }
    part=${part//\'/}
    [[ $part == '^lint\.elf' ]] && continue
    seen=$((seen + 1))
    grep -qE -- "$part" <<<"$names" || complain "$file: \"$part\" matches no test"
done < <(
    grep -HoE "'\^[a-z][^']*'" tests/run.sh
    files '*.md' | xargs grep -HoE "ctest --preset dev [^#\`]*-R '?[^ '\`]+" /dev/null
)

# No test without a label: run.sh and people choose by them.
while read -r name label; do
    case " $label " in
    *' unit '* | *' corpus '* | *' golden '* | *' bypass '* | *' property '* | *' cli '* | *' http '* | *' sync '* | *' chaos '* | *' registry '* | *' deploy '* | *' image '* | *' lint '* | *' cluster '* | *' modules '*) ;;
    *) complain "$name: labels \"$label\", expected unit, corpus, golden, bypass, property, cli, http, sync, chaos, registry, deploy, image, lint, cluster or modules" ;;
    esac
done <<<"$labels"
verdict 15
