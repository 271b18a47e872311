/* object/inputs - operands to a list of files: folders are searched, depth first, by name.
 * Rules      names that begin with a dot are left out in folders; what is named itself is taken
 *            whatever its name. Links are followed; a folder is searched once for each operand,
 *            however many lead to it. Of what is in folders only regular files are taken,
 *            and of these what neither --exclude nor a .pullgateignore leaves out
 * Ownership  the list owns its paths until object_inputs_done
 * Limits     FOLDER_DEPTH_MAX levels of folders
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_OBJECT_INPUTS_H
#define PULLGATE_OBJECT_INPUTS_H

#include "base/arena.h"
#include "base/opts.h"

struct object_input {
    const char *path; /* "-": standard input */
    size_t operand;   /* which operand brought it */
    bool found;       /* in a folder; else it was named itself */
    int os;           /* not 0: a folder or its .pullgateignore could not be read, and why */
};

struct object_inputs {
    struct object_input *v;
    size_t n, cap;
    struct arena paths;
};

typedef bool object_inputs_wanted_fn(struct str name);

struct object_inputs_filter { /* of what is in folders */
    object_inputs_wanted_fn *wanted;
    const struct opt_list *exclude; /* globs (ignore.h), from the operand on; or NULL */
    bool ignore_files;              /* .pullgateignore counts */
};

/* "*.yaml", "*.yml", "*.json" */
bool object_inputs_is_manifest(struct str name);
/* "*.test.yaml": suites of policyctl verify */
bool object_inputs_is_suite(struct str name);

/* Errors: EC_NOMEM, EC_LIMIT (too many globs). *out needs object_inputs_done in any case. */
enum ec object_inputs_find(struct object_inputs *out, char *const *operands, size_t n,
                           const struct object_inputs_filter *filter, struct err *err)
    MUST_CHECK;
void object_inputs_done(struct object_inputs *in);

/* Why a folder could not be read, as an error. */
enum ec object_inputs_fail(const struct object_input *in, struct err *err);

#endif
