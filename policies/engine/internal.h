/* engine/internal - what the engine's own files share; nobody else includes it. */
#ifndef PULLGATE_ENGINE_INTERNAL_H
#define PULLGATE_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "engine/explain.h"
#include "imgref/imgref.h"

/* The same text in the same place, judged once. */
struct memo {
    struct memo_image *images; /* one per image of the workload */
    struct slot *slots;        /* NULL: few images, compared one by one */
    size_t n_slots;
    struct said **hearer; /* where the next that is said of the image at hand goes, or NULL */
    struct memo_image *different, **end; /* those that are no copies, a list */
};
struct memo_image {
    struct said *said; /* to be said again of its copies */
    struct memo_image *next;
};

/* One decision under way. Whatever needs memory and gets none notes it in `full` and goes on
 * with what it has; engine_decide looks once, at its end. */
struct ctx {
    const struct policy *policy;
    const struct workload *w;
    const struct policy_rule *rule;
    struct arena *arena;
    struct decision *d;
    int64_t now_s;
    unsigned may;                /* bits of enum may: what may be patched here */
    enum reason_weight weight;   /* of a complaint, by mode and kind of object */
    enum reason_weight heaviest; /* of all complaints so far */
    size_t cap_reasons, cap_edits;
    struct match_meter meter;
    bool over;     /* the meter has run out, and it is known: nothing more is judged */
    bool validate; /* the object stands: nothing is edited, what would be is refused */
    bool refused;  /* for another reason than that: /mutate would have refused it, too */
    struct memo memo;
    bool full;
    struct names *names;         /* of the image at hand; NULL until one is asked for */
    struct explanation *notes;   /* NULL: nobody asks how */
    struct explain_image unread; /* what is noted of an image then, one over the other */
    struct err said;             /* of the image at hand */
};

enum may {
    MAY_IMAGES = 1,
    MAY_EPHEMERAL = 2,
    MAY_VOLUMES = 4,
    MAY_PULL_POLICY = 8,
    MAY_SECRETS = 16,
    MAY_SECRETS_BACK = 32 /* as the stored pod has them */
};

/* An image reference as the engine compares it. */
struct reference {
    struct imgref ref;          /* host in lower case */
    struct match_target target; /* normal form: host, repository with library/, whole */
    struct str tail;            /* [:tag][@digest], as written */
    struct str text;            /* what to write: as it was, or canonical where it has to be */
};

/* rewrite.c */
bool engine_read_reference(struct ctx *c, struct str text, struct reference *out,
                           struct err *err);
/* The parts in a row, in the arena; no text where there is no room. */
struct str engine_join(struct arena *arena, const struct str *parts, size_t n_parts);
bool engine_place_covers(const struct policy_place *place, struct str host,
                         struct str repository);
/* Where an image goes by the rule: to its registry, to a mirror, or nowhere. */
struct route {
    enum explain_way way;
    const struct policy_mirror *mirror;
};
struct route engine_find_route(const struct policy_rule *rule, const struct reference *from);
/* The text it has there; from->text where it stays. */
struct str engine_apply_route(struct arena *arena, const struct policy_rule *rule,
                              const struct reference *from, const struct route *route);
/* What the registry calls the image. */
struct str engine_to_registry(struct arena *arena, const struct policy_rule *rule,
                              const struct reference *from);

/* names.c: every name by which the same content is reached */
enum { NAMES_MAX = 64 };
struct name {
    struct match_target target;
    bool mirrored; /* found by way of a mirror */
};
struct names {
    struct name v[NAMES_MAX];
    size_t n;
    bool more;  /* there are others, which found no place */
    char *room; /* for texts, used again for the next image */
    size_t cap, used;
};
/* The names of an image: its own (NULL: it has none), the one it is pulled by, aliases and default
 * ports folded, official images of Docker Hub with library/ and without, and what the mirrors of the
 * rule's file say. Valid until the next call; NULL and c->full without room. */
const struct names *engine_names_of(struct ctx *c, const struct match_target *own,
                                    const struct match_target *pulled);

/* suggest.c */
/* Another name of the same image by which the rule might admit it; empty when it has none. */
struct str engine_other_name(struct ctx *c, const struct reference *image);
/* "; approved: "ghcr.io/acme-data", ... and 3 more" */
void engine_put_approved(struct buf *b, const struct policy_rule *rule);

enum { SHOWN_MAX = 1024 }; /* of a host, or of an image, within a sentence */

/* reason.c */
void engine_put_quoted(struct buf *b, struct str s);
struct diagnosis {
    enum reason_code code;
    enum reason_weight weight;
    int32_t image;
    struct str suggestion;
    struct policy_pos pos;
};
/* Adds a reason; the message is the image's name and text, then the format, then the fix. */
void engine_diagnose(struct ctx *c, const struct diagnosis *what, const char *format, ...)
    PRINTF(3, 4);
/* The same of another image: its name, then the tail. */
void engine_diagnose_copy(struct ctx *c, const struct diagnosis *what, struct str tail);

/* judge.c: what it says of an image depends on text and place alone, but for the name it gives it */
void engine_judge_image(struct ctx *c, size_t i);

/* memo.c: all images, the same text in the same place once */
void engine_judge_images(struct ctx *c);
/* What was just said of the image at hand: `tail` is the message behind the image's name, or empty
 * where there was no room for the reason. */
void engine_memo_record(struct ctx *c, const struct diagnosis *what, struct str tail);

/* budget.c: what the whole review may cost */
/* false: it costs too much. */
bool engine_charge(struct ctx *c, uint64_t steps);
bool engine_names_cover(struct ctx *c, const struct policy_names *names, struct str name);
/* The meter ran out while a rule was looked for; while image i was judged, or behind all of them. */
void engine_diagnose_unselected(struct ctx *c);
void engine_diagnose_spent(struct ctx *c, size_t i);

/* secrets.c */
void engine_decide_secrets(struct ctx *c);

/* odd.c: names that cannot be compared (struct workload_odd) */
/* Is one of them asked for, before or by c->rule? Then it is complained of, and nothing else is. */
bool engine_refuse_odd(struct ctx *c);
/* The same of a pull secret's name. */
bool engine_refuse_odd_secret(struct ctx *c);

/* engine.c */
enum explain_answer engine_ask(const struct policy_match *m, const struct workload *w,
                               enum explain_question question, struct match_meter *meter);
enum reason_weight engine_weight_of(const struct policy_rule *rule, enum workload_shape shape);
enum reason_weight engine_unmatched_weight(const struct ctx *c);
enum ec engine_decide_with(struct ctx *c, unsigned flags, struct err *err) MUST_CHECK;
void engine_add_edit(struct ctx *c, struct edit edit);

/* validate.c: what /mutate would still change */
void engine_refuse_image(struct ctx *c, struct diagnosis *what, struct str wanted);
void engine_refuse_pull_policy(struct ctx *c, const struct decision_image *d);
void engine_refuse_missing_secrets(struct ctx *c);

/* explain.c: writes down how a rule answers; only with c->notes */
void engine_note_rule(struct ctx *c, size_t i, bool selected);

/* A text is written where it stays: in the arena's free bytes, `max` of them at most, one at a time. text_take ends it; empty and c->full when there was no room. */
enum { TEXT_MAX = 8192, POINTER_MAX = 256 };
struct buf engine_text_start(struct ctx *c, size_t max);
struct str engine_text_take(struct ctx *c, const struct buf *b);

#endif
