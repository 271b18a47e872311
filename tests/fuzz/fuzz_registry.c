/* registry: the first byte chooses a reader, the rest is what a registry sent.
 *
 *      c challenge   t token   e error   m manifest   p configuration   d docker's config.json   u URL
 *      j the answers of one question, a line each: "STATUS|challenge|location|body"
 *
 * A token has no bytes that end a header; a platform is one; a URL that is read has no user and one host; and no
 * request that has a credential goes anywhere but to the registry's own scheme, host and port. */
#include "base/buf.h"
#include "registry/docker_config.h"
#include "registry/job.h"
#include "registry/token.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void hold(bool property, const char *name, struct str text) {
    if (property)
        return;
    fprintf(stderr, "registry does not hold \"%s\" for \"%.*s\"\n", name, STR_ARG(text));
    abort();
}

static bool is_header_text(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return false;
    return s.n != 0;
}

static void try_challenge(struct str text, struct arena *arena) {
    struct registry_challenge c;
    struct err err = ERR_INIT;
    struct buf url = BUF_INIT(1 << 22);
    if (registry_challenge_read(&c, text, arena, &err) != EC_OK)
        return;
    hold(!c.bearer || str_starts(c.realm, STR("http")), "a realm is a URL", text);
    struct registry_url realm;
    bool read = c.bearer && registry_where_read(&realm, c.realm);
    registry_token_url(&url, &c, STR("a/b"));
    struct str sent = buf_view(&url);
    hold(!read || url.bad || is_header_text(sent), "no byte of a challenge gets out of the URL",
         sent);
    buf_done(&url);
}

static void try_token(char *text, size_t n) {
    struct str token = STR_NONE;
    struct err err = ERR_INIT;
    if (registry_token_read(&token, text, n, &err) == EC_OK)
        hold(is_header_text(token), "a token is a header's text", token);
    else
        hold(token.n == 0 && err.msg[0] != '\0', "a refusal has a reason", token);
}

static void try_error(char *text, size_t n) {
    struct buf out = BUF_INIT(4096);
    registry_token_reason(&out, text, n);
    hold(out.bad == 0 && out.n <= 402, "a reason is short", buf_view(&out));
    buf_done(&out);
}

static void try_manifest(char *text, size_t n, struct arena *arena) {
    struct registry_manifest m = {.index = false};
    struct err err = ERR_INIT;
    if (registry_manifest_read(&m, text, n, STR("application/vnd.oci.image.index.v1+json"),
                               arena, &err) != EC_OK)
        return;
    hold(m.index, "Content-Type is what it is", m.media_type);
    for (size_t i = 0; i < m.n_platforms; i++)
        hold(registry_manifest_is_platform(m.platforms[i]), "a platform is one",
             m.platforms[i]);
}

static void try_config(char *text, size_t n, struct arena *arena) {
    struct str platform = STR_NONE;
    struct err err = ERR_INIT;
    if (registry_manifest_platform(&platform, text, n, arena, &err) == EC_OK)
        hold(registry_manifest_is_platform(platform), "a platform is one", platform);
}

static void try_docker(char *text, size_t n, struct arena *arena) {
    struct registry_docker_config c;
    struct registry_login login;
    struct err err = ERR_INIT, other = ERR_INIT;
    bool found;
    if (registry_docker_config_read(&c, text, n, &err) == EC_OK)
        (void)!registry_docker_config_find(&c, STR("docker.io"), &login, &found, arena, &other);
    registry_docker_config_done(&c);
}

static void try_url(struct str text) {
    struct registry_url url;
    if (!registry_where_read(&url, text))
        return;
    hold(str_find(url.authority, '@') == url.authority.n, "no user", text);
    hold(url.host.n != 0 && url.port != 0, "a host and a port", text);
    hold(registry_where_is_same(&url, &url), "it is itself", text);
    (void)registry_where_place(url.host);
    (void)registry_where_no_proxy(text, url.host, url.port);
}

/* ---- a question ---------------------------------------------------------------------- */

static struct str next_part(struct str *line) {
    size_t end = str_find(*line, '|');
    struct str part = str_slice(*line, 0, end);
    *line = str_slice(*line, end + 1, line->n);
    return part;
}

static void check_request(const struct registry_job *j, struct str all) {
    struct registry_url url, own;
    struct str text = str_of(j->request.url);
    bool secret =
        j->request.basic != NULL || j->request.bearer.n != 0 || j->request.form.n != 0;
    hold(registry_where_read(&url, text), "a request has a URL", all);
    hold(registry_where_place(url.host) != REGISTRY_FORBIDDEN, "nobody asks a metadata service",
         all);
    hold(registry_where_read(&own, STR("https://r.example/")), "the registry's own", all);
    hold(!secret || registry_where_is_same(&own, &url), "a credential stays at home", all);
}

static bool answer_line(struct registry_job *j, struct str line) {
    static char body[(1 << 16) + JSON_PADDING];
    uint64_t status = 0;
    struct registry_response r = {.status = 0};
    if (str_to_uint(next_part(&line), 999, &status))
        r.status = (long)status;
    else
        r.failure = REGISTRY_NO_TLS;
    r.challenges = next_part(&line);
    r.location = next_part(&line);
    r.body_bytes = line.n < (1 << 16) ? line.n : 1 << 16;
    r.body = body;
    memset(body, 0, sizeof body);
    if (r.body_bytes != 0)
        memcpy(body, line.p, r.body_bytes);
    return registry_job_next(j, &r);
}

static void try_job(struct str text, struct arena *arena) {
    const struct registry_login logins[] = {
        {.user = STR("a"), .password = STR("p"), .name = STR("A")},
        {.refresh_token = STR("t"), .name = STR("T")}};
    const struct registry_question q = {
        .image = STR("r.example/x:1"), .logins = logins, .n_logins = 2};
    const struct registry_options options = {.jobs = 1};
    struct registry_host host = {
        .name = STR("r.example"), .authority = STR("r.example"), .scheme = REGISTRY_HTTPS};
    struct registry_answer answer;
    struct registry_job j = {
        .question = &q, .options = &options, .host = &host, .answer = &answer, .arena = arena};
    bool more = registry_job_start(&j);
    for (size_t at = 0; more && at < text.n;) {
        struct str rest = str_slice(text, at, text.n);
        size_t end = str_find(rest, '\n');
        check_request(&j, text);
        more = answer_line(&j, str_slice(rest, 0, end));
        at += end + 1;
    }
    if (!more)
        hold(answer.word < REGISTRY_N_WORDS, "there is a word", text);
    registry_job_done(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena arena = ARENA_INIT(4096, 16 << 20);
    if (n == 0)
        return 0;
    size_t length = n - 1;
    char *text = calloc(1, length + JSON_PADDING);
    if (text == NULL)
        return 0;
    memcpy(text, bytes + 1, length);
    switch (bytes[0]) {
    case 'c':
        try_challenge((struct str){text, length}, &arena);
        break;
    case 't':
        try_token(text, length);
        break;
    case 'e':
        try_error(text, length);
        break;
    case 'm':
        try_manifest(text, length, &arena);
        break;
    case 'p':
        try_config(text, length, &arena);
        break;
    case 'd':
        try_docker(text, length, &arena);
        break;
    case 'u':
        try_url((struct str){text, length});
        break;
    case 'j':
        try_job((struct str){text, length}, &arena);
        break;
    default:
        break;
    }
    free(text);
    arena_done(&arena);
    return 0;
}
