/* imagePullSecrets: the configured ones appended, none twice.
 *
 * Entries that the author wrote stay where they are, also those without a name, which the kubelet skips
 * without an error. If one were removed, the next server-side apply would add it again and be refused:
 * the list of a pod cannot change. */
#include "engine/internal.h"

static bool has_name(const struct str *names, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

enum { LOCATE_STEPS = 16, BYTES_A_STEP = 4, NAMES_A_STEP = 4 };

/* An image of the pod that will be pulled from the place; -1 when there is none. */
static int32_t first_from(struct ctx *c, const struct policy_prefix *prefix) {
    for (const struct memo_image *m = c->memo.different; m != NULL; m = m->next) {
        size_t i = (size_t)(m - c->memo.images);
        struct str text = c->d->images[i].after;
        struct reference image;
        struct err ignored = ERR_INIT;
        if (!engine_charge(c, LOCATE_STEPS + text.n / BYTES_A_STEP))
            return -1;
        if (text.n != 0 && engine_read_reference(c, text, &image, &ignored) &&
            engine_prefix_covers(prefix, image.target.host, image.target.repository))
            return (int32_t)i;
    }
    return -1;
}

/* The list as it should be: the pod's own as its author wrote it, then ours. */
struct wanted {
    struct str *names;
    size_t n, n_kept;
};

static void keep_own(const struct workload *w, struct wanted *out) {
    for (size_t i = 0; i < w->n_secrets; i++)
        out->names[out->n++] = w->secrets[i];
    out->n_kept = out->n;
}

static void add_configured(struct ctx *c, struct wanted *out) {
    for (size_t i = 0; i < c->rule->n_secrets && engine_charge(c, 1 + out->n / NAMES_A_STEP);
         i++) {
        const struct policy_secret *s = &c->rule->secrets[i];
        bool had = has_name(out->names, out->n, s->name);
        int32_t image = had || s->always ? -1 : first_from(c, &s->prefix);
        bool wanted = s->always || image >= 0;
        if (!had && wanted)
            out->names[out->n++] = s->name;
        if (c->notes != NULL)
            c->notes->secrets[i] = (struct engine_explain_secret){
                .secret = s, .had = had, .wanted = wanted, .image = image};
    }
}

static struct str secrets_pointer(struct ctx *c, struct str tail) {
    struct buf b = engine_text_start(c, POINTER_MAX);
    buf_str(&b, c->w->spec);
    buf_str(&b, tail);
    return engine_text_take(c, &b);
}

/* There is no list yet, or it is null. */
static void write_whole(struct ctx *c, const struct wanted *w) {
    engine_add_edit(
        c, (struct engine_edit){.op = EDIT_ADD,
                                .kind = EDIT_SECRETS,
                                .pointer = secrets_pointer(c, STR("/imagePullSecrets")),
                                .names = w->names,
                                .n_names = w->n});
}

static void append_each(struct ctx *c, const struct wanted *w) {
    struct str end = secrets_pointer(c, STR("/imagePullSecrets/-"));
    for (size_t i = w->n_kept; i < w->n; i++)
        engine_add_edit(
            c, (struct engine_edit){
                   .op = EDIT_ADD, .kind = EDIT_SECRET, .pointer = end, .string = w->names[i]});
}

static enum engine_explain_giving giving_of(const struct ctx *c) {
    if (c->rule->n_secrets == 0)
        return GIVING_NONE;
    if (!(c->may & MAY_SECRETS))
        return GIVING_FORBIDDEN;
    return c->rule->mode == MODE_AUDIT ? GIVING_AUDITED : GIVING_DECIDED;
}

/* false: there is nothing to decide, or no room. */
static bool start_secrets(struct ctx *c, struct wanted *list) {
    enum engine_explain_giving giving = giving_of(c);
    size_t n = c->rule->n_secrets;
    if (c->notes != NULL) {
        c->notes->giving = giving;
        c->notes->secrets = ARENA_ARRAY(c->arena, struct engine_explain_secret, n);
        c->notes->n_secrets = n;
        c->full |= c->notes->secrets == NULL;
    }
    if (giving != GIVING_DECIDED || c->full)
        return false;
    list->names = ARENA_ARRAY(c->arena, struct str, c->w->n_secrets + n);
    c->full = list->names == NULL;
    return !c->full;
}

/* Past the entries without a name. */
static size_t next_name(const struct str *names, size_t n, size_t i) {
    while (i < n && names[i].n == 0)
        i++;
    return i;
}

/* Do the lists differ, and only by entries without a name? */
static bool differ_by_empty(const struct workload *w) {
    size_t i = 0, k = 0;
    bool same = w->n_secrets == w->n_old_secrets;
    for (;; i++, k++) {
        size_t next_i = next_name(w->secrets, w->n_secrets, i);
        size_t next_k = next_name(w->old_secrets, w->n_old_secrets, k);
        same = same && next_i - i == next_k - k;
        i = next_i;
        k = next_k;
        if (i == w->n_secrets || k == w->n_old_secrets)
            return i == w->n_secrets && k == w->n_old_secrets && !same;
        if (!str_eq(w->secrets[i], w->old_secrets[k]))
            return false;
    }
}

/* Earlier versions of pullgate took entries without a name away. A writer that adds one again, as server-
 * side apply does, means the pod as it is. */
static void put_back(struct ctx *c) {
    const struct workload *w = c->w;
    if (!(c->may & MAY_SECRETS_BACK) || c->rule->mode == MODE_AUDIT || w->n_old_secrets == 0 ||
        w->secrets_state != SECRETS_LIST || !differ_by_empty(w))
        return;
    c->d->secrets = w->old_secrets;
    c->d->n_secrets = w->n_old_secrets;
    engine_add_edit(
        c, (struct engine_edit){.op = EDIT_REPLACE,
                                .kind = EDIT_SECRETS,
                                .pointer = secrets_pointer(c, STR("/imagePullSecrets")),
                                .names = w->old_secrets,
                                .n_names = w->n_old_secrets});
}

void engine_decide_secrets(struct ctx *c) {
    const struct workload *w = c->w;
    struct wanted list = {.n = 0};
    put_back(c);
    if (!start_secrets(c, &list) || engine_refuse_odd_secret(c))
        return;
    keep_own(w, &list);
    add_configured(c, &list);
    if (list.n == list.n_kept)
        return;
    c->d->secrets = list.names;
    c->d->n_secrets = list.n;
    c->d->secrets_added = list.names + list.n_kept;
    c->d->n_secrets_added = list.n - list.n_kept;
    if (w->n_secrets != 0)
        append_each(c, &list);
    else
        write_whole(c, &list);
}
