/* imagePullSecrets as pods and templates have them, and those of their ServiceAccounts. */
#include "doctor/model.h"

/* A template stands for the pods that it made: one finding for all. */
static bool is_author(const struct doctor_work *w) {
    return !w->ended && w->owner.n == 0;
}

static bool has_empty(const struct doctor_work *w) {
    return doctor_has_name(&w->listed, STR_NONE);
}

/* Of the ServiceAccount's secrets those that the object does not have. */
static struct doctor_names lost(struct doctor *d, const struct doctor_work *w) {
    const struct doctor_account *a = doctor_account_of(d, w->at.namespace, w->account);
    DOCTOR_LIST(struct str) out = {NULL, 0};
    for (size_t i = 0; a != NULL && i < a->secrets.n; i++)
        if (a->secrets.v[i].n != 0 && !doctor_has_name(&w->listed, a->secrets.v[i]))
            DOCTOR_ADD(d, out, a->secrets.v[i]);
    return (struct doctor_names){out.v, out.n};
}

/* Of a pod the policy's names may be the webhook's: its author wrote the others. */
static bool has_own(const struct doctor_work *w) {
    size_t n = 0;
    for (size_t i = 0; i < w->listed.n; i++)
        for (size_t k = 0; w->pod && w->rule != NULL && k < w->rule->n_secrets; k++)
            n += str_eq(w->listed.v[i], w->rule->secrets[k].name);
    return w->listed.n > n;
}

static void check_shadow(struct doctor *d, const struct doctor_work *w) {
    struct buf text = BUF_INIT(1 << 14);
    struct doctor_names missed = lost(d, w);
    if (missed.n == 0 || !w->has_list || !has_own(w))
        return;
    struct doctor_finding *f = doctor_find(
        d,
        has_empty(w) && w->listed.n == 1 ? DOCTOR_ENTRY_WITHOUT_NAME : DOCTOR_ACCOUNT_SHADOWED,
        &w->at, w->rule);
    buf_printf(&text, "imagePullSecrets is [");
    doctor_put_names(&text, &w->listed);
    buf_printf(&text, "], so that ServiceAccount %.*s does not give ", STR_ARG(w->account));
    doctor_put_names(&text, &missed);
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
}

static void check_empty(struct doctor *d, const struct doctor_work *w) {
    struct doctor_finding *f;
    if (!has_empty(w) || (w->listed.n == 1 && lost(d, w).n != 0)) /* told by check_shadow */
        return;
    f = doctor_find(d, DOCTOR_ENTRY_WITHOUT_NAME, &w->at, w->rule);
    doctor_lower(f, DOCTOR_NOTE);
    doctor_say(d, &f->message,
               "imagePullSecrets has an entry without a name; ServiceAccount "
               "%.*s has no secrets that it keeps away",
               STR_ARG(w->account));
}

/* ---- names ---------------------------------------------------------------------------------------- */

/* DNS-1123 subdomains: what a Secret can be called. */
static bool can_be_name(struct str name) {
    bool edge = true;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || ascii_is_digit(c);
        if (!letter && (edge || (c != '-' && c != '.')))
            return false;
        edge = c == '.';
    }
    return name.n <= 253 && !edge && name.p[name.n - 1] != '-';
}

static void check_names(struct doctor *d, const struct doctor_work *w) {
    for (size_t i = 0; i < w->listed.n; i++) {
        struct str name = w->listed.v[i];
        struct doctor_finding *f;
        if (name.n == 0 || can_be_name(name))
            continue;
        f = doctor_find(d, DOCTOR_ENTRY_ODD_NAME, &w->at, w->rule);
        doctor_say(d, &f->message,
                   "imagePullSecrets names \"%.*s\", which no Secret can be called%s",
                   STR_ARG(str_slice(name, 0, 100)),
                   str_eq(str_trim(name), name) ? "" : ": it has a blank at an end");
    }
}

void doctor_check_lists(struct doctor *d) {
    for (size_t i = 0; i < d->works.n && d->bad == 0; i++) {
        const struct doctor_work *w = &d->works.v[i];
        if (!is_author(w))
            continue;
        check_shadow(d, w);
        check_empty(d, w);
        check_names(d, w);
    }
}
