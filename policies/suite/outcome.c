#include "suite/outcome.h"

#include "object/messages.h"

static struct str copy_text(struct suite_outcome *o, struct str text) {
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

struct str suite_outcome_copy(struct suite_outcome *o, struct buf *b) {
    struct str out = copy_text(o, buf_view(b));
    o->no_memory |= b->bad != 0;
    buf_done(b);
    return out;
}

void suite_outcome_fail(struct suite_outcome *o, struct yaml_location pos, const char *what,
                        struct str found, struct str expected) {
    struct suite_failure *f = ARENA_NEW(&o->s->arena, struct suite_failure);
    if (f == NULL) {
        o->no_memory = true;
        return;
    }
    *f = (struct suite_failure){.pos = pos,
                                .what = what,
                                .found = copy_text(o, found),
                                .expected = copy_text(o, expected)};
    *o->end = f;
    o->end = &f->next;
}

static void see_images(struct suite_outcome *o, const struct object *s) {
    for (size_t i = 0; i < s->decision->n_images; i++) {
        const struct decision_image *d = &s->decision->images[i];
        struct suite_seen_image *image = ARENA_NEW(&o->s->arena, struct suite_seen_image);
        if (image == NULL) {
            o->no_memory = true;
            return;
        }
        /* A template stays as it is: what counts is what its pods get. */
        bool in_pods = s->workload->shape == SHAPE_TEMPLATE;
        image->object = copy_text(o, object_name(s));
        image->container = copy_text(o, d->image->name);
        image->image = copy_text(o, in_pods ? d->proposed : d->after);
        *o->last_image = image;
        o->last_image = &image->next;
    }
}

static void see_reason(struct suite_outcome *o, const char *code, struct str message) {
    struct suite_reason *reason = ARENA_NEW(&o->s->arena, struct suite_reason);
    if (reason == NULL) {
        o->no_memory = true;
        return;
    }
    reason->code = code;
    reason->message = copy_text(o, message);
    *o->last_reason = reason;
    o->last_reason = &reason->next;
}

/* Where nothing is held against an object, that is why. */
static void see_reasons(struct suite_outcome *o, const struct object *s) {
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

static void see_verdict(struct suite_outcome *o, const struct object *s) {
    static const enum suite_rank ranks[] = {
        [VERDICT_ALLOW] = RANK_ALLOW, [VERDICT_WARN] = RANK_WARN, [VERDICT_DENY] = RANK_DENY};
    enum suite_rank rank = s->unjudged != NULL ? RANK_NOT_JUDGED : ranks[s->decision->verdict];
    if (o->verdict != NULL && rank <= o->rank)
        return;
    o->rank = rank;
    o->verdict = object_verdict_name(s);
}

static void see_secrets(struct suite_outcome *o, const struct decision *d) {
    struct suite_seen_object *object = ARENA_NEW(&o->s->arena, struct suite_seen_object);
    struct str *names = ARENA_ARRAY(&o->s->arena, struct str, d->n_secrets);
    if (object == NULL || names == NULL) {
        o->no_memory = true;
        return;
    }
    *object = (struct suite_seen_object){.secrets = names};
    for (size_t i = 0; i < d->n_secrets; i++)
        if (d->secrets[i].n != 0)
            names[object->n_secrets++] = copy_text(o, d->secrets[i]);
    *o->last_object = object;
    o->last_object = &object->next;
}

static void see_rule(struct suite_outcome *o, const struct decision *d) {
    if (d->rule == NULL)
        return;
    const char *name = copy_text(o, d->rule->name).p;
    if (o->rule != NULL && name != NULL && strcmp(o->rule, name) != 0)
        o->rules_differ = true;
    if (o->rule == NULL)
        o->rule = name;
}

enum ec suite_outcome_take(void *arg, const struct object *s, struct err *err) {
    struct suite_outcome *o = arg;
    const struct decision *d = s->decision;
    if (o->c->is_review && !s->is_review)
        suite_outcome_fail(o, o->c->pos, "review", s->workload->kind, STR("AdmissionReview"));
    o->n_objects++;
    see_verdict(o, s);
    see_images(o, s);
    see_reasons(o, s);
    see_rule(o, d);
    if (s->workload->shape != SHAPE_OTHER)
        see_secrets(o, d);
    return o->no_memory ? err_set(err, EC_NOMEM, "out of memory") : EC_OK;
}

void suite_outcome_fault(void *arg, const struct object_fault *f) {
    struct suite_outcome *o = arg;
    struct buf text = BUF_INIT(8192);
    err_print(f->err, &text);
    suite_outcome_fail(o, o->c->pos,
                       o->c->is_review ? "review"
                       : o->c->file    ? "file"
                                       : "object",
                       suite_outcome_copy(o, &text), STR("an object that can be judged"));
}
