#include "rules/tree.h"

#include "base/mem.h"

#include <pthread.h>

/* jansson 2.14 reports an allocation that failed while parsing as a syntax error; only its
 * allocator knows better. */
static _Thread_local bool allocation_failed;

static void *allocate(size_t n) {
    void *p = mem_alloc(n);
    if (p == NULL)
        allocation_failed = true;
    return p;
}

static void set_allocator(void) {
    json_set_alloc_funcs(allocate, mem_free);
}

enum ec tree_parse(json_t **out, struct str json, struct err *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
    json_error_t error;
    (void)pthread_once(&once, set_allocator);
    allocation_failed = false;
    memset(&error, 0, sizeof error);
    /* Integers as reals: no key takes a number, so that one too big for jansson is told like
     * all others, by the key it stands at. */
    json_t *tree = json_loadb(json.p, json.n, flags, &error);
    if (tree != NULL) {
        *out = tree;
        return EC_OK;
    }
    if (allocation_failed)
        return err_set(err, EC_NOMEM, "out of memory");
    return err_set(err, EC_SYNTAX, "%s", error.text);
}
