/* SARIF 2.1.0, for code scanning: every finding at its own line and column, with the text to write
 * instead where there is one.
 * Source     OASIS SARIF 2.1.0 (sections 3.27 result, 3.30 region, 3.55 fix)
 *
 * Unreads are notifications of the invocation: they wait in `aside`. */
#include "report/json_text.h"
#include "report/report.h"
#include "version.h"

/* `before`, the text, and the end of the message. */
static void put_message(struct buf *out, const char *before, struct str text) {
    report_json(out, before, text);
    buf_putc(out, '}');
}

/* ---- locations -------------------------------------------------------------------------- */

static void put_artifact(struct report *p, struct buf *out, struct str file) {
    struct buf *uri = report_scratch(p);
    report_uri(uri, str_eq(file, STR("<stdin>")) ? STR("stdin") : file);
    report_json(out, "\"artifactLocation\":{\"uri\":", buf_view(uri));
    buf_putc(out, '}');
}

struct region {
    uint32_t line, from, to; /* columns in UTF-16 units; `to` is 0 when the end is not known */
};

static void put_region(struct buf *out, const char *name, struct region r) {
    buf_printf(out, "\"%s\":{\"startLine\":%u", name, r.line);
    if (r.from != 0)
        buf_printf(out, ",\"startColumn\":%u", r.from);
    if (r.to != 0)
        buf_printf(out, ",\"endLine\":%u,\"endColumn\":%u", r.line, r.to);
    buf_putc(out, '}');
}

/* Without the lines of the file, the column stays in bytes. */
static struct region start_of(const struct report_location *at) {
    struct region r = {.line = at->line, .from = at->col};
    if (at->lines != NULL && at->line != 0)
        r.from = object_excerpt_utf16_column(at->lines, at->line, at->col);
    return r;
}

/* With its end, where the text is in the file as it reads. */
static struct region region_of(const struct report_location *at, struct str found) {
    struct region r = start_of(at);
    uint32_t from, to;
    if (at->lines != NULL &&
        object_excerpt_value(at->lines, at->line, at->col, found, &from, &to)) {
        r.from = object_excerpt_utf16_column(at->lines, at->line, from);
        r.to = object_excerpt_utf16_column(at->lines, at->line, to);
    }
    return r;
}

static void put_physical(struct report *p, struct buf *out, struct str file, struct region r) {
    buf_puts(out, "\"physicalLocation\":{");
    put_artifact(p, out, file);
    if (r.line != 0) {
        buf_putc(out, ',');
        put_region(out, "region", r);
    }
    buf_putc(out, '}');
}

static void put_logical(struct report *p, struct str object) {
    if (object.n == 0)
        return;
    report_json(&p->out, ",\"logicalLocations\":[{\"fullyQualifiedName\":", object);
    buf_printf(&p->out, ",\"kind\":\"%s\"}]", p->tool->object_kind);
}

/* ---- results ---------------------------------------------------------------------------- */

static void put_fix(struct report *p, const struct report_finding *f, struct region r) {
    struct buf *out = &p->out;
    if (f->fix.n == 0 || r.to == 0)
        return;
    buf_puts(out, ",\"fixes\":[{\"description\":{\"text\":\"write the suggested image\"},"
                  "\"artifactChanges\":[{");
    put_artifact(p, out, f->at.file);
    buf_puts(out, ",\"replacements\":[{");
    put_region(out, "deletedRegion", r);
    put_message(out, ",\"insertedContent\":{\"text\":", f->fix);
    buf_puts(out, "}]}]}]");
}

static void put_related(struct report *p, const struct report_location *because) {
    if (because->line == 0)
        return;
    buf_puts(&p->out, ",\"relatedLocations\":[{");
    put_physical(p, &p->out, because->file, start_of(because));
    buf_puts(&p->out, ",\"message\":{\"text\":\"the rule that decided\"}}]");
}

/* Of an object of a cluster with what it leads to, and what to do: the rule's help is for all of its kind. */
static struct str message_of(struct report *p, const struct report_finding *f) {
    struct buf *text = report_scratch(p);
    if (f->effect.n == 0)
        return f->message;
    buf_printf(text, "%.*s. %.*s %s", STR_ARG(f->message), STR_ARG(f->effect),
               f->advice != NULL ? f->advice : "");
    return buf_view(text);
}

static void add_finding(struct report *p, const struct report_finding *f) {
    struct buf *out = &p->out;
    struct region r = region_of(&f->at, f->found);
    if (p->n_out++ != 0)
        buf_puts(out, ",\n");
    buf_printf(out, "{\"ruleId\":\"%s\",\"ruleIndex\":%u,\"level\":\"%s\"",
               p->tool->rule(f->rule).id, f->rule, report_level_words[f->level]);
    put_message(out, ",\"message\":{\"text\":", message_of(p, f));
    buf_puts(out, ",\"locations\":[{");
    put_physical(p, out, f->at.file, r);
    put_logical(p, f->object);
    buf_puts(out, "}]");
    put_related(p, &f->because);
    put_fix(p, f, r);
    buf_putc(out, '}');
}

static void add_unread(struct report *p, const struct report_unread *u) {
    struct buf *out = &p->aside;
    if (p->n_aside++ != 0)
        buf_puts(out, ",\n");
    put_message(out, "{\"level\":\"error\",\"message\":{\"text\":", str_of(u->err->msg));
    buf_puts(out, ",\"locations\":[{");
    put_physical(p, out, u->at.file, start_of(&u->at));
    buf_puts(out, "}]}");
}

/* ---- the document ------------------------------------------------------------------------ */

static void put_rule(struct buf *out, const struct report_rule *r) {
    buf_printf(out, "{\"id\":\"%s\"", r->id);
    if (r->name != NULL)
        buf_printf(out, ",\"name\":\"%s\"", r->name);
    put_message(out, ",\"shortDescription\":{\"text\":", str_of(r->about));
    put_message(out, ",\"fullDescription\":{\"text\":", str_of(r->about));
    put_message(out, ",\"help\":{\"text\":", str_of(r->help));
    buf_printf(out, ",\"defaultConfiguration\":{\"level\":\"%s\"}}",
               report_level_words[r->level]);
}

static void begin(struct report *run) {
    struct buf *out = &run->out;
    buf_printf(out,
               "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
               "\"version\":\"2.1.0\",\"runs\":[{\n\"tool\":{\"driver\":{"
               "\"name\":\"%s\",\"semanticVersion\":\"" VERSION_NUMBER "\",\"rules\":[\n",
               run->tool->name);
    for (unsigned i = 0; i < run->tool->n_rules; i++) {
        struct report_rule rule = run->tool->rule(i);
        if (i != 0)
            buf_puts(out, ",\n");
        put_rule(out, &rule);
    }
    buf_puts(out, "]}},\n\"columnKind\":\"utf16CodeUnits\",\n\"results\":[");
}

static void end(struct report *run, const struct report_sums *sums) {
    buf_printf(&run->out, "],\n\"invocations\":[{\"executionSuccessful\":%s",
               sums->unread == 0 ? "true" : "false");
    if (run->n_aside != 0) {
        buf_puts(&run->out, ",\"toolExecutionNotifications\":[");
        buf_str(&run->out, buf_view(&run->aside));
        buf_putc(&run->out, ']');
    }
    buf_puts(&run->out, "}]}]}\n");
}

const struct report_writer report_sarif = {.begin = begin,
                                           .add_finding = add_finding,
                                           .add_unread = add_unread,
                                           .join = report_join_lists,
                                           .end = end};
