/* explain - the same decision, with notes of what was checked.
 *
 *      engine_explain = engine_decide + notes: both run the same code
 *
 * Uses       as engine
 * Ownership  an explanation borrows from the policy, the workload and the arena given
 * Threads    pure functions                                                              */
#ifndef PULLGATE_ENGINE_EXPLAIN_H
#define PULLGATE_ENGINE_EXPLAIN_H

#include "engine/engine.h"

/* ---- which rule ---------------------------------------------------------------------- */

/* The conditions of a rule's `match`; all that are set must hold. */
enum engine_explain_question {
    QUESTION_NAMESPACE,
    QUESTION_SERVICE_ACCOUNT,
    QUESTION_USER,
    QUESTION_GROUP,
    QUESTION_LABELS,
    N_QUESTIONS
};
enum engine_explain_answer { ANSWER_NOT_ASKED, ANSWER_HOLDS, ANSWER_FAILS };

struct engine_explain_rule {
    const struct policy_rule *rule;
    bool tried;                                      /* no rule before it selected the pod */
    bool selected;                                   /* at most one */
    enum engine_explain_answer answers[N_QUESTIONS]; /* of a tried rule */
};

/* ---- what became of an image --------------------------------------------------------- */

enum engine_explain_state {
    STATE_NO_RULE,     /* no rule selects the object */
    STATE_UNCHANGED,   /* on UPDATE: it is as it was */
    STATE_PLACEHOLDER, /* of a template: something else writes the image later */
    STATE_INVALID,     /* no image reference */
    STATE_LIMIT,       /* the review's pattern steps were used up, here or before */
    STATE_JUDGED
};

enum engine_explain_way { WAY_STAYS, WAY_REGISTRY, WAY_MIRROR, WAY_EXEMPTED };

enum engine_explain_approval {
    APPROVAL_NOT_ASKED, /* exempted, or denied already */
    APPROVAL_REGISTRY,  /* the rule's own registry serves it */
    APPROVAL_MIRROR,    /* a mirror of the rule does */
    APPROVAL_PATTERN,
    APPROVAL_NONE
};

enum engine_explain_need { NEED_NOT_ASKED, NEED_NOTHING, NEED_MET, NEED_DIGEST, NEED_TAG };

struct engine_explain_image {
    enum engine_explain_state state;
    struct str normal; /* host/repository as patterns see it */
    bool qualified;    /* it names a host */
    struct str tag, digest;
    enum engine_explain_way way;
    const struct policy_mirror *mirror; /* of WAY_MIRROR */
    struct str result; /* host/repository of what would be pulled, as patterns see it */
    const struct policy_exemption *exemption, *expired;
    const struct policy_exemption *elsewhere; /* holds for the rules of another file */
    bool denied_asked;                        /* `denied` was checked */
    const struct policy_pattern *denied;
    struct str denied_as; /* the name it matched, where that was found through mirrors */
    bool own_registry; /* comes from the registry, whose content no denial of docker.io names */
    enum engine_explain_approval approval;
    const struct policy_mirror *served;    /* of APPROVAL_MIRROR */
    const struct policy_pattern *approved; /* of APPROVAL_PATTERN */
    const struct policy_pattern *gave_up;  /* a regex that cost too much */
    enum engine_explain_need need;
    bool can_rewrite; /* the object may be patched here */
};

/* ---- pull secrets -------------------------------------------------------------------- */

enum engine_explain_giving {
    GIVING_NO_RULE,
    GIVING_NONE,      /* the rule has none */
    GIVING_FORBIDDEN, /* they may not be patched here */
    GIVING_AUDITED,   /* audit mode changes nothing */
    GIVING_DECIDED
};

struct engine_explain_secret {
    const struct policy_secret *secret;
    bool had;      /* the pod names it itself */
    bool wanted;   /* always, or an image comes from its place */
    int32_t image; /* that image; -1: always */
};

struct engine_explanation {
    bool nothing; /* no rule was selected: nothing runs an image, or it is not judged */
    struct engine_explain_rule *rules; /* one per rule of the policy */
    size_t n_rules;
    struct engine_explain_image *images; /* one per image of the workload */
    size_t n_images;
    enum engine_explain_giving giving;
    struct engine_explain_secret *secrets; /* with GIVING_DECIDED: one per secret of the rule */
    size_t n_secrets;
};

/* Decides as engine_decide does, and notes how. Errors: those of engine_decide; both outs are then
 * undefined. */
enum ec engine_explain(struct engine_explanation *out, struct decision *decision,
                       const struct policy *policy, const struct workload *workload,
                       int64_t now_s, unsigned flags, struct arena *arena, struct err *err)
    MUST_CHECK;

#endif
