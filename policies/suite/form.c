#include "suite/form.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

enum { FIELDS_MAX = 32, TEXT_MAX = 1024 };

enum ec suite_form_fail(const struct suite_form *f, json_at at, struct err *err,
                        const char *format, ...) {
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(err, EC_SCHEMA, "%s", text);
    err_locate(err, f->file, f->doc->pos[at].line, f->doc->pos[at].col);
    return err->code;
}

static void put_words(struct buf *out, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%s", i ? ", " : "", words[i]);
}

/* `found X, expected one of A, B; did you mean "A"?` */
static enum ec fail_word(const struct suite_form *f, json_at at, const char *what,
                         const char *const *words, size_t n, struct err *err) {
    struct buf list = BUF_INIT(TEXT_MAX);
    struct str given = json_str(f->doc->json, at);
    int near = str_nearest(given, words, n);
    put_words(&list, words, n);
    enum ec ec = suite_form_fail(f, at, err, "%s \"%.*s\", expected one of %.*s%s%s%s", what,
                                 STR_ARG(str_slice(given, 0, 100)), STR_ARG(buf_view(&list)),
                                 near < 0 ? "" : "; did you mean \"",
                                 near < 0 ? "" : words[near], near < 0 ? "" : "\"?");
    buf_done(&list);
    return ec;
}

static enum ec check_words(const struct suite_form *f, json_at at,
                           const struct suite_form_field *field, struct err *err) {
    size_t n = 0;
    char what[128];
    for (; field->words != NULL && field->words[n] != NULL; n++)
        if (str_eq(json_str(f->doc->json, at), str_of(field->words[n])))
            return EC_OK;
    if (field->words == NULL)
        return EC_OK;
    snprintf(what, sizeof what, "%s: found", field->key);
    return fail_word(f, at, what, field->words, n, err);
}

enum ec suite_form_check(const struct suite_form *f, json_at at,
                         const struct suite_form_field *field, struct err *err) {
    enum json_type type = json_type_of(f->doc->json, at);
    if (type != field->type)
        return suite_form_fail(f, at, err, "%s: expected %s, found %s", field->key,
                               json_type_name(field->type), json_type_name(type));
    if (json_is_odd(f->doc->json, at))
        return suite_form_fail(
            f, at, err, "%s: found U+0000 or an unpaired surrogate, expected text", field->key);
    return check_words(f, at, field, err);
}

static enum ec unknown_key(const struct suite_form *f, json_at key, const char *name,
                           const struct suite_form_field *fields, size_t n, struct err *err) {
    const char *keys[FIELDS_MAX];
    char what[128];
    for (size_t i = 0; i < n && i < FIELDS_MAX; i++)
        keys[i] = fields[i].key;
    snprintf(what, sizeof what, "%s: unknown key", name);
    return fail_word(f, key, what, keys, n < FIELDS_MAX ? n : FIELDS_MAX, err);
}

static size_t find_field(const struct suite_form_field *fields, size_t n, struct str key) {
    size_t i = 0;
    while (i < n && !str_eq(key, str_of(fields[i].key)))
        i++;
    return i;
}

enum ec suite_form_read(const struct suite_form *f, json_at map, const char *name,
                        const struct suite_form_field *fields, size_t n, json_at *values,
                        struct err *err) {
    const struct json *j = f->doc->json;
    for (size_t i = 0; i < n; i++)
        values[i] = JSON_NONE;
    if (!json_is(j, map, JSON_OBJECT))
        return suite_form_fail(f, map, err, "%s: expected an object, found %s", name,
                               json_type_name(json_type_of(j, map)));
    for (json_at key = json_first(j, map); key != JSON_NONE; key = json_next(j, map, key + 1)) {
        size_t i = find_field(fields, n, json_str(j, key));
        if (i == n)
            return unknown_key(f, key, name, fields, n, err);
        if (suite_form_check(f, key + 1, &fields[i], err) != EC_OK)
            return err->code;
        values[i] = key + 1;
    }
    for (size_t i = 0; i < n; i++)
        if (fields[i].required && values[i] == JSON_NONE)
            return suite_form_fail(f, map, err, "%s: %s is missing", name, fields[i].key);
    return EC_OK;
}

enum ec suite_form_strings(const struct suite_form *f, json_at list, const char *name,
                           struct err *err) {
    const struct json *j = f->doc->json;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        if (!json_is(j, at, JSON_STRING) || json_is_odd(j, at))
            return suite_form_fail(f, at, err, "%s: expected a string, found %s", name,
                                   json_is_odd(j, at)
                                       ? "one with U+0000 or an unpaired surrogate"
                                       : json_type_name(json_type_of(j, at)));
    return EC_OK;
}

int suite_form_word(const struct suite_form *f, json_at at, const char *const *words) {
    for (int i = 0; at != JSON_NONE && words[i] != NULL; i++)
        if (str_eq(json_str(f->doc->json, at), str_of(words[i])))
            return i;
    return 0;
}
