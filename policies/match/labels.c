#include "match/match.h"

#include "match/refuse.h"

enum {
    NAME_MAX_BYTES = 63,
    PREFIX_MAX_BYTES = 253
}; /* a label's name and value; a DNS subdomain */

/* ---- selectors ----------------------------------------------------------------------- */

static const struct match_label *find_label(struct str key, const struct match_label *labels,
                                            size_t n_labels) {
    for (size_t i = 0; i < n_labels; i++)
        if (str_eq(labels[i].key, key))
            return &labels[i];
    return NULL;
}

static bool is_among(struct str value, const struct str *values, size_t n_values) {
    for (size_t i = 0; i < n_values; i++)
        if (str_eq(value, values[i]))
            return true;
    return false;
}

static bool is_satisfied(const struct match_requirement *r, const struct match_label *label) {
    switch (r->op) {
    case MATCH_IN:
        return label != NULL && is_among(label->value, r->values, r->n_values);
    case MATCH_NOT_IN:
        return label == NULL || !is_among(label->value, r->values, r->n_values);
    case MATCH_EXISTS:
        return label != NULL;
    case MATCH_DOES_NOT_EXIST:
        return label == NULL;
    }
    return false;
}

/* Labels and values that are looked at in the time of one step. */
enum { TEXTS_A_STEP = 4 };

bool match_labels(const struct match_selector *s, const struct match_label *labels,
                  size_t n_labels, struct match_meter *meter) {
    for (size_t i = 0; i < s->n_requirements; i++) {
        const struct match_requirement *r = &s->requirements[i];
        if (!match_charge(meter, 1 + (n_labels + r->n_values) / TEXTS_A_STEP))
            return false;
        if (!is_satisfied(r, find_label(r->key, labels, n_labels)))
            return false;
    }
    return true;
}

/* ---- syntax -------------------------------------------------------------------------- */

static bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || ascii_is_digit(c);
}

static bool is_alphanumeric(char c) {
    return is_lower_or_digit(ascii_lower(c));
}

/* Letters and digits at both ends, also - _ . between; `at` is where s is in the input. */
static enum ec check_label_name(struct str s, size_t at, const char *what, struct err *err) {
    if (s.n > NAME_MAX_BYTES)
        return refuse(err, at + NAME_MAX_BYTES, "%s is %zu bytes long, at most %d are allowed",
                      what, s.n, NAME_MAX_BYTES);
    for (size_t i = 0; i < s.n; i++) {
        if (is_alphanumeric(s.p[i]))
            continue;
        if (s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
            return refuse(err, at + i, "%s has a byte other than A-Z a-z 0-9 - _ .", what);
        if (i == 0 || i + 1 == s.n)
            return refuse(err, at + i, "%s %s with '%c', expected a letter or digit", what,
                          i == 0 ? "begins" : "ends", s.p[i]);
    }
    return EC_OK;
}

/* One label of a DNS subdomain; `at` is where it is in the input. */
static enum ec check_dns_label(struct str s, size_t at, struct err *err) {
    if (s.n == 0)
        return refuse(err, at, "prefix of the label key has an empty part");
    for (size_t i = 0; i < s.n; i++) {
        if (is_lower_or_digit(s.p[i]))
            continue;
        if (s.p[i] != '-')
            return refuse(err, at + i,
                          "prefix of the label key has a byte other than a-z 0-9 - .");
        if (i == 0 || i + 1 == s.n)
            return refuse(err, at + i,
                          "prefix of the label key has a part that %s with '-', expected a "
                          "lower-case letter or digit",
                          i == 0 ? "begins" : "ends");
    }
    return EC_OK;
}

static enum ec check_prefix(struct str prefix, struct err *err) {
    if (prefix.n == 0)
        return refuse(err, 0, "label key begins with '/', expected a DNS name before it");
    if (prefix.n > PREFIX_MAX_BYTES)
        return refuse(err, PREFIX_MAX_BYTES,
                      "prefix of the label key is %zu bytes long, at most %d are allowed",
                      prefix.n, PREFIX_MAX_BYTES);
    for (size_t at = 0; at <= prefix.n;) {
        struct str rest = str_slice(prefix, at, prefix.n);
        struct str part = str_slice(rest, 0, str_find(rest, '.'));
        enum ec ec = check_dns_label(part, at, err);
        if (ec != EC_OK)
            return ec;
        at += part.n + 1;
    }
    return EC_OK;
}

enum ec match_check_label_key(struct str key, struct err *err) {
    size_t slash = str_find(key, '/');
    size_t at = slash < key.n ? slash + 1 : 0;
    struct str name = str_slice(key, at, key.n);
    if (key.n == 0)
        return refuse(err, 0, "label key is empty");
    if (at != 0) {
        enum ec ec = check_prefix(str_slice(key, 0, slash), err);
        if (ec != EC_OK)
            return ec;
    }
    if (name.n == 0)
        return refuse(err, slash, "label key ends with '/', expected a name after it");
    return check_label_name(name, at, "name of the label key", err);
}

enum ec match_check_label_value(struct str value, struct err *err) {
    return check_label_name(value, 0, "label value", err);
}
