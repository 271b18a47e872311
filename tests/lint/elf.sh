#!/usr/bin/env bash
# elf - what the release build promises can be seen in its programs.
# -z nodlopen is not asked for: ld drops that flag in an executable, and glibc opens no PIE.
# Use   elf.sh BIN_DIR
# shellcheck source-path=SCRIPTDIR source=common.sh
bin=$(cd "${1:?elf.sh BIN_DIR}" && pwd) || exit 2
. "$(dirname "$0")/common.sh"
need readelf

wants() { # wants <file> <text to look in> <pattern> <what is missing>
    seen=$((seen + 1))
    grep -qE -- "$3" <<<"$2" || complain "$1: $4"
}
refuses() {
    seen=$((seen + 1))
    grep -qE -- "$3" <<<"$2" && complain "$1: $4"
}

for program in pullgate pullgate-sync policyctl; do
    file=$bin/$program
    if [[ ! -f $file ]]; then
        complain "$file is missing"
        continue
    fi
    head=$(readelf -hW "$file")
    segments=$(readelf -lW "$file")
    dynamic=$(readelf -dW "$file")
    symbols=$(readelf -W --dyn-syms "$file")
    wants $program "$head" 'Type: +DYN' "no position-independent executable"
    wants $program "$dynamic" 'FLAGS_1.*\bPIE\b' "no position-independent executable (DF_1_PIE)"
    wants $program "$dynamic" 'FLAGS_1.*\bNOW\b' "symbols are bound lazily (DF_1_NOW)"
    wants $program "$segments" 'GNU_RELRO' "no GNU_RELRO segment"
    wants $program "$segments" 'GNU_STACK.* RW ' "the stack is executable, or not declared"
    refuses $program "$segments" 'LOAD.* RWE ' "a segment is writable and executable"
    refuses $program "$dynamic" '\((RPATH|RUNPATH)\)' "an RPATH or RUNPATH: libraries come from the system"
    refuses $program "$dynamic" '\(TEXTREL\)' "text relocations"
    wants $program "$symbols" ' __stack_chk_fail(@|$)' "no stack protector"
    wants $program "$symbols" ' __[a-z]+_chk(@|$)' "no fortified call (_FORTIFY_SOURCE)"
    if grep -q 'AArch64' <<<"$head"; then
        wants build.ninja "$(sed -n 's/^  FLAGS = //p' "$bin/../build.ninja" | sort -u)" '-mbranch-protection=standard' \
            "return addresses are not signed (-mbranch-protection)"
    fi
    if grep -q 'X86-64' <<<"$head"; then
        wants $program "$(objdump -d --disassemble=main "$file")" 'endbr64' \
            "main does not begin with endbr64 (-fcf-protection)"
        wants $program "$(readelf -nW "$file")" 'x86 feature:.*IBT.*SHSTK' \
            "no IBT and SHSTK in the notes (-z ibt,shstk)"
    fi
done
# assert() guards "this cannot be" and stays on.
flags=$(sed -n 's/^build.*//; s/^  FLAGS = //p' "$bin/../build.ninja" | sort -u)
wants build.ninja "$flags" '_FORTIFY_SOURCE=3' "-D_FORTIFY_SOURCE=3 is gone"
wants build.ninja "$flags" '-ftrivial-auto-var-init=zero' "locals start with what stood there before"
refuses build.ninja "$flags" '-DNDEBUG' "-DNDEBUG takes the asserts away"
verdict 25
