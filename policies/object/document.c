/* One document: an object, a review, or a list of them. */
#include "object/skip.h"
#include "object/walk.h"

#include <stdio.h>

enum { LIST_DEPTH_MAX = 8 };

/* A fault; EC_OK, unless there is no going on. */
enum ec object_walk_fault(struct object_walk *w, bool whole, struct err *err) {
    if (w->stop || err->code == EC_NOMEM)
        return err->code;
    const struct object_fault fault = {
        .file = w->file, .lines = &w->lines, .whole = whole, .err = err};
    w->totals->unreadable++;
    w->to->fault(w->to->arg, &fault);
    *err = (struct err)ERR_INIT;
    return EC_OK;
}

enum ec object_walk_fault_at(struct object_walk *w, struct err *err, uint32_t line,
                             uint32_t col) {
    if (str_starts(str_of(err->where), STR("/")))
        err->where[0] = '\0'; /* a JSON pointer: of no use beside the line */
    err_locate(err, w->file, line, col);
    return object_walk_fault(w, false, err);
}

struct item_type {
    struct str version, kind;
};

/* Items of a PodList, as the API server gives it, do not say what they are. */
static struct item_type type_of_items(const struct json *json, json_at list) {
    struct str kind = json_str(json, json_get(json, list, STR("kind")));
    if (!str_ends(kind, STR("List")) || kind.n == 4)
        return (struct item_type){STR_NONE, STR_NONE};
    return (struct item_type){json_str(json, json_get(json, list, STR("apiVersion"))),
                              str_slice(kind, 0, kind.n - 4)};
}

/* Any object with a top-level `items` is a list to kubectl, whatever its kind says. */
static enum ec take_list(struct object_walk *w, const struct yaml_doc *doc, struct str prefix,
                         json_at list, unsigned depth, struct err *err) {
    json_at items = json_get(doc->json, list, STR("items"));
    const struct item_type type = type_of_items(doc->json, list);
    size_t i = 0;
    enum ec ec = EC_OK;
    if (depth == LIST_DEPTH_MAX)
        return err_set(err, EC_LIMIT, "lists in lists, deeper than %d levels", LIST_DEPTH_MAX);
    for (json_at at = json_first(doc->json, items); at != JSON_NONE && ec == EC_OK;
         at = json_next(doc->json, items, at), i++) {
        char pointer[256];
        int n = snprintf(pointer, sizeof pointer, "%.*s/items/%zu", STR_ARG(prefix), i);
        w->j->item_version = type.version; /* a list in this one had others */
        w->j->item_kind = type.kind;
        ec = object_walk_take(w, doc, (struct str){pointer, (size_t)n}, at, depth + 1, err);
    }
    w->j->item_kind = w->j->item_version = STR_NONE;
    return ec;
}

/* Of a whole document that is not an object: what to do about it. */
static void advise(const struct object_walk *w, const struct json *j, struct str prefix,
                   struct err *err) {
    size_t n = strlen(err->msg);
    struct buf advice = BUF_OVER(err->msg + n, sizeof err->msg - 1 - n);
    if (prefix.n != 0 || err->code != EC_SCHEMA || object_skip_is_manifest(j))
        return;
    object_skip_put_advice(&advice, j, w->file);
    err->msg[n + (advice.bad ? 0 : advice.n)] = '\0';
}

enum ec object_walk_take(struct object_walk *w, const struct yaml_doc *doc, struct str prefix,
                         json_at object, unsigned depth, struct err *err) {
    struct yaml_location pos = doc->pos[object];
    struct object o = {.file = w->file,
                       .text = w->text,
                       .lines = &w->lines,
                       .near = &w->near,
                       .line = pos.line,
                       .doc = doc,
                       .prefix = prefix,
                       .object = object,
                       .policy = w->j->policy};
    enum ec ec;
    arena_reset(&w->j->arena);
    w->near = (struct json_cursor)JSON_CURSOR_INIT;
    if (!json_is(doc->json, object, JSON_OBJECT))
        ec = err_set(err, EC_SCHEMA, "not a Kubernetes object: expected an object, found %s",
                     json_type_name(json_type_of(doc->json, object)));
    else if (prefix.n == 0 && object_skip_is_kustomization(doc->json))
        ec = err_set(err, EC_SCHEMA, "not an object of the cluster");
    else if (json_get(doc->json, object, STR("items")) != JSON_NONE)
        ec = take_list(w, doc, prefix, object, depth, err);
    else if (review_is_review(doc->json, object))
        ec = object_walk_review(w, &o, err);
    else
        ec = object_walk_object(w, &o, err);
    if (ec == EC_OK)
        return EC_OK;
    advise(w, doc->json, prefix, err);
    return object_walk_fault_at(w, err, pos.line, pos.col);
}

enum ec object_read_part(struct object_judge *j, const char *file, const struct yaml_doc *doc,
                         struct str prefix, json_at object, const struct object_sink *to,
                         struct object_totals *totals, struct err *err) {
    struct object_walk w = {.j = j, .to = to, .totals = totals, .file = file};
    return object_walk_take(&w, doc, prefix, object, 0, err);
}
