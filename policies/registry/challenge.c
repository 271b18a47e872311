#include "registry/challenge.h"

struct cursor {
    struct str text;
    size_t at;
};

static char peek(const struct cursor *c) {
    return c->at < c->text.n ? c->text.p[c->at] : '\0';
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct cursor *c) {
    while (c->at < c->text.n && is_blank(c->text.p[c->at]))
        c->at++;
}

static void skip_separators(struct cursor *c) {
    while (c->at < c->text.n && (is_blank(c->text.p[c->at]) || c->text.p[c->at] == ','))
        c->at++;
}

static bool is_token_byte(char c) {
    char l = ascii_lower(c);
    return ascii_is_digit(c) || (l >= 'a' && l <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static struct str take_token(struct cursor *c) {
    size_t from = c->at;
    while (c->at < c->text.n && is_token_byte(c->text.p[c->at]))
        c->at++;
    return str_slice(c->text, from, c->at);
}

/* After the opening quote; false: it does not end. */
static bool take_quoted(struct cursor *c, char *out, size_t *n) {
    for (*n = 0; c->at < c->text.n; c->at++) {
        char byte = c->text.p[c->at];
        if (byte == '"') {
            c->at++;
            return true;
        }
        if (byte == '\\' && ++c->at == c->text.n)
            return false;
        out[(*n)++] = c->text.p[c->at];
    }
    return false;
}

enum taken { TAKEN, TAKEN_WRONG, TAKEN_NO_ROOM };

static enum taken take_value(struct cursor *c, struct str *out, struct arena *arena) {
    if (peek(c) != '"') {
        *out = take_token(c);
        return out->n == 0 ? TAKEN_WRONG : arena_str(arena, *out, out) ? TAKEN : TAKEN_NO_ROOM;
    }
    c->at++;
    size_t n = 0;
    char *room = arena_alloc(arena, c->text.n - c->at);
    if (room == NULL)
        return TAKEN_NO_ROOM;
    if (!take_quoted(c, room, &n))
        return TAKEN_WRONG;
    *out = (struct str){room, n};
    return TAKEN;
}

/* One challenge, as far as it was read. */
struct reading {
    struct str scheme;
    struct str realm, service, scope, error;
    bool bearer_done;
};

static void keep_parameter(struct reading *r, struct str name, struct str value) {
    const struct {
        struct str name;
        struct str *to;
    } rows[] = {{STR("realm"), &r->realm},
                {STR("service"), &r->service},
                {STR("scope"), &r->scope},
                {STR("error"), &r->error}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_eq_nocase(rows[i].name, name) && rows[i].to->p == NULL)
            *rows[i].to = value;
}

static bool is_http_url(struct str s) {
    return str_starts(s, STR("https://")) || str_starts(s, STR("http://"));
}

static void end_challenge(struct registry_challenge *out, struct reading *r) {
    if (str_eq_nocase(r->scheme, STR("basic")))
        out->basic = true;
    if (str_eq_nocase(r->scheme, STR("bearer")) && !out->bearer && is_http_url(r->realm)) {
        out->bearer = true;
        out->realm = r->realm;
        out->service = r->service;
        out->scope = r->scope;
        out->error = r->error;
    }
    *r = (struct reading){.scheme = STR_NONE};
}

/* "name = value", or the scheme of the next challenge. */
static enum taken take_item(struct cursor *c, struct registry_challenge *out, struct reading *r,
                            struct arena *arena) {
    struct str name = take_token(c), value;
    if (name.n == 0)
        return TAKEN_WRONG;
    size_t behind = c->at;
    skip_blanks(c);
    if (peek(c) != '=' || r->scheme.n == 0) {
        c->at = behind;
        end_challenge(out, r);
        r->scheme = name;
        return TAKEN;
    }
    c->at++;
    skip_blanks(c);
    enum taken taken = take_value(c, &value, arena);
    if (taken == TAKEN)
        keep_parameter(r, name, value);
    return taken;
}

enum ec registry_challenge_read(struct registry_challenge *out, struct str header,
                                struct arena *arena, struct err *err) {
    struct cursor c = {header, 0};
    struct reading r = {.scheme = STR_NONE};
    enum taken taken = TAKEN;
    *out = (struct registry_challenge){.basic = false};
    for (skip_separators(&c); c.at < c.text.n && taken == TAKEN; skip_separators(&c))
        taken = take_item(&c, out, &r, arena);
    end_challenge(out, &r);
    return taken == TAKEN_NO_ROOM ? arena_fail(arena, err) : EC_OK;
}
