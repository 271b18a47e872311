/* struct decision to an AdmissionReview response, straight into a buffer. */
#include "review/internal.h"

#include "base/utf8.h"

/* Limits of kube-apiserver: it cuts warnings to 256 runes once all together exceed 4096. */
enum {
    WARNING_RUNES = 256,
    WARNINGS_RUNES = 4096,
    REASONS_SHOWN = 20,
    MESSAGE_BYTES = 16384, /* of a denial: no reason begins after them */
    ANNOTATION_BYTES = 8192
};

/* ---- the patch ----------------------------------------------------------------------- */

static void put_name_object(struct buf *out, struct str name) {
    buf_puts(out, "{\"name\":");
    buf_json(out, name);
    buf_putc(out, '}');
}

static void put_edit_value(struct buf *out, const struct engine_edit *e) {
    switch (e->kind) {
    case EDIT_STRING:
        buf_json(out, e->string);
        return;
    case EDIT_SECRET:
        put_name_object(out, e->string);
        return;
    case EDIT_SECRETS:
        buf_putc(out, '[');
        for (size_t i = 0; i < e->n_names; i++) {
            if (i != 0)
                buf_putc(out, ',');
            put_name_object(out, e->names[i]);
        }
        buf_putc(out, ']');
    }
}

void review_patch(struct buf *out, const struct decision *d) {
    static const char *const ops[] = {"add", "replace"};
    buf_putc(out, '[');
    for (size_t i = 0; i < d->n_edits; i++) {
        const struct engine_edit *e = &d->edits[i];
        buf_puts(out, i ? ",{\"op\":\"" : "{\"op\":\"");
        buf_puts(out, ops[e->op]);
        buf_puts(out, "\",\"path\":");
        buf_json(out, e->pointer);
        buf_puts(out, ",\"value\":");
        put_edit_value(out, e);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

/* ---- texts --------------------------------------------------------------------------- */

static size_t count_weight(const struct decision *d, enum reason_weight weight) {
    size_t n = 0;
    for (size_t i = 0; i < d->n_reasons; i++)
        n += d->reasons[i].weight == weight;
    return n;
}

static void put_message(struct buf *out, const struct decision *d) {
    size_t n = count_weight(d, WEIGHT_DENY) + d->n_denials_omitted, shown = 0;
    size_t start = out->n;
    if (n > 1)
        buf_printf(out, "%zu reasons:", n);
    for (size_t i = 0; i < d->n_reasons && shown < REASONS_SHOWN; i++) {
        if (out->n - start > MESSAGE_BYTES)
            break;
        if (d->reasons[i].weight != WEIGHT_DENY)
            continue;
        if (n > 1)
            buf_puts(out, "\n- ");
        buf_str(out, d->reasons[i].message);
        shown++;
    }
    if (shown < n)
        buf_printf(out, "\n- and %zu more", n - shown);
}

/* The first runes of a message; *left is what remains of the limit for all warnings. */
static struct str cut_runes(struct str s, size_t max, size_t *left) {
    size_t at = 0, runes = 0;
    while (at < s.n && runes < max) {
        size_t n = utf8_length((const unsigned char *)s.p + at, s.n - at);
        at += n ? n : 1;
        runes++;
    }
    *left = *left > runes ? *left - runes : 0;
    return str_slice(s, 0, at);
}

static void put_warnings(struct buf *out, const struct decision *d) {
    size_t left = WARNINGS_RUNES - WARNING_RUNES, shown = 0, n = count_weight(d, WEIGHT_WARN);
    if (n == 0)
        return;
    buf_puts(out, ",\"warnings\":[");
    for (size_t i = 0; i < d->n_reasons; i++) {
        if (d->reasons[i].weight != WEIGHT_WARN || left < WARNING_RUNES)
            continue;
        if (shown++ != 0)
            buf_putc(out, ',');
        buf_json(out, cut_runes(d->reasons[i].message, WARNING_RUNES, &left));
    }
    if (shown < n)
        buf_printf(out, ",\"and %zu more warnings\"", n - shown);
    buf_putc(out, ']');
}

/* Texts are composed in a reused scratch buffer. One that did not fit must not pass for a shorter
 * one: the answer becomes bad as well. */
static void carry(struct buf *out, const struct buf *scratch) {
    if (scratch->bad && !out->bad)
        out->bad = scratch->bad;
}

/* ---- audit annotations: the API server stores them as <webhook>/<key> ---------------- */

/* ,"key":"text", and nothing for an empty text. */
static void put_text(struct buf *out, struct str key, const struct buf *text) {
    carry(out, text);
    if (text->n == 0)
        return;
    buf_str(out, key);
    buf_json(out, utf8_cut(buf_view(text), ANNOTATION_BYTES));
}

static void describe_images(struct buf *text, const struct decision *d) {
    for (size_t i = 0; i < d->n_images && text->n < ANNOTATION_BYTES; i++) {
        const struct decision_image *image = &d->images[i];
        if (str_eq(image->before, image->after))
            continue;
        if (text->n != 0)
            buf_puts(text, "; ");
        buf_str(text, utf8_cut(image->image->name, ANNOTATION_BYTES));
        buf_puts(text, ": ");
        buf_str(text, utf8_cut(image->before, ANNOTATION_BYTES));
        buf_puts(text, " -> ");
        buf_str(text, utf8_cut(image->after, ANNOTATION_BYTES));
    }
}

/* The most severe first: what is left out matters least. */
static void describe_reasons(struct buf *text, const struct decision *d) {
    size_t shown = 0;
    for (int weight = WEIGHT_DENY; weight >= WEIGHT_NOTE; weight--) {
        for (size_t i = 0; i < d->n_reasons && shown < REASONS_SHOWN; i++) {
            if ((int)d->reasons[i].weight != weight)
                continue;
            if (shown++ != 0)
                buf_puts(text, "; ");
            buf_puts(text, engine_code_name(d->reasons[i].code));
            buf_puts(text, ": ");
            buf_str(text, d->reasons[i].message);
        }
    }
}

static void describe_secrets(struct buf *text, const struct decision *d) {
    for (size_t i = 0; i < d->n_secrets_added; i++) {
        if (i != 0)
            buf_puts(text, ", ");
        buf_str(text, d->secrets_added[i]);
    }
}

static void put_rule(struct buf *out, const struct policy *p, const struct policy_rule *rule,
                     struct buf *scratch) {
    buf_reset(scratch);
    buf_str(scratch, rule->name);
    buf_puts(scratch, " (");
    buf_str(scratch, engine_policy_file(p, rule->pos));
    buf_putc(scratch, ':');
    buf_uint(scratch, rule->pos.line);
    buf_putc(scratch, ')');
    put_text(out, STR(",\"rule\":"), scratch);
    buf_puts(out, ",\"mode\":");
    buf_json(out, str_of(engine_mode_name(rule->mode)));
}

/* Only what was judged is annotated; deletes and bindings are not. */
static void put_annotations(struct buf *out, const struct policy *p, const struct decision *d,
                            struct buf *scratch) {
    static const struct {
        struct str key;
        void (*describe)(struct buf *text, const struct decision *d);
    } texts[] = {{STR_INIT(",\"images\":"), describe_images},
                 {STR_INIT(",\"pull-secrets\":"), describe_secrets},
                 {STR_INIT(",\"reasons\":"), describe_reasons}};
    if (d->rule == NULL && d->n_reasons == 0)
        return;
    buf_puts(out, ",\"auditAnnotations\":{\"verdict\":");
    buf_json(out, str_of(engine_verdict_name(d->verdict)));
    if (d->rule != NULL)
        put_rule(out, p, d->rule, scratch);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buf_reset(scratch);
        texts[i].describe(scratch, d);
        put_text(out, texts[i].key, scratch);
    }
    buf_putc(out, '}');
}

/* ---- the response -------------------------------------------------------------------- */

static bool is_malformed(const struct decision *d) {
    for (size_t i = 0; i < d->n_reasons; i++)
        if (d->reasons[i].code == REASON_MALFORMED)
            return true;
    return false;
}

static void put_denial(struct buf *out, const struct decision *d, struct buf *scratch) {
    bool malformed = is_malformed(d);
    buf_reset(scratch);
    put_message(scratch, d);
    carry(out, scratch);
    buf_puts(out, ",\"status\":{\"code\":");
    buf_puts(out, malformed ? "422,\"reason\":\"Invalid\"" : "403,\"reason\":\"Forbidden\"");
    buf_puts(out, ",\"message\":");
    buf_json(out, buf_view(scratch));
    buf_putc(out, '}');
}

static void put_patch(struct buf *out, const struct decision *d, struct buf *scratch) {
    buf_reset(scratch);
    review_patch(scratch, d);
    carry(out, scratch);
    buf_puts(out, ",\"patchType\":\"JSONPatch\",\"patch\":\"");
    buf_base64(out, buf_view(scratch));
    buf_putc(out, '"');
}

static void put_head(struct buf *out, const struct review *r, bool allowed) {
    buf_puts(out, "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/");
    buf_puts(out, r->v1beta1 ? "v1beta1" : "v1");
    buf_puts(out, "\",\"response\":{\"uid\":");
    buf_json(out, r->uid);
    buf_puts(out, ",\"allowed\":");
    buf_puts(out, allowed ? "true" : "false");
}

void review_deny(struct buf *out, const struct review *r, unsigned code, const char *reason,
                 struct str message) {
    put_head(out, r, false);
    buf_printf(out, ",\"status\":{\"code\":%u,\"reason\":\"%s\",\"message\":", code, reason);
    buf_json(out, message);
    buf_puts(out, "}}}\n");
}

void review_encode(struct buf *out, const struct review *r, const struct policy *p,
                   const struct decision *d, struct buf *patch) {
    put_head(out, r, d->verdict != VERDICT_DENY);
    if (d->verdict == VERDICT_DENY)
        put_denial(out, d, patch);
    else if (d->n_edits != 0)
        put_patch(out, d, patch);
    put_warnings(out, d);
    put_annotations(out, p, d, patch);
    buf_puts(out, "}}\n");
}

void review_status(struct buf *out, unsigned code, const char *reason, struct str message) {
    buf_puts(
        out,
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",");
    buf_puts(out, "\"message\":");
    buf_json(out, message);
    buf_printf(out, ",\"reason\":\"%s\",\"code\":%u}\n", reason, code);
}
