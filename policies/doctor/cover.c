/* What was noticed of images, told once for all that are alike. */
#include "doctor/model.h"

#include <stdlib.h>

static int compare_sets(const struct credentials_set *a, const struct credentials_set *b) {
    return str_cmp(a != NULL ? a->name : STR_NONE, b != NULL ? b->name : STR_NONE);
}

/* What makes two of them one finding. Two pods that differ by the image alone are told apart where the image
 * is what is wrong. */
static int compare_alike(const struct doctor_miss *a, const struct doctor_miss *b) {
    int order = (a->code > b->code) - (a->code < b->code);
    if (order == 0)
        order = str_cmp(a->namespace, b->namespace);
    if (order == 0)
        order = (a->rule > b->rule) - (a->rule < b->rule);
    if (order == 0)
        order = compare_sets(a->set, b->set);
    if (order == 0)
        order = compare_sets(a->other, b->other);
    if (order == 0)
        order = (a->entry > b->entry) - (a->entry < b->entry);
    if (order == 0 && (a->code == DOCTOR_UNCOVERED || a->code == DOCTOR_KEY_NEAR))
        order = str_cmp(a->image, b->image);
    return order;
}

static int compare(const void *pa, const void *pb) {
    const struct doctor_miss *a = pa, *b = pb;
    int order = compare_alike(a, b);
    return order != 0 ? order : doctor_compare(a->who, b->who);
}

/* ---- words ---------------------------------------------------------------------------------------- */

static void put_users(struct buf *out, const struct doctor_miss *v, size_t n) {
    size_t users = 1;
    for (size_t i = 1; i < n; i++)
        users += v[i].who != v[i - 1].who;
    buf_printf(out, "%.*s/%.*s", STR_ARG(v->who->kind), STR_ARG(v->who->name));
    if (users > 1)
        buf_printf(out, " and %zu more", users - 1);
}

static struct doctor_place place_of(const struct doctor_miss *m,
                                    const struct credentials_set *set) {
    return (struct doctor_place){.kind = STR("Secret"),
                                 .namespace = m->namespace,
                                 .name = set->name,
                                 .file = m->who->file};
}

static void tell_uncovered(struct doctor *d, const struct doctor_miss *v, size_t n) {
    struct buf text = BUF_INIT(1 << 14);
    struct doctor_finding *f = doctor_find(d, DOCTOR_UNCOVERED, v->who, v->rule);
    buf_printf(&text, "image %.*s is covered by no key of ", STR_ARG(v->image));
    for (size_t i = 0; i < v->rule->n_secrets; i++)
        buf_printf(&text, "%s%.*s", i != 0 ? ", " : "", STR_ARG(v->rule->secrets[i].name));
    buf_puts(&text, ", which the rule adds");
    if (n > 1) {
        buf_puts(&text, " to ");
        put_users(&text, v, n);
    }
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
}

static void tell_near(struct doctor *d, const struct doctor_miss *v, size_t n) {
    struct buf text = BUF_INIT(1 << 14);
    const struct doctor_place at = place_of(v, v->set);
    struct doctor_finding *f = doctor_find(d, DOCTOR_KEY_NEAR, &at, v->rule);
    buf_printf(&text, "the key \"%.*s\" misses image %.*s of ", STR_ARG(v->entry->shown),
               STR_ARG(v->image));
    put_users(&text, v, n);
    buf_printf(&text, ": %s", credentials_miss_text(v->miss));
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
}

static void tell_order(struct doctor *d, const struct doctor_miss *v, size_t n) {
    struct buf text = BUF_INIT(1 << 14);
    const struct doctor_place at = place_of(v, v->set);
    struct doctor_finding *f = doctor_find(d, v->code, &at, v->rule);
    buf_printf(&text, "its key \"%.*s\" is tried for %.*s of ", STR_ARG(v->entry->shown),
               STR_ARG(v->image));
    put_users(&text, v, n);
    if (v->switched_off)
        buf_printf(&text,
                   "; that of index.docker.io in %.*s, which the rule adds, is not tried",
                   STR_ARG(v->other->name));
    else if (v->code == DOCTOR_ACCOUNT_FIRST)
        buf_printf(&text, " before that of %.*s, which the rule adds", STR_ARG(v->other->name));
    else
        buf_printf(&text, ", then the same key of %.*s", STR_ARG(v->other->name));
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
}

void doctor_tell_misses(struct doctor *d, struct doctor_miss *v, size_t n) {
    size_t to = 0;
    if (n != 0)
        qsort(v, n, sizeof *v, compare);
    for (size_t from = 0; from < n && d->bad == 0; from = to) {
        for (to = from; to < n && compare_alike(&v[from], &v[to]) == 0;)
            to++;
        if (v[from].code == DOCTOR_UNCOVERED)
            tell_uncovered(d, &v[from], to - from);
        else if (v[from].code == DOCTOR_KEY_NEAR)
            tell_near(d, &v[from], to - from);
        else
            tell_order(d, &v[from], to - from);
    }
}
