/* Any bytes as a review, from end to end, under a policy that uses everything: an answer that
 * the API server would take, the same each time; and what it makes of the object is asked once
 * more, as a reinvocation would, and left alone. Else an error that is not one of ours. */
#include "oracle.h"

#include "patch.h"

#include "review/review.h"
#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { REPLY_MAX = 64 << 20 };
static const int64_t now_s = 1800000000;

static const char policy_text[] =
    "apiVersion: pullgate/v1\n"
    "kind: ImagePolicy\n"
    "metadata: {name: fuzz}\n"
    "spec:\n"
    "  registry: ghcr.io/acme-data\n"
    "  imagePullSecrets: [regcred, {name: harbor-cred, for: harbor.corp}]\n"
    "  approved: [registry.corp.example:5000/data, {regex: 'localhost(:[0-9]+)?/.*'}]\n"
    "  rules:\n"
    "    - name: system\n"
    "      match: {namespaces: [kube-system], users: ['system:*']}\n"
    "      mode: warn\n"
    "      registry: null\n"
    "      templates: warn\n"
    "    - name: labelled\n"
    "      match: {podLabels: {matchExpressions: [{key: app, operator: Exists}]}}\n"
    "      registry: null\n"
    "      mirrors: {docker.io: harbor.corp/hub, quay.io/astronomer: harbor.corp/astronomer}\n"
    "      denied: ['docker.io/**/evil*']\n"
    "      imagePullPolicy: IfNotPresent\n"
    "    - name: strict\n"
    "      match: {namespaces: ['prod-*'], serviceAccounts: [builder]}\n"
    "      mode: audit\n"
    "      require: {digest: true, tag: explicit}\n"
    "    - name: everything\n"
    "      templates: validate\n"
    "      require: {tag: explicit}\n"
    "      message: ask data-platform for access\n"
    "  exemptions:\n"
    "    - {images: ['ghcr.io/dbt-labs/**'], namespaces: [analytics], reason: r, owner: o}\n";

static void hold(bool property, const char *name) {
    if (property)
        return;
    fprintf(stderr, "review does not hold \"%s\"\n", name);
    abort();
}

static const struct policy *policy(void) {
    static struct policy *once;
    struct rules_options options = {.warn = NULL};
    struct err err = ERR_INIT;
    if (once != NULL)
        return once;
    struct str text = {policy_text, sizeof policy_text - 1};
    if (rules_parse(&once, text, "fuzz.yaml", &options, &err) != EC_OK) {
        fprintf(stderr, "fuzz.yaml:%u:%u: %s\n", err.line, err.col, err.msg);
        abort();
    }
    return once;
}

/* ---- one answer ---------------------------------------------------------------------- */

/* The body with its padding, exactly: the sanitizer sees what is read after it. */
static enum ec answer(struct review_session *s, struct str body, unsigned flags, char padding,
                      struct buf *reply, struct err *err) {
    char *copy = malloc(body.n + JSON_PADDING);
    hold(copy != NULL, "memory");
    if (body.n != 0)
        memcpy(copy, body.p, body.n);
    memset(copy + body.n, padding, JSON_PADDING);
    enum ec ec = review_answer(s, policy(), now_s, flags, copy, body.n, reply, err);
    if (ec == EC_OK) {
        json_t *uid = json_stringn(s->review.uid.p, s->review.uid.n);
        hold(uid != NULL && s->review.uid.n != 0, "an answered review has a uid");
        json_error_t why;
        json_t *tree = json_loadb(reply->p, reply->n, JSON_REJECT_DUPLICATES, &why);
        hold(tree != NULL, "the reply is JSON");
        json_t *said = json_object_get(json_object_get(tree, "response"), "uid");
        hold(json_equal(uid, said), "the reply is for this uid");
        json_decref(tree);
        json_decref(uid);
    }
    free(copy);
    return ec;
}

static struct str text_of(const json_t *object, const char *key) {
    const json_t *v = json_object_get(object, key);
    return v == NULL ? STR_NONE : (struct str){json_string_value(v), json_string_length(v)};
}

/* The patch of an answer, applied. */
static void patch(json_t *object, struct str base64) {
    struct buf text = BUF_INIT(REPLY_MAX);
    const char *broken = NULL;
    json_error_t why;
    hold(patch_decode(&text, base64), "a patch is base64");
    json_t *edits = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
    hold(edits != NULL && json_array_size(edits) != 0, "a patch is a list of edits");
    hold(patch_apply(object, edits, &broken), broken);
    json_decref(edits);
    buf_done(&text);
}

/* ---- what an answer is --------------------------------------------------------------- */

static bool check_reply(json_t *tree) {
    json_t *response = json_object_get(tree, "response");
    json_t *allowed = json_object_get(response, "allowed");
    struct str edits = text_of(response, "patch");
    hold(str_eq(text_of(tree, "kind"), STR("AdmissionReview")), "a review is answered by one");
    hold(allowed != NULL &&
             (json_typeof(allowed) == JANSSON_TRUE || json_typeof(allowed) == JANSSON_FALSE),
         "allowed is true or false");
    bool yes = json_typeof(allowed) == JANSSON_TRUE;
    json_t *status = json_object_get(response, "status");
    hold(yes || (edits.n == 0 && text_of(status, "message").n != 0), "a denial says why");
    hold((edits.n != 0) == str_eq(text_of(response, "patchType"), STR("JSONPatch")),
         "a patch has its type");
    return yes;
}

/* The object as the API server has it after our patch, asked about again. */
static void ask_again(json_t *review, struct str edits) {
    struct review_session s;
    struct buf text = BUF_INIT(REPLY_MAX), reply = BUF_INIT(REPLY_MAX);
    struct err err = ERR_INIT;
    json_error_t why;
    patch(json_object_get(json_object_get(review, "request"), "object"), edits);
    char *z = json_dumps(review, JSON_COMPACT);
    hold(z != NULL, "memory");
    review_session_init(&s, REVIEW_LIMITS_DEFAULT);
    for (unsigned flags = 0; flags <= ENGINE_VALIDATE; flags++) {
        buf_reset(&reply);
        hold(answer(&s, str_of(z), flags, ' ', &reply, &err) == EC_OK,
             "what was patched is read");
        json_t *tree = json_loadb(reply.p, reply.n, 0, &why);
        hold(check_reply(tree), "what was patched is allowed");
        hold(text_of(json_object_get(tree, "response"), "patch").n == 0,
             "what was patched needs no patch");
        json_decref(tree);
    }
    review_session_done(&s);
    buf_done(&text);
    buf_done(&reply);
    free(z);
}

static void check_answer(struct str body, struct str reply, unsigned flags) {
    json_error_t why;
    json_t *tree = json_loadb(reply.p, reply.n, 0, &why);
    /* NULL for what jansson does not take: numbers beyond 64 bits, for one. */
    json_t *review = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &why);
    struct str edits = text_of(json_object_get(tree, "response"), "patch");
    bool allowed = check_reply(tree);
    hold(flags == 0 || edits.n == 0, "validation patches nothing");
    if (review != NULL) {
        struct str uid = text_of(json_object_get(review, "request"), "uid");
        hold(str_eq(uid, text_of(json_object_get(tree, "response"), "uid")), "the uid is kept");
    }
    if (review != NULL && allowed && edits.n != 0)
        ask_again(review, edits);
    json_decref(review);
    json_decref(tree);
}

/* Kept, some of what may hold any keys and bytes when it is skipped is refused. */
static bool is_refused_when_kept(struct str said) {
    static const struct str words[] = {STR_INIT("duplicate key"), STR_INIT("is not UTF-8")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memmem(said.p, said.n, words[i].p, words[i].n) != NULL)
            return true;
    return false;
}

/* What is skipped decides nothing: the same answer with all of it kept. */
static void ask_whole(struct str body, unsigned flags, enum ec skipped_ec, struct str skipped) {
    struct review_session s;
    struct review_limits limits = REVIEW_LIMITS_DEFAULT;
    struct buf whole = BUF_INIT(REPLY_MAX);
    struct err err = ERR_INIT;
    limits.json.n_skip = 0;
    review_session_init(&s, limits);
    enum ec ec = answer(&s, body, flags, ' ', &whole, &err);
    struct str said = ec == EC_OK ? buf_view(&whole) : str_of(err.msg);
    hold((ec == skipped_ec && (ec != EC_OK || str_eq(said, skipped))) ||
             is_refused_when_kept(said),
         "what is skipped decides nothing");
    review_session_done(&s);
    buf_done(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct str body = {(const char *)data, n};
    static const char paddings[] = {0, '"', '}', '\\'};
    struct review_session s;
    review_session_init(&s, REVIEW_LIMITS_DEFAULT);
    for (unsigned flags = 0; flags <= ENGINE_VALIDATE; flags++) {
        struct buf first = BUF_INIT(REPLY_MAX), again = BUF_INIT(REPLY_MAX);
        struct err err = ERR_INIT, same = ERR_INIT;
        enum ec ec = answer(&s, body, flags, paddings[n % 4], &first, &err);
        hold(ec == EC_OK || ec == EC_SYNTAX || ec == EC_SCHEMA || ec == EC_LIMIT,
             "an error is the sender's");
        hold(ec == EC_OK || err.msg[0] != '\0', "an error says what it is");
        hold(answer(&s, body, flags, paddings[(n + 1) % 4], &again, &same) == ec,
             "the second answer is as the first");
        ask_whole(body, flags, ec, buf_view(&first));
        if (ec == EC_OK) {
            hold(str_eq(buf_view(&first), buf_view(&again)), "the same bytes each time");
            check_answer(body, buf_view(&first), flags);
        }
        buf_done(&first);
        buf_done(&again);
    }
    review_session_done(&s);
    return 0;
}
