/* Properties of all answers, over generated rule files and reviews.
 * Use     test_property [COUNT [SEED [PATCHES]]]     COUNT rule files, ten reviews each; PATCHES: a file for all
 *         patches, with the objects before and after (hold.h)
 * A failure prints the seed of its round (test_property 1 SEED shows it again), rules and review. */
#include "hold.h"
#include "make.h"

#include <stdio.h>
#include <stdlib.h>

enum { REVIEWS_PER_POLICY = 10 };

struct run {
    struct hold hold;
    unsigned n_rounds, n_policies, n_looser, n_shuffled, n_failed;
};

/* ---- two answers ------------------------------------------------------------------------- */

/* A looser rule never denies more. */
static const char *hold_looser(struct hold *h, const struct policy *policy,
                               const struct policy *looser, const json_t *review) {
    const char *broken = NULL;
    for (unsigned flags = 0; broken == NULL && flags <= ENGINE_VALIDATE; flags++) {
        struct answer strict, loose = {.allowed = true};
        broken = hold_ask(h, policy, review, flags, &strict);
        if (broken == NULL && strict.allowed)
            broken = hold_ask(h, looser, review, flags, &loose);
        if (broken == NULL && strict.allowed && !loose.allowed)
            broken = "a looser rule denies no more";
        answer_done(&strict);
        answer_done(&loose);
    }
    return broken;
}

/* The order of members, in the rule file as in the review, does not matter. */
static const char *hold_order(struct hold *h, const struct policy *policy,
                              const struct policy *other, const json_t *review,
                              const json_t *shuffled) {
    const char *broken = NULL;
    for (unsigned flags = 0; broken == NULL && flags <= ENGINE_VALIDATE; flags++) {
        struct answer a, b = {.allowed = false};
        broken = hold_ask(h, policy, review, flags, &a);
        if (broken == NULL)
            broken = hold_ask(h, other, shuffled, flags, &b);
        if (broken == NULL &&
            (a.allowed != b.allowed || (a.patch == NULL) != (b.patch == NULL) ||
             (a.patch != NULL && !json_equal(a.patch, b.patch))))
            broken = "the order of members does not matter";
        answer_done(&a);
        answer_done(&b);
    }
    return broken;
}

/* ---- rounds ------------------------------------------------------------------------------ */

struct world {
    json_t *rules, *looser, *shuffled;
    struct policy *policy, *looser_policy, *shuffled_policy;
};

static void make_world(struct choose *c, struct world *w) {
    w->rules = make_rules(c);
    w->looser = make_looser(c, w->rules);
    w->shuffled = make_shuffled(c, w->rules);
    w->policy = hold_rules(w->rules);
    w->looser_policy = hold_rules(w->looser);
    w->shuffled_policy = hold_rules(w->shuffled);
}

static void end_world(struct world *w) {
    engine_policy_free(w->policy);
    engine_policy_free(w->looser_policy);
    engine_policy_free(w->shuffled_policy);
    json_decref(w->rules);
    json_decref(w->looser);
    json_decref(w->shuffled);
}

static const char *hold_review(struct run *r, struct choose *c, const struct world *w,
                               const json_t *review) {
    const char *broken = hold_answers(&r->hold, w->policy, review);
    if (broken == NULL && w->looser_policy != NULL) {
        r->n_looser++;
        broken = hold_looser(&r->hold, w->policy, w->looser_policy, review);
    }
    if (broken == NULL) {
        json_t *shuffled = make_shuffled(c, review);
        r->n_shuffled++;
        broken = hold_order(&r->hold, w->policy, w->shuffled_policy, review, shuffled);
        json_decref(shuffled);
    }
    return broken;
}

static void complain(struct run *r, uint64_t seed, const char *broken, const struct world *w,
                     const json_t *review) {
    r->n_failed++;
    fprintf(stderr, "FAILED seed %llu: does not hold: %s\n", (unsigned long long)seed, broken);
    hold_show("rules ", w->rules);
    hold_show("looser", w->looser);
    if (review != NULL)
        hold_show("review", review);
}

static void run_round(struct run *r, uint64_t seed) {
    struct choose c = {.state = seed};
    struct world w;
    unsigned failed = r->n_failed;
    make_world(&c, &w);
    r->n_rounds++;
    if (w.policy == NULL && w.shuffled_policy == NULL) {
        end_world(&w);
        return;
    }
    r->n_policies++;
    if (w.policy == NULL || w.shuffled_policy == NULL)
        complain(r, seed, "a rule file loads in any order of its members", &w, NULL);
    for (int i = 0; i < REVIEWS_PER_POLICY && r->n_failed == failed; i++) {
        json_t *review = make_review(&c);
        const char *broken = hold_review(r, &c, &w, review);
        if (broken != NULL)
            complain(r, seed, broken, &w, review);
        json_decref(review);
    }
    end_world(&w);
}

/* Rules that do not load and reviews that are all denied would prove nothing. */
static bool was_worth_it(const struct run *r) {
    const struct hold *h = &r->hold;
    return r->n_rounds < 100 ||
           (r->n_policies > r->n_rounds / 3 && h->n_allowed > h->n_reviews / 5 &&
            h->n_denied > h->n_reviews / 5 && h->n_patched > h->n_reviews / 10 &&
            r->n_looser > h->n_reviews / 2);
}

int main(int argc, char **argv) {
    struct run r = {.n_rounds = 0};
    uint64_t count = 1000, seed = 1;
    if (argc > 4 || (argc > 1 && !str_to_uint(str_of(argv[1]), UINT64_MAX, &count)) ||
        (argc > 2 && !str_to_uint(str_of(argv[2]), UINT64_MAX, &seed))) {
        fprintf(stderr, "usage: test_property [COUNT [SEED [PATCHES]]]\n");
        return 2;
    }
    printf("%llu rounds from seed %llu\n", (unsigned long long)count, (unsigned long long)seed);
    hold_init(&r.hold);
    if (argc > 3 && (r.hold.patches = fopen(argv[3], "w")) == NULL) {
        perror(argv[3]);
        return 2;
    }
    for (uint64_t i = 0; i < count && r.n_failed < 5; i++)
        run_round(&r, seed + i);
    printf("%u rounds, %u rule files load; %u reviews: %u allowed, %u denied, %u patched; %u "
           "under looser rules, "
           "%u in another order; %u failed\n",
           r.n_rounds, r.n_policies, r.hold.n_reviews, r.hold.n_allowed, r.hold.n_denied,
           r.hold.n_patched, r.n_looser, r.n_shuffled, r.n_failed);
    if (r.hold.patches != NULL && fclose(r.hold.patches) != 0)
        r.n_failed++;
    hold_done(&r.hold);
    if (!was_worth_it(&r))
        printf("too little of something: look at tests/property/make.c\n");
    return r.n_failed == 0 && was_worth_it(&r) ? 0 : 1;
}
