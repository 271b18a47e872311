#!/usr/bin/env bash
# banned - words that no code of this tree may say.
# Looks at C code with comments and strings taken out, so that both may speak about anything.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# Everywhere, tests too: no bounds, hidden state, or no way to see an error.
everywhere='strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|atoi|atol|atoll|atof|gets|gmtime|localtime
|ctime|asctime|alloca|tmpnam|tempnam|mktemp|system|popen'
# In the product: the heap through webhook/base/mem.h alone (a test may want exact bounds).
heap='malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|getline|getdelim
|open_memstream|aligned_alloc|posix_memalign'
# Below the programs: nothing prints, exits, aborts or reads the environment.
talk='printf|vprintf|fprintf|vfprintf|puts|fputs|putchar|fputc|putc|fwrite|perror|exit|_exit|abort
|getenv|secure_getenv|setenv|putenv|syslog'
# In the programs: what is printed comes from outside, and goes through base/escape.h first.
raw='printf|vprintf|fprintf|vfprintf|dprintf|puts|fputs|putchar|fputc|putc|perror'

# file word count reason: exactly so often, for that reason. Fewer is a complaint too.
exceptions='
webhook/base/mem.c          malloc  1  the door itself
webhook/base/mem.c          calloc  1  the door itself
webhook/base/mem.c          realloc 1  the door itself
webhook/base/mem.c          free    1  the door itself
policies/object/inputs.c  free   2  scandir(3) hands out names and list of its own malloc
webhook/base/opts.c         getenv  1  the one reader of the environment; the programs call it
webhook/server/server.c     abort   1  libmicrohttpd found itself broken and must not go on
'

# Prints file:line:word for every call of one of the words.
calls() { # words files...
    perl -e '
        my $words = shift; $words =~ s/\s//g;
        for my $file (@ARGV) {
            open my $in, "<", $file or die "$file: $!";
            local $/; my $text = <$in>;
            $text =~ s{(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\x27(?:\\.|[^\x27\\\n])*\x27)}
                      {my $gone = $1; $gone =~ tr/\n//cd; " $gone"}gse;
            my $line = 0;
            for (split /\n/, $text) {
                $line++;
                print "$file:$line:$1\n" while /(?<![\w.>])($words)\s*\(/g;
            }
        }' "$@"
}

judge() { # words why files...
    local words=$1 why=$2 hit file rest word
    shift 2
    seen=$((seen + $#))
    declare -A found=()
    while IFS= read -r hit; do
        IFS=: read -r file rest word <<<"$hit"
        found["$file $word"]=$((${found["$file $word"]-0} + 1))
        [[ -n ${allowed["$file $word"]-} ]] || complain "$file:$rest: $word() $why"
    done < <(calls "$words" "$@")
    for hit in "${!allowed[@]}"; do
        [[ "|${words//[[:space:]]/}|" == *"|${hit#* }|"* ]] || continue
        [[ ${found[$hit]-0} == "${allowed[$hit]}" ]] ||
            complain "${hit% *}: ${hit#* }() is called ${found[$hit]-0} times, the table of exceptions says ${allowed[$hit]}"
    done
}

declare -A allowed
while read -r file word count reason; do
    [[ -n $file ]] || continue
    [[ -n $reason ]] || complain "$file: $word: an exception without a reason"
    allowed["$file $word"]=$count
done <<<"$exceptions"

mapfile -t all < <(files '*.c' '*.h')
mapfile -t product < <(files 'webhook/*.[ch]' 'policies/*.[ch]' 'certs/*.[ch]')
below=() programs=()
for file in "${product[@]}"; do
    if [[ $file == webhook/program/* || $file == webhook/syncd/* || $file == policies/policyctl/* ]]; then
        programs+=("$file")
    else
        below+=("$file")
    fi
done
judge "$everywhere" "is banned" "${all[@]}"
judge "$heap" "goes around webhook/base/mem.h" "${product[@]}"
judge "$talk" "is for the programs alone" "${below[@]}"
judge "$raw" "prints raw what comes from outside: verb_tell, verb_print or log" "${programs[@]}"
grep -q -- '-Wvla' CMakeLists.txt || complain "CMakeLists.txt: -Wvla is gone, it keeps arrays of variable length out"
verdict 200
