/* registry: the requests of one question, for answers that a script gives. Each step of a script is
 *
 *      method url [credential] --> status [what came with it]
 */
#include "test.h"

#include "mem_fault.h"
#include "registry/job.h"
#include "json/json.h"

#include <stdlib.h>

#define BEARER(realm) "Bearer realm=\"" realm "\",service=\"s\",scope=\"repository:x:pull\""
#define V2 "https://r.example/v2/x/"
#define TOKEN "https://r.example/t?service=s&scope=repository%3Ax%3Apull"
#define MANIFEST "{\"config\":{\"digest\":\"sha256:0\"},\"layers\":[]}"

struct step {
    const char
        *request; /* "HEAD https://...", with " basic:USER", " bearer:TOKEN" or " form" */
    long status;
    const char *challenge, *location, *body, *digest;
    int64_t retry_after_s;
    enum registry_failure failure;
};

enum { STEPS_MAX = 12 };
enum { LOGIN_A = 1, LOGIN_B = 2, LOGIN_TOKEN = 4, LOGIN_EMPTY = 8 };

static const struct registry_login all_logins[] = {
    {.user = STR_INIT("a"), .password = STR_INIT("secret"), .name = STR_INIT("A")},
    {.user = STR_INIT("b"), .password = STR_INIT("secret"), .name = STR_INIT("B")},
    {.refresh_token = STR_INIT("secret"), .name = STR_INIT("T")},
    {.user = STR_INIT(""), .password = STR_INIT(""), .name = STR_INIT("E")}};

struct script {
    const char *name, *image;
    unsigned logins;
    bool digest, plain;
    const char *token_host;
    struct step steps[STEPS_MAX];
    enum registry_word word;
    const char *reason; /* a part of it */
    const char *login;
};

static const struct script scripts[] =
    {{.name = "there",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 200}},
      .word = REGISTRY_EXISTS},
     {.name = "Docker Hub",
      .image = "docker.io/library/nginx",
      .steps = {{"HEAD https://registry-1.docker.io/v2/library/nginx/manifests/latest", 200}},
      .word = REGISTRY_EXISTS},
     {.name = "no tag",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 404}, {"GET " V2 "tags/list?n=1", 200}},
      .word = REGISTRY_MISSING,
      .reason = "no such tag"},
     {.name = "no repository",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 404}, {"GET " V2 "tags/list?n=1", 404}},
      .word = REGISTRY_MISSING,
      .reason = "no repository x"},
     {.name = "anonymous token",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401, BEARER("https://r.example/t")},
                {"GET " TOKEN, 200, .body = "{\"token\":\"T\"}"},
                {"HEAD " V2 "manifests/1 bearer:T", 200}},
      .word = REGISTRY_EXISTS},
     {.name = "anonymous token of elsewhere",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401, "Bearer realm=\"https://auth.example/t\""},
                {"GET https://auth.example/t?scope=repository%3Ax%3Apull", 200,
                 .body = "{\"token\":\"T\"}"},
                {"HEAD " V2 "manifests/1 bearer:T", 401}},
      .word = REGISTRY_NO_ACCESS,
      .reason = "without a credential"},
     {.name = "token with the credential",
      .image = "r.example/x:1",
      .logins = LOGIN_A,
      .steps = {{"HEAD " V2 "manifests/1", 401, BEARER("https://r.example/t")},
                {"GET " TOKEN " basic:a", 200, .body = "{\"access_token\":\"T\"}"},
                {"HEAD " V2 "manifests/1 bearer:T", 200}},
      .word = REGISTRY_EXISTS,
      .login = "A"},
     {.name = "the credential is wrong, the second one right",
      .image = "r.example/x:1",
      .logins = LOGIN_A | LOGIN_B,
      .steps = {{"HEAD " V2 "manifests/1", 401, BEARER("https://r.example/t")},
                {"GET " TOKEN " basic:a", 401},
                {"HEAD " V2 "manifests/1", 401, BEARER("https://r.example/t")},
                {"GET " TOKEN " basic:b", 200, .body = "{\"token\":\"T\"}"},
                {"HEAD " V2 "manifests/1 bearer:T", 200}},
      .word = REGISTRY_EXISTS,
      .login = "B"},
     {.name = "one credential does not find it, the other is refused",
      .image = "r.example/x:1",
      .logins = LOGIN_A | LOGIN_B,
      .steps = {{"HEAD " V2 "manifests/1", 401, "Basic realm=\"r\""},
                {"HEAD " V2 "manifests/1 basic:a", 404},
                {"GET " V2 "tags/list?n=1 basic:a", 200},
                {"HEAD " V2 "manifests/1", 401, "Basic realm=\"r\""},
                {"HEAD " V2 "manifests/1 basic:b", 401, "Basic realm=\"r\""}},
      .word = REGISTRY_MISSING,
      .login = "A"},
     {.name = "Basic",
      .image = "r.example/x:1",
      .logins = LOGIN_A,
      .steps = {{"HEAD " V2 "manifests/1", 401, "Basic realm=\"r\""},
                {"HEAD " V2 "manifests/1 basic:a", 200}},
      .word = REGISTRY_EXISTS,
      .login = "A"},
     {.name = "Basic without a credential",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401, "Basic realm=\"r\""}},
      .word = REGISTRY_NO_ACCESS},
     {.name = "an empty credential is none",
      .image = "r.example/x:1",
      .logins = LOGIN_EMPTY,
      .steps = {{"HEAD " V2 "manifests/1", 401, "Basic realm=\"r\""}},
      .word = REGISTRY_NO_ACCESS,
      .login = "E"},
     {.name = "refresh token",
      .image = "r.example/x:1",
      .logins = LOGIN_TOKEN,
      .steps = {{"HEAD " V2 "manifests/1", 401, BEARER("https://r.example/t")},
                {"POST https://r.example/t form", 200, .body = "{\"access_token\":\"T\"}"},
                {"HEAD " V2 "manifests/1 bearer:T", 200}},
      .word = REGISTRY_EXISTS,
      .login = "T"},
     {.name = "a credential does not go to a foreign realm",
      .image = "r.example/x:1",
      .logins = LOGIN_A,
      .steps = {{"HEAD " V2 "manifests/1", 401, "Bearer realm=\"https://evil.example/t\""}},
      .word = REGISTRY_CANNOT_TELL,
      .reason = "--token-host",
      .login = "A"},
     {.name = "another port is another host",
      .image = "r.example/x:1",
      .logins = LOGIN_A,
      .steps = {{"HEAD " V2 "manifests/1", 401, "Bearer realm=\"https://r.example:5001/t\""}},
      .word = REGISTRY_CANNOT_TELL,
      .login = "A"},
     {.name = "a refresh token does not go there either",
      .image = "r.example/x:1",
      .logins = LOGIN_TOKEN,
      .steps = {{"HEAD " V2 "manifests/1", 401, "Bearer realm=\"https://evil.example/t\""}},
      .word = REGISTRY_CANNOT_TELL,
      .login = "T"},
     {.name = "a foreign realm, and Basic",
      .image = "r.example/x:1",
      .logins = LOGIN_A,
      .steps = {{"HEAD " V2 "manifests/1", 401,
                 "Bearer realm=\"https://evil.example/t\", Basic realm=\"r\""},
                {"HEAD " V2 "manifests/1 basic:a", 200}},
      .word = REGISTRY_EXISTS,
      .login = "A"},
     {.name = "a token server that is allowed",
      .image = "r.example/x:1",
      .logins = LOGIN_A,
      .token_host = "auth.example",
      .steps = {{"HEAD " V2 "manifests/1", 401, "Bearer realm=\"https://auth.example/t\""},
                {"GET https://auth.example/t?scope=repository%3Ax%3Apull basic:a", 403}},
      .word = REGISTRY_NO_ACCESS,
      .login = "A"},
     {.name = "Docker Hub's token server",
      .image = "docker.io/library/nginx",
      .logins = LOGIN_A,
      .steps =
          {{"HEAD https://registry-1.docker.io/v2/library/nginx/manifests/latest", 401,
            "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\""},
           {"GET https://auth.docker.io/token?service=registry.docker.io&scope=repository%3A"
            "library%2Fnginx%3Apull basic:a",
            200, .body = "{\"token\":\"T\"}"},
           {"HEAD https://registry-1.docker.io/v2/library/nginx/manifests/latest bearer:T",
            403}},
      .word = REGISTRY_NO_ACCESS,
      .login = "A"},
     {.name = "a metadata service as registry",
      .image = "169.254.169.254/x:1",
      .plain = true,
      .word = REGISTRY_UNREACHABLE,
      .reason = "not asked"},
     {.name = "a metadata address as realm",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401, "Bearer realm=\"https://169.254.169.254/t\""}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "loopback as realm",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401, "Bearer realm=\"https://127.0.0.1:9/t\""}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "a private address as realm",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401, "Bearer realm=\"https://10.0.0.1/t\""}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "a realm of plain HTTP",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401, "Bearer realm=\"http://r.example/t\""}},
      .word = REGISTRY_CANNOT_TELL,
      .reason = "plain HTTP"},
     {.name = "a realm that two readers read differently",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401,
                 "Bearer realm=\"https://r.example\\\\@evil/t\""}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "a redirect with the credential to the same host",
      .image = "r.example/x:1",
      .logins = LOGIN_A,
      .steps = {{"HEAD " V2 "manifests/1", 401, "Basic realm=\"r\""},
                {"HEAD " V2 "manifests/1 basic:a", 307, .location = "https://r.example/other"},
                {"HEAD https://r.example/other basic:a", 200}},
      .word = REGISTRY_EXISTS,
      .login = "A"},
     {.name = "a redirect to elsewhere and back is without it",
      .image = "r.example/x:1",
      .logins = LOGIN_A,
      .steps = {{"HEAD " V2 "manifests/1", 401, "Basic realm=\"r\""},
                {"HEAD " V2 "manifests/1 basic:a", 302, .location = "https://cdn.example/x"},
                {"HEAD https://cdn.example/x", 302, .location = "https://r.example/other"},
                {"HEAD https://r.example/other", 401, "Basic realm=\"r\""}},
      .word = REGISTRY_CANNOT_TELL,
      .login = "A"},
     {.name = "a redirect to plain HTTP",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 307, .location = "http://r.example/x"}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "a redirect to a metadata address",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 307, .location = "https://169.254.169.254/latest"}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "a redirect to a file",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 307, .location = "file:///etc/passwd"}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "a redirect to nowhere",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 307}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "403: a GET has the reason",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 403},
                {"GET " V2 "manifests/1", 403,
                 .body = "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"expired\"}]}"}},
      .word = REGISTRY_NO_ACCESS,
      .reason = "DENIED: expired"},
     {.name = "HEAD is not allowed",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 405},
                {"GET " V2 "manifests/1", 200, .body = MANIFEST}},
      .word = REGISTRY_EXISTS},
     {.name = "patience",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 429, .retry_after_s = 7},
                {"HEAD " V2 "manifests/1 wait:7000", 503},
                {"HEAD " V2 "manifests/1 wait:600", 200}},
      .word = REGISTRY_EXISTS},
     {.name = "no patience",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 429, .retry_after_s = 21600}},
      .word = REGISTRY_CANNOT_TELL,
      .reason = "Retry-After: 21600 s"},
     {.name = "patience ends",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 500},
                {"HEAD " V2 "manifests/1 wait:200", 500},
                {"HEAD " V2 "manifests/1 wait:600", 500},
                {"HEAD " V2 "manifests/1 wait:1800", 500}},
      .word = REGISTRY_CANNOT_TELL,
      .reason = "500"},
     {.name = "other bytes than the digest's",
      .image =
          "r.example/x@sha256:0000000000000000000000000000000000000000000000000000000000000000",
      .steps = {{"GET " V2
                 "manifests/sha256:0000000000000000000000000000000000000000000000000000000000"
                 "000000",
                 200, .body = MANIFEST}},
      .word = REGISTRY_CANNOT_TELL,
      .reason = "other bytes"},
     {.name = "another digest by HEAD",
      .image = "docker.io/x/"
               "y@sha256:0000000000000000000000000000000000000000000000000000000000000000",
      .steps =
          {{"HEAD "
            "https://registry-1.docker.io/v2/x/y/manifests/sha256:00000000000000000000000000"
            "00000000000000000000000000000000000000",
            200,
            .digest =
                "sha256:1111111111111111111111111111111111111111111111111111111111111111"}},
      .word = REGISTRY_CANNOT_TELL,
      .reason = "another digest"},
     {.name = "no manifest",
      .image = "r.example/x:1",
      .digest = true,
      .steps = {{"GET " V2 "manifests/1", 200, .body = "<html>"}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "loopback without TLS",
      .image = "localhost:5000/x:1",
      .steps = {{"HEAD https://localhost:5000/v2/x/manifests/1", .failure = REGISTRY_NO_TLS},
                {"HEAD http://localhost:5000/v2/x/manifests/1", 200}},
      .word = REGISTRY_EXISTS},
     {.name = "elsewhere without TLS",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", .failure = REGISTRY_NO_TLS}},
      .word = REGISTRY_UNREACHABLE,
      .reason = "--plain-http"},
     {.name = "plain HTTP that was asked for, with a realm of plain HTTP",
      .image = "r.example/x:1",
      .plain = true,
      .logins = LOGIN_A,
      .steps = {{"HEAD http://r.example/v2/x/manifests/1", 401,
                 "Bearer realm=\"http://r.example/t\""},
                {"GET http://r.example/t?scope=repository%3Ax%3Apull basic:a", 200,
                 .body = "{\"token\":\"T\"}"},
                {"HEAD http://r.example/v2/x/manifests/1 bearer:T", 200}},
      .word = REGISTRY_EXISTS,
      .login = "A"},
     {.name = "a 401 without a challenge",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401}},
      .word = REGISTRY_CANNOT_TELL},
     {.name = "no token in the token server's answer",
      .image = "r.example/x:1",
      .steps = {{"HEAD " V2 "manifests/1", 401, BEARER("https://r.example/t")},
                {"GET " TOKEN, 200, .body = "{\"token\":\"a\\nb\"}"}},
      .word = REGISTRY_CANNOT_TELL,
      .reason = "token server"},
     {.name = "a token server that redirects",
      .image = "r.example/x:1",
      .logins = LOGIN_A,
      .steps = {{"HEAD " V2 "manifests/1", 401, BEARER("https://r.example/t")},
                {"GET " TOKEN " basic:a", 307, .location = "https://evil.example/"}},
      .word = REGISTRY_CANNOT_TELL,
      .login = "A"}};

/* ---- running one --------------------------------------------------------------------- */

static void print_request(struct buf *out, const struct registry_request *q) {
    buf_printf(out, "%s %s", q->head ? "HEAD" : q->form.n != 0 ? "POST" : "GET", q->url);
    if (q->basic != NULL)
        buf_printf(out, " basic:%.*s", STR_ARG(q->basic->user));
    if (q->bearer.n != 0)
        buf_printf(out, " bearer:%.*s", STR_ARG(q->bearer));
    if (q->form.n != 0)
        buf_puts(out, " form");
    if (q->wait_ms != 0)
        buf_printf(out, " wait:%llu", (unsigned long long)q->wait_ms);
}

static void answer(struct registry_response *r, const struct step *step, char *body) {
    *r = (struct registry_response){.status = step->status,
                                    .failure = step->failure,
                                    .challenges = str_of(step->challenge),
                                    .location = str_of(step->location),
                                    .digest = str_of(step->digest),
                                    .retry_after_s = step->retry_after_s,
                                    .body = body,
                                    .body_bytes = step->body != NULL ? strlen(step->body) : 0};
    if (step->body != NULL)
        memcpy(body, step->body, r->body_bytes);
}

struct run {
    struct registry_job job;
    struct registry_host host;
    struct registry_question question;
    struct registry_answer answer;
    struct registry_options options;
    struct registry_login logins[4];
    struct arena arena;
};

static void set_up(struct run *r, const struct script *s) {
    struct str image = str_of(s->image);
    *r = (struct run){.arena = ARENA_INIT(256, 1 << 20)};
    for (size_t i = 0; i < 4; i++)
        if ((s->logins >> i & 1) != 0)
            r->logins[r->question.n_logins++] = all_logins[i];
    r->question.image = image;
    r->question.logins = r->logins;
    r->question.digest = s->digest;
    r->options.token_hosts = &s->token_host;
    r->options.n_token_hosts = s->token_host != NULL;
    r->host.name = str_slice(image, 0, str_find(image, '/'));
    r->host.authority =
        str_eq(r->host.name, STR("docker.io")) ? STR("registry-1.docker.io") : r->host.name;
    r->host.place = registry_where_place(registry_where_host(r->host.name));
    r->host.scheme = s->plain                             ? REGISTRY_HTTP
                     : r->host.place == REGISTRY_LOOPBACK ? REGISTRY_UNKNOWN
                                                          : REGISTRY_HTTPS;
    r->job = (struct registry_job){.question = &r->question,
                                   .options = &r->options,
                                   .host = &r->host,
                                   .answer = &r->answer,
                                   .arena = &r->arena};
}

static void check_request(const struct script *s, size_t at, const struct registry_request *q) {
    struct buf found = BUF_INIT(1 << 16);
    size_t n = 0;
    while (n < STEPS_MAX && s->steps[n].request != NULL)
        n++;
    print_request(&found, q);
    if (at >= n || !str_eq(buf_view(&found), str_of(s->steps[at].request)))
        fail_row("%s, step %zu:\n  found    %.*s\n  expected %s", s->name, at,
                 STR_ARG(buf_view(&found)), at < n ? s->steps[at].request : "the answer");
    buf_done(&found);
}

/* false: out of memory. */
static bool play(const struct script *s, struct run *r, bool check) {
    static char body[4096];
    size_t at = 0;
    bool more = registry_job_start(&r->job);
    for (; more && at < STEPS_MAX; at++) {
        struct registry_response response;
        if (check)
            check_request(s, at, &r->job.request);
        memset(body, 0, sizeof body);
        answer(&response, &s->steps[at], body);
        more = registry_job_next(&r->job, &response);
    }
    bool all = at == STEPS_MAX || s->steps[at].request == NULL;
    if (check && !all)
        fail_row("%s: ends after %zu steps", s->name, at);
    return r->job.err.code == EC_OK;
}

static void test_scripts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        const struct script *s = &scripts[i];
        struct run r;
        set_up(&r, s);
        assert_true(play(s, &r, true));
        struct str reason = r.answer.reason, part = str_of(s->reason);
        bool told = part.n == 0 ||
                    (reason.n != 0 && memmem(reason.p, reason.n, part.p, part.n) != NULL);
        if (r.answer.word != s->word || !told)
            fail_row("%s: %s: %.*s", s->name, registry_word_text(r.answer.word),
                     STR_ARG(reason));
        assert_true(reason.n == 0 || memmem(reason.p, reason.n, "secret", 6) == NULL);
        assert_str(r.answer.login != NULL ? r.answer.login->name : STR_NONE, str_of(s->login));
        registry_job_done(&r.job);
        arena_done(&r.arena);
    }
}

/* The eleventh redirect is not followed. */
static void test_redirects(void **state) {
    static const struct script s = {.image = "r.example/x:1"};
    struct run r;
    size_t n = 0;
    (void)state;
    set_up(&r, &s);
    bool more = registry_job_start(&r.job);
    for (; more && n < 100; n++)
        more = registry_job_next(
            &r.job, &(struct registry_response){.status = 307,
                                                .location = STR("https://r.example/loop")});
    assert_int_equal(n, 11);
    assert_int_equal(r.answer.word, REGISTRY_CANNOT_TELL);
    registry_job_done(&r.job);
    arena_done(&r.arena);
}

/* A host that cannot be reached is asked three times, not once for each image. */
static void test_dead_host(void **state) {
    static const struct script s = {.image = "r.example/x:1"};
    struct registry_host host = {.name = STR_NONE};
    size_t asked = 0;
    (void)state;
    for (size_t i = 0; i < 10; i++) {
        struct run r;
        set_up(&r, &s);
        if (i == 0)
            host = r.host;
        r.job.host = &host;
        if (registry_job_start(&r.job)) {
            asked++;
            assert_false(registry_job_next(
                &r.job, &(struct registry_response){.failure = REGISTRY_NO_CONNECTION}));
        }
        assert_int_equal(r.answer.word, REGISTRY_UNREACHABLE);
        registry_job_done(&r.job);
        if (i < 9)
            host.why = STR_NONE; /* it was in the arena */
        arena_done(&r.arena);
    }
    assert_int_equal(asked, REGISTRY_FAILURES_MAX);
}

static void test_no_memory(void **state) {
    size_t live = mem_fault_live();
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        bool failed = true;
        for (size_t n = 1; failed; n++) {
            struct run r;
            set_up(&r, &scripts[i]);
            mem_fault_arm(n, MEM_FAULT_ONCE);
            bool played = play(&scripts[i], &r, false);
            failed = mem_fault_disarm();
            if (failed && played && r.answer.word == scripts[i].word &&
                r.answer.word == REGISTRY_EXISTS)
                fail_row("%s: allocation %zu failed, and it exists", scripts[i].name, n);
            registry_job_done(&r.job);
            arena_done(&r.arena);
            assert_int_equal(mem_fault_live(), live);
        }
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts), cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_dead_host), cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
