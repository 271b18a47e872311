#include "policyctl/patch.h"

#include "policyctl/attempt.h"

#include <jansson.h>

enum { HIDDEN_MAX = 1 << 30 };

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

/* ---- numbers ------------------------------------------------------------------------- */

/* jansson holds 64 bits of a number, Kubernetes and YAML more: numbers go through it as strings that
 * begin with a mark, and come out of it as they were written. Nor does it hold U+0000 in a key: in
 * strings that character, and the mark's own, have marks of their own. Texts are compact, as
 * json_print() and dump() make them. */
static const struct str number_mark = STR_INIT("\\u0001N");

/* Bytes of the string at the beginning of s, its quotes among them. */
static size_t string_length(struct str s) {
    size_t i = 1;
    while (i < s.n && s.p[i] != '"')
        i += s.p[i] == '\\' ? 2 : 1;
    return i + 1 < s.n ? i + 1 : s.n;
}

static size_t number_length(struct str s) {
    size_t i = 0;
    while (i < s.n && (ascii_is_digit(s.p[i]) || str_find(STR("+-.eE"), s.p[i]) < 5))
        i++;
    return i;
}

/* A string with its quotes; in it swaps[i][0] becomes swaps[i][1]. A backslash escaped is passed over
 * together with what escapes it. */
static void put_string(struct str s, const struct str (*swaps)[2], struct buf *out) {
    for (size_t i = 0; i < s.n;) {
        struct str rest = str_slice(s, i, s.n);
        const struct str *swap = str_starts(rest, swaps[0][0])   ? swaps[0]
                                 : str_starts(rest, swaps[1][0]) ? swaps[1]
                                                                 : NULL;
        size_t n = swap != NULL ? swap[0].n : rest.p[0] == '\\' ? 2 : 1;
        buf_str(out, swap != NULL ? swap[1] : str_slice(rest, 0, n));
        i += n;
    }
}

static void hide_numbers(struct str s, struct buf *out) {
    static const struct str swaps[2][2] = {{STR_INIT("\\u0000"), STR_INIT("\\u0001Z")},
                                           {STR_INIT("\\u0001"), STR_INIT("\\u0001O")}};
    while (s.n != 0) {
        bool is_number = s.p[0] == '-' || ascii_is_digit(s.p[0]);
        size_t n = s.p[0] == '"' ? string_length(s) : is_number ? number_length(s) : 1;
        if (is_number)
            buf_printf(out, "\"%s%.*s\"", number_mark.p, STR_ARG(str_slice(s, 0, n)));
        else if (s.p[0] == '"')
            put_string(str_slice(s, 0, n), swaps, out);
        else
            buf_str(out, str_slice(s, 0, n));
        s = str_slice(s, n, s.n);
    }
}

static void show_numbers(struct str s, struct buf *out) {
    static const struct str swaps[2][2] = {{STR_INIT("\\u0001Z"), STR_INIT("\\u0000")},
                                           {STR_INIT("\\u0001O"), STR_INIT("\\u0001")}};
    while (s.n != 0) {
        size_t n = s.p[0] == '"' ? string_length(s) : 1;
        struct str text = str_slice(s, 1, n);
        if (str_starts(text, number_mark)) {
            buf_str(out, str_slice(text, number_mark.n, text.n - 1));
        } else if (s.p[0] == '"') {
            put_string(str_slice(s, 0, n), swaps, out);
        } else {
            buf_str(out, str_slice(s, 0, n));
        }
        s = str_slice(s, n, s.n);
    }
}

/* ---- edits --------------------------------------------------------------------------- */

static json_t *load(const struct buf *hidden, struct err *err) {
    json_error_t why = {.line = 0};
    json_t *root = json_loadb(hidden->p, hidden->n, JSON_DECODE_ANY, &why);
    if (root == NULL)
        err_set(err, EC_LIMIT, "cannot be printed: %s", why.text);
    return root;
}

struct patch {
    const struct edit *edits;
    size_t n_edits;
    struct buf before, after; /* numbers hidden */
};

static void patch(void *arg, struct err *err) {
    struct patch *p = arg;
    json_t *root = load(&p->before, err);
    if (root == NULL)
        return;
    bool ok = true;
    for (size_t i = 0; i < p->n_edits && ok; i++)
        ok = apply(root, &p->edits[i]);
    if (!ok)
        err_set(err, EC_NOMEM, "out of memory");
    else if (json_dump_callback(root, add_text, &p->after, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        err_set(err, p->after.bad ? (enum ec)p->after.bad : EC_NOMEM, "no room for the object");
    json_decref(root);
}

static enum ec check_room(const struct buf *b, struct err *err) {
    return b->bad ? err_set(err, (enum ec)b->bad, "no room for the object") : EC_OK;
}

enum ec patch_apply(struct str object, const struct edit *edits, size_t n_edits,
                    struct buf *out, struct err *err) {
    struct patch p = {.edits = edits,
                      .n_edits = n_edits,
                      .before = BUF_INIT(HIDDEN_MAX),
                      .after = BUF_INIT(HIDDEN_MAX)};
    hide_numbers(object, &p.before);
    if (check_room(&p.before, err) == EC_OK && attempt(patch, &p, err) == EC_OK) {
        show_numbers(buf_view(&p.after), out);
        (void)!check_room(out, err);
    }
    buf_done(&p.before);
    buf_done(&p.after);
    return err->code;
}

struct comparison {
    struct buf a, b; /* numbers hidden */
    bool equal;
};

static void compare(void *arg, struct err *err) {
    struct comparison *c = arg;
    json_t *left = load(&c->a, err), *right = load(&c->b, err);
    c->equal = left != NULL && right != NULL && json_equal(left, right);
    json_decref(left);
    json_decref(right);
}

enum ec patch_equal(bool *equal, struct str a, struct str b, struct err *err) {
    struct comparison c = {.a = BUF_INIT(HIDDEN_MAX), .b = BUF_INIT(HIDDEN_MAX)};
    hide_numbers(a, &c.a);
    hide_numbers(b, &c.b);
    if (check_room(&c.a, err) == EC_OK && check_room(&c.b, err) == EC_OK)
        (void)!attempt(compare, &c, err);
    *equal = c.equal;
    buf_done(&c.a);
    buf_done(&c.b);
    return err->code;
}
