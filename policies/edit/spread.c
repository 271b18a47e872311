/* Changes of a document with aliases. */
#include "edit/spread.h"

#include "base/mem.h"

#include <stdlib.h>

static bool is_same_change(const struct edit_change *a, const struct edit_change *b) {
    if (a == NULL || b == NULL)
        return a == b;
    if (a->is_list != b->is_list || a->n_names != b->n_names || !str_eq(a->string, b->string))
        return false;
    for (size_t i = 0; i < a->n_names; i++)
        if (!str_eq(a->names[i], b->names[i]))
            return false;
    return true;
}

struct spread {
    struct edit_changes *changes;
    const struct edit_splice *s;
    const struct json *json;
    const struct edit_change **wanted; /* by node: what it should become; NULL: as it was */
    const struct edit_change *
        *now; /* by node: what it has become; of a mapping, by what is added */
    json_at *parent;
};

static bool is_written(const struct spread *p, json_at node) {
    return yaml_source(p->s->doc, node) == YAML_WRITTEN;
}

static void find_parents(struct spread *p) {
    const struct json *j = p->json;
    p->parent[0] = JSON_NONE;
    for (json_at at = 0; at < j->n_nodes; at++) {
        bool map = json_is(j, at, JSON_OBJECT);
        if (!map && !json_is(j, at, JSON_ARRAY))
            continue;
        for (json_at k = json_first(j, at); k != JSON_NONE; k = json_next(j, at, k + map)) {
            p->parent[k] = at;
            p->parent[k + map] = at;
        }
    }
}

static size_t count_uses(const struct spread *p, json_at node) {
    const struct yaml_location *pos = p->s->doc->pos;
    size_t uses = 0;
    for (json_at i = 0; i < p->json->n_nodes; i++)
        uses += pos[i].line == pos[node].line && pos[i].col == pos[node].col &&
                p->json->nodes[i].type == p->json->nodes[node].type;
    return uses;
}

static enum ec fail_shared(const struct spread *p, json_at node, struct err *err) {
    struct yaml_location pos = p->s->doc->pos[node], alias = yaml_alias(p->s->doc, node);
    err_locate(err, NULL, pos.line, pos.col);
    return err_set(
        err, EC_SCHEMA,
        "this value is used in %zu places (an anchor and its aliases, one in line %u) that "
        "would have to differ; write it out where they do",
        count_uses(p, node), alias.line);
}

/* Text that begins with the key, in quotes or not. */
static bool begins_with(struct str text, const char *key) {
    text = str_slice(text, text.n != 0 && strchr("\"'", text.p[0]) != NULL, text.n);
    return str_starts(text, str_of(key));
}

/* A member of that name before the "<<", which would be there twice then. */
static enum ec check_lost(const struct spread *p, json_at mapping, const char *key,
                          struct err *err) {
    const struct yaml_doc *doc = p->s->doc;
    for (uint32_t i = 0; i < doc->n_lost; i++) {
        size_t at = edit_text_offset(p->s->text, doc->lost[i].pos);
        struct str text = p->s->text->text;
        if (doc->lost[i].mapping != mapping || !begins_with(str_slice(text, at, text.n), key))
            continue;
        err_locate(err, NULL, doc->lost[i].pos.line, doc->lost[i].pos.col);
        return err_set(err, EC_SCHEMA,
                       "\"%s\" is before a \"<<\" that merges the same key and wins over it; "
                       "move this one after the \"<<\"",
                       key);
    }
    return EC_OK;
}

/* ---- members that are there ---- */

/* The value that a member has now, as a change that keeps it. */
static enum ec as_it_was(struct spread *p, json_at value, struct edit_change *out,
                         struct err *err) {
    const struct json *j = p->json;
    size_t n = 0;
    *out = (struct edit_change){.value = value, .is_list = json_is(j, value, JSON_ARRAY)};
    out->string = json_str(j, value);
    if (!out->is_list)
        return json_is(j, value, JSON_STRING) ? EC_OK : fail_shared(p, value, err);
    struct str *names = ARENA_ARRAY(&p->changes->arena, struct str, j->nodes[value].len);
    if (names == NULL)
        return arena_fail(&p->changes->arena, err);
    for (json_at at = json_first(j, value); at != JSON_NONE; at = json_next(j, value, at)) {
        json_at name = json_get(j, at, STR("name"));
        if (!json_is(j, name, JSON_STRING) || j->nodes[at].len != 1)
            return fail_shared(p, value, err);
        names[n++] = json_str(j, name);
    }
    out->names = names;
    out->n_names = n;
    return EC_OK;
}

/* The mapping merges it by "<<", and gets one of its own. */
static enum ec override(struct spread *p, json_at value, const char *key, struct err *err) {
    struct edit_change own;
    json_at mapping = p->parent[value];
    if (p->wanted[value] != NULL)
        own = *p->wanted[value];
    else if (as_it_was(p, value, &own, err) != EC_OK)
        return err->code;
    if (check_lost(p, mapping, key, err) != EC_OK)
        return err->code;
    own.mapping = mapping;
    own.key = key;
    own.before = "";
    return edit_spread_member(p->s, &own, err);
}

static const struct edit_change *inherited(const struct spread *p, json_at node) {
    int64_t source = yaml_source(p->s->doc, node);
    return source < 0 ? NULL : p->now[source];
}

static enum ec settle_value(struct spread *p, json_at node, struct err *err) {
    const struct edit_change *wanted = p->wanted[node], *comes = inherited(p, node);
    const json_at mapping = p->parent[node];
    p->now[node] = wanted;
    if (is_same_change(wanted, comes))
        return EC_OK;
    if (is_written(p, node)) /* and so it inherits nothing */
        return wanted == NULL ? EC_OK : edit_spread_value(p->s, wanted, err);
    bool merged = json_is(p->json, mapping, JSON_OBJECT) && is_written(p, mapping) &&
                  !is_written(p, node - 1);
    if (!merged)
        return fail_shared(p, node, err);
    return override(p, node, wanted != NULL ? wanted->key : comes->key, err);
}

static enum ec settle_values(struct spread *p, struct err *err) {
    for (size_t i = 0; i < p->changes->n; i++)
        if (p->changes->v[i].value != JSON_NONE)
            p->wanted[p->changes->v[i].value] = &p->changes->v[i];
    for (json_at at = 0; at < p->json->n_nodes; at++)
        if ((p->wanted[at] != NULL || inherited(p, at) != NULL) &&
            settle_value(p, at, err) != EC_OK)
            return err->code;
    return EC_OK;
}

/* ---- members that are added ---- */

/* What has been added to an anchor that is merged here, or NULL. */
static const struct edit_change *merged_change(const struct spread *p, json_at mapping) {
    const struct json *j = p->json;
    for (json_at k = json_first(j, mapping); k != JSON_NONE; k = json_next(j, mapping, k + 1)) {
        int64_t source = yaml_source(p->s->doc, k);
        json_at anchor = source < 0 ? JSON_NONE : p->parent[source];
        if (anchor != JSON_NONE && p->now[anchor] != NULL)
            return p->now[anchor];
    }
    return NULL;
}

/* Is the member merged by what has been added to an anchor? Then it need not be written. */
static bool comes_along(const struct spread *p, const struct edit_change *c) {
    const struct edit_change *merged = merged_change(p, c->mapping);
    return merged != NULL && yaml_merge_of(p->s->doc, c->mapping) != NULL &&
           is_same_change(merged, c);
}

/* What an anchor's mapping is given, those that repeat or merge it get as well. */
static enum ec check_others(const struct spread *p, const char *key, struct err *err) {
    const struct json *j = p->json;
    for (json_at at = 0; at < j->n_nodes; at++) {
        if (p->now[at] != NULL || !json_is(j, at, JSON_OBJECT))
            continue;
        int64_t source = yaml_source(p->s->doc, at);
        bool repeats = source >= 0 && p->now[source] != NULL;
        bool merges = yaml_merge_of(p->s->doc, at) != NULL &&
                      json_get(j, at, str_of(key)) == JSON_NONE && merged_change(p, at) != NULL;
        if (repeats)
            return fail_shared(p, at, err);
        if (!merges)
            continue;
        const struct yaml_location pos = yaml_merge_of(p->s->doc, at)->key;
        err_locate(err, NULL, pos.line, pos.col);
        return err_set(err, EC_SCHEMA,
                       "this \"<<\" would merge the \"%s\" that its anchor needs and that must "
                       "not be here; write out the merged keys",
                       key);
    }
    return EC_OK;
}

static enum ec settle_added(struct spread *p, const struct edit_change *c, struct err *err) {
    const json_at mapping = c->mapping;
    p->now[mapping] = c;
    if (!is_written(p, mapping)) {
        int64_t source = yaml_source(p->s->doc, mapping);
        bool same = source >= 0 && is_same_change(p->now[source], c);
        return same ? EC_OK : fail_shared(p, mapping, err);
    }
    return comes_along(p, c) ? EC_OK : edit_spread_member(p->s, c, err);
}

static int by_key_and_mapping(const void *pa, const void *pb) {
    const struct edit_change *a = pa, *b = pb;
    int order = strcmp(a->key, b->key);
    return order != 0 ? order : (a->mapping > b->mapping) - (a->mapping < b->mapping);
}

/* Key by key, and anchors before those that merge them. */
static enum ec settle_members(struct spread *p, struct err *err) {
    const struct edit_changes *c = p->changes;
    const char *key = NULL;
    for (size_t i = 0; i < c->n; i++) {
        if (c->v[i].value != JSON_NONE)
            continue;
        if (key != NULL && strcmp(key, c->v[i].key) != 0) {
            if (check_others(p, key, err) != EC_OK)
                return err->code;
            key = NULL;
        }
        if (key == NULL)
            memset(p->now, 0, p->json->n_nodes * sizeof(const struct edit_change *));
        key = c->v[i].key;
        if (settle_added(p, &c->v[i], err) != EC_OK)
            return err->code;
    }
    return key == NULL ? EC_OK : check_others(p, key, err);
}

static enum ec settle(struct spread *p, struct err *err) {
    if (p->changes->n != 0)
        qsort(p->changes->v, p->changes->n, sizeof *p->changes->v, by_key_and_mapping);
    find_parents(p);
    return settle_values(p, err) != EC_OK ? err->code : settle_members(p, err);
}

enum ec edit_spread(struct edit_changes *c, const struct edit_splice *s, struct err *err) {
    const size_t n = s->doc->json->n_nodes;
    struct spread p = {.changes = c, .s = s, .json = s->doc->json};
    p.wanted = mem_zalloc(mem_array_bytes(n, sizeof(const struct edit_change *)));
    p.now = mem_zalloc(mem_array_bytes(n, sizeof(const struct edit_change *)));
    p.parent = mem_alloc(mem_array_bytes(n, sizeof *p.parent));
    enum ec ec = EC_OK;
    if (p.wanted != NULL && p.now != NULL && p.parent != NULL)
        ec = settle(&p, err);
    else
        ec = err_set(err, EC_NOMEM, "out of memory");
    mem_free(p.wanted);
    mem_free(p.now);
    mem_free(p.parent);
    return ec;
}
