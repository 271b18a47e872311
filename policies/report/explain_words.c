/* The words that both formats have. */
#include "report/explain.h"

#include "base/escape.h"

const char *report_explain_question_name(enum engine_explain_question q) {
    static const char *const names[N_QUESTIONS] = {
        [QUESTION_NAMESPACE] = "namespace", [QUESTION_SERVICE_ACCOUNT] = "service account",
        [QUESTION_USER] = "user",           [QUESTION_GROUP] = "groups",
        [QUESTION_LABELS] = "labels",
    };
    return names[q];
}

static void put_list(struct buf *out, const struct str *v, size_t n) {
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(v[i]));
}

/* As kubectl -l has it. */
static void put_requirement(struct buf *out, const struct match_requirement *r) {
    bool one = r->op == MATCH_IN && r->n_values == 1;
    if (r->op == MATCH_DOES_NOT_EXIST)
        buf_putc(out, '!');
    buf_str(out, r->key);
    if (one)
        buf_printf(out, "=%.*s", STR_ARG(r->values[0]));
    if (one || r->op == MATCH_EXISTS || r->op == MATCH_DOES_NOT_EXIST)
        return;
    buf_puts(out, r->op == MATCH_IN ? " in (" : " notin (");
    put_list(out, r->values, r->n_values);
    buf_putc(out, ')');
}

static const struct policy_names *names_of(const struct policy_match *m,
                                           enum engine_explain_question q) {
    return q == QUESTION_NAMESPACE         ? &m->namespaces
           : q == QUESTION_SERVICE_ACCOUNT ? &m->service_accounts
           : q == QUESTION_USER            ? &m->users
                                           : &m->groups;
}

void report_explain_put_asked(struct buf *out, const struct policy_match *m,
                              enum engine_explain_question q) {
    if (q != QUESTION_LABELS) {
        put_list(out, names_of(m, q)->v, names_of(m, q)->n);
        return;
    }
    for (size_t i = 0; i < m->pod_labels.n_requirements; i++) {
        buf_puts(out, i ? ", " : "");
        put_requirement(out, &m->pod_labels.requirements[i]);
    }
}

void report_explain_put_found(struct buf *out, const struct workload *w,
                              enum engine_explain_question q) {
    if (q == QUESTION_NAMESPACE)
        buf_str(out, w->namespace);
    else if (q == QUESTION_SERVICE_ACCOUNT)
        buf_str(out, w->service_account);
    else if (q == QUESTION_USER)
        buf_str(out, w->user);
    else if (q == QUESTION_GROUP)
        put_list(out, w->groups, w->n_groups);
    for (size_t i = 0; i < w->n_labels && q == QUESTION_LABELS; i++)
        buf_printf(out, "%s%.*s=%.*s", i ? ", " : "", STR_ARG(w->labels[i].key),
                   STR_ARG(w->labels[i].value));
}

void report_explain_put_location(struct buf *out, const struct policy *p,
                                 struct policy_pos pos) {
    struct str file = engine_policy_file(p, pos);
    escape_text(out, file);
    buf_printf(out, ":%u", pos.line);
}

void report_explain_put_normal(struct buf *out, const struct engine_explain_image *image) {
    buf_str(out, image->normal);
    if (image->tag.n != 0)
        buf_printf(out, ":%.*s", STR_ARG(image->tag));
    if (image->digest.n != 0)
        buf_printf(out, "@%.*s", STR_ARG(image->digest));
}

struct yaml_location report_explain_where(const struct report_explained *e, size_t image,
                                          struct buf *scratch) {
    if (e->object == NULL)
        return (struct yaml_location){0, 0};
    return object_image_where(e->object, e->decision->images[image].image, scratch);
}
