#include "engine/engine.h"

#include "engine/internal.h"

/* ---- which rule ---------------------------------------------------------------------- */

static bool any_name(const struct policy_names *globs, struct str name) {
    for (size_t i = 0; i < globs->n; i++)
        if (match_name(globs->v[i], name))
            return true;
    return globs->n == 0;
}

static bool any_group(const struct policy_names *globs, const struct workload *w) {
    for (size_t i = 0; i < w->n_groups; i++)
        if (any_name(globs, w->groups[i]))
            return true;
    return globs->n == 0;
}

static enum explain_answer answer(bool asked, bool holds) {
    return !asked ? ANSWER_NOT_ASKED : holds ? ANSWER_HOLDS : ANSWER_FAILS;
}

enum explain_answer ask(const struct policy_match *m, const struct workload *w,
                        enum explain_question question) {
    switch (question) {
    case QUESTION_NAMESPACE:
        return answer(m->namespaces.n != 0, any_name(&m->namespaces, w->namespace));
    case QUESTION_SERVICE_ACCOUNT:
        return answer(m->service_accounts.n != 0,
                      any_name(&m->service_accounts, w->service_account));
    case QUESTION_USER:
        return answer(m->users.n != 0, any_name(&m->users, w->user));
    case QUESTION_GROUP:
        return answer(m->groups.n != 0, any_group(&m->groups, w));
    case QUESTION_LABELS:
        return answer(m->pod_labels.n_requirements != 0,
                      match_labels(&m->pod_labels, w->labels, w->n_labels));
    default:
        return ANSWER_NOT_ASKED;
    }
}

static bool selects(const struct policy_match *m, const struct workload *w) {
    for (enum explain_question q = 0; q < N_QUESTIONS; q++)
        if (ask(m, w, q) == ANSWER_FAILS)
            return false;
    return true;
}

/* The first rule under the word that selects the pod, if it comes before `best`; else that. */
static size_t first_under(const struct ctx *c, const struct index_word *word, size_t best) {
    size_t n;
    const struct index_entry *under = index_find(&c->policy->rule_index, word, &n);
    for (size_t i = 0; i < n && under[i].at < best; i++)
        if (selects(&c->policy->rules[under[i].at].match, c->w))
            return under[i].at;
    return best;
}

/* The same rule that a look at all of them finds: each stands under one thing it asks for, or among
 * the others. */
static const struct policy_rule *find_indexed(const struct ctx *c) {
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
        if (selects(&p->rules[p->rule_index.others[i]].match, w))
            best = p->rule_index.others[i];
    return best < p->n_rules ? &p->rules[best] : NULL;
}

static const struct policy_rule *find_rule(struct ctx *c) {
    const struct policy *p = c->policy;
    if (p->rule_index.is_built && c->notes == NULL)
        return find_indexed(c);
    for (size_t i = 0; i < p->n_rules; i++) {
        bool selected = selects(&p->rules[i].match, c->w);
        if (c->notes != NULL)
            note_rule(c, i, selected);
        if (selected)
            return &p->rules[i];
    }
    return NULL;
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

static enum reason_weight weight_of(const struct policy_rule *rule, enum workload_shape shape) {
    static const enum reason_weight by_mode[] = {
        [MODE_ENFORCE] = WEIGHT_DENY, [MODE_WARN] = WEIGHT_WARN, [MODE_AUDIT] = WEIGHT_NOTE};
    enum reason_weight weight = by_mode[rule->mode];
    if (shape == SHAPE_TEMPLATE && rule->templates == TEMPLATES_WARN && weight > WEIGHT_WARN)
        return WEIGHT_WARN;
    return weight;
}

/* ---- edits --------------------------------------------------------------------------- */

void add_edit(struct ctx *c, struct edit edit) {
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
    struct buf b = text_start(c, POINTER_MAX);
    engine_image_pointer(c->w, image, &b);
    return text_take(c, &b);
}

static void edit_image(struct ctx *c, const struct decision_image *d) {
    if (str_eq(d->after, d->before))
        return;
    add_edit(c, (struct edit){.op = EDIT_REPLACE,
                              .kind = EDIT_STRING,
                              .pointer = pointer_of(c, d->image),
                              .string = d->after});
}

static void edit_pull_policy(struct ctx *c, const struct decision_image *d) {
    const struct workload_image *image = d->image;
    if (!(c->may & MAY_PULL_POLICY) || !d->judged || c->rule->pull_policy.n == 0 ||
        c->rule->mode == MODE_AUDIT || str_eq(image->pull_policy, c->rule->pull_policy))
        return;
    struct buf b = text_start(c, POINTER_MAX);
    engine_image_pointer(c->w, image, &b);
    bool volume = image->place == PLACE_VOLUME;
    if (!b.bad)
        b.n -= volume ? strlen("reference") : strlen("image");
    buf_puts(&b, volume ? "pullPolicy" : "imagePullPolicy");
    add_edit(c, (struct edit){.op = image->has_pull_policy ? EDIT_REPLACE : EDIT_ADD,
                              .kind = EDIT_STRING,
                              .pointer = text_take(c, &b),
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

/* A pod that no rule selects. Changes that leave all images alone go through, or finalizers
 * could not be removed; of a template the pod itself is judged later, by its own creator. */
static void decide_unmatched(struct ctx *c) {
    bool new_image = false;
    for (size_t i = 0; i < c->w->n_images; i++)
        new_image |= c->w->images[i].changed;
    if (c->policy->unmatched == UNMATCHED_ALLOW || !new_image)
        return;
    const struct complaint what = {.code = REASON_UNMATCHED,
                                   .weight = c->w->shape == SHAPE_TEMPLATE ? WEIGHT_WARN
                                                                           : WEIGHT_DENY,
                                   .image = -1};
    struct str file = policy_file(c->policy, (struct policy_pos){0});
    complain(c, &what, "no rule of %.*s selects this pod, and unmatched pods are denied",
             STR_ARG(file));
}

static void decide_selected(struct ctx *c) {
    if (c->w->shape == SHAPE_TEMPLATE && c->rule->templates == TEMPLATES_IGNORE)
        return;
    for (size_t i = 0; i < c->d->n_images; i++)
        judge_image(c, i);
    for (size_t i = 0; i < c->d->n_images; i++)
        edit_image(c, &c->d->images[i]);
    for (size_t i = 0; i < c->d->n_images; i++)
        edit_pull_policy(c, &c->d->images[i]);
    decide_secrets(c);
}

/* A denied object is not patched: its images and its list of secrets stay what they were. */
static void drop_edits(struct decision *d, const struct workload *w) {
    for (size_t i = 0; i < d->n_images; i++)
        d->images[i].after = d->images[i].before;
    d->n_edits = 0;
    d->secrets = w->secrets;
    d->n_secrets = w->n_secrets;
    d->n_secrets_added = 0;
}

enum ec decide(struct ctx *c, unsigned flags, struct err *err) {
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
    c->may = (flags & ENGINE_VALIDATE) ? 0 : may_patch(w);
    if (refuse_odd(c)) {
        c->may = 0;
    } else if (c->rule == NULL) {
        decide_unmatched(c);
    } else {
        c->weight = weight_of(c->rule, w->shape);
        decide_selected(c);
    }
    if (c->full)
        return arena_fail(c->arena, err);
    c->d->verdict = verdict_of(c->heaviest);
    if (c->d->verdict == VERDICT_DENY)
        drop_edits(c->d, w);
    return EC_OK;
}

enum ec engine_decide(struct decision *out, const struct policy *policy,
                      const struct workload *workload, int64_t now_s, unsigned flags,
                      struct arena *arena, struct err *err) {
    struct ctx c = {.policy = policy, .w = workload, .arena = arena, .d = out, .now_s = now_s};
    return decide(&c, flags, err);
}
