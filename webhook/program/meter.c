#include "program/meter.h"

#include "base/mem.h"

/* The statuses of serve.c. */
const unsigned meter_statuses[METER_STATUSES - 1] = {200, 400, 413, 500, 503};

#define US(n) ((n)*INT64_C(1000))
#define MS(n) ((n)*INT64_C(1000000))

/* controller-runtime's, which are Prometheus' defaults, from 5 ms on; a decision takes less. */
const int64_t meter_bounds_ns[] = {US(10),   US(25),   US(50),          US(100),  US(250),
                                   US(500),  MS(1),    MS(2) + US(500), MS(5),    MS(10),
                                   MS(25),   MS(50),   MS(100),         MS(250),  MS(500),
                                   MS(1000), MS(2500), MS(5000),        MS(10000)};
const size_t meter_n_bounds = sizeof meter_bounds_ns / sizeof *meter_bounds_ns;
_Static_assert(sizeof meter_bounds_ns / sizeof *meter_bounds_ns <= METRICS_BUCKETS, "room");

/* The first slots of every table. */
static enum ec take_fixed_slots(struct meter *m, struct err *err) {
    struct metrics_set set = {{STR_NONE, STR("(none)"), STR("none")}};
    size_t slot = metrics_sets_slot(&m->rules, &set, SIZE_MAX);
    set.values[1] = STR("(other)");
    for (int mode = 0; mode < METER_MODES && slot != SIZE_MAX; mode++) {
        set.values[2] = str_of(engine_mode_name((enum engine_mode)mode));
        slot = metrics_sets_slot(&m->rules, &set, SIZE_MAX);
    }
    return slot == SIZE_MAX ? err_set(err, EC_NOMEM, "out of memory") : EC_OK;
}

enum ec meter_init(struct meter *m, unsigned n_workers, struct err *err) {
    if (metrics_lanes_init(&m->lanes, n_workers, sizeof(struct meter_lane), err) != EC_OK ||
        metrics_sets_init(&m->rules, METER_SLOTS, err) != EC_OK ||
        take_fixed_slots(m, err) != EC_OK)
        return err->code;
    return EC_OK;
}

void meter_done(struct meter *m) {
    metrics_lanes_done(&m->lanes);
    metrics_sets_done(&m->rules);
}

/* ---- a worker, in a request ------------------------------------------------------------ */

void meter_begin(struct meter_lane *lane, enum meter_webhook webhook) {
    metrics_add(&lane->in_flight[webhook], 1);
}

/* The most severe result, as policyctl counts. */
static enum meter_image image_result_of(const struct decision_image *image) {
    if (image->weight == WEIGHT_DENY)
        return METER_DENIED;
    if (image->weight == WEIGHT_WARN)
        return METER_WARNED;
    return str_eq(image->before, image->after) ? METER_UNCHANGED : METER_REWRITTEN;
}

static size_t rule_slot(const struct policy *policy, const uint16_t *slots,
                        const struct policy_rule *rule) {
    if (rule == NULL)
        return METER_NO_RULE;
    return slots != NULL ? slots[rule - policy->rules]
                         : (size_t)METER_OTHER_RULE + (size_t)rule->mode;
}

void meter_decision(struct meter_lane *lane, const struct policy *policy, const uint16_t *slots,
                    const struct decision *d) {
    metrics_add(&lane->decisions[rule_slot(policy, slots, d->rule)][d->verdict], 1);
    for (size_t i = 0; i < d->n_images; i++)
        metrics_add(&lane->images[image_result_of(&d->images[i])], 1);
    for (size_t i = 0; i < d->n_reasons; i++)
        metrics_add(&lane->reasons[d->reasons[i].code], 1);
}

void meter_end(struct meter_lane *lane, enum meter_webhook webhook, unsigned status,
               int64_t took_ns) {
    size_t i = 0;
    while (i < METER_STATUSES - 1 && meter_statuses[i] != status)
        i++;
    metrics_add(&lane->requests[webhook][i], 1);
    metrics_observe(&lane->latency[webhook], meter_bounds_ns, meter_n_bounds, took_ns);
    metrics_add(&lane->in_flight[webhook], UINT64_MAX);
}

/* ---- the loading thread ---------------------------------------------------------------- */

uint16_t *meter_slots(struct meter *m, const struct policy *policy) {
    uint16_t *slots = mem_alloc(mem_array_bytes(policy->n_rules, sizeof *slots));
    for (size_t i = 0; slots != NULL && i < policy->n_rules; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        const struct metrics_set set = {
            {STR_NONE, rule->name, str_of(engine_mode_name(rule->mode))}};
        slots[i] = (uint16_t)metrics_sets_slot(&m->rules, &set,
                                               (size_t)METER_OTHER_RULE + (size_t)rule->mode);
    }
    return slots;
}

void meter_rules_loaded(struct meter *m, size_t n_rules, int64_t now_s) {
    metrics_add(&m->loads.rules_good, 1);
    atomic_store(&m->n_rules, (int64_t)n_rules);
    atomic_store(&m->rules_loaded_s, now_s);
    atomic_store(&m->rules_are_old, false);
}

void meter_rules_kept(struct meter *m) {
    metrics_add(&m->loads.rules_bad, 1);
    atomic_store(&m->rules_are_old, true);
}

void meter_certificate_read(struct meter *m, bool good) {
    metrics_add(&m->loads.certificate, 1);
    if (!good)
        metrics_add(&m->loads.certificate_bad, 1);
}
