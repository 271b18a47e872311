/* The value of an object in 128 bits. */
#include "edit/patch.h"

#include "base/mem.h"

/* ---- values -------------------------------------------------------------------------- */

static struct edit_digest mix_word(struct edit_digest d, uint64_t word) {
    d.v[0] = (d.v[0] ^ word) * 0x9e3779b97f4a7c15u;
    d.v[1] = (d.v[1] + word) * 0xc2b2ae3d27d4eb4fu;
    d.v[0] ^= d.v[0] >> 29;
    d.v[1] ^= d.v[1] >> 32;
    return d;
}

static struct edit_digest mix_digest(struct edit_digest d, struct edit_digest of) {
    return mix_word(mix_word(d, of.v[0]), of.v[1]);
}

static struct edit_digest of_type(enum json_type type) {
    return mix_word((struct edit_digest){{1, 2}}, (uint64_t)type + 1);
}

static struct edit_digest of_text(enum json_type type, struct str s) {
    struct edit_digest d = mix_word(of_type(type), s.n);
    uint64_t word;
    size_t i = 0;
    for (; i + sizeof word <= s.n; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        d = mix_word(d, word);
    }
    word = 0;
    if (i < s.n)
        memcpy(&word, s.p + i, s.n - i);
    return mix_word(d, word);
}

/* ---- containers ---------------------------------------------------------------------- */

/* One that is open. Elements are mixed in their order; members are added up, in any. */
struct frame {
    struct edit_digest sum, key;
    enum json_type type;
};

struct digest {
    struct frame *v;
    size_t n, cap;
    struct edit_digest whole;
    bool no_memory;
};

static void put_digest(struct digest *d, struct edit_digest value) {
    struct frame *f = d->n != 0 ? &d->v[d->n - 1] : NULL;
    if (f == NULL) {
        d->whole = value;
    } else if (f->type == JSON_ARRAY) {
        f->sum = mix_digest(f->sum, value);
    } else {
        struct edit_digest member = mix_digest(f->key, value);
        f->sum.v[0] += member.v[0];
        f->sum.v[1] += member.v[1];
    }
}

static void begin(void *arg, enum json_type type, size_t n) {
    struct digest *d = arg;
    (void)n;
    if (d->n == d->cap && !d->no_memory) {
        size_t cap = d->cap ? 2 * d->cap : 64;
        struct frame *more = mem_realloc(d->v, mem_array_bytes(cap, sizeof *more));
        d->no_memory = more == NULL;
        d->v = more != NULL ? more : d->v;
        d->cap = more != NULL ? cap : d->cap;
    }
    if (!d->no_memory)
        d->v[d->n++] = (struct frame){.sum = of_type(type), .type = type};
}

static void end(void *arg, enum json_type type) {
    struct digest *d = arg;
    if (!d->no_memory)
        put_digest(d, mix_digest(of_type(type), d->v[--d->n].sum));
}

static void key(void *arg, struct str s) {
    struct digest *d = arg;
    if (!d->no_memory)
        d->v[d->n - 1].key = of_text(JSON_STRING, s);
}

static void string(void *arg, struct str s) {
    struct digest *d = arg;
    if (!d->no_memory)
        put_digest(d, of_text(JSON_STRING, s));
}

/* Depth is bounded by the limits of the reader of the nodes. */
static void node(void *arg, const struct json *j, json_at at) {
    struct digest *d = arg;
    enum json_type type = json_type_of(j, at);
    if (type != JSON_ARRAY && type != JSON_OBJECT) {
        if (!d->no_memory)
            put_digest(d, of_text(type, json_str(j, at)));
        return;
    }
    begin(d, type, j->nodes[at].len);
    for (json_at i = json_first(j, at); i != JSON_NONE; i = json_next(j, at, i)) {
        if (type == JSON_OBJECT)
            key(d, json_str(j, i++));
        node(d, j, i);
    }
    end(d, type);
}

enum ec edit_patch_digest(struct edit_digest *out, const struct json *j, json_at object,
                          const struct engine_edit *edits, size_t n_edits, struct err *err) {
    struct digest d = {.v = NULL};
    const struct edit_patch_sink sink = {
        .begin = begin, .end = end, .key = key, .string = string, .node = node, .arg = &d};
    enum ec ec = edit_patch_walk(j, object, edits, n_edits, &sink, err);
    *out = d.whole;
    mem_free(d.v);
    return ec == EC_OK && d.no_memory ? err_set(err, EC_NOMEM, "out of memory") : ec;
}

bool edit_digest_equal(const struct edit_digest *a, const struct edit_digest *b) {
    return a->v[0] == b->v[0] && a->v[1] == b->v[1];
}
