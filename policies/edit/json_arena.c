#include "edit/json_arena.h"

#include "base/arena.h"
#include "base/mem.h"

#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>

enum { BYTES_MAX = 1 << 30 };

struct edit_json_arena {
    struct arena arena;
    jmp_buf no_room;
};

static _Thread_local struct edit_json_arena *current; /* NULL outside of an edit_json_arena */

static void *allocate(size_t n) {
    if (current == NULL)
        return mem_alloc(n);
    void *p = arena_alloc(&current->arena, n);
    if (p == NULL)
        longjmp(current->no_room, 1);
    return p;
}

static void release_bytes(void *p) {
    if (current == NULL)
        mem_free(p);
}

static void set_allocator(void) {
    json_set_alloc_funcs(allocate, release_bytes);
}

enum ec edit_json_arena(edit_json_arena_fn *work, void *arg, struct err *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct edit_json_arena a = {.arena = ARENA_INIT(64 << 10, BYTES_MAX)};
    (void)pthread_once(&once, set_allocator);
    current = &a;
    if (setjmp(a.no_room) == 0)
        work(arg, err);
    else
        arena_fail(&a.arena, err);
    current = NULL;
    arena_done(&a.arena);
    return err->code;
}
