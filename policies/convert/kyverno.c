/* Kyverno's ClusterPolicy and Policy: the published policies on images and what is written like them.
 * Patterns   alternatives joined with "|", each of texts joined with "&"; "*" is any text, "?" one
 *            character, "!" in front is not. They are compared with the text of image, as it is written
 * Rewriting  regex_replace_all over that text, with one known expression: it takes off "localhost/" and hosts
 *            of lower-case letters, digits and dots
 * Source     kyverno/policies: best-practices/restrict-image-registries, disallow-latest-tag,
 *            other/require-image-checksum, other/replace-image-registry; kyverno/kyverno pkg/engine     */
#include "convert/clause.h"
#include "convert/format.h"
#include "convert/kubernetes.h"
#include "convert/pattern.h"

/* A rule of a policy, and what it is in. */
struct rule {
    struct convert *c;
    json_at policy, rule;
    struct convert_block *clause;
    bool explicit_tags; /* another rule of the policy refuses images without a tag */
};

#define N(table) (sizeof(table) / sizeof *(table))

/* ---- match and exclude --------------------------------------------------------------- */

static bool is_pod(struct str kind) {
    return str_eq(kind, STR("Pod")) || str_eq(kind, STR("v1/Pod")) || str_eq(kind, STR("*")) ||
           str_eq(kind, STR("*/Pod"));
}

static bool has_pod(const struct convert *c, json_at kinds) {
    for (json_at at = convert_first(c, kinds); at != JSON_NONE; at = convert_next(c, kinds, at))
        if (is_pod(json_str(c->json, at)))
            return true;
    return false;
}

static bool has_operation(const struct convert *c, json_at list, const char *word) {
    for (json_at at = convert_first(c, list); at != JSON_NONE; at = convert_next(c, list, at))
        if (str_eq(json_str(c->json, at), str_of(word)))
            return true;
    return list == JSON_NONE;
}

/* {resources: {kinds, namespaces, selector, operations}} */
static convert_why read_filter(struct rule *r, json_at filter, enum convert_key key) {
    static const char *const outer[] = {"resources", NULL};
    static const char *const inner[] = {"kinds",      "namespaces",        "selector",
                                        "operations", "namespaceSelector", NULL};
    struct convert *c = r->c;
    json_at res = convert_get(c, filter, "resources");
    json_at selector = convert_get(c, res, "selector");
    json_at spaces = convert_get(c, res, "namespaceSelector");
    convert_why why = NULL;
    if (convert_other_key(c, filter, outer) != JSON_NONE)
        return "selects by users or roles of Kyverno";
    if (convert_other_key(c, res, inner) != JSON_NONE)
        return "selects by names or annotations";
    if (!has_operation(c, convert_get(c, res, "operations"), "CREATE"))
        return "is not about what is created";
    if (key == KEY_SPACES && (selector != JSON_NONE || spaces != JSON_NONE))
        return "excludes by labels";
    if (selector != JSON_NONE && (why = convert_pod_labels(c, r->clause, selector)) != NULL)
        return why;
    if ((why = convert_namespaces(c, r->clause, key, convert_get(c, res, "namespaces"))) !=
        NULL)
        return why;
    return spaces != JSON_NONE ? convert_namespace_labels(c, r->clause, spaces) : NULL;
}

/* `any` of several filters is the union of their namespaces, if they differ in nothing else. */
static convert_why read_any(struct rule *r, json_at list, enum convert_key key) {
    struct convert *c = r->c;
    convert_why why = NULL;
    bool all = false, pods = false,
         several = convert_first(c, list) != JSON_NONE &&
                   convert_next(c, list, convert_first(c, list)) != JSON_NONE;
    for (json_at at = convert_first(c, list); at != JSON_NONE && why == NULL;
         at = convert_next(c, list, at)) {
        if (key == KEY_NAMESPACES && !has_pod(c, convert_get(c, at, "resources.kinds")))
            continue;
        pods = true;
        all |= convert_first(c, convert_get(c, at, "resources.namespaces")) == JSON_NONE;
        if (several && convert_get(c, at, "resources.selector") != JSON_NONE)
            return "selects by several filters with labels";
        why = read_filter(r, at, key);
    }
    if (why == NULL && !pods)
        return key == KEY_NAMESPACES ? "does not match pods" : NULL;
    if (why == NULL && all && several && r->clause->field[key].first != NULL)
        return "selects by several filters, one of them for all namespaces";
    if (why == NULL && all && key == KEY_SPACES)
        return "excludes all namespaces";
    return why;
}

static convert_why read_selection(struct rule *r, const char *word, enum convert_key key) {
    struct convert *c = r->c;
    json_at m = convert_get(c, r->rule, word);
    json_at any = convert_get(c, m, "any"), all = convert_get(c, m, "all");
    if (m == JSON_NONE)
        return key == KEY_SPACES ? NULL : "has no match";
    if (any != JSON_NONE)
        return read_any(r, any, key);
    if (all != JSON_NONE && convert_next(c, all, convert_first(c, all)) != JSON_NONE)
        return "selects by several filters that all have to match";
    if (all != JSON_NONE)
        return read_any(r, all, key);
    if (key == KEY_NAMESPACES && !has_pod(c, convert_get(c, m, "resources.kinds")))
        return "does not match pods";
    return read_filter(r, m, key);
}

/* The published policies ask for lists that are not empty, and for requests that are no DELETE. */
static bool is_harmless(const struct convert *c, json_at preconditions) {
    json_at list = convert_get(c, preconditions, "all");
    list = list == JSON_NONE ? convert_get(c, preconditions, "any") : list;
    list = list == JSON_NONE ? preconditions : list;
    for (json_at at = convert_first(c, list); at != JSON_NONE; at = convert_next(c, list, at)) {
        struct str key = convert_string(c, at, "key"), op = convert_string(c, at, "operator");
        bool length = key.n != 0 && memmem(key.p, key.n, "length(@)", 9) != NULL;
        bool operation = key.n != 0 && memmem(key.p, key.n, "request.operation", 17) != NULL;
        if (!length && !(operation && (str_eq(op, STR("NotEquals")) ||
                                       str_eq(op, STR("AnyIn")) || str_eq(op, STR("In")))))
            return false;
    }
    return json_is(c->json, list, JSON_ARRAY) || list == JSON_NONE;
}

static convert_why read_rule_selection(struct rule *r) {
    struct convert *c = r->c;
    struct str namespace = convert_string(c, r->policy, "metadata.namespace");
    convert_why why = read_selection(r, "match", KEY_NAMESPACES);
    if (why == NULL)
        why = read_selection(r, "exclude", KEY_SPACES);
    if (why == NULL && convert_get(c, r->rule, "context") != JSON_NONE)
        why = "reads other objects (context)";
    if (why == NULL && !is_harmless(c, convert_get(c, r->rule, "preconditions")))
        why = "has preconditions";
    if (why == NULL && str_eq(convert_string(c, r->policy, "kind"), STR("Policy"))) {
        if (r->clause->field[KEY_NAMESPACES].first != NULL)
            return "selects namespaces in a Policy, which has one";
        convert_add(c, r->clause, KEY_NAMESPACES, namespace.n ? namespace : STR("default"));
    }
    return why;
}

/* ---- patterns of images -------------------------------------------------------------- */

static bool ends_in_star(struct str s) {
    size_t star = str_find(s, '*');
    return star + 1 == s.n && str_find(s, '?') == s.n;
}

static bool has_wildcard(struct str s) {
    return str_find(s, '*') != s.n || str_find(s, '?') != s.n;
}

/* Hosts below one: a star and a dot, the host, a slash and a star. */
static bool is_any_host(struct str s) {
    struct str rest = str_slice(s, 2, s.n);
    size_t slash = str_find(rest, '/');
    return str_starts(s, STR("*.")) && slash + 2 == rest.n && rest.p[slash + 1] == '*' &&
           !has_wildcard(str_slice(rest, 0, slash));
}

static void take_text(struct rule *r, json_at at, struct str text, enum convert_key key,
                      const char *aside) {
    struct convert *c = r->c;
    const struct str any_tag = STR(":*");
    if (str_eq(text, STR("*"))) {
        convert_pattern(c, r->clause, key, at, STR("**"), aside);
    } else if (str_ends(text, any_tag) && key == KEY_APPROVED) {
        struct str repository = str_slice(text, 0, text.n - any_tag.n);
        bool below = str_ends(repository, STR("/*"));
        convert_prefix(c, r->clause, key, at,
                       str_slice(repository, 0, repository.n - (below ? 1 : 0)),
                       "wider: also without a tag");
    } else if (is_any_host(text)) {
        convert_pattern(c, r->clause, key, at, convert_text(c, "%.*s*", STR_ARG(text)),
                        "narrower: the host alone; Kyverno's \"*\" goes past a \"/\"");
    } else if (ends_in_star(text)) {
        convert_prefix(c, r->clause, key, at, str_slice(text, 0, text.n - 1), aside);
    } else {
        convert_left(c, at, "\"%.*s\" %s", STR_ARG(str_slice(text, 0, 200)),
                     has_wildcard(text) ? "has a wildcard that is not at its end"
                                        : "is compared with the whole image, tag included");
    }
}

static bool is_tag_pattern(struct str s) {
    return str_eq(s, STR("*:*")) || str_eq(s, STR("!*:latest")) || str_eq(s, STR("!*:*latest"));
}

static bool is_digest_pattern(struct str s) {
    return str_eq(s, STR("*@*")) || str_eq(s, STR("*@sha256:*")) || str_eq(s, STR("*@sha256*"));
}

static void take_tag(struct rule *r, json_at at, struct str text, const char *aside) {
    struct convert_item *item = convert_add(r->c, r->clause, KEY_TAG, STR("explicit"));
    const char *why = aside;
    if (str_eq(text, STR("*:*")))
        why = "narrower: the colon of a port is no tag, and the tag latest is refused";
    else if (!r->explicit_tags)
        why = "narrower: images without a tag are refused as well, which are latest";
    if (why != NULL)
        convert_note(r->c, &item->notes, at, "%s", why);
    else
        convert_exact(r->c, &item->notes, at);
}

static void take_digest(struct rule *r, json_at at, const char *aside) {
    struct convert_item *item = convert_add(r->c, r->clause, KEY_DIGEST, STR("true"));
    if (aside != NULL)
        convert_note(r->c, &item->notes, at, "%s", aside);
    else
        convert_exact(r->c, &item->notes, at);
}

/* Parts joined with a mark, one after the other; false after the last. */
static bool next_part(struct str *rest, char mark, struct str *part) {
    if (rest->p == NULL)
        return false;
    size_t end = str_find(*rest, mark);
    *part = str_trim(str_slice(*rest, 0, end));
    *rest = end == rest->n ? STR_NONE : str_slice(*rest, end + 1, rest->n);
    return true;
}

/* All parts begin with "!" and are joined with "&": each is a denial. */
static bool are_denials(struct str text) {
    struct str part = STR_NONE;
    while (next_part(&text, '&', &part))
        if (!str_starts(part, STR("!")) || str_find(part, '|') != part.n)
            return false;
    return true;
}

static void take_image(struct rule *r, json_at at, const char *aside) {
    struct str text = str_trim(json_str(r->c->json, at)), rest = text, part = STR_NONE;
    if (is_tag_pattern(text)) {
        take_tag(r, at, text, aside);
    } else if (is_digest_pattern(text)) {
        take_digest(r, at, aside);
    } else if (text.n != 0 && are_denials(text)) {
        while (next_part(&rest, '&', &part))
            take_text(r, at, str_slice(part, 1, part.n), KEY_DENIED, aside);
    } else if (str_find(text, '&') != text.n || str_find(text, '!') != text.n) {
        convert_left(r->c, at, "joins patterns with \"&\" or \"!\"");
    } else {
        r->clause->restricts = true;
        while (next_part(&rest, '|', &part))
            take_text(r, at, part, KEY_APPROVED, aside);
    }
}

/* ---- validate ------------------------------------------------------------------------ */

enum list { LIST_CONTAINERS, LIST_INITS, LIST_EPHEMERALS, N_LISTS };
static const char *const list_words[N_LISTS] = {"containers", "initContainers",
                                                "ephemeralContainers"};

#define SOME_LISTS                                                                             \
    "narrower: Kyverno's rule does not look at all of containers, initContainers and "         \
    "ephemeralContainers"

/* Where each list's pattern of images is; the first of them is the rule's. */
struct images {
    json_at at[N_LISTS];
};

static void take_images(struct rule *r, const struct images *images) {
    struct convert *c = r->c;
    json_at first = JSON_NONE;
    bool all = true;
    for (size_t i = 0; i < N_LISTS; i++) {
        first = first == JSON_NONE ? images->at[i] : first;
        all &= images->at[i] != JSON_NONE;
    }
    if (first == JSON_NONE)
        return;
    take_image(r, first, all ? NULL : SOME_LISTS);
    for (size_t i = 0; i < N_LISTS; i++) {
        if (images->at[i] == JSON_NONE || images->at[i] == first)
            continue;
        if (str_eq(json_str(c->json, images->at[i]), json_str(c->json, first)))
            convert_exact(c, &r->clause->notes, images->at[i]);
        else
            convert_left(c, images->at[i], "differs from the pattern of the other lists");
    }
}

/* "=(initContainers)" is initContainers, where they are. */
static struct str bare_key(struct str key) {
    bool anchor = str_starts(key, STR("=(")) && str_ends(key, STR(")"));
    return anchor ? str_slice(key, 2, key.n - 1) : key;
}

static int find_list(struct str key) {
    for (int i = 0; i < N_LISTS; i++)
        if (str_eq(bare_key(key), str_of(list_words[i])))
            return i;
    return -1;
}

static json_at image_of(struct rule *r, json_at container) {
    struct convert *c = r->c;
    json_at image = JSON_NONE;
    for (json_at at = convert_first_value(c, container); at != JSON_NONE;
         at = convert_next_value(c, container, at)) {
        if (str_eq(bare_key(convert_key_of(c, at)), STR("image")) &&
            json_is(c->json, at, JSON_STRING))
            image = at;
        else
            convert_left(c, at, "is not about the image reference");
    }
    return image;
}

static void take_pattern(struct rule *r, json_at pattern) {
    struct convert *c = r->c;
    struct images images = {{JSON_NONE, JSON_NONE, JSON_NONE}};
    json_at spec = convert_get(c, pattern, "spec");
    for (json_at at = convert_first_value(c, spec); at != JSON_NONE;
         at = convert_next_value(c, spec, at)) {
        int list = find_list(convert_key_of(c, at));
        json_at container = convert_first(c, at);
        if (list >= 0 && container != JSON_NONE)
            images.at[list] = image_of(r, container);
        else
            convert_left(c, at, "is not about images");
    }
    take_images(r, &images);
}

/* "request.object.spec.containers", or all lists in one expression */
static bool names_list(struct str text, const char *word) {
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.n; i++) {
        bool begins = i == 0 || strchr(".[ ,", text.p[i - 1]) != NULL;
        if (begins && memcmp(text.p + i, word, n) == 0)
            return true;
    }
    return false;
}

static void take_foreach(struct rule *r, json_at rows) {
    struct convert *c = r->c;
    struct images images = {{JSON_NONE, JSON_NONE, JSON_NONE}};
    for (json_at at = convert_first(c, rows); at != JSON_NONE; at = convert_next(c, rows, at)) {
        json_at pattern = convert_get(c, at, "pattern");
        json_at image = pattern == JSON_NONE ? JSON_NONE : image_of(r, pattern);
        if (image == JSON_NONE)
            convert_left(c, at, "has no pattern of images");
        for (size_t i = 0; i < N_LISTS; i++)
            if (names_list(convert_string(c, at, "list"), list_words[i]) &&
                images.at[i] == JSON_NONE)
                images.at[i] = image;
    }
    take_images(r, &images);
}

static json_at action_of(const struct rule *r) {
    json_at at = convert_get(r->c, r->rule, "validate.failureAction");
    return at != JSON_NONE ? at : convert_get(r->c, r->policy, "spec.validationFailureAction");
}

/* Without one, Kyverno reports. */
static void take_action(struct rule *r) {
    json_at at = action_of(r);
    struct str action = json_str(r->c->json, at);
    if (!str_eq_nocase(action, STR("enforce")))
        convert_add(r->c, r->clause, KEY_MODE, STR("audit"));
    convert_exact(r->c, &r->clause->notes, at != JSON_NONE ? at : r->rule);
}

static void take_validate(struct rule *r, json_at validate) {
    struct convert *c = r->c;
    json_at pattern = convert_get(c, validate, "pattern");
    json_at rows = convert_get(c, validate, "foreach");
    take_action(r);
    if (pattern != JSON_NONE)
        take_pattern(r, pattern);
    else if (rows != JSON_NONE)
        take_foreach(r, rows);
    else
        convert_drop_clause(c, r->clause, "is neither a pattern nor a foreach with one");
}

/* ---- mutate -------------------------------------------------------------------------- */

/* The quoted arguments of regex_replace_all: '...', "{{...}}" or '{{...}}', '...'. */
static bool read_call(struct str text, struct str *regex, struct str *to) {
    static const char call[] = "regex_replace_all(";
    const char *hit = text.n ? memmem(text.p, text.n, call, sizeof call - 1) : NULL;
    const char *last = text.n ? memrchr(text.p, '\'', text.n) : NULL;
    if (hit == NULL || last == NULL)
        return false;
    struct str rest = {hit + sizeof call - 1,
                       (size_t)(text.p + text.n - hit) - sizeof call + 1};
    size_t from = str_find(rest, '\'') + 1;
    size_t end = from + str_find(str_slice(rest, from, rest.n), '\'');
    const char *open = memrchr(text.p, '\'', (size_t)(last - text.p));
    if (end >= rest.n || open == NULL)
        return false;
    *regex = str_slice(rest, from, end);
    *to = (struct str){open + 1, (size_t)(last - open) - 1};
    return true;
}

/* The expression of the published policy, with any number of backslashes. */
static bool is_known(struct str regex) {
    static const char known[] = "^(localhost/|(?:[a-z0-9]+.)+[a-z0-9]+/)?(.*)$";
    size_t k = 0;
    for (size_t i = 0; i < regex.n; i++) {
        if (regex.p[i] == '\\')
            continue;
        if (k >= sizeof known - 1 || regex.p[i] != known[k])
            return false;
        k++;
    }
    return k == sizeof known - 1;
}

static void take_replacement(struct rule *r, json_at at, struct str registry) {
    static const char *const hosts[] = {"docker.io", "gcr.io", "ghcr.io", "quay.io",
                                        "registry.k8s.io"};
    struct convert *c = r->c;
    struct convert_item *item = convert_add(c, r->clause, KEY_REGISTRY, registry);
    convert_note(c, &item->notes, at,
                 "narrower: for images without a registry, and those of the hosts in mirrors; "
                 "Kyverno's expression takes off all hosts without a hyphen or a port");
    for (size_t i = 0; i < N(hosts); i++)
        convert_add_pair(c, r->clause, KEY_MIRRORS, str_of(hosts[i]), registry);
}

static void take_expression(struct rule *r, json_at at) {
    struct convert *c = r->c;
    struct str regex = STR_NONE, to = STR_NONE;
    if (!read_call(json_str(c->json, at), &regex, &to) || !is_known(regex) ||
        !str_ends(to, STR("/$2"))) {
        convert_left(c, at, "is an expression that is not known here");
        return;
    }
    struct str registry = str_slice(to, 0, to.n - 3);
    const struct convert_item *item = r->clause->field[KEY_REGISTRY].first;
    if (item == NULL)
        take_replacement(r, at, registry);
    else if (str_eq(item->value, registry))
        convert_exact(c, &r->clause->notes, at);
    else
        convert_left(c, at, "names another registry than before");
}

/* All values of keys "image" below the rule. */
static void take_mutate(struct rule *r, json_at mutate) {
    struct convert *c = r->c;
    bool any = false;
    for (json_at at = mutate + 1; at < c->json->nodes[mutate].next; at++) {
        bool member =
            !json_is_key(c->json, at) && json_is(c->json, c->places[at].parent, JSON_OBJECT);
        if (!member || !json_is(c->json, at, JSON_STRING) ||
            !str_eq(convert_key_of(c, at), STR("image")))
            continue;
        any = true;
        take_expression(r, at);
    }
    if (!any || r->clause->field[KEY_REGISTRY].first == NULL)
        convert_drop_clause(c, r->clause, "changes no image in a way that is known here");
    if (!any)
        convert_left(c, mutate, "changes no image in a way that is known here");
}

/* ---- rules and policies -------------------------------------------------------------- */

static void take_templates(struct rule *r) {
    json_at notes = convert_get(r->c, r->policy, "metadata.annotations");
    json_at at =
        json_get(r->c->json, notes, STR("pod-policies.kyverno.io/autogen-controllers"));
    if (str_eq(json_str(r->c->json, at), STR("none")))
        convert_add(r->c, r->clause, KEY_TEMPLATES, STR("ignore"));
}

/* A rule that replaces a registry has one clause for all lists of containers: its name. */
static void take_rule(struct rule *r) {
    struct convert *c = r->c;
    json_at validate = convert_get(c, r->rule, "validate"),
            mutate = convert_get(c, r->rule, "mutate");
    struct str name = convert_string(c, r->rule, "name");
    r->clause = convert_add_clause(c, name.n ? name : STR("kyverno"));
    convert_why why = read_rule_selection(r);
    if (why == NULL && validate == JSON_NONE && mutate == JSON_NONE)
        why = "neither validates nor mutates";
    if (why != NULL) {
        convert_exact(c, &r->clause->notes, r->rule);
        convert_drop_clause(c, r->clause, why);
        return;
    }
    take_templates(r);
    if (validate != JSON_NONE)
        take_validate(r, validate);
    else
        take_mutate(r, mutate);
}

/* Some rule of the policy has the pattern "*:*". */
static bool asks_for_tags(const struct convert *c, json_at policy) {
    for (json_at at = policy; at < c->json->nodes[policy].next; at++)
        if (json_is(c->json, at, JSON_STRING) && !json_is_key(c->json, at) &&
            str_eq(json_str(c->json, at), STR("*:*")))
            return true;
    return false;
}

static void take_policy(struct convert *c, json_at object, struct str kind) {
    json_at at = convert_get(c, object, "kind"), rules = convert_get(c, object, "spec.rules");
    bool known = str_eq(kind, STR("ClusterPolicy")) || str_eq(kind, STR("Policy"));
    if (!known || !convert_in_group(c, object, "kyverno.io/")) {
        convert_left(c, at == JSON_NONE ? object : at,
                     "is no ClusterPolicy or Policy of kyverno.io");
        return;
    }
    struct rule r = {.c = c, .policy = object, .explicit_tags = asks_for_tags(c, object)};
    json_at overrides = convert_get(c, object, "spec.validationFailureActionOverrides");
    if (overrides != JSON_NONE)
        convert_left(c, overrides, "changes the mode in some namespaces");
    for (json_at rule = convert_first(c, rules); rule != JSON_NONE && !c->full;
         rule = convert_next(c, rules, rule)) {
        r.rule = rule;
        take_rule(&r);
    }
}

static enum ec read_objects(struct convert *c, struct err *err) {
    return convert_each_object(c, take_policy, err);
}

const struct convert_format convert_kyverno = {
    .word = "kyverno", .read = read_objects, .end = convert_combine};
