#include "patch.h"

#include <stdlib.h>

bool patch_decode(struct buf *out, struct str base64) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    if (base64.n % 4 != 0)
        return false;
    for (size_t i = 0; i < base64.n; i++) {
        char c = base64.p[i];
        const char *at = c == '=' ? digits : strchr(digits, c);
        if (at == NULL || c == '\0' || (c == '=' && i + 2 < base64.n) ||
            (c != '=' && i > 0 && base64.p[i - 1] == '='))
            return false;
        bits = bits << 6 | (uint32_t)(at - digits);
        for (int k = 16; i % 4 == 3 && k >= 0; k -= 8)
            buf_putc(out, (char)(bits >> k & 0xff));
    }
    for (size_t i = base64.n; i > 0 && base64.p[i - 1] == '='; i--)
        out->n--;
    return !out->bad;
}

/* ---- pointers ---------------------------------------------------------------------------- */

enum { TOKEN_MAX = 256 };

/* Takes the first token off a pointer: "/a~1b/c" is "a/b". */
static bool next_token(struct str *pointer, char token[TOKEN_MAX]) {
    size_t at = 1, n = 0;
    if (pointer->n == 0 || pointer->p[0] != '/')
        return false;
    for (; at < pointer->n && pointer->p[at] != '/'; at++) {
        char c = pointer->p[at];
        if (c == '~') {
            char escaped = at + 1 < pointer->n ? pointer->p[++at] : ' ';
            if (escaped != '0' && escaped != '1')
                return false;
            c = escaped == '0' ? '~' : '/';
        }
        if (n + 1 == TOKEN_MAX)
            return false;
        token[n++] = c;
    }
    token[n] = '\0';
    *pointer = str_slice(*pointer, at, pointer->n);
    return true;
}

/* Digits without a zero in front, at most the list's size. */
static bool index_of(const char *token, size_t size, size_t *out) {
    uint64_t index;
    if ((token[0] == '0' && token[1] != '\0') || !str_to_uint(str_of(token), size, &index))
        return false;
    *out = (size_t)index;
    return true;
}

static json_t *child(json_t *at, const char *token) {
    size_t index;
    if (json_typeof(at) == JANSSON_OBJECT)
        return json_object_get(at, token);
    if (json_typeof(at) != JANSSON_ARRAY || !index_of(token, json_array_size(at), &index))
        return NULL;
    return json_array_get(at, index);
}

/* ---- edits ------------------------------------------------------------------------------- */

static bool put(json_t *parent, const char *token, json_t *value, bool add) {
    size_t index;
    if (json_typeof(parent) == JANSSON_OBJECT)
        return (add || json_object_get(parent, token) != NULL) &&
               json_object_set(parent, token, value) == 0;
    if (json_typeof(parent) != JANSSON_ARRAY)
        return false;
    if (add && strcmp(token, "-") == 0)
        return json_array_append(parent, value) == 0;
    if (!index_of(token, json_array_size(parent), &index))
        return false;
    return (add ? json_array_insert(parent, index, value)
                : json_array_set(parent, index, value)) == 0;
}

static const char *apply_one(json_t *object, const json_t *edit) {
    const char *op = json_string_value(json_object_get(edit, "op"));
    const json_t *path = json_object_get(edit, "path");
    json_t *value = json_object_get(edit, "value"), *at = object;
    struct str pointer = {json_string_value(path), json_string_length(path)};
    char token[TOKEN_MAX];
    if (op == NULL || value == NULL || json_object_size(edit) != 3 ||
        (strcmp(op, "add") && strcmp(op, "replace")))
        return "an edit is op (add, replace), path and value";
    do {
        if (!next_token(&pointer, token))
            return "a path is a JSON pointer";
        if (pointer.n == 0)
            break;
        at = child(at, token);
    } while (at != NULL);
    if (at == NULL)
        return "what an edit is in is there";
    return put(at, token, json_incref(value), op[0] == 'a') ? (json_decref(value), NULL)
                                                            : "an edit's place is there";
}

bool patch_apply(json_t *object, const json_t *edits, const char **why) {
    *why = NULL;
    if (edits == NULL || json_typeof(edits) != JANSSON_ARRAY)
        *why = "a patch is a list";
    for (size_t i = 0; *why == NULL && i < json_array_size(edits); i++)
        *why = apply_one(object, json_array_get(edits, i));
    return *why == NULL;
}
