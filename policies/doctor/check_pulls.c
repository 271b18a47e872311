/* Containers that wait for their image: why, by what the kubelet says and by the pull secrets of the pod. */
#include "doctor/model.h"

enum { ERROR_SHOWN = 400 };

/* Reasons of a waiting container that are about its image. */
static const struct {
    const char *reason;
    enum doctor_code code;
    bool by_error; /* the text decides */
} reasons[] = {
    {"ErrImagePull", DOCTOR_PULL_FAILED, true},
    {"ImagePullBackOff", DOCTOR_PULL_FAILED, true},
    {"InvalidImageName", DOCTOR_IMAGE_NAME_INVALID, false},
    {"ImageInspectError", DOCTOR_INSPECT_FAILED, false},
    {"ErrImageNeverPull", DOCTOR_NEVER_PULLED, false},
    {"RegistryUnavailable", DOCTOR_REGISTRY_UNREACHABLE, false},
    {"SignatureValidationFailed", DOCTOR_SIGNATURE_FAILED, false},
};

/* Older kubelets give the error in an event alone. */
static struct str find_error(const struct doctor *d, const struct doctor_work *w,
                             const struct doctor_image *image) {
    struct str error = doctor_error_part(image->message);
    int64_t last_s = -1;
    for (size_t i = doctor_first_event(d, &w->at);
         error.n == 0 && i < d->events.n && doctor_compare(&d->events.v[i].at, &w->at) == 0;
         i++) {
        const struct doctor_event *e = &d->events.v[i];
        bool fits = str_eq(e->reason, STR("Failed")) &&
                    str_eq(doctor_image_part(e->message), image->before);
        if (!fits || e->last_s < last_s)
            continue;
        last_s = e->last_s;
        error = doctor_error_part(e->message);
    }
    return error;
}

/* ---- the cause ------------------------------------------------------------------------------------ */

static void put_secret(struct buf *out, const struct doctor *d, const struct doctor_work *w,
                       struct str name) {
    const struct doctor_secret *s = doctor_secret_of(d, w->at.namespace, name);
    buf_printf(out, "%.*s", STR_ARG(name));
    if (s == NULL)
        buf_puts(out,
                 doctor_is_refused(d, "secrets") ? " (not looked at)" : " (missing: PG101)");
    else if (s->has_worst)
        buf_printf(out, " (%s: %.*s)", doctor_codes[s->worst].id, STR_ARG(s->worst_text));
}

static void put_secrets(struct buf *out, const struct doctor *d, const struct doctor_work *w) {
    size_t n = 0;
    for (size_t i = 0; i < w->secrets.n && i < w->secrets.n - w->n_added; i++) {
        if (w->secrets.v[i].n == 0)
            continue;
        buf_puts(out, n++ == 0 ? "its pull secrets: " : ", ");
        put_secret(out, d, w, w->secrets.v[i]);
    }
    if (n == 0)
        buf_puts(out, "it has no pull secret");
}

static void put_hits(struct buf *out, const struct credentials_answer *a) {
    switch (a->outcome) {
    case CREDENTIALS_FOUND:
        buf_puts(out, "; tried: ");
        for (size_t i = 0; i < a->n_hits; i++)
            buf_printf(out, "%skey \"%.*s\" of %.*s", i != 0 ? ", then " : "",
                       STR_ARG(a->hits[i].entry->shown), STR_ARG(a->hits[i].set->name));
        break;
    case CREDENTIALS_ANONYMOUS:
        buf_puts(out, "; none covers the image: it was pulled anonymously");
        break;
    case CREDENTIALS_BROKEN:
        buf_printf(out, "; nothing was tried, since %.*s does not decode",
                   STR_ARG(a->broken->name));
        break;
    case CREDENTIALS_NO_IMAGE:
        break;
    }
}

/* What the pod has, without what the policy would add today. */
static struct doctor_names names_of(const struct doctor_work *w) {
    return (struct doctor_names){w->secrets.v, w->secrets.n - w->n_added};
}

/* Which secrets were tried, and what is wrong with them. */
static void put_cause(struct doctor *d, struct buf *out, const struct doctor_work *w,
                      struct str image) {
    struct doctor_ring ring = {.ring = NULL};
    struct credentials_answer a;
    struct err err = ERR_INIT;
    const struct doctor_names names = names_of(w);
    put_secrets(out, d, w);
    if (!doctor_is_refused(d, "secrets") &&
        doctor_ring_of(d, &ring, w->at.namespace, &names) != NULL) {
        if (credentials_lookup(&a, ring.ring, image, &d->arena, &err) == EC_OK)
            put_hits(out, &a);
        else
            doctor_no_room(d);
    }
    if (w->n_added != 0)
        buf_printf(out, "; the policy would add %.*s (PG310, PG311)",
                   STR_ARG(w->secrets.v[w->secrets.n - 1]));
    doctor_ring_done(&ring);
}

/* ---- findings --------------------------------------------------------------------------------------- */

static void tell(struct doctor *d, const struct doctor_work *w,
                 const struct doctor_image *image, enum doctor_code code, struct str error) {
    struct buf text = BUF_INIT(1 << 15);
    struct doctor_finding *f = doctor_find(d, code, &w->at, w->rule);
    buf_printf(&text, "container %.*s waits (%.*s) for image %.*s", STR_ARG(image->container),
               STR_ARG(image->reason), STR_ARG(image->before));
    if (error.n != 0)
        buf_printf(&text, ": %.*s", STR_ARG(str_slice(error, 0, ERROR_SHOWN)));
    if (code == DOCTOR_PULL_DENIED || code == DOCTOR_IMAGE_NOT_FOUND ||
        code == DOCTOR_PULL_FAILED || code == DOCTOR_RATE_LIMITED) {
        buf_puts(&text, "; ");
        put_cause(d, &text, w, image->before);
    }
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
    if (code == DOCTOR_IMAGE_NAME_INVALID) {
        const struct str word = doctor_word(d, image->before);
        doctor_say(d, &f->mend, "policyctl parse %.*s", STR_ARG(word));
    }
}

static void check_image(struct doctor *d, const struct doctor_work *w,
                        const struct doctor_image *image) {
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (!str_eq(image->reason, str_of(reasons[i].reason)))
            continue;
        struct str error = find_error(d, w, image);
        enum doctor_code code = reasons[i].code;
        if (reasons[i].by_error && error.n != 0)
            code = doctor_code_of_error(error);
        tell(d, w, image, code, error);
    }
}

void doctor_check_pulls(struct doctor *d) {
    for (size_t i = 0; i < d->works.n && d->bad == 0; i++) {
        const struct doctor_work *w = &d->works.v[i];
        for (size_t k = 0; w->pod && !w->ended && k < w->n_images; k++)
            check_image(d, w, &w->images[k]);
    }
}
