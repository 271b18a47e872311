/* Challenges and tokens: who may get which credential. */
#include "registry/job.h"
#include "registry/token.h"

enum { REASON_MAX = 1024 };

static bool has_password(const struct registry_login *l) {
    return l != NULL && l->user.n != 0 && l->password.n != 0;
}

static bool has_secret(const struct registry_login *l) {
    return has_password(l) || (l != NULL && l->refresh_token.n != 0);
}

/* ---- realms -------------------------------------------------------------------------- */

static bool is_token_host(const struct registry_job *j, struct str authority) {
    const struct registry_options *o = j->options;
    for (size_t i = 0; i < o->n_token_hosts; i++)
        if (str_eq_nocase(str_of(o->token_hosts[i]), authority))
            return true;
    return str_eq(j->host->name, STR("docker.io")) && str_eq(authority, STR("auth.docker.io"));
}

static bool is_home(const struct registry_job *j, const struct registry_url *realm) {
    struct registry_url own;
    return registry_where_read(&own, buf_view(&j->url)) && registry_where_is_same(&own, realm);
}

/* NULL, or why the realm is not asked. The texts are followed by the realm. */
static const char *why_not(const struct registry_job *j, const struct registry_url *realm) {
    enum registry_place place = registry_where_place(realm->host);
    bool inside = place == REGISTRY_LOOPBACK || place == REGISTRY_PRIVATE;
    if (place == REGISTRY_FORBIDDEN || (inside && place != j->host->place))
        return "its token server is at an address that is not asked";
    if (!realm->https && j->host->scheme != REGISTRY_HTTP)
        return "its token server is to be asked by plain HTTP";
    bool secret = has_secret(registry_job_login(j));
    if (secret && !is_home(j, realm) && !is_token_host(j, realm->authority))
        return "its token server is another host, which does not get the credential; give "
               "--token-host if that is right";
    return NULL;
}

/* ---- the challenge ------------------------------------------------------------------- */

static bool ask_token(struct registry_job *j) {
    const struct registry_login *login = registry_job_login(j);
    bool refresh = login != NULL && login->refresh_token.n != 0;
    bool home = false;
    struct registry_url realm;
    if (registry_where_read(&realm, j->challenge.realm))
        home = is_home(j, &realm);
    j->step = STEP_TOKEN;
    buf_reset(&j->url);
    buf_reset(&j->form);
    if (refresh) {
        buf_str(&j->url, j->challenge.realm);
        registry_token_form(&j->form, &j->challenge, j->repository, login->refresh_token);
    } else {
        registry_token_url(&j->url, &j->challenge, j->repository);
    }
    j->request =
        (struct registry_request){.url = buf_z(&j->url),
                                  .form = buf_view(&j->form),
                                  .basic = !refresh && has_password(login) ? login : NULL,
                                  .home = home,
                                  .place = j->host->place,
                                  .max_bytes = REGISTRY_TOKEN_MAX};
    if (j->request.url == NULL || j->form.bad)
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL, "its challenge is too long");
    return true;
}

/* What a 401 means after the credential, or the token, was sent. */
static bool refused(struct registry_job *j, const struct registry_response *r) {
    char room[REASON_MAX];
    struct str reason = registry_job_reason(r, room, sizeof room);
    if (has_secret(registry_job_login(j)))
        return registry_job_reject(
            j, "HTTP status 401 with the credential%.*s; or it does not exist",
            STR_ARG(reason));
    return registry_job_reject(
        j, "HTTP status 401 without a credential%.*s; or it does not exist", STR_ARG(reason));
}

static bool ask_basic(struct registry_job *j) {
    if (!has_password(registry_job_login(j)))
        return registry_job_reject(j, "HTTP status 401 without a credential");
    j->auth = AUTH_BASIC;
    return registry_job_ask_manifest(j);
}

bool registry_job_challenge(struct registry_job *j, const struct registry_response *r) {
    struct registry_url realm;
    const char *why = "its token server's URL cannot be read";
    if (j->away)
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL,
                                    "HTTP status 401 after a redirect to another host");
    if (j->auth != AUTH_NONE)
        return refused(j, r);
    if (registry_challenge_read(&j->challenge, r->challenges, j->arena, &j->err) != EC_OK)
        return false;
    if (j->challenge.bearer && registry_where_read(&realm, j->challenge.realm))
        why = why_not(j, &realm);
    if (j->challenge.bearer && why == NULL)
        return ask_token(j);
    if (j->challenge.basic)
        return ask_basic(j);
    if (j->challenge.bearer)
        return registry_job_give_up(
            j, REGISTRY_CANNOT_TELL, "%s: %.*s", why,
            STR_ARG(str_slice(registry_where_shown(j->challenge.realm), 0, 200)));
    return registry_job_give_up(j, REGISTRY_CANNOT_TELL,
                                "HTTP status 401 with neither a Bearer nor a Basic challenge");
}

/* ---- the token ----------------------------------------------------------------------- */

static bool take_token(struct registry_job *j, const struct registry_response *r) {
    struct str token;
    struct err err = ERR_INIT;
    if (registry_token_read(&token, r->body, r->body_bytes, &err) != EC_OK) {
        if (err.code == EC_NOMEM)
            j->err = err;
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL, "its token server: %s", err.msg);
    }
    buf_reset(&j->token);
    buf_str(&j->token, token);
    if (j->token.bad)
        return registry_job_give_up(j, REGISTRY_CANNOT_TELL, "its token is too long");
    j->auth = AUTH_BEARER;
    return registry_job_ask_manifest(j);
}

bool registry_job_token(struct registry_job *j, const struct registry_response *r) {
    char room[REASON_MAX];
    bool secret = has_secret(registry_job_login(j));
    if (r->status == 200)
        return take_token(j, r);
    struct str reason = registry_job_reason(r, room, sizeof room);
    if ((r->status == 401 || r->status == 403) && secret)
        return registry_job_reject(
            j,
            "its token server answers with HTTP status %ld%.*s: the credential is wrong, "
            "expired or without access",
            r->status, STR_ARG(reason));
    if (r->status == 401 || r->status == 403)
        return registry_job_reject(j,
                                   "its token server answers with HTTP status %ld%.*s without "
                                   "a credential; or it does not exist",
                                   r->status, STR_ARG(reason));
    return registry_job_give_up(j, REGISTRY_CANNOT_TELL,
                                "its token server answers with HTTP status %ld%.*s", r->status,
                                STR_ARG(reason));
}
