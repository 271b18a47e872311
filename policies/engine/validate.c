/* /validate: what /mutate would still change is refused, since /mutate was not asked, or somebody changed
 * the object behind it. Extra pull secrets, their order and containers of others are nobody's business here. */
#include "engine/internal.h"

#define NOT_ASKED "/mutate was not asked, or was overridden"

/* What a pod says goes into a message only if it is a word of the API's own. */
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
                    audited ? "mode audit changes nothing" : NOT_ASKED);
}

static void refuse_pull_policy(struct ctx *c, const struct decision_image *d) {
    const struct diagnosis what = {.code = REASON_NOT_REWRITTEN,
                                   .weight = c->weight,
                                   .image = (int32_t)(d - c->d->images),
                                   .pos = c->rule->pos};
    engine_diagnose(c, &what, "has %s where the rule wants %.*s: " NOT_ASKED,
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
        engine_diagnose(c, &what, "the pod has no pull secret \"%.*s\": " NOT_ASKED,
                        STR_ARG(c->d->secrets_added[i]));
}
