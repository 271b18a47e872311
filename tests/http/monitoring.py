"""monitoring - holds alerts and dashboard against a scrape.

Use    monitoring.py DEPLOY_MONITORING SCRAPE WORK_FOLDER
Says   one line per complaint; ends with 1 when there was one

Every metric, label and plain label value in an expression must be exported; every exported
family must be used somewhere; every expression must parse; and every alert must be needed by
its tests, both that it fires and that it does not always.
"""
import json
import pathlib
import re
import subprocess
import sys

import yaml

folder, scrape, work = (pathlib.Path(a) for a in sys.argv[1:4])
complaints = []
TARGET_LABELS = {"instance", "job"}  # of Prometheus itself
WORDS = set(
    "and or unless on ignoring by without group_left group_right offset bool inf nan".split()
)


def complain(*words):
    complaints.append(" ".join(str(w) for w in words))


def read_scrape():
    """Family names, series names, and each label's values."""
    families, series, labels = set(), set(), {}
    for line in scrape.read_text().splitlines():
        if line.startswith("# TYPE "):
            families.add(line.split()[2])
        elif not line.startswith("#"):
            name, rest = re.match(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(.*)", line).groups()
            series.add(name)
            for label, value in re.findall(r'(\w+)="((?:\\.|[^"\\])*)"', rest):
                labels.setdefault(label, set()).add(value)
    return families, series, labels


families, series, labels = read_scrape()
used = set()


def look_at(where, expr):
    for matchers in re.findall(r"\{([^}]*)\}", expr):
        for label, op, value in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', matchers):
            if label in TARGET_LABELS:
                continue
            if label not in labels:
                complain(where, "label", label, "is not exported")
                continue
            for word in value.split("|"):
                if re.fullmatch(r"[\w/()-]+", word) and word not in labels[label]:
                    complain(where, f'{label}="{word}" is not exported')
    for names in re.findall(r"\b(?:by|without|on|ignoring|group_left)\s*\(([^)]*)\)", expr):
        for label in re.findall(r"\w+", names):
            if label not in labels and label not in TARGET_LABELS:
                complain(where, "label", label, "is not exported")
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\"[^\"]*\"", " ", expr)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"\b(offset\s+)?[0-9][0-9.]*[a-z]*\b", " ", bare)
    found = 0
    for name, call in re.findall(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(?)", bare):
        if call or name in WORDS:
            continue
        found += 1
        if name not in series:
            complain(where, name, "is not exported")
        used.add(re.sub(r"_(bucket|sum|count)$", "", name) if name not in families else name)
    if found == 0:
        complain(where, "uses no metric:", expr)


def check_alerts(rules, tests):
    alerts = [r for g in rules["groups"] for r in g["rules"]]
    names = [r.get("alert") for r in alerts]
    if len(set(names)) != len(names) or None in names:
        complain("prometheus-rules.yaml: names of alerts:", names)
    for rule in alerts:
        where = rule["alert"] + ":"
        look_at(where, rule["expr"])
        notes = rule.get("annotations", {})
        if rule["labels"].get("severity") not in ("critical", "warning", "info"):
            complain(where, "severity")
        if not notes.get("summary") or len(notes["summary"]) > 100:
            complain(where, "a summary of one short line")
        if len(notes.get("description", "")) < 80:
            complain(where, "a description that tells what to do")
    # Series of the tests that no one exports would make a test of nothing.
    for test in tests["tests"]:
        for row in test["input_series"]:
            name = row["series"].split("{")[0]
            if name not in series and name != "up":
                complain(f"test \"{test['name']}\":", name, "is not exported")


def check_tests_notice(rules, tests):
    """Each alert fires at some time of its tests, and at some does not: one that is gone, or always there,
    turns them red. promtool has shown that the tests pass, so what they expect is what fires."""
    for rule in (r for g in rules["groups"] for r in g["rules"]):
        name, fires = rule["alert"], []
        for test in tests["tests"]:
            times = [f'alertname="{name}"' in json.dumps(e["exp_samples"]).replace('\\"', '"')
                     for e in test["promql_expr_test"]]
            fires += times if any(times) else []
        if True not in fires or False not in fires:
            complain(name + ": in no test, or its tests do not show that it begins or ends")
    for test in tests["tests"]:
        for e in test["promql_expr_test"]:
            if e["expr"] != 'ALERTS{alertstate="firing"}':
                complain(f"test \"{test['name']}\": does not look at all firing alerts:", e["expr"])


def all_panels(board):
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def check_board(board):
    ids = [p["id"] for p in all_panels(board)]
    if len(set(ids)) != len(ids):
        complain("dashboard: ids of panels are not unique")
    rows = [p["title"] for p in board["panels"] if p["type"] == "row"]
    wanted = ["Decisions", "Images", "Latency", "Reload and certificates", "Server", "Process"]
    if rows != wanted:
        complain("dashboard: rows", rows)
    variables = {v["name"] for v in board["templating"]["list"]}
    if "${datasource}" not in json.dumps(board) or "datasource" not in variables:
        complain("dashboard: the data source is not a variable")
    taken, expressions = set(), []
    for panel in all_panels(board):
        where, at = f"panel \"{panel['title']}\":", panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        if at["x"] + at["w"] > 24 or cells & taken:
            complain(where, "overlaps another, or leaves the page")
        taken |= cells
        if panel["type"] == "row":
            continue
        if not panel.get("description") or not panel.get("targets"):
            complain(where, "without description or targets")
        if len({t["refId"] for t in panel["targets"]}) != len(panel["targets"]):
            complain(where, "refIds are not unique")
        for target in panel["targets"]:
            for name in re.findall(r"\$\{?(\w+)", target["expr"]):
                if name not in variables | {"__rate_interval"}:
                    complain(where, "no variable", name)
            look_at(where, target["expr"])
            expressions.append(target["expr"])
    look_at("variable instance:", "sum by (instance) (" + re.search(
        r"label_values\((\w+),", board["templating"]["list"][1]["definition"]).group(1) + ")")
    return expressions


def check_syntax(expressions):
    rules = [{"record": f"r:{i}".replace(":", "_"),
              "expr": e.replace("$__rate_interval", "5m").replace("$instance", ".*")}
             for i, e in enumerate(expressions)]
    file = work / "expressions.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    found = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True)
    if found.returncode != 0:
        complain("dashboard:", found.stdout, found.stderr)


rules = yaml.safe_load((folder / "prometheus-rules.yaml").read_text())
tests = yaml.safe_load((folder / "prometheus-rules-test.yaml").read_text())
check_alerts(rules, tests)
expressions = check_board(json.loads((folder / "dashboard.json").read_text()))
check_syntax(expressions)
check_tests_notice(rules, tests)
for name in sorted(families - used):
    complain(name, "is exported, and neither an alert nor the dashboard looks at it")
if len(families) < 30 or len(expressions) < 30:
    complain("the scrape or the dashboard is nearly empty:", len(families), len(expressions))
print("\n".join(complaints))
sys.exit(1 if complaints else 0)
