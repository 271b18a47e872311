/* The pieces of an explanation as a text. */
#include "report/explain_parts.h"

#include "base/escape.h"

void report_explain_put_quoted(struct buf *out, struct str s) {
    buf_putc(out, '"');
    escape_text(out, s);
    buf_putc(out, '"');
}

void report_explain_put_step(struct buf *out, const char *step) {
    buf_printf(out, "      %-16s", step);
}

void report_explain_put_pattern(struct buf *out, const struct policy *p,
                                const struct policy_pattern *pattern) {
    report_explain_put_quoted(out, match_image_text(pattern->image));
    buf_puts(out, " (");
    report_explain_put_location(out, p, pattern->pos);
    buf_putc(out, ')');
}

void report_explain_put_mirror(struct buf *out, const struct policy *p,
                               const struct policy_mirror *mirror) {
    buf_puts(out, "mirror ");
    escape_text(out, mirror->from.text);
    buf_puts(out, " -> ");
    escape_text(out, mirror->to.text);
    buf_puts(out, " (");
    report_explain_put_location(out, p, mirror->pos);
    buf_putc(out, ')');
}

void report_explain_put_registry(struct buf *out, const struct report_explained *e) {
    const struct policy_rule *rule = e->decision->rule;
    buf_puts(out, "registry ");
    escape_text(out, rule->registry.text);
    buf_puts(out, " (");
    report_explain_put_location(out, e->policy, rule->registry_pos);
    buf_putc(out, ')');
}

/* Of an image without an object, "container 0: " is of no use. */
static struct str message_of(const struct report_explained *e, const struct reason *r) {
    static const struct str nothing = STR_INIT("container 0: ");
    bool alone = e->object == NULL && str_starts(r->message, nothing);
    return str_slice(r->message, alone ? nothing.n : 0, r->message.n);
}

void report_explain_put_reasons(struct buf *out, const struct report_explained *e,
                                int32_t image) {
    static const char *const words[] = {"note", "warn", "deny"};
    for (size_t i = 0; i < e->decision->n_reasons; i++) {
        const struct reason *r = &e->decision->reasons[i];
        if (r->image != image)
            continue;
        if (image >= 0)
            report_explain_put_step(out, words[r->weight]);
        else
            buf_printf(out, "  %s: ", words[r->weight]);
        escape_text(out, message_of(e, r));
        buf_putc(out, '\n');
    }
}
