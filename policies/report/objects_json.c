/* One JSON document for scripts; its keys are a promise. */
#include "report/json_text.h"
#include "report/objects.h"

static void put_strings(struct buf *out, const char *key, const struct str *v, size_t n) {
    buf_printf(out, "\"%s\":[", key);
    for (size_t i = 0; i < n; i++) {
        if (i != 0)
            buf_putc(out, ',');
        buf_json(out, v[i]);
    }
    buf_putc(out, ']');
}

static void put_image(struct report *p, const struct object *s,
                      const struct decision_image *d) {
    struct yaml_location pos = object_image_where(s, d->image, report_scratch(p));
    report_json(&p->out, "{\"path\":", buf_view(&p->scratch));
    report_json_string(&p->out, "container", d->image->name);
    report_json_string(&p->out, "before", d->before);
    report_json_string(&p->out, "after", d->after);
    if (!str_eq(d->after, d->proposed))
        report_json_string(&p->out, "proposed", d->proposed);
    report_json_position(&p->out, pos.line, pos.col);
    buf_putc(&p->out, '}');
}

static void put_reason(struct report *p, const struct object *s, const struct reason *r) {
    const struct decision_image *d = r->image < 0 ? NULL : &s->decision->images[r->image];
    struct yaml_location pos = object_reason_where(s, r, report_scratch(p));
    report_json(&p->out, "{\"code\":", str_of(engine_code_name(r->code)));
    report_json_string(&p->out, "message", r->message);
    report_json_string(&p->out, "path", buf_view(&p->scratch));
    report_json_string(&p->out, "container", d ? d->image->name : STR_NONE);
    report_json_string(&p->out, "image", d ? d->before : STR_NONE);
    report_json_string(&p->out, "suggestion", r->suggestion);
    report_json_position(&p->out, pos.line, pos.col);
    buf_putc(&p->out, '}');
}

static void put_head(struct report *p, const struct object *s) {
    const struct workload *w = s->workload;
    const struct policy_rule *rule = s->decision->rule;
    report_json(&p->out, "{\"file\":", str_of(s->file));
    report_json_number(&p->out, "index", s->index);
    report_json_number(&p->out, "line", s->line);
    report_json_string(&p->out, "apiVersion", w->api_version);
    report_json_string(&p->out, "kind", w->kind);
    report_json_string(&p->out, "namespace", w->namespace);
    report_json_string(&p->out, "name", object_name(s));
    report_json_string(&p->out, "verdict", str_of(object_verdict_name(s)));
    report_json_string(&p->out, "rule", rule ? rule->name : STR_NONE);
}

static void put_unjudged(struct report *p, const struct object *s) {
    const struct object_unjudged *u = s->unjudged;
    struct buf *scratch = report_scratch(p);
    object_put_unjudged(scratch, s);
    report_json(&p->out, ",\"notJudged\":{\"message\":", buf_view(scratch));
    report_json_number(&p->out, "places", u->n);
    buf_puts(&p->out, ",\"seen\":[");
    for (size_t i = 0; i < u->n && i < OBJECT_UNJUDGED_MAX; i++) {
        scratch = report_scratch(p);
        json_path(s->doc->json, s->object, u->values[i].at, scratch);
        buf_puts(&p->out, i ? ",{\"path\":" : "{\"path\":");
        buf_json(&p->out, buf_view(scratch));
        scratch = report_scratch(p);
        object_unjudged_put_image(scratch, &u->values[i]);
        report_json_string(&p->out, "image", buf_view(scratch));
        struct yaml_location pos = s->doc->pos[u->values[i].at];
        report_json_position(&p->out, pos.line, pos.col);
        buf_putc(&p->out, '}');
    }
    buf_puts(&p->out, "]}");
}

static enum ec put_object(struct report *p, const struct object *s, struct err *err) {
    const struct decision *d = s->decision;
    (void)err;
    if (p->n_out++ != 0)
        buf_puts(&p->out, ",\n");
    put_head(p, s);
    buf_puts(&p->out, ",\"images\":[");
    for (size_t i = 0; i < d->n_images; i++) {
        if (i != 0)
            buf_putc(&p->out, ',');
        put_image(p, s, &d->images[i]);
        report_flush(p);
    }
    buf_puts(&p->out, "],\"reasons\":[");
    for (size_t i = 0; i < d->n_reasons; i++) {
        if (i != 0)
            buf_putc(&p->out, ',');
        put_reason(p, s, &d->reasons[i]);
        report_flush(p);
    }
    buf_puts(&p->out, "],\"imagePullSecrets\":{");
    put_strings(&p->out, "before", s->workload->secrets, s->workload->n_secrets);
    buf_putc(&p->out, ',');
    put_strings(&p->out, "after", d->secrets, d->n_secrets);
    buf_puts(&p->out, "},\"patch\":");
    review_patch(&p->out, d);
    if (s->unjudged != NULL)
        put_unjudged(p, s);
    buf_putc(&p->out, '}');
    report_flush(p);
    return EC_OK;
}

static void put_fault(struct report *p, const struct object_fault *f) {
    buf_puts(&p->aside, p->n_aside++ ? ",\n{\"file\":" : "{\"file\":");
    buf_json(&p->aside, str_of(f->file));
    report_json_string(&p->aside, "message", str_of(f->err->msg));
    report_json_position(&p->aside, f->err->line, f->err->col);
    buf_putc(&p->aside, '}');
}

static void begin(struct report *run) {
    buf_puts(&run->out, "{\"objects\":[");
}

static void join(struct report *run, struct report *file, const char *name,
                 const struct object_totals *of_file) {
    (void)of_file;
    report_join_lists(run, file, str_of(name), NULL);
}

/* "errors" is there only where an input could not be read. */
static void end(struct report *run, const struct object_totals *t) {
    buf_puts(&run->out, "\n]");
    if (run->aside.n != 0) {
        buf_puts(&run->out, ",\"errors\":[");
        buf_str(&run->out, buf_view(&run->aside));
        buf_putc(&run->out, ']');
    }
    buf_printf(&run->out,
               ",\"summary\":{\"objects\":%zu,\"images\":%zu,\"rewritten\":%zu,\"denied\":%zu,"
               "\"warned\":%zu,\"unchanged\":%zu,\"notJudged\":%zu,\"skippedFiles\":%zu,"
               "\"unrenderedFiles\":%zu}}\n",
               t->objects, t->images, t->rewritten, t->denied, t->warned, t->unchanged,
               t->unjudged_objects, t->skipped, t->unrendered);
}

const struct report_format report_objects_json = {.sums_up = true,
                                                  .in_parts = true,
                                                  .begin = begin,
                                                  .object = put_object,
                                                  .fault = put_fault,
                                                  .join = join,
                                                  .end = end};
