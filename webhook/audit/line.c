/* One decision as one line, which must not grow with the input of a pod's author, and must not be lost.
 *
 * Texts are cut at fixed lengths, so the fixed part of the line is bounded. The lists, which the author
 * controls, share the rest of the line: secrets and images get at most a part of it, reasons what is
 * left. Elements that do not fit are counted. */
#include "audit/audit.h"

#include "base/clock.h"
#include "base/utf8.h"

/* Bytes of a text; in the line a byte takes six at most. */
enum {
    NAME_BYTES = 256, /* a name of Kubernetes has 253, a uid 36 */
    USER_BYTES = 512, /* two such names and a prefix */
    TEXT_BYTES = 512  /* a valid image has 255, a tag and a digest */
};
enum { IMAGES_SHOWN = 256, MESSAGE_BYTES = 2048 };

struct line {
    struct buf *out;
    size_t end; /* limit of the lists: the rest is for what follows them */
    bool cut;
};

static NEVER_INLINE void put_cut(struct line *l, struct str text, size_t max) {
    l->cut = true;
    buf_json(l->out, utf8_cut(text, max));
}

static ALWAYS_INLINE void put_text(struct line *l, struct str text, size_t max) {
    if (text.n <= max)
        buf_json(l->out, text);
    else
        put_cut(l, text, max);
}

/* ,"key":"value", and nothing for an empty value. With the key, everything before the value is one
 * constant text. */
#define PUT(l, key, value, max) put((l), STR(",\"" key "\":"), (value), (max))

static ALWAYS_INLINE void put(struct line *l, struct str key, struct str value, size_t max) {
    if (value.n == 0)
        return;
    buf_str(l->out, key);
    put_text(l, value, max);
}

/* ---- lists --------------------------------------------------------------------------- */

static void put_secret(struct line *l, const struct decision *d, size_t i) {
    put_text(l, d->secrets_added[i], NAME_BYTES);
}

static void put_image(struct line *l, const struct decision *d, size_t i) {
    const struct decision_image *image = &d->images[i];
    buf_puts(l->out, "{\"container\":");
    put_text(l, image->image->name, NAME_BYTES);
    PUT(l, "before", image->before, TEXT_BYTES);
    PUT(l, "after", image->after, TEXT_BYTES);
    if (!str_eq(image->proposed, image->after))
        PUT(l, "proposed", image->proposed, TEXT_BYTES);
    buf_putc(l->out, '}');
}

static void put_reason(struct line *l, const struct decision *d, size_t i) {
    const struct reason *r = &d->reasons[i];
    buf_puts(l->out, "{\"code\":");
    buf_json(l->out, str_of(engine_code_name(r->code)));
    if (r->image >= 0) {
        PUT(l, "container", d->images[r->image].image->name, NAME_BYTES);
        PUT(l, "image", d->images[r->image].before, TEXT_BYTES);
    }
    PUT(l, "suggestion", r->suggestion, TEXT_BYTES);
    PUT(l, "message", r->message, MESSAGE_BYTES);
    buf_putc(l->out, '}');
}

struct list {
    struct str key, omitted;
    void (*put)(struct line *l, const struct decision *d, size_t i);
    size_t n, n_omitted;
    size_t part; /* 1/part of the remaining room */
};

/* As many elements as fit in the list's part of the room, and the number of the others. */
static void put_list(struct line *l, const struct decision *d, const struct list *list) {
    static const size_t tail = sizeof "],\"reasonsOmitted\":18446744073709551615";
    struct buf *out = l->out;
    size_t room = l->end > out->n ? (l->end - out->n) / list->part : 0;
    size_t end = out->n + (room > tail ? room - tail : 0), shown = 0;
    buf_str(out, list->key);
    for (; shown < list->n; shown++) {
        size_t before = out->n;
        bool cut = l->cut;
        if (shown != 0)
            buf_putc(out, ',');
        list->put(l, d, shown);
        if (out->n <= end && !out->bad)
            continue;
        out->n = before;
        l->cut = cut;
        break;
    }
    buf_putc(out, ']');
    size_t omitted = list->n - shown + list->n_omitted;
    if (omitted == 0)
        return;
    l->cut = true;
    buf_str(out, list->omitted);
    buf_uint(out, omitted);
}

static void put_lists(struct line *l, const struct decision *d) {
    size_t images = d->n_images < IMAGES_SHOWN ? d->n_images : IMAGES_SHOWN;
    const struct list lists[] = {{STR(",\"images\":["), STR(",\"imagesOmitted\":"), put_image,
                                  images, d->n_images - images, 3},
                                 {STR(",\"secretsAdded\":["), STR(",\"secretsOmitted\":"),
                                  put_secret, d->n_secrets_added, 0, 4},
                                 {STR(",\"reasons\":["), STR(",\"reasonsOmitted\":"),
                                  put_reason, d->n_reasons, d->n_reasons_omitted, 1}};
    put_list(l, d, &lists[0]);
    for (size_t i = 1; i < sizeof lists / sizeof *lists; i++)
        if (lists[i].n != 0)
            put_list(l, d, &lists[i]);
}

/* ---- the fixed part -------------------------------------------------------------------- */

static void put_rule(struct line *l, const struct audit_entry *e) {
    const struct policy_rule *rule = e->decision->rule;
    if (rule == NULL)
        return;
    PUT(l, "rule", rule->name, NAME_BYTES);
    PUT(l, "file", engine_policy_file(e->policy, rule->pos), NAME_BYTES);
    buf_puts(l->out, ",\"line\":");
    buf_uint(l->out, rule->pos.line);
    PUT(l, "mode", str_of(engine_mode_name(rule->mode)), NAME_BYTES);
}

static void put_object(struct line *l, const struct audit_entry *e) {
    const struct workload *w = e->workload;
    PUT(l, "operation", str_of(engine_operation_name(w->operation)), NAME_BYTES);
    PUT(l, "group", e->group, NAME_BYTES);
    PUT(l, "version", e->version, NAME_BYTES);
    PUT(l, "kind", e->kind, NAME_BYTES);
    PUT(l, "resource", e->resource, NAME_BYTES);
    PUT(l, "subresource", e->subresource, NAME_BYTES);
    PUT(l, "namespace", w->namespace, NAME_BYTES);
    PUT(l, "name", w->name, NAME_BYTES);
    if (w->name.n == 0)
        PUT(l, "generateName", w->generate_name, NAME_BYTES);
    PUT(l, "user", w->user, USER_BYTES);
}

/* After the lists. */
static void put_tail(struct line *l, const struct audit_entry *e) {
    buf_puts(l->out, e->dry_run ? ",\"dryRun\":true" : ",\"dryRun\":false");
    buf_puts(l->out, ",\"durationNs\":");
    buf_int(l->out, e->duration_ns);
    PUT(l, "policySha256", str_of(e->policy->sha256), NAME_BYTES);
    PUT(l, "traceparent", e->traceparent, NAME_BYTES);
    buf_puts(l->out, l->cut ? ",\"cut\":true}\n" : "}\n");
}

enum {
    KEYS_BYTES = 512, /* all keys, numbers and brackets of one line, and a hash */
    TAIL_BYTES = KEYS_BYTES + 6 * NAME_BYTES
};
/* A generated name is used only when there is no other. */
_Static_assert((int)AUDIT_LINE_MIN >= 6 * (11 * NAME_BYTES + USER_BYTES) + 2 * KEYS_BYTES,
               "what is always there fits into the shortest line");

void audit_line(struct buf *out, const struct audit_entry *e, size_t max) {
    struct line l = {.out = out, .end = out->n + max - TAIL_BYTES};
    buf_puts(out, "{\"time\":\"");
    clock_print_us(out, e->time_us);
    buf_puts(out, "\",\"event\":\"decision\"");
    PUT(&l, "endpoint", e->endpoint, NAME_BYTES);
    PUT(&l, "uid", e->uid, NAME_BYTES);
    put_object(&l, e);
    PUT(&l, "verdict", str_of(engine_verdict_name(e->decision->verdict)), NAME_BYTES);
    put_rule(&l, e);
    put_lists(&l, e->decision);
    put_tail(&l, e);
}
