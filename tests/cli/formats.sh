#!/usr/bin/env bash
# Output formats of policyctl test, each read by other hands: SARIF by the schema of SARIF (jsonschema),
# JUnit by xmllint, TAP by prove, annotations by the rules of the runner that reads them.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
mkdir -p 'odd, 100%: #1' deep/er

cat >rules.yaml <<'END'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: formats}
spec:
  registry: ghcr.io/acme-data
  imagePullSecrets: [regcred]
  rules:
    - {name: lab, match: {namespaces: [lab]}, mode: warn}
    - {name: old, match: {namespaces: [old]}, mode: audit}
    - {name: all}
END
# Scalars in every dress: plain, quoted, after characters of two and four bytes, anchored, in a block.
cat >deep/er/dress.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: dress, namespace: team}
spec:
  containers:
    - {name: plain, image: docker.io/a/plain:1}
    - {name: double, image: "docker.io/a/double:1"}   # "
    - {name: single, image: 'docker.io/a/single:1'}
    - {name: "größe 𝄞", image: docker.io/a/behind:1}
    - {name: anchored, image: &same docker.io/a/anchored:1}
    - {name: tagged, image: !!str "docker.io/a/tagged:1"}
    - {name: alias, image: *same}
    - name: block
      image: >-
        docker.io/a/block:1
    - {name: escaped, image: "docker.io/a/\x65scaped:1"}
    - {name: rewritten, image: nginx:1.25}
END
printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"json","namespace":"lab"},\n "spec":{"containers":[\t{"name":"a","image":"docker.io/x/y:1"},{"name":"b","image":"busybox"}]}}' \
    >'odd, 100%: #1/pod.json'
cat >more.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: "a, b: c # d <&> \" e\u001b", namespace: team}
spec: {containers: [{name: x, image: Bad<&>Image}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: nothing, namespace: team}
---
apiVersion: v1
kind: Pod
metadata: {name: watched, namespace: old}
spec: {containers: [{name: x, image: redis}]}
---
- not an object
END
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: größe: "x\n' >broken.yaml
inputs=(deep 'odd, 100%: #1' "$work/more.yaml" broken.yaml nowhere.yaml)
test=("$POLICYCTL" test -p rules.yaml --now 2026-11-20)

show() { # FORMAT [OPTION...]: to $work/FORMAT
    local format=$1
    shift
    "${test[@]}" -o "$format" "$@" "${inputs[@]}" >"$work/$format" 2>"$work/$format.err"
    same "$format: exit status" $? 2
}
for format in text json yaml diff junit sarif github tap; do
    show $format
    same_file "$format: the errors are those of text" "$work/$format.err" "$work/text.err"
done

# The figures that all formats have to agree on, from the JSON.
check "json: 5 objects, 3 unreadable" jq -e '.summary.objects == 5 and (.errors | length) == 3' json >/dev/null
matches "errors: in the order of the inputs" "$(grep -o -e '^[^ :]*more.yaml' -e '^broken.yaml' -e nowhere text.err | tr '\n' ' ')" \
    '^[^ ]*more.yaml broken.yaml nowhere $'
same "errors: the line and a caret below the character" "$(grep -A2 '^broken' text.err | tail -n 2)" \
    "metadata: {name: größe: \"x
                      ^"

# ---- SARIF -----------------------------------------------------------------------------------

cat >sarif.py <<'END'
import json, os, sys, urllib.parse
import jsonschema

schema = json.load(open(sys.argv[1]))
log = json.load(open("sarif"))
checker = jsonschema.validators.validator_for(schema)(schema)
problems = [f"{list(e.absolute_path)}: {e.message}" for e in checker.iter_errors(log)]

def complain(text):
    problems.append(text)

# A validator that accepts anything would be of no use.
for broken in ({}, {**log, "version": "2.0.0"}, {**log, "runs": [{**log["runs"][0], "tool": {}}]},
               {**log, "runs": [{**log["runs"][0], "results": [{"level": "deny"}]}]}):
    if checker.is_valid(broken):
        complain("the schema accepts what is no SARIF")

run = log["runs"][0]
rules = run["tool"]["driver"]["rules"]
objects = json.load(open("json"))["objects"]
images = {(i["line"], i["column"], o["file"]): i for o in objects for i in o["images"]}
if len({r["id"] for r in rules}) != len(rules) or any(not r["help"]["text"] for r in rules):
    complain("rules: an id twice, or one without help")

def line_of(path, number):
    return open(path, newline="").read().split("\n")[number - 1]

def utf16(text, column):
    """Index of the character that begins at a column in UTF-16 units."""
    return len(text.encode("utf-16-le")[:2 * (column - 1)].decode("utf-16-le"))

edits = {}
levels = {"note": 0, "warning": 0, "error": 0}
for result in run["results"]:
    levels[result["level"]] += 1
    if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
        complain("ruleIndex is of another rule than ruleId")
    place = result["locations"][0]["physicalLocation"]
    path = urllib.parse.unquote(place["artifactLocation"]["uri"])
    if os.path.isabs(path) or not os.path.exists(path):
        complain(f"uri {place['artifactLocation']['uri']} is not relative to the working directory")
        continue
    for fix in result.get("fixes", []):
        replacement = fix["artifactChanges"][0]["replacements"][0]
        region = replacement["deletedRegion"]
        line = line_of(path, region["startLine"])
        start, end = utf16(line, region["startColumn"]), utf16(line, region["endColumn"])
        edits.setdefault((path, region["startLine"]), set()).add(
            (start, end, replacement["insertedContent"]["text"]))
        if not any(line[start:end] == i["before"] for i in images.values()):
            complain(f"{path}: would replace {line[start:end]!r}, which is no image")

expected = {"error": sum(r["code"] != "exempted" for o in objects for r in o["reasons"] if o["verdict"] == "deny")}
if levels["error"] != expected["error"] or levels["warning"] == 0 or levels["note"] == 0:
    complain(f"levels: found {levels}, expected {expected}, and some of the others")
invocation = run["invocations"][0]
if invocation["executionSuccessful"] or len(invocation["toolExecutionNotifications"]) != 3:
    complain("what cannot be judged is not told")

# Each fix made: whatever can be replaced in its place is then as it should be.
for (path, number), spans in edits.items():
    lines = open(path, newline="").read().split("\n")
    line = lines[number - 1]
    for start, end, text in sorted(spans, reverse=True):
        line = line[:start] + text + line[end:]
    lines[number - 1] = line
    open(path, "w", newline="").write("\n".join(lines))
print("\n".join(problems), end="")
sys.exit(bool(problems))
END
same "sarif: no site of its own is made up" "$(grep -c 'informationUri\|helpUri' sarif)" 0
mkdir before && cp -r deep 'odd, 100%: #1' more.yaml before
same "sarif: valid, at home in its files, and its fixes fit" \
    "$(python3 sarif.py "$tests/data/sarif/sarif-2.1.0.json" 2>&1)" ""
"$POLICYCTL" test -p rules.yaml -o json deep 'odd, 100%: #1' >fixed.json
check "sarif: with its fixes made, only what cannot be replaced is left" jq -e '
    [.objects[].reasons[].container] == ["block", "escaped"]
    and [.objects[].images[] | select(.before != .after) | .container] == []' fixed.json >/dev/null
rm -rf deep 'odd, 100%: #1' more.yaml
mv before/* . && rmdir before
check "sarif: the characters before an image count as UTF-16 does" jq -e '
    [.runs[0].results[] | select(.message.text | test("behind:1"))][0].locations[0].physicalLocation.region
    == {startLine: 9, startColumn: 33, endLine: 9, endColumn: 53}' sarif >/dev/null

# ---- JUnit -----------------------------------------------------------------------------------

check "junit: by its schema" xmllint --noout --schema "$tests/data/junit.xsd" junit 2>"$work/xmllint"
cat >junit.py <<'END'
import sys, xml.etree.ElementTree as tree
root = tree.parse("junit").getroot()
def sums(e):
    return tuple(int(e.get(k)) for k in ("tests", "failures", "errors"))
def count(e):
    return len(e.findall(".//testcase")), len(e.findall(".//failure")), len(e.findall(".//error"))
for e in [root, *root]:
    if sums(e) != count(e):
        print(e.get("name"), "says", sums(e), "and has", count(e))
if sums(root) != (8, 2, 3):
    print("found", sums(root), "expected (8, 2, 3)")
if "warn: container" not in "".join(e.text for e in root.iter("system-out")):
    print("warnings are missing")
if not any("deep/er/dress.yaml:6:28: deny:" in e.text for e in root.iter("failure")):
    print("the failure does not say where")
END
same "junit: its sums are those of its cases" "$(python3 junit.py 2>&1)" ""
sed 's/<testcase name/<testcase nome/' junit >junit.bad
check "junit: the schema refuses what is wrong" \
    bash -c '! xmllint --noout --schema "$1" junit.bad 2>/dev/null' - "$tests/data/junit.xsd"

# ---- TAP -------------------------------------------------------------------------------------

prove -e cat tap >prove.out 2>&1
same "tap: prove's exit status" $? 1
matches "tap: prove reads all of it, and counts" "$(cat prove.out)" 'Tests: 8 Failed: 5\)'
same "tap: no complaint of prove about the form" "$(grep -i 'parse error' prove.out)" ""
cat >tap.py <<'END'
import re, sys, yaml
lines = open("tap").read().split("\n")
numbers = [int(m[1]) for l in lines if (m := re.match(r"(?:not )?ok (\d+) - ", l))]
if numbers != list(range(1, 9)) or lines[0] != "TAP version 13" or lines[-2] != "1..8":
    print("numbers:", numbers)
findings = []
for block in re.findall(r"^  ---\n(.*?)^  \.\.\.$", open("tap").read(), re.M | re.S):
    findings += yaml.safe_load(block)["findings"]
places = {(f["line"], f["column"]) for f in findings if f.get("code") == "not-approved"}
if not {(6, 28), (7, 29), (8, 29), (9, 37)} <= places:
    print("places:", places)
if any(re.search(r"(?<!\\)#", l) for l in lines if re.match("(not )?ok ", l)):
    print("a # that is not escaped would begin a directive")
END
same "tap: numbers, blocks and places" "$(python3 tap.py 2>&1)" ""
printf '' >empty.yaml
"${test[@]}" -o tap empty.yaml >tap.empty
same "tap: nothing to test is skipped" "$(cat tap.empty)" "TAP version 13
1..0 # SKIP no objects"
check "tap: and prove says so" bash -c 'prove -e cat tap.empty | grep -q "skipped: no objects"'

# ---- GitHub ----------------------------------------------------------------------------------

cat >github.py <<'END'
import json, os, re
def unescape(s, pairs):
    for code, c in pairs:
        s = s.replace(code, c)
    return s
data = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
seen = []
for line in open("github", newline="\n"):
    m = re.fullmatch(r"::(error|warning|notice) ([^\n]*?)::([^\r\n]*)\n", line)
    if not m:
        print("no command:", line)
        continue
    properties = dict(p.split("=", 1) for p in m[2].split(","))
    file = unescape(properties["file"], (("%2C", ","), ("%3A", ":"), *data))
    seen.append((m[1], file, int(properties.get("line", 0)), int(properties.get("col", 0)), unescape(m[3], data)))
    if set(properties) - {"file", "line", "col", "title"} or not properties["title"]:
        print("properties:", properties)
wanted = {(os.path.relpath(o["file"]), r["line"], r["column"], r["message"]) for o in json.load(open("json"))["objects"]
          for r in o["reasons"]}
if not wanted <= {s[1:] for s in seen}:
    print("missing:", wanted - {s[1:] for s in seen})
if ("error", "nowhere.yaml", 0, 0) not in [s[:4] for s in seen]:
    print("an input that is not there is no error")
END
same "github: every reason at its place" "$(python3 github.py 2>&1)" ""
matches "github: commas, colons and per cent signs of names" "$(cat github)" \
    'file=odd%2C 100%25%3A #1/pod.json,line=2,col=[0-9]+,title=not-approved%3A Pod/lab/json::'

# GitHub shows nothing on a pull request's lines for a path that it does not know by just that name.
"${test[@]}" -o github ./deep .//deep "$PWD/deep" 2>/dev/null | sed -n 's/^::[a-z]* file=\([^,]*\),.*/\1/p' | sort -u >plain
"${test[@]}" -o json deep 2>/dev/null | jq -r '.objects[].file' | sort -u >files
same_file "github: paths as the repository has them" plain files

# ---- all -------------------------------------------------------------------------------------

for format in junit sarif github tap; do
    "${test[@]}" -o $format -q "${inputs[@]}" 2>/dev/null >quiet
    same "$format, --quiet: no rewrites" "$(grep -c 'nginx:1.25' quiet)" 0
    same "$format, --quiet: denials" "$(grep -c -m1 'docker.io/a/plain' quiet)" 1
    same "$format: no control characters" "$(tr -d '\n\t -~\200-\377' <$format)" ""
done
# ---- what is not an image at all -----------------------------------------------------------------

cat >odd.yaml <<'END'
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: odd}
    spec:
      containers:
        - {name: good, image: nginx}
        - name: bad
          image: 1.25
END
"$POLICYCTL" test -p rules.yaml --summary odd.yaml >odd.text
same "a number for an image: its own place" "$(head -n 1 odd.text | cut -d: -f1-4)" "odd.yaml:11:18: deny"
same "a number for an image: where in the object" "$(grep -o '(/[^)]*)' odd.text)" "(/spec/containers/1/image)"
same "a number for an image: the summary" "$(tail -n 1 odd.text)" \
    "1 object, 0 images: 0 rewritten, 1 denied, 0 warned, 0 unchanged; 1 malformed object"
printf '%s\n' 'apiVersion: pullgate/v1' 'kind: ImagePolicy' 'spec:' '  unmatched: deny' '  message: ask us' \
    '  rules: [{name: a, match: {namespaces: [a]}, approved: [a.io]}]' >closed.yaml
printf '%s\n' 'apiVersion: v1' 'kind: Pod' 'metadata: {name: p, namespace: b}' \
    'spec: {containers: [{name: c, image: x}, {name: d, image: z}]}' >stray.yaml
"$POLICYCTL" test -p closed.yaml --summary stray.yaml odd.yaml >odd.text
same "what no rule selects, and what is not a pod: whom to ask" "$(grep -c '; ask us$' odd.text)" 2
same "what no rule selects, and what is not a pod: the summary" "$(tail -n 1 odd.text)" \
    "2 objects, 2 images: 0 rewritten, 3 denied, 0 warned, 0 unchanged; 1 malformed object"
"$POLICYCTL" test -p rules.yaml -o json odd.yaml >odd.json
same "a number for an image: json" \
    "$(jq -c '.objects[0].reasons[0] | [.path, .line, .column]' odd.json)" '["/spec/containers/1/image",11,18]'

# ---- numbers beyond 64 bits ------------------------------------------------------------------

cat >big.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: big, annotations: {a: "\u0001N5", b: "\u0001S", c: "\u0001\\"}}
spec: {x: [18446744073709551615, -9223372036854775809, 123456789012345678901234567890, 1.50], containers: [{name: a, image: nginx}]}
END
"$POLICYCTL" test -p rules.yaml -o yaml big.yaml >big.out
same "numbers of any size: yaml" "$? $(grep -A4 '  x:' big.out | tail -n 4 | tr -d ' \n')" \
    "0 -18446744073709551615--9223372036854776000-1.2345678901234568e+29-1.5"
same "numbers of any size: diff" "$("$POLICYCTL" test -p rules.yaml -o diff big.yaml | grep -c '^[-+] ')" 4
"$POLICYCTL" apply -p rules.yaml big.yaml >big.applied
same "numbers of any size: apply" "$? $(diff big.yaml big.applied | grep -c '^>')" "0 1"
same "and texts that look like the marks for them" \
    "$("$POLICYCTL" test -p rules.yaml -o yaml big.applied | python3 -c '
import json, sys, yaml
print(json.dumps(yaml.safe_load(sys.stdin)["metadata"]["annotations"]))')" \
    '{"a": "\u0001N5", "b": "\u0001S", "c": "\u0001\\"}'
printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"e"},"spec":{"x":1e400,"containers":[{"name":"a","image":"nginx"}]}}' >e400.json
check "numbers of any size: JSON's own" bash -c '"$0" test -p rules.yaml -o yaml e400.json | grep -q "x: 1e400"' "$POLICYCTL"

# ---- what is missed at the end of a text -----------------------------------------------------

printf 'a: "b\n\n  \n' >end.yaml
run "$POLICYCTL" test -p rules.yaml end.yaml
same "an open quote: the last line, and a caret behind it" "$status $(tail -n 2 <<<"$err")" '2 a: "b
     ^'
printf '{"a":' >end.json
run "$POLICYCTL" test -p rules.yaml end.json
same "an open object: the same in JSON" "$status $(tail -n 2 <<<"$err")" '2 {"a":
     ^'
printf 'a: [\n' | "$POLICYCTL" lint - >end.out 2>&1
check "standard input has a name" grep -q '^policyctl: <stdin>:\|^<stdin>:' end.out

# ---- a review in a List ----------------------------------------------------------------------

jq -c '{apiVersion: "v1", kind: "List", items: [.]}' "$tests/data/reviews/pod-create.json" >listed.json
run "$POLICYCTL" test -p rules.yaml listed.json
same "a review in a List is not passed over" "$status $(head -n 1 <<<"$err")" \
    "2 listed.json:1:43: an AdmissionReview in a List, expected a separate document"

# ---- text that others read otherwise: U+0000, half a surrogate pair --------------------------------

printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: p}\nspec: {registry: ghcr.io/acme-data}\n' >"$work/odd-rules.yaml"
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {"k\\0": "v\\0"}}\nspec: {containers: [{name: a, image: nginx, args: ["\\0"]}]}\n' >"$work/odd.yaml"
run "$POLICYCTL" test -p "$work/odd-rules.yaml" "$work/odd.yaml"
same "U+0000 in a field that is not read: exit status" $status 0
run "$POLICYCTL" test -o yaml -p "$work/odd-rules.yaml" "$work/odd.yaml"
matches "U+0000 in a field that is not read: is printed" "$out" '"k\\0": "v\\0"'
matches "U+0000 in a field that is not read: the image is rewritten" "$out" 'image: ghcr.io/acme-data/nginx'
printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"a":"\\ud800"}},"spec":{"containers":[{"name":"a","image":"x\\u0000"}]}}' >"$work/odd.json"
run "$POLICYCTL" test -p "$work/odd-rules.yaml" "$work/odd.json"
same "U+0000 in an image: exit status" $status 1
matches "U+0000 in an image: where" "$out" "^$work/odd.json:1:123: deny: .*/spec/containers/0/image.*U\+0000"
printf 'apiVersion: v1\nkind: "Pod\\0"\nmetadata: {name: a}\n' >"$work/odd.yaml"
run "$POLICYCTL" test -p "$work/odd-rules.yaml" "$work/odd.yaml"
same "U+0000 in a kind: exit status" $status 1
matches "U+0000 in a kind: where" "$out" "^$work/odd.yaml:2:7: deny: kind \(/kind\)"
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: p}\nspec:\n  registry: "ghcr.io/a\\0"\n' >"$work/odd-rules.yaml"
run "$POLICYCTL" lint "$work/odd-rules.yaml"
same "U+0000 in a rule file: exit status" $status 2
matches "U+0000 in a rule file: where" "$out$err" "odd-rules.yaml:5:13: .*U\+0000"
# ---- output that is written before its file is done ---------------------------------------------

python3 - <<'END'
for name, n, image in ("large", 9000, "nginx"), ("small", 2, "redis"):
    with open(name + ".pods.yaml", "w") as f:
        for i in range(2):
            print("---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%d, namespace: team}\nspec:\n  containers:" % i, file=f)
            for k in range(n):
                print("  - {name: c%d, image: %s:%d}" % (k, image, k), file=f)
        print("---\n- no object", file=f)
END
for form in text json diff sarif github; do
    parts=(small large large small)
    "$POLICYCTL" test -p rules.yaml -o "$form" -j 1 "${parts[@]/%/.pods.yaml}" >one.out 2>one.err
    one=$?
    "$POLICYCTL" test -p rules.yaml -o "$form" -j 4 "${parts[@]/%/.pods.yaml}" >four.out 2>four.err
    same "$form in parts: exit status" "$one $?" "2 2"
    same_file "$form in parts: by one thread as by four" four.out one.out
    same_file "$form in parts: standard error" four.err one.err
    case $form in
    json | sarif) check "$form in parts: is JSON" jq -e "type == \"object\"" one.out ;;
    *) for part in "${parts[@]}"; do
        "$POLICYCTL" test -p rules.yaml -o "$form" "$part.pods.yaml" 2>/dev/null
    done | grep -v '^[0-9]* object' >each.out
        grep -v '^[0-9]* object' one.out >all.out
        same_file "$form in parts: as each file by itself" all.out each.out ;;
    esac
    "$POLICYCTL" test -p rules.yaml -o "$form" -j 4 "${parts[@]/%/.pods.yaml}" >/dev/full 2>four.err
    same "$form in parts, no room for output: exit status" $? 2
    same "$form in parts, no room for output: one line" "$(grep -c 'standard output' four.err)" 1
done
same "json in parts: all objects" "$("$POLICYCTL" test -p rules.yaml -o json large.pods.yaml small.pods.yaml 2>/dev/null |
    jq -c '[.objects[].images | length], (.errors | length)' | tr '\n' ' ')" "[9000,9000,2,2] 2 "

finish
