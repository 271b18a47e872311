/* Two answers side by side. */
#include "policyctl/ask_compare.h"

#include "base/escape.h"
#include "edit/json_arena.h"
#include "engine/policy.h"

#include <jansson.h>
#include <stdio.h>

enum { SHOWN_BYTES = 300, TEXT_MAX = 16 << 20, PATH_BYTES = 256 };

struct comparison {
    bool *equal;
    struct buf *out;
    struct str found, expected;
    const struct policy *policy;
    struct buf left, right; /* scratch; kept here, since jansson may be left at any call */
};

/* ---- texts, without the names of rule files ------------------------------------------------ */

/* Bytes of a rule file's name at the start of the text, before ":LINE"; else 0. */
static size_t file_at(const struct policy *p, struct str text) {
    for (size_t i = 0; i < p->n_files; i++) {
        size_t n = p->files[i].n;
        if (n != 0 && str_starts(text, p->files[i]) && n + 1 < text.n && text.p[n] == ':' &&
            ascii_is_digit(text.p[n + 1]))
            return n;
    }
    return 0;
}

static size_t extension_at(struct str text) {
    static const struct str endings[] = {STR_INIT(".yaml:"), STR_INIT(".yml:"),
                                         STR_INIT(".json:")};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_starts(text, endings[i]) && endings[i].n < text.n &&
            ascii_is_digit(text.p[endings[i].n]))
            return endings[i].n - 1;
    return 0;
}

/* The webhook reads its files from another folder, and calls a single file policy.yaml. */
static void put_without_files(struct buf *out, struct str text, const struct policy *p) {
    for (size_t i = 0; i < text.n;) {
        struct str rest = str_slice(text, i, text.n);
        size_t n = file_at(p, rest), ending = n != 0 ? 0 : extension_at(rest);
        while (ending != 0 && out->n != 0 && strchr(" (", out->p[out->n - 1]) == NULL)
            out->n--;
        if (n + ending == 0)
            buf_putc(out, text.p[i]);
        i += n + ending != 0 ? n + ending : 1;
    }
}

static bool same_text(struct comparison *c, const json_t *a, const json_t *b) {
    buf_reset(&c->left);
    buf_reset(&c->right);
    put_without_files(&c->left, (struct str){json_string_value(a), json_string_length(a)},
                      c->policy);
    put_without_files(&c->right, (struct str){json_string_value(b), json_string_length(b)},
                      c->policy);
    if (c->left.bad || c->right.bad)
        c->out->bad = EC_NOMEM;
    return str_eq(buf_view(&c->left), buf_view(&c->right));
}

/* ---- values ----------------------------------------------------------------------------- */

static int add_text(const char *bytes, size_t n, void *arg) {
    buf_add(arg, bytes, n);
    return 0;
}

static int base64_digit(char c) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Up to the first byte that is none of base64. */
static void put_decoded(struct buf *out, struct str text) {
    uint32_t bits = 0;
    for (size_t i = 0; i < text.n && base64_digit(text.p[i]) >= 0; i++) {
        bits = bits << 6 | (uint32_t)base64_digit(text.p[i]);
        if (i % 4 != 0)
            buf_putc(out, (char)(bits >> (6 - i % 4 * 2)));
    }
}

static void put_json(struct comparison *c, const char *path, const json_t *value) {
    buf_reset(&c->left);
    if (value == NULL)
        buf_puts(&c->left, "nothing");
    else if (strcmp(path, "patch") == 0 && json_is_string(value))
        put_decoded(&c->left,
                    (struct str){json_string_value(value), json_string_length(value)});
    else if (json_dump_callback(value, add_text, &c->left,
                                JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII) != 0 ||
             c->left.bad)
        c->out->bad = EC_NOMEM;
    escape_text(c->out, str_slice(buf_view(&c->left), 0, SHOWN_BYTES));
    buf_puts(c->out, c->left.n > SHOWN_BYTES ? "..." : "");
}

static void put_difference(struct comparison *c, const char *path, const json_t *found,
                           const json_t *expected) {
    *c->equal = false;
    buf_puts(c->out, "    ");
    escape_text(c->out, str_of(path));
    buf_puts(c->out, ": found ");
    put_json(c, path, found);
    buf_puts(c->out, ", expected ");
    put_json(c, path, expected);
    buf_putc(c->out, '\n');
}

static void compare_values(struct comparison *c, const char *path, const json_t *found,
                           const json_t *expected) {
    bool same = json_is_string(found) && json_is_string(expected)
                    ? same_text(c, found, expected)
                    : json_equal(found, expected);
    if (!same)
        put_difference(c, path, found, expected);
}

static void join(char path[PATH_BYTES], const char *prefix, const char *key) {
    snprintf(path, PATH_BYTES, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", key);
}

/* Objects member by member, as deep as those of the answer that is expected. */
static void compare_objects(struct comparison *c, const char *prefix, json_t *found,
                            json_t *expected) {
    const char *key;
    json_t *value;
    char path[PATH_BYTES];
    json_object_foreach(expected, key, value) {
        json_t *other = json_object_get(found, key);
        join(path, prefix, key);
        if (json_is_object(value) && json_is_object(other))
            compare_objects(c, path, other, value);
        else
            compare_values(c, path, other, value);
    }
    json_object_foreach(found, key, value) {
        join(path, prefix, key);
        if (json_object_get(expected, key) == NULL)
            put_difference(c, path, value, NULL);
    }
}

/* The annotations tell the same once more: they are of interest only where all else is equal. */
static void compare_responses(struct comparison *c, json_t *found, json_t *expected) {
    static const char key[] = "auditAnnotations";
    json_t *more = json_incref(json_object_get(found, key));
    json_t *wanted = json_incref(json_object_get(expected, key));
    json_object_del(found, key);
    json_object_del(expected, key);
    compare_objects(c, "", found, expected);
    if (*c->equal && json_is_object(more) && json_is_object(wanted))
        compare_objects(c, key, more, wanted);
    else if (*c->equal && !json_equal(more, wanted) && (more != NULL || wanted != NULL))
        put_difference(c, key, more, wanted);
    json_decref(more);
    json_decref(wanted);
}

static void compare_texts(void *arg, struct err *err) {
    struct comparison *c = arg;
    json_error_t why;
    json_t *a =
        json_loadb(c->found.p ? c->found.p : "", c->found.n, JSON_REJECT_DUPLICATES, &why);
    json_t *b = json_loadb(c->expected.p, c->expected.n, 0, &why);
    json_t *left = json_object_get(a, "response"), *right = json_object_get(b, "response");
    if (!json_is_object(left) || !json_is_object(right))
        err_set(err, EC_SCHEMA, "expected an AdmissionReview with a response, found \"%.*s\"",
                STR_ARG(str_slice(str_trim(c->found), 0, 200)));
    else
        compare_responses(c, left, right);
    json_decref(a);
    json_decref(b);
}

enum ec ask_compare(bool *equal, struct buf *out, struct str found, struct str expected,
                    const struct policy *policy, struct err *err) {
    struct comparison c = {.equal = equal,
                           .out = out,
                           .found = found,
                           .expected = expected,
                           .policy = policy,
                           .left = BUF_INIT(TEXT_MAX),
                           .right = BUF_INIT(TEXT_MAX)};
    *equal = true;
    (void)!edit_json_arena(compare_texts, &c, err);
    buf_done(&c.left);
    buf_done(&c.right);
    if (out->bad)
        err_set(err, (enum ec)out->bad, "out of memory");
    return err->code;
}
