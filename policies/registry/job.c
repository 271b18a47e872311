#include "registry/job.h"

#include "base/mem.h"
#include "certs/certs.h"
#include "imgref/imgref.h"
#include "registry/token.h"

#include <stdio.h>

enum { REDIRECTS_MAX = 10, RETRIES_MAX = 3, SMALL_MAX = 64 << 10, TEXT_MAX = 2048 };

/* ---- the answer ---------------------------------------------------------------------- */

PRINTF(2, 0) static struct str vsay(struct registry_job *j, const char *format, va_list args) {
    char room[TEXT_MAX];
    struct buf b = BUF_OVER(room, sizeof room);
    struct str out = STR_NONE;
    buf_vprintf(&b, format, args);
    struct str text = b.bad ? STR("the reason is too long") : buf_view(&b);
    if (!arena_str(j->arena, text, &out))
        arena_fail(j->arena, &j->err);
    return out;
}

static struct str copy(struct registry_job *j, struct str text) {
    struct str out = STR_NONE;
    if (!arena_str(j->arena, text, &out))
        arena_fail(j->arena, &j->err);
    return out;
}

const struct registry_login *registry_job_login(const struct registry_job *j) {
    return j->login < j->question->n_logins ? &j->question->logins[j->login] : NULL;
}

/* An image that one credential finds exists; one that it does not find is missing, although another may be refused. */
static void settle(struct registry_job *j, struct registry_answer found) {
    if (j->answered && j->answer->word <= found.word)
        return;
    found.limit = found.limit.n != 0 ? found.limit : j->answer->limit;
    found.warning = found.warning.n != 0 ? found.warning : j->answer->warning;
    found.login = registry_job_login(j);
    *j->answer = found;
    j->answered = true;
}

static bool next_login(struct registry_job *j) {
    j->login++;
    if (j->login >= j->question->n_logins || j->err.code != EC_OK)
        return false;
    j->auth = AUTH_NONE;
    j->redirects = j->retries = 0;
    return registry_job_ask_manifest(j);
}

bool registry_job_reject(struct registry_job *j, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct str reason = vsay(j, format, args);
    va_end(args);
    settle(j, (struct registry_answer){.word = REGISTRY_NO_ACCESS, .reason = reason});
    return next_login(j);
}

bool registry_job_give_up(struct registry_job *j, enum registry_word word, const char *format,
                          ...) {
    va_list args;
    va_start(args, format);
    struct str reason = vsay(j, format, args);
    va_end(args);
    settle(j, (struct registry_answer){.word = word, .reason = reason});
    return false;
}

PRINTF(2, 3) static bool miss(struct registry_job *j, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct str reason = vsay(j, format, args);
    va_end(args);
    settle(j, (struct registry_answer){.word = REGISTRY_MISSING, .reason = reason});
    return next_login(j);
}

struct str registry_job_reason(const struct registry_response *r, char *room, size_t n) {
    struct buf text = BUF_OVER(room, n);
    buf_puts(&text, ": ");
    if (r->body != NULL && r->body_bytes != 0)
        registry_token_reason(&text, r->body, r->body_bytes);
    return text.bad || text.n == 2 ? STR_NONE : buf_view(&text);
}

/* ---- requests ------------------------------------------------------------------------ */

static bool is_hub(const struct registry_job *j) {
    return str_eq(j->host->name, STR("docker.io"));
}

static bool put_url(struct registry_job *j, const char *what, struct str last) {
    buf_reset(&j->url);
    buf_puts(&j->url, j->host->scheme == REGISTRY_HTTP ? "http://" : "https://");
    buf_printf(&j->url, "%.*s/v2/%.*s/%s%.*s", STR_ARG(j->host->authority),
               STR_ARG(j->repository), what, STR_ARG(last));
    const char *url = buf_z(&j->url);
    j->request = (struct registry_request){
        .url = url, .home = true, .place = j->host->place, .max_bytes = SMALL_MAX};
    if (url == NULL)
        err_set(&j->err, (enum ec)j->url.bad, "no room for a URL");
    else if (j->auth == AUTH_BASIC)
        j->request.basic = registry_job_login(j);
    else if (j->auth == AUTH_BEARER)
        j->request.bearer = buf_view(&j->token);
    j->away = false;
    return url != NULL;
}

bool registry_job_ask_manifest(struct registry_job *j) {
    j->step = STEP_MANIFEST;
    if (!put_url(j, "manifests/", j->reference))
        return false;
    j->request.head = !j->get;
    j->request.manifests = true;
    if (j->get)
        j->request.max_bytes = REGISTRY_MANIFEST_MAX;
    return true;
}

static bool ask_tags(struct registry_job *j) {
    j->step = STEP_TAGS;
    return put_url(j, "tags/list?n=1", STR_NONE);
}

static bool ask_config(struct registry_job *j) {
    j->step = STEP_CONFIG;
    if (!put_url(j, "blobs/", j->config))
        return false;
    j->request.max_bytes = REGISTRY_MANIFEST_MAX;
    return true;
}

static bool start_image(struct registry_job *j, const struct imgref *ref) {
    struct buf path = BUF_INIT(1024);
    imgref_print_repository(ref, &path);
    if (path.bad)
        err_set(&j->err, (enum ec)path.bad, "no room for the name of a repository");
    else
        j->repository = copy(j, buf_view(&path));
    buf_done(&path);
    j->reference = ref->digest.n != 0 ? ref->digest
                   : ref->tag.n != 0  ? ref->tag
                                      : STR("latest");
    bool pinned = ref->digest.n != 0 && !is_hub(j);
    j->get = j->question->digest || j->question->platforms || pinned;
    return j->err.code == EC_OK && registry_job_ask_manifest(j);
}

bool registry_job_start(struct registry_job *j) {
    struct imgref ref;
    j->url = (struct buf)BUF_INIT(16 << 10);
    j->form = (struct buf)BUF_INIT(256 << 10);
    j->token = (struct buf)BUF_INIT(REGISTRY_TOKEN_MAX);
    *j->answer = (struct registry_answer){.word = REGISTRY_UNREACHABLE};
    if (j->question->broken.n != 0) {
        settle(j, (struct registry_answer){.word = REGISTRY_NO_ACCESS,
                                           .reason = j->question->broken});
        return false;
    }
    if (j->host->place == REGISTRY_FORBIDDEN) /* a proxy would ask it */
        return registry_job_give_up(
            j, REGISTRY_UNREACHABLE,
            "%.*s is link-local or a metadata service, which is not asked",
            STR_ARG(j->host->name));
    if (j->host->unreachable >= REGISTRY_FAILURES_MAX) {
        settle(j,
               (struct registry_answer){.word = REGISTRY_UNREACHABLE, .reason = j->host->why});
        return false;
    }
    if (imgref_parse(&ref, j->question->image, &j->err) != EC_OK)
        return false;
    return start_image(j, &ref);
}

static void wipe(struct buf *b) {
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
    buf_done(b);
}

void registry_job_done(struct registry_job *j) {
    wipe(&j->token);
    wipe(&j->form);
    buf_done(&j->url);
}

/* ---- what went wrong ----------------------------------------------------------------- */

static bool fail_request(struct registry_job *j, const struct registry_response *r) {
    static const struct {
        enum registry_word word;
        const char *text;
    } rows[] = {
        [REGISTRY_NO_FAILURE] = {REGISTRY_CANNOT_TELL, "no failure"},
        [REGISTRY_NO_HOST] = {REGISTRY_UNREACHABLE, "the host is not found"},
        [REGISTRY_NO_CONNECTION] = {REGISTRY_UNREACHABLE, "no connection"},
        [REGISTRY_NO_TLS] = {REGISTRY_UNREACHABLE,
                             "no TLS connection; give --plain-http if it is meant"},
        [REGISTRY_UNTRUSTED] = {REGISTRY_UNREACHABLE,
                                "its certificate is not trusted here; give --ca"},
        [REGISTRY_BAD_TLS] = {REGISTRY_UNREACHABLE, "no TLS connection"},
        [REGISTRY_NO_TIME] = {REGISTRY_UNREACHABLE, "no answer in time"},
        [REGISTRY_BLOCKED] = {REGISTRY_UNREACHABLE,
                              "its address is not asked: link-local, of a metadata service, or "
                              "loopback where another host sends to it"},
        [REGISTRY_TOO_LARGE] = {REGISTRY_CANNOT_TELL, "the answer is too large"},
        [REGISTRY_BROKEN_OFF] = {REGISTRY_UNREACHABLE, "the answer broke off"}};
    struct str url = registry_where_shown(str_of(j->request.url));
    (void)registry_job_give_up(j, rows[r->failure].word, "%.*s: %s%s%.*s%s", STR_ARG(url),
                               rows[r->failure].text, r->detail.n ? " (" : "",
                               STR_ARG(r->detail), r->detail.n ? ")" : "");
    if (j->request.home && rows[r->failure].word == REGISTRY_UNREACHABLE) {
        j->host->unreachable++;
        j->host->why = j->answer->reason;
    }
    return false;
}

static bool retry_request(struct registry_job *j, const struct registry_response *r) {
    char room[TEXT_MAX / 2];
    static const uint64_t pauses_ms[RETRIES_MAX] = {200, 600, 1800};
    if (j->retries < RETRIES_MAX && r->retry_after_s <= REGISTRY_WAIT_MAX_S) {
        uint64_t asked_ms = (uint64_t)r->retry_after_s * 1000, pause_ms = pauses_ms[j->retries];
        j->request.wait_ms = asked_ms > pause_ms ? asked_ms : pause_ms;
        j->retries++;
        return true;
    }
    struct str reason = registry_job_reason(r, room, sizeof room);
    char later[64] = "";
    if (r->retry_after_s > 0)
        snprintf(later, sizeof later, "; Retry-After: %lld s", (long long)r->retry_after_s);
    return registry_job_give_up(j, REGISTRY_CANNOT_TELL, "HTTP status %ld%s%.*s%s", r->status,
                                r->status == 429 ? " (rate limit)" : "", STR_ARG(reason),
                                later);
}

static bool is_transient(long status) {
    static const long all[] = {408, 429, 499, 500, 502, 503, 504, 522};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] == status)
            return true;
    return false;
}

/* ---- redirects ----------------------------------------------------------------------- */

static bool may_go(const struct registry_job *j, const struct registry_url *from,
                   const struct registry_url *to) {
    enum registry_place place = registry_where_place(to->host);
    bool inside = place == REGISTRY_LOOPBACK || place == REGISTRY_PRIVATE;
    if (from->https && !to->https)
        return false;
    return place != REGISTRY_FORBIDDEN && (!inside || place == j->host->place);
}

/* From the registry on, credentials stay behind where it leads elsewhere, and do not come back. */
static bool redirect(struct registry_job *j, const struct registry_response *r) {
    struct registry_url from, to;
    struct str shown = registry_where_shown(r->location);
    bool read = registry_where_read(&from, str_of(j->request.url)) &&
                registry_where_read(&to, r->location);
    if (!read || !may_go(j, &from, &to))
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL,
                                    "HTTP status %ld leads to \"%.*s\", which is not followed",
                                    r->status, STR_ARG(str_slice(shown, 0, 200)));
    if (++j->redirects > REDIRECTS_MAX)
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL, "more than %d redirects",
                                    REDIRECTS_MAX);
    if (!registry_where_is_same(&from, &to)) {
        j->away = true;
        j->request.home = false;
        j->request.basic = NULL;
        j->request.bearer = STR_NONE;
    }
    struct str url = copy(j, r->location);
    buf_reset(&j->url);
    buf_str(&j->url, url);
    j->request.url = buf_z(&j->url);
    if (j->request.url == NULL)
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL,
                                    "the URL of a redirect is too long");
    return j->err.code == EC_OK;
}

/* ---- manifests ----------------------------------------------------------------------- */

/* false: it is of an algorithm that is not computed here, or there is no memory. */
static bool compute(char hex[CERTS_DIGEST_MAX], struct str algorithm,
                    const struct registry_response *r) {
    enum certs_digest_kind kind =
        str_eq(algorithm, STR("sha512")) ? CERTS_SHA512 : CERTS_SHA256;
    if (kind == CERTS_SHA256 && !str_eq(algorithm, STR("sha256")))
        return false;
    return certs_digest(hex, kind, (struct str){r->body, r->body_bytes});
}

static struct str algorithm_of(struct str digest) {
    return str_slice(digest, 0, str_find(digest, ':'));
}

static bool is_of(const struct registry_response *r, struct str digest) {
    char hex[CERTS_DIGEST_MAX];
    struct str algorithm = algorithm_of(digest);
    return compute(hex, algorithm, r) &&
           str_eq(str_of(hex), str_slice(digest, algorithm.n + 1, digest.n));
}

static bool is_pinned(const struct registry_job *j) {
    return str_find(j->reference, ':') != j->reference.n;
}

/* By HEAD: of the digest there is what a header says. */
static bool take_head(struct registry_job *j, const struct registry_response *r) {
    if (is_pinned(j) && r->digest.n != 0 && !str_eq(r->digest, j->reference) &&
        str_eq(algorithm_of(r->digest), algorithm_of(j->reference)))
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL,
                                    "the registry answers with another digest, %.*s",
                                    STR_ARG(str_slice(r->digest, 0, 160)));
    settle(j, (struct registry_answer){.word = REGISTRY_EXISTS,
                                       .media_type = copy(j, r->content_type)});
    return false;
}

static struct str own_digest(struct registry_job *j, const struct registry_response *r) {
    char hex[CERTS_DIGEST_MAX], text[CERTS_DIGEST_MAX + 8];
    struct str algorithm = is_pinned(j) ? algorithm_of(j->reference) : STR("sha256");
    if (!compute(hex, algorithm, r))
        return STR_NONE;
    int n = snprintf(text, sizeof text, "%.*s:%s", STR_ARG(algorithm), hex);
    return copy(j, (struct str){text, (size_t)n});
}

static bool take_manifest(struct registry_job *j, const struct registry_response *r) {
    struct registry_manifest m;
    struct err err = ERR_INIT;
    struct str digest = own_digest(j, r); /* before the text is read, which changes it */
    if (digest.n == 0)
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL,
                                    "its digest is of an algorithm that is not computed here");
    if (is_pinned(j) && !str_eq(digest, j->reference))
        return registry_job_give_up(
            j, REGISTRY_CANNOT_TELL,
            "the registry answers with other bytes: their digest is %.*s", STR_ARG(digest));
    if (registry_manifest_read(&m, r->body, r->body_bytes, r->content_type, j->arena, &err) !=
        EC_OK) {
        if (err.code == EC_NOMEM)
            j->err = err;
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL, "%s", err.msg);
    }
    j->seen = (struct registry_answer){.word = REGISTRY_EXISTS,
                                       .digest = digest,
                                       .media_type = m.media_type,
                                       .index = m.index,
                                       .platforms = m.platforms,
                                       .n_platforms = m.n_platforms};
    j->config = m.config;
    if (j->question->platforms && !m.index && m.config.n != 0)
        return ask_config(j);
    settle(j, j->seen);
    return false;
}

static bool take_config(struct registry_job *j, const struct registry_response *r) {
    struct err err = ERR_INIT;
    struct str *platform = ARENA_NEW(j->arena, struct str);
    if (platform == NULL)
        arena_fail(j->arena, &j->err);
    else if (r->status != 200 || r->failure != REGISTRY_NO_FAILURE)
        j->seen.reason = STR("its configuration, which has the platform, cannot be read");
    else if (!is_of(r, j->config))
        j->seen.reason = STR("its configuration has another digest");
    else if (registry_manifest_platform(platform, r->body, r->body_bytes, j->arena, &err) !=
             EC_OK)
        j->seen.reason = copy(j, str_of(err.msg));
    else {
        j->seen.platforms = platform;
        j->seen.n_platforms = 1;
    }
    settle(j, j->seen);
    return false;
}

static bool take_forbidden(struct registry_job *j, const struct registry_response *r) {
    char room[TEXT_MAX / 2];
    if (j->request.head &&
        !is_hub(j)) { /* the body of a GET has the reason; some refuse HEAD alone */
        j->get = true;
        return registry_job_ask_manifest(j);
    }
    return registry_job_reject(j, "HTTP status 403%.*s; or it does not exist",
                               STR_ARG(registry_job_reason(r, room, sizeof room)));
}

static bool take_tags(struct registry_job *j, const struct registry_response *r) {
    bool pinned = is_pinned(j);
    if (r->status == 200 || r->failure == REGISTRY_TOO_LARGE)
        return miss(j, "the repository %.*s has no such %s", STR_ARG(j->repository),
                    pinned ? "digest" : "tag");
    if (r->status == 404)
        return miss(j, "there is no repository %.*s", STR_ARG(j->repository));
    return miss(j, "HTTP status 404");
}

static bool answer_of_manifest(struct registry_job *j, const struct registry_response *r) {
    char room[TEXT_MAX / 2];
    switch (r->status) {
    case 200:
        return j->request.head ? take_head(j, r) : take_manifest(j, r);
    case 401:
        return registry_job_challenge(j, r);
    case 403:
        return take_forbidden(j, r);
    case 404:
        return j->away ? miss(j, "HTTP status 404 after a redirect") : ask_tags(j);
    case 405:
        if (!j->request.head)
            break;
        j->get = true;
        return registry_job_ask_manifest(j);
    default:
        break;
    }
    return registry_job_give_up(j, REGISTRY_CANNOT_TELL, "HTTP status %ld%.*s", r->status,
                                STR_ARG(registry_job_reason(r, room, sizeof room)));
}

/* ---- each answer --------------------------------------------------------------------- */

static void keep_notes(struct registry_job *j, const struct registry_response *r) {
    if (r->limit.n != 0)
        j->answer->limit = copy(j, r->limit);
    if (r->warning.n != 0)
        j->answer->warning = copy(j, r->warning);
}

/* TLS is tried first on loopback too. */
static bool falls_back(struct registry_job *j, const struct registry_response *r) {
    if (j->host->scheme != REGISTRY_UNKNOWN)
        return false;
    if (r->failure == REGISTRY_NO_TLS) {
        j->host->scheme = REGISTRY_HTTP;
        return true;
    }
    if (r->failure == REGISTRY_NO_FAILURE)
        j->host->scheme = REGISTRY_HTTPS;
    return false;
}

static bool follows(const struct registry_job *j, const struct registry_response *r) {
    bool away = r->status == 301 || r->status == 302 || r->status == 303 || r->status == 307 ||
                r->status == 308;
    return away && (j->step == STEP_MANIFEST || j->step == STEP_CONFIG);
}

bool registry_job_next(struct registry_job *j, const struct registry_response *r) {
    j->request.wait_ms = 0;
    if (falls_back(j, r))
        return registry_job_ask_manifest(j);
    keep_notes(j, r);
    if (r->failure == REGISTRY_NO_FAILURE && j->request.home)
        j->host->unreachable = 0;
    if (j->step == STEP_TAGS)
        return take_tags(j, r);
    if (r->failure == REGISTRY_NO_FAILURE && follows(j, r))
        return redirect(j, r);
    if (j->step == STEP_CONFIG)
        return take_config(j, r);
    if (r->failure != REGISTRY_NO_FAILURE)
        return fail_request(j, r);
    if (is_transient(r->status))
        return retry_request(j, r);
    return j->step == STEP_TOKEN ? registry_job_token(j, r) : answer_of_manifest(j, r);
}
