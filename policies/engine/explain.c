#include "engine/explain.h"

#include "engine/internal.h"

void engine_note_rule(struct ctx *c, size_t i, bool selected) {
    struct engine_explain_rule *note = &c->notes->rules[i];
    note->tried = true;
    note->selected = selected;
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    for (enum engine_explain_question q = 0; q < N_QUESTIONS; q++)
        note->answers[q] = engine_ask(&c->policy->rules[i].match, c->w, q, &meter);
}

static enum ec start_notes(struct engine_explanation *out, const struct policy *policy,
                           const struct workload *w, struct arena *arena, struct err *err) {
    *out = (struct engine_explanation){
        .nothing = true,
        .rules = ARENA_ARRAY(arena, struct engine_explain_rule, policy->n_rules),
        .n_rules = policy->n_rules,
        .images = ARENA_ARRAY(arena, struct engine_explain_image, w->n_images),
        .n_images = w->n_images};
    if (out->rules == NULL || out->images == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < out->n_rules; i++)
        out->rules[i].rule = &policy->rules[i];
    return EC_OK;
}

enum ec engine_explain(struct engine_explanation *out, struct decision *decision,
                       const struct policy *policy, const struct workload *workload,
                       int64_t now_s, unsigned flags, struct arena *arena, struct err *err) {
    struct ctx c = {.policy = policy,
                    .w = workload,
                    .arena = arena,
                    .d = decision,
                    .now_s = now_s,
                    .err = err,
                    .meter = MATCH_METER(ENGINE_STEPS_MAX, arena),
                    .notes = out};
    if (start_notes(out, policy, workload, arena, err) != EC_OK)
        return err->code;
    return engine_decide_with(&c, flags);
}
