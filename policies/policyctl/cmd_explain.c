/* policyctl explain - which rule decides about an image or a pod, and why, step by step. */
#include "object/each.h"
#include "object/operand.h"
#include "policyctl/policy.h"
#include "policyctl/requester.h"
#include "policyctl/verb.h"
#include "report/explain.h"

#include <stdlib.h>

static const char *const output_words[] = {"text", "json", NULL};

struct options {
    const char *policy;
    struct requester_flags requester;
    struct opt_list exclude;
    int output;
    bool strict;
};

static const struct opt_row rows[] = {
    POLICY_ROW(struct options),
    {"output", 'o', OPT_WORD, "FORMAT", "text", "json: one JSON object a line.",
     .offset = offsetof(struct options, output), .words = output_words},
    REQUESTER_WHERE_ROWS(struct options, requester),
    REQUESTER_WHO_ROWS(struct options, requester),
    REQUESTER_OPERATION_ROW(struct options, requester),
    EXCLUDE_ROW(struct options),
    STRICT_ROW(struct options),
    HELP_ROW,
};

const struct opt_table explain_options = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = NULL};

struct run {
    const struct policy *policy;
    const struct opt_list *exclude;
    struct requester requester;
    struct object_totals totals;
    struct buf out;
    struct err err;
    int output;
    size_t n;
    bool denied, printed;
};

static enum ec show(struct run *r, const struct explained *e, struct err *err) {
    r->denied |= e->decision->verdict == VERDICT_DENY;
    if (r->output == 0)
        report_explain_text(&r->out, e, r->n);
    else
        report_explain_json(&r->out, e, r->n);
    r->n++;
    r->printed = verb_print(&r->out);
    return r->printed ? EC_OK : err_set(err, EC_IO, "standard output cannot be written");
}

static enum ec explain(struct run *r, const struct workload *w, const struct object *s,
                       struct err *err) {
    struct arena arena = ARENA_INIT(16 << 10, 256 << 20);
    struct explanation how;
    struct decision d;
    struct explained e = {.policy = r->policy, .workload = w, .decision = &d, .how = &how};
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
        show(r, &e, err);
    arena_done(&arena);
    return err->code;
}

/* The decision is made here, where it is explained; what is malformed has one and nothing to explain. */
static enum ec take_object(void *arg, const struct object *s, struct err *err) {
    struct run *r = arg;
    struct explained malformed = {
        .policy = r->policy, .workload = s->workload, .decision = s->decision, .object = s};
    if (s->decision != NULL)
        return show(r, &malformed, err);
    return explain(r, s->workload, s, err);
}

static void take(struct run *r, char *const *operand) {
    struct workload_image image;
    if (object_operand_is_file(*operand)) {
        (void)!object_each(operand, 1, r->exclude, r->policy, &r->requester.request,
                           take_object, r, &r->totals, &r->err);
        return;
    }
    struct workload pod = requester_pod(&r->requester, &image, str_of(*operand));
    (void)!explain(r, &pod, NULL, &r->err);
}

static int run_all(const struct options *o, const struct opt_result *args) {
    struct run r = {.out = BUF_INIT((size_t)1 << 30),
                    .err = ERR_INIT,
                    .exclude = &o->exclude,
                    .output = o->output,
                    .printed = true};
    struct policy *policy = NULL;
    if (args->n_operands == 0)
        err_set(&r.err, EC_USAGE,
                "nothing to explain: give images, files or - for standard input");
    else if (requester_read(&r.requester, &o->requester, &r.err) == EC_OK)
        (void)!policy_load(&policy, o->policy, r.requester.request.now_s, &r.err);
    r.policy = policy;
    r.requester.request.undecided = true;
    for (size_t i = 0; i < args->n_operands && r.err.code == EC_OK; i++)
        take(&r, &args->operands[i]);
    buf_done(&r.out);
    policy_free(policy);
    if (r.printed && r.err.code != EC_OK)
        return verb_fail(&r.err);
    if (!r.printed || r.totals.unreadable != 0)
        return EXIT_INPUT;
    r.denied |= o->strict && r.totals.unjudged_objects + r.totals.unrendered != 0;
    return r.denied ? EXIT_DENIED : EXIT_ALLOWED;
}

int cmd_explain(const struct verb *self, int argc, char **argv) {
    struct options options = {.policy = getenv("PULLGATE_POLICY")};
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status;
    if (verb_options(self, &options, argc, argv, &result, &text, &status))
        status = run_all(&options, &result);
    buf_done(&text);
    return status;
}
