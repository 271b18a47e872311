/* Constraints of Gatekeeper's library: K8sAllowedRepos, K8sAllowedReposv2, K8sDisallowedRepos,
 * K8sDisallowedTags, K8sImageDigests.
 * Meaning    they compare the text of containers[].image, initContainers and ephemeralContainers, of pods
 *            alone; all constraints that match a pod apply
 * Source     open-policy-agent/gatekeeper-library, library/general; gatekeeper's pkg/mutation/match */
#include "convert/clause.h"
#include "convert/format.h"
#include "convert/kubernetes.h"
#include "convert/pattern.h"

typedef void take_fn(struct convert *c, struct convert_block *clause, json_at constraint);

/* ---- parameters ---------------------------------------------------------------------- */

static void take_allowed(struct convert *c, struct convert_block *b, json_at constraint) {
    json_at repos = convert_get(c, constraint, "spec.parameters.repos");
    b->restricts = true;
    for (json_at at = convert_first(c, repos); at != JSON_NONE; at = convert_next(c, repos, at))
        convert_prefix(c, b, KEY_APPROVED, at, json_str(c->json, at), NULL);
}

static void take_whole(struct convert *c, json_at at) {
    convert_left(c, at,
                 "is compared with the whole image, tag included: a pattern of its repository "
                 "would approve all tags");
}

static void take_allowed_v2(struct convert *c, struct convert_block *b, json_at constraint) {
    json_at images = convert_get(c, constraint, "spec.parameters.allowedImages");
    b->restricts = true;
    for (json_at at = convert_first(c, images); at != JSON_NONE;
         at = convert_next(c, images, at)) {
        struct str text = json_str(c->json, at);
        if (str_ends(text, STR("*")))
            convert_prefix(c, b, KEY_APPROVED, at, str_slice(text, 0, text.n - 1), NULL);
        else
            take_whole(c, at);
    }
}

static void take_disallowed(struct convert *c, struct convert_block *b, json_at constraint) {
    json_at repos = convert_get(c, constraint, "spec.parameters.repos");
    for (json_at at = convert_first(c, repos); at != JSON_NONE; at = convert_next(c, repos, at))
        convert_prefix(c, b, KEY_DENIED, at, json_str(c->json, at), NULL);
}

/* A repository with all its tags, and none below it: a regex. */
static void exempt_repository(struct convert *c, struct convert_block *exemption, json_at at,
                              struct str repository) {
    struct convert_blocks aside = {NULL, NULL};
    struct convert_block *scratch = convert_add_block(c, &aside, STR_NONE);
    convert_scope(c, scratch, KEY_IMAGES, at, repository, "");
    const struct convert_item *scope = scratch->field[KEY_IMAGES].first;
    struct buf regex = BUF_INIT(4096);
    for (size_t i = 0; scope != NULL && i < scope->value.n; i++) {
        if (scope->value.p[i] == '.')
            buf_putc(&regex, '\\');
        buf_putc(&regex, scope->value.p[i]);
    }
    c->full |= regex.bad != 0;
    if (scope != NULL && !c->full) {
        struct convert_item *item =
            convert_add_pair(c, exemption, KEY_IMAGES, STR("regex"), buf_view(&regex));
        convert_note(c, &item->notes, at,
                     "wider: all its tags, but those other than latest are let pass anyway");
    }
    buf_done(&regex);
}

static void take_exempt(struct convert *c, struct convert_block *clause, json_at list,
                        bool latest) {
    json_at at = convert_first(c, list);
    if (at == JSON_NONE)
        return;
    struct convert_block *e = convert_add_block(c, &c->exemptions, clause->name);
    for (; at != JSON_NONE; at = convert_next(c, list, at)) {
        struct str text = json_str(c->json, at);
        const struct str tag = STR(":latest");
        if (str_ends(text, STR("*")))
            convert_prefix(c, e, KEY_IMAGES, at, str_slice(text, 0, text.n - 1), NULL);
        else if (latest && str_ends(text, tag))
            exempt_repository(c, e, at, str_slice(text, 0, text.n - tag.n));
        else
            take_whole(c, at);
    }
    for (const struct convert_item *i = clause->field[KEY_NAMESPACES].first; i != NULL;
         i = i->next)
        convert_add(c, e, KEY_SPACES, i->value);
    convert_add(c, e, KEY_REASON,
                convert_text(c, "exempt in the constraint %.*s", STR_ARG(clause->name)));
    convert_add(c, e, KEY_OWNER, STR("imported"));
}

static void take_tags(struct convert *c, struct convert_block *b, json_at constraint) {
    json_at tags = convert_get(c, constraint, "spec.parameters.tags");
    struct convert_item *item = convert_add(c, b, KEY_TAG, STR("explicit"));
    bool latest = false, others = false;
    for (json_at at = convert_first(c, tags); at != JSON_NONE; at = convert_next(c, tags, at)) {
        if (str_eq(json_str(c->json, at), STR("latest"))) {
            latest = true;
            convert_exact(c, &item->notes, at);
        } else {
            others = true;
            convert_left(c, at, "is a tag: a rule file requires one other than latest");
        }
    }
    if (!latest)
        convert_note(c, &item->notes, tags == JSON_NONE ? constraint : tags,
                     "narrower: the tag latest is refused as well");
    take_exempt(c, b, convert_get(c, constraint, "spec.parameters.exemptImages"),
                latest && !others);
}

static void take_digests(struct convert *c, struct convert_block *b, json_at constraint) {
    struct convert_item *item = convert_add(c, b, KEY_DIGEST, STR("true"));
    convert_exact(c, &item->notes, convert_get(c, constraint, "kind"));
    take_exempt(c, b, convert_get(c, constraint, "spec.parameters.exemptImages"), false);
}

static const struct {
    const char *kind;
    take_fn *take;
} kinds[] = {{"K8sAllowedRepos", take_allowed},
             {"K8sAllowedReposv2", take_allowed_v2},
             {"K8sDisallowedRepos", take_disallowed},
             {"K8sDisallowedTags", take_tags},
             {"K8sImageDigests", take_digests}};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* ---- match --------------------------------------------------------------------------- */

static bool lists(const struct convert *c, json_at list, const char *word) {
    for (json_at at = convert_first(c, list); at != JSON_NONE; at = convert_next(c, list, at))
        if (str_eq(json_str(c->json, at), str_of(word)) ||
            str_eq(json_str(c->json, at), STR("*")))
            return true;
    return false;
}

/* No list of kinds is all of them. */
static bool matches_pods(const struct convert *c, json_at rows) {
    json_at at = convert_first(c, rows);
    if (at == JSON_NONE)
        return true;
    for (; at != JSON_NONE; at = convert_next(c, rows, at))
        if (lists(c, convert_get(c, at, "kinds"), "Pod") &&
            lists(c, convert_get(c, at, "apiGroups"), ""))
            return true;
    return false;
}

static convert_why read_match(struct convert *c, struct convert_block *clause, json_at match) {
    static const char *const words[] = {"kinds",
                                        "namespaces",
                                        "excludedNamespaces",
                                        "labelSelector",
                                        "namespaceSelector",
                                        "scope",
                                        "source",
                                        NULL};
    struct str scope = convert_string(c, match, "scope"),
               source = convert_string(c, match, "source");
    convert_why why = NULL;
    if (convert_other_key(c, match, words) != JSON_NONE)
        return "selects by something else than kinds, namespaces and labels";
    if (!matches_pods(c, convert_get(c, match, "kinds")))
        return "does not match pods, and its template judges nothing else";
    if (str_eq(scope, STR("Cluster")) || str_eq(source, STR("Generated")))
        return "does not match the pods that are created";
    if ((why = convert_namespaces(c, clause, KEY_NAMESPACES,
                                  convert_get(c, match, "namespaces"))) ||
        (why = convert_namespaces(c, clause, KEY_SPACES,
                                  convert_get(c, match, "excludedNamespaces"))) ||
        (why = convert_pod_labels(c, clause, convert_get(c, match, "labelSelector"))))
        return why;
    return convert_namespace_labels(c, clause, convert_get(c, match, "namespaceSelector"));
}

/* ---- a constraint -------------------------------------------------------------------- */

static void take_action(struct convert *c, struct convert_block *clause, json_at constraint,
                        json_at kind) {
    json_at at = convert_get(c, constraint, "spec.enforcementAction");
    struct str action = json_str(c->json, at);
    if (str_eq(action, STR("warn")) || str_eq(action, STR("dryrun")))
        convert_add(c, clause, KEY_MODE,
                    str_eq(action, STR("warn")) ? STR("warn") : STR("audit"));
    convert_exact(c, &clause->notes, at == JSON_NONE ? kind : at);
}

static bool is_action(struct str s) {
    return s.n == 0 || str_eq(s, STR("deny")) || str_eq(s, STR("warn")) ||
           str_eq(s, STR("dryrun"));
}

static void take_constraint(struct convert *c, json_at object, take_fn *take) {
    struct str name = convert_string(c, object, "metadata.name");
    json_at kind = convert_get(c, object, "kind");
    struct convert_block *clause =
        convert_add_clause(c, name.n ? name : json_str(c->json, kind));
    convert_why why = read_match(c, clause, convert_get(c, object, "spec.match"));
    if (why == NULL && !is_action(convert_string(c, object, "spec.enforcementAction")))
        why = "has an enforcementAction that is none of deny, warn and dryrun";
    if (why != NULL) {
        convert_exact(c, &clause->notes, kind);
        convert_drop_clause(c, clause, why);
        return;
    }
    take_action(c, clause, object, kind);
    convert_add(c, clause, KEY_TEMPLATES, STR("ignore"));
    take(c, clause, object);
}

static void take_object(struct convert *c, json_at object, struct str kind) {
    if (convert_in_group(c, object, "templates.gatekeeper.sh/"))
        return;
    for (size_t i = 0; i < N_KINDS; i++)
        if (convert_in_group(c, object, "constraints.gatekeeper.sh/") &&
            str_eq(kind, str_of(kinds[i].kind))) {
            take_constraint(c, object, kinds[i].take);
            return;
        }
    json_at at = convert_get(c, object, "kind");
    convert_left(c, at == JSON_NONE ? object : at,
                 "is none of the library's constraints on images");
}

static enum ec read_objects(struct convert *c, struct err *err) {
    return convert_each_object(c, take_object, err);
}

/* An exemption is from all that its rule file refuses. */
static void finish(struct convert *c) {
    const struct convert_block *first = c->clauses.first;
    if (first != NULL && first->next != NULL)
        for (struct convert_block *e = c->exemptions.first; e != NULL; e = e->next)
            for (struct convert_item *i = e->field[KEY_IMAGES].first; i != NULL; i = i->next)
                convert_drop(c, i,
                             STR("an exemption would be from the other constraints as well: "
                                 "import this one alone"));
    convert_combine(c);
}

const struct convert_format convert_gatekeeper = {
    .word = "gatekeeper", .read = read_objects, .end = finish};
