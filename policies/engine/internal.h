/* engine/internal - what the engine's files share; for policies/engine alone.
 *
 *      struct ctx      one decision in progress, on the caller's stack; every step gets it
 *      errors          a step that gets no memory sets c->full and continues with what it has;
 *                      engine_decide_with checks it once, at its end
 *      ownership       everything lives in c->arena, or is borrowed from policy and workload
 *      cost            each step pays from c->meter (engine_charge); with the meter spent, an
 *                      answer of match_*() says nothing, and nothing is diagnosed from it */
#ifndef PULLGATE_ENGINE_INTERNAL_H
#define PULLGATE_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "engine/explain.h"
#include "imgref/imgref.h"

/* ---- one decision -------------------------------------------------------------------- */

/* The reasons of each different image, to be repeated for its copies. */
struct memo_image {
    struct record *records;
    struct memo_image *next;
};
struct memo {
    struct memo_image *images; /* one per image of the workload */
    struct slot *slots;        /* NULL: few images, compared one by one */
    size_t n_slots;
    struct record **next_record; /* end of the list of the image that is judged, or NULL */
    struct memo_image *different, **end; /* a list of those that are not copies */
};

enum may {
    MAY_IMAGES = 1,
    MAY_EPHEMERAL = 2,
    MAY_VOLUMES = 4,
    MAY_PULL_POLICY = 8,
    MAY_SECRETS = 16,
    MAY_SECRETS_BACK = 32, /* as the stored pod has them */
    MAY_PULL_POLICY_BACK = 64,
    MAY_VOLUMES_BACK = 128
};

struct ctx {
    const struct policy *policy;
    const struct workload *w;
    const struct policy_rule *rule; /* the one that decides; NULL: none */
    struct arena *arena;
    struct decision *d;
    int64_t now_s;
    unsigned may;                /* bits of enum may: what may be patched here */
    enum reason_weight weight;   /* of a refusal, by mode and kind of object */
    enum reason_weight heaviest; /* of all reasons so far */
    size_t cap_reasons, cap_edits;
    struct match_meter meter;
    bool over;     /* the meter has run out, and a reason says it: nothing more is judged */
    bool validate; /* the object stays as it is: what would be edited is refused */
    bool refused;  /* for another reason than that: /mutate would have refused it as well */
    bool full;     /* an allocation failed */
    struct memo memo;
    struct names *names;                  /* of the image that is judged; NULL until needed */
    struct engine_explanation *notes;     /* of engine_explain; else NULL */
    struct engine_explain_image no_notes; /* an image's notes when `notes` is NULL */
    struct err *err; /* the caller's; until the end, of the image that is judged */
};

/* engine.c: engine_decide and engine_explain, with a ctx that holds their arguments. */
enum ec engine_decide_with(struct ctx *c, unsigned flags) MUST_CHECK;

/* What a reason says beside its message. */
struct diagnosis {
    enum reason_code code;
    enum reason_weight weight;
    int32_t image; /* -1: the object */
    struct str suggestion;
    struct policy_pos pos;
};

/* ---- select.c: which rule decides ---------------------------------------------------- */

/* NULL: none selects the pod, or the meter has run out. */
const struct policy_rule *engine_select(struct ctx *c);
enum engine_explain_answer engine_ask(const struct policy_match *m, const struct workload *w,
                                      enum engine_explain_question question,
                                      struct match_meter *meter);
/* true also for an empty list. */
bool engine_names_cover(const struct policy_names *names, struct str name,
                        struct match_meter *meter);

/* ---- odd.c: names that cannot be compared (struct workload_odd) ---------------------- */

/* true: c->rule, or a rule before it, needs one of them. The object is refused for that alone. */
bool engine_refuse_odd(struct ctx *c);
/* The same for the name of a pull secret. */
bool engine_refuse_odd_secret(struct ctx *c);

/* ---- rewrite.c: where images go ------------------------------------------------------ */

/* An image reference as the engine compares it. */
struct reference {
    struct imgref ref;          /* host in lower case */
    struct match_target target; /* normal form: host, repository with library/, whole */
    struct str tail;            /* [:tag][@digest], as written */
    struct str text;            /* what to write: as it was, or canonical where it has to be */
};
bool engine_read_reference(struct ctx *c, struct str text, struct reference *out,
                           struct err *err);

struct route {
    enum engine_explain_way way;
    const struct policy_mirror *mirror; /* of WAY_MIRROR */
};
struct route engine_find_route(const struct policy_rule *rule, const struct reference *from);
/* The text the image has there; from->text where it stays. */
struct str engine_apply_route(struct arena *arena, const struct policy_rule *rule,
                              const struct reference *from, const struct route *route);
/* How patterns see that text. Errors: it is not an image reference. */
bool engine_read_target(struct ctx *c, const struct reference *from, const struct route *route,
                        struct str text, struct match_target *out);
/* The image at the rule's registry. */
struct str engine_to_registry(struct arena *arena, const struct policy_rule *rule,
                              const struct reference *from);
bool engine_prefix_covers(const struct policy_prefix *prefix, struct str host,
                          struct str repository);

/* ---- names.c: every name by which the same content is reached ------------------------ */

enum { NAMES_MAX = 64 };
struct name {
    struct match_target target;
    bool mirrored; /* found through a mirror */
};
struct names {
    struct name v[NAMES_MAX];
    size_t n;
    bool more;  /* there are more than NAMES_MAX */
    char *room; /* for texts, used again for the next image */
    size_t cap, used;
};
/* The names of an image: its own (NULL: it has none), the one it is pulled by, aliases and default
 * ports folded, official images of Docker Hub with library/ and without, and what the mirrors of the
 * rule's file say. Valid until the next call; NULL and c->full without room. */
const struct names *engine_names_of(struct ctx *c, const struct match_target *own,
                                    const struct match_target *pulled);

/* ---- approve.c: what the rule says of a name ----------------------------------------- */

struct exemption_hit {
    const struct policy_exemption *valid;
    const struct policy_exemption *expired;
    const struct policy_exemption *elsewhere; /* for rules of another file; only with notes */
};
void engine_find_exemption(struct ctx *c, const struct match_target *target,
                           struct exemption_hit *hit);

/* Why `denied` refuses an image. */
struct denial {
    const struct policy_pattern *by; /* NULL: nothing */
    const struct policy_pattern *gave_up;
    const struct name *as;
    bool too_many_names; /* to check all of them */
};
/* own: the name before rewriting; NULL for an image of the rule's registry. */
struct denial engine_find_denial(struct ctx *c, const struct match_target *own,
                                 const struct match_target *pulled);
bool engine_is_clean(const struct denial *d);

/* Sets served, approved and gave_up of the note. */
enum engine_explain_approval engine_find_approval(struct ctx *c, const struct match_target *t,
                                                  struct engine_explain_image *note);
enum engine_explain_need engine_find_need(const struct policy_rule *rule,
                                          const struct imgref *ref);
/* Whether the rule allows this text as it is. */
bool engine_is_admitted(struct ctx *c, struct str text);

/* ---- suggest.c: what to write instead ------------------------------------------------ */

/* Another name of the same image by which the rule might allow it; empty when there is none. */
struct str engine_other_name(struct ctx *c, const struct reference *image);
/* "; approved: "ghcr.io/acme-data", ... and 3 more" */
void engine_put_approved(struct buf *b, const struct policy_rule *rule);

/* ---- judge.c: one image; memo.c: all of them, equal ones once ------------------------ */

/* Its reasons depend on text and list alone, but for the container's name in front. */
void engine_judge_image(struct ctx *c, size_t i);
bool engine_has_changed_image(const struct workload *w);
void engine_judge_images(struct ctx *c);

/* ---- edits.c, secrets.c: what /mutate changes ---------------------------------------- */

unsigned engine_may_patch(const struct workload *w);
bool engine_wants_pull_policy(const struct ctx *c, const struct decision_image *d);
void engine_edit_images(struct ctx *c);
void engine_add_edit(struct ctx *c, struct engine_edit edit);
void engine_drop_edits(struct decision *d, const struct workload *w);
void engine_decide_secrets(struct ctx *c);

/* ---- validate.c: what /mutate would still change ------------------------------------- */

void engine_refuse_image(struct ctx *c, struct diagnosis *what, struct str wanted);
void engine_refuse_pull_policies(struct ctx *c);
void engine_refuse_missing_secrets(struct ctx *c);

/* ---- reasons.c ----------------------------------------------------------------------- */

/* Adds a reason; the message is the image's name and text, then the format, then the advice. */
void engine_diagnose(struct ctx *c, const struct diagnosis *what, const char *format, ...)
    PRINTF(3, 4);
/* The same for a copy of the image: its name and text, then the tail. */
void engine_diagnose_copy(struct ctx *c, const struct diagnosis *what, struct str tail);
/* memo.c: records a reason for the copies of the image that is judged. `tail` is the message after the
 * image's text; empty where there was no room for the reason. */
void engine_memo_record(struct ctx *c, const struct diagnosis *what, struct str tail);

enum reason_weight engine_weight_of(const struct policy_rule *rule, enum workload_shape shape);
enum reason_weight engine_unmatched_weight(const struct ctx *c);

/* ---- budget.c: what the whole review may cost ---------------------------------------- */

/* false: it costs too much. */
static inline bool engine_charge(struct ctx *c, uint64_t steps) {
    return match_charge(&c->meter, steps);
}
/* The meter ran out while the rule was selected. */
void engine_diagnose_unselected(struct ctx *c);
/* It ran out at image i, or, with i = n_images, after all of them. */
void engine_diagnose_spent(struct ctx *c, size_t i);

/* ---- explain.c ----------------------------------------------------------------------- */

/* Notes how a rule answers; only with c->notes. */
void engine_note_rule(struct ctx *c, size_t i, bool selected);

/* ---- text.c -------------------------------------------------------------------------- */

enum { TEXT_MAX = 8192, POINTER_MAX = 256 };
enum { SHOWN_MAX = 1024 }; /* of a host or an image within a sentence */
/* A text is written into the arena's free bytes, at most `max` of them, one text at a time;
 * engine_text_take ends it: empty, and c->full, when there was no room. */
struct buf engine_text_start(struct ctx *c, size_t max);
struct str engine_text_take(struct ctx *c, const struct buf *b);
void engine_put_quoted(struct buf *b, struct str s);
/* The parts in a row, in the arena; no text where there is no room. */
struct str engine_join(struct arena *arena, const struct str *parts, size_t n_parts);

#endif
