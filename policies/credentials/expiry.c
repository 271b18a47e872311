/* When a password ends, where that can be read: ECR tokens and JWTs. Its text is decoded into wiped
 * memory, and read with the reader of json.c. */
#include "credentials/internal.h"

enum { TOKEN_MAX = 64 << 10 };

/* 1700000000 or 1700000000.5; 0: anything else. */
static int64_t read_seconds(struct str number) {
    uint64_t value;
    struct str whole = str_slice(number, 0, str_find(number, '.'));
    bool power = str_find(number, 'e') < number.n || str_find(number, 'E') < number.n;
    return !power && str_to_uint(whole, INT64_MAX, &value) ? (int64_t)value : 0;
}

static int64_t seconds_of(struct str object, const char *name) {
    struct credentials_member m;
    int64_t found = 0;
    for (size_t at = 0; credentials_json_next(object, &at, &m);)
        if (credentials_json_names(m.key, name))
            found = read_seconds(m.value);
    return found;
}

static bool has_member(struct str object, const char *name) {
    struct credentials_member m;
    for (size_t at = 0; credentials_json_next(object, &at, &m);)
        if (credentials_json_names(m.key, name))
            return true;
    return false;
}

/* The JSON object that a base64 text holds, in `list`; empty: none. false: no memory. */
static bool object_in(struct credentials_block **list, struct str text,
                      enum credentials_alphabet alphabet, struct str *out) {
    size_t n, position;
    const char *why;
    char *bytes = credentials_alloc(list, text.n);
    *out = STR_NONE;
    if (bytes == NULL)
        return false;
    if (!credentials_unbase64(bytes, &n, text, alphabet, &position))
        return true;
    struct str json = str_trim((struct str){bytes, n});
    if (credentials_json_is(json, '{') && credentials_json_check(json, &position, &why))
        *out = json;
    return true;
}

static bool is_part(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' &&
            !(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z'))
            return false;
    return s.n != 0;
}

/* Three parts of base64url: the middle one; else empty. */
static struct str jwt_middle(struct str token) {
    size_t first = str_find(token, '.');
    struct str rest = str_slice(token, first + 1, token.n);
    size_t second = str_find(rest, '.');
    struct str middle = str_slice(rest, 0, second), last = str_slice(rest, second + 1, rest.n);
    bool ok = is_part(str_slice(token, 0, first)) && is_part(middle) && is_part(last);
    return ok ? middle : STR_NONE;
}

static bool read_jwt(struct credentials_entry *e, struct str token,
                     struct credentials_block **list) {
    struct str middle = jwt_middle(token), object;
    if (middle.n == 0)
        return true;
    if (!object_in(list, middle, CREDENTIALS_RAW_URL, &object))
        return false;
    if (object.n == 0)
        return true;
    e->kind = CREDENTIALS_JWT;
    e->expires_s = seconds_of(object, "exp");
    e->issued_s = seconds_of(object, "iat");
    return true;
}

static bool read_ecr(struct credentials_entry *e, struct str token,
                     struct credentials_block **list) {
    struct str object;
    bool padded = str_ends(token, STR("="));
    if (!object_in(list, token, padded ? CREDENTIALS_STD : CREDENTIALS_RAW, &object))
        return false;
    if (object.n == 0 || !has_member(object, "payload"))
        return true;
    e->kind = CREDENTIALS_ECR;
    e->expires_s = seconds_of(object, "expiration");
    return true;
}

bool credentials_expiry_read(struct credentials_entry *e) {
    struct credentials_block *list = NULL;
    struct str token = str_trim(e->password);
    bool ok = true;
    if (token.n > TOKEN_MAX)
        return true;
    if (str_eq(e->user, STR("oauth2accesstoken")))
        e->kind = CREDENTIALS_GOOGLE_ACCESS;
    else if (str_eq(e->user, STR("_json_key")) || str_eq(e->user, STR("_json_key_base64")))
        e->kind = CREDENTIALS_GOOGLE_KEY;
    else if (str_eq(e->user, STR("AWS")))
        ok = read_ecr(e, token, &list);
    else
        ok = read_jwt(e, token, &list);
    credentials_blocks_free(&list);
    return ok;
}
