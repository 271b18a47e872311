/* policyctl explain - which rule decides about an image or a pod, and why, step by step. */
#include "object/each.h"
#include "object/operand.h"
#include "policyctl/options.h"
#include "report/explain.h"

struct run {
    const struct policy *policy;
    const struct options_explain *options;
    struct requester requester;
    struct object_totals totals;
    struct buf out;
    struct err err;
    size_t n;
    bool denied, printed;
};

static enum ec show_decision(struct run *r, const struct report_explained *e, struct err *err) {
    r->denied |= e->decision->verdict == VERDICT_DENY;
    if (r->options->output == EXPLAIN_TEXT)
        report_explain_text(&r->out, e, r->n);
    else
        report_explain_json(&r->out, e, r->n);
    r->n++;
    r->printed = verb_print(&r->out);
    return r->printed ? EC_OK : err_set(err, EC_IO, "cannot write standard output");
}

static enum ec explain(struct run *r, const struct workload *w, const struct object *s,
                       struct err *err) {
    struct arena arena = ARENA_INIT(16 << 10, 256 << 20);
    struct engine_explanation how;
    struct decision d;
    struct report_explained e = {
        .policy = r->policy, .workload = w, .decision = &d, .how = &how};
    struct object object;
    struct object_unjudged unjudged;
    enum ec ec =
        engine_explain(&how, &d, r->policy, w, r->requester.request.now_s, 0, &arena, err);
    if (ec == EC_OK && s != NULL) {
        object = *s;
        object.decision = &d;
        object_set_unjudged(&object, &unjudged);
        r->totals.unjudged_objects += object.unjudged != NULL;
        e.object = &object;
    }
    if (ec == EC_OK)
        show_decision(r, &e, err);
    arena_done(&arena);
    return err->code;
}

/* The decision is made here, where it is explained; what is malformed has one and nothing to explain. */
static enum ec take_object(void *arg, const struct object *s, struct err *err) {
    struct run *r = arg;
    struct report_explained malformed = {
        .policy = r->policy, .workload = s->workload, .decision = s->decision, .object = s};
    if (s->decision != NULL)
        return show_decision(r, &malformed, err);
    return explain(r, s->workload, s, err);
}

static void explain_operand(struct run *r, char *const *operand) {
    struct workload_image image;
    if (object_operand_is_file(*operand)) {
        (void)!object_each(operand, 1, &r->options->exclude, r->policy, &r->requester.request,
                           take_object, r, &r->totals, &r->err);
        return;
    }
    struct workload pod = requester_pod(&r->requester, &image, str_of(*operand));
    (void)!explain(r, &pod, NULL, &r->err);
}

static int status_of(const struct run *r) {
    if (!r->printed)
        return EXIT_INPUT;
    if (r->err.code != EC_OK)
        return verb_fail(&r->err);
    return verb_status(&r->totals, r->denied, r->options->strict);
}

int cmd_explain(const union options *options, const struct opt_result *args) {
    const struct options_explain *o = &options->explain;
    struct run r = {
        .options = o, .out = BUF_INIT((size_t)1 << 30), .err = ERR_INIT, .printed = true};
    struct policy *policy = NULL;
    if (verb_operands(args, "nothing to explain: give images, files or - for standard input",
                      &r.err) == EC_OK &&
        requester_read(&r.requester, &o->requester, &r.err) == EC_OK)
        (void)!verb_policy(&policy, o->policy, r.requester.request.now_s, &r.err);
    r.policy = policy;
    r.requester.request.undecided = true;
    for (size_t i = 0; i < args->n_operands && r.err.code == EC_OK; i++)
        explain_operand(&r, &args->operands[i]);
    int status = status_of(&r);
    buf_done(&r.out);
    engine_policy_free(policy);
    return status;
}
