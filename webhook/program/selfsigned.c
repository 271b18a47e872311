#include "program/selfsigned.h"

enum { MINUTE_S = 60, DAY_S = 24 * 60 * 60 };

static int64_t life_s(const struct options *o) {
    return (int64_t)(o->tls_leaf_lifetime_ms / 1000);
}

static int64_t clamp_wait(int64_t n) {
    return n < MINUTE_S ? MINUTE_S : n > DAY_S ? DAY_S : n;
}

void selfsigned_offer_done(struct selfsigned_offer *o) {
    certs_authority_free(o->authority);
    certs_leaf_done(&o->leaf);
    *o = (struct selfsigned_offer){.keeps = false};
}

void selfsigned_done(struct selfsigned *s) {
    certs_authority_free(s->authority);
    certs_leaf_done(&s->leaf);
    buf_done(&s->client_ca);
    *s = (struct selfsigned){.due_s = 0};
}

bool selfsigned_is_due(const struct selfsigned *s, int64_t now_s) {
    return s->authority != NULL &&
           (now_s >= s->due_s || now_s < s->tried_s - CERTS_LEAF_SKEW_S);
}

void selfsigned_postpone(struct selfsigned *s, int64_t now_s) {
    int64_t left_s = s->leaf.not_after_s - now_s;
    s->tried_s = now_s;
    s->due_s = now_s + clamp_wait((left_s < 0 ? -left_s : left_s) / 4);
}

static int64_t due_of(const struct certs_leaf *leaf, int64_t wanted_s) {
    int64_t made_s = leaf->not_before_s + CERTS_LEAF_SKEW_S;
    int64_t all_s = leaf->not_after_s - made_s, wait_s = all_s * 2 / 3;
    if (all_s < wanted_s) /* its CA ends before */
        return made_s + clamp_wait(wait_s);
    return made_s + (wait_s > 0 ? wait_s : 1);
}

/* The one in force stays, if it may. */
static enum ec keep_leaf(bool *out, struct selfsigned *s,
                         const struct certs_authority *authority, const struct options *o,
                         int64_t now_s, struct err *err) {
    *out = false;
    if (s->authority == NULL || selfsigned_is_due(s, now_s))
        return EC_OK;
    return certs_authority_keeps(out, authority, &s->leaf, str_of(o->tls_name), now_s, err);
}

static void move_offer(struct selfsigned_offer *to, struct selfsigned_offer *from) {
    *to = *from;
    *from = (struct selfsigned_offer){.keeps = false};
}

enum ec selfsigned_read(struct selfsigned_offer *out, struct selfsigned *s,
                        const struct options *o, struct str ca_pem, struct str key_pem,
                        int64_t now_s, struct err *err) {
    AUTO(selfsigned_offer_done) struct selfsigned_offer offer = {.keeps = false};
    struct str name = str_of(o->tls_name);
    if (certs_authority_new(&offer.authority, ca_pem, key_pem, name, now_s, err) != EC_OK ||
        keep_leaf(&offer.keeps, s, offer.authority, o, now_s, err) != EC_OK)
        return err->code;
    if (!offer.keeps && certs_authority_sign(&offer.leaf, offer.authority, name, now_s,
                                             life_s(o), err) != EC_OK)
        return err->code;
    move_offer(out, &offer);
    return EC_OK;
}

enum ec selfsigned_renew(struct selfsigned_offer *out, const struct selfsigned *s,
                         const struct options *o, int64_t now_s, struct err *err) {
    return certs_authority_sign(&out->leaf, s->authority, str_of(o->tls_name), now_s, life_s(o),
                                err);
}

enum ec selfsigned_take(struct selfsigned *s, struct selfsigned_offer *offer,
                        struct str client_ca_pem, const struct options *o, struct err *err) {
    struct buf client_ca = BUF_INIT(CERTS_READ_ROOM);
    buf_str(&client_ca, client_ca_pem);
    if (client_ca.bad)
        return err_set(err, EC_NOMEM, "out of memory");
    buf_done(&s->client_ca);
    s->client_ca = client_ca;
    if (offer->authority != NULL) {
        certs_authority_free(s->authority);
        s->authority = offer->authority;
        offer->authority = NULL;
    }
    if (offer->keeps)
        return EC_OK;
    certs_leaf_done(&s->leaf);
    s->leaf = offer->leaf;
    offer->leaf = (struct certs_leaf)CERTS_LEAF_INIT;
    s->tried_s = s->leaf.not_before_s + CERTS_LEAF_SKEW_S;
    s->due_s = due_of(&s->leaf, life_s(o));
    return EC_OK;
}
