/* arena - memory of one request: allocated in pieces, freed all at once.
 *
 *      first block (kept by reset)      further blocks (freed by reset)
 *      [ used ......... | free ] -> [ used ... | free ] -> NULL
 *
 * Limits     max_bytes in all; beyond it allocations fail (EC_LIMIT), as they do without memory
 * Ownership  all allocations belong to the arena and end at reset() or done()
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_BASE_ARENA_H
#define PULLGATE_BASE_ARENA_H

#include "base/attrs.h"
#include "base/err.h"
#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *first;
    struct arena_block *last;
    size_t block_bytes; /* of the first block; the others double what there is, up to 4 MiB */
    size_t used_bytes;  /* in blocks, against max_bytes */
    size_t max_bytes;
    int bad; /* an enum ec: the reason for the last failure */
};

#define ARENA_INIT(block, max)                                                                 \
    { .first = NULL, .last = NULL, .block_bytes = (block), .used_bytes = 0, .max_bytes = (max) }

void arena_done(struct arena *a);
/* Frees everything but the first block. */
void arena_reset(struct arena *a);

/* n bytes, zeroed, aligned for any type; NULL when there is no room (see arena_fail). n = 0
 * gives a valid pointer to nothing. */
void *arena_zalloc(struct arena *a, size_t n) MUST_CHECK;
/* The same, bytes as they are. */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
void *arena_array(struct arena *a, size_t count, size_t size) MUST_CHECK;

/* n bytes to write into; arena_keep then allocates the first of them. No other allocation is allowed
 * between the two calls. */
void *arena_room(struct arena *a, size_t n) MUST_CHECK;
void arena_keep(struct arena *a, size_t n);

/* Copies the bytes; false when there is no room. */
bool arena_str(struct arena *a, struct str s, struct str *out) MUST_CHECK;

/* EC_LIMIT or EC_NOMEM, with its text, after an allocation returned NULL. */
enum ec arena_fail(const struct arena *a, struct err *err);

#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_array((a), (count), sizeof(type)))

#endif
