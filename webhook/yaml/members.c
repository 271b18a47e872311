#include "yaml/members.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the stack ----------------------------------------------------------------------- */

enum ec yaml_members_add(struct members *m, struct member one, struct err *err) {
    if (m->n == m->cap) {
        uint32_t cap = m->cap ? 2 * m->cap : 64;
        struct member *more = mem_realloc(m->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return err_set(err, EC_NOMEM, "no memory for the members of a mapping");
        m->v = more;
        m->cap = cap;
    }
    m->v[m->n++] = one;
    return EC_OK;
}

static void reverse(struct member *v, uint32_t n) {
    for (uint32_t i = 0; i < n / 2; i++) {
        struct member other = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = other;
    }
}

void yaml_members_reverse_runs(struct members *m, uint32_t first) {
    struct member *v = m->v + first;
    uint32_t n = m->n - first, end;
    reverse(v, n);
    for (uint32_t from = 0; from < n; from = end) {
        for (end = from + 1; end < n && v[end].run == v[from].run;)
            end++;
        reverse(v + from, end - from);
    }
}

/* ---- which of them counts ------------------------------------------------------------ */

struct key_order {
    struct str key;
    uint32_t order;
};

static int compare_members(const void *pa, const void *pb) {
    const struct key_order *a = pa, *b = pb;
    int order = str_cmp(a->key, b->key);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static bool is_before(struct yaml_location a, struct yaml_location b) {
    return a.line != b.line ? a.line < b.line : a.col < b.col;
}

static enum ec fail_twice(const struct emitted *out, struct str key, uint32_t a, uint32_t b,
                          struct err *err) {
    const struct yaml_location *pos = out->locations->p;
    const bool in_order = is_before(pos[a], pos[b]);
    err_set(err, EC_SCHEMA, "duplicate key %.*s%s, first on line %u",
            STR_ARG(str_slice(key, 0, 64)), key.n > 64 ? "...\"" : "",
            pos[in_order ? a : b].line);
    return yaml_err_at(err, pos[in_order ? b : a]);
}

/* Keys of one name, in the order in which they are set: the last one counts. */
static enum ec settle_name(struct member *v, const struct key_order *e, size_t n,
                           const struct emitted *out, struct err *err) {
    for (size_t i = 1, own = v[e[0].order].own ? 0 : n; i < n; i++) {
        struct member *before = &v[e[i - 1].order], *one = &v[e[i].order];
        if (before->kind != one->kind)
            return fail_twice(out, e[i].key, before->node, one->node, err);
        if (one->own && own < n)
            return fail_twice(out, e[i].key, v[e[own].order].node, one->node, err);
        own = one->own ? i : own;
        before->lost = true;
    }
    return EC_OK;
}

static enum ec settle_names(struct member *v, uint32_t n, struct key_order *e,
                            const struct emitted *out, struct err *err) {
    for (uint32_t i = 0; i < n; i++)
        e[i] = (struct key_order){{out->json->p + v[i].at, v[i].len}, i};
    qsort(e, n, sizeof *e, compare_members);
    for (uint32_t from = 0, end; from < n; from = end) {
        for (end = from + 1; end < n && str_eq(e[end].key, e[from].key);)
            end++;
        if (settle_name(v, e + from, end - from, out, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

/* ---- removing the others --------------------------------------------------------------- */

static int compare_offsets(const void *pa, const void *pb) {
    const struct member *a = pa, *b = pb;
    return (a->at > b->at) - (a->at < b->at);
}

static enum ec keep_lost(struct emitted *out, const struct members_of *of,
                         const struct member *one, struct err *err) {
    struct merges *m = out->merges;
    if (m->n_lost == m->cap_lost) {
        uint32_t cap = m->cap_lost ? 2 * m->cap_lost : 16;
        struct yaml_lost *more = mem_realloc(m->lost, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return err_set(err, EC_NOMEM, "no memory for the members of a mapping");
        m->lost = more;
        m->cap_lost = cap;
    }
    m->lost[m->n_lost++] = (struct yaml_lost){of->mapping_id, out->locations->p[one->node]};
    return EC_OK;
}

static void move_nodes(struct locations *p, uint32_t to, uint32_t from, uint32_t n) {
    memmove(p->p + to, p->p + from, n * sizeof *p->p);
    memmove(p->origin + to, p->origin + from, n * sizeof *p->origin);
}

/* In the order of the text; a member ends where the next one begins, less the comma. */
static uint32_t remove_lost(struct member *v, uint32_t n, struct emitted *out) {
    struct buf *json = out->json;
    struct locations *locations = out->locations;
    uint32_t kept = 0, at = v[0].at, node = v[0].node;
    const uint32_t end = (uint32_t)json->n, end_node = locations->n;
    for (uint32_t i = 0; i < n; i++) {
        const bool last = i + 1 == n;
        const uint32_t to = last ? end : v[i + 1].at - 1;
        const uint32_t to_node = last ? end_node : v[i + 1].node;
        struct member one = v[i];
        if (one.lost)
            continue;
        if (kept != 0)
            json->p[at++] = ',';
        memmove(json->p + at, json->p + one.at, to - one.at);
        move_nodes(locations, node, one.node, to_node - one.node);
        v[kept] = one;
        v[kept].at = at;
        v[kept++].node = node;
        at += to - one.at;
        node += to_node - one.node;
    }
    json->n = at;
    locations->n = node;
    return kept;
}

enum ec yaml_members_settle(struct members *m, const struct members_of *of, struct emitted *out,
                            struct anchors *anchors, struct err *err) {
    struct member *v = m->v + of->first;
    const uint32_t n = m->n - of->first;
    bool lost = false;
    if (n < 2)
        return EC_OK;
    AUTO(mem_freep) struct key_order *e = mem_alloc(mem_array_bytes(n, sizeof *e));
    if (e == NULL)
        return err_set(err, EC_NOMEM, "no memory for the members of a mapping");
    if (settle_names(v, n, e, out, err) != EC_OK)
        return err->code;
    for (uint32_t i = 0; i < n; i++) {
        lost |= v[i].lost;
        if (v[i].lost && v[i].own && keep_lost(out, of, &v[i], err) != EC_OK)
            return err->code;
    }
    if (!lost)
        return EC_OK;
    if (yaml_anchors_put_aside(anchors, of->from, out, err) != EC_OK)
        return err->code;
    qsort(v, n, sizeof *v, compare_offsets);
    m->n = of->first + remove_lost(v, n, out);
    return EC_OK;
}
