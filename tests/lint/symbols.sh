#!/usr/bin/env bash
# symbols - what leaves a file begins with the word of where it is from, and is used by another file.
# Looks at the objects of a build: functions and variables with external linkage; and at the headers that
# another folder includes: tags and typedefs. Macros and constants of enums are the compiler's alone.
#   library modules       <module>_
#   tags of engine        also the words of the design that it is about: workload, decision, verdict, reason, policy
#   webhook/base          the word of one of its headers: str_ buf_ arena_ err_ ...; ec_, for enum ec of err.h; tags
#                         of opts.h: opt_
#   the programs          the word of the file (that of cmd_test.c is test) or of a header beside it, or cmd_
# Use   symbols.sh BUILD_DIR [--all]      --all: the folders of the list below as well: what is to be done there
# shellcheck source-path=SCRIPTDIR source=common.sh
build=$(cd "${1:?symbols.sh BUILD_DIR}" && pwd) || exit 2
. "$(dirname "$0")/common.sh"
need nm

# Folders that do not hold yet: none, and a new one needs a reason. One that does goes from the list.
pending=''
pending=${pending//$'\n'/} # red.sh plants its own list before this line
[[ ${2-} != --all ]] || pending=

# "file.o symbol": of the objects of the product's files; those of files that are gone are left from older builds
mapfile -t objects < <(find "$build" -name '*.c.o' -type f | sort)
declare -A source_of
for object in "${objects[@]}"; do
    [[ $object =~ /CMakeFiles/[^/]+\.dir/((webhook|policies|certs)/.*\.c)\.o$ && -f ${BASH_REMATCH[1]} ]] &&
        source_of[$object]=${BASH_REMATCH[1]}
done

# folder_of FILE: the folder that the rule is for; certs is a module at the top
folder_of() {
    [[ $1 == certs/* ]] && echo certs || dirname "$1"
}

declare -A headers # folder -> the words of its headers
while IFS= read -r header; do
    headers[$(folder_of "$header")]+=" $(basename "$header" .h)"
done < <(files 'webhook/*.h' 'policies/*.h' 'certs/*.h')

prefixes() { # FILE: the words that its symbols may begin with
    local folder
    folder=$(folder_of "$1")
    case $folder in
    webhook/base) echo "ec${headers[$folder]}" ;;
    webhook/program | webhook/syncd | policies/policyctl)
        local word
        word=$(basename "$1" .c)
        echo "cmd ${word#cmd_}${headers[$folder]-}"
        ;;
    *) basename "$folder" ;;
    esac
}

declare -A offends
offend() { # FILE TEXT
    local folder
    folder=$(folder_of "$1")
    offends[$folder]=$((${offends[$folder]-0} + 1))
    [[ $pending == *" $folder "* ]] || complain "$1: $2"
}

judge() { # FILE SYMBOL
    local word
    seen=$((seen + 1))
    for word in ${words[$1]}; do
        [[ $2 == "$word" || $2 == "$word"_* ]] && return
    done
    case $1 in
    webhook/base/* | webhook/program/* | policies/policyctl/*) word="the word of its file or header" ;;
    *) word=${words[$1]// /_, } ;;
    esac
    offend "$1" "$2 leaves the file, expected ${word}_"
}

# nm -A prints FILE:ADDRESS TYPE NAME; U is what an object takes from others.
declare -A used words
while read -r object name; do
    used[$name]+=" $object"
done < <(nm -A --undefined-only "${objects[@]}" | awk '{sub(/:$/, "", $1); print $1, $NF}')
while read -r object name; do
    file=${source_of[$object]-}
    [[ -n $file && $name != main ]] || continue
    [[ -n ${words[$file]-} ]] || words[$file]=$(prefixes "$file")
    judge "$file" "$name"
    [[ -n ${used[$name]-} ]] || offend "$file" "$name is used in no other file, expected static"
done < <(nm -A --extern-only --defined-only "${!source_of[@]}" |
    sed -nE 's/^([^:]+):[0-9a-f]* [A-Z] ([A-Za-z_0-9]+)$/\1 \2/p' | sort -u)

# Tags and typedefs of a header: clang-format puts each at the beginning of a line.
names_of() { # HEADER
    sed -nE -e 's/^(typedef )?(struct|union|enum) ([A-Za-z_0-9]+) \{.*/\3/p' \
        -e 's/^typedef .*\(\*([A-Za-z_0-9]+)\).*/\1/p' -e 't' \
        -e 's/^typedef [^({]* \**([A-Za-z_0-9]+)[(;].*/\1/p' "$1"
}

tag_words() { # HEADER
    case $1 in
    webhook/base/*) echo "$(prefixes "$1") opt" ;;
    policies/engine/*) echo "engine workload decision verdict reason policy" ;;
    *) prefixes "$1" ;;
    esac
}

# leaves HEADER: does a file of another folder include it?
declare -A included
while IFS=: read -r file line; do
    line=${line#*\"}
    included[${line%%\"*}]+=" $(folder_of "$file") "
done < <(files 'webhook/*.[ch]' 'policies/*.[ch]' 'certs/*.[ch]' | xargs -d '\n' grep -E '^#include "')
leaves() {
    local folder key=${1#webhook/}
    folder=$(folder_of "$1")
    key=${key#policies/}
    [[ -n ${included[$key]-} && -n ${included[$key]// $folder /} ]]
}

while IFS= read -r header; do
    leaves "$header" || continue
    words[$header]=$(tag_words "$header")
    while IFS= read -r name; do
        judge "$header" "$name"
    done < <(names_of "$header")
done < <(files 'webhook/*.h' 'policies/*.h' 'certs/*.h')

for folder in $pending; do
    if [[ -n ${offends[$folder]-} ]]; then
        echo "$folder: ${offends[$folder]} symbols to go"
    else
        complain "$folder: holds now, and is still on the list of tests/lint/symbols.sh"
    fi
done
verdict 20
