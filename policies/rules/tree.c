#include "rules/tree.h"

#include "base/mem.h"

#include <pthread.h>
#include <setjmp.h>

enum { TREE_BYTES_MAX = 256 << 20 };

/* jansson must not see an allocation fail (tree.h): where there is no room, its call is left
 * for good. All it had then is in the arena, so that nothing is lost by that. */
struct parse {
    struct arena *arena;
    jmp_buf no_room;
};

static _Thread_local struct parse *current; /* NULL outside of tree_parse */

static void *allocate(size_t n) {
    if (current == NULL)
        return mem_alloc(n);
    void *p = arena_alloc(current->arena, n);
    if (p == NULL)
        longjmp(current->no_room, 1);
    return p;
}

static void release(void *p) {
    if (current == NULL)
        mem_free(p);
}

static void set_allocator(void) {
    json_set_alloc_funcs(allocate, release);
}

/* Integers as reals: no key takes a number, so that one too big for jansson is told like all
 * others, by the key it stands at. */
static enum ec load(struct tree *out, struct str json, struct err *err) {
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
    json_error_t error;
    memset(&error, 0, sizeof error);
    out->root = json_loadb(json.p, json.n, flags, &error);
    return out->root != NULL ? EC_OK : err_set(err, EC_SYNTAX, "%s", error.text);
}

enum ec tree_parse(struct tree *out, struct str json, struct err *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct parse parse = {.arena = &out->arena};
    (void)pthread_once(&once, set_allocator);
    *out = (struct tree){.arena = ARENA_INIT(16 << 10, TREE_BYTES_MAX)};
    current = &parse;
    if (setjmp(parse.no_room) == 0) {
        enum ec ec = load(out, json, err);
        current = NULL;
        return ec;
    }
    current = NULL;
    if (out->arena.bad == EC_LIMIT)
        return err_set(err, EC_LIMIT, "the file needs more than the %d MiB allowed",
                       TREE_BYTES_MAX >> 20);
    return err_set(err, EC_NOMEM, "out of memory");
}

void tree_done(struct tree *t) {
    arena_done(&t->arena);
    t->root = NULL;
}
