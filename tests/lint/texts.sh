#!/usr/bin/env bash
# texts - nothing unfinished, nothing secret, nothing of one machine, no file too long; each folder of tests has a
# README.md of few lines with four answers.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
most_lines=600 # of product code: a longer file is usually two modules

# Files over most_lines, with the reason: none.
# Top-level names of the design; dot-files are allowed beside them.
top=' CMakeLists.txt CMakePresets.json README.md certs deploy policies tests webhook '

while IFS= read -r file; do
    seen=$((seen + 1))
    name=${file%%/*}
    [[ $name == .* || $top == *" $name "* ]] || complain "$file: \"$name\" is no top-level name of the design"
    [[ $file =~ ^[A-Za-z0-9._/@+-]+$ ]] || complain "$file: a name with blanks or other signs that shells mind"
done < <(files '*')

# Fuzz corpora hold any bytes; what the lints look for is in the lints, spelled so that no
# search for it finds them.
mapfile -t texts < <(files '*' | grep -vE '^tests/(fuzz/corpus|lint)/')
while IFS= read -r hit; do
    complain "$hit: unfinished"
done < <(grep -nIoE '\b(T[O]DO|F[I]XME|X[X]X)\b' "${texts[@]}")
while IFS= read -r hit; do
    complain "$hit: a path of one machine"
done < <(grep -nIoE "(^|[^A-Za-z0-9_.-])/w[o]rk/[a-z]+|/(home|Users)/[a-z]+/(src|work|git|projects)\b" "${texts[@]}")
# A header block has one question a line (style: "the header is the manual"); a formatter that
# reflows comments runs them together.
questions='Shape|Rules|Use|Knows|Ownership|Limits|Errors|Threads|Source|Order|Never|Needs|Memory|Text'
while IFS= read -r hit; do
    complain "$hit: a header block that was reflowed"
done < <(grep -nE "^ \* .*[^ *] ($questions)  +[^ ]" "${texts[@]}" | grep -E '^[^:]*\.[ch]:')
mapfile -t every < <(files '*' | grep -v '^tests/lint/')
while IFS= read -r hit; do
    complain "$hit: a private key"
done < <(perl -0777 -ne '
    print "$ARGV\n" if /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:\s|\\n|")*(?:[A-Za-z0-9+\/=]{16,}(?:\s|\\n|")*){3}/
    ' "${every[@]}")
while IFS= read -r file; do
    lines=$(wc -l <"$file")
    ((lines <= most_lines)) || complain "$file: $lines lines, expected at most $most_lines: usually two modules"
done < <(files 'webhook/*.[ch]' 'policies/*.[ch]' 'certs/*.[ch]')
while IFS= read -r folder; do
    seen=$((seen + 1))
    file=$folder/README.md
    [[ -f $file ]] || { complain "$file is missing: what the folder tests, what it needs, how to run it alone, where a new case goes"; continue; }
    lines=$(wc -l <"$file")
    ((lines >= 5 && lines <= 15)) || complain "$file: $lines lines, expected 5 to 15"
    found=$(sed -nE 's/^(# tests\/[a-z]+)$/\1/p; s/^(Tests|Needs|Alone|New case): .*/\1/p' "$file" | paste -sd ' ')
    [[ $found == "# $folder Tests Needs Alone New case" ]] ||
        complain "$file: found \"$found\", expected \"# $folder\", then paragraphs Tests:, Needs:, Alone:, New case:"
done < <(files 'tests/*' | sed -nE 's,^(tests/[^/]+)/.*,\1,p' | sort -u)
verdict 150
