#!/usr/bin/env bash
# The image's root file system, made of the programs just built: tests/deploy/image.sh does the whole of it.
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib_image.sh
. "$(dirname "$0")/lib_image.sh"
top=$(cd "$tests/.." && pwd)

run "$top/deploy/image-root.sh" "$(dirname "$PULLGATE")" "$work/root"
same "made" "$status$err" 0
check_content "$work/root"
run "$top/deploy/sbom.sh" "$PULLGATE" "$POLICYCTL"
same_file "the same bill again" "$work/out" "$work/root/usr/share/sbom/pullgate.cdx.json"
libcurl=$(ldconfig -p | sed -n 's/.*libcurl\.so\.4 .*=> //p' | head -n 1) # policyctl loads it
same "the libraries are those that ldd finds" "$("$top/deploy/sbom.sh" --libraries "$PULLGATE" "$POLICYCTL")" \
    "$({ ldd "$PULLGATE" "$POLICYCTL" "$libcurl"; echo "$libcurl (0x"; } | grep -o '/[^ ]* (0x' | sed 's/ (0x//' | sort -u)"
matches "the bill has the version of the program" "$("$PULLGATE" --version)" \
    "^pullgate $(jq -r .metadata.component.version "$work/out") "
check_answer "$work/root"

# The checks see what is wrong.
echo more >>"$work/root/lib/$(uname -m)-linux-gnu/libyaml-0.so.2"
run python3 "$tests/deploy/sbom.py" "$work/root"
matches "a changed library is seen" "$status $out" '^1 .*libyaml-0\.so\.2 is another file'
run "$top/deploy/sbom.sh" "$work/nothing"
check "no program: exit status" [ "$status" -ne 0 ]
run "$top/deploy/sbom.sh" "$PULLGATE" "$work/nothing"
check "one program of two: exit status" [ "$status" -ne 0 ]
run "$top/deploy/image-root.sh" "$work" "$work/none"
check "no programs, no root: exit status" [ "$status" -ne 0 ]
finish
