/* Events: secrets that the kubelet did not find, pods that were refused, webhooks that could not be called. */
#include "doctor/model.h"

enum { MESSAGE_SHOWN = 400 };

size_t doctor_first_event(const struct doctor *d, const struct doctor_place *at) {
    size_t from = 0, to = d->events.n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (doctor_compare(&d->events.v[middle].at, at) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void tell(struct doctor *d, const struct doctor_event *e, enum doctor_code code) {
    struct doctor_finding *f = doctor_find(d, code, &e->at, NULL);
    doctor_say(d, &f->message, "event %.*s: %.*s", STR_ARG(e->reason),
               STR_ARG(str_slice(e->message, 0, MESSAGE_SHOWN)));
}

/* Of a webhook of pullgate, by the names in the configurations, or by its own. */
static bool is_of_ours(const struct doctor *d, struct str message) {
    for (size_t i = 0; i < d->hooks.n; i++) {
        const struct str name = d->hooks.v[i].name;
        if (d->hooks.v[i].ours && name.n != 0 &&
            memmem(message.p, message.n, name.p, name.n) != NULL)
            return true;
    }
    return doctor_has_part(message, ".pullgate.svc\"");
}

/* A pod of the dump is what it is now; its events are older. */
static bool is_past(const struct doctor *d, const struct doctor_event *e) {
    return str_eq(e->at.kind, STR("Pod")) &&
           doctor_pod_of(d, e->at.namespace, e->at.name) != NULL;
}

/* Names that are there by now are no trouble any more. */
static bool are_missing(const struct doctor *d, const struct doctor_event *e) {
    size_t open = str_find(e->message, '('), close = str_find(e->message, ')');
    struct str names = str_slice(e->message, open + 1, close);
    bool missing = names.n == 0;
    while (names.n != 0) {
        size_t comma = str_find(names, ',');
        struct str name = str_trim(str_slice(names, 0, comma));
        missing |= doctor_secret_of(d, e->at.namespace, name) == NULL;
        names = str_slice(names, comma + 1, names.n);
    }
    return missing;
}

static void check(struct doctor *d, const struct doctor_event *e) {
    bool ours = e->message.n != 0 && is_of_ours(d, e->message);
    if (str_eq(e->reason, STR("FailedToRetrieveImagePullSecret")) && are_missing(d, e))
        tell(d, e, DOCTOR_SECRET_NOT_RETRIEVED);
    else if (ours && doctor_has_part(e->message, "denied the request"))
        tell(d, e, DOCTOR_POD_REFUSED);
    else if (ours && doctor_has_part(e->message, "failed calling webhook"))
        tell(d, e, DOCTOR_CALL_FAILED);
    else if (str_eq(e->reason, STR("Failed")) && !is_past(d, e) &&
             doctor_has_part(e->message, "Failed to pull image"))
        tell(d, e, doctor_code_of_error(doctor_error_part(e->message)));
}

/* Equal ones of one object once: events repeat. */
static bool is_repeated(const struct doctor *d, size_t i) {
    for (size_t k = i;
         k > 0 && doctor_compare(&d->events.v[k - 1].at, &d->events.v[i].at) == 0 && i - k < 64;
         k--)
        if (str_eq(d->events.v[k - 1].reason, d->events.v[i].reason) &&
            str_eq(d->events.v[k - 1].message, d->events.v[i].message))
            return true;
    return false;
}

void doctor_check_events(struct doctor *d) {
    for (size_t i = 0; i < d->events.n && d->bad == 0; i++) {
        const struct doctor_event *e = &d->events.v[i];
        bool wanted =
            d->options.namespace.n == 0 || str_eq(e->at.namespace, d->options.namespace);
        if (wanted && !is_repeated(d, i))
            check(d, e);
    }
}
