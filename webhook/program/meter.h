/* program/meter - the daemon's own counters; scrape.h prints them.
 * Limits     METER_RULES different pairs of rule name and mode since the start: rules change
 *            with every reload, and time series must not grow with them; further ones are counted
 *            as rule "(other)". No image, namespace or user is ever a label
 * Threads    a worker counts into its own lane, the loading thread into `loads` and `rules`;
 *            no locks; any thread may read                                                  */
#ifndef PULLGATE_PROGRAM_METER_H
#define PULLGATE_PROGRAM_METER_H

#include "engine/engine.h"
#include "metrics/metrics.h"

enum meter_webhook { METER_MUTATE, METER_VALIDATE, METER_WEBHOOKS };
enum meter_image { METER_REWRITTEN, METER_DENIED, METER_WARNED, METER_UNCHANGED, METER_IMAGES };

enum {
    METER_STATUSES = 6, /* meter_statuses, and one for all others */
    METER_VERDICTS = VERDICT_DENY + 1,
    METER_REASONS = REASON_MALFORMED + 1,
    METER_MODES = MODE_AUDIT + 1,
    METER_NO_RULE = 0,                            /* nothing selected it, or not judged */
    METER_OTHER_RULE = 1,                         /* one slot for each mode */
    METER_FIXED = METER_OTHER_RULE + METER_MODES, /* slots before the first rule's */
    METER_RULES = 256,
    METER_SLOTS = METER_FIXED + METER_RULES
};

extern const unsigned meter_statuses[METER_STATUSES - 1];
extern const int64_t meter_bounds_ns[];
extern const size_t meter_n_bounds;

struct meter_lane { /* cells alone */
    struct metrics_cell requests[METER_WEBHOOKS][METER_STATUSES];
    struct metrics_cell in_flight[METER_WEBHOOKS];
    struct metrics_histogram latency[METER_WEBHOOKS]; /* ns */
    struct metrics_cell images[METER_IMAGES];
    struct metrics_cell reasons[METER_REASONS];
    struct metrics_cell decisions[METER_SLOTS][METER_VERDICTS];
};

struct meter {
    struct metrics_lanes lanes;
    struct metrics_sets rules; /* values: "", rule, mode; its slots are METER_SLOTS */
    struct {
        struct metrics_cell rules_good, rules_bad, certificate, certificate_bad;
    } loads;
    _Atomic int64_t n_rules;        /* of the rules in force */
    _Atomic int64_t rules_loaded_s; /* Unix time; 0: never */
    atomic_bool rules_are_old;      /* the file has changed and is not valid */
};

/* Errors: EC_NOMEM. */
enum ec meter_init(struct meter *m, unsigned n_workers, struct err *err) MUST_CHECK;
void meter_done(struct meter *m);

/* ---- a worker, in a request ------------------------------------------------------------ */

static inline struct meter_lane *meter_lane(struct meter *m, unsigned worker) {
    return metrics_lane(&m->lanes, worker);
}

void meter_begin(struct meter_lane *lane, enum meter_webhook webhook);
/* slots: the result of meter_slots for this policy. */
void meter_decision(struct meter_lane *lane, const struct policy *policy, const uint16_t *slots,
                    const struct decision *d);
void meter_end(struct meter_lane *lane, enum meter_webhook webhook, unsigned status,
               int64_t took_ns);

/* ---- the loading thread ---------------------------------------------------------------- */

/* The slot for the decisions of each rule, found once per load so that no request has to search for a
 * name. Free it with mem_free. NULL without memory: they then count as "(other)". */
uint16_t *meter_slots(struct meter *m, const struct policy *policy);

void meter_rules_loaded(struct meter *m, size_t n_rules, int64_t now_s);
void meter_rules_kept(struct meter *m);
void meter_certificate_read(struct meter *m, bool good);

#endif
