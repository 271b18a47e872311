#!/usr/bin/env bash
# shell - shellcheck has nothing to say about our scripts.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need shellcheck
while IFS= read -r file; do
    # scripts without the suffix are recognised by their first line
    [[ $file == *.sh ]] || head -c 80 "$file" | head -n 1 | grep -qE '^#!.*\b(ba)?sh\b' || continue
    seen=$((seen + 1))
    # notes are taste; a library shares its variables with those who source it
    except=''
    [[ $file == */lib.sh ]] && except=--exclude=SC2034,SC2154
    out=$(shellcheck -x -P SCRIPTDIR -s bash -S warning ${except:+"$except"} -f gcc "$file") || complain "$out"
done < <(files '*.sh' '.ci/*' 'deploy/*' 'tests/cli/*' 'tests/http/*' 'tests/golden/*' 'tests/lint/*' | grep -vE '\.(json|ya?ml|md|txt|c|h)$')
verdict 5
