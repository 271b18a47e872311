/* edit/apply - a text of objects, changed as the webhook would change them, and in nothing else.
 *
 *      text --yaml--> objects --engine--> edits --changes--> new text
 *                         '--patch--> what they should become == the objects of the new text
 *
 * Rules      denied objects stay as they are. The new text is read again: its objects equal those
 *            after the JSON Patch, or it is an error and is not printed
 * Ownership  struct edit_apply owns what it gathers until edit_apply_done
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_EDIT_APPLY_H
#define PULLGATE_EDIT_APPLY_H

#include "edit/changes.h"
#include "edit/patch.h"
#include "edit/text.h"
#include "object/object.h"

struct edit_apply_sink { /* what a person should read; nothing of it ends the walk */
    void (*reason)(void *arg, const struct object *o, const struct reason *r);
    void (*unjudged)(void *arg, const struct object *o);
    void (*templates)(void *arg); /* at most once: pod templates get no pull secrets */
    void (*fault)(void *arg, const struct object_fault *f);
    void (*note)(void *arg, const char *file, uint32_t line, const char *text);
    void *arg;
};

struct edit_apply {
    const struct edit_apply_sink *to;
    struct object_judge judge;
    bool templates; /* images of pod templates are rewritten as well */
    bool noted;     /* that these get no pull secrets */

    struct object_totals totals;
    struct edit_text text;
    struct object_excerpt lines; /* of the text */
    struct edit_changes changes; /* of the document being read */
    struct edit_digest *wanted;  /* the objects as they should become */
    size_t n_wanted, cap_wanted;
    struct arena arena;  /* of edits of templates, and of results */
    struct str *results; /* of the ResourceList being read: JSON, one per denial */
    size_t n_results, cap_results;
    size_t n_checked;
};

void edit_apply_init(struct edit_apply *a, const struct policy *policy,
                     const struct object_request *request, const struct edit_apply_sink *to);
void edit_apply_done(struct edit_apply *a);

/* Appends the new text; totals are added to. What cannot be read is a fault of the sink
 * and counted; `out` is then of no use. Errors: EC_SCHEMA at what cannot be changed in place and at a
 * second byte order mark; EC_LIMIT (also UTF-16), EC_NOMEM. */
enum ec edit_apply_text(struct edit_apply *a, const char *file, struct str text,
                        struct buf *out, struct err *err) MUST_CHECK;

/* Writes the new text to the file, unless it equals the old one. A link stays one: what it leads to is
 * written. Errors: EC_IO, EC_NOMEM. */
enum ec edit_apply_save(const char *path, struct str before, struct str after, struct err *err)
    MUST_CHECK;

/* The rule file a ResourceList's functionConfig names (spec.policy, or data.policy of a
 * ConfigMap); empty when the text is none, or names none. */
void edit_apply_policy_of(struct str text, struct buf *path);

#endif
