/* Findings as text, JSON, SARIF 2.1.0 and workflow commands of GitHub Actions.
 * Source     OASIS SARIF 2.1.0; actions/toolkit, packages/core/src/command.ts                */
#include "base/escape.h"
#include "base/file.h"
#include "object/excerpt.h"
#include "report/lint.h"
#include "report/report.h"
#include "rules/rules.h"
#include "version.h"

static const char *level_of(const struct finding *one) {
    return report_lint_level_words[report_lint_level(one->kind)];
}

/* ---- the lines of a file ---------------------------------------------------------------- */

/* The file of the findings being printed, read again. */
struct lines {
    struct buf text;
    struct str file; /* as of yet none when p is NULL */
    struct object_excerpt lines;
};

static void done(struct lines *l) {
    object_excerpt_done(&l->lines);
    buf_done(&l->text);
}

static void read_again(struct buf *text, struct str file) {
    struct err ignored = ERR_INIT;
    struct buf path = BUF_INIT(1 << 20);
    buf_str(&path, file);
    const char *z = buf_z(&path);
    if (z == NULL || file_read(text, z, RULES_FILE_MAX, &ignored) != EC_OK)
        buf_reset(text);
    buf_done(&path);
}

/* What the finding's line is one of; empty when it is gone by now. */
static struct object_excerpt *lines_of(struct lines *l, const struct findings *f,
                                       const struct finding *one) {
    if (l->file.p != NULL && str_eq(l->file, one->file))
        return &l->lines;
    object_excerpt_done(&l->lines);
    buf_reset(&l->text);
    l->file = one->file;
    if (str_eq(one->file, STR("<stdin>"))) {
        l->lines = (struct object_excerpt)OBJECT_EXCERPT_INIT(buf_view(&f->standard_input));
        return &l->lines;
    }
    read_again(&l->text, one->file);
    l->lines = (struct object_excerpt)OBJECT_EXCERPT_INIT(buf_view(&l->text));
    return &l->lines;
}

/* ---- text ---------------------------------------------------------------------------- */

static void put_count(struct buf *out, size_t n, const char *word) {
    buf_printf(out, "%zu %s%s", n, word, n == 1 ? "" : "s");
}

void report_lint_print_text(struct buf *out, const struct findings *f) {
    struct lines lines = {.text = BUF_INIT(RULES_FILE_MAX + 1)};
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *one = &f->v[i];
        escape_text(out, one->file);
        if (one->line != 0)
            buf_printf(out, ":%u:%u", one->line, one->col);
        buf_printf(out, "%s%s: ", one->file.n ? ": " : "", level_of(one));
        escape_text(out, one->text);
        buf_printf(out, " [%s]\n", report_lint_row(one->kind)->id);
        if (report_lint_level(one->kind) ==
            LEVEL_ERROR) /* the others quote what they speak of */
            object_excerpt_print(out, lines_of(&lines, f, one), one->line, one->col);
        buf_printf(out, "    %s\n", report_lint_row(one->kind)->fix);
    }
    done(&lines);
    put_count(out, f->n_level[LEVEL_ERROR], "error");
    buf_puts(out, ", ");
    put_count(out, f->n_level[LEVEL_WARNING], "warning");
    buf_puts(out, ", ");
    put_count(out, f->n_level[LEVEL_NOTE], "note");
    buf_putc(out, '\n');
}

/* ---- JSON ---------------------------------------------------------------------------- */

static void put(struct buf *out, const char *before, struct str value) {
    buf_puts(out, before);
    buf_json(out, value);
}

void report_lint_print_json(struct buf *out, const struct findings *f) {
    buf_puts(out, "{\"findings\":[");
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *one = &f->v[i];
        put(out, i ? ",\n{\"file\":" : "\n{\"file\":", one->file);
        buf_printf(out, ",\"line\":%u,\"column\":%u,\"level\":\"%s\"", one->line, one->col,
                   level_of(one));
        put(out, ",\"id\":", str_of(report_lint_row(one->kind)->id));
        put(out, ",\"message\":", one->text);
        put(out, ",\"fix\":", str_of(report_lint_row(one->kind)->fix));
        buf_putc(out, '}');
    }
    buf_printf(out, "\n],\"summary\":{\"errors\":%zu,\"warnings\":%zu,\"notes\":%zu}}\n",
               f->n_level[LEVEL_ERROR], f->n_level[LEVEL_WARNING], f->n_level[LEVEL_NOTE]);
}

/* ---- SARIF --------------------------------------------------------------------------- */

static void put_sarif_rules(struct buf *out) {
    for (unsigned kind = 0; kind < N_LINTS; kind++) {
        const struct rules_lint_row *row = report_lint_row(kind);
        put(out, kind ? ",\n{\"id\":" : "{\"id\":", str_of(row->id));
        put(out, ",\"shortDescription\":{\"text\":", str_of(row->about));
        put(out, "},\"fullDescription\":{\"text\":", str_of(row->about));
        put(out, "},\"help\":{\"text\":", str_of(row->fix));
        buf_printf(out, "},\"defaultConfiguration\":{\"level\":\"%s\"}}",
                   report_lint_level_words[report_lint_level(kind)]);
    }
}

/* SARIF counts columns in UTF-16 units. */
static uint32_t column_of(struct lines *l, const struct findings *f,
                          const struct finding *one) {
    if (one->col == 0)
        return 1;
    struct object_excerpt *lines = lines_of(l, f, one);
    return lines->text.n == 0 ? one->col
                              : object_excerpt_utf16_column(lines, one->line, one->col);
}

static void put_artifact(struct buf *out, struct str file) {
    struct buf path = BUF_INIT(1 << 20);
    buf_str(&path, str_eq(file, STR("<stdin>")) ? STR("stdin") : file);
    const char *z = buf_z(&path);
    report_uri(out, z ? z : "");
    buf_done(&path);
}

static void put_sarif_result(struct buf *out, struct lines *lines, const struct findings *f,
                             const struct finding *one) {
    struct buf uri = BUF_INIT(1 << 20);
    put(out, "{\"ruleId\":", str_of(report_lint_row(one->kind)->id));
    buf_printf(out, ",\"ruleIndex\":%u,\"level\":\"%s\"", one->kind, level_of(one));
    put(out, ",\"message\":{\"text\":", one->text);
    put_artifact(&uri, one->file);
    put(out, "},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":",
        buf_view(&uri));
    buf_done(&uri);
    buf_putc(out, '}');
    if (one->line != 0)
        buf_printf(out, ",\"region\":{\"startLine\":%u,\"startColumn\":%u}", one->line,
                   column_of(lines, f, one));
    buf_puts(out, "}}]}");
}

void report_lint_print_sarif(struct buf *out, const struct findings *f) {
    struct lines lines = {.text = BUF_INIT(RULES_FILE_MAX + 1)};
    bool readable = true;
    buf_puts(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
                  "\"version\":\"2.1.0\",\"runs\":[{\n\"tool\":{\"driver\":{"
                  "\"name\":\"policyctl lint\",\"semanticVersion\":\"" VERSION_NUMBER "\","
                  "\"rules\":[\n");
    put_sarif_rules(out);
    buf_puts(out, "]}},\n\"columnKind\":\"utf16CodeUnits\",\n\"results\":[");
    for (size_t i = 0; i < f->n; i++) {
        buf_puts(out, i ? ",\n" : "\n");
        put_sarif_result(out, &lines, f, &f->v[i]);
        readable = readable && f->v[i].kind != LINT_UNREADABLE;
    }
    buf_printf(out, "],\n\"invocations\":[{\"executionSuccessful\":%s}]}]}\n",
               readable ? "true" : "false");
    done(&lines);
}

/* ---- GitHub -------------------------------------------------------------------------- */

void report_lint_print_github(struct buf *out, const struct findings *f) {
    static const char *const commands[] = {"notice", "warning", "error"};
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *one = &f->v[i];
        buf_printf(out, "::%s file=", commands[report_lint_level(one->kind)]);
        escape_github(out, report_path(one->file), ESCAPE_PROPERTY);
        if (one->line != 0)
            buf_printf(out, ",line=%u,col=%u", one->line, one->col);
        buf_printf(out, ",title=%s::", report_lint_row(one->kind)->id);
        escape_github(out, one->text, ESCAPE_DATA);
        bool ended = str_ends(one->text, STR("?"));
        buf_puts(out, ended ? " " : ". ");
        escape_github(out, str_of(report_lint_row(one->kind)->fix), ESCAPE_DATA);
        buf_putc(out, '\n');
    }
}
