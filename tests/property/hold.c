#include "hold.h"

#include "patch.h"

#include "engine/explain.h"
#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES_MAX = 16 << 20 };

void hold_init(struct hold *h) {
    *h = (struct hold){.body = BUF_INIT(BYTES_MAX),
                       .reply = BUF_INIT(BYTES_MAX),
                       .patch = BUF_INIT(BYTES_MAX)};
    review_session_init(&h->session, REVIEW_LIMITS_DEFAULT);
}

void hold_done(struct hold *h) {
    review_session_done(&h->session);
    buf_done(&h->body);
    buf_done(&h->reply);
    buf_done(&h->patch);
}

void answer_done(struct answer *a) {
    json_decref(a->patch);
    *a = (struct answer){.allowed = false};
}

/* ---- asking ------------------------------------------------------------------------------ */

static bool write_body(struct hold *h, const json_t *review) {
    char *text = json_dumps(review, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_reset(&h->body);
    if (text != NULL)
        buf_puts(&h->body, text);
    free(text);
    char *padding = buf_room(&h->body, JSON_PADDING);
    if (padding != NULL)
        memset(padding, 0, JSON_PADDING);
    return text != NULL && padding != NULL;
}

static const char *read_answer(struct hold *h, struct answer *out) {
    json_error_t why;
    json_t *tree = json_loadb(h->reply.p, h->reply.n, JSON_REJECT_DUPLICATES, &why);
    const json_t *response = json_object_get(tree, "response");
    const json_t *allowed = json_object_get(response, "allowed"),
                 *patch = json_object_get(response, "patch");
    const char *broken = NULL;
    if (allowed == NULL)
        broken = "an answer says whether it allows";
    out->allowed = allowed != NULL && json_typeof(allowed) == JANSSON_TRUE;
    buf_reset(&h->patch);
    if (patch != NULL) {
        const struct str base64 = {json_string_value(patch), json_string_length(patch)};
        if (!patch_decode(&h->patch, base64) ||
            (out->patch = json_loadb(h->patch.p, h->patch.n, JSON_REJECT_DUPLICATES, &why)) ==
                NULL)
            broken = "a patch is JSON in base64";
        else if (json_array_size(out->patch) == 0 || !out->allowed)
            broken = "a patch has edits, and a denial has no patch";
    }
    json_decref(tree);
    return broken;
}

const char *hold_ask(struct hold *h, const struct policy *policy, const json_t *review,
                     unsigned flags, struct answer *out) {
    struct err err = ERR_INIT;
    *out = (struct answer){.allowed = false};
    if (!write_body(h, review))
        return "memory";
    buf_reset(&h->reply);
    if (review_answer(&h->session, policy, HOLD_NOW_S, flags, h->body.p, h->body.n, &h->reply,
                      &err) != EC_OK)
        return "a review is answered";
    return read_answer(h, out);
}

/* ---- nothing else changed ---------------------------------------------------------------- */

static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};

/* Takes out what may be patched, where it may be: Kubernetes keeps pull secrets, volumes and pull policies
 * of a pod that is there, and debug containers that are. */
static void cut_containers(json_t *list, const json_t *known, bool create) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *container = json_array_get(list, i);
        bool was_there = false;
        for (size_t k = 0; k < json_array_size(known); k++)
            was_there |= json_equal(json_array_get(known, k), container);
        if (was_there)
            continue;
        json_object_del(container, "image");
        if (create || known != NULL)
            json_object_del(container, "imagePullPolicy");
    }
}

static void cut_volumes(json_t *volumes) {
    for (size_t i = 0; i < json_array_size(volumes); i++) {
        json_t *image = json_object_get(json_array_get(volumes, i), "image");
        json_object_del(image, "reference");
        json_object_del(image, "pullPolicy");
    }
}

/* On UPDATE entries without a name may come and go, to be those of the stored pod again. */
static void cut_empty(json_t *secrets) {
    for (size_t i = json_array_size(secrets); i-- > 0;) {
        const char *name =
            json_string_value(json_object_get(json_array_get(secrets, i), "name"));
        if (name == NULL || *name == '\0')
            json_array_remove(secrets, i);
    }
}

static void cut(json_t *object, const json_t *request) {
    json_t *spec = json_object_get(object, "spec");
    const json_t *old = json_object_get(json_object_get(request, "oldObject"), "spec");
    bool create =
        strcmp(json_string_value(json_object_get(request, "operation")), "CREATE") == 0;
    bool debug = json_object_get(request, "subResource") != NULL;
    if (strcmp(json_string_value(json_object_get(json_object_get(request, "kind"), "kind")),
               "Pod") != 0)
        return; /* templates: nothing */
    for (size_t i = 0; i < 3; i++) {
        json_t *known = debug ? json_object_get(old, lists[i]) : NULL, *none = json_array();
        if (create || debug == (i == 2))
            cut_containers(json_object_get(spec, lists[i]),
                           debug ? (known ? known : none) : NULL, create);
        json_decref(none);
    }
    if (!create && !debug)
        cut_empty(json_object_get(spec, "imagePullSecrets"));
    if (create) {
        cut_volumes(json_object_get(spec, "volumes"));
        json_object_del(spec, "imagePullSecrets");
    }
}

static bool only_what_may_be(const json_t *before, const json_t *after, const json_t *request) {
    json_t *a = json_deep_copy(before), *b = json_deep_copy(after);
    cut(a, request);
    cut(b, request);
    bool same = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

/* ---- tags and digests -------------------------------------------------------------------- */

/* From the tag or the digest on. */
static struct str tail_of(const json_t *image) {
    struct str text = {json_string_value(image), json_string_length(image)};
    size_t at = text.n;
    while (at > 0 && text.p[at - 1] != '/')
        at--;
    while (at < text.n && text.p[at] != ':' && text.p[at] != '@')
        at++;
    return str_slice(text, at, text.n);
}

static bool tails_stay(const json_t *before, const json_t *after) {
    const json_t *a = json_object_get(before, "spec"), *b = json_object_get(after, "spec");
    for (size_t i = 0; i < 3; i++) {
        const json_t *was = json_object_get(a, lists[i]), *is = json_object_get(b, lists[i]);
        for (size_t k = 0; k < json_array_size(was); k++)
            if (!str_eq(tail_of(json_object_get(json_array_get(was, k), "image")),
                        tail_of(json_object_get(json_array_get(is, k), "image"))))
                return false;
    }
    return true;
}

/* ---- all of it --------------------------------------------------------------------------- */

/* `review` has the object as it is after the patch. */
static const char *hold_settled(struct hold *h, const struct policy *policy,
                                const json_t *review) {
    const char *broken = NULL;
    for (unsigned flags = 0; broken == NULL && flags <= ENGINE_VALIDATE; flags++) {
        struct answer again;
        broken = hold_ask(h, policy, review, flags, &again);
        if (broken == NULL && !again.allowed)
            broken = flags == 0 ? "what was allowed is allowed again"
                                : "/validate allows what /mutate made";
        else if (broken == NULL && again.patch != NULL)
            broken = flags == 0 ? "rewriting is idempotent" : "/validate patches nothing";
        answer_done(&again);
    }
    return broken;
}

/* One line: the object, its patch, and what patch.c makes of them. */
static const char *write_patch(FILE *out, const json_t *before, const json_t *patch,
                               const json_t *after) {
    json_t *line = json_pack("{sOsOsO}", "object", before, "patch", patch, "after", after);
    bool ok =
        line != NULL && json_dumpf(line, out, JSON_COMPACT) == 0 && fputc('\n', out) != EOF;
    json_decref(line);
    return ok ? NULL : "a patch can be written";
}

static const char *hold_patched(struct hold *h, const struct policy *policy,
                                const json_t *review, const json_t *patch) {
    json_t *changed = json_deep_copy(review), *request = json_object_get(changed, "request");
    const json_t *before = json_object_get(json_object_get(review, "request"), "object");
    json_t *after = json_object_get(request, "object");
    const char *broken = NULL;
    if (patch == NULL || patch_apply(after, patch, &broken)) {
        if (!only_what_may_be(before, after, request))
            broken =
                "nothing changes but images, pull secrets and pull policies, where they may";
        else if (!tails_stay(before, after))
            broken = "tags and digests stay";
        else
            broken = hold_settled(h, policy, changed);
    }
    if (broken == NULL && patch != NULL && h->patches != NULL)
        broken = write_patch(h->patches, before, patch, after);
    json_decref(changed);
    return broken;
}

/* Explained, the decision is the same, though all rules were looked at one after the other. */
static const char *hold_explained(struct hold *h, const struct policy *policy) {
    const struct workload *w = &h->session.review.workload;
    const struct decision *d = &h->session.decision;
    struct arena arena = ARENA_INIT(1 << 14, BYTES_MAX);
    struct err err = ERR_INIT;
    struct engine_explanation e;
    struct decision again;
    const char *broken = NULL;
    if (engine_explain(&e, &again, policy, w, HOLD_NOW_S, 0, &arena, &err) != EC_OK)
        broken = "a decision can be explained";
    else if (again.verdict != d->verdict || again.rule != d->rule ||
             again.n_edits != d->n_edits)
        broken = "what is explained is what was decided";
    arena_done(&arena);
    return broken;
}

/* ---- names and advice -------------------------------------------------------------------- */

static bool says_no(enum reason_code code) {
    return code != REASON_EXEMPTED && code != REASON_NOT_REWRITTEN && code != REASON_UNMATCHED;
}

/* Asks about the same pod with one image alone, under another name; the code of the first reason against it,
 * or -1. */
static int ask_about(const struct policy *policy, const struct workload *like,
                     const struct workload_image *image, struct str text) {
    struct arena arena = ARENA_INIT(1 << 14, BYTES_MAX);
    struct err err = ERR_INIT;
    struct decision d;
    struct workload_image other = *image;
    struct workload w = *like;
    int code = -1;
    other.text = text;
    other.changed = true;
    w.images = &other;
    w.n_images = 1;
    if (engine_decide(&d, policy, &w, HOLD_NOW_S, 0, &arena, &err) != EC_OK)
        code = REASON_MALFORMED;
    for (size_t i = 0; code < 0 && i < d.n_reasons; i++)
        if (d.reasons[i].code == REASON_EXEMPTED || says_no(d.reasons[i].code))
            code = (int)d.reasons[i].code;
    arena_done(&arena);
    return code;
}

static const char *hold_advice(const struct hold *h, const struct policy *policy) {
    const struct decision *d = &h->session.decision;
    for (size_t i = 0; i < d->n_reasons; i++) {
        const struct reason *r = &d->reasons[i];
        if (r->suggestion.n == 0 || d->rule == NULL)
            continue;
        int code = ask_about(policy, &h->session.review.workload, d->images[r->image].image,
                             r->suggestion);
        if (code >= 0 && says_no((enum reason_code)code))
            return "what is suggested is let pass";
    }
    return NULL;
}

/* host/path of `from` in place of that of `to`, for an image below `to`; none for another. */
static bool move(struct buf *out, struct str image, const struct policy_prefix *from,
                 const struct policy_prefix *to) {
    struct str rest = str_slice(image, from->text.n, image.n);
    buf_reset(out);
    if (!str_starts(image, from->text) || rest.n == 0 || rest.p[0] != '/')
        return false;
    buf_str(out, to->text);
    buf_str(out, rest);
    return true;
}

/* What a pattern denies is denied behind a mirror and by its own name. */
static const char *hold_names(const struct hold *h, const struct policy *policy) {
    const struct decision *d = &h->session.decision;
    struct buf other = BUF_INIT(1 << 16);
    const char *broken = NULL;
    for (size_t i = 0; broken == NULL && i < d->n_reasons; i++) {
        const struct reason *r = &d->reasons[i];
        for (size_t k = 0; r->code == REASON_DENIED && k < d->rule->n_mirrors; k++) {
            const struct policy_mirror *m = &d->rule->mirrors[k];
            const struct decision_image *image = &d->images[r->image];
            if (!move(&other, image->before, &m->to, &m->from) &&
                !move(&other, image->before, &m->from, &m->to))
                continue;
            int code =
                ask_about(policy, &h->session.review.workload, image->image, buf_view(&other));
            if (code != REASON_DENIED && code != REASON_EXEMPTED && code != REASON_INVALID)
                broken = "what is denied is denied by its other names";
        }
    }
    buf_done(&other);
    return broken;
}

/* ---- the two endpoints ------------------------------------------------------------------- */

static bool touches_secrets_alone(const json_t *patch) {
    for (size_t i = 0; i < json_array_size(patch); i++)
        if (strstr(json_string_value(json_object_get(json_array_get(patch, i), "path")),
                   "/imagePullSecrets") == NULL)
            return false;
    return true;
}

/* Enforced, /validate allows what /mutate does not change, and nothing else: an untidy list of pull secrets
 * harms no one. */
static const char *hold_validated(struct hold *h, const struct policy *policy,
                                  const json_t *review, const struct answer *mutated) {
    const struct policy_rule *rule = h->session.decision.rule;
    struct answer validated;
    const char *broken = hold_ask(h, policy, review, ENGINE_VALIDATE, &validated);
    if (broken == NULL && rule != NULL && rule->mode == MODE_ENFORCE) {
        if (validated.allowed && !mutated->allowed)
            broken = "/validate allows what /mutate refuses";
        else if (validated.allowed && !touches_secrets_alone(mutated->patch))
            broken = "/validate allows what /mutate would change";
        else if (!validated.allowed && mutated->allowed && mutated->patch == NULL)
            broken = "/validate refuses what /mutate leaves alone";
    }
    if (broken == NULL)
        broken = hold_advice(h, policy);
    answer_done(&validated);
    return broken;
}

const char *hold_answers(struct hold *h, const struct policy *policy, const json_t *review) {
    struct answer first;
    const char *broken = hold_ask(h, policy, review, 0, &first);
    h->n_reviews++;
    h->n_allowed += first.allowed;
    h->n_denied += !first.allowed;
    h->n_patched += first.patch != NULL;
    if (broken == NULL && !h->session.review.fault.is)
        broken = hold_explained(h, policy);
    if (broken == NULL)
        broken = hold_advice(h, policy);
    if (broken == NULL)
        broken = hold_names(h, policy);
    if (broken == NULL)
        broken = hold_validated(h, policy, review, &first);
    if (broken == NULL && first.allowed)
        broken = hold_patched(h, policy, review, first.patch);
    answer_done(&first);
    return broken;
}

/* ---- for the tests ----------------------------------------------------------------------- */

struct policy *hold_rules(const json_t *rules) {
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    const struct rules_options options = {.now_s = HOLD_NOW_S};
    char *text = json_dumps(rules, JSON_COMPACT);
    if (text == NULL)
        abort();
    if (rules_parse(&policy, str_of(text), "rules.yaml", &options, &err) != EC_OK)
        policy = NULL;
    free(text);
    return policy;
}

void hold_show(const char *what, const json_t *tree) {
    char *text = json_dumps(tree, JSON_COMPACT);
    fprintf(stderr, "  %s %s\n", what, text);
    free(text);
}
