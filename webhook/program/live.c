#include "program/live.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>

struct live_policy {
    struct live_rules rules;
    unsigned users; /* under the lock */
};

struct live {
    pthread_mutex_t lock;
    struct live_policy *current; /* under the lock */
    _Atomic uint64_t generation; /* grows when current changes */
};

struct live *live_new(void) {
    struct live *l = mem_zalloc(sizeof *l);
    if (l != NULL)
        pthread_mutex_init(&l->lock, NULL);
    return l;
}

static void rules_free(struct live_rules rules) {
    engine_policy_free(rules.policy);
    mem_free(rules.slots);
}

/* Under the lock: one user less; the rules to free, if there are any. */
static struct live_rules release(struct live_policy *p) {
    if (p == NULL || --p->users != 0)
        return (struct live_rules){.policy = NULL};
    struct live_rules last = p->rules;
    mem_free(p);
    return last;
}

void live_free(struct live *l) {
    if (l == NULL)
        return;
    rules_free(release(l->current));
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

bool live_set_take(struct live *l, struct live_rules rules) {
    struct live_policy *fresh = mem_zalloc(sizeof *fresh);
    if (fresh == NULL) {
        rules_free(rules);
        return false;
    }
    *fresh = (struct live_policy){.rules = rules, .users = 1};
    pthread_mutex_lock(&l->lock);
    struct live_rules unused = release(l->current);
    l->current = fresh;
    atomic_fetch_add(&l->generation, 1);
    pthread_mutex_unlock(&l->lock);
    rules_free(unused);
    return true;
}

bool live_has_policy(const struct live *l) {
    return atomic_load(&l->generation) != 0;
}

const struct live_rules *live_use(struct live *l, struct live_reader *reader) {
    if (reader->generation == atomic_load(&l->generation))
        return reader->held ? &reader->held->rules : NULL;
    pthread_mutex_lock(&l->lock);
    struct live_rules unused = release(reader->held);
    reader->held = l->current;
    reader->held->users++;
    reader->generation = atomic_load(&l->generation);
    pthread_mutex_unlock(&l->lock);
    rules_free(unused);
    return &reader->held->rules;
}

void live_reader_done(struct live *l, struct live_reader *reader) {
    pthread_mutex_lock(&l->lock);
    struct live_rules unused = release(reader->held);
    reader->held = NULL;
    reader->generation = 0;
    pthread_mutex_unlock(&l->lock);
    rules_free(unused);
}
