/* /validate refuses what /mutate would still change: /mutate was not called, or its change was overridden.
 * Extra pull secrets, their order and containers that other webhooks add are not refused. */
#include "engine/internal.h"

#define NOT_CALLED "/mutate was not called, or was overridden"

/* A message repeats a pod's pull policy only if it is one that the API defines. */
static const char *policy_word(const struct workload_image *image) {
    static const char *const words[][2] = {{"Always", "pull policy Always"},
                                           {"IfNotPresent", "pull policy IfNotPresent"},
                                           {"Never", "pull policy Never"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(image->pull_policy, str_of(words[i][0])))
            return words[i][1];
    return image->has_pull_policy ? "an unknown pull policy" : "no pull policy";
}

void engine_refuse_image(struct ctx *c, struct diagnosis *what, struct str wanted) {
    bool audited = c->rule->mode == MODE_AUDIT;
    what->code = REASON_NOT_REWRITTEN;
    engine_diagnose(c, what, "was not rewritten to \"%.*s\": %s",
                    STR_ARG(str_slice(wanted, 0, SHOWN_MAX)),
                    audited ? "mode audit changes nothing" : NOT_CALLED);
}

static void refuse_pull_policy(struct ctx *c, const struct decision_image *d) {
    const struct diagnosis what = {.code = REASON_NOT_REWRITTEN,
                                   .weight = c->weight,
                                   .image = (int32_t)(d - c->d->images),
                                   .pos = c->rule->pos};
    engine_diagnose(c, &what, "has %s where the rule requires %.*s: " NOT_CALLED,
                    policy_word(d->image), STR_ARG(c->rule->pull_policy));
}

void engine_refuse_pull_policies(struct ctx *c) {
    for (size_t i = 0; i < c->d->n_images && !c->refused; i++)
        if (engine_wants_pull_policy(c, &c->d->images[i]))
            refuse_pull_policy(c, &c->d->images[i]);
}

void engine_refuse_missing_secrets(struct ctx *c) {
    if (c->refused)
        return;
    const struct diagnosis what = {
        .code = REASON_NOT_REWRITTEN, .weight = c->weight, .image = -1, .pos = c->rule->pos};
    for (size_t i = 0; i < c->d->n_secrets_added; i++)
        engine_diagnose(c, &what, "the pod has no pull secret \"%.*s\": " NOT_CALLED,
                        STR_ARG(c->d->secrets_added[i]));
}
