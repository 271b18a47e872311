/* report: any bytes as findings, cases and unreads, by every writer. SARIF and lint's JSON are JSON, JUnit
 * is XML, GitHub's commands are one a line; each shows all that it was given.
 * Input   byte 0  bit 0: the rules of lint, or two of its own; bit 1: quiet
 *         then    records: kind (finding, case, unread, end of a file), number, line, column, and
 *                 texts with their length before them                                        */
#include "report/lint.h"
#include "report/report.h"
#include "xml_check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct report_rule rule_at(unsigned i) {
    return (struct report_rule){.id = i ? "second" : "first",
                                .name = i ? "Second" : NULL,
                                .about = "A rule.",
                                .help = "Do it.",
                                .level = REPORT_WARNING};
}

static const struct report_tool own = {.name = "own",
                                       .suites_name = "own suites",
                                       .object_kind = "thing",
                                       .rule = rule_at,
                                       .n_rules = 2};

enum kind { FINDING, CASE, UNREAD, END, N_KINDS };

struct record {
    enum kind kind;
    unsigned number, line, col;
    struct str file, message, object, found, fix, lines;
};

struct object_input {
    const uint8_t *p, *end;
    const struct report_tool *tool;
    struct report_look look;
};

struct count {
    size_t findings, cases, unreads;
};

static void hold(bool property, const char *name, struct str text) {
    if (property)
        return;
    fprintf(stderr, "report does not hold \"%s\" for\n%.*s\n", name, STR_ARG(text));
    abort();
}

/* ---- records ------------------------------------------------------------------------------ */

static unsigned take_byte(struct object_input *in) {
    return in->p < in->end ? *in->p++ : 0;
}

static struct str take_text(struct object_input *in) {
    size_t n = take_byte(in), left = (size_t)(in->end - in->p);
    struct str text = {(const char *)in->p, n < left ? n : left};
    in->p += text.n;
    return text;
}

static struct record take_record(struct object_input *in) {
    struct record r = {.kind = take_byte(in) % N_KINDS};
    r.number = take_byte(in);
    r.line = take_byte(in) % 8;
    r.col = take_byte(in);
    r.file = take_text(in);
    r.message = take_text(in);
    r.object = take_text(in);
    r.found = take_text(in);
    r.fix = take_text(in);
    r.lines = take_text(in);
    return r;
}

static void add_finding(struct report *file, const struct record *r,
                        struct object_excerpt *lines) {
    struct report_rule rule = file->tool->rule(r->number % file->tool->n_rules);
    const struct report_finding f = {
        .rule = r->number % file->tool->n_rules,
        .level = r->number % REPORT_N_LEVELS,
        .message = r->message,
        .at = {.file = r->file,
               .line = r->line,
               .col = r->col,
               .lines = r->line % 2 ? lines : NULL},
        .object = r->object,
        .found = r->found,
        .fix = r->fix,
        .advice = rule.help,
        .because = {.file = r->object, .line = r->number % 3, .col = r->col},
        .effect = r->number & 64 ? r->fix : STR_NONE, /* of a cluster */
        .namespace = r->found,
        .rule_name = r->file};
    report_add_finding(file, &f);
}

static void add_case(struct report *file, const struct record *r) {
    const struct report_case c = {.name = r->object,
                                  .file = r->file,
                                  .outcome = r->number % (REPORT_SKIPPED + 1),
                                  .message = r->message,
                                  .type = r->found,
                                  .text = r->fix,
                                  .seconds = (double)r->col - 2};
    report_add_case(file, &c);
}

static void add_unread(struct report *file, const struct record *r,
                       struct object_excerpt *lines) {
    struct err err = ERR_INIT;
    err_set(&err, EC_SYNTAX, "%.*s", STR_ARG(r->message));
    err_locate(&err, "where", r->line, r->col);
    const struct report_unread u = {
        .what = "cannot be judged",
        .file = r->file,
        .at = {.file = r->file, .line = r->line, .col = r->col, .lines = lines},
        .err = &err};
    report_add_unread(file, &u);
}

static struct report_sums sums_of(const struct count *n) {
    return (struct report_sums){
        .cases = n->cases + n->unreads, .unread = n->unreads, .seconds = 1};
}

static void add_record(struct report *run, struct report *file, const struct record *r,
                       struct count *n) {
    struct object_excerpt lines = OBJECT_EXCERPT_INIT(r->lines);
    struct report_sums sums = sums_of(n);
    n->findings += r->kind == FINDING;
    n->cases += r->kind == CASE;
    n->unreads += r->kind == UNREAD;
    if (r->kind == FINDING)
        add_finding(file, r, &lines);
    else if (r->kind == CASE)
        add_case(file, r);
    else if (r->kind == UNREAD)
        add_unread(file, r, &lines);
    else
        report_join(run, file, r->file, &sums), report_reset(file);
    object_excerpt_done(&lines);
}

static struct count write_all(struct report *run, struct object_input in) {
    struct report file = REPORT_INIT(run->look, run->writer, run->tool);
    struct count n = {0};
    report_begin(run);
    while (in.p < in.end) {
        struct record r = take_record(&in);
        add_record(run, &file, &r, &n);
    }
    struct report_sums sums = sums_of(&n);
    report_join(run, &file, STR("last"), &sums);
    report_end(run, &sums);
    hold(run->out.bad == 0, "there is room", STR(""));
    report_done(&file);
    return n;
}

/* ---- what has to hold ---------------------------------------------------------------------- */

static json_t *parse(struct str text) {
    json_error_t error;
    json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    hold(root != NULL, error.text, text);
    return root;
}

static void check_result(const json_t *result, const struct report_tool *tool,
                         struct str text) {
    json_int_t rule = json_integer_value(json_object_get(result, "ruleIndex"));
    const char *id = json_string_value(json_object_get(result, "ruleId"));
    hold(rule >= 0 && rule < (json_int_t)tool->n_rules && id != NULL &&
             strcmp(tool->rule((unsigned)rule).id, id) == 0,
         "a result's rule", text);
    json_t *place = json_object_get(json_array_get(json_object_get(result, "locations"), 0),
                                    "physicalLocation");
    json_t *region = json_object_get(place, "region");
    json_t *column = json_object_get(region, "startColumn");
    hold(json_object_get(place, "artifactLocation") != NULL, "a result's file", text);
    hold(column == NULL || json_integer_value(column) >= 1, "a column", text);
    hold(json_object_get(result, "fixes") == NULL ||
             json_object_get(region, "endColumn") != NULL,
         "a fix has a region", text);
}

static void check_sarif(const struct report *run, const struct count *n) {
    struct str text = buf_view(&run->out);
    json_t *root = parse(text), *result;
    size_t i;
    json_t *one = json_array_get(json_object_get(root, "runs"), 0);
    json_t *results = json_object_get(one, "results");
    json_t *call = json_array_get(json_object_get(one, "invocations"), 0);
    hold(json_array_size(results) == n->findings, "a result for each finding", text);
    hold(json_array_size(json_object_get(call, "toolExecutionNotifications")) == n->unreads,
         "a notification for each unread", text);
    hold(json_is_true(json_object_get(call, "executionSuccessful")) == (n->unreads == 0),
         "successful without unreads", text);
    json_array_foreach(results, i, result) {
        check_result(result, run->tool, text);
    }
    json_decref(root);
}

static void check_json(const struct report *run, const struct count *n) {
    struct str text = buf_view(&run->out);
    json_t *root = parse(text);
    hold(json_array_size(json_object_get(root, "findings")) == n->findings, "all findings",
         text);
    json_decref(root);
}

static size_t occurrences(struct str text, const char *word) {
    size_t n = 0, length = strlen(word);
    for (size_t i = 0; i + length <= text.n; i++)
        n += memcmp(text.p + i, word, length) == 0;
    return n;
}

static void check_junit(const struct report *run, const struct count *n) {
    struct str text = buf_view(&run->out);
    hold(xml_is_well_formed(text), "well-formed XML", text);
    hold(occurrences(text, "<testcase ") == n->cases + n->unreads, "a case for each", text);
    hold(occurrences(text, "<error ") == n->unreads, "an error for each unread", text);
}

static void check_github(const struct report *run, const struct count *n) {
    struct str text = buf_view(&run->out), rest = text;
    size_t lines = 0;
    for (; rest.n != 0; lines++) {
        size_t end = str_find(rest, '\n');
        struct str line = str_slice(rest, 0, end);
        hold(end < rest.n && escape_is_seen(line), "lines of what is seen", text);
        hold(str_starts(line, STR("::notice file=")) ||
                 str_starts(line, STR("::warning file=")) ||
                 str_starts(line, STR("::error file=")),
             "a command a line", text);
        rest = str_slice(rest, end + 1, rest.n);
    }
    hold(lines == n->findings + n->unreads, "a line for each", text);
}

static void check_text(const struct report *run, const struct count *n) {
    struct str text = buf_view(&run->out);
    hold(escape_is_seen(text), "what is seen", text);
    hold(occurrences(text, "\n") > 2 * n->findings, "two lines for each", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const struct {
        const struct report_writer *writer;
        void (*check)(const struct report *run, const struct count *n);
    } writers[] = {{&report_sarif, check_sarif},
                   {&report_junit, check_junit},
                   {&report_github, check_github},
                   {&report_findings_json, check_json},
                   {&report_findings_text, check_text}};
    struct object_input in = {.p = data, .end = data + n};
    unsigned flags = take_byte(&in);
    in.look.quiet = flags & 2;
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
        in.tool = flags & 1 || i >= 3 ? &report_lint_tool : &own;
        struct report run = REPORT_INIT(&in.look, writers[i].writer, in.tool);
        struct count count = write_all(&run, in);
        writers[i].check(&run, &count);
        report_done(&run);
    }
    return 0;
}
