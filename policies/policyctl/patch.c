#include "policyctl/patch.h"

#include "policyctl/attempt.h"

#include <jansson.h>

/* The container that holds the pointer's last token; borrowed. Decisions only point into
 * objects and arrays that exist. */
static json_t *parent_of(json_t *root, struct str pointer, struct str *last) {
    json_t *at = root;
    pointer = str_slice(pointer, 1, pointer.n);
    for (;;) {
        size_t n = str_find(pointer, '/');
        struct str token = str_slice(pointer, 0, n);
        uint64_t index = 0;
        if (n == pointer.n) {
            *last = token;
            return at;
        }
        at = json_is_array(at) && str_to_uint(token, SIZE_MAX, &index)
                 ? json_array_get(at, (size_t)index)
                 : json_object_getn(at, token.p, token.n);
        pointer = str_slice(pointer, n + 1, pointer.n);
    }
}

static json_t *secret_new(struct str name) {
    return json_pack("{s:s%}", "name", name.n ? name.p : "", name.n);
}

static json_t *value_new(const struct edit *e) {
    if (e->kind == EDIT_STRING)
        return json_stringn(e->string.p, e->string.n);
    if (e->kind == EDIT_SECRET)
        return secret_new(e->string);
    json_t *list = json_array();
    for (size_t i = 0; i < e->n_names && list != NULL; i++)
        json_array_append_new(list, secret_new(e->names[i]));
    return list;
}

static bool apply(json_t *root, const struct edit *e) {
    struct str last;
    json_t *parent = parent_of(root, e->pointer, &last);
    json_t *value = value_new(e);
    if (str_eq(last, STR("-")))
        return json_array_append_new(parent, value) == 0;
    return json_object_setn_new(parent, last.p, last.n, value) == 0;
}

static int add_text(const char *bytes, size_t n, void *out) {
    buf_add(out, bytes, n);
    return ((struct buf *)out)->bad ? -1 : 0;
}

static enum ec dump(json_t *root, struct buf *out, struct err *err) {
    if (json_dump_callback(root, add_text, out, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return EC_OK;
    return err_set(err, out->bad ? (enum ec)out->bad : EC_NOMEM, "no room for the object");
}

struct patch {
    struct str object;
    const struct edit *edits;
    size_t n_edits;
    struct buf *out;
};

static void patch(void *arg, struct err *err) {
    const struct patch *p = arg;
    json_error_t why = {.line = 0};
    json_t *root = json_loadb(p->object.p, p->object.n, JSON_DECODE_ANY, &why);
    if (root == NULL) {
        err_set(err, EC_LIMIT, "cannot be printed: %s", why.text);
        return;
    }
    bool ok = true;
    for (size_t i = 0; i < p->n_edits && ok; i++)
        ok = apply(root, &p->edits[i]);
    if (!ok)
        err_set(err, EC_NOMEM, "out of memory");
    else
        dump(root, p->out, err);
    json_decref(root);
}

enum ec patch_apply(struct str object, const struct edit *edits, size_t n_edits,
                    struct buf *out, struct err *err) {
    struct patch p = {.object = object, .edits = edits, .n_edits = n_edits, .out = out};
    return attempt(patch, &p, err);
}

struct comparison {
    struct str a, b;
    bool equal;
};

static void compare(void *arg, struct err *err) {
    struct comparison *c = arg;
    json_error_t why;
    json_t *left = json_loadb(c->a.p, c->a.n, JSON_DECODE_ANY, &why);
    json_t *right = json_loadb(c->b.p, c->b.n, JSON_DECODE_ANY, &why);
    (void)err; /* what cannot be read equals nothing */
    c->equal = left != NULL && right != NULL && json_equal(left, right);
    json_decref(left);
    json_decref(right);
}

enum ec patch_equal(bool *equal, struct str a, struct str b, struct err *err) {
    struct comparison c = {.a = a, .b = b};
    enum ec ec = attempt(compare, &c, err);
    *equal = c.equal;
    return ec;
}
