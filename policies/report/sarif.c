/* SARIF 2.1.0, for code scanning: every finding at the image's own line and column, with the
 * image to write as a fix where there is one.
 * Source     OASIS SARIF 2.1.0 (sections 3.27 result, 3.30 region, 3.55 fix)
 *
 * What cannot be judged is a notification of the invocation: it waits in `aside`. */
#include "report/report.h"
#include "report/sarif_rules.h"
#include "version.h"

static void put(struct buf *out, const char *before, struct str value) {
    buf_puts(out, before);
    buf_json(out, value);
}

static void put_message(struct buf *out, const char *before, struct str text) {
    put(out, before, text);
    buf_putc(out, '}');
}

/* ---- places -------------------------------------------------------------------------- */

static void put_artifact(struct report *p, struct buf *out, const char *path) {
    report_scratch(p);
    report_uri(&p->scratch, strcmp(path, "<stdin>") == 0 ? "stdin" : path);
    put(out, "\"artifactLocation\":{\"uri\":", buf_view(&p->scratch));
    buf_putc(out, '}');
}

struct region {
    uint32_t line, from, to; /* columns; to is 0 when the end is not known */
};

static void put_region(struct buf *out, const char *name, struct region r) {
    buf_printf(out, "\"%s\":{\"startLine\":%u", name, r.line);
    if (r.from != 0)
        buf_printf(out, ",\"startColumn\":%u", r.from);
    if (r.to != 0)
        buf_printf(out, ",\"endLine\":%u,\"endColumn\":%u", r.line, r.to);
    buf_putc(out, '}');
}

/* The value's region in UTF-16 units; its end, where the value stands in the file as it
 * reads. */
static struct region region_of(const struct object *s, struct yaml_pos pos, struct str value) {
    struct region r = {.line = pos.line,
                       .from = object_excerpt_utf16_column(s->lines, pos.line, pos.col)};
    uint32_t from, to;
    if (object_excerpt_value(s->lines, pos.line, pos.col, value, &from, &to)) {
        r.from = object_excerpt_utf16_column(s->lines, pos.line, from);
        r.to = object_excerpt_utf16_column(s->lines, pos.line, to);
    }
    return r;
}

static void put_physical(struct report *p, const char *path, struct region r) {
    buf_puts(&p->out, "\"physicalLocation\":{");
    put_artifact(p, &p->out, path);
    if (r.line != 0) {
        buf_putc(&p->out, ',');
        put_region(&p->out, "region", r);
    }
    buf_putc(&p->out, '}');
}

static void put_logical(struct report *p, const struct object *s) {
    report_scratch(p);
    object_put_name(&p->scratch, s);
    put(&p->out, ",\"logicalLocations\":[{\"fullyQualifiedName\":", buf_view(&p->scratch));
    buf_puts(&p->out, ",\"kind\":\"resource\"}]");
}

/* ---- results ------------------------------------------------------------------------- */

struct finding {
    unsigned rule;
    const char *level;
    struct str message;
    struct yaml_pos pos;
    struct str value;      /* what stands there; may be empty */
    struct str fix;        /* what should; may be empty */
    struct policy_pos why; /* in the rule file; line 0: nowhere */
};

static void put_fix(struct report *p, const struct object *s, const struct finding *f,
                    struct region r) {
    if (f->fix.n == 0 || r.to == 0)
        return;
    struct buf *out = &p->out;
    buf_puts(out, ",\"fixes\":[{\"description\":{\"text\":\"write the image as it should be\"},"
                  "\"artifactChanges\":[{");
    put_artifact(p, out, s->file);
    buf_puts(out, ",\"replacements\":[{");
    put_region(out, "deletedRegion", r);
    put_message(out, ",\"insertedContent\":{\"text\":", f->fix);
    buf_puts(out, "}]}]}]");
}

static void put_related(struct report *p, const struct object *s, struct policy_pos why) {
    struct buf path = BUF_INIT(8192);
    if (why.line == 0)
        return;
    buf_str(&path, engine_policy_file(s->policy, why));
    const char *file = buf_z(&path);
    report_carry(p, &path);
    buf_puts(&p->out, ",\"relatedLocations\":[{");
    put_physical(p, file ? file : "", (struct region){.line = why.line, .from = why.col});
    buf_puts(&p->out, ",\"message\":{\"text\":\"the rule that decided\"}}]");
    buf_done(&path);
}

static void put_result(struct report *p, const struct object *s, const struct finding *f) {
    struct buf *out = &p->out;
    struct region r = region_of(s, f->pos, f->value);
    if (p->n_out++ != 0)
        buf_puts(out, ",\n");
    buf_printf(out, "{\"ruleId\":\"%s\",\"ruleIndex\":%u,\"level\":\"%s\"",
               report_sarif_rules[f->rule].id, f->rule, f->level);
    put_message(out, ",\"message\":{\"text\":", f->message);
    buf_puts(out, ",\"locations\":[{");
    put_physical(p, s->file, r);
    put_logical(p, s);
    buf_puts(out, "}]");
    put_related(p, s, f->why);
    put_fix(p, s, f, r);
    buf_putc(out, '}');
}

static void put_reason(struct report *p, const struct object *s, const struct reason *r) {
    static const char *const levels[] = {"note", "warning", "error"};
    struct finding f = {.rule = r->code,
                        .level = levels[r->weight],
                        .message = r->message,
                        .pos = object_reason_where(s, r, report_scratch(p)),
                        .value = r->image < 0 ? STR_NONE : s->decision->images[r->image].before,
                        .fix = r->suggestion,
                        .why = r->pos};
    if (!p->look->quiet || r->weight != WEIGHT_NOTE)
        put_result(p, s, &f);
}

static void put_rewrite(struct report *p, const struct object *s,
                        const struct decision_image *d) {
    struct buf text = BUF_INIT(65536);
    const char *why;
    struct str to = report_rewrite(s, d, &why);
    if (to.n == 0)
        return;
    buf_printf(&text, "image \"%.*s\" is rewritten to \"%.*s\"%s", STR_ARG(d->before),
               STR_ARG(to), why);
    struct finding f = {.rule = SARIF_REWRITTEN,
                        .level = "note",
                        .message = buf_view(&text),
                        .pos = object_image_where(s, d->image, report_scratch(p)),
                        .value = d->before,
                        .fix = to};
    put_result(p, s, &f);
    report_carry(p, &text);
    buf_done(&text);
}

static void put_secrets(struct report *p, const struct object *s) {
    const struct decision *d = s->decision;
    for (size_t i = 0; i < d->n_secrets_added; i++) {
        struct buf text = BUF_INIT(65536);
        buf_printf(&text, "pull secret \"%.*s\" is added to imagePullSecrets",
                   STR_ARG(d->secrets_added[i]));
        struct finding f = {.rule = SARIF_SECRET_ADDED,
                            .level = "note",
                            .message = buf_view(&text),
                            .pos = object_secrets_where(s)};
        put_result(p, s, &f);
        report_carry(p, &text);
        buf_done(&text);
    }
}

static void put_unjudged(struct report *p, const struct object *s) {
    struct buf text = BUF_INIT(1 << 20), image = BUF_INIT(1 << 16);
    const struct object_unjudged_value *place = &s->unjudged->places[0];
    object_put_unjudged(&text, s);
    object_unjudged_put_image(&image, place);
    struct finding f = {.rule = SARIF_NOT_JUDGED,
                        .level = "note",
                        .message = buf_view(&text),
                        .pos = object_unjudged_where(s),
                        .value = buf_view(&image)};
    put_result(p, s, &f);
    report_carry(p, &text);
    buf_done(&text);
    buf_done(&image);
}

static enum ec put_object(struct report *p, const struct object *s, struct err *err) {
    const struct decision *d = s->decision;
    (void)err;
    for (size_t i = 0; i < d->n_reasons; i++)
        put_reason(p, s, &d->reasons[i]);
    for (size_t i = 0; i < d->n_images && !p->look->quiet; i++)
        put_rewrite(p, s, &d->images[i]);
    if (!p->look->quiet)
        put_secrets(p, s);
    if (s->unjudged != NULL)
        put_unjudged(p, s);
    return EC_OK;
}

/* ---- the document -------------------------------------------------------------------- */

static void put_fault(struct report *p, const struct object_fault *f) {
    struct buf *out = &p->aside;
    struct region r = {.line = f->err->line, .from = 1};
    if (f->lines != NULL)
        r.from = object_excerpt_utf16_column(f->lines, f->err->line, f->err->col);
    if (p->n_aside++ != 0)
        buf_puts(out, ",\n");
    put_message(out, "{\"level\":\"error\",\"message\":{\"text\":", str_of(f->err->msg));
    buf_puts(out, ",\"locations\":[{\"physicalLocation\":{");
    put_artifact(p, out, f->file);
    if (r.line != 0) {
        buf_putc(out, ',');
        put_region(out, "region", r);
    }
    buf_puts(out, "}}]}");
}

static void put_rule(struct buf *out, const struct sarif_rule *r) {
    buf_printf(out, "{\"id\":\"%s\",\"name\":\"%s\"", r->id, r->name);
    put_message(out, ",\"shortDescription\":{\"text\":", str_of(r->brief));
    put_message(out, ",\"fullDescription\":{\"text\":", str_of(r->brief));
    put_message(out, ",\"help\":{\"text\":", str_of(r->help));
    buf_printf(out, ",\"defaultConfiguration\":{\"level\":\"%s\"}}", r->level);
}

static void begin(struct report *run) {
    struct buf *out = &run->out;
    buf_puts(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
                  "\"version\":\"2.1.0\",\"runs\":[{\n\"tool\":{\"driver\":{"
                  "\"name\":\"policyctl\",\"semanticVersion\":\"" VERSION_NUMBER "\","
                  "\"rules\":[\n");
    for (size_t i = 0; i < SARIF_N_RULES; i++) {
        if (i != 0)
            buf_puts(out, ",\n");
        put_rule(out, &report_sarif_rules[i]);
    }
    buf_puts(out, "]}},\n\"columnKind\":\"utf16CodeUnits\",\n\"results\":[");
}

static void end(struct report *run, const struct object_totals *t) {
    buf_printf(&run->out, "],\n\"invocations\":[{\"executionSuccessful\":%s",
               t->unreadable == 0 ? "true" : "false");
    if (run->n_aside != 0) {
        buf_puts(&run->out, ",\"toolExecutionNotifications\":[");
        buf_str(&run->out, buf_view(&run->aside));
        buf_putc(&run->out, ']');
    }
    buf_puts(&run->out, "}]}]}\n");
}

const struct report_format report_sarif = {.begin = begin,
                                           .object = put_object,
                                           .fault = put_fault,
                                           .join = report_join_lists,
                                           .end = end};
