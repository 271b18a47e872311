/* Reviews whose bytes are wrong: what is denied, and what is an error. */
#include "test.h"

#include "review/review.h"
#include "rules/rules.h"

#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX = 1 << 20 };

#define HEAD                                                                                   \
    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"

static struct policy *policy_of(const char *text) {
    struct policy *p = NULL;
    struct err err = ERR_INIT;
    assert_ok(
        rules_parse(&p, str_of(text), "rules.yaml", &(struct rules_options){.now_s = 0}, &err),
        &err);
    return p;
}

struct answered {
    struct err err;
    struct buf reply;
};

/* Caller: buf_done(&reply). */
static struct answered answer(struct review_session *s, const struct policy *p,
                              struct str body) {
    struct answered a = {.err = ERR_INIT, .reply = BUF_INIT(REPLY_MAX)};
    char *copy = calloc(1, body.n + JSON_PADDING);
    assert_non_null(copy);
    memcpy(copy, body.p, body.n);
    (void)!review_answer(s, p, 0, 0, copy, body.n, &a.reply, &a.err);
    free(copy);
    return a;
}

static bool contains(struct buf *b, const char *text) {
    return buf_z(b) != NULL && strstr(b->p, text) != NULL;
}

static const char policy_text[] =
    "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {registry: a.io}\n";

/* Two readers may see different values of a duplicate key. */
static void skipped_keys_have_no_duplicates(void **state) {
    (void)state;
    struct policy *p = policy_of(policy_text);
    struct review_session s;
    review_session_init(&s, REVIEW_LIMITS_DEFAULT);
    for (size_t i = 0; i < REVIEW_N_SKIP; i++) {
        struct str key = review_skip[i].key;
        struct buf body = BUF_INIT(1000);
        buf_printf(&body, HEAD "\"uid\":\"u-1\",\"%.*s\":{\"a\":1,\"a\":2}}}", STR_ARG(key));
        struct answered a = answer(&s, p, buf_view(&body));
        bool refused = contains(&a.reply, "duplicate key");
        if (a.err.code != EC_OK || refused == str_eq(key, STR("managedFields")))
            fail_row("%.*s: %s", STR_ARG(key), a.err.msg);
        buf_done(&a.reply);
        buf_done(&body);
    }
    review_session_done(&s);
    engine_policy_free(p);
}

/* The nodes of an earlier review are still in memory. */
static void a_uid_that_was_not_read_is_none(void **state) {
    (void)state;
    static const char *const after_key[] = {":\"u-1\"}}", ":?u-1x\"}}", ":", ""};
    struct policy *p = policy_of(policy_text);
    struct review_session s;
    review_session_init(&s, REVIEW_LIMITS_DEFAULT);
    for (size_t i = 0; i < sizeof after_key / sizeof *after_key; i++) {
        struct buf body = BUF_INIT(1000);
        buf_printf(&body, HEAD "\"uid\"%s", after_key[i]);
        struct answered a = answer(&s, p, buf_view(&body));
        if (a.err.code != (i == 0 ? EC_OK : EC_SYNTAX) || (i != 0 && a.reply.n != 0))
            fail_row("%s: %s, %zu bytes", after_key[i], ec_name(a.err.code), a.reply.n);
        buf_done(&a.reply);
        buf_done(&body);
    }
    review_session_done(&s);
    engine_policy_free(p);
}

enum large { NONE, GROUPS, LABELS, SECRETS, CONTAINERS, VOLUMES, OLD_CONTAINERS, N_LARGE };

/* One element, or very many: `head` number `tail`. */
static void put_list(struct buf *out, const char *head, const char *tail, bool is_large) {
    unsigned n = is_large ? 20000 : 1;
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, "%s%s%u%s", i == 0 ? "" : ",", head, i, tail);
}

static void put_pod(struct buf *out, enum large large, enum large containers) {
    buf_puts(out, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"labels\":{");
    put_list(out, "\"a", "\":\"b\"", large == LABELS);
    buf_puts(out, "}},\"spec\":{\"imagePullSecrets\":[");
    put_list(out, "{\"name\":\"s", "\"}", large == SECRETS);
    buf_puts(out, "],\"volumes\":[");
    put_list(out, "{\"image\":{\"reference\":\"a.io/v", "\"}}", large == VOLUMES);
    buf_puts(out, "],\"containers\":[");
    put_list(out, "{\"name\":\"c", "\",\"image\":\"a.io/c\"}", large == containers);
    buf_puts(out, "]}}");
}

static void put_review(struct buf *out, enum large large) {
    buf_puts(out, HEAD
             "\"uid\":\"u-1\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
             "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
             "\"operation\":\"UPDATE\",\"userInfo\":{\"groups\":[");
    put_list(out, "\"g", "\"", large == GROUPS);
    buf_puts(out, "]},\"object\":");
    put_pod(out, large, CONTAINERS);
    buf_puts(out, ",\"oldObject\":");
    put_pod(out, large == OLD_CONTAINERS ? large : NONE, OLD_CONTAINERS);
    buf_puts(out, "}}");
}

/* A list that has no room is not taken for an empty one. */
static void lists_without_room_are_denied(void **state) {
    (void)state;
    struct policy *p = policy_of(policy_text);
    struct review_limits limits = REVIEW_LIMITS_DEFAULT;
    struct review_session s;
    limits.arena_bytes = 256 * 1024;
    review_session_init(&s, limits);
    for (enum large large = NONE; large < N_LARGE; large++) {
        struct buf body = BUF_INIT(8 << 20);
        put_review(&body, large);
        struct answered a = answer(&s, p, buf_view(&body));
        if (a.err.code != EC_OK || contains(&a.reply, "\"allowed\":true") != (large == NONE) ||
            contains(&a.reply, "the object cannot be judged: it needs more") == (large == NONE))
            fail_row("%d: %s %s", (int)large, a.err.msg, buf_z(&a.reply) ? a.reply.p : "");
        buf_done(&a.reply);
        buf_done(&body);
    }
    review_session_done(&s);
    engine_policy_free(p);
}

static void built_in_kinds_have_their_versions(void **state) {
    (void)state;
    static const struct {
        const char *api_version, *kind, *expected; /* NULL: fits */
        const char *near;
    } rows[] = {
        {"v1", "Pod", NULL, ""},
        {"apps/v1", "Deployment", NULL, ""},
        {"apps/v1beta2", "Deployment", NULL, ""},
        {"apps/v2alpha10", "Deployment", NULL, ""},
        {"apps/v2", "Deployment", "apps/v1", ""},
        {"apps/v1beta", "Deployment", "apps/v1", ""},
        {"apps/vxbeta1", "Deployment", "apps/v1", ""},
        {"batch/v1", "Deployment", "apps/v1", ""},
        {"v1", "Deployment", "apps/v1", ""},
        {"apps.example.com/v7", "Deployment", NULL, ""},
        {"apps/v1", "deployment", NULL, "Deployment"},
        {"apps.example.com/v1", "deployment", NULL, ""},
        {"apps/v1", "ConfigMap", NULL, ""},
        {"x/v9", "ConfigMap", NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str expected, kind = str_of(rows[i].kind), api = str_of(rows[i].api_version);
        bool fits = review_is_version(api, kind, &expected);
        struct str near = review_kind_near(api, kind);
        if (fits != (rows[i].expected == NULL) ||
            (!fits && !str_eq(expected, str_of(rows[i].expected))) ||
            !str_eq(near, str_of(rows[i].near)))
            fail_row("%s %s: %d %.*s %.*s", rows[i].api_version, rows[i].kind, fits,
                     STR_ARG(expected), STR_ARG(near));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(built_in_kinds_have_their_versions),
    cmocka_unit_test(lists_without_room_are_denied),
    cmocka_unit_test(skipped_keys_have_no_duplicates),
    cmocka_unit_test(a_uid_that_was_not_read_is_none),
};

TEST_MAIN(tests)
