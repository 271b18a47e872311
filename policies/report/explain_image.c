/* What was decided about one image, step by step, as a text. */
#include "report/explain_parts.h"

#include "base/escape.h"

static void put_way(struct buf *out, const struct report_explained *e,
                    const struct engine_explain_image *x, const struct decision_image *d) {
    report_explain_put_step(out, "sent to");
    if (x->way == WAY_REGISTRY)
        report_explain_put_registry(out, e);
    else if (x->way == WAY_MIRROR)
        report_explain_put_mirror(out, e->policy, x->mirror);
    else
        buf_puts(out, x->way == WAY_EXEMPTED ? "the registry it names: exempted"
                      : x->qualified         ? "the registry it names: no mirror applies"
                                             : "Docker Hub: no registry or mirror applies");
    if (!str_eq(d->proposed, d->before)) {
        buf_puts(out, ": ");
        escape_text(out, d->proposed);
    }
    buf_putc(out, '\n');
    if (!x->can_rewrite && !str_eq(d->proposed, d->before)) {
        report_explain_put_step(out, "rewritten");
        buf_puts(out, "not here: this object is not changed\n");
    }
}

static void put_exemption(struct buf *out, const struct report_explained *e,
                          const struct engine_explain_image *x) {
    const struct policy_exemption *by = x->exemption ? x->exemption : x->expired;
    if (by == NULL && e->policy->n_exemptions == 0)
        return;
    report_explain_put_step(out, "exempted");
    if (by == NULL && x->elsewhere != NULL) {
        buf_puts(out, "no, the exemption of ");
        report_explain_put_location(out, e->policy, x->elsewhere->pos);
        buf_puts(out, " applies only to the rules of its own file (scope: file)\n");
        return;
    }
    if (by == NULL) {
        buf_puts(out, "no\n");
        return;
    }
    buf_puts(out, x->exemption ? "yes (" : "no longer (");
    report_explain_put_location(out, e->policy, by->pos);
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

static void put_denied(struct buf *out, const struct report_explained *e,
                       const struct engine_explain_image *x) {
    if (!x->denied_asked)
        return;
    report_explain_put_step(out, "denied");
    if (x->denied != NULL) {
        buf_puts(out, "by ");
        report_explain_put_pattern(out, e->policy, x->denied);
        if (x->denied_as.n != 0)
            buf_printf(out, ", through mirrors as %.*s", STR_ARG(x->denied_as));
    } else if (x->gave_up != NULL && x->approval == APPROVAL_NOT_ASKED) {
        buf_puts(out, "perhaps: this regex reached its limit: ");
        report_explain_put_pattern(out, e->policy, x->gave_up);
    } else {
        buf_puts(out, e->decision->rule->denied.n ? "by no pattern" : "no patterns");
        if (x->own_registry)
            buf_puts(
                out,
                " (not an image of Docker Hub: the registry is not a mirror of docker.io)");
    }
    buf_putc(out, '\n');
}

static void put_approval(struct buf *out, const struct report_explained *e,
                         const struct engine_explain_image *x) {
    if (x->approval == APPROVAL_NOT_ASKED)
        return;
    report_explain_put_step(out, "approved");
    if (x->approval == APPROVAL_REGISTRY) {
        buf_puts(out, "by ");
        report_explain_put_registry(out, e);
    } else if (x->approval == APPROVAL_MIRROR) {
        buf_puts(out, "by ");
        report_explain_put_mirror(out, e->policy, x->served);
    } else if (x->approval == APPROVAL_PATTERN) {
        buf_puts(out, "by ");
        report_explain_put_pattern(out, e->policy, x->approved);
    } else if (x->gave_up != NULL) {
        buf_puts(out, "no: this regex reached its limit: ");
        report_explain_put_pattern(out, e->policy, x->gave_up);
    } else {
        buf_puts(out, "no: ");
        escape_text(out, x->result);
        buf_puts(out, " is not approved");
    }
    buf_putc(out, '\n');
}

static void put_need(struct buf *out, const struct engine_explain_image *x) {
    static const char *const texts[] = {[NEED_NOTHING] = "nothing",
                                        [NEED_MET] = "met",
                                        [NEED_DIGEST] = "a digest, which is missing",
                                        [NEED_TAG] = "an explicit tag, which is missing"};
    if (x->need == NEED_NOT_ASKED)
        return;
    report_explain_put_step(out, "required");
    buf_printf(out, "%s\n", texts[x->need]);
}

static void put_judged(struct buf *out, const struct report_explained *e,
                       const struct engine_explain_image *x, const struct decision_image *d) {
    struct buf normal = BUF_INIT(1 << 20);
    report_explain_put_normal(&normal, x);
    report_explain_put_step(out, "read as");
    escape_text(out, buf_view(&normal));
    buf_done(&normal);
    buf_puts(out, x->qualified ? "\n" : " (it names no host)\n");
    put_exemption(out, e, x);
    put_way(out, e, x, d);
    put_denied(out, e, x);
    put_approval(out, e, x);
    put_need(out, x);
}

static void put_result(struct buf *out, const struct report_explained *e,
                       const struct decision_image *d) {
    if (d->weight == WEIGHT_DENY)
        return;
    report_explain_put_step(out, "result");
    if (!str_eq(d->after, d->before)) {
        escape_text(out, d->after);
        buf_putc(out, '\n');
    } else if (e->decision->verdict == VERDICT_DENY) {
        buf_puts(out, "unchanged, since the object is denied\n");
    } else {
        buf_puts(out, "unchanged\n");
    }
}

void report_explain_put_image(struct buf *out, const struct report_explained *e, size_t i) {
    static const char *const asides[] = {
        [STATE_NO_RULE] = "no rule applies",
        [STATE_UNCHANGED] = "no, the update does not change it",
        [STATE_PLACEHOLDER] = "no, it is set later and judged in the pod",
        [STATE_LIMIT] = "no, the pattern steps of one review are used up"};
    static const char *const places[] = {"container", "init container", "ephemeral container",
                                         "image volume"};
    const struct decision_image *d = &e->decision->images[i];
    const struct engine_explain_image *x = &e->how->images[i];
    buf_printf(out, "  %s ", e->object ? places[d->image->list] : "image");
    if (e->object != NULL) {
        report_explain_put_quoted(out, d->image->name);
        buf_puts(out, ": image ");
    }
    report_explain_put_quoted(out, d->before);
    buf_putc(out, '\n');
    if (x->state == STATE_JUDGED)
        put_judged(out, e, x, d);
    else if (x->state != STATE_INVALID) {
        report_explain_put_step(out, "judged");
        buf_printf(out, "%s\n", asides[x->state]);
    }
    report_explain_put_reasons(out, e, (int32_t)i);
    if (x->state == STATE_JUDGED)
        put_result(out, e, d);
}
