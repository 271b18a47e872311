/* An explanation as JSON, one object a line; its keys are a promise. */
#include "report/explain.h"
#include "report/json_text.h"

static void put_location(struct buf *out, const struct policy *p, struct policy_pos pos) {
    report_json_string(out, "file", engine_policy_file(p, pos));
    report_json_position(out, pos.line, pos.col);
}

/* ---- rules --------------------------------------------------------------------------- */

static void put_question(struct buf *out, const struct report_explained *e,
                         const struct engine_explain_rule *r, enum engine_explain_question q) {
    struct buf text = BUF_INIT(1 << 20);
    report_json(out, "{\"what\":", str_of(report_explain_question_name(q)));
    report_explain_put_asked(&text, &r->rule->match, q);
    report_json_string(out, "asked", buf_view(&text));
    buf_reset(&text);
    report_explain_put_found(&text, e->workload, q);
    report_json_string(out, "found", buf_view(&text));
    report_json_bool(out, "holds", r->answers[q] == ANSWER_HOLDS);
    buf_putc(out, '}');
    buf_done(&text);
}

static void put_rule(struct buf *out, const struct report_explained *e,
                     const struct engine_explain_rule *r) {
    const char *separator = "";
    report_json(out, "{\"name\":", r->rule->name);
    put_location(out, e->policy, r->rule->pos);
    report_json_string(out, "mode", str_of(engine_mode_name(r->rule->mode)));
    report_json_bool(out, "tried", r->tried);
    report_json_bool(out, "matches", r->selected);
    buf_puts(out, ",\"questions\":[");
    for (enum engine_explain_question q = 0; q < N_QUESTIONS && r->tried; q++) {
        if (r->answers[q] == ANSWER_NOT_ASKED)
            continue;
        buf_puts(out, separator);
        put_question(out, e, r, q);
        separator = ",";
    }
    buf_puts(out, "]}");
}

/* ---- images -------------------------------------------------------------------------- */

static void open_map(struct buf *out, const char *key, const char *by) {
    buf_printf(out, ",\"%s\":{\"by\":", key);
    buf_json(out, str_of(by));
}

static void put_mirror(struct buf *out, const struct policy *p, const struct policy_mirror *m) {
    report_json_string(out, "from", m->from.text);
    report_json_string(out, "to", m->to.text);
    put_location(out, p, m->pos);
}

static void put_registry(struct buf *out, const struct report_explained *e) {
    report_json_string(out, "to", e->decision->rule->registry.text);
    put_location(out, e->policy, e->decision->rule->registry_pos);
}

static void put_pattern(struct buf *out, const struct policy *p,
                        const struct policy_pattern *pattern) {
    report_json_string(out, "pattern", match_image_text(pattern->image));
    put_location(out, p, pattern->pos);
}

static void put_way(struct buf *out, const struct report_explained *e,
                    const struct engine_explain_image *x) {
    static const char *const words[] = {"nothing", "registry", "mirror", "exemption"};
    open_map(out, "sent", words[x->way]);
    if (x->way == WAY_REGISTRY)
        put_registry(out, e);
    else if (x->way == WAY_MIRROR)
        put_mirror(out, e->policy, x->mirror);
    buf_putc(out, '}');
}

static void put_exemption(struct buf *out, const struct report_explained *e,
                          const struct engine_explain_image *x) {
    const struct policy_exemption *by = x->exemption ? x->exemption : x->expired;
    if (by == NULL) {
        buf_puts(out, ",\"exempted\":null");
        return;
    }
    buf_printf(out, ",\"exempted\":{\"holds\":%s", x->exemption ? "true" : "false");
    report_json_string(out, "reason", by->reason);
    report_json_string(out, "owner", by->owner);
    report_json_string(out, "until", by->until);
    put_location(out, e->policy, by->pos);
    buf_putc(out, '}');
}

static void put_denied(struct buf *out, const struct report_explained *e,
                       const struct engine_explain_image *x) {
    if (x->denied == NULL) {
        buf_puts(out, ",\"denied\":null");
        return;
    }
    open_map(out, "denied", "pattern");
    put_pattern(out, e->policy, x->denied);
    if (x->denied_as.n != 0)
        report_json_string(out, "as", x->denied_as);
    buf_putc(out, '}');
}

static void put_approval(struct buf *out, const struct report_explained *e,
                         const struct engine_explain_image *x) {
    static const char *const words[] = {NULL, "registry", "mirror", "pattern", "nothing"};
    if (x->approval == APPROVAL_NOT_ASKED) {
        buf_puts(out, ",\"approved\":null");
        return;
    }
    open_map(out, "approved", words[x->approval]);
    if (x->approval == APPROVAL_REGISTRY)
        put_registry(out, e);
    else if (x->approval == APPROVAL_MIRROR)
        put_mirror(out, e->policy, x->served);
    else if (x->approval == APPROVAL_PATTERN)
        put_pattern(out, e->policy, x->approved);
    buf_putc(out, '}');
}

/* A regex that hit its limits, where that is why the image is denied. */
static void put_gave_up(struct buf *out, const struct report_explained *e,
                        const struct engine_explain_image *x) {
    if (x->gave_up == NULL || x->denied != NULL || x->approved != NULL) {
        buf_puts(out, ",\"gaveUp\":null");
        return;
    }
    open_map(out, "gaveUp", "pattern");
    put_pattern(out, e->policy, x->gave_up);
    buf_putc(out, '}');
}

static void put_judged(struct buf *out, const struct report_explained *e,
                       const struct engine_explain_image *x) {
    static const char *const needs[] = {"", "nothing", "met", "digest", "tag"};
    struct buf normal = BUF_INIT(1 << 20);
    report_explain_put_normal(&normal, x);
    report_json_string(out, "normal", buf_view(&normal));
    buf_done(&normal);
    report_json_bool(out, "fullyQualified", x->qualified);
    put_exemption(out, e, x);
    put_way(out, e, x);
    report_json_bool(out, "rewritable", x->can_rewrite);
    report_json_string(out, "judgedAs", x->result);
    put_denied(out, e, x);
    put_approval(out, e, x);
    put_gave_up(out, e, x);
    report_json_string(out, "required", str_of(needs[x->need]));
}

static void put_image(struct buf *out, const struct report_explained *e, size_t i) {
    static const char *const states[] = {"no-rule", "unchanged",     "placeholder",
                                         "invalid", "pattern-limit", "judged"};
    const struct decision_image *d = &e->decision->images[i];
    const struct engine_explain_image *x = &e->how->images[i];
    struct buf pointer = BUF_INIT(1 << 20);
    struct yaml_location pos = report_explain_where(e, i, &pointer);
    report_json(out, "{\"path\":", buf_view(&pointer));
    buf_done(&pointer);
    report_json_string(out, "container", d->image->name);
    report_json_position(out, pos.line, pos.col);
    report_json_string(out, "image", d->before);
    report_json_string(out, "state", str_of(states[x->state]));
    if (x->state == STATE_JUDGED)
        put_judged(out, e, x);
    report_json_string(out, "proposed", d->proposed);
    report_json_string(out, "after", d->after);
    buf_putc(out, '}');
}

/* ---- the rest ------------------------------------------------------------------------ */

static void put_reason(struct buf *out, const struct reason *r) {
    static const char *const words[] = {"note", "warn", "deny"};
    report_json(out, "{\"code\":", str_of(engine_code_name(r->code)));
    report_json_string(out, "weight", str_of(words[r->weight]));
    buf_printf(out, ",\"image\":%d", r->image);
    report_json_string(out, "message", r->message);
    buf_putc(out, '}');
}

static void put_secret(struct buf *out, const struct report_explained *e,
                       const struct engine_explain_secret *s) {
    report_json(out, "{\"name\":", s->secret->name);
    report_json_string(out, "for", s->secret->prefix.text);
    report_json_bool(out, "had", s->had);
    report_json_bool(out, "wanted", s->wanted);
    put_location(out, e->policy, s->secret->pos);
    const struct policy_source *from =
        engine_policy_source(e->policy, s->secret->pos.file, s->secret->name);
    if (from != NULL) {
        report_json(out, ",\"from\":{\"namespace\":", from->from_namespace);
        report_json_string(out, "name", from->from_name);
        put_location(out, e->policy, from->pos);
        buf_putc(out, '}');
    }
    buf_putc(out, '}');
}

static void put_head(struct buf *out, const struct report_explained *e) {
    const struct workload *w = e->workload;
    report_json(out, "{\"file\":", e->object ? str_of(e->object->file) : STR_NONE);
    buf_printf(out, ",\"line\":%u", e->object ? e->object->line : 0);
    report_json_string(out, "kind", w->kind);
    report_json_string(out, "namespace", w->namespace);
    report_json_string(out, "name", w->name.n ? w->name : w->generate_name);
    report_json_string(out, "operation", str_of(engine_operation_name(w->operation)));
    report_json_string(out, "verdict",
                       str_of(e->object ? object_verdict_name(e->object)
                                        : engine_verdict_name(e->decision->verdict)));
    report_json_string(out, "rule", e->decision->rule ? e->decision->rule->name : STR_NONE);
}

void report_explain_json(struct buf *out, const struct report_explained *e, size_t n) {
    static const char *const givings[] = {"no-rule", "none", "forbidden", "audited", "decided"};
    const struct engine_explanation nothing = {.nothing = true};
    const struct engine_explanation *how = e->how ? e->how : &nothing;
    bool decided = how->giving == GIVING_DECIDED;
    (void)n;
    put_head(out, e);
    buf_puts(out, ",\"rules\":[");
    for (size_t i = 0; i < how->n_rules && !how->nothing; i++) {
        buf_puts(out, i ? "," : "");
        put_rule(out, e, &how->rules[i]);
    }
    buf_puts(out, "],\"images\":[");
    for (size_t i = 0; i < how->n_images && !how->nothing; i++) {
        buf_puts(out, i ? "," : "");
        put_image(out, e, i);
    }
    buf_puts(out, "],\"reasons\":[");
    for (size_t i = 0; i < e->decision->n_reasons; i++) {
        buf_puts(out, i ? "," : "");
        put_reason(out, &e->decision->reasons[i]);
    }
    buf_printf(out, "],\"pullSecrets\":\"%s\",\"secrets\":[", givings[how->giving]);
    for (size_t i = 0; i < how->n_secrets && decided; i++) {
        buf_puts(out, i ? "," : "");
        put_secret(out, e, &how->secrets[i]);
    }
    buf_puts(out, "]}\n");
}
