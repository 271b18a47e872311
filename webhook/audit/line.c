/* One decision as one line. */
#include "audit/audit.h"

#include "base/clock.h"

/* A line must not grow with what a pod's author sends. */
enum { IMAGES_SHOWN = 256 };

/* ,"key":"value", and nothing for an empty value. With the key, all before the value is one text whose
 * length the compiler knows. */
#define PUT(out, key, value) put((out), STR(",\"" key "\":"), (value))

static ALWAYS_INLINE void put(struct buf *out, struct str key, struct str value) {
    if (value.n == 0)
        return;
    buf_str(out, key);
    buf_json(out, value);
}

static void put_secrets(struct buf *out, const struct decision *d) {
    if (d->n_secrets_added == 0)
        return;
    buf_puts(out, ",\"secretsAdded\":[");
    for (size_t i = 0; i < d->n_secrets_added; i++) {
        if (i != 0)
            buf_putc(out, ',');
        buf_json(out, d->secrets_added[i]);
    }
    buf_putc(out, ']');
}

static void put_images(struct buf *out, const struct decision *d) {
    buf_puts(out, ",\"images\":[");
    for (size_t i = 0; i < d->n_images && i < IMAGES_SHOWN; i++) {
        const struct decision_image *image = &d->images[i];
        buf_puts(out, i ? ",{\"container\":" : "{\"container\":");
        buf_json(out, image->image->name);
        PUT(out, "before", image->before);
        PUT(out, "after", image->after);
        if (!str_eq(image->proposed, image->after))
            PUT(out, "proposed", image->proposed);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    if (d->n_images > IMAGES_SHOWN)
        buf_printf(out, ",\"imagesOmitted\":%zu", d->n_images - IMAGES_SHOWN);
}

static void put_reason(struct buf *out, const struct decision *d, const struct reason *r) {
    buf_puts(out, "{\"code\":");
    buf_json(out, str_of(engine_code_name(r->code)));
    if (r->image >= 0) {
        PUT(out, "container", d->images[r->image].image->name);
        PUT(out, "image", d->images[r->image].before);
    }
    PUT(out, "suggestion", r->suggestion);
    PUT(out, "message", r->message);
    buf_putc(out, '}');
}

static void put_reasons(struct buf *out, const struct decision *d) {
    if (d->n_reasons == 0)
        return;
    buf_puts(out, ",\"reasons\":[");
    for (size_t i = 0; i < d->n_reasons; i++) {
        if (i != 0)
            buf_putc(out, ',');
        put_reason(out, d, &d->reasons[i]);
    }
    buf_putc(out, ']');
    if (d->n_reasons_omitted != 0)
        buf_printf(out, ",\"reasonsOmitted\":%zu", d->n_reasons_omitted);
}

static void put_rule(struct buf *out, const struct audit_entry *e) {
    const struct policy_rule *rule = e->decision->rule;
    if (rule == NULL)
        return;
    PUT(out, "rule", rule->name);
    PUT(out, "file", policy_file(e->policy, rule->pos));
    buf_puts(out, ",\"line\":");
    buf_uint(out, rule->pos.line);
    PUT(out, "mode", str_of(engine_mode_name(rule->mode)));
}

static void put_object(struct buf *out, const struct audit_entry *e) {
    const struct workload *w = e->workload;
    PUT(out, "operation", str_of(engine_operation_name(w->operation)));
    PUT(out, "group", e->group);
    PUT(out, "version", e->version);
    PUT(out, "kind", e->kind);
    PUT(out, "resource", e->resource);
    PUT(out, "subresource", e->subresource);
    PUT(out, "namespace", w->namespace);
    PUT(out, "name", w->name);
    if (w->name.n == 0)
        PUT(out, "generateName", w->generate_name);
    PUT(out, "user", w->user);
}

void audit_line(struct buf *out, const struct audit_entry *e) {
    buf_puts(out, "{\"time\":\"");
    clock_print_us(out, e->time_us);
    buf_puts(out, "\",\"event\":\"decision\"");
    PUT(out, "endpoint", e->endpoint);
    PUT(out, "uid", e->uid);
    put_object(out, e);
    PUT(out, "verdict", str_of(engine_verdict_name(e->decision->verdict)));
    put_rule(out, e);
    put_images(out, e->decision);
    put_secrets(out, e->decision);
    put_reasons(out, e->decision);
    buf_puts(out, e->dry_run ? ",\"dryRun\":true" : ",\"dryRun\":false");
    buf_puts(out, ",\"durationNs\":");
    buf_int(out, e->duration_ns);
    PUT(out, "policySha256", str_of(e->policy->sha256));
    PUT(out, "traceparent", e->traceparent);
    buf_puts(out, "}\n");
}
