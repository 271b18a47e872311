/* The credentials of a pull secret: keys, users and passwords, when they expire. Never their content. */
#include "base/clock.h"
#include "doctor/model.h"

static void put_key(struct buf *out, const struct credentials_entry *e) {
    buf_printf(out, "the key \"%.*s\" ", STR_ARG(e->shown));
}

static void tell(struct doctor *d, const struct doctor_secret *s,
                 const struct credentials_entry *e, enum doctor_code code, const char *what) {
    struct doctor_finding *f = doctor_find(d, code, &s->at, NULL);
    doctor_say(d, &f->message, "the key \"%.*s\" %s", STR_ARG(e->shown), what);
}

static void check_key(struct doctor *d, const struct doctor_secret *s,
                      const struct credentials_entry *e) {
    struct doctor_finding *f;
    if (e->never != CREDENTIALS_CAN_MATCH) {
        f = doctor_find(d, DOCTOR_KEY_NEVER, &s->at, NULL);
        doctor_say(d, &f->message, "the key \"%.*s\" can never match: %s", STR_ARG(e->shown),
                   credentials_never_text(e->never));
    } else if (e->notes & CREDENTIALS_NO_BORDER) {
        f = doctor_find(d, DOCTOR_KEY_OPEN, &s->at, NULL);
        doctor_say(d, &f->message, "the key \"%.*s\" also covers %.*s-other/image",
                   STR_ARG(e->shown), STR_ARG(e->normal));
    }
}

static void check_content(struct doctor *d, const struct doctor_secret *s,
                          const struct credentials_entry *e) {
    if (e->notes & CREDENTIALS_EMPTY)
        tell(d, s, e, DOCTOR_ENTRY_EMPTY,
             e->notes & CREDENTIALS_TOKEN
                 ? "has only an identitytoken or registrytoken, which the kubelet ignores"
                 : "has neither user nor password");
    if (e->notes & CREDENTIALS_USER_BLANK)
        tell(d, s, e, DOCTOR_BLANK_ENDS,
             "has a user that begins or ends with a blank or line end");
    if (e->notes & CREDENTIALS_PASSWORD_BLANK)
        tell(d, s, e, DOCTOR_BLANK_ENDS,
             "has a password that begins or ends with a blank or line end");
}

static void check_twice(struct doctor *d, const struct doctor_secret *s, size_t i) {
    const struct credentials_entry *e = &s->set->entries[i];
    struct doctor_finding *f;
    if (e->notes & CREDENTIALS_REPEATED)
        tell(d, s, e, DOCTOR_KEY_TWICE, "is there more than once; the last one is used");
    if (!(e->notes & CREDENTIALS_SPELT_TWICE) || e->twin > i)
        return;
    f = doctor_find(d, DOCTOR_KEY_TWICE, &s->at, NULL);
    doctor_say(
        d, &f->message,
        "the keys \"%.*s\" and \"%.*s\" are the same to the kubelet, which tries them in "
        "random order",
        STR_ARG(s->set->entries[e->twin].shown), STR_ARG(e->shown));
}

/* ---- expiry --------------------------------------------------------------------------------------- */

static void put_duration(struct buf *out, int64_t s) {
    if (s >= INT64_C(2) * 86400)
        buf_printf(out, "%lld days", (long long)(s / 86400));
    else if (s >= INT64_C(2) * 3600)
        buf_printf(out, "%lld hours", (long long)(s / 3600));
    else
        buf_printf(out, "%lld minutes", (long long)(s / 60));
}

static const char *kind_of(const struct credentials_entry *e) {
    return e->kind == CREDENTIALS_ECR ? "a token of ECR" : "a token (JWT)";
}

static void check_expiry(struct doctor *d, const struct doctor_secret *s,
                         const struct credentials_entry *e) {
    struct buf text = BUF_INIT(1 << 12);
    int64_t left_s = e->expires_s - d->options.now_s;
    if (e->expires_s == 0 || left_s > d->options.soon_s)
        return;
    put_key(&text, e);
    buf_printf(&text, "has %s that %s ", kind_of(e), left_s <= 0 ? "expired at" : "expires at");
    clock_print_s(&text, e->expires_s);
    buf_puts(&text, left_s <= 0 ? ", " : ", in ");
    put_duration(&text, left_s <= 0 ? -left_s : left_s);
    buf_puts(&text, left_s <= 0 ? " ago" : "");
    struct doctor_finding *f =
        doctor_find(d, left_s <= 0 ? DOCTOR_EXPIRED : DOCTOR_EXPIRES_SOON, &s->at, NULL);
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
}

void doctor_check_entries(struct doctor *d, struct doctor_secret *s) {
    for (size_t i = 0; i < s->set->n_entries; i++) {
        const struct credentials_entry *e = &s->set->entries[i];
        check_key(d, s, e);
        check_content(d, s, e);
        check_twice(d, s, i);
        check_expiry(d, s, e);
    }
}
