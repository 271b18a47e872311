/* engine/internal - what the engine's own files share; nobody else includes it. */
#ifndef PULLGATE_ENGINE_INTERNAL_H
#define PULLGATE_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "engine/explain.h"
#include "imgref/imgref.h"

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
    unsigned n_gave_up; /* regexes that hit their limits */
    bool full;
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
struct located {
    struct imgref ref;          /* host in lower case */
    struct match_target target; /* normal form: host, repository with library/, whole */
    struct str tail;            /* [:tag][@digest], as written */
    struct str text;            /* what to write: as it was, or canonical where it has to be */
};

/* rewrite.c */
bool locate(struct ctx *c, struct str text, struct located *out, struct err *err);
/* The parts in a row, in the arena; no text where there is no room. */
struct str join(struct arena *arena, const struct str *parts, size_t n_parts);
bool place_covers(const struct policy_place *place, struct str host, struct str repository);
/* Where an image goes by the rule: to its registry, to a mirror, or nowhere. */
struct route {
    enum explain_way way;
    const struct policy_mirror *mirror;
};
struct route route_of(const struct policy_rule *rule, const struct located *from);
/* The text it has there; from->text where it stays. */
struct str rewritten(struct arena *arena, const struct policy_rule *rule,
                     const struct located *from, const struct route *route);
/* The image to propose to somebody who wrote a foreign host; empty when there is none. */
struct str suggestion(struct ctx *c, const struct located *image);

/* judge.c */
void judge_image(struct ctx *c, size_t i);

/* reason.c */
struct complaint {
    enum reason_code code;
    enum reason_weight weight;
    int32_t image;
    struct str suggestion;
    struct policy_pos pos;
};
/* Adds a reason; the message is the image's name and text, then the format, then the fix. */
void complain(struct ctx *c, const struct complaint *what, const char *format, ...)
    PRINTF(3, 4);

/* secrets.c */
void decide_secrets(struct ctx *c);

/* odd.c: names that cannot be compared (struct workload_odd) */
/* Is one of them asked for, before or by c->rule? Then it is complained of, and nothing else is. */
bool refuse_odd(struct ctx *c);
/* The same of a pull secret's name. */
bool refuse_odd_secret(struct ctx *c);

/* engine.c */
enum explain_answer ask(const struct policy_match *m, const struct workload *w,
                        enum explain_question question);
enum ec decide(struct ctx *c, unsigned flags, struct err *err) MUST_CHECK;
void add_edit(struct ctx *c, struct edit edit);

/* explain.c: writes down how a rule answers; only with c->notes */
void note_rule(struct ctx *c, size_t i, bool selected);

/* A text is written where it stays: in the arena's free bytes, `max` of them at most, one at a time. text_take ends it; empty and c->full when there was no room. */
enum { TEXT_MAX = 8192, POINTER_MAX = 256 };
struct buf text_start(struct ctx *c, size_t max);
struct str text_take(struct ctx *c, const struct buf *b);

#endif
