#include "rules/hints.h"

#include <stdio.h>

enum { STRING_MAX = 4096, LIST_MAX = 4096 };

/* ---- types ------------------------------------------------------------------------------- */

static const struct {
    enum type type;
    const char *words;
} type_words[] = {{TYPE_STRING, "a string"}, {TYPE_BOOL, "true or false"},
                  {TYPE_LIST, "a list"},     {TYPE_MAP, "a map"},
                  {TYPE_NULL, "null"},       {TYPE_NUMBER, "a number"}};

enum { N_TYPES = sizeof type_words / sizeof *type_words };

static enum type type_of(const struct cursor *c) {
    static const enum type types[] = {
        [JSON_NULL] = TYPE_NULL,     [JSON_FALSE] = TYPE_BOOL,    [JSON_TRUE] = TYPE_BOOL,
        [JSON_NUMBER] = TYPE_NUMBER, [JSON_STRING] = TYPE_STRING, [JSON_ARRAY] = TYPE_LIST,
        [JSON_OBJECT] = TYPE_MAP};
    return types[json_type_of(c->r->doc->json, c->value)];
}

static const char *found_words(const struct cursor *c, unsigned type) {
    if (type == TYPE_BOOL)
        return rules_is(c, JSON_TRUE) ? "the boolean true" : "the boolean false";
    for (size_t i = 0; i < N_TYPES; i++)
        if (type_words[i].type == type)
            return type_words[i].words;
    return "something else";
}

/* "a string or a map"; null is allowed silently. */
static void print_expected(char *out, size_t room, unsigned types) {
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < N_TYPES && n < room; i++)
        if ((types & type_words[i].type) && type_words[i].type != TYPE_NULL)
            n += (size_t)snprintf(out + n, room - n, "%s%s", n ? " or " : "",
                                  type_words[i].words);
}

/* Every string ends up in messages of one line. */
static enum ec check_string(const struct cursor *c) {
    struct str s = rules_str(c);
    if (s.n > STRING_MAX)
        return rules_fail(c, EC_LIMIT, "%zu bytes long, at most %d are allowed", s.n,
                          STRING_MAX);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char byte = (unsigned char)s.p[i];
        if (byte == '\n' || byte == '\r')
            return rules_fail(
                c, EC_SCHEMA,
                "contains a line break, expected one line (\">-\" folds a block into "
                "one)");
        if (byte < 0x20 || byte == 0x7f)
            return rules_fail(c, EC_SCHEMA, "contains the control character U+%04X", byte);
    }
    return EC_OK;
}

static enum ec check_type(const struct cursor *c, unsigned types) {
    char expected[80], right[200] = "";
    unsigned found = type_of(c);
    if (found & types)
        return found == TYPE_STRING ? check_string(c) : EC_OK;
    print_expected(expected, sizeof expected, types);
    if (found == TYPE_NULL && (types & TYPE_STRING))
        rules_warn_comment(c);
    const char *hint = "";
    if ((types & TYPE_STRING) && found == TYPE_BOOL)
        hint = "; YAML reads yes, no, on and off as booleans too: put quotes around it";
    if ((types & TYPE_STRING) && found == TYPE_NUMBER)
        hint = "; put quotes around it";
    if (hint[0] == '\0')
        rules_hint_type(right, sizeof right, c, types);
    return rules_fail(c, EC_SCHEMA, "expected %s, found %s%s%s", expected,
                      found_words(c, found), hint, right);
}

struct str rules_str(const struct cursor *c) {
    return json_str(c->r->doc->json, c->value);
}

/* ---- maps by table ----------------------------------------------------------------------- */

enum { KEYS_MAX = 32 };

static size_t all_keys(const struct object *o, const char *keys[KEYS_MAX]) {
    size_t n = o->too ? all_keys(o->too, keys) : 0;
    for (size_t i = 0; i < o->n_fields && n < KEYS_MAX; i++)
        keys[n++] = o->fields[i].key;
    return n;
}

/* The key that was probably meant by an unknown one, or NULL. */
static const char *meant_key(const struct object *object, struct str key) {
    const char *keys[KEYS_MAX];
    size_t n = all_keys(object, keys);
    return rules_hint_meant(object->name, key, keys, n);
}

static enum ec fail_unknown(const struct cursor *child, const struct object *object) {
    const char *keys[KEYS_MAX];
    char expected[300] = "", hint[200] = "";
    struct str key = child->key;
    size_t n_keys = all_keys(object, keys), n = 0;
    const char *elsewhere = rules_hint_elsewhere(object->name, key);
    const char *meant = meant_key(object, key);
    for (size_t i = 0; i < n_keys && n < sizeof expected; i++)
        n +=
            (size_t)snprintf(expected + n, sizeof expected - n, "%s%s", i ? ", " : "", keys[i]);
    if (elsewhere != NULL)
        snprintf(hint, sizeof hint, "; it belongs %s", elsewhere);
    else if (meant != NULL)
        snprintf(hint, sizeof hint, "; did you mean \"%s\"?", meant);
    else if (strcmp(object->name, "podLabels") == 0)
        snprintf(hint, sizeof hint, "; for a label, write matchLabels: {%s: ...}",
                 rules_quote(str_slice(key, 0, 60)).z);
    return rules_fail_key(child, "unknown key %s in %s, expected %s%s%s", rules_quote(key).z,
                          object->name, n_keys > 1 ? "one of " : "", expected, hint);
}

static bool is_known_key(const struct object *object, struct str key) {
    const char *keys[KEYS_MAX];
    size_t n = all_keys(object, keys);
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_of(keys[i]), key))
            return true;
    return false;
}

/* Keeps the first error of several; false where reading is over. */
static bool goes_on(const struct cursor *c, enum ec *first, enum ec ec) {
    if (*first == EC_OK || rules_is_over(c->r, ec))
        *first = ec;
    return !rules_is_over(c->r, ec);
}

/* The first member or element, without a field; false where there is none. */
static bool first_child(const struct cursor *c, struct cursor *child) {
    const struct json *j = c->r->doc->json;
    json_at at = json_first(j, c->value);
    bool member = at != JSON_NONE && json_is_key(j, at);
    *child = (struct cursor){.r = c->r, .up = c, .value = member ? at + 1 : at};
    if (member)
        child->key = json_str(j, at);
    return at != JSON_NONE;
}

static bool next_child(struct cursor *child) {
    const struct json *j = child->r->doc->json;
    json_at at = json_next(j, child->up->value, child->value);
    bool member = at != JSON_NONE && json_is_key(j, at);
    child->index++;
    child->value = member ? at + 1 : at;
    if (member)
        child->key = json_str(j, at);
    return at != JSON_NONE;
}

static enum ec no_unknown_keys(const struct cursor *c, const struct object *object) {
    struct cursor child;
    enum ec first = EC_OK;
    for (bool more = first_child(c, &child); more; more = next_child(&child))
        if (!is_known_key(object, child.key) &&
            !goes_on(c, &first, fail_unknown(&child, object)))
            break;
    return first;
}

/* Is this key misspelt as another? Then that is reported, and not that this one is missing. */
static bool is_misspelt(const struct cursor *c, const struct object *object,
                        const char *wanted) {
    struct cursor child;
    for (bool more = first_child(c, &child); more; more = next_child(&child)) {
        const char *meant =
            is_known_key(object, child.key) ? NULL : meant_key(object, child.key);
        if (meant != NULL && strcmp(meant, wanted) == 0)
            return true;
    }
    return false;
}

static enum ec fail_missing(const struct cursor *c, const struct object *object,
                            const struct field *f) {
    if ((f->flags & FIELD_FIRST) == 0 && is_misspelt(c, object, f->key))
        return EC_SCHEMA;
    return rules_fail(c, EC_SCHEMA, "\"%s\" is missing, expected %s", f->key, f->about);
}

static enum ec read_field(const struct cursor *c, const struct object *object,
                          const struct field *f, void *out) {
    struct cursor child = {.r = c->r, .up = c, .key = str_of(f->key), .field = f};
    child.value = json_get(c->r->doc->json, c->value, child.key);
    bool null = rules_is(&child, JSON_NULL);
    bool absent = child.value == JSON_NONE || (null && (f->flags & FIELD_REQUIRED));
    if (absent && null)
        rules_warn_comment(&child);
    if (absent && (f->flags & FIELD_REQUIRED))
        return fail_missing(c, object, f);
    if (absent)
        return EC_OK;
    enum ec ec = check_type(&child, f->types);
    if (ec != EC_OK)
        return ec;
    return f->read(&child, (char *)out + f->offset);
}

/* The first fields identify the file: where one is wrong, errors about the others would mislead. */
static enum ec read_fields(const struct cursor *c, const struct object *object, unsigned first,
                           void *out) {
    enum ec ec = object->too ? read_fields(c, object->too, first, out) : EC_OK;
    for (size_t i = 0; i < object->n_fields && !rules_is_over(c->r, ec); i++)
        if ((first == 0 || ec == EC_OK) && (object->fields[i].flags & FIELD_FIRST) == first)
            (void)goes_on(c, &ec, read_field(c, object, &object->fields[i], out));
    return ec;
}

enum ec rules_read_object(const struct cursor *c, const struct object *object, void *out) {
    enum ec ec = check_type(c, TYPE_MAP);
    if (ec == EC_OK)
        ec = read_fields(c, object, FIELD_FIRST, out);
    if (ec != EC_OK) /* it is something else */
        return ec;
    ec = no_unknown_keys(c, object);
    if (!rules_is_over(c->r, ec))
        (void)goes_on(c, &ec, read_fields(c, object, 0, out));
    return ec;
}

/* ---- lists, and maps with free keys ------------------------------------------------------ */

size_t rules_count(const struct cursor *c) {
    return c->r->doc->json->nodes[c->value].len;
}

static enum ec check_count(const struct cursor *c) {
    if (rules_count(c) > LIST_MAX)
        return rules_fail(c, EC_LIMIT, "%zu entries, at most %d are allowed", rules_count(c),
                          LIST_MAX);
    return EC_OK;
}

static enum ec read_member(const struct cursor *member, read_fn *each, void *base,
                           size_t size) {
    enum ec ec = check_type(member, member->field->items);
    return ec != EC_OK ? ec : each(member, (char *)base + member->index * size);
}

enum ec rules_read_each(const struct cursor *c, read_fn *each, void *base, size_t size) {
    struct cursor child;
    enum ec first = check_count(c);
    if (first != EC_OK)
        return first;
    for (bool more = first_child(c, &child); more; more = next_child(&child)) {
        child.field = c->field;
        if (!goes_on(c, &first, read_member(&child, each, base, size)))
            break;
    }
    return first;
}

/* ---- plain values ------------------------------------------------------------------------ */

enum ec rules_read_text(const struct cursor *c, void *out) {
    struct str text = rules_str(c);
    rules_warn_comment(c);
    if (text.n == 0 && (c->field->flags & FIELD_REQUIRED))
        return rules_fail(c, EC_SCHEMA, "is empty, expected %s", c->field->about);
    return rules_copy(c->r, text, out);
}

static size_t count_words(const char *const *words) {
    size_t n = 0;
    while (words[n] != NULL)
        n++;
    return n;
}

static enum ec fail_word(const struct cursor *c, size_t n_words) {
    const char *const *words = c->field->words;
    char list[160] = "", nearest[80] = "";
    size_t n = 0;
    for (size_t i = 0; i < n_words && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", words[i]);
    const char *meant = rules_hint_meant(c->field->key, rules_str(c), words, n_words);
    if (meant != NULL && n_words > 1)
        snprintf(nearest, sizeof nearest, "; did you mean \"%s\"?", meant);
    return rules_fail(c, EC_SCHEMA, "expected %s%s, found %s%s", n_words > 1 ? "one of " : "",
                      list, rules_quote(rules_str(c)).z, nearest);
}

enum ec rules_read_word(const struct cursor *c, void *out) {
    size_t n = count_words(c->field->words);
    for (unsigned i = 0; i < n; i++) {
        if (!str_eq(str_of(c->field->words[i]), rules_str(c)))
            continue;
        memcpy(out, &i, sizeof i);
        return EC_OK;
    }
    return fail_word(c, n);
}

enum ec rules_read_word_text(const struct cursor *c, void *out) {
    unsigned index;
    *(struct str *)out = STR_NONE;
    if (rules_is(c, JSON_NULL))
        return EC_OK;
    enum ec ec = rules_read_word(c, &index);
    if (ec == EC_OK)
        *(struct str *)out = str_of(c->field->words[index]);
    return ec;
}

enum ec rules_read_word_only(const struct cursor *c, void *out) {
    unsigned index;
    (void)out;
    return rules_read_word(c, &index);
}

enum ec rules_read_bool(const struct cursor *c, void *out) {
    *(bool *)out = rules_is(c, JSON_TRUE);
    return EC_OK;
}

enum ec rules_read_map(const struct cursor *c, void *out) {
    return rules_read_object(c, c->field->object, out);
}
