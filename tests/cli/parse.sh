#!/usr/bin/env bash
# policyctl parse over the table of the reference parser (distribution/reference), as JSON lines.
. "$(dirname "$0")/lib.sh"
table=$tests/unit/data/imageref.tsv

# The inputs that fit on a line, and what is expected of each: ten columns of JSON.
# Refused on purpose: no host by Go's own account, ids of local images, ports above 65535.
awk -F '\t' 'NR > 1 && $1 !~ /\\x0a/' "$table" >"$work/rows"
while IFS= read -r row; do
    printf '%b\n' "${row%%$'\t'*}"
done <"$work/rows" >"$work/inputs"
awk -F '\t' -v OFS='\t' '
    $2 == 1 && $3 == "" { $2 = 0 }
    $1 ~ /^sha(256|384|512):[0-9a-f]+$/ { $2 = 0 }
    $1 ~ /:(65536|99999|99999999999999999999)\// { $2 = 0 }
    $2 == 0 { print "false", "", "", "", "", "false", ""; next }
    { print "true", $3, $4, $5, $6, ($7 == 1 ? "true" : "false"), $9 }' "$work/rows" >"$work/expected"

"$POLICYCTL" parse -o json - <"$work/inputs" >"$work/out" 2>"$work/err"
same "exit status" $? 1
same "standard error" "$(cat "$work/err")" ""
jq -r '[(.valid | tostring), .host, .repository, .tag, .digest, (.fullyQualified | tostring), .canonical]
    | join("\t")' "$work/out" >"$work/found"
same "as many answers as lines" "$(wc -l <"$work/out")" "$(wc -l <"$work/inputs")"
check "there are rows" [ "$(wc -l <"$work/rows")" -ge 300 ]
same_file "the table" "$work/found" "$work/expected"

# What is refused says why and where; what is not has neither.
check "reasons" jq -e --slurp 'all(.valid == (.reason == "") and .valid == (.position == null))' \
    "$work/out" >/dev/null
# Text says the same as JSON, one line each; and what the runtimes make of it, which other columns have.
"$POLICYCTL" parse - <"$work/inputs" >"$work/text"
same "text: lines" "$(grep -vc '^    ' "$work/text")" "$(wc -l <"$work/inputs")"
awk -F '\t' -v OFS='\t' '
    NR == FNR { valid[FNR] = $1 == "true"; next }
    !valid[FNR] { next }
    { crio = $11; sub(/^SHORT /, "", crio); sub(/^invalid: .*/, "refused", crio)
      pulled = $10; sub(/ \(resolver error.*/, "", pulled); print pulled, crio }' "$work/expected" "$work/rows" >"$work/wanted"
awk -v OFS='\t' '$1 == "containerd" { pulled = $2 } $1 == "CRI-O" { sub(/:$/, "", $2); print pulled, $2 }' "$work/text" >"$work/runtimes"
same_file "text: what containerd and CRI-O pull" "$work/runtimes" "$work/wanted"
same "text: what the kubelet asks for" "$("$POLICYCTL" parse a/b a/b:1 | awk '$1 == "kubelet" { print $2 }' | tr '\n' ' ')" \
    "a/b:latest a/b:1 "
same "text: refusals" "$(grep -c ': not an image reference: ' "$work/text")" "$(grep -c '^false' "$work/expected")"
check "text: control characters are shown, not sent" bash -c "! LC_ALL=C grep -q '[[:cntrl:]]' '$work/text'"
finish
