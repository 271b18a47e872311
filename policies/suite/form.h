/* suite/form - strict reading of a YAML document's maps, by tables of their keys.
 * Rules      unknown and missing keys, wrong types and words that are none of the allowed ones
 *            are errors with file:line:column and, where there is one, a suggestion
 * Ownership  values are borrowed from the document
 * Threads    pure functions                                                                 */
#ifndef PULLGATE_SUITE_FORM_H
#define PULLGATE_SUITE_FORM_H

#include "yaml/yaml.h"
#include "json/json.h"

struct suite_form { /* a document and what it is called */
    const char *file;
    const struct yaml_doc *doc;
};

struct suite_form_field {
    const char *key;
    enum json_type type;
    bool required;
    const char *const *words; /* the only strings allowed, NULL after the last; or NULL */
};

/* The map's values, one per field, JSON_NONE where the key is absent. `name` is the map's, for
 * messages: "a case". Errors: EC_SCHEMA. */
enum ec suite_form_read(const struct suite_form *f, json_at map, const char *name,
                        const struct suite_form_field *fields, size_t n, json_at *values,
                        struct err *err) MUST_CHECK;

/* One value by its field: type and words. */
enum ec suite_form_check(const struct suite_form *f, json_at at,
                         const struct suite_form_field *field, struct err *err) MUST_CHECK;

/* An error about a value, at its location. Returns the code. */
enum ec suite_form_fail(const struct suite_form *f, json_at at, struct err *err,
                        const char *format, ...) PRINTF(4, 5);

/* Checks that all elements of a list are strings. */
enum ec suite_form_strings(const struct suite_form *f, json_at list, const char *name,
                           struct err *err) MUST_CHECK;

/* Index of a word that suite_form_read has checked; 0 when it is absent. */
int suite_form_word(const struct suite_form *f, json_at at, const char *const *words);

#endif
