/* Pull secrets by themselves: does the kubelet take them, and what do they hold? */
#include "doctor/model.h"

/* The first thing that was found about a secret, an error before others: what explains a pull that fails. */
static void keep_worst(struct doctor_secret *s, const struct doctor_finding *f) {
    bool heavier = s->has_worst && f->level == DOCTOR_ERROR &&
                   doctor_codes[s->worst].level != DOCTOR_ERROR;
    if (s->has_worst && !heavier)
        return;
    s->has_worst = true;
    s->worst = f->code;
    s->worst_text = f->message;
}

static struct doctor_finding *find(struct doctor *d, struct doctor_secret *s,
                                   enum doctor_code code) {
    return doctor_find(d, code, &s->at, NULL);
}

static void say_create_again(struct doctor *d, struct doctor_finding *f,
                             const struct doctor_secret *s) {
    const struct str name = doctor_word(d, s->at.name),
                     namespace = doctor_word(d, s->at.namespace);
    doctor_say(d, &f->mend,
               "kubectl delete secret %.*s -n %.*s && kubectl create secret docker-registry "
               "%.*s -n %.*s --from-file=.dockerconfigjson=FILE",
               STR_ARG(name), STR_ARG(namespace), STR_ARG(name), STR_ARG(namespace));
}

/* ---- secrets that do not count ------------------------------------------------------------------- */

static struct doctor_finding *tell_type(struct doctor *d, struct doctor_secret *s) {
    struct doctor_finding *f = find(d, s, DOCTOR_SECRET_TYPE);
    doctor_say(d, &f->message, "its type is %.*s, expected " CREDENTIALS_TYPE_JSON "%s%.*s",
               STR_ARG(s->type), s->set->instead.n != 0 ? "; it has the key " : "",
               STR_ARG(s->set->instead));
    return f;
}

static struct doctor_finding *tell_key(struct doctor *d, struct doctor_secret *s) {
    struct doctor_finding *f = find(d, s, DOCTOR_SECRET_KEY);
    bool empty = s->set->state == CREDENTIALS_NO_BYTES;
    doctor_say(d, &f->message, "of type %.*s its key %.*s is %s%s%.*s", STR_ARG(s->type),
               STR_ARG(s->set->key), empty ? "empty" : "missing",
               s->set->instead.n != 0 ? "; it has " : "", STR_ARG(s->set->instead));
    return f;
}

static struct doctor_finding *tell_broken(struct doctor *d, struct doctor_secret *s) {
    struct doctor_finding *f = find(d, s, DOCTOR_SECRET_BROKEN);
    const struct err *fault = s->set != NULL ? &s->set->fault : NULL;
    if (fault == NULL)
        doctor_say(d, &f->message, "it does not decode: %.*s", STR_ARG(s->broken));
    else if (s->set->faulty.n != 0)
        doctor_say(d, &f->message,
                   "it does not decode: the entry \"%.*s\" (line %u, column %u): %s",
                   STR_ARG(s->set->faulty), fault->line, fault->col, fault->msg);
    else
        doctor_say(d, &f->message, "it does not decode: line %u, column %u: %s", fault->line,
                   fault->col, fault->msg);
    return f;
}

/* ---- secrets without a credential ---------------------------------------------------------------- */

static struct doctor_finding *tell_empty(struct doctor *d, struct doctor_secret *s) {
    unsigned shape = s->set->shape;
    bool helpers = (shape & (CREDENTIALS_HELPERS | CREDENTIALS_STORE)) != 0;
    struct doctor_finding *f = find(d, s, helpers ? DOCTOR_HELPERS_ONLY : DOCTOR_SECRET_EMPTY);
    if (helpers)
        doctor_say(d, &f->message, "it holds %s and no credential",
                   shape & CREDENTIALS_HELPERS ? "credHelpers" : "credsStore");
    else if (shape & CREDENTIALS_FLAT)
        doctor_say(d, &f->message,
                   "it holds no credential: " CREDENTIALS_KEY_JSON
                   " has entries without `auths` around them");
    else
        doctor_say(d, &f->message, "it holds no credential");
    return f;
}

/* .dockercfg with `auths`, as .dockerconfigjson has it, is one entry for the host "auths". */
static struct doctor_finding *tell_nested(struct doctor *d, struct doctor_secret *s) {
    struct doctor_finding *f = find(d, s, DOCTOR_SECRET_EMPTY);
    doctor_say(d, &f->message,
               CREDENTIALS_KEY_CFG " holds `auths`, which is the form of " CREDENTIALS_KEY_JSON
                                   ": it is read as the credential of a host \"auths\"");
    return f;
}

/* ---- all ------------------------------------------------------------------------------------------ */

static struct doctor_finding *check_state(struct doctor *d, struct doctor_secret *s) {
    if (s->set == NULL)
        return s->broken.n != 0 ? tell_broken(d, s) : NULL;
    switch (s->set->state) {
    case CREDENTIALS_WRONG_TYPE:
        return tell_type(d, s);
    case CREDENTIALS_NO_KEY:
    case CREDENTIALS_NO_BYTES:
        return tell_key(d, s);
    case CREDENTIALS_UNDECODABLE:
        return tell_broken(d, s);
    case CREDENTIALS_COUNTS:
        break;
    }
    if (s->set->shape & CREDENTIALS_NESTED)
        return tell_nested(d, s);
    return s->set->n_entries == 0 ? tell_empty(d, s) : NULL;
}

static void tell_unneeded(struct doctor *d, struct doctor_secret *s) {
    struct doctor_finding *f = find(d, s, DOCTOR_SECRET_UNNEEDED);
    const struct str name = doctor_word(d, s->at.name),
                     namespace = doctor_word(d, s->at.namespace);
    doctor_say(d, &f->message,
               "no rule, pod, template or ServiceAccount of namespace %.*s names it",
               STR_ARG(s->at.namespace));
    doctor_say(d, &f->mend, "kubectl delete secret %.*s -n %.*s", STR_ARG(name),
               STR_ARG(namespace));
}

/* What nobody needs does no harm. */
static void lower_new(struct doctor *d, struct doctor_secret *s, size_t from) {
    for (size_t i = from; i < d->findings.n; i++) {
        if (!s->needed)
            doctor_lower(&d->findings.v[i], DOCTOR_NOTE);
        keep_worst(s, &d->findings.v[i]);
    }
}

static void check_secret(struct doctor *d, struct doctor_secret *s) {
    size_t from = d->findings.n;
    struct doctor_finding *f = check_state(d, s);
    if (f != NULL)
        say_create_again(d, f, s);
    else if (s->set != NULL)
        doctor_check_entries(d, s);
    lower_new(d, s, from);
    if (!s->needed)
        tell_unneeded(d, s);
}

/* The webhook's own namespace may be in the dump beside the one that is asked for. */
static bool is_wanted(const struct doctor *d, const struct doctor_secret *s) {
    return d->options.namespace.n == 0 || str_eq(s->at.namespace, d->options.namespace);
}

void doctor_check_secrets(struct doctor *d) {
    for (size_t i = 0; i < d->secrets.n && d->bad == 0; i++) {
        struct doctor_secret *s = &d->secrets.v[i];
        s->needed |= s->pulls && doctor_policy_names(d->options.policy, s->at.name);
        if (is_wanted(d, s) && (s->needed || s->pulls))
            check_secret(d, s);
    }
}
