#include "suite/suite.h"

#include "base/clock.h"
#include "object/messages.h"

#include <stdio.h>

/* ---- what was found ------------------------------------------------------------------ */

struct seen_image {
    struct seen_image *next;
    struct str object, container, image;
};

struct seen_object { /* one that runs pods */
    struct seen_object *next;
    const struct str *secrets;
    size_t n_secrets;
};

/* Of verdicts, by weight. */
enum rank { RANK_ALLOW, RANK_NOT_JUDGED, RANK_WARN, RANK_DENY };

struct outcome {
    struct suite *s;
    struct suite_case *c;
    struct suite_failure **end; /* of the case's failures */
    size_t n_objects;
    enum rank rank;
    const char *verdict; /* the heaviest */
    const char *rule;    /* of the first object that is judged by a rule */
    bool rules_differ;
    struct seen_image *images, **last_image;
    struct suite_reason **last_reason; /* of the case's reasons */
    struct seen_object *objects, **last_object;
    bool no_memory;
};

static struct str copy(struct outcome *o, struct str text) {
    struct str out = STR_NONE;
    char *z = arena_zalloc(&o->s->arena, text.n + 1);
    if (z == NULL) {
        o->no_memory = true;
        return out;
    }
    if (text.n != 0)
        memcpy(z, text.p, text.n);
    return (struct str){z, text.n};
}

static struct str copy_buf(struct outcome *o, struct buf *b) {
    struct str out = copy(o, buf_view(b));
    o->no_memory |= b->bad != 0;
    buf_done(b);
    return out;
}

static void fail(struct outcome *o, struct yaml_pos pos, const char *what, struct str found,
                 struct str expected) {
    struct suite_failure *f = ARENA_NEW(&o->s->arena, struct suite_failure);
    if (f == NULL) {
        o->no_memory = true;
        return;
    }
    *f = (struct suite_failure){
        .pos = pos, .what = what, .found = copy(o, found), .expected = copy(o, expected)};
    *o->end = f;
    o->end = &f->next;
}

static void see_images(struct outcome *o, const struct object *s) {
    for (size_t i = 0; i < s->decision->n_images; i++) {
        const struct decision_image *d = &s->decision->images[i];
        struct seen_image *image = ARENA_NEW(&o->s->arena, struct seen_image);
        if (image == NULL) {
            o->no_memory = true;
            return;
        }
        /* A template stays as it is: what counts is what its pods get. */
        bool in_pods = s->workload->shape == SHAPE_TEMPLATE;
        image->object = copy(o, object_name(s));
        image->container = copy(o, d->image->name);
        image->image = copy(o, in_pods ? d->proposed : d->after);
        *o->last_image = image;
        o->last_image = &image->next;
    }
}

static void see_reason(struct outcome *o, const char *code, struct str message) {
    struct suite_reason *reason = ARENA_NEW(&o->s->arena, struct suite_reason);
    if (reason == NULL) {
        o->no_memory = true;
        return;
    }
    reason->code = code;
    reason->message = copy(o, message);
    *o->last_reason = reason;
    o->last_reason = &reason->next;
}

/* Where nothing is held against an object, that is why. */
static void see_reasons(struct outcome *o, const struct object *s) {
    const struct decision *d = s->decision;
    struct buf text = BUF_INIT(1 << 20);
    for (size_t i = 0; i < d->n_reasons; i++)
        see_reason(o, engine_code_name(d->reasons[i].code), d->reasons[i].message);
    if (s->unjudged != NULL)
        object_put_unjudged(&text, s);
    else if (d->n_reasons == 0 && d->rule != NULL)
        buf_printf(&text, "rule \"%.*s\" allows it", STR_ARG(d->rule->name));
    else if (d->n_reasons == 0)
        buf_puts(&text, "no rule selects it");
    if (text.n != 0)
        see_reason(o, s->unjudged != NULL ? "not-judged" : "", buf_view(&text));
    o->no_memory |= text.bad != 0;
    buf_done(&text);
}

static void see_verdict(struct outcome *o, const struct object *s) {
    static const enum rank ranks[] = {
        [VERDICT_ALLOW] = RANK_ALLOW, [VERDICT_WARN] = RANK_WARN, [VERDICT_DENY] = RANK_DENY};
    enum rank rank = s->unjudged != NULL ? RANK_NOT_JUDGED : ranks[s->decision->verdict];
    if (o->verdict != NULL && rank <= o->rank)
        return;
    o->rank = rank;
    o->verdict = object_verdict_name(s);
}

static void see_secrets(struct outcome *o, const struct decision *d) {
    struct seen_object *object = ARENA_NEW(&o->s->arena, struct seen_object);
    struct str *names = ARENA_ARRAY(&o->s->arena, struct str, d->n_secrets);
    if (object == NULL || names == NULL) {
        o->no_memory = true;
        return;
    }
    *object = (struct seen_object){.secrets = names};
    for (size_t i = 0; i < d->n_secrets; i++)
        if (d->secrets[i].n != 0)
            names[object->n_secrets++] = copy(o, d->secrets[i]);
    *o->last_object = object;
    o->last_object = &object->next;
}

static void see_rule(struct outcome *o, const struct decision *d) {
    if (d->rule == NULL)
        return;
    const char *name = copy(o, d->rule->name).p;
    if (o->rule != NULL && name != NULL && strcmp(o->rule, name) != 0)
        o->rules_differ = true;
    if (o->rule == NULL)
        o->rule = name;
}

static enum ec take_object(void *arg, const struct object *s, struct err *err) {
    struct outcome *o = arg;
    const struct decision *d = s->decision;
    if (o->c->is_review && !s->is_review)
        fail(o, o->c->pos, "review", s->workload->kind, STR("AdmissionReview"));
    o->n_objects++;
    see_verdict(o, s);
    see_images(o, s);
    see_reasons(o, s);
    see_rule(o, d);
    if (s->workload->shape != SHAPE_OTHER)
        see_secrets(o, d);
    return o->no_memory ? err_set(err, EC_NOMEM, "out of memory") : EC_OK;
}

static void take_fault(void *arg, const struct object_fault *f) {
    struct outcome *o = arg;
    struct buf text = BUF_INIT(8192);
    err_print(f->err, &text);
    fail(o, o->c->pos,
         o->c->is_review ? "review"
         : o->c->file    ? "file"
                         : "object",
         copy_buf(o, &text), STR("an object that can be judged"));
}

/* ---- against what was expected ------------------------------------------------------- */

static struct yaml_pos pos_of(const struct outcome *o, json_at at) {
    return o->s->form.doc->pos[at];
}

static struct str text_of(const struct outcome *o, json_at at) {
    return json_str(o->s->form.doc->json, at);
}

static void check_verdict(struct outcome *o) {
    struct str expected = text_of(o, o->c->verdict);
    struct str found = str_of(o->verdict);
    if (o->c->verdict != JSON_NONE && !str_eq(found, expected))
        fail(o, pos_of(o, o->c->verdict), "verdict", found, expected);
}

static void check_rule(struct outcome *o) {
    struct str expected = text_of(o, o->c->rule);
    if (o->c->rule == JSON_NONE)
        return;
    if (o->rules_differ)
        fail(o, pos_of(o, o->c->rule), "rule", STR("objects of several rules"), expected);
    else if (o->rule == NULL || !str_eq(str_of(o->rule), expected))
        fail(o, pos_of(o, o->c->rule), "rule", str_of(o->rule), expected);
}

static void check_code(struct outcome *o) {
    struct buf all = BUF_INIT(1 << 20);
    struct str expected = text_of(o, o->c->code);
    bool hit = o->c->code == JSON_NONE;
    for (const struct suite_reason *r = o->c->reasons; r != NULL && !hit; r = r->next) {
        if (r->code[0] == '\0')
            continue;
        hit = str_eq(str_of(r->code), expected);
        buf_printf(&all, "%s%s", all.n ? ", " : "", r->code);
    }
    struct str found = copy_buf(o, &all);
    if (!hit)
        fail(o, pos_of(o, o->c->code), "code", found, expected);
}

static void check_message(struct outcome *o) {
    struct buf all = BUF_INIT(4 << 20);
    bool hit = o->c->message == JSON_NONE;
    for (const struct suite_reason *r = o->c->reasons; r != NULL && !hit; r = r->next) {
        if (r->code[0] == '\0')
            continue;
        hit = r->message.p != NULL && regexec(&o->c->regex, r->message.p, 0, NULL, 0) == 0;
        buf_printf(&all, "%s%.*s", all.n ? " | " : "", STR_ARG(r->message));
    }
    struct str found = copy_buf(o, &all);
    if (!hit)
        fail(o, pos_of(o, o->c->message), "message", found, text_of(o, o->c->message));
}

/* "container", or "object/container": names of containers have no slash. */
static bool is_meant(const struct seen_image *image, struct str key) {
    const char *slash = key.n != 0 ? memrchr(key.p, '/', key.n) : NULL;
    if (slash == NULL)
        return str_eq(image->container, key);
    size_t n = (size_t)(slash - key.p);
    return str_eq(image->object, str_slice(key, 0, n)) &&
           str_eq(image->container, str_slice(key, n + 1, key.n));
}

static void check_image(struct outcome *o, json_at key) {
    struct buf what = BUF_INIT(1024);
    struct str name = text_of(o, key), expected = text_of(o, key + 1);
    size_t n = 0;
    buf_printf(&what, "images: %.*s", STR_ARG(str_slice(name, 0, 300)));
    const char *title = copy_buf(o, &what).p;
    for (const struct seen_image *i = o->images; i != NULL; i = i->next) {
        if (!is_meant(i, name))
            continue;
        n++;
        if (!str_eq(i->image, expected))
            fail(o, pos_of(o, key + 1), title ? title : "images", i->image, expected);
    }
    if (n == 0)
        fail(o, pos_of(o, key), title ? title : "images", STR("no such container"), expected);
}

static void check_images(struct outcome *o) {
    const struct json *j = o->s->form.doc->json;
    for (json_at key = json_first(j, o->c->images); key != JSON_NONE;
         key = json_next(j, o->c->images, key + 1))
        check_image(o, key);
}

static bool same_secrets(const struct outcome *o, const struct seen_object *object) {
    const struct json *j = o->s->form.doc->json;
    size_t i = 0;
    for (json_at at = json_first(j, o->c->secrets); at != JSON_NONE;
         at = json_next(j, o->c->secrets, at), i++)
        if (i >= object->n_secrets || !str_eq(object->secrets[i], json_str(j, at)))
            return false;
    return i == object->n_secrets;
}

static void put_name(struct buf *out, struct str name) {
    buf_printf(out, "%s%.*s", out->n > 1 ? ", " : "", STR_ARG(name));
}

static void fail_secrets(struct outcome *o, const struct seen_object *object) {
    const struct json *j = o->s->form.doc->json;
    struct buf found = BUF_INIT(1 << 20), expected = BUF_INIT(1 << 20);
    buf_putc(&found, '[');
    buf_putc(&expected, '[');
    for (size_t i = 0; i < object->n_secrets; i++)
        put_name(&found, object->secrets[i]);
    for (json_at at = json_first(j, o->c->secrets); at != JSON_NONE;
         at = json_next(j, o->c->secrets, at))
        put_name(&expected, json_str(j, at));
    buf_putc(&found, ']');
    buf_putc(&expected, ']');
    struct str both[2] = {copy_buf(o, &found), copy_buf(o, &expected)};
    fail(o, pos_of(o, o->c->secrets), "secrets", both[0], both[1]);
}

static void check_secrets(struct outcome *o) {
    const struct seen_object nothing = {.n_secrets = 0};
    if (o->c->secrets == JSON_NONE)
        return;
    for (const struct seen_object *object = o->objects; object != NULL; object = object->next)
        if (!same_secrets(o, object))
            fail_secrets(o, object);
    if (o->objects == NULL && !same_secrets(o, &nothing))
        fail_secrets(o, &nothing);
}

static void check_all(struct outcome *o) {
    if (o->c->failures != NULL)
        return; /* it could not be judged: the rest would only repeat that */
    if (o->n_objects == 0) {
        fail(o, o->c->pos, "file", STR("no objects"), STR("at least one"));
        return;
    }
    check_verdict(o);
    check_rule(o);
    check_code(o);
    check_message(o);
    check_images(o);
    check_secrets(o);
}

/* ---- one case ------------------------------------------------------------------------ */

static enum ec judge_it(struct outcome *o, struct object_judge *j, struct err *err) {
    const struct object_sink sink = {
        .object = take_object, .fault = take_fault, .note = object_report_note, .arg = o};
    struct object_totals totals = {.objects = 0};
    const struct suite_case *c = o->c;
    char prefix[64];
    if (c->file != NULL)
        return object_read_file(j, c->file, false, &sink, &totals, err);
    int n = snprintf(prefix, sizeof prefix, "/cases/%zu/object", c->index);
    return object_read_part(j, o->s->form.file, o->s->form.doc, (struct str){prefix, (size_t)n},
                            c->object, &sink, &totals, err);
}

enum ec suite_run(struct suite *s, struct suite_case *c, const struct policy *policy,
                  struct err *err) {
    int64_t start_ns = clock_mono_ns();
    struct outcome o = {.s = s, .c = c};
    struct object_judge judge;
    o.end = &c->failures;
    o.last_image = &o.images;
    o.last_reason = &c->reasons;
    o.last_object = &o.objects;
    object_judge_init(&judge, policy, &c->request);
    if (judge_it(&o, &judge, err) == EC_OK)
        check_all(&o);
    object_judge_done(&judge);
    c->ran = true;
    c->seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
    if (o.no_memory && err->code == EC_OK)
        err_set(err, EC_NOMEM, "out of memory");
    return err->code;
}
