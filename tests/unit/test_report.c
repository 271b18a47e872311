/* The model of findings and its writers: what each shows of a finding, a case and an unread; files joined
 * in order; paths; and out of memory, at each allocation once. */
#include "mem_fault.h"
#include "test.h"
#include "xml_check.h"

#include "report/lint.h"
#include "report/report.h"

#include <unistd.h>

/* ---- a tool --------------------------------------------------------------------------------- */

static struct report_rule rule_at(unsigned i) {
    static const struct report_rule rules[] = {
        {"denied", "Denied", "It is denied.", "Use another.", REPORT_ERROR},
        {"odd", NULL, "It is odd.", "Look at it.", REPORT_NOTE},
    };
    return rules[i];
}

static const struct report_tool tool = {.name = "tool",
                                        .suites_name = "tool test",
                                        .object_kind = "resource",
                                        .rule = rule_at,
                                        .n_rules = 2};
static const struct report_look look = {.quiet = false};

/* What is between the head that `begin` wrote and what `end` writes, of one file. */
static void show(struct buf *out, const struct report_writer *writer,
                 const struct report_finding *f, const struct report_case *c,
                 const struct report_unread *u) {
    struct report file = REPORT_INIT(&look, writer, &tool);
    if (f != NULL)
        report_add_finding(&file, f);
    if (c != NULL)
        report_add_case(&file, c);
    if (u != NULL)
        report_add_unread(&file, u);
    buf_str(out, buf_view(&file.out));
    buf_str(out, buf_view(&file.aside));
    report_done(&file);
}

static void check(const char *name, const struct buf *out, const char *expected) {
    if (out->bad || !str_eq(buf_view(out), str_of(expected)))
        fail_row("%s:\n  found    %.*s\n  expected %s", name, STR_ARG(buf_view(out)), expected);
}

/* ---- findings -------------------------------------------------------------------------------- */

#define LINE "  - {name: \"\xc3\xa9\xf0\x9d\x84\x9e\", image: 'docker.io/a:1'}"
#define RESULT                                                                                 \
    "{\"ruleId\":\"denied\",\"ruleIndex\":0,\"level\":\"error\",\"message\":{\"text\":\"no\"}"
#define FILE_OF(path) "\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"" path "\"}"
#define AT_AND_LINES(l, c)                                                                     \
    { .file = STR_INIT("a.yaml"), .line = (l), .col = (c), .lines = &lines }

static struct object_excerpt lines = {.text = STR_INIT(LINE)};

static const struct finding_row {
    const char *name;
    struct report_finding f;
    const char *sarif, *github;
} findings[] = {
    {"a file without a line",
     {.level = REPORT_ERROR, .message = STR_INIT("no"), .at = {.file = STR_INIT("./a b.yaml")}},
     RESULT ",\"locations\":[{" FILE_OF("a%20b.yaml") "}}]}",
     "::error file=a b.yaml,title=denied::no\n"},
    {"a line without a column",
     {.level = REPORT_ERROR,
      .message = STR_INIT("no"),
      .at = {.file = STR_INIT("a"), .line = 3}},
     RESULT ",\"locations\":[{" FILE_OF("a") ",\"region\":{\"startLine\":3}}}]}",
     "::error file=a,line=3,title=denied::no\n"},
    {"standard input",
     {.level = REPORT_ERROR,
      .message = STR_INIT("no"),
      .at = {.file = STR_INIT("<stdin>"), .line = 3, .col = 2}},
     RESULT
     ",\"locations\":[{" FILE_OF("stdin") ",\"region\":{\"startLine\":3,\"startColumn\":2}}}]}",
     "::error file=<stdin>,line=3,col=2,title=denied::no\n"},
    {"columns in UTF-16, with an end and a fix",
     {.level = REPORT_ERROR,
      .message = STR_INIT("no"),
      .at = AT_AND_LINES(1, 29),
      .object = STR_INIT("Pod/x"),
      .found = STR_INIT("docker.io/a:1"),
      .fix = STR_INIT("b:1")},
     RESULT ",\"locations\":[{" FILE_OF(
         "a.yaml") ",\"region\":{\"startLine\":1,\"startColumn\":27,\"endLine\":1,"
                   "\"endColumn\":40}},\"logicalLocations\":[{\"fullyQualifiedName\":\"Pod/"
                   "x\",\"kind\":\"resource\"}]}],"
                   "\"fixes\":[{\"description\":{\"text\":\"write the suggested "
                   "image\"},\"artifactChanges\":[{"
                   "\"artifactLocation\":{\"uri\":\"a.yaml\"},\"replacements\":[{"
                   "\"deletedRegion\":{\"startLine\":1,"
                   "\"startColumn\":27,\"endLine\":1,\"endColumn\":40},\"insertedContent\":{"
                   "\"text\":\"b:1\"}}]}]}]}",
     "::error file=a.yaml,line=1,col=29,title=denied%3A Pod/x::no\n"},
    {"no fix for what is not there as it reads",
     {.level = REPORT_ERROR,
      .message = STR_INIT("no"),
      .at = AT_AND_LINES(1, 3),
      .found = STR_INIT("another"),
      .fix = STR_INIT("b:1")},
     RESULT ",\"locations\":[{" FILE_OF(
         "a.yaml") ",\"region\":{\"startLine\":1,\"startColumn\":3}}}]}",
     "::error file=a.yaml,line=1,col=3,title=denied::no\n"},
    {"the rule that decided, and advice",
     {.rule = 1,
      .level = REPORT_NOTE,
      .message = STR_INIT("why?"),
      .at = {.file = STR_INIT("a")},
      .advice = "Do.",
      .because = {.file = STR_INIT("r.yaml"), .line = 7, .col = 2}},
     "{\"ruleId\":\"odd\",\"ruleIndex\":1,\"level\":\"note\",\"message\":{\"text\":\"why?\"},"
     "\"locations\":[{" FILE_OF("a") "}}],\"relatedLocations\":[{" FILE_OF(
         "r.yaml") ",\"region\":{\"startLine\":7,\"startColumn\":2}},"
                   "\"message\":{\"text\":\"the rule that decided\"}}]}",
     "::notice file=a,title=odd::why? Do.\n"},
    {"text from outside",
     {.level = REPORT_WARNING,
      .message = STR_INIT("a\n::error::b\x1b"),
      .at = {.file = STR_INIT("x,y:z")},
      .advice = "Do."},
     "{\"ruleId\":\"denied\",\"ruleIndex\":0,\"level\":\"warning\",\"message\":{\"text\":"
     "\"a\\n::error::b\\u001b\"},"
     "\"locations\":[{" FILE_OF("x,y%3Az") "}}]}",
     "::warning file=x%2Cy%3Az,title=denied::a%0A::error::b\\x1b. Do.\n"},
};

static void test_findings(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++) {
        struct buf sarif = BUF_INIT(1 << 16), github = BUF_INIT(1 << 16),
                   junit = BUF_INIT(1 << 16);
        show(&sarif, &report_sarif, &findings[i].f, NULL, NULL);
        show(&github, &report_github, &findings[i].f, NULL, NULL);
        show(&junit, &report_junit, &findings[i].f, NULL, NULL);
        check(findings[i].name, &sarif, findings[i].sarif);
        check(findings[i].name, &github, findings[i].github);
        check(findings[i].name, &junit, ""); /* it shows cases */
        buf_done(&sarif);
        buf_done(&github);
        buf_done(&junit);
    }
    object_excerpt_done(&lines);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static const struct case_row {
    const char *name;
    struct report_case c;
    const char *junit;
} cases[] = {
    {"passed",
     {.name = STR_INIT("a<b"), .file = STR_INIT("f\"g"), .seconds = -1},
     "    <testcase name=\"a&lt;b\" classname=\"f&quot;g\"/>\n"},
    {"passed, with its time",
     {.name = STR_INIT("a"), .file = STR_INIT("f"), .seconds = 0.25},
     "    <testcase name=\"a\" classname=\"f\" time=\"0.250000\"/>\n"},
    {"passed, with output",
     {.name = STR_INIT("a"), .file = STR_INIT("f"), .text = STR_INIT("x & y\n"), .seconds = -1},
     "    <testcase name=\"a\" classname=\"f\">\n      <system-out>x &amp; y\n</system-out>\n  "
     "  </testcase>\n"},
    {"failed",
     {.name = STR_INIT("a"),
      .file = STR_INIT("f"),
      .outcome = REPORT_FAILED,
      .message = STR_INIT("m"),
      .type = STR_INIT("t"),
      .text = STR_INIT("x\n"),
      .seconds = -1},
     "    <testcase name=\"a\" classname=\"f\">\n      <failure message=\"m\" "
     "type=\"t\">x\n</failure>\n"
     "    </testcase>\n"},
    {"skipped",
     {.name = STR_INIT("a"),
      .file = STR_INIT("f"),
      .outcome = REPORT_SKIPPED,
      .message = STR_INIT("m"),
      .text = STR_INIT("x\n"),
      .seconds = -1},
     "    <testcase name=\"a\" classname=\"f\">\n      <skipped message=\"m\"/>\n      "
     "<system-out>x\n</system-out>\n"
     "    </testcase>\n"},
};

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf junit = BUF_INIT(1 << 16), others = BUF_INIT(1 << 16);
        show(&junit, &report_junit, NULL, &cases[i].c, NULL);
        show(&others, &report_sarif, NULL, &cases[i].c, NULL);
        show(&others, &report_github, NULL, &cases[i].c, NULL);
        check(cases[i].name, &junit, cases[i].junit);
        check(cases[i].name, &others, ""); /* they show findings */
        buf_done(&junit);
        buf_done(&others);
    }
}

/* ---- findings of a cluster ------------------------------------------------------------------- */

static void test_cluster(void **state) {
    static const struct report_finding
        full = {.level = REPORT_ERROR,
                .message = STR_INIT("it is\ngone"),
                .at = {.file = STR_INIT("d.json"), .line = 2, .col = 3},
                .object = STR_INIT("Secret/a/b"),
                .advice = "kubectl create",
                .because = {.file = STR_INIT("r.yaml"), .line = 7, .col = 2},
                .effect = STR_INIT("No pull."),
                .namespace = STR_INIT("a"),
                .rule_name = STR_INIT("jobs")},
        bare = {.rule = 1,
                .level = REPORT_NOTE,
                .message = STR_INIT("why"),
                .object = STR_INIT("Node/b"),
                .effect = STR_INIT("None.")};
    static const struct {
        const struct report_writer *writer;
        const struct report_finding *f;
        const char *expected;
    } rows[] = {
        {&report_findings_text, &full,
         "denied error: Secret/a/b: it is\\x0agone\n    rule: jobs (r.yaml:7:2)\n    effect: "
         "No "
         "pull.\n    mend: kubectl create\n"},
        {&report_findings_text, &bare, "odd note: Node/b: why\n    effect: None.\n"},
        {&report_findings_json, &full,
         "{\"file\":\"d.json\",\"line\":2,\"column\":3,\"level\":\"error\",\"code\":\"denied\","
         "\"namespace\":\"a\",\"object\":\"Secret/a/b\",\"message\":\"it "
         "is\\ngone\",\"effect\":"
         "\"No pull.\",\"mend\":\"kubectl "
         "create\",\"rule\":{\"name\":\"jobs\",\"file\":\"r.yaml\","
         "\"line\":7,\"column\":2}}"},
        {&report_sarif, &bare,
         "{\"ruleId\":\"odd\",\"ruleIndex\":1,\"level\":\"note\",\"message\":{\"text\":\"why. "
         "None. "
         "\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"\"}},"
         "\"logicalLocations\":[{\"fullyQualifiedName\":\"Node/b\",\"kind\":\"resource\"}]}]}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = BUF_INIT(1 << 16);
        show(&out, rows[i].writer, rows[i].f, NULL, NULL);
        check("of a cluster", &out, rows[i].expected);
        buf_done(&out);
    }
}

/* ---- unreads --------------------------------------------------------------------------------- */

static void test_unreads(void **state) {
    struct err err = ERR_INIT;
    const struct report_unread u = {.what = "cannot be judged",
                                    .file = STR("b.yaml"),
                                    .at = {.file = STR("b.yaml"), .line = 4, .col = 2},
                                    .err = &err};
    static const struct {
        const struct report_writer *writer;
        const char *expected;
    } rows[] = {
        {&report_sarif,
         "{\"level\":\"error\",\"message\":{\"text\":\"no YAML\"},\"locations\":[{" FILE_OF(
             "b.yaml") ",\"region\":{\"startLine\":4,\"startColumn\":2}}}]}"},
        {&report_github, "::error file=b.yaml,line=4,col=2,title=cannot be judged::no YAML\n"},
        {&report_junit, "    <testcase name=\"cannot be judged\" classname=\"b.yaml\">\n      "
                        "<error message=\"no YAML\" "
                        "type=\"syntax\">b.yaml:4:2: no YAML</error>\n    </testcase>\n"},
        {&report_findings_text, ""},
        {&report_findings_json, ""},
    };
    (void)state;
    err_set(&err, EC_SYNTAX, "no YAML");
    err_locate(&err, "b.yaml", 4, 2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = BUF_INIT(1 << 16);
        show(&out, rows[i].writer, NULL, NULL, &u);
        check("unread", &out, rows[i].expected);
        buf_done(&out);
    }
}

/* ---- documents ------------------------------------------------------------------------------- */

/* Two files with a finding, a case and an unread each; between them an empty one. */
static void write_document(struct report *run) {
    struct report file = REPORT_INIT(run->look, run->writer, run->tool);
    struct err err = ERR_INIT;
    const struct report_sums of_file = {.cases = 2, .failed = 1, .unread = 1, .seconds = 2};
    const struct report_sums none = {.seconds = -1};
    const struct report_sums all = {.cases = 4, .failed = 2, .unread = 2, .seconds = -1};
    err_set(&err, EC_IO, "it is gone");
    report_begin(run);
    for (int i = 0; i < 3; i++) {
        bool empty = i == 1;
        struct str name = i == 0 ? STR("one") : empty ? STR("empty") : STR("two");
        const struct report_unread u = {
            .what = "cannot be run", .file = name, .at = {.file = name}, .err = &err};
        if (!empty) {
            report_add_finding(&file, &findings[0].f);
            report_add_case(&file, &cases[3].c);
            report_add_unread(&file, &u);
        }
        report_join(run, &file, name, empty ? &none : &of_file);
        report_reset(&file);
    }
    report_end(run, &all);
    report_done(&file);
}

static struct buf document(const struct report_writer *writer) {
    struct report run = REPORT_INIT(&look, writer, &tool);
    write_document(&run);
    struct buf out = run.out;
    run.out = (struct buf)BUF_INIT(0);
    report_done(&run);
    return out;
}

/* Files joined while they are being written read as files joined once. */
struct parted {
    struct report run, file;
    unsigned n_parts;
};

static void take_a_part(void *arg, struct report *file) {
    struct parted *p = arg;
    const struct report_sums none = {.seconds = -1};
    report_join(&p->run, file, STR("name"), &none);
    report_joined(file);
    p->n_parts++;
}

static struct buf written(const struct report_writer *writer, bool in_parts,
                          unsigned *n_parts) {
    struct parted p = {.run = REPORT_INIT(&look, writer, &tool),
                       .file = REPORT_INIT(&look, writer, &tool)};
    struct err err = ERR_INIT;
    const struct report_unread u = {.what = "cannot be run", .err = &err};
    const struct report_sums none = {.seconds = -1};
    p.file.flush = in_parts ? take_a_part : NULL;
    p.file.flush_arg = &p;
    report_begin(&p.run);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < 30000; k++) {
            report_add_finding(&p.file, &findings[0].f);
            if (k % 10000 == 0)
                report_add_unread(&p.file, &u);
        }
        report_join(&p.run, &p.file, STR("name"), &none);
        report_reset(&p.file);
    }
    report_end(&p.run, &none);
    report_done(&p.file);
    *n_parts = p.n_parts;
    struct buf out = p.run.out;
    p.run.out = (struct buf)BUF_INIT(0);
    report_done(&p.run);
    return out;
}

static void test_parts(void **state) {
    static const struct report_writer *const writers[] = {&report_sarif, &report_github};
    (void)state;
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
        unsigned n_parts, none;
        struct buf parts = written(writers[i], true, &n_parts);
        struct buf whole = written(writers[i], false, &none);
        assert_true(n_parts >= 2 && none == 0);
        assert_true(!parts.bad && str_eq(buf_view(&parts), buf_view(&whole)));
        buf_done(&parts);
        buf_done(&whole);
    }
}

static void holds(const struct buf *out, const char *text) {
    if (out->bad || out->n == 0 || memmem(out->p, out->n, text, strlen(text)) == NULL)
        fail_row("found    %.*s\n  expected %s", STR_ARG(buf_view(out)), text);
}

static void test_sarif_document(void **state) {
    struct buf out = document(&report_sarif);
    (void)state;
    holds(&out, "\"name\":\"tool\",\"semanticVersion\"");
    holds(&out, "{\"id\":\"denied\",\"name\":\"Denied\",\"shortDescription\":{\"text\":\"It is "
                "denied.\"}");
    holds(&out, ",\n{\"id\":\"odd\",\"shortDescription\""); /* without a name */
    holds(&out, "\"results\":[\n{\"ruleId\"");
    holds(&out, "}}]},\n{\"ruleId\"");
    holds(&out, "\"executionSuccessful\":false,\"toolExecutionNotifications\":[\n{\"level\"");
    buf_done(&out);
}

static void test_github_document(void **state) {
    struct buf out = document(&report_github);
    (void)state;
    check("github", &out,
          "::error file=a b.yaml,title=denied::no\n::error file=one,title=cannot be run::it is "
          "gone\n"
          "::error file=a b.yaml,title=denied::no\n::error file=two,title=cannot be run::it is "
          "gone\n");
    buf_done(&out);
}

static void test_junit_document(void **state) {
    struct buf out = document(&report_junit);
    (void)state;
    assert_true(xml_is_well_formed(buf_view(&out)));
    holds(&out, "<testsuites name=\"tool test\" tests=\"4\" failures=\"2\" errors=\"2\">\n  "
                "<testsuite name=\"one\" "
                "tests=\"2\" failures=\"1\" errors=\"1\" skipped=\"0\" time=\"2.000000\">\n");
    holds(&out, "  </testsuite>\n  <testsuite name=\"two\""); /* the empty one is none */
    buf_done(&out);
}

static void test_nothing(void **state) {
    const struct report_sums none = {.seconds = -1};
    static const struct {
        const struct report_writer *writer;
        const char *end;
    } rows[] = {
        {&report_sarif,
         "\"results\":[],\n\"invocations\":[{\"executionSuccessful\":true}]}]}\n"},
        {&report_github, ""},
        {&report_junit, "<testsuites name=\"tool test\" tests=\"0\" failures=\"0\" "
                        "errors=\"0\">\n</testsuites>\n"},
        {&report_findings_text, "0 errors, 0 warnings, 0 notes\n"},
        {&report_findings_json,
         "{\"findings\":[\n],\"summary\":{\"errors\":0,\"warnings\":0,\"notes\":0}}\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct report run = REPORT_INIT(&look, rows[i].writer, &tool);
        report_begin(&run);
        report_end(&run, &none);
        assert_true(str_ends(buf_view(&run.out), str_of(rows[i].end)));
        report_done(&run);
    }
}

/* ---- lint ------------------------------------------------------------------------------------ */

static void gather(struct report_lint_findings *f) {
    *f = (struct report_lint_findings){.arena = ARENA_INIT(4096, 1 << 20),
                                       .standard_input = BUF_INIT(4096)};
    buf_puts(&f->standard_input, "a: b\nc: [\n");
    f->operand = 2;
    report_lint_add(f, LINT_SYNTAX, STR("<stdin>"), 2, 4, STR("no end"));
    report_lint_add(f, LINT_NO_RULES, STR("<stdin>"), 1, 1, STR("no rules"));
    report_lint_add(f, LINT_SYNTAX, STR("<stdin>"), 2, 4, STR("no end")); /* shown once */
    report_lint_add(f, LINT_SYNTAX, STR("<stdin>"), 2, 5, STR("nor here"));
    report_lint_sort(f);
}

static void lint(struct report *run) {
    char *operands[] = {"clean.yaml", "-"};
    struct report_lint_findings f;
    gather(&f);
    report_lint_show(run, &f, operands, 2);
    if ((f.no_memory || f.standard_input.bad) && !run->out.bad)
        run->out.bad = EC_NOMEM;
    report_lint_done(&f);
}

static void test_lint(void **state) {
    static const struct {
        const struct report_writer *writer;
        const char *part;
    } rows[] = {
        {&report_findings_text, "<stdin>:1:1: warning: no rules [no-rules]\n"},
        {&report_findings_text,
         "<stdin>:2:4: error: no end [invalid-syntax]\nc: [\n   ^\n    "},
        {&report_findings_text, "2 errors, 1 warning, 0 notes\n"},
        {&report_findings_json, "{\"file\":\"<stdin>\",\"line\":1,\"column\":1,\"level\":"
                                "\"warning\",\"id\":\"no-rules\","},
        {&report_findings_json, "\"summary\":{\"errors\":2,\"warnings\":1,\"notes\":0}"},
        {&report_github, "::error file=<stdin>,line=2,col=4,title=invalid-syntax::no end. "},
        {&report_sarif, "\"region\":{\"startLine\":2,\"startColumn\":4}"},
        {&report_junit, "tests=\"4\" failures=\"3\" errors=\"0\""},
        {&report_junit, "<testcase name=\"no findings\" classname=\"clean.yaml\"/>"},
        {&report_junit,
         "<testcase name=\"no-rules: no rules (line 1)\" classname=\"&lt;stdin&gt;\">"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct report run = REPORT_INIT(&look, rows[i].writer, &report_lint_tool);
        lint(&run);
        holds(&run.out, rows[i].part);
        report_done(&run);
    }
}

/* ---- paths ----------------------------------------------------------------------------------- */

static void test_paths(void **state) {
    static const struct {
        const char *path, *uri;
    } rows[] = {
        {"a/b.yaml", "a/b.yaml"},
        {"./a", "a"},
        {".//a", "a"},
        {"././a", "a"},
        {"../a", "../a"},
        {"a b#?%", "a%20b%23%3F%25"},
        {"azAZ09-._~/@+,=!$&'()*;", "azAZ09-._~/@+,=!$&'()*;"},
        {"`{[:", "%60%7B%5B%3A"},
        {"\xc3\xa9", "%C3%A9"},
        {"/", "file:///"},
        {"/no/such/x y", "file:///no/such/x%20y"},
    };
    char here[4096];
    struct buf path = BUF_INIT(8192), uri = BUF_INIT(8192);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&uri);
        report_uri(&uri, str_of(rows[i].path));
        check(rows[i].path, &uri, rows[i].uri);
    }
    assert_non_null(getcwd(here, sizeof here));
    buf_printf(&path, "%s/below/x.yaml", here);
    assert_str(report_path(buf_view(&path)), STR("below/x.yaml"));
    buf_reset(&path);
    buf_printf(&path, "%s-beside/x.yaml", here);
    assert_str(report_path(buf_view(&path)), buf_view(&path));
    buf_done(&path);
    buf_done(&uri);
}

/* ---- the check of XML itself ----------------------------------------------------------------- */

static void test_xml_check(void **state) {
#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    static const struct {
        bool good;
        const char *text;
    } rows[] = {
        {true, XML "<a/>\n"},
        {true, XML "<a b=\"c&quot;\" d=\"\"><e-f>x &#10;&#xe9; \xc3\xa9</e-f>\n</a>\n"},
        {false, ""},
        {false, XML},
        {false, "<a/>"},
        {false, XML "<a>"},
        {false, XML "<a></b>"},
        {false, XML "<a/><b/>"},
        {false, XML "x<a/>"},
        {false, XML "<a b=c/>"},
        {false, XML "<a b=\"<\"/>"},
        {false, XML "<a>&</a>"},
        {false, XML "<a>&nbsp;</a>"},
        {false, XML "<a>&#27;</a>"},
        {false, XML "<a>&#xd800;</a>"},
        {false, XML "<a>\x1b</a>"},
        {false, XML "<a>\xff</a>"},
        {false, XML "<a>\xc0\x80</a>"},
        {false, XML "<a>\xef\xbf\xbf</a>"},
        {false, XML "<a>\xe2\x82"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (xml_is_well_formed(str_of(rows[i].text)) != rows[i].good)
            fail_row("row %zu: %s", i, rows[i].text);
}

/* ---- out of memory --------------------------------------------------------------------------- */

enum { ALLOCATIONS_MAX = 10000 };

/* Each allocation fails once: then the text is marked bad, or it is what it would have been. */
static void survives(const struct report_writer *writer, void (*write)(struct report *run),
                     const struct report_tool *of) {
    struct report whole = REPORT_INIT(&look, writer, of);
    bool hit = true;
    write(&whole);
    assert_int_equal(whole.out.bad, 0);
    for (size_t n = 1; hit && n < ALLOCATIONS_MAX; n++) {
        size_t live = mem_fault_live();
        struct report run = REPORT_INIT(&look, writer, of);
        mem_fault_arm(n, MEM_FAULT_ONCE);
        write(&run);
        hit = mem_fault_disarm();
        if (run.out.bad == 0)
            assert_str(buf_view(&run.out), buf_view(&whole.out));
        report_done(&run);
        assert_int_equal(mem_fault_live(), live);
    }
    assert_false(hit);
    report_done(&whole);
}

static void test_no_memory(void **state) {
    (void)state;
    survives(&report_sarif, write_document, &tool);
    survives(&report_github, write_document, &tool);
    survives(&report_junit, write_document, &tool);
    survives(&report_findings_json, lint, &report_lint_tool);
    survives(&report_github, lint, &report_lint_tool);
    survives(&report_junit, lint, &report_lint_tool);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_findings),       cmocka_unit_test(test_cases),
    cmocka_unit_test(test_cluster),        cmocka_unit_test(test_unreads),
    cmocka_unit_test(test_sarif_document), cmocka_unit_test(test_github_document),
    cmocka_unit_test(test_junit_document), cmocka_unit_test(test_parts),
    cmocka_unit_test(test_nothing),        cmocka_unit_test(test_lint),
    cmocka_unit_test(test_paths),          cmocka_unit_test(test_xml_check),
    cmocka_unit_test(test_no_memory),
};

TEST_MAIN(tests)
