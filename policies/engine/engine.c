#include "engine/engine.h"

#include "engine/internal.h"

/* ---- which rule ---------------------------------------------------------------------- */

static bool any_name(const struct policy_names *globs, struct str name,
                     struct match_meter *meter) {
    for (size_t i = 0; i < globs->n; i++)
        if (match_name(globs->v[i], name, meter))
            return true;
    return globs->n == 0;
}

static bool any_group(const struct policy_names *globs, const struct workload *w,
                      struct match_meter *meter) {
    if (globs->n == 0)
        return true;
    for (size_t i = 0; i < w->n_groups && !meter->spent; i++)
        if (any_name(globs, w->groups[i], meter))
            return true;
    return false;
}

static enum explain_answer answer(bool asked, bool holds) {
    return !asked ? ANSWER_NOT_ASKED : holds ? ANSWER_HOLDS : ANSWER_FAILS;
}

enum explain_answer engine_ask(const struct policy_match *m, const struct workload *w,
                               enum explain_question question, struct match_meter *meter) {
    switch (question) {
    case QUESTION_NAMESPACE:
        return answer(m->namespaces.n != 0, any_name(&m->namespaces, w->namespace, meter));
    case QUESTION_SERVICE_ACCOUNT:
        return answer(m->service_accounts.n != 0,
                      any_name(&m->service_accounts, w->service_account, meter));
    case QUESTION_USER:
        return answer(m->users.n != 0, any_name(&m->users, w->user, meter));
    case QUESTION_GROUP:
        return answer(m->groups.n != 0, any_group(&m->groups, w, meter));
    case QUESTION_LABELS:
        return answer(m->pod_labels.n_requirements != 0,
                      match_labels(&m->pod_labels, w->labels, w->n_labels, meter));
    default:
        return ANSWER_NOT_ASKED;
    }
}

/* Where the meter runs out, none selects. */
static bool selects(struct ctx *c, size_t rule) {
    const struct policy_match *m = &c->policy->rules[rule].match;
    if (!engine_charge(c, 1))
        return false;
    for (enum explain_question q = 0; q < N_QUESTIONS; q++)
        if (engine_ask(m, c->w, q, &c->meter) == ANSWER_FAILS)
            return false;
    return !c->meter.spent;
}

/* The first rule under the word that selects the pod, if it comes before `best`; else that. */
static size_t first_under(struct ctx *c, const struct index_word *word, size_t best) {
    size_t n;
    const struct index_entry *under = engine_index_find(&c->policy->rule_index, word, &n);
    for (size_t i = 0; i < n && under[i].at < best && !c->meter.spent; i++)
        if (selects(c, under[i].at))
            return under[i].at;
    return best;
}

/* The same rule that a look at all of them finds: each stands under one thing it asks for, or among
 * the others. */
static size_t find_indexed(struct ctx *c) {
    const struct policy *p = c->policy;
    const struct workload *w = c->w;
    const struct index_word words[] = {{INDEX_NAMESPACE, w->namespace, STR_NONE},
                                       {INDEX_SERVICE_ACCOUNT, w->service_account, STR_NONE},
                                       {INDEX_USER, w->user, STR_NONE}};
    size_t best = p->n_rules;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        best = first_under(c, &words[i], best);
    for (size_t i = 0; i < w->n_groups; i++)
        best = first_under(c, &(struct index_word){INDEX_GROUP, w->groups[i], STR_NONE}, best);
    for (size_t i = 0; i < w->n_labels; i++)
        best = first_under(
            c, &(struct index_word){INDEX_LABEL, w->labels[i].key, w->labels[i].value}, best);
    for (size_t i = 0; i < p->rule_index.n_others && p->rule_index.others[i] < best; i++)
        if (selects(c, p->rule_index.others[i]))
            best = p->rule_index.others[i];
    return best;
}

static size_t find_first(struct ctx *c) {
    size_t i = 0;
    while (i < c->policy->n_rules && !c->meter.spent && !selects(c, i))
        i++;
    return i;
}

/* NULL: none selects the pod, or the meter has run out. */
static const struct policy_rule *find_rule(struct ctx *c) {
    const struct policy *p = c->policy;
    size_t at = p->rule_index.is_built ? find_indexed(c) : find_first(c);
    if (c->meter.spent)
        return NULL;
    for (size_t i = 0; c->notes != NULL && i < p->n_rules && i <= at; i++)
        engine_note_rule(c, i, i == at);
    return at < p->n_rules ? &p->rules[at] : NULL;
}

/* ---- what may be patched: the one table -------------------------------------------------- */

/* Kubernetes: a pod's images may change later, its pull secrets, volumes and pull policies may
 * not (but what an update would change of its secrets may be taken back); ephemeral containers that exist must stay as they are (`changed` is set for new ones
 * alone); pod templates are never rewritten (GitOps tools would fight it, and a secret there
 * hides those of the ServiceAccount). */
static unsigned may_patch(const struct workload *w) {
    static const struct {
        enum workload_shape shape;
        enum workload_operation operation;
        unsigned may;
    } rows[] = {
        {SHAPE_POD, OPERATION_CREATE,
         MAY_IMAGES | MAY_EPHEMERAL | MAY_VOLUMES | MAY_PULL_POLICY | MAY_SECRETS},
        {SHAPE_POD, OPERATION_UPDATE, MAY_IMAGES | MAY_SECRETS_BACK},
        {SHAPE_EPHEMERAL, OPERATION_UPDATE, MAY_EPHEMERAL | MAY_PULL_POLICY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].shape == w->shape && rows[i].operation == w->operation)
            return w->mirror_pod ? 0 : rows[i].may;
    return 0;
}

enum reason_weight engine_weight_of(const struct policy_rule *rule, enum workload_shape shape) {
    static const enum reason_weight by_mode[] = {
        [MODE_ENFORCE] = WEIGHT_DENY, [MODE_WARN] = WEIGHT_WARN, [MODE_AUDIT] = WEIGHT_NOTE};
    enum reason_weight weight = by_mode[rule->mode];
    if (shape == SHAPE_TEMPLATE && rule->templates == TEMPLATES_WARN && weight > WEIGHT_WARN)
        return WEIGHT_WARN;
    return weight;
}

/* ---- edits --------------------------------------------------------------------------- */

void engine_add_edit(struct ctx *c, struct edit edit) {
    struct decision *d = c->d;
    if (d->n_edits == c->cap_edits) {
        size_t cap = c->cap_edits ? c->cap_edits * 2 : 8;
        struct edit *more = ARENA_ARRAY(c->arena, struct edit, cap);
        if (more == NULL) {
            c->full = true;
            return;
        }
        if (d->n_edits != 0)
            memcpy(more, d->edits, d->n_edits * sizeof *more);
        d->edits = more;
        c->cap_edits = cap;
    }
    d->edits[d->n_edits++] = edit;
}

static struct str pointer_of(struct ctx *c, const struct workload_image *image) {
    struct buf b = engine_text_start(c, POINTER_MAX);
    engine_image_pointer(c->w, image, &b);
    return engine_text_take(c, &b);
}

static void edit_image(struct ctx *c, const struct decision_image *d) {
    if (str_eq(d->after, d->before))
        return;
    engine_add_edit(c, (struct edit){.op = EDIT_REPLACE,
                                     .kind = EDIT_STRING,
                                     .pointer = pointer_of(c, d->image),
                                     .string = d->after});
}

static bool wants_pull_policy(const struct ctx *c, const struct decision_image *d) {
    return (c->may & MAY_PULL_POLICY) && d->judged && c->rule->pull_policy.n != 0 &&
           c->rule->mode != MODE_AUDIT && !str_eq(d->image->pull_policy, c->rule->pull_policy);
}

static void edit_pull_policy(struct ctx *c, const struct decision_image *d) {
    const struct workload_image *image = d->image;
    struct buf b = engine_text_start(c, POINTER_MAX);
    engine_image_pointer(c->w, image, &b);
    bool volume = image->place == PLACE_VOLUME;
    if (!b.bad)
        b.n -= volume ? strlen("reference") : strlen("image");
    buf_puts(&b, volume ? "pullPolicy" : "imagePullPolicy");
    engine_add_edit(c, (struct edit){.op = image->has_pull_policy ? EDIT_REPLACE : EDIT_ADD,
                                     .kind = EDIT_STRING,
                                     .pointer = engine_text_take(c, &b),
                                     .string = c->rule->pull_policy});
}

/* ---- the decision -------------------------------------------------------------------- */

static bool start_images(struct ctx *c) {
    const struct workload *w = c->w;
    struct decision_image *images = ARENA_ARRAY(c->arena, struct decision_image, w->n_images);
    if (images == NULL)
        return false;
    for (size_t i = 0; i < w->n_images; i++) {
        struct str text = w->images[i].text;
        images[i] = (struct decision_image){
            .image = &w->images[i], .before = text, .after = text, .proposed = text};
    }
    c->d->images = images;
    c->d->n_images = w->n_images;
    return true;
}

static enum verdict verdict_of(enum reason_weight heaviest) {
    static const enum verdict by_weight[] = {[WEIGHT_NOTE] = VERDICT_ALLOW,
                                             [WEIGHT_WARN] = VERDICT_WARN,
                                             [WEIGHT_DENY] = VERDICT_DENY};
    return by_weight[heaviest];
}

/* Of a template the pod itself is judged later, by its own creator. */
enum reason_weight engine_unmatched_weight(const struct ctx *c) {
    if (c->policy->unmatched == UNMATCHED_ALLOW || c->w->shape == SHAPE_OTHER)
        return WEIGHT_NOTE;
    return c->w->shape == SHAPE_TEMPLATE ? WEIGHT_WARN : WEIGHT_DENY;
}

/* A pod that no rule selects. Changes that leave all images alone go through, or finalizers
 * could not be removed. */
static void decide_unmatched(struct ctx *c) {
    bool new_image = false;
    for (size_t i = 0; i < c->w->n_images; i++)
        new_image |= c->w->images[i].changed;
    if (!new_image)
        return;
    if (c->meter.spent) {
        engine_diagnose_unselected(c);
        return;
    }
    if (c->policy->unmatched == UNMATCHED_ALLOW)
        return;
    const struct diagnosis what = {
        .code = REASON_UNMATCHED, .weight = engine_unmatched_weight(c), .image = -1};
    struct str file = engine_policy_file(c->policy, (struct policy_pos){0});
    engine_diagnose(c, &what, "no rule of %.*s selects this pod, and unmatched pods are denied",
                    STR_ARG(file));
}

static void decide_selected(struct ctx *c) {
    if (c->w->shape == SHAPE_TEMPLATE && c->rule->templates == TEMPLATES_IGNORE)
        return;
    engine_judge_images(c);
    for (size_t i = 0; i < c->d->n_images && !c->validate; i++)
        edit_image(c, &c->d->images[i]);
    for (size_t i = 0; i < c->d->n_images; i++) {
        if (wants_pull_policy(c, &c->d->images[i]) && !c->refused)
            (c->validate ? engine_refuse_pull_policy : edit_pull_policy)(c, &c->d->images[i]);
    }
    engine_decide_secrets(c);
    if (c->validate && !c->refused)
        engine_refuse_missing_secrets(c);
    if (c->meter.spent && !c->over)
        engine_diagnose_spent(c, c->d->n_images);
}

/* A denied object is not patched, nor is one that is validated: its images and its list of secrets stay what they were. */
static void drop_edits(struct decision *d, const struct workload *w) {
    for (size_t i = 0; i < d->n_images; i++)
        d->images[i].after = d->images[i].before;
    d->n_edits = 0;
    d->secrets = w->secrets;
    d->n_secrets = w->n_secrets;
    d->n_secrets_added = 0;
}

enum ec engine_decide_with(struct ctx *c, unsigned flags, struct err *err) {
    const struct workload *w = c->w;
    *c->d = (struct decision){
        .verdict = VERDICT_ALLOW, .secrets = w->secrets, .n_secrets = w->n_secrets};
    if (!start_images(c))
        return arena_fail(c->arena, err);
    if (w->shape == SHAPE_OTHER || w->operation == OPERATION_DELETE ||
        w->operation == OPERATION_CONNECT)
        return EC_OK;
    if (c->notes != NULL)
        c->notes->nothing = false;
    c->rule = c->d->rule = find_rule(c);
    c->validate = (flags & ENGINE_VALIDATE) != 0;
    c->may = may_patch(w);
    if (!c->meter.spent && engine_refuse_odd(c)) {
        c->may = 0;
    } else if (c->rule == NULL) {
        decide_unmatched(c);
    } else {
        c->weight = engine_weight_of(c->rule, w->shape);
        decide_selected(c);
    }
    if (c->full)
        return arena_fail(c->arena, err);
    c->d->verdict = verdict_of(c->heaviest);
    c->d->n_steps = ENGINE_STEPS_MAX - c->meter.left;
    if (c->d->verdict == VERDICT_DENY || c->validate)
        drop_edits(c->d, w);
    return EC_OK;
}

enum ec engine_decide(struct decision *out, const struct policy *policy,
                      const struct workload *workload, int64_t now_s, unsigned flags,
                      struct arena *arena, struct err *err) {
    struct ctx c = {.policy = policy,
                    .w = workload,
                    .arena = arena,
                    .d = out,
                    .now_s = now_s,
                    .meter = MATCH_METER(ENGINE_STEPS_MAX, arena)};
    return engine_decide_with(&c, flags, err);
}
