/* Keyrings of pods: which secrets, in which order. */
#include "doctor/model.h"
#include "imgref/imgref.h"

void doctor_ring_done(struct doctor_ring *r) {
    credentials_keyring_free(r->ring);
    r->ring = NULL;
}

static size_t gather(struct doctor *d, const struct credentials_set **sets,
                     struct str namespace, const struct doctor_names *names) {
    size_t n = 0;
    for (size_t i = 0; i < names->n; i++) {
        const struct doctor_secret *s = doctor_secret_of(d, namespace, names->v[i]);
        if (s != NULL && s->set != NULL)
            sets[n++] = s->set;
    }
    return n;
}

const struct credentials_keyring *doctor_ring_of(struct doctor *d, struct doctor_ring *r,
                                                 struct str namespace,
                                                 const struct doctor_names *names) {
    struct err err = ERR_INIT;
    if (r->ring != NULL && str_eq(r->namespace, namespace) &&
        doctor_compare_names(&r->names, names) == 0)
        return r->ring;
    doctor_ring_done(r);
    const struct credentials_set **sets =
        ARENA_ARRAY(&d->arena, const struct credentials_set *, names->n);
    if (sets == NULL || credentials_keyring_new(
                            &r->ring, sets, gather(d, sets, namespace, names), &err) != EC_OK) {
        doctor_no_room(d);
        return NULL;
    }
    r->namespace = namespace;
    r->names = *names;
    return r->ring;
}

struct doctor_names doctor_effective(struct doctor *d, const struct doctor_work *w) {
    const struct doctor_account *a = doctor_account_of(d, w->at.namespace, w->account);
    DOCTOR_LIST(struct str) out = {NULL, 0};
    if (w->pod || w->has_list || a == NULL || a->secrets.n == 0)
        return w->secrets;
    for (size_t i = 0; i < a->secrets.n; i++)
        DOCTOR_ADD(d, out, a->secrets.v[i]);
    for (size_t i = 0; i < w->secrets.n; i++)
        if (!doctor_has_name(&a->secrets, w->secrets.v[i]))
            DOCTOR_ADD(d, out, w->secrets.v[i]);
    return (struct doctor_names){out.v, out.n};
}

bool doctor_is_from(const struct policy_prefix *prefix, struct str image) {
    struct imgref ref;
    struct err ignored = ERR_INIT;
    struct buf repository = BUF_INIT(1 << 10);
    if (prefix->text.n == 0 || imgref_parse(&ref, image, &ignored) != EC_OK ||
        !str_eq_nocase(ref.host, prefix->host))
        return false;
    imgref_print_repository(&ref, &repository);
    bool below = match_path_prefix(prefix->path, buf_view(&repository));
    buf_done(&repository);
    return below;
}
