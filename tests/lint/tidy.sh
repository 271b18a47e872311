#!/usr/bin/env bash
# tidy - clang-tidy 14 has nothing to say about product code. .clang-tidy has the checks, and a
# reason beside each that is off.
# Use   tidy.sh BUILD_DIR [FILE...]
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
build=${1:?tidy.sh BUILD_DIR [FILE...]}
shift
tool=clang-tidy-14
command -v $tool >/dev/null || tool=clang-tidy
need "$tool"
"$tool" --version | grep -q 'version 14\.' || complain "$tool is of another version, expected 14"
[[ -f $build/compile_commands.json ]] || complain "$build has no compile_commands.json"
if (($# == 0)); then
    mapfile -t product < <(files 'webhook/*.c' 'policies/*.c' 'certs/*.c')
    set -- "${product[@]}"
fi
seen=$#
# The build may be gcc's, whose options clang does not all know.
out=$(printf '%s\0' "$@" | xargs -0 -P "$(nproc)" -n 1 "$tool" -p "$build" --quiet \
    --extra-arg=-Wno-unknown-warning-option --warnings-as-errors='*' 2>/dev/null)
status=$?
if ((status != 0)); then
    while IFS= read -r line; do
        complain "$line"
    done < <(grep -E '(error|warning):' <<<"$out" | sed "s|^$root/||" | sort -u)
    ((complaints > 0)) || complain "$tool ended with $status: $out"
fi
verdict 1
