#include "registry/token.h"

#include "json/json.h"

static const struct json_limits limits = {.max_depth = 16, .max_nodes = 4096};

/* ---- what is sent -------------------------------------------------------------------- */

static bool is_unreserved(char c) {
    char l = ascii_lower(c);
    return ascii_is_digit(c) || (l >= 'a' && l <= 'z') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static void put_encoded(struct buf *out, struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (is_unreserved(s.p[i]))
            buf_putc(out, s.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)s.p[i]);
}

static void put_pair(struct buf *out, char separator, const char *name, struct str value) {
    buf_putc(out, separator);
    buf_puts(out, name);
    buf_putc(out, '=');
    put_encoded(out, value);
}

static void put_own_scope(struct buf *out, char separator, struct str repository) {
    buf_putc(out, separator);
    buf_puts(out, "scope=repository%3A");
    put_encoded(out, repository);
    buf_puts(out, "%3Apull");
}

static void put_scopes(struct buf *out, char separator, struct str scopes) {
    for (size_t at = 0; at < scopes.n;) {
        struct str rest = str_slice(scopes, at, scopes.n);
        size_t end = str_find(rest, ' ');
        if (end != 0) {
            put_pair(out, separator, "scope", str_slice(rest, 0, end));
            separator = '&';
        }
        at += end + 1;
    }
}

void registry_token_url(struct buf *out, const struct registry_challenge *c,
                        struct str repository) {
    struct str realm = str_slice(c->realm, 0, str_find(c->realm, '#'));
    char separator = str_find(realm, '?') == realm.n ? '?' : '&';
    buf_str(out, realm);
    if (c->service.n != 0) {
        put_pair(out, separator, "service", c->service);
        separator = '&';
    }
    if (str_trim(c->scope).n != 0)
        put_scopes(out, separator, str_trim(c->scope));
    else
        put_own_scope(out, separator, repository);
}

void registry_token_form(struct buf *out, const struct registry_challenge *c,
                         struct str repository, struct str refresh_token) {
    buf_puts(out, "grant_type=refresh_token&client_id=policyctl");
    put_pair(out, '&', "service", c->service);
    if (c->scope.n != 0)
        put_pair(out, '&', "scope", str_trim(c->scope));
    else
        put_own_scope(out, '&', repository);
    put_pair(out, '&', "refresh_token", refresh_token);
}

/* ---- what comes back ----------------------------------------------------------------- */

static bool is_header_text(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return false;
    return s.n != 0;
}

static enum ec find_token(struct str *out, const struct json *j, struct err *err) {
    static const struct str keys[] = {STR_INIT("token"), STR_INIT("access_token")};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_at at = json_get(j, 0, keys[i]);
        if (!json_is(j, at, JSON_STRING) || json_str(j, at).n == 0)
            continue;
        if (!is_header_text(json_str(j, at)))
            return err_set(err, EC_SCHEMA, "the token has bytes that no header can have");
        *out = json_str(j, at);
        return EC_OK;
    }
    return err_set(err, EC_SCHEMA, "found no token, expected {\"token\": ...}");
}

enum ec registry_token_read(struct str *out, char *text, size_t n, struct err *err) {
    struct json j = JSON_INIT;
    struct err inner = ERR_INIT;
    enum ec ec = json_parse(&j, text, n, limits, &inner);
    if (ec == EC_OK)
        (void)!find_token(out, &j, err);
    else
        err_set(err, ec, ec == EC_NOMEM ? "out of memory" : "found no JSON, expected a token");
    json_done(&j);
    return err->code;
}

enum { REASON_BYTES = 200 };

static void put_cut(struct buf *out, struct str s) {
    s = str_trim(s);
    buf_str(out, str_slice(s, 0, REASON_BYTES));
}

static void put_error(struct buf *out, const struct json *j, json_at error) {
    struct str code = json_str(j, json_get(j, error, STR("code")));
    struct str message = json_str(j, json_get(j, error, STR("message")));
    put_cut(out, code);
    if (code.n != 0 && message.n != 0)
        buf_puts(out, ": ");
    put_cut(out, message);
}

void registry_token_reason(struct buf *out, char *text, size_t n) {
    struct json j = JSON_INIT;
    struct err ignored = ERR_INIT;
    if (json_parse(&j, text, n, limits, &ignored) == EC_OK) {
        json_at errors = json_get(&j, 0, STR("errors"));
        json_at first = json_is(&j, errors, JSON_ARRAY) ? json_first(&j, errors) : JSON_NONE;
        if (first != JSON_NONE)
            put_error(out, &j, first);
        else
            put_cut(out, json_str(&j, json_get(&j, 0, STR("details"))));
    }
    json_done(&j);
}
