/* The same image in one pod is judged once: its copies take over what came of the first.
 * A table by text, of bounded probing: whoever finds texts of one hash has his copies judged again
 * and again, which costs what as many different images would, and is bounded by the same budget. */
#include "engine/internal.h"

struct said {
    struct diagnosis what;
    struct str tail;
    struct said *next;
};

struct slot {
    uint32_t hash;
    uint32_t image; /* its index + 1; 0: free */
};

enum { FEW = 8, PROBES_MAX = 16, IMAGE_STEPS = 16, BYTES_A_STEP = 4 };

/* ---- the table ----------------------------------------------------------------------- */

static bool is_copy(const struct workload_image *a, const struct workload_image *b) {
    return a->changed && a->place == b->place && str_eq(a->text, b->text);
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
static size_t first_of(struct ctx *c, size_t i) {
    struct memo *m = &c->memo;
    if (m->slots == NULL)
        return find_among_few(c, i);
    uint32_t hash = str_hash(c->w->images[i].text, (uint64_t)c->w->images[i].place);
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

/* ---- what was said ------------------------------------------------------------------- */

void engine_memo_record(struct ctx *c, const struct diagnosis *what, struct str tail) {
    struct memo *m = &c->memo;
    if (m->hearer == NULL)
        return;
    struct said *said = ARENA_NEW(c->arena, struct said);
    if (said == NULL) {
        c->full = true;
        return;
    }
    *said = (struct said){.what = *what, .tail = tail};
    *m->hearer = said;
    m->hearer = &said->next;
}

static void say_again(struct ctx *c, size_t first, size_t i) {
    for (const struct said *s = c->memo.images[first].said; s != NULL; s = s->next) {
        struct diagnosis what = s->what;
        what.image = (int32_t)i;
        engine_diagnose_copy(c, &what, s->tail);
    }
}

/* ---- all images ---------------------------------------------------------------------- */

static void take_over(struct ctx *c, size_t first, size_t i) {
    const struct decision_image *from = &c->d->images[first];
    struct decision_image *to = &c->d->images[i];
    to->judged = from->judged;
    to->after = from->after;
    to->proposed = from->proposed;
    if (c->notes != NULL)
        c->notes->images[i] = c->notes->images[first];
    say_again(c, first, i);
}

/* As it was before anybody looked at it. */
static void forget(struct ctx *c, size_t i) {
    struct decision_image *d = &c->d->images[i];
    d->after = d->proposed = d->before;
    d->weight = WEIGHT_NOTE;
}

/* Mirrors are walked over for each image. */
static void judge_first(struct ctx *c, size_t i) {
    struct memo_image *m = &c->memo.images[i];
    *c->memo.end = m;
    c->memo.end = &m->next;
    c->memo.hearer = &m->said;
    if (engine_charge(c,
                      IMAGE_STEPS + c->w->images[i].text.n / BYTES_A_STEP + c->rule->n_mirrors))
        engine_judge_image(c, i);
    c->memo.hearer = NULL;
    if (c->meter.spent) {
        forget(c, i);
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
        size_t first = first_of(c, i);
        if (first != i)
            take_over(c, first, i);
        else
            judge_first(c, i);
    }
}
