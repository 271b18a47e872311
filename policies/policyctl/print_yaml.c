/* The object as the webhook would leave it, and the difference. */
#include "policyctl/print.h"

#include "base/mem.h"
#include "yaml/print.h"

#include <jansson.h>

enum { JSON_BYTES_MAX = 512 << 20 };

/* ---- edits applied to a tree
 * ----------------------------------------------------------------------- */

/* The container that holds the pointer's last token; borrowed. Decisions only point into
 * objects and arrays that exist. */
static json_t *parent_of(json_t *root, struct str pointer, struct str *last) {
    json_t *at = root;
    pointer = str_slice(pointer, 1, pointer.n);
    for (;;) {
        size_t n = str_find(pointer, '/');
        struct str token = str_slice(pointer, 0, n);
        uint64_t index = 0;
        if (n == pointer.n) {
            *last = token;
            return at;
        }
        at = json_is_array(at) && str_to_uint(token, SIZE_MAX, &index)
                 ? json_array_get(at, (size_t)index)
                 : json_object_getn(at, token.p, token.n);
        pointer = str_slice(pointer, n + 1, pointer.n);
    }
}

static json_t *secret_new(struct str name) {
    return json_pack("{s:s%}", "name", name.n ? name.p : "", name.n);
}

static json_t *value_new(const struct edit *e) {
    if (e->kind == EDIT_STRING)
        return json_stringn(e->string.p, e->string.n);
    if (e->kind == EDIT_SECRET)
        return secret_new(e->string);
    json_t *list = json_array();
    for (size_t i = 0; i < e->n_names && list != NULL; i++)
        json_array_append_new(list, secret_new(e->names[i]));
    return list;
}

static bool apply(json_t *root, const struct edit *e) {
    struct str last;
    json_t *parent = parent_of(root, e->pointer, &last);
    json_t *value = value_new(e);
    if (str_eq(last, STR("-")))
        return json_array_append_new(parent, value) == 0;
    return json_object_setn_new(parent, last.p, last.n, value) == 0;
}

static enum ec dump(json_t *root, struct buf *out, struct err *err) {
    char *text = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    buf_puts(out, text);
    /* from jansson's allocator, which is ours once the rules are loaded */
    json_malloc_t take;
    json_free_t give;
    json_get_alloc_funcs(&take, &give);
    give(text);
    return out->bad ? err_set(err, (enum ec)out->bad, "no room for the object") : EC_OK;
}

enum ec print_patched(const struct subject *s, struct buf *before, struct buf *after,
                      struct err *err) {
    json_error_t why = {.line = 0};
    json_print(&s->doc->json, s->object, before);
    if (before->bad)
        return err_set(err, (enum ec)before->bad, "no room for the object");
    json_t *root = json_loadb(before->p, before->n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (root == NULL)
        return err_set(err, EC_LIMIT, "%s:%u: cannot be printed: %s", s->file, s->line,
                       why.text);
    bool ok = true;
    for (size_t i = 0; i < s->decision->n_edits && ok; i++)
        ok = apply(root, &s->decision->edits[i]);
    if (!ok)
        err_set(err, EC_NOMEM, "out of memory");
    else
        dump(root, after, err);
    json_decref(root);
    return err->code;
}

/* ---- printing
 * -------------------------------------------------------------------------------------------
 */

/* Compact JSON to YAML. */
static enum ec to_yaml(struct buf *json_text, struct buf *out, struct err *err) {
    struct json j = JSON_INIT;
    char *padding = buf_room(json_text, JSON_PADDING);
    if (padding == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    memset(padding, 0, JSON_PADDING);
    enum ec ec =
        json_parse(&j, json_text->p, json_text->n,
                   (struct json_limits){.max_depth = 1024, .max_nodes = UINT32_MAX / 2}, err);
    if (ec == EC_OK)
        ec = yaml_print(&j, 0, out, err);
    json_done(&j);
    return ec;
}

/* YAML of the object before and after; both are the caller's to end. */
static enum ec both(const struct subject *s, struct buf *before, struct buf *after,
                    struct err *err) {
    struct buf a = BUF_INIT(JSON_BYTES_MAX), b = BUF_INIT(JSON_BYTES_MAX);
    enum ec ec = print_patched(s, &a, &b, err);
    if (ec == EC_OK)
        ec = to_yaml(&a, before, err);
    if (ec == EC_OK)
        ec = to_yaml(&b, after, err);
    buf_done(&a);
    buf_done(&b);
    return ec;
}

enum ec print_yaml_object(struct print *p, const struct subject *s, struct err *err) {
    struct buf before = BUF_INIT(JSON_BYTES_MAX), after = BUF_INIT(JSON_BYTES_MAX);
    if (s->object == JSON_NONE)
        return EC_OK;
    if (both(s, &before, &after, err) == EC_OK) {
        if (p->n_objects++ != 0)
            buf_puts(&p->out, "---\n");
        buf_str(&p->out, buf_view(&after));
    }
    buf_done(&before);
    buf_done(&after);
    return err->code;
}

enum ec print_diff_object(struct print *p, const struct subject *s, struct err *err) {
    struct buf before = BUF_INIT(JSON_BYTES_MAX), after = BUF_INIT(JSON_BYTES_MAX);
    struct buf name = BUF_INIT(8192);
    if (s->object == JSON_NONE || s->decision->n_edits == 0)
        return EC_OK;
    const struct workload *w = s->workload;
    struct str object = w->name.n ? w->name : w->generate_name;
    buf_printf(&name, "%s:%u %.*s/%.*s", s->file, s->line, STR_ARG(w->kind), STR_ARG(object));
    const char *title = buf_z(&name);
    if (both(s, &before, &after, err) == EC_OK)
        (void)!print_unified(&p->out, title ? title : s->file, title ? title : s->file,
                             buf_view(&before), buf_view(&after), err);
    buf_done(&name);
    buf_done(&before);
    buf_done(&after);
    return err->code;
}
