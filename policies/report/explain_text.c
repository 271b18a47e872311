/* An explanation as an indented text: the rules that were tried, then each image step by step. */
#include "report/explain_parts.h"

#include "base/escape.h"
#include "object/messages.h"

/* ---- rules --------------------------------------------------------------------------- */

static void put_answer(struct buf *out, const struct report_explained *e,
                       const struct policy_match *match, enum engine_explain_question q,
                       bool holds) {
    struct buf found = BUF_INIT(1 << 20);
    report_explain_put_step(out, report_explain_question_name(q));
    report_explain_put_found(&found, e->workload, q);
    if (found.n != 0)
        report_explain_put_quoted(out, buf_view(&found));
    else
        buf_puts(out, "(none)");
    buf_done(&found);
    if (q == QUESTION_LABELS)
        buf_puts(out, holds ? " satisfies: " : " does not satisfy: ");
    else
        buf_puts(out, holds ? " is among: " : " is not among: ");
    struct buf asked = BUF_INIT(1 << 20);
    report_explain_put_asked(&asked, match, q);
    escape_text(out, buf_view(&asked));
    buf_done(&asked);
    buf_putc(out, '\n');
}

static void put_rule(struct buf *out, const struct report_explained *e,
                     const struct engine_explain_rule *r) {
    bool asked_any = false;
    buf_puts(out, "  rule ");
    report_explain_put_quoted(out, r->rule->name);
    buf_puts(out, " (");
    report_explain_put_location(out, e->policy, r->rule->pos);
    buf_puts(out, r->selected ? "): matches and decides\n" : "): does not match\n");
    for (enum engine_explain_question q = 0; q < N_QUESTIONS; q++) {
        if (r->answers[q] == ANSWER_NOT_ASKED)
            continue;
        put_answer(out, e, &r->rule->match, q, r->answers[q] == ANSWER_HOLDS);
        asked_any = true;
    }
    if (!asked_any)
        buf_puts(out, "      every pod\n");
}

static void put_mode(struct buf *out, const struct report_explained *e) {
    static const char *const texts[] = {[MODE_WARN] = "violations are warnings",
                                        [MODE_AUDIT] = "nothing is changed or refused"};
    const struct policy_rule *rule = e->decision->rule;
    if (rule == NULL)
        buf_printf(out, "  no rule matches: unmatched pods are %s\n",
                   e->policy->unmatched == UNMATCHED_DENY ? "denied" : "allowed");
    else if (rule->mode != MODE_ENFORCE)
        buf_printf(out, "  mode %s: %s\n", engine_mode_name(rule->mode), texts[rule->mode]);
}

static void put_rules(struct buf *out, const struct report_explained *e) {
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

/* ---- pull secrets -------------------------------------------------------------------- */

static void put_source(struct buf *out, const struct report_explained *e,
                       const struct policy_secret *secret) {
    const struct policy_source *from =
        engine_policy_source(e->policy, secret->pos.file, secret->name);
    if (from == NULL)
        return;
    buf_puts(out, "; a copy of ");
    escape_text(out, from->from_namespace);
    buf_putc(out, '/');
    escape_text(out, from->from_name);
    buf_puts(out, " (");
    report_explain_put_location(out, e->policy, from->pos);
    buf_putc(out, ')');
}

static void put_secret(struct buf *out, const struct report_explained *e,
                       const struct engine_explain_secret *s) {
    buf_puts(out, "  pull secret ");
    report_explain_put_quoted(out, s->secret->name);
    buf_puts(out, " (");
    report_explain_put_location(out, e->policy, s->secret->pos);
    buf_puts(out, "): ");
    if (s->had)
        buf_puts(out, "the pod has it already");
    else if (s->secret->always)
        buf_puts(out, "added to every pod");
    else if (s->wanted) {
        buf_puts(out, "added, ");
        report_explain_put_quoted(out, e->decision->images[s->image].proposed);
        buf_puts(out, " comes from ");
        escape_text(out, s->secret->prefix.text);
    } else {
        buf_puts(out, "not needed, no image comes from ");
        escape_text(out, s->secret->prefix.text);
    }
    if (e->decision->verdict == VERDICT_DENY && s->wanted && !s->had)
        buf_puts(out, ", if the object were not denied");
    put_source(out, e, s->secret);
    buf_putc(out, '\n');
}

static void put_secrets(struct buf *out, const struct report_explained *e) {
    static const char *const texts[] = {
        [GIVING_NONE] = "the rule has none",
        [GIVING_FORBIDDEN] = "none added: not possible for this object or operation",
        [GIVING_AUDITED] = "none added: mode audit changes nothing"};
    if (e->how->giving == GIVING_NO_RULE)
        return;
    if (e->how->giving != GIVING_DECIDED)
        buf_printf(out, "  pull secrets: %s\n", texts[e->how->giving]);
    for (size_t i = 0; i < e->how->n_secrets && e->how->giving == GIVING_DECIDED; i++)
        put_secret(out, e, &e->how->secrets[i]);
}

/* ---- all of it ----------------------------------------------------------------------- */

static void put_name(struct buf *out, const struct report_explained *e) {
    const struct workload *w = e->workload;
    struct str name = w->name.n ? w->name : w->generate_name;
    if (e->object == NULL) {
        report_explain_put_quoted(out, e->decision->images[0].before);
    } else {
        escape_text(out, str_of(e->object->file));
        buf_printf(out, ":%u: ", e->object->line);
        escape_text(out, w->kind);
        buf_putc(out, ' ');
        report_explain_put_quoted(out, name);
    }
    if (w->namespace.n != 0) {
        buf_puts(out, " in namespace ");
        report_explain_put_quoted(out, w->namespace);
    }
}

void report_explain_text(struct buf *out, const struct report_explained *e, size_t n) {
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
        buf_puts(out, "  the object has no images: no rule applies\n");
    if (e->how == NULL || e->how->nothing) {
        report_explain_put_reasons(out, e, -1);
        return;
    }
    put_rules(out, e);
    report_explain_put_reasons(out, e, -1);
    for (size_t i = 0; i < e->decision->n_images; i++)
        report_explain_put_image(out, e, i);
    put_secrets(out, e);
}
