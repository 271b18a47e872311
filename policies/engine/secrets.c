/* imagePullSecrets: the configured ones appended, none twice, none without a name. */
#include "engine/internal.h"

static bool holds(const struct str *names, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

enum { LOCATE_STEPS = 16, BYTES_A_STEP = 4, NAMES_A_STEP = 4 };

/* An image of the pod that will be pulled from the place; -1 when there is none. */
static int32_t first_from(struct ctx *c, const struct policy_place *place) {
    for (const struct memo_image *m = c->memo.different; m != NULL; m = m->next) {
        size_t i = (size_t)(m - c->memo.images);
        struct str text = c->d->images[i].after;
        struct located image;
        struct err ignored = ERR_INIT;
        if (!charge(c, LOCATE_STEPS + text.n / BYTES_A_STEP))
            return -1;
        if (text.n != 0 && locate(c, text, &image, &ignored) &&
            place_covers(place, image.target.host, image.target.repository))
            return (int32_t)i;
    }
    return -1;
}

/* The list as it should be: the pod's own in order, then ours. */
struct wanted {
    struct str *names;
    size_t n, n_kept;
};

/* Tidying compares all with all. Nobody has a thousand pull secrets; who sends them gets them
 * back as they are, and no second of our time. */
enum { TIDY_MAX = 256 };

static void keep_own(const struct workload *w, struct wanted *out) {
    bool tidy = w->n_secrets <= TIDY_MAX;
    for (size_t i = 0; i < w->n_secrets; i++)
        if (!tidy || (w->secrets[i].n != 0 && !holds(out->names, out->n, w->secrets[i])))
            out->names[out->n++] = w->secrets[i];
    out->n_kept = out->n;
}

static void add_configured(struct ctx *c, struct wanted *out) {
    for (size_t i = 0; i < c->rule->n_secrets && charge(c, 1 + out->n / NAMES_A_STEP); i++) {
        const struct policy_secret *s = &c->rule->secrets[i];
        bool had = holds(out->names, out->n, s->name);
        int32_t image = had || s->always ? -1 : first_from(c, &s->place);
        bool wanted = s->always || image >= 0;
        if (!had && wanted)
            out->names[out->n++] = s->name;
        if (c->notes != NULL)
            c->notes->secrets[i] = (struct explain_secret){
                .secret = s, .had = had, .wanted = wanted, .image = image};
    }
}

static struct str secrets_pointer(struct ctx *c, struct str tail) {
    struct buf b = text_start(c, POINTER_MAX);
    buf_str(&b, c->w->spec);
    buf_str(&b, tail);
    return text_take(c, &b);
}

/* An empty or doubled entry anywhere makes appending unsafe: strategic merges by name break on
 * it (kubernetes/kubernetes#118715), so the whole list is written anew. */
static void write_whole(struct ctx *c, const struct wanted *w) {
    add_edit(c, (struct edit){.op = EDIT_ADD,
                              .kind = EDIT_SECRETS,
                              .pointer = secrets_pointer(c, STR("/imagePullSecrets")),
                              .names = w->names,
                              .n_names = w->n});
}

static void append_each(struct ctx *c, const struct wanted *w) {
    struct str end = secrets_pointer(c, STR("/imagePullSecrets/-"));
    for (size_t i = w->n_kept; i < w->n; i++)
        add_edit(
            c, (struct edit){
                   .op = EDIT_ADD, .kind = EDIT_SECRET, .pointer = end, .string = w->names[i]});
}

static enum explain_giving giving_of(const struct ctx *c) {
    if (c->rule->n_secrets == 0)
        return GIVING_NONE;
    if (!(c->may & MAY_SECRETS))
        return GIVING_FORBIDDEN;
    return c->rule->mode == MODE_AUDIT ? GIVING_AUDITED : GIVING_DECIDED;
}

/* false: there is nothing to decide, or no room. */
static bool start_secrets(struct ctx *c, struct wanted *list) {
    enum explain_giving giving = giving_of(c);
    size_t n = c->rule->n_secrets;
    if (c->notes != NULL) {
        c->notes->giving = giving;
        c->notes->secrets = ARENA_ARRAY(c->arena, struct explain_secret, n);
        c->notes->n_secrets = n;
        c->full |= c->notes->secrets == NULL;
    }
    if (giving != GIVING_DECIDED || c->full)
        return false;
    list->names = ARENA_ARRAY(c->arena, struct str, c->w->n_secrets + n);
    c->full = list->names == NULL;
    return !c->full;
}

void decide_secrets(struct ctx *c) {
    const struct workload *w = c->w;
    struct wanted list = {.n = 0};
    if (!start_secrets(c, &list))
        return;
    keep_own(w, &list);
    add_configured(c, &list);
    bool clean = list.n_kept == w->n_secrets;
    if (list.n == 0 || (clean && list.n == list.n_kept))
        return;
    c->d->secrets = list.names;
    c->d->n_secrets = list.n;
    c->d->secrets_added = list.names + list.n_kept;
    c->d->n_secrets_added = list.n - list.n_kept;
    if (clean && w->n_secrets != 0)
        append_each(c, &list);
    else
        write_whole(c, &list);
}
