#include "suite/outcome.h"

static struct yaml_location pos_of(const struct suite_outcome *o, json_at at) {
    return o->s->form.doc->pos[at];
}

static struct str node_text(const struct suite_outcome *o, json_at at) {
    return json_str(o->s->form.doc->json, at);
}

static void check_verdict(struct suite_outcome *o) {
    struct str expected = node_text(o, o->c->verdict);
    struct str found = str_of(o->verdict);
    if (o->c->verdict != JSON_NONE && !str_eq(found, expected))
        suite_outcome_fail(o, pos_of(o, o->c->verdict), "verdict", found, expected);
}

static void check_deciding_rule(struct suite_outcome *o) {
    struct str expected = node_text(o, o->c->rule);
    if (o->c->rule == JSON_NONE)
        return;
    if (o->rules_differ)
        suite_outcome_fail(o, pos_of(o, o->c->rule), "rule", STR("objects of several rules"),
                           expected);
    else if (o->rule == NULL || !str_eq(str_of(o->rule), expected))
        suite_outcome_fail(o, pos_of(o, o->c->rule), "rule", str_of(o->rule), expected);
}

static void check_code(struct suite_outcome *o) {
    struct buf all = BUF_INIT(1 << 20);
    struct str expected = node_text(o, o->c->code);
    bool hit = o->c->code == JSON_NONE;
    for (const struct suite_reason *r = o->c->reasons; r != NULL && !hit; r = r->next) {
        if (r->code[0] == '\0')
            continue;
        hit = str_eq(str_of(r->code), expected);
        buf_printf(&all, "%s%s", all.n ? ", " : "", r->code);
    }
    struct str found = suite_outcome_copy(o, &all);
    if (!hit)
        suite_outcome_fail(o, pos_of(o, o->c->code), "code", found, expected);
}

static void check_message(struct suite_outcome *o) {
    struct buf all = BUF_INIT(4 << 20);
    bool hit = o->c->message == JSON_NONE;
    for (const struct suite_reason *r = o->c->reasons; r != NULL && !hit; r = r->next) {
        if (r->code[0] == '\0')
            continue;
        hit = r->message.p != NULL && regexec(&o->c->regex, r->message.p, 0, NULL, 0) == 0;
        buf_printf(&all, "%s%.*s", all.n ? " | " : "", STR_ARG(r->message));
    }
    struct str found = suite_outcome_copy(o, &all);
    if (!hit)
        suite_outcome_fail(o, pos_of(o, o->c->message), "message", found,
                           node_text(o, o->c->message));
}

/* "container", or "object/container": names of containers have no slash. */
static bool is_named(const struct suite_seen_image *image, struct str key) {
    const char *slash = key.n != 0 ? memrchr(key.p, '/', key.n) : NULL;
    if (slash == NULL)
        return str_eq(image->container, key);
    size_t n = (size_t)(slash - key.p);
    return str_eq(image->object, str_slice(key, 0, n)) &&
           str_eq(image->container, str_slice(key, n + 1, key.n));
}

static void check_image(struct suite_outcome *o, json_at key) {
    struct buf what = BUF_INIT(1024);
    struct str name = node_text(o, key), expected = node_text(o, key + 1);
    size_t n = 0;
    buf_printf(&what, "images: %.*s", STR_ARG(str_slice(name, 0, 300)));
    const char *title = suite_outcome_copy(o, &what).p;
    for (const struct suite_seen_image *i = o->images; i != NULL; i = i->next) {
        if (!is_named(i, name))
            continue;
        n++;
        if (!str_eq(i->image, expected))
            suite_outcome_fail(o, pos_of(o, key + 1), title ? title : "images", i->image,
                               expected);
    }
    if (n == 0)
        suite_outcome_fail(o, pos_of(o, key), title ? title : "images",
                           STR("no such container"), expected);
}

static void check_images(struct suite_outcome *o) {
    const struct json *j = o->s->form.doc->json;
    for (json_at key = json_first(j, o->c->images); key != JSON_NONE;
         key = json_next(j, o->c->images, key + 1))
        check_image(o, key);
}

static bool same_secrets(const struct suite_outcome *o,
                         const struct suite_seen_object *object) {
    const struct json *j = o->s->form.doc->json;
    size_t i = 0;
    for (json_at at = json_first(j, o->c->secrets); at != JSON_NONE;
         at = json_next(j, o->c->secrets, at), i++)
        if (i >= object->n_secrets || !str_eq(object->secrets[i], json_str(j, at)))
            return false;
    return i == object->n_secrets;
}

static void put_secret(struct buf *out, struct str name) {
    buf_printf(out, "%s%.*s", out->n > 1 ? ", " : "", STR_ARG(name));
}

static void fail_secrets(struct suite_outcome *o, const struct suite_seen_object *object) {
    const struct json *j = o->s->form.doc->json;
    struct buf found = BUF_INIT(1 << 20), expected = BUF_INIT(1 << 20);
    buf_putc(&found, '[');
    buf_putc(&expected, '[');
    for (size_t i = 0; i < object->n_secrets; i++)
        put_secret(&found, object->secrets[i]);
    for (json_at at = json_first(j, o->c->secrets); at != JSON_NONE;
         at = json_next(j, o->c->secrets, at))
        put_secret(&expected, json_str(j, at));
    buf_putc(&found, ']');
    buf_putc(&expected, ']');
    struct str both[2] = {suite_outcome_copy(o, &found), suite_outcome_copy(o, &expected)};
    suite_outcome_fail(o, pos_of(o, o->c->secrets), "secrets", both[0], both[1]);
}

static void check_secrets(struct suite_outcome *o) {
    const struct suite_seen_object nothing = {.n_secrets = 0};
    if (o->c->secrets == JSON_NONE)
        return;
    for (const struct suite_seen_object *object = o->objects; object != NULL;
         object = object->next)
        if (!same_secrets(o, object))
            fail_secrets(o, object);
    if (o->objects == NULL && !same_secrets(o, &nothing))
        fail_secrets(o, &nothing);
}

void suite_outcome_check(struct suite_outcome *o) {
    if (o->c->failures != NULL)
        return; /* it could not be judged: the rest would only repeat that */
    if (o->n_objects == 0) {
        suite_outcome_fail(o, o->c->pos, "file", STR("no objects"), STR("at least one"));
        return;
    }
    check_verdict(o);
    check_deciding_rule(o);
    check_code(o);
    check_message(o);
    check_images(o);
    check_secrets(o);
}
