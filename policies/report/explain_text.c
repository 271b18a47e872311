/* An explanation as an indented text: the rules that were tried, then each image step by step. */
#include "report/explain.h"

#include "base/escape.h"
#include "report/report.h"

static void put_quoted(struct buf *out, struct str s) {
    buf_putc(out, '"');
    escape_text(out, s);
    buf_putc(out, '"');
}

static void put_step(struct buf *out, const char *step) {
    buf_printf(out, "      %-16s", step);
}

static void put_pattern(struct buf *out, const struct policy *p,
                        const struct policy_pattern *pattern) {
    put_quoted(out, match_image_text(pattern->image));
    buf_puts(out, " (");
    report_explain_put_place(out, p, pattern->pos);
    buf_putc(out, ')');
}

static void put_mirror(struct buf *out, const struct policy *p,
                       const struct policy_mirror *mirror) {
    buf_puts(out, "mirror ");
    escape_text(out, mirror->from.text);
    buf_puts(out, " -> ");
    escape_text(out, mirror->to.text);
    buf_puts(out, " (");
    report_explain_put_place(out, p, mirror->pos);
    buf_putc(out, ')');
}

static void put_registry(struct buf *out, const struct explained *e) {
    const struct policy_rule *rule = e->decision->rule;
    buf_puts(out, "registry ");
    escape_text(out, rule->registry.text);
    buf_puts(out, " (");
    report_explain_put_place(out, e->policy, rule->registry_pos);
    buf_putc(out, ')');
}

/* ---- rules --------------------------------------------------------------------------- */

static void put_answer(struct buf *out, const struct explained *e,
                       const struct policy_match *match, enum explain_question q, bool holds) {
    struct buf found = BUF_INIT(1 << 20);
    put_step(out, report_explain_question_name(q));
    report_explain_put_found(&found, e->workload, q);
    if (found.n != 0)
        put_quoted(out, buf_view(&found));
    else
        buf_puts(out, "(none)");
    buf_done(&found);
    if (q == QUESTION_LABELS)
        buf_puts(out, holds ? " satisfies: " : " does not satisfy: ");
    else
        buf_puts(out, holds ? " is among: " : " is not among: ");
    struct buf request = BUF_INIT(1 << 20);
    report_explain_put_asked(&request, match, q);
    escape_text(out, buf_view(&request));
    buf_done(&request);
    buf_putc(out, '\n');
}

static void put_rule(struct buf *out, const struct explained *e, const struct explain_rule *r) {
    bool request = false;
    buf_puts(out, "  rule ");
    put_quoted(out, r->rule->name);
    buf_puts(out, " (");
    report_explain_put_place(out, e->policy, r->rule->pos);
    buf_puts(out, r->selected ? "): matches and decides\n" : "): does not match\n");
    for (enum explain_question q = 0; q < N_QUESTIONS; q++) {
        if (r->answers[q] == ANSWER_NOT_ASKED)
            continue;
        put_answer(out, e, &r->rule->match, q, r->answers[q] == ANSWER_HOLDS);
        request = true;
    }
    if (!request)
        buf_puts(out, "      every pod\n");
}

static void put_mode(struct buf *out, const struct explained *e) {
    static const char *const texts[] = {[MODE_WARN] = "what is wrong is a warning",
                                        [MODE_AUDIT] = "nothing is changed or refused"};
    const struct policy_rule *rule = e->decision->rule;
    if (rule == NULL)
        buf_printf(out, "  no rule matches: unmatched pods are %s\n",
                   e->policy->unmatched == UNMATCHED_DENY ? "denied" : "allowed");
    else if (rule->mode != MODE_ENFORCE)
        buf_printf(out, "  mode %s: %s\n", engine_mode_name(rule->mode), texts[rule->mode]);
}

static void put_rules(struct buf *out, const struct explained *e) {
    size_t untried = 0;
    for (size_t i = 0; i < e->how->n_rules; i++) {
        if (e->how->rules[i].tried)
            put_rule(out, e, &e->how->rules[i]);
        else
            untried++;
    }
    if (untried != 0)
        buf_printf(out, "  %zu more rule%s not tried\n", untried, untried == 1 ? "" : "s");
    put_mode(out, e);
}

/* ---- an image ------------------------------------------------------------------------ */

static void put_way(struct buf *out, const struct explained *e, const struct explain_image *x,
                    const struct decision_image *d) {
    put_step(out, "sent to");
    if (x->way == WAY_REGISTRY)
        put_registry(out, e);
    else if (x->way == WAY_MIRROR)
        put_mirror(out, e->policy, x->mirror);
    else
        buf_puts(out, x->way == WAY_EXEMPTED ? "where it says, being exempted"
                      : x->qualified         ? "where it says, no mirror takes it"
                                             : "Docker Hub, no registry or mirror takes it");
    if (!str_eq(d->proposed, d->before)) {
        buf_puts(out, ": ");
        escape_text(out, d->proposed);
    }
    buf_putc(out, '\n');
    if (!x->can_rewrite && !str_eq(d->proposed, d->before)) {
        put_step(out, "rewritten");
        buf_puts(out, "not here: this object stays as it is\n");
    }
}

static void put_exemption(struct buf *out, const struct explained *e,
                          const struct explain_image *x) {
    const struct policy_exemption *by = x->exemption ? x->exemption : x->expired;
    if (by == NULL && e->policy->n_exemptions == 0)
        return;
    put_step(out, "exempted");
    if (by == NULL && x->elsewhere != NULL) {
        buf_puts(out, "no, the exemption of ");
        report_explain_put_place(out, e->policy, x->elsewhere->pos);
        buf_puts(out, " holds for the rules of its own file (scope: file)\n");
        return;
    }
    if (by == NULL) {
        buf_puts(out, "no\n");
        return;
    }
    buf_puts(out, x->exemption ? "yes (" : "no longer (");
    report_explain_put_place(out, e->policy, by->pos);
    buf_puts(out, "): ");
    escape_text(out, by->reason);
    buf_puts(out, ", owner ");
    escape_text(out, by->owner);
    if (by->until.n != 0) {
        buf_puts(out, ", until ");
        escape_text(out, by->until);
    }
    buf_putc(out, '\n');
}

static void put_denied(struct buf *out, const struct explained *e,
                       const struct explain_image *x) {
    if (!x->denied_asked)
        return;
    put_step(out, "denied");
    if (x->denied != NULL) {
        buf_puts(out, "by ");
        put_pattern(out, e->policy, x->denied);
        if (x->denied_as.n != 0)
            buf_printf(out, ", by way of mirrors as %.*s", STR_ARG(x->denied_as));
    } else if (x->gave_up != NULL && x->approval == APPROVAL_NOT_ASKED) {
        buf_puts(out, "perhaps, this regex gave up: ");
        put_pattern(out, e->policy, x->gave_up);
    } else {
        buf_puts(out, e->decision->rule->denied.n ? "by no pattern" : "no patterns");
        if (x->own_registry)
            buf_puts(out,
                     " (what the registry serves is its own: only a mirror of docker.io says "
                     "that it is Docker Hub's)");
    }
    buf_putc(out, '\n');
}

static void put_approval(struct buf *out, const struct explained *e,
                         const struct explain_image *x) {
    if (x->approval == APPROVAL_NOT_ASKED)
        return;
    put_step(out, "approved");
    if (x->approval == APPROVAL_REGISTRY) {
        buf_puts(out, "by ");
        put_registry(out, e);
    } else if (x->approval == APPROVAL_MIRROR) {
        buf_puts(out, "by ");
        put_mirror(out, e->policy, x->served);
    } else if (x->approval == APPROVAL_PATTERN) {
        buf_puts(out, "by ");
        put_pattern(out, e->policy, x->approved);
    } else if (x->gave_up != NULL) {
        buf_puts(out, "no, this regex gave up: ");
        put_pattern(out, e->policy, x->gave_up);
    } else {
        buf_puts(out, "no: ");
        escape_text(out, x->result);
        buf_puts(out, " is not approved");
    }
    buf_putc(out, '\n');
}

static void put_need(struct buf *out, const struct explain_image *x) {
    static const char *const texts[] = {[NEED_NOTHING] = "nothing",
                                        [NEED_MET] = "yes, and it has it",
                                        [NEED_DIGEST] = "a digest, and it has none",
                                        [NEED_TAG] = "an explicit tag, and it has none"};
    if (x->need == NEED_NOT_ASKED)
        return;
    put_step(out, "required");
    buf_printf(out, "%s\n", texts[x->need]);
}

/* Of an image that stands alone, "container 0: " says nothing. */
static struct str message_of(const struct explained *e, const struct reason *r) {
    static const struct str nothing = STR_INIT("container 0: ");
    bool alone = e->object == NULL && str_starts(r->message, nothing);
    return str_slice(r->message, alone ? nothing.n : 0, r->message.n);
}

static void put_reasons(struct buf *out, const struct explained *e, int32_t image) {
    static const char *const words[] = {"note", "warn", "deny"};
    for (size_t i = 0; i < e->decision->n_reasons; i++) {
        const struct reason *r = &e->decision->reasons[i];
        if (r->image != image)
            continue;
        if (image >= 0)
            put_step(out, words[r->weight]);
        else
            buf_printf(out, "  %s: ", words[r->weight]);
        escape_text(out, message_of(e, r));
        buf_putc(out, '\n');
    }
}

static void put_judged(struct buf *out, const struct explained *e,
                       const struct explain_image *x, const struct decision_image *d) {
    struct buf normal = BUF_INIT(1 << 20);
    report_explain_put_normal(&normal, x);
    put_step(out, "read as");
    escape_text(out, buf_view(&normal));
    buf_done(&normal);
    buf_puts(out, x->qualified ? "\n" : " (it names no host)\n");
    put_exemption(out, e, x);
    put_way(out, e, x, d);
    put_denied(out, e, x);
    put_approval(out, e, x);
    put_need(out, x);
}

static void put_result(struct buf *out, const struct explained *e,
                       const struct decision_image *d) {
    if (d->weight == WEIGHT_DENY)
        return;
    put_step(out, "result");
    if (!str_eq(d->after, d->before)) {
        escape_text(out, d->after);
        buf_putc(out, '\n');
    } else if (e->decision->verdict == VERDICT_DENY) {
        buf_puts(out, "nothing is changed, since the object is denied\n");
    } else {
        buf_puts(out, "stays as it is\n");
    }
}

static void put_image(struct buf *out, const struct explained *e, size_t i) {
    static const char *const asides[] = {
        [STATE_NO_RULE] = "no rule looks at it",
        [STATE_UNCHANGED] = "is as it was before the update, and not judged",
        [STATE_PLACEHOLDER] = "is filled in later, and judged in the pod",
        [STATE_LIMIT] = "no, the pattern steps of one review are used up"};
    static const char *const places[] = {"container", "init container", "ephemeral container",
                                         "image volume"};
    const struct decision_image *d = &e->decision->images[i];
    const struct explain_image *x = &e->how->images[i];
    buf_printf(out, "  %s ", e->object ? places[d->image->place] : "image");
    if (e->object != NULL) {
        put_quoted(out, d->image->name);
        buf_puts(out, ": image ");
    }
    put_quoted(out, d->before);
    buf_putc(out, '\n');
    if (x->state == STATE_JUDGED)
        put_judged(out, e, x, d);
    else if (x->state != STATE_INVALID) {
        put_step(out, "judged");
        buf_printf(out, "%s\n", asides[x->state]);
    }
    put_reasons(out, e, (int32_t)i);
    if (x->state == STATE_JUDGED)
        put_result(out, e, d);
}

/* ---- pull secrets -------------------------------------------------------------------- */

static void put_secret(struct buf *out, const struct explained *e,
                       const struct explain_secret *s) {
    buf_puts(out, "  pull secret ");
    put_quoted(out, s->secret->name);
    buf_puts(out, " (");
    report_explain_put_place(out, e->policy, s->secret->pos);
    buf_puts(out, "): ");
    if (s->had)
        buf_puts(out, "the pod has it already");
    else if (s->secret->always)
        buf_puts(out, "added to every pod");
    else if (s->wanted) {
        buf_puts(out, "added, ");
        put_quoted(out, e->decision->images[s->image].proposed);
        buf_puts(out, " comes from ");
        escape_text(out, s->secret->place.text);
    } else {
        buf_puts(out, "not needed, no image comes from ");
        escape_text(out, s->secret->place.text);
    }
    if (e->decision->verdict == VERDICT_DENY && s->wanted && !s->had)
        buf_puts(out, ", were the object not denied");
    buf_putc(out, '\n');
}

static void put_secrets(struct buf *out, const struct explained *e) {
    static const char *const texts[] = {
        [GIVING_NONE] = "the rule has none",
        [GIVING_FORBIDDEN] = "left alone, this object or operation cannot be given any",
        [GIVING_AUDITED] = "left alone, mode audit changes nothing"};
    if (e->how->giving == GIVING_NO_RULE)
        return;
    if (e->how->giving != GIVING_DECIDED)
        buf_printf(out, "  pull secrets: %s\n", texts[e->how->giving]);
    for (size_t i = 0; i < e->how->n_secrets && e->how->giving == GIVING_DECIDED; i++)
        put_secret(out, e, &e->how->secrets[i]);
}

/* ---- all of it ----------------------------------------------------------------------- */

static void put_name(struct buf *out, const struct explained *e) {
    const struct workload *w = e->workload;
    struct str name = w->name.n ? w->name : w->generate_name;
    if (e->object == NULL) {
        put_quoted(out, e->decision->images[0].before);
    } else {
        escape_text(out, str_of(e->object->file));
        buf_printf(out, ":%u: ", e->object->line);
        escape_text(out, w->kind);
        buf_putc(out, ' ');
        put_quoted(out, name);
    }
    if (w->namespace.n != 0) {
        buf_puts(out, " in namespace ");
        put_quoted(out, w->namespace);
    }
}

void report_explain_text(struct buf *out, const struct explained *e, size_t n) {
    if (n != 0)
        buf_putc(out, '\n');
    put_name(out, e);
    buf_printf(out, ": %s\n",
               e->object != NULL ? object_verdict_name(e->object)
                                 : engine_verdict_name(e->decision->verdict));
    if (e->object != NULL && e->object->unjudged != NULL) {
        buf_puts(out, "  ");
        object_put_unjudged(out, e->object);
        buf_putc(out, '\n');
    } else if (e->how != NULL && e->how->nothing)
        buf_puts(out, "  nothing here runs an image: no rule is asked\n");
    if (e->how == NULL || e->how->nothing) {
        put_reasons(out, e, -1);
        return;
    }
    put_rules(out, e);
    put_reasons(out, e, -1);
    for (size_t i = 0; i < e->decision->n_images; i++)
        put_image(out, e, i);
    put_secrets(out, e);
}
