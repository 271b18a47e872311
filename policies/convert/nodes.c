#include "convert/nodes.h"

struct convert_item *convert_mirror(struct convert *c, struct convert_block *b, json_at at,
                                    struct str from, struct str to, const char *note) {
    struct convert_item *item = convert_add_pair(c, b, KEY_MIRRORS, from, to);
    if (c->full)
        return item;
    if (item->gone || !str_eq(item->value, to))
        convert_left(c, at, "\"%.*s\" has a mirror already, \"%.*s\"", STR_ARG(from),
                     STR_ARG(item->value));
    else if (note != NULL)
        convert_note(c, &item->notes, at, "%s", note);
    else
        convert_exact(c, &item->notes, at);
    return item;
}

void convert_search_list(struct convert *c, struct convert_block *b, json_at list) {
    json_at first = convert_first(c, list);
    struct str host = first == JSON_NONE ? STR_NONE : json_str(c->json, first);
    if (host.n == 0)
        return;
    if (convert_next(c, list, first) != JSON_NONE)
        convert_left(c, list, "are several, which are tried in turn: a rule has one registry");
    else if (str_eq(host, STR("docker.io")))
        convert_exact(c, &b->notes, first);
    else
        convert_exact(c, &convert_set(c, b, KEY_REGISTRY, host)->notes, first);
}

void convert_approve_rest(struct convert *c, struct convert_block *b, const char *why) {
    if (b->restricts || b->field[KEY_APPROVED].first != NULL)
        return;
    struct convert_item *item = convert_add(c, b, KEY_APPROVED, STR("**"));
    convert_remark(c, &item->notes, "%s", why);
}
