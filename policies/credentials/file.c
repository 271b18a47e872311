/* The value of a secret: what json.Unmarshal of the kubelet makes of it (config.go). */
#include "credentials/internal.h"

#include "base/mem.h"

/* The strings of an entry, as written; the last of duplicates, and null changes nothing. */
struct raw {
    struct str user, password, auth; /* with their quotes; empty: none */
    bool token;
};

static void locate(struct credentials_file *f, const char *p, uint32_t *line, uint32_t *col) {
    struct str before = {f->text.p, (size_t)(p - f->text.p)};
    size_t start = before.n;
    *line = 1;
    for (size_t i = 0; i < before.n; i++)
        *line += before.p[i] == '\n';
    while (start > 0 && before.p[start - 1] != '\n')
        start--;
    *col = (uint32_t)(before.n - start) + 1;
}

/* The place of a fault: the byte p of the text. */
static enum ec fault_at(struct credentials_file *f, const char *p) {
    struct err *fault = &f->set->fault;
    fault->offset = (size_t)(p - f->text.p);
    locate(f, p, &fault->line, &fault->col);
    return fault->code;
}

static enum ec wrong_type(struct credentials_file *f, const char *what, struct str value,
                          const char *expected) {
    err_set(&f->set->fault, EC_SCHEMA, "%s is %s, expected %s", what,
            credentials_json_type(value), expected);
    return fault_at(f, value.p);
}

static enum ec no_memory(struct credentials_file *f) {
    return err_set(&f->set->fault, EC_NOMEM, "out of memory");
}

/* ---- an entry ------------------------------------------------------------------------ */

static bool is_string_with_text(struct str value) {
    return value.n > 2 && value.p[0] == '"';
}

static enum ec take_string(struct credentials_file *f, const char *field, struct str value,
                           struct str *out) {
    if (credentials_json_is(value, 'n'))
        return EC_OK;
    if (!credentials_json_is(value, '"'))
        return wrong_type(f, field, value, "a string");
    *out = value;
    return EC_OK;
}

static enum ec take_field(struct credentials_file *f, struct raw *raw,
                          const struct credentials_member *m) {
    struct str email;
    const struct {
        const char *name;
        struct str *out;
    } fields[] = {{"username", &raw->user},
                  {"password", &raw->password},
                  {"auth", &raw->auth},
                  {"email", &email}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (credentials_json_names(m->key, fields[i].name))
            return take_string(f, fields[i].name, m->value, fields[i].out);
    if (credentials_json_names(m->key, "identitytoken") ||
        credentials_json_names(m->key, "registrytoken"))
        raw->token = raw->token || is_string_with_text(m->value);
    return EC_OK;
}

static bool text_of(struct credentials_file *f, struct str quoted, struct str *out) {
    *out = STR_NONE;
    return quoted.n <= 2 ||
           credentials_json_text(f->list, str_slice(quoted, 1, quoted.n - 1), out);
}

/* strings.TrimSpace decides in the kubelet; what it trims besides line ends is not base64 anyway. */
static enum credentials_alphabet alphabet_of(struct str auth) {
    size_t n = auth.n;
    while (n > 0 && (auth.p[n - 1] == '\n' || auth.p[n - 1] == '\r'))
        n--;
    return n > 0 && auth.p[n - 1] == '=' ? CREDENTIALS_STD : CREDENTIALS_RAW;
}

static enum ec decode_auth(struct credentials_file *f, struct credentials_entry *e,
                           struct str auth, struct str at) {
    size_t n, position;
    char *bytes = credentials_alloc(f->list, auth.n);
    if (bytes == NULL)
        return no_memory(f);
    if (!credentials_unbase64(bytes, &n, auth, alphabet_of(auth), &position)) {
        err_set(&f->set->fault, EC_SYNTAX, "auth is not base64: its byte %zu of %zu", position,
                auth.n);
        return fault_at(f, at.p);
    }
    struct str both = {bytes, n};
    size_t colon = str_find(both, ':');
    if (colon == both.n) {
        err_set(&f->set->fault, EC_SCHEMA,
                "auth has no colon after decoding, expected base64 of user:password");
        return fault_at(f, at.p);
    }
    e->user = str_slice(both, 0, colon);
    e->password = str_slice(both, colon + 1, both.n);
    return EC_OK;
}

static enum ec read_strings(struct credentials_file *f, struct credentials_entry *e,
                            const struct raw *raw) {
    struct str auth;
    if (!text_of(f, raw->user, &e->user) || !text_of(f, raw->password, &e->password) ||
        !text_of(f, raw->auth, &auth))
        return no_memory(f);
    return auth.n != 0 ? decode_auth(f, e, auth, raw->auth) : EC_OK;
}

static enum ec read_entry(struct credentials_file *f, struct credentials_entry *e,
                          struct str value) {
    struct credentials_member m;
    struct raw raw = {.token = false};
    if (!credentials_json_is(value, '{') && !credentials_json_is(value, 'n'))
        return wrong_type(f, "the entry", value, "an object");
    for (size_t at = 0;
         credentials_json_is(value, '{') && credentials_json_next(value, &at, &m);)
        if (take_field(f, &raw, &m) != EC_OK)
            return f->set->fault.code;
    e->notes |= raw.token ? CREDENTIALS_TOKEN : 0;
    return read_strings(f, e, &raw);
}

/* ---- the map ------------------------------------------------------------------------- */

static struct credentials_entry *next_entry(struct credentials_file *f) {
    if (f->n == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 8;
        struct credentials_entry *more =
            mem_realloc(f->entries, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return NULL;
        f->entries = more;
        f->cap = cap;
    }
    f->entries[f->n] = (struct credentials_entry){.expires_s = 0};
    return &f->entries[f->n];
}

/* Names the entry that has the fault, without what may be a password in its key. */
static enum ec blame(struct credentials_file *f, struct credentials_entry *e) {
    struct credentials_pattern ignored;
    if (f->set->fault.code == EC_NOMEM || !credentials_key_read(e, &ignored, f->list))
        return no_memory(f);
    f->set->faulty = e->shown;
    return f->set->fault.code;
}

static enum ec add_entry(struct credentials_file *f, const struct credentials_member *m) {
    struct credentials_entry *e = next_entry(f);
    if (e == NULL || !credentials_json_text(f->list, m->key, &e->key))
        return no_memory(f);
    if (read_entry(f, e, m->value) != EC_OK)
        return blame(f, e);
    e->col = (uint32_t)(m->key.p - f->text.p); /* its place, until locate_all() */
    f->n++;
    return EC_OK;
}

/* A second map adds to the first, null takes all away. */
static enum ec read_map(struct credentials_file *f, const char *what, struct str value) {
    struct credentials_member m;
    if (credentials_json_is(value, 'n'))
        f->n = 0;
    else if (!credentials_json_is(value, '{'))
        return wrong_type(f, what, value, "an object");
    for (size_t at = 0;
         credentials_json_is(value, '{') && credentials_json_next(value, &at, &m);)
        if (add_entry(f, &m) != EC_OK)
            return f->set->fault.code;
    return EC_OK;
}

/* map[string]string */
static enum ec check_headers(struct credentials_file *f, struct str value) {
    struct credentials_member m;
    struct str ignored;
    if (credentials_json_is(value, 'n'))
        return EC_OK;
    if (!credentials_json_is(value, '{'))
        return wrong_type(f, "HttpHeaders", value, "an object");
    for (size_t at = 0; credentials_json_next(value, &at, &m);)
        if (take_string(f, "a value of HttpHeaders", m.value, &ignored) != EC_OK)
            return f->set->fault.code;
    return EC_OK;
}

/* ---- what is there besides ----------------------------------------------------------- */

static bool has_member(struct str object, const char *name) {
    struct credentials_member m;
    for (size_t at = 0;
         credentials_json_is(object, '{') && credentials_json_next(object, &at, &m);)
        if (credentials_json_names(m.key, name))
            return true;
    return false;
}

static bool is_like_entry(struct str value) {
    return has_member(value, "auth") || has_member(value, "username") ||
           has_member(value, "password") || has_member(value, "identitytoken");
}

static unsigned shape_of(const struct credentials_member *m) {
    struct credentials_member first;
    size_t at = 0;
    if (credentials_json_names(m->key, "credHelpers"))
        return credentials_json_is(m->value, '{') &&
                       credentials_json_next(m->value, &at, &first)
                   ? CREDENTIALS_HELPERS
                   : 0;
    if (credentials_json_names(m->key, "credsStore"))
        return is_string_with_text(m->value) ? CREDENTIALS_STORE : 0;
    return is_like_entry(m->value) ? CREDENTIALS_FLAT : 0;
}

static enum ec read_config(struct credentials_file *f, struct str value) {
    struct credentials_member m;
    bool has_auths = false;
    if (credentials_json_is(value, 'n'))
        return EC_OK;
    if (!credentials_json_is(value, '{'))
        return wrong_type(f, "the file", value, "an object");
    for (size_t at = 0; credentials_json_next(value, &at, &m);) {
        bool auths = credentials_json_names(m.key, "auths");
        bool headers = credentials_json_names(m.key, "HttpHeaders");
        if (auths && read_map(f, "auths", m.value) != EC_OK)
            return f->set->fault.code;
        if (headers && check_headers(f, m.value) != EC_OK)
            return f->set->fault.code;
        has_auths = has_auths || auths;
        f->set->shape |= auths || headers ? 0 : shape_of(&m);
    }
    if (has_auths)
        f->set->shape &= ~(unsigned)CREDENTIALS_FLAT;
    return EC_OK;
}

static enum ec read_cfg(struct credentials_file *f, struct str value) {
    if (read_map(f, "the file", value) != EC_OK)
        return f->set->fault.code;
    f->set->shape |= has_member(value, "auths") ? CREDENTIALS_NESTED : 0;
    return EC_OK;
}

/* Lines and columns, in one pass: entries are in the order of the text. */
static void locate_all(struct credentials_file *f) {
    size_t at = 0, start = 0;
    uint32_t line = 1;
    for (size_t i = 0; i < f->n; i++) {
        for (; at < f->entries[i].col; at++) {
            bool ends = f->text.p[at] == '\n';
            line += ends;
            start = ends ? at + 1 : start;
        }
        f->entries[i].line = line;
        f->entries[i].col = (uint32_t)(at - start);
    }
}

enum ec credentials_file_read(struct credentials_file *f, bool is_cfg) {
    size_t position;
    const char *why;
    if (!credentials_json_check(f->text, &position, &why)) {
        err_set(&f->set->fault, EC_SYNTAX, "not JSON: %s", why);
        return fault_at(f, f->text.p + position);
    }
    struct str value = str_trim(f->text);
    enum ec ec = is_cfg ? read_cfg(f, value) : read_config(f, value);
    if (ec == EC_OK)
        locate_all(f);
    return ec;
}
