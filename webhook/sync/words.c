/* Verbs and reasons as words. */
#include "sync/sync.h"

const char *sync_verb_name(enum sync_verb v) {
    static const char *const names[] = {[SYNC_APPLY] = "apply",
                                        [SYNC_RECREATE] = "recreate",
                                        [SYNC_DELETE] = "delete",
                                        [SYNC_REPORT] = "report"};
    return names[v];
}

const char *sync_reason_name(enum sync_reason r) {
    static const char *const names[] = {[SYNC_MISSING] = "missing",
                                        [SYNC_CONTENT] = "content",
                                        [SYNC_MARKS] = "marks",
                                        [SYNC_MOVED] = "moved",
                                        [SYNC_TYPE] = "type",
                                        [SYNC_IMMUTABLE] = "immutable",
                                        [SYNC_UNREQUESTED] = "unrequested",
                                        [SYNC_SOURCE_GONE] = "source-gone",
                                        [SYNC_FOREIGN_SECRET] = "foreign",
                                        [SYNC_CONTESTED] = "contested",
                                        [SYNC_CONFLICT] = "conflict",
                                        [SYNC_TERMINATING] = "terminating",
                                        [SYNC_DELETING] = "deleting",
                                        [SYNC_KEPT] = "kept",
                                        [SYNC_SOURCE_MISSING] = "source-missing",
                                        [SYNC_SOURCE_REFUSED] = "source-refused",
                                        [SYNC_SOURCE_COPY] = "source-is-copy",
                                        [SYNC_BAD_ANNOTATION] = "bad-annotation",
                                        [SYNC_NOT_COUNTED] = "not-counted",
                                        [SYNC_NOT_READ] = "not-read"};
    _Static_assert(sizeof names / sizeof *names == SYNC_N_REASONS, "names");
    return names[r];
}
