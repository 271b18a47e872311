/* Reasons in words: container, image, what is wrong, rule (file:line), what to write instead.
 */
#include "engine/internal.h"

#include <stdarg.h>

/* ---- what a reason weighs ------------------------------------------------------------ */

enum reason_weight engine_weight_of(const struct policy_rule *rule, enum workload_shape shape) {
    static const enum reason_weight by_mode[] = {
        [MODE_ENFORCE] = WEIGHT_DENY, [MODE_WARN] = WEIGHT_WARN, [MODE_AUDIT] = WEIGHT_NOTE};
    enum reason_weight weight = by_mode[rule->mode];
    if (shape == SHAPE_TEMPLATE && rule->templates == TEMPLATES_WARN && weight > WEIGHT_WARN)
        return WEIGHT_WARN;
    return weight;
}

/* Of a template the pod itself is judged later, by its own creator. */
enum reason_weight engine_unmatched_weight(const struct ctx *c) {
    if (c->policy->unmatched == UNMATCHED_ALLOW || c->w->shape == SHAPE_OTHER)
        return WEIGHT_NOTE;
    return c->w->shape == SHAPE_TEMPLATE ? WEIGHT_WARN : WEIGHT_DENY;
}

/* ---- its message --------------------------------------------------------------------- */

static const char *const list_words[] = {"container", "init container", "ephemeral container",
                                         "image volume"};

static void put_message(struct buf *b, struct str message) {
    if (message.n == 0)
        return;
    buf_puts(b, "; ");
    buf_str(b, message);
}

void engine_put_message(struct buf *out, const struct policy *policy) {
    put_message(out, policy->message);
}

static void put_subject(struct buf *b, const struct workload_image *image) {
    buf_puts(b, list_words[image->list]);
    if (image->name.n != 0) {
        buf_putc(b, ' ');
        engine_put_quoted(b, image->name);
    } else {
        buf_printf(b, " %u", image->index);
    }
    buf_puts(b, ": image ");
    engine_put_quoted(b, image->text);
    buf_putc(b, ' ');
}

static void put_rule(struct buf *b, const struct ctx *c, const struct policy_pos *pos) {
    struct str file = engine_policy_file(c->policy, *pos);
    if (c->rule == NULL || pos->line == 0)
        return;
    buf_puts(b, " (rule ");
    engine_put_quoted(b, c->rule->name);
    buf_puts(b, ", ");
    buf_str(b, file);
    buf_putc(b, ':');
    buf_uint(b, pos->line);
    buf_putc(b, ')');
}

/* The list is full: the last lighter reason makes room for a heavier one, so that a denial always has its
 * reason. */
static struct reason *replace_lighter(struct decision *d, enum reason_weight weight) {
    d->n_reasons_omitted++;
    for (size_t i = d->n_reasons; i-- > 0;) {
        if (d->reasons[i].weight >= weight)
            continue;
        memmove(&d->reasons[i], &d->reasons[i + 1],
                (d->n_reasons - i - 1) * sizeof *d->reasons);
        return &d->reasons[d->n_reasons - 1];
    }
    d->n_denials_omitted += weight == WEIGHT_DENY;
    return NULL;
}

static struct reason *next_reason(struct ctx *c, enum reason_weight weight) {
    struct decision *d = c->d;
    if (d->n_reasons == ENGINE_REASONS_MAX)
        return replace_lighter(d, weight);
    if (d->n_reasons == c->cap_reasons) {
        size_t cap = c->cap_reasons ? c->cap_reasons * 2 : 8;
        struct reason *more = ARENA_ARRAY(c->arena, struct reason, cap);
        if (more == NULL) {
            c->full = true;
            return NULL;
        }
        if (d->n_reasons != 0)
            memcpy(more, d->reasons, d->n_reasons * sizeof *more);
        d->reasons = more;
        c->cap_reasons = cap;
    }
    return &d->reasons[d->n_reasons++];
}

static void note_weight(struct ctx *c, const struct diagnosis *what) {
    if (what->weight > c->heaviest)
        c->heaviest = what->weight;
    c->refused |= what->weight == WEIGHT_DENY && what->code != REASON_NOT_REWRITTEN;
    if (what->image >= 0 && what->weight > c->d->images[what->image].weight)
        c->d->images[what->image].weight = what->weight;
}

/* What to write instead, or what is approved; then the policy's own message. */
static void put_advice(struct buf *b, const struct ctx *c, const struct diagnosis *what) {
    if (what->suggestion.n != 0) {
        buf_puts(b, "; write ");
        engine_put_quoted(b, what->suggestion);
        buf_puts(b, " instead");
    } else if (what->code == REASON_NOT_APPROVED) {
        engine_put_approved(b, c->rule);
    }
    if (what->code != REASON_EXEMPTED)
        put_message(b, c->rule != NULL ? c->rule->message : c->policy->message);
}

static void set_reason(struct ctx *c, struct reason *reason, const struct diagnosis *what,
                       struct buf *b) {
    /* A message that is too long is cut; it never fails a decision. */
    if (b->bad == EC_LIMIT)
        b->bad = 0;
    *reason = (struct reason){.code = what->code,
                              .weight = what->weight,
                              .image = what->image,
                              .message = engine_text_take(c, b),
                              .suggestion = what->suggestion,
                              .pos = what->pos};
}

/* When the meter has run out, answers are void, and no reason may rest on them. */
static struct reason *start_reason(struct ctx *c, const struct diagnosis *what) {
    if (c->meter.spent && !c->over)
        return NULL;
    note_weight(c, what);
    struct reason *reason = next_reason(c, what->weight);
    if (reason == NULL)
        engine_memo_record(c, what, STR_NONE);
    return reason;
}

void engine_diagnose(struct ctx *c, const struct diagnosis *what, const char *format, ...) {
    va_list args;
    struct reason *reason = start_reason(c, what);
    if (reason == NULL)
        return;
    struct buf b = engine_text_start(c, TEXT_MAX);
    if (what->image >= 0)
        put_subject(&b, c->d->images[what->image].image);
    size_t subject = b.n;
    va_start(args, format);
    buf_vprintf(&b, format, args);
    va_end(args);
    put_rule(&b, c, &what->pos);
    put_advice(&b, c, what);
    set_reason(c, reason, what, &b);
    engine_memo_record(c, what, str_slice(reason->message, subject, reason->message.n));
}

void engine_diagnose_copy(struct ctx *c, const struct diagnosis *what, struct str tail) {
    struct reason *reason = start_reason(c, what);
    if (reason == NULL)
        return;
    struct buf b = engine_text_start(c, TEXT_MAX);
    put_subject(&b, c->d->images[what->image].image);
    buf_str(&b, tail);
    set_reason(c, reason, what, &b);
}
