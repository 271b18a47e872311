/* Actions as lines for people. */
#include "sync/sync.h"

static void put_place(struct buf *out, struct str namespace, struct str name) {
    buf_str(out, namespace.n != 0 ? namespace : STR("*"));
    buf_putc(out, '/');
    buf_str(out, name.n != 0 ? name : STR("*"));
}

static void put_source(struct buf *out, const struct sync_request *r) {
    put_place(out, r->source_namespace, r->source_name);
}

static void put_request(struct buf *out, const struct sync_request *r,
                        const struct policy *policy) {
    static const char *const keys[] = {
        [SYNC_BY_ANNOTATION] = SYNC_TO_KEY, [SYNC_BY_COMMANDER] = SYNC_COMMANDER_KEY};
    if (r->origin != SYNC_BY_RULE) {
        buf_printf(out, " (its annotation %s)", keys[r->origin]);
    } else if (policy != NULL) {
        struct str file = engine_policy_file(policy, r->pos);
        buf_printf(out, " (%.*s:%u)", STR_ARG(file), r->pos.line);
    }
}

static void put_types(struct buf *out, const struct sync_action *a) {
    buf_printf(out, "its type is %.*s, that of its source %.*s, and a type cannot change",
               STR_ARG(a->copy->type), STR_ARG(a->source->type));
}

static void put_foreign(struct buf *out, const struct sync_action *a) {
    const struct sync_secret *s = a->copy;
    buf_puts(out, "another Secret has this name");
    if (s->owner == SYNC_MISFIT)
        buf_puts(out, ", a copy that was made by hand or by another pullgate-sync");
    else if (s->rival.n != 0)
        buf_printf(out, ", written by %.*s", STR_ARG(s->rival));
    buf_puts(out, "; it is left alone, and copied to once it is gone");
}

static void put_contested(struct buf *out, const struct sync_action *a) {
    const struct sync_secret *s = a->copy;
    if (s != NULL && s->rival.n != 0)
        buf_printf(out, "%.*s changes it", STR_ARG(s->rival));
    else
        buf_puts(out, "something else changes or deletes it");
    buf_puts(out, " each time it was applied; it is left alone for a while");
}

/* The source at the end of the line, and what asks for it. */
static void put_with_source(struct buf *out, const char *text, const struct sync_action *a,
                            const struct policy *policy) {
    buf_puts(out, text);
    put_source(out, a->request);
    put_request(out, a->request, policy);
}

static void put_of_copy(struct buf *out, const struct sync_action *a) {
    put_place(out, a->copy->source_namespace, a->copy->source_name);
}

/* Before the source, and what asks for it. */
static const char *const of_source[SYNC_N_REASONS] = {
    [SYNC_MISSING] = "there is no copy yet of ",
    [SYNC_CONTENT] = "its data differs from ",
    [SYNC_MARKS] = "its labels or annotations are not those of a copy of ",
    [SYNC_IMMUTABLE] = "it is immutable, and its data differs from "};

/* Before the source that the copy is of. */
static const char *const of_copy[SYNC_N_REASONS] = {
    [SYNC_UNREQUESTED] = "nothing requests a copy here of ",
    [SYNC_SOURCE_GONE] = "its source is gone: ",
    [SYNC_KEPT] = "kept for now, its source is not there: "};

/* The whole of it. */
static const char *const alone[SYNC_N_REASONS] = {
    [SYNC_TERMINATING] = "the namespace is terminating",
    [SYNC_DELETING] = "it is being deleted; applied once it is gone"};

/* Before what asks for it. */
static const char *const of_request[SYNC_N_REASONS] = {
    [SYNC_SOURCE_MISSING] = "this source is not there",
    [SYNC_SOURCE_COPY] =
        "this source is a copy itself; name the Secret that it is a copy of instead",
    [SYNC_NOT_COUNTED] =
        "its annotation has no effect: annotations do not count in this namespace"};

static void put_other_reason(struct buf *out, const struct sync_action *a,
                             const struct policy *policy) {
    switch (a->reason) {
    case SYNC_MOVED:
        buf_puts(out, "it is a copy of ");
        put_of_copy(out, a);
        put_with_source(out, ", expected ", a, policy);
        return;
    case SYNC_TYPE:
        put_types(out, a);
        return;
    case SYNC_FOREIGN_SECRET:
        put_foreign(out, a);
        return;
    case SYNC_CONTESTED:
        put_contested(out, a);
        return;
    case SYNC_CONFLICT:
        put_with_source(out, "two sources: copied from ", a, policy);
        buf_puts(out, ", not from ");
        put_source(out, a->other);
        put_request(out, a->other, policy);
        return;
    case SYNC_SOURCE_REFUSED:
        buf_printf(out, "this source is not copied: %.*s", STR_ARG(a->text));
        put_request(out, a->request, policy);
        return;
    case SYNC_BAD_ANNOTATION:
        buf_printf(out, "its annotation is not read, %.*s", STR_ARG(a->text));
        put_request(out, a->request, policy);
        return;
    default:
        buf_printf(out, "not read: %.*s", STR_ARG(a->text));
    }
}

static void put_reason(struct buf *out, const struct sync_action *a,
                       const struct policy *policy) {
    if (of_source[a->reason] != NULL) {
        put_with_source(out, of_source[a->reason], a, policy);
    } else if (of_copy[a->reason] != NULL) {
        buf_puts(out, of_copy[a->reason]);
        put_of_copy(out, a);
    } else if (alone[a->reason] != NULL) {
        buf_puts(out, alone[a->reason]);
    } else if (of_request[a->reason] != NULL) {
        buf_puts(out, of_request[a->reason]);
        put_request(out, a->request, policy);
    } else {
        put_other_reason(out, a, policy);
    }
}

void sync_explain(const struct sync_action *a, const struct policy *policy, struct buf *out) {
    buf_printf(out, "%s ", sync_verb_name(a->verb));
    put_place(out, a->namespace, a->name);
    buf_puts(out, ": ");
    put_reason(out, a, policy);
}
