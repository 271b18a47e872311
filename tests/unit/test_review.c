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
    policy_free(p);
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
    policy_free(p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(skipped_keys_have_no_duplicates),
    cmocka_unit_test(a_uid_that_was_not_read_is_none),
};

TEST_MAIN(tests)
