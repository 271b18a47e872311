#include "policyctl/patch.h"

#include "base/arena.h"

#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>

enum { PATCH_BYTES_MAX = 1 << 30 };

/* jansson must not see an allocation fail: its lexer loses a byte then and goes on, beyond the
 * end of what it has if that byte was a quote. Where there is no room its call is left for good;
 * all that it had then is in the arena. policies/rules/tree.c does the same for rule files. */
struct attempt {
    struct arena arena;
    jmp_buf no_room;
};

static _Thread_local struct attempt *current; /* NULL outside of patch_apply */
static json_malloc_t others_malloc;           /* the loader's of rule files, who came first */
static json_free_t others_free;

static void *allocate(size_t n) {
    if (current == NULL)
        return others_malloc(n);
    void *p = arena_alloc(&current->arena, n);
    if (p == NULL)
        longjmp(current->no_room, 1);
    return p;
}

static void release(void *p) {
    if (current == NULL)
        others_free(p);
}

static void set_allocator(void) {
    json_get_alloc_funcs(&others_malloc, &others_free);
    json_set_alloc_funcs(allocate, release);
}

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

static void patch(struct str object, const struct edit *edits, size_t n_edits, struct buf *out,
                  struct err *err) {
    json_error_t why = {.line = 0};
    json_t *root = json_loadb(object.p, object.n, JSON_DECODE_ANY, &why);
    if (root == NULL) {
        err_set(err, EC_LIMIT, "cannot be printed: %s", why.text);
        return;
    }
    bool ok = true;
    for (size_t i = 0; i < n_edits && ok; i++)
        ok = apply(root, &edits[i]);
    if (!ok)
        err_set(err, EC_NOMEM, "out of memory");
    else
        dump(root, out, err);
    json_decref(root);
}

enum ec patch_apply(struct str object, const struct edit *edits, size_t n_edits,
                    struct buf *out, struct err *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct attempt attempt = {.arena = ARENA_INIT(64 << 10, PATCH_BYTES_MAX)};
    (void)pthread_once(&once, set_allocator);
    current = &attempt;
    if (setjmp(attempt.no_room) == 0)
        patch(object, edits, n_edits, out, err);
    else
        arena_fail(&attempt.arena, err);
    current = NULL;
    arena_done(&attempt.arena);
    return err->code;
}

bool patch_equal(struct str a, struct str b) {
    json_error_t why;
    json_t *left = json_loadb(a.p, a.n, JSON_DECODE_ANY, &why);
    json_t *right = json_loadb(b.p, b.n, JSON_DECODE_ANY, &why);
    bool equal = left != NULL && right != NULL && json_equal(left, right);
    json_decref(left);
    json_decref(right);
    return equal;
}
