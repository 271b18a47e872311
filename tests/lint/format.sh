#!/usr/bin/env bash
# format - clang-format 14 would change nothing. Repair with: clang-format -i FILE...
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
tool=clang-format-14
command -v $tool >/dev/null || tool=clang-format
need "$tool"
# Versions disagree about layout; one of them has to be right.
"$tool" --version | grep -q 'version 14\.' ||
    complain "$tool is of another version, expected 14: $("$tool" --version)"
mapfile -t all < <(files '*.c' '*.h')
for file in "${all[@]}"; do
    seen=$((seen + 1))
    out=$("$tool" --dry-run -Werror "$file" 2>&1) ||
        complain "$file: $(grep -c 'error:' <<<"$out") places, first at line $(sed -n '1s/^[^:]*:\([0-9]*\):.*/\1/p' <<<"$out")"
done
verdict 100
