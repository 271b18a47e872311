/* All images of an object. Equal images (same text, same list; of volumes also the old reference) are judged once, and the others copy the
 * result. The table is keyed by text and probes at most PROBES_MAX slots: an author who finds texts with
 * equal hashes has the copies judged again, at the cost of different images and on the same budget. */
#include "engine/internal.h"

struct record {
    struct diagnosis what;
    struct str tail;
    struct record *next;
};

struct slot {
    uint32_t hash;
    uint32_t image; /* its index + 1; 0: free */
};

enum { FEW = 8, PROBES_MAX = 16, IMAGE_STEPS = 16, BYTES_A_STEP = 4 };

/* ---- the table ----------------------------------------------------------------------- */

static bool is_copy(const struct workload_image *a, const struct workload_image *b) {
    return a->changed && a->list == b->list && str_eq(a->text, b->text) &&
           str_eq(a->old_reference, b->old_reference);
}

static void start_memo(struct ctx *c) {
    struct memo *m = &c->memo;
    size_t n = c->w->n_images, n_slots = (size_t)2 * FEW;
    m->images = ARENA_ARRAY(c->arena, struct memo_image, n);
    m->end = &m->different;
    c->full |= m->images == NULL;
    if (n <= FEW)
        return;
    while (n_slots < 2 * n)
        n_slots *= 2;
    m->slots = ARENA_ARRAY(c->arena, struct slot, n_slots);
    m->n_slots = n_slots;
    c->full |= m->slots == NULL;
}

static size_t find_among_few(const struct ctx *c, size_t i) {
    size_t at = 0;
    while (at < i && !is_copy(&c->w->images[at], &c->w->images[i]))
        at++;
    return at;
}

/* The first image of the same text and place; i itself where it is the first. */
static size_t first_copy(struct ctx *c, size_t i) {
    struct memo *m = &c->memo;
    if (m->slots == NULL)
        return find_among_few(c, i);
    uint32_t hash = str_hash(c->w->images[i].text, (uint64_t)c->w->images[i].list);
    for (size_t probe = 0; probe < PROBES_MAX; probe++) {
        struct slot *slot = &m->slots[(hash + probe) & (m->n_slots - 1)];
        if (slot->image == 0) {
            *slot = (struct slot){.hash = hash, .image = (uint32_t)i + 1};
            return i;
        }
        if (slot->hash == hash && is_copy(&c->w->images[slot->image - 1], &c->w->images[i]))
            return slot->image - 1;
    }
    return i;
}

/* ---- recorded reasons ---------------------------------------------------------------- */

void engine_memo_record(struct ctx *c, const struct diagnosis *what, struct str tail) {
    struct memo *m = &c->memo;
    if (m->next_record == NULL)
        return;
    struct record *record = ARENA_NEW(c->arena, struct record);
    if (record == NULL) {
        c->full = true;
        return;
    }
    *record = (struct record){.what = *what, .tail = tail};
    *m->next_record = record;
    m->next_record = &record->next;
}

static void repeat_reasons(struct ctx *c, size_t first, size_t i) {
    for (const struct record *r = c->memo.images[first].records; r != NULL; r = r->next) {
        struct diagnosis what = r->what;
        what.image = (int32_t)i;
        engine_diagnose_copy(c, &what, r->tail);
    }
}

/* ---- all images ---------------------------------------------------------------------- */

static void copy_result(struct ctx *c, size_t first, size_t i) {
    const struct decision_image *from = &c->d->images[first];
    struct decision_image *to = &c->d->images[i];
    to->judged = from->judged;
    to->after = from->after;
    to->proposed = from->proposed;
    if (c->notes != NULL)
        c->notes->images[i] = c->notes->images[first];
    repeat_reasons(c, first, i);
}

/* As it was before it was judged. */
static void reset_image(struct ctx *c, size_t i) {
    struct decision_image *d = &c->d->images[i];
    d->after = d->proposed = d->before;
    d->weight = WEIGHT_NOTE;
}

/* Every mirror is compared with every image. */
static void judge_first(struct ctx *c, size_t i) {
    struct memo_image *m = &c->memo.images[i];
    *c->memo.end = m;
    c->memo.end = &m->next;
    c->memo.next_record = &m->records;
    if (engine_charge(c,
                      IMAGE_STEPS + c->w->images[i].text.n / BYTES_A_STEP + c->rule->n_mirrors))
        engine_judge_image(c, i);
    c->memo.next_record = NULL;
    if (c->meter.spent) {
        reset_image(c, i);
        engine_diagnose_spent(c, i);
    }
}

void engine_judge_images(struct ctx *c) {
    start_memo(c);
    for (size_t i = 0; i < c->d->n_images && !c->full; i++) {
        if (!c->w->images[i].changed) {
            engine_judge_image(c, i);
            continue;
        }
        if (c->over) {
            if (c->notes != NULL)
                c->notes->images[i].state = STATE_LIMIT;
            continue;
        }
        size_t first = first_copy(c, i);
        if (first != i)
            copy_result(c, first, i);
        else
            judge_first(c, i);
    }
}
