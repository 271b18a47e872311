#include "convert/kubernetes.h"

#define NAME_LABEL "kubernetes.io/metadata.name"

enum ec convert_each_object(struct convert *c, convert_object_fn *each, struct err *err) {
    struct str kind = convert_string(c, 0, "kind");
    json_at items = convert_get(c, 0, "items");
    if (kind.n == 0 || convert_string(c, 0, "apiVersion").n == 0)
        return convert_fail(c, 0, err,
                            "not an object of Kubernetes: expected apiVersion and kind");
    if (!str_ends(kind, STR("List")) || !json_is(c->json, items, JSON_ARRAY)) {
        each(c, 0, kind);
        return EC_OK;
    }
    for (json_at at = convert_first(c, items); at != JSON_NONE && !c->full;
         at = convert_next(c, items, at))
        each(c, at, convert_string(c, at, "kind"));
    return EC_OK;
}

bool convert_in_group(const struct convert *c, json_at object, const char *group) {
    return str_starts(convert_string(c, object, "apiVersion"), str_of(group));
}

static bool is_text(const struct convert *c, json_at at) {
    return json_is(c->json, at, JSON_STRING) && json_str(c->json, at).n != 0;
}

convert_why convert_namespaces(struct convert *c, struct convert_block *clause,
                               enum convert_key key, json_at list) {
    for (json_at at = convert_first(c, list); at != JSON_NONE; at = convert_next(c, list, at)) {
        if (!is_text(c, at))
            return "lists something that is not the name of a namespace";
        if (str_find(json_str(c->json, at), '?') != json_str(c->json, at).n)
            return "has a namespace with \"?\", which globs of a rule file do not have";
        convert_add(c, clause, key, json_str(c->json, at));
    }
    return NULL;
}

/* ---- label selectors ----------------------------------------------------------------- */

static bool has_wildcard(struct str s) {
    return str_find(s, '*') != s.n || str_find(s, '?') != s.n;
}

static convert_why take_label(struct convert *c, struct convert_block *clause, json_at value) {
    struct str key = convert_key_of(c, value), text = json_str(c->json, value);
    if (!json_is(c->json, value, JSON_STRING) || has_wildcard(key) || has_wildcard(text))
        return "selects by labels with wildcards";
    convert_add_pair(c, clause, KEY_LABELS, key, text);
    return NULL;
}

/* As flow YAML, which is JSON but for the quotes of its keys. */
static convert_why take_expression(struct convert *c, struct convert_block *clause, json_at e) {
    struct buf text = BUF_INIT(1 << 16);
    json_at values = convert_get(c, e, "values");
    if (!is_text(c, convert_get(c, e, "key")) || !is_text(c, convert_get(c, e, "operator")))
        return "has a matchExpressions without key or operator";
    buf_puts(&text, "{key: ");
    buf_json(&text, convert_string(c, e, "key"));
    buf_puts(&text, ", operator: ");
    buf_json(&text, convert_string(c, e, "operator"));
    for (json_at at = convert_first(c, values); at != JSON_NONE;
         at = convert_next(c, values, at)) {
        buf_puts(&text, at == convert_first(c, values) ? ", values: [" : ", ");
        buf_json(&text, json_str(c->json, at));
    }
    buf_puts(&text, convert_first(c, values) != JSON_NONE ? "]}" : "}");
    c->full |= text.bad != 0;
    if (!c->full)
        convert_add(c, clause, KEY_EXPRESSIONS, buf_view(&text));
    buf_done(&text);
    return NULL;
}

convert_why convert_pod_labels(struct convert *c, struct convert_block *clause,
                               json_at selector) {
    json_at labels = convert_get(c, selector, "matchLabels");
    json_at expressions = convert_get(c, selector, "matchExpressions");
    convert_why why = NULL;
    for (json_at at = convert_first_value(c, labels); at != JSON_NONE && why == NULL;
         at = convert_next_value(c, labels, at))
        why = take_label(c, clause, at);
    for (json_at at = convert_first(c, expressions); at != JSON_NONE && why == NULL;
         at = convert_next(c, expressions, at))
        why = take_expression(c, clause, at);
    return why;
}

#define OTHER_LABELS                                                                           \
    "selects namespaces by labels; only " NAME_LABEL                                           \
    " is known here. Leave the others to the namespaceSelector of the webhook"

static convert_why take_names(struct convert *c, struct convert_block *clause, json_at e) {
    struct str op = convert_string(c, e, "operator");
    json_at values = convert_get(c, e, "values");
    if (!str_eq(convert_string(c, e, "key"), STR(NAME_LABEL)))
        return OTHER_LABELS;
    if (str_eq(op, STR("NotIn")))
        return convert_namespaces(c, clause, KEY_SPACES, values);
    if (!str_eq(op, STR("In")))
        return str_eq(op, STR("Exists")) ? NULL : OTHER_LABELS;
    if (clause->field[KEY_NAMESPACES].first != NULL)
        return "selects namespaces twice, by names and by labels";
    return convert_namespaces(c, clause, KEY_NAMESPACES, values);
}

convert_why convert_namespace_labels(struct convert *c, struct convert_block *clause,
                                     json_at selector) {
    json_at labels = convert_get(c, selector, "matchLabels");
    json_at expressions = convert_get(c, selector, "matchExpressions");
    convert_why why = NULL;
    for (json_at at = convert_first_value(c, labels); at != JSON_NONE;
         at = convert_next_value(c, labels, at)) {
        if (!str_eq(convert_key_of(c, at), STR(NAME_LABEL)))
            return OTHER_LABELS;
        if (clause->field[KEY_NAMESPACES].first != NULL)
            return "selects namespaces twice, by names and by labels";
        convert_add(c, clause, KEY_NAMESPACES, json_str(c->json, at));
    }
    for (json_at at = convert_first(c, expressions); at != JSON_NONE && why == NULL;
         at = convert_next(c, expressions, at))
        why = take_names(c, clause, at);
    return why;
}

json_at convert_other_key(const struct convert *c, json_at map, const char *const *words) {
    for (json_at at = convert_first_value(c, map); at != JSON_NONE;
         at = convert_next_value(c, map, at)) {
        size_t i = 0;
        while (words[i] != NULL && !str_eq(convert_key_of(c, at), str_of(words[i])))
            i++;
        if (words[i] == NULL)
            return at;
    }
    return JSON_NONE;
}
