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

static unsigned type_of(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_STRING:
        return TYPE_STRING;
    case JSON_TRUE:
    case JSON_FALSE:
        return TYPE_BOOL;
    case JSON_ARRAY:
        return TYPE_LIST;
    case JSON_OBJECT:
        return TYPE_MAP;
    case JSON_NULL:
        return TYPE_NULL;
    default:
        return TYPE_NUMBER;
    }
}

static const char *found_words(const struct cursor *c, unsigned type) {
    if (type == TYPE_BOOL)
        return json_is_true(c->value) ? "the boolean true" : "the boolean false";
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
    struct str s = walk_str(c);
    if (s.n > STRING_MAX)
        return walk_fail(c, EC_LIMIT, "%zu bytes long, at most %d are allowed", s.n,
                         STRING_MAX);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char byte = (unsigned char)s.p[i];
        if (byte == '\n' || byte == '\r')
            return walk_fail(c, EC_SCHEMA,
                             "holds a line end, expected one line (\">-\" folds a block into "
                             "one)");
        if (byte < 0x20 || byte == 0x7f)
            return walk_fail(c, EC_SCHEMA, "holds the control character U+%04X", byte);
    }
    return EC_OK;
}

static enum ec check_type(const struct cursor *c, unsigned types) {
    char expected[80], right[200] = "";
    unsigned found = type_of(c->value);
    if (found & types)
        return found == TYPE_STRING ? check_string(c) : EC_OK;
    print_expected(expected, sizeof expected, types);
    if (found == TYPE_NULL && (types & TYPE_STRING))
        walk_warn_comment(c);
    const char *hint = "";
    if ((types & TYPE_STRING) && found == TYPE_BOOL)
        hint = "; YAML reads yes, no, on and off as booleans too: put quotes around it";
    if ((types & TYPE_STRING) && found == TYPE_NUMBER)
        hint = "; put quotes around it";
    if (hint[0] == '\0')
        hints_type(right, sizeof right, c, types);
    return walk_fail(c, EC_SCHEMA, "expected %s, found %s%s%s", expected, found_words(c, found),
                     hint, right);
}

struct str walk_str(const struct cursor *c) {
    return (struct str){json_string_value(c->value), json_string_length(c->value)};
}

/* ---- maps by table ----------------------------------------------------------------------- */

enum { KEYS_MAX = 32 };

static size_t all_keys(const struct object *o, const char *keys[KEYS_MAX]) {
    size_t n = o->too ? all_keys(o->too, keys) : 0;
    for (size_t i = 0; i < o->n_fields && n < KEYS_MAX; i++)
        keys[n++] = o->fields[i].key;
    return n;
}

/* The key that an unknown one stands for, or NULL. */
static const char *meant_key(const struct object *object, const char *key) {
    const char *keys[KEYS_MAX];
    size_t n = all_keys(object, keys);
    return hints_meant(object->name, str_of(key), keys, n);
}

static enum ec fail_unknown(const struct cursor *child, const struct object *object) {
    const char *keys[KEYS_MAX];
    char expected[300] = "", hint[200] = "";
    struct str key = str_of(child->key);
    size_t n_keys = all_keys(object, keys), n = 0;
    const char *elsewhere = hints_elsewhere(object->name, child->key);
    const char *meant = meant_key(object, child->key);
    for (size_t i = 0; i < n_keys && n < sizeof expected; i++)
        n +=
            (size_t)snprintf(expected + n, sizeof expected - n, "%s%s", i ? ", " : "", keys[i]);
    if (elsewhere != NULL)
        snprintf(hint, sizeof hint, "; it belongs %s", elsewhere);
    else if (meant != NULL)
        snprintf(hint, sizeof hint, "; did you mean \"%s\"?", meant);
    else if (strcmp(object->name, "podLabels") == 0)
        snprintf(hint, sizeof hint, "; for a label, write matchLabels: {%s: ...}",
                 walk_quote(str_slice(key, 0, 60)).z);
    return walk_fail_key(child, "unknown key %s in %s, expected %s%s%s", walk_quote(key).z,
                         object->name, n_keys > 1 ? "one of " : "", expected, hint);
}

static bool is_known(const struct object *object, const char *key) {
    const char *keys[KEYS_MAX];
    size_t n = all_keys(object, keys);
    for (size_t i = 0; i < n; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

/* Keeps the first error of several; false where reading is over. */
static bool goes_on(const struct cursor *c, enum ec *first, enum ec ec) {
    if (*first == EC_OK || walk_is_over(c->r, ec))
        *first = ec;
    return !walk_is_over(c->r, ec);
}

static enum ec no_unknown_keys(const struct cursor *c, const struct object *object) {
    const char *key;
    json_t *value;
    enum ec first = EC_OK;
    json_object_foreach(c->value, key, value) {
        struct cursor child = {.r = c->r, .up = c, .key = key, .value = value};
        if (!is_known(object, key) && !goes_on(c, &first, fail_unknown(&child, object)))
            break;
    }
    return first;
}

/* Does another key stand for this one? Then that has been told, and this one is not missing. */
static bool is_misspelt(const struct cursor *c, const struct object *object,
                        const char *wanted) {
    const char *key;
    json_t *value;
    json_object_foreach(c->value, key, value) {
        const char *meant = is_known(object, key) ? NULL : meant_key(object, key);
        if (meant != NULL && strcmp(meant, wanted) == 0)
            return true;
    }
    return false;
}

static enum ec fail_missing(const struct cursor *c, const struct object *object,
                            const struct field *f) {
    if ((f->flags & FIELD_FIRST) == 0 && is_misspelt(c, object, f->key))
        return EC_SCHEMA;
    return walk_fail(c, EC_SCHEMA, "\"%s\" is missing, expected %s", f->key, f->about);
}

static enum ec read_field(const struct cursor *c, const struct object *object,
                          const struct field *f, void *out) {
    struct cursor child = {.r = c->r, .up = c, .key = f->key, .field = f};
    child.value = json_object_get(c->value, f->key);
    bool absent =
        child.value == NULL || (json_is_null(child.value) && (f->flags & FIELD_REQUIRED));
    if (absent && child.value != NULL)
        walk_warn_comment(&child);
    if (absent && (f->flags & FIELD_REQUIRED))
        return fail_missing(c, object, f);
    if (absent)
        return EC_OK;
    enum ec ec = check_type(&child, f->types);
    if (ec != EC_OK)
        return ec;
    return f->read(&child, (char *)out + f->offset);
}

/* What a file is, is told by one key: where that is something else, the others would be, too. */
static enum ec read_fields(const struct cursor *c, const struct object *object, unsigned first,
                           void *out) {
    enum ec ec = object->too ? read_fields(c, object->too, first, out) : EC_OK;
    for (size_t i = 0; i < object->n_fields && !walk_is_over(c->r, ec); i++)
        if ((first == 0 || ec == EC_OK) && (object->fields[i].flags & FIELD_FIRST) == first)
            (void)goes_on(c, &ec, read_field(c, object, &object->fields[i], out));
    return ec;
}

enum ec walk_object(const struct cursor *c, const struct object *object, void *out) {
    enum ec ec = check_type(c, TYPE_MAP);
    if (ec == EC_OK)
        ec = read_fields(c, object, FIELD_FIRST, out);
    if (ec != EC_OK) /* it is something else */
        return ec;
    ec = no_unknown_keys(c, object);
    if (!walk_is_over(c->r, ec))
        (void)goes_on(c, &ec, read_fields(c, object, 0, out));
    return ec;
}

/* ---- lists, and maps with free keys ------------------------------------------------------ */

size_t walk_count(const struct cursor *c) {
    return json_is_array(c->value) ? json_array_size(c->value) : json_object_size(c->value);
}

static enum ec check_count(const struct cursor *c) {
    if (walk_count(c) > LIST_MAX)
        return walk_fail(c, EC_LIMIT, "%zu entries, at most %d are allowed", walk_count(c),
                         LIST_MAX);
    return EC_OK;
}

static enum ec read_member(const struct cursor *member, read_fn *each, void *base,
                           size_t size) {
    enum ec ec = check_type(member, member->field->items);
    return ec != EC_OK ? ec : each(member, (char *)base + member->index * size);
}

static enum ec read_elements(const struct cursor *c, read_fn *each, void *base, size_t size) {
    enum ec first = EC_OK;
    for (size_t i = 0; i < json_array_size(c->value) && !walk_is_over(c->r, first); i++) {
        struct cursor element = {.r = c->r, .up = c, .index = i, .field = c->field};
        element.value = json_array_get(c->value, i);
        (void)goes_on(c, &first, read_member(&element, each, base, size));
    }
    return first;
}

static enum ec read_members(const struct cursor *c, read_fn *each, void *base, size_t size) {
    const char *key;
    json_t *value;
    enum ec first = EC_OK;
    struct cursor member = {.r = c->r, .up = c, .field = c->field};
    json_object_foreach(c->value, key, value) {
        member.key = key;
        member.value = value;
        if (!goes_on(c, &first, read_member(&member, each, base, size)))
            break;
        member.index++;
    }
    return first;
}

enum ec walk_each(const struct cursor *c, read_fn *each, void *base, size_t size) {
    enum ec ec = check_count(c);
    if (ec != EC_OK || walk_count(c) == 0)
        return ec;
    return json_is_array(c->value) ? read_elements(c, each, base, size)
                                   : read_members(c, each, base, size);
}

/* ---- plain values ------------------------------------------------------------------------ */

enum ec read_text(const struct cursor *c, void *out) {
    struct str text = walk_str(c);
    walk_warn_comment(c);
    if (text.n == 0 && (c->field->flags & FIELD_REQUIRED))
        return walk_fail(c, EC_SCHEMA, "is empty, expected %s", c->field->about);
    return walk_copy(c->r, text, out);
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
    const char *meant = hints_meant(c->field->key, walk_str(c), words, n_words);
    if (meant != NULL && n_words > 1)
        snprintf(nearest, sizeof nearest, "; did you mean \"%s\"?", meant);
    return walk_fail(c, EC_SCHEMA, "expected %s%s, found %s%s", n_words > 1 ? "one of " : "",
                     list, walk_quote(walk_str(c)).z, nearest);
}

enum ec read_word(const struct cursor *c, void *out) {
    size_t n = count_words(c->field->words);
    for (unsigned i = 0; i < n; i++) {
        if (!str_eq(str_of(c->field->words[i]), walk_str(c)))
            continue;
        memcpy(out, &i, sizeof i);
        return EC_OK;
    }
    return fail_word(c, n);
}

enum ec read_word_text(const struct cursor *c, void *out) {
    unsigned index;
    *(struct str *)out = STR_NONE;
    if (json_is_null(c->value))
        return EC_OK;
    enum ec ec = read_word(c, &index);
    if (ec == EC_OK)
        *(struct str *)out = str_of(c->field->words[index]);
    return ec;
}

enum ec read_word_only(const struct cursor *c, void *out) {
    unsigned index;
    (void)out;
    return read_word(c, &index);
}

enum ec read_bool(const struct cursor *c, void *out) {
    *(bool *)out = json_is_true(c->value);
    return EC_OK;
}

enum ec read_map(const struct cursor *c, void *out) {
    return walk_object(c, c->field->object, out);
}
