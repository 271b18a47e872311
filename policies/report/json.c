/* One JSON document for scripts; its keys are a promise. */
#include "report/report.h"

static void put(struct buf *out, const char *key, struct str value) {
    buf_printf(out, ",\"%s\":", key);
    buf_json(out, value);
}

static void put_number(struct buf *out, const char *key, size_t value) {
    buf_printf(out, ",\"%s\":%zu", key, value);
}

static void put_pos(struct buf *out, struct yaml_pos pos) {
    put_number(out, "line", pos.line);
    put_number(out, "column", pos.col);
}

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
    struct yaml_pos pos = object_image_where(s, d->image, report_scratch(p));
    buf_puts(&p->out, "{\"path\":");
    buf_json(&p->out, buf_view(&p->scratch));
    put(&p->out, "container", d->image->name);
    put(&p->out, "before", d->before);
    put(&p->out, "after", d->after);
    if (!str_eq(d->after, d->proposed))
        put(&p->out, "proposed", d->proposed);
    put_pos(&p->out, pos);
    buf_putc(&p->out, '}');
}

static void put_reason(struct report *p, const struct object *s, const struct reason *r) {
    const struct decision_image *d = r->image < 0 ? NULL : &s->decision->images[r->image];
    struct yaml_pos pos = object_reason_where(s, r, report_scratch(p));
    buf_puts(&p->out, "{\"code\":");
    buf_json(&p->out, str_of(engine_code_name(r->code)));
    put(&p->out, "message", r->message);
    put(&p->out, "path", buf_view(&p->scratch));
    put(&p->out, "container", d ? d->image->name : STR_NONE);
    put(&p->out, "image", d ? d->before : STR_NONE);
    put(&p->out, "suggestion", r->suggestion);
    put_pos(&p->out, pos);
    buf_putc(&p->out, '}');
}

static void put_head(struct report *p, const struct object *s) {
    const struct workload *w = s->workload;
    const struct policy_rule *rule = s->decision->rule;
    buf_puts(&p->out, "{\"file\":");
    buf_json(&p->out, str_of(s->file));
    put_number(&p->out, "index", s->index);
    put_number(&p->out, "line", s->line);
    put(&p->out, "apiVersion", w->api_version);
    put(&p->out, "kind", w->kind);
    put(&p->out, "namespace", w->namespace);
    put(&p->out, "name", object_name(s));
    put(&p->out, "verdict", str_of(object_verdict_name(s)));
    put(&p->out, "rule", rule ? rule->name : STR_NONE);
}

static void put_unjudged(struct report *p, const struct object *s) {
    const struct object_unjudged *u = s->unjudged;
    struct buf *scratch = report_scratch(p);
    object_put_unjudged(scratch, s);
    buf_puts(&p->out, ",\"notJudged\":{\"message\":");
    buf_json(&p->out, buf_view(scratch));
    put_number(&p->out, "places", u->n);
    buf_puts(&p->out, ",\"seen\":[");
    for (size_t i = 0; i < u->n && i < OBJECT_UNJUDGED_MAX; i++) {
        scratch = report_scratch(p);
        json_path(s->doc->json, s->object, u->places[i].at, scratch);
        buf_puts(&p->out, i ? ",{\"path\":" : "{\"path\":");
        buf_json(&p->out, buf_view(scratch));
        scratch = report_scratch(p);
        object_unjudged_put_image(scratch, &u->places[i]);
        put(&p->out, "image", buf_view(scratch));
        put_pos(&p->out, s->doc->pos[u->places[i].at]);
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
    }
    buf_puts(&p->out, "],\"reasons\":[");
    for (size_t i = 0; i < d->n_reasons; i++) {
        if (i != 0)
            buf_putc(&p->out, ',');
        put_reason(p, s, &d->reasons[i]);
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
    return EC_OK;
}

static void put_fault(struct report *p, const struct object_fault *f) {
    buf_puts(&p->aside, p->n_aside++ ? ",\n{\"file\":" : "{\"file\":");
    buf_json(&p->aside, str_of(f->file));
    put(&p->aside, "message", str_of(f->err->msg));
    put_pos(&p->aside, (struct yaml_pos){f->err->line, f->err->col});
    buf_putc(&p->aside, '}');
}

static void begin(struct report *run) {
    buf_puts(&run->out, "{\"objects\":[");
}

/* What could not be read is said only where there is such a thing. */
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

const struct report_format report_json = {.sums_up = true,
                                          .begin = begin,
                                          .object = put_object,
                                          .fault = put_fault,
                                          .join = report_join_lists,
                                          .end = end};
