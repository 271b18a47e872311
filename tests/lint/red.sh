#!/usr/bin/env bash
# red - each lint complains of what it is for. A lint that cannot fail is green by seeing nothing.
# Plants one fault at a time in a copy of the tree, whose path holds a blank and which is not a git
# repository, and expects the lint to name it.
# Use   red.sh BUILD_DIR
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
build=$(cd "${1:?red.sh BUILD_DIR}" && pwd) || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
copy="$scratch/a tree"

mkdir "$copy"
files '*' | grep -v '^tests/fuzz/corpus/[^r]' | tar -cf - -T - | tar -xf - -C "$copy"
planted=()

# red LINT [ARGUMENTS...] -- TEXT: the lint fails, and TEXT (a pattern) is in what it says
red() {
    local name=$1 out status args=()
    shift
    while [[ $1 != -- ]]; do
        args+=("$1")
        shift
    done
    seen=$((seen + 1))
    out=$(cd "$copy" && bash "tests/lint/$name.sh" "${args[@]}" 2>&1)
    status=$?
    ((status == 1)) || complain "$name: ended with $status, expected 1 for \"$2\""
    grep -qE -- "$2" <<<"$out" || complain "$name: did not say \"$2\" but: $out"
    restore
}

plant() { # plant FILE TEXT: a line at its end
    mkdir -p "$(dirname "$copy/$1")"
    printf '%s\n' "$2" >>"$copy/$1"
    planted+=("$1")
}

restore() {
    local file
    for file in "${planted[@]}"; do
        rm -f "${copy:?}/$file"
        [[ -f $file ]] && cp -p "$file" "$copy/$file"
    done
    planted=()
}

plant policies/engine/engine.c '#include "json/json.h"'
plant policies/engine/engine.c '#include "base/clock.h"'
red layers -- 'engine may not use json'
plant webhook/review/encode.c '#include <jansson.h>'
red layers -- 'encode.c:[0-9]+: <jansson.h> may be included by'
plant webhook/review/encode.c '#include "engine/internal.h"'
red layers -- 'a private header of engine'
plant webhook/review/review.h '#include <unistd.h>'
red layers -- 'review is pure and may not use <unistd.h>'
plant certs/certs.h '#include <openssl/x509.h>'
red layers -- 'in a public header'
plant policies/rules/spec.c '#include <sys/socket.h>'
red layers -- 'the network is the server'
plant webhook/json/json.c '#include <zlib.h>'
red layers -- 'is on no list'
plant CMakeLists.txt 'add_module(imgref DIR x USES json LIBS PkgConfig::yaml)'
red layers -- 'imgref USES json'
plant webhook/audit/line.c '#include "base/log.h"'
red layers -- 'audit may not use "base/log.h"'

plant webhook/json/json.c 'int x(char *s) { return atoi(s); }'
red banned -- 'json.c:[0-9]+: atoi\(\) is banned'
plant policies/engine/engine.c 'void *x(void) { return malloc(1); }'
red banned -- 'malloc\(\) goes around'
plant policies/rules/load.c 'void x(void) { fprintf(stderr, "x"); }'
red banned -- 'fprintf\(\) is for the programs'
plant policies/policyctl/requester.c 'void f(const char *name) { fprintf(stderr, "%s", name); }'
red banned -- 'requester.c:[0-9]+: fprintf\(\) prints raw what comes from outside'
listed=$(awk '$2 == "free" && $3 == 2 { print $1 }' tests/lint/banned.sh)
plant "$listed" 'void x(void) { free(NULL); }'
red banned -- 'free\(\) is called 3 times, the table of exceptions says 2'
plant CMakeLists.txt ''
sed -i 's/-Wvla //' "$copy/CMakeLists.txt"
red banned -- '-Wvla is gone'

plant webhook/json/json.c 'int  x;'
red format -- 'webhook/json/json.c: 1 places'
plant tests/run.sh 'cd $nowhere || rm -r "$x'
red shell -- 'tests/run.sh:'
plant webhook/json/internal.h 'extern struct nowhere nothing(struct unknown x);'
red headers "$build" -- 'webhook/json/internal.h'
plant tests/unit/test_nobody.c 'int main(void) { return 0; }'
red registered "$build" -- 'test_nobody.c: ctest has no test unit.nobody'
plant tests/fuzz/fuzz_nobody.c 'int x;'
red registered "$build" -- 'ctest has no test corpus.nobody'
plant tests/cli/nobody.sh 'true'
red registered "$build" -- 'nobody.sh: no test of ctest runs it'
plant tests/run.sh "threaded=('^unit\.nobody')"
red registered "$build" -- 'tests/run.sh: "\^unit.\.nobody" matches no test'
plant .github/CONTRIBUTING.md "ctest --preset dev -R 'unit.nobody'"
red registered "$build" -- 'CONTRIBUTING.md: "unit.nobody" matches no test'
plant policies/imgref/imgref.c 'int x(int a); int x(int a) { if (a = 1) return 2; return 0; }'
red tidy "$build" policies/imgref/imgref.c -- 'imgref.c:[0-9]+:[0-9]+: error'

plant webhook/json/json.c "/* TO""DO: more */"
red texts -- 'json.c:[0-9]+:.*unfinished'
plant webhook/json/json.c ' * pure functions Threads    pure functions'
red texts -- 'json.c:[0-9]+:.*a header block that was reflowed'
plant more/file.c 'int x;'
red texts -- '"more" is no top-level name'
plant 'webhook/json/a name.c' 'int x;'
red texts -- 'a name with blanks'
plant tests/data/key.pem "-----BEGIN PRIVATE"" KEY-----
$(head -c 96 /dev/zero | base64 -w 64)
$(head -c 96 /dev/zero | base64 -w 64)"
red texts -- 'tests/data/key.pem: a private key'
plant webhook/json/json.c "$(seq 601)"
red texts -- 'json.c: [0-9]+ lines, expected at most 600'
plant README.md 'see /work''/main/README.md'
red texts -- 'README.md:[0-9]+:.*a path of one machine'

plant tests/nobody/case.txt 'x'
red texts -- 'tests/nobody/README.md is missing'
plant tests/http/README.md 'New case: in two places'
red texts -- 'tests/http/README.md: found "# tests/http Tests Needs Alone New case New case"'

compiled() { # FILE TEXT: as a build would leave it; the lint reads the objects alone
    local object="$scratch/objects/CMakeFiles/it.dir/$1.o"
    mkdir -p "$(dirname "$object")"
    cc -x c -c -o "$object" - <<<"$2" || complain "cc does not take: $2"
}
compiled policies/match/glob.c 'int match_a(int x) { return x; } int b(int x) { return x; } int match_unused = 1;'
compiled policies/imgref/imgref.c 'int match_a(int x), b(int x); int imgref_c(int x) { return match_a(b(x)); }'
compiled webhook/base/buf.c 'int imgref_c(int x), str_b(int x); int buf_d(int x) { return imgref_c(str_b(x)); }'
compiled webhook/base/str.c 'int buf_d(int x); int str_b(int x) { return buf_d(x); } int rope(int x) { return x; }'
compiled certs/gone.c 'int rope(int x), gone(int x); int gone(int x) { return rope(x); }'
red symbols "$scratch/objects" -- 'glob.c: b leaves the file, expected match_'
red symbols "$scratch/objects" -- 'glob.c: match_unused is used in no other file, expected static'
red symbols "$scratch/objects" --all -- 'str.c: rope leaves the file, expected the word of its file or header_'
plant webhook/json/json.h 'struct token {'
red symbols "$scratch/objects" --all -- 'json.h: token leaves the file, expected json_'
plant webhook/json/json.h 'typedef void (*taker)(int x);'
red symbols "$scratch/objects" --all -- 'json.h: taker leaves the file, expected json_'
plant policies/engine/engine.h 'typedef int choice_fn(int x);'
red symbols "$scratch/objects" --all -- 'engine.h: choice_fn leaves the file, expected engine_, workload_,'
plant tests/lint/symbols.sh ''
sed -i "/^pending=.*plants/i pending=' policies/imgref '" "$copy/tests/lint/symbols.sh"
red symbols "$scratch/objects" -- 'policies/imgref: holds now, and is still on the list'

mkdir "$scratch/bin"
printf 'int main(void) { return 0; }\n' >"$scratch/plain.c"
cc -no-pie -fno-stack-protector -fcf-protection=none -z execstack -z lazy -z norelro -Wl,-rpath,/opt/lib \
    -o "$scratch/bin/pullgate" "$scratch/plain.c" 2>/dev/null
cp "$scratch/bin/pullgate" "$scratch/bin/policyctl"
for text in 'no position-independent' 'bound lazily' 'no GNU_RELRO' 'the stack is executable' \
    'an RPATH' 'no stack protector' 'no fortified call' 'FORTIFY_SOURCE=3 is gone'; do
    red elf "$scratch/bin" -- "$text"
done
verdict 30
