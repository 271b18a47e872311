/* policyctl/needs - which namespace needs which pull secret, and for which places.
 *
 *      rules, namespaces --needs_add_rules----> rows --needs_sort--> needs_print_table, needs_print_json
 *      objects ----------needs_add_object----/            '--------> emit.h
 *
 * Shape      a row is one place that a secret of a namespace serves: the prefix of `for`, the registry
 *            or mirror that the rule sends images to, or else the host of an image
 * Objects    a pod needs what it has after the decision; a template, what a pod made of it will have
 * Rules      a rule with `namespaces` needs its secrets in those without a glob and in those of the
 *            input that it matches; a rule for any namespace, in the Namespace objects of the input, but
 *            for the cluster's own. Without input the row of the latter has the namespace `*`; without
 *            Namespace objects a glob that matches none is shown as it is
 * Ownership  all texts are in the arena
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_POLICYCTL_NEEDS_H
#define PULLGATE_POLICYCTL_NEEDS_H

#include "object/object.h"

struct needs_row {
    struct str namespace; /* a name, a glob, or "*" */
    struct str secret;
    struct str place;      /* empty: no image that needs the secret is known */
    struct str repository; /* host/repository of an image; empty: the row is of a rule */
    const char *file;      /* where it comes from: the rule, or the object */
    uint32_t line;
    bool is_glob; /* of the namespace */
};

struct needs_namespace {
    struct str name;
    bool is_object; /* there is a Namespace object */
};

struct needs {
    struct arena arena;
    struct needs_row *rows;
    size_t n, cap;
    struct needs_namespace
        *namespaces; /* of the input; sorted, each once, by needs_add_rules */
    size_t n_namespaces, cap_namespaces;
    const char *file; /* copied last */
    size_t n_denied;  /* objects: they pull nothing */
};

/* Errors: EC_NOMEM, EC_LIMIT. */
enum ec needs_add_object(struct needs *n, const struct object *o, int64_t now_s,
                         struct err *err) MUST_CHECK;
/* After all objects. Errors: as above. */
enum ec needs_add_rules(struct needs *n, const struct policy *policy, struct err *err)
    MUST_CHECK;

/* By namespace, secret, place and repository; each once. */
void needs_sort(struct needs *n);
void needs_done(struct needs *n);

/* The end of the rows with the namespace and secret of the first one. */
size_t needs_group_end(const struct needs *n, size_t from);

void needs_print_table(struct buf *out, const struct needs *n);
void needs_print_json(struct buf *out, const struct needs *n);

/* The files' own: a row. Errors: EC_NOMEM, EC_LIMIT. */
enum ec needs_add_row(struct needs *n, struct needs_row row, struct err *err) MUST_CHECK;

#endif
