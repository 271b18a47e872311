#include "suite/reading.h"

#include "base/clock.h"

static const char *const verdicts[] = {"allow", "not-judged", "warn", "deny", NULL};
static const char *const operations[] = {"CREATE", "UPDATE", NULL};
static const char *const endpoints[] = {"mutate", "validate", NULL};

enum {
    CASE_NAME,
    CASE_OBJECT,
    CASE_FILE,
    CASE_REVIEW,
    CASE_NAMESPACE,
    CASE_USER,
    CASE_GROUPS,
    CASE_ACCOUNT,
    CASE_OPERATION,
    CASE_ENDPOINT,
    CASE_NOW,
    CASE_EXPECT,
    N_CASE
};
static const struct suite_form_field case_fields[N_CASE] = {
    [CASE_NAME] = {"name", JSON_STRING, true, NULL},
    [CASE_OBJECT] = {"object", JSON_OBJECT, false, NULL},
    [CASE_FILE] = {"file", JSON_STRING, false, NULL},
    [CASE_REVIEW] = {"review", JSON_STRING, false, NULL},
    [CASE_NAMESPACE] = {"namespace", JSON_STRING, false, NULL},
    [CASE_USER] = {"user", JSON_STRING, false, NULL},
    [CASE_GROUPS] = {"groups", JSON_ARRAY, false, NULL},
    [CASE_ACCOUNT] = {"serviceAccount", JSON_STRING, false, NULL},
    [CASE_OPERATION] = {"operation", JSON_STRING, false, operations},
    [CASE_ENDPOINT] = {"endpoint", JSON_STRING, false, endpoints},
    [CASE_NOW] = {"now", JSON_STRING, false, NULL},
    [CASE_EXPECT] = {"expect", JSON_OBJECT, true, NULL},
};

enum { WANT_VERDICT, WANT_IMAGES, WANT_SECRETS, WANT_MESSAGE, WANT_CODE, WANT_RULE, N_WANT };
static const struct suite_form_field want_fields[N_WANT] = {
    [WANT_VERDICT] = {"verdict", JSON_STRING, false, verdicts},
    [WANT_IMAGES] = {"images", JSON_OBJECT, false, NULL},
    [WANT_SECRETS] = {"secrets", JSON_ARRAY, false, NULL},
    [WANT_MESSAGE] = {"message", JSON_STRING, false, NULL},
    [WANT_CODE] = {"code", JSON_STRING, false, NULL},
    [WANT_RULE] = {"rule", JSON_STRING, false, NULL},
};

/* The string, NUL-terminated; NULL when the key is absent or, with an error, when there is no memory. */
static const char *copy_z(struct suite_reading *r, json_at at) {
    struct str text = json_str(r->s->form.doc->json, at);
    if (at == JSON_NONE)
        return NULL;
    char *z = arena_zalloc(&r->s->arena, text.n + 1);
    if (z == NULL)
        err_no_memory(r->err);
    else if (text.n != 0)
        memcpy(z, text.p, text.n);
    return z;
}

/* ---- expectations -------------------------------------------------------------------- */

static enum ec read_message(struct suite_reading *r, struct suite_case *c, json_at at) {
    const char *pattern = copy_z(r, at);
    char why[256];
    if (pattern == NULL)
        return r->err->code;
    int status = regcomp(&c->regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (status == 0) {
        c->message = at;
        return EC_OK;
    }
    regerror(status, &c->regex, why, sizeof why);
    return suite_form_fail(&r->s->form, at, r->err, "message: not a regular expression: %s",
                           why);
}

static enum ec check_code_word(struct suite_reading *r, json_at at) {
    const char *words[REASON_MALFORMED + 2];
    const struct suite_form_field field = {"code", JSON_STRING, true, words};
    for (unsigned i = 0; i <= REASON_MALFORMED; i++)
        words[i] = engine_code_name((enum reason_code)i);
    words[REASON_MALFORMED + 1] = NULL;
    return at == JSON_NONE ? EC_OK : suite_form_check(&r->s->form, at, &field, r->err);
}

static enum ec check_image_values(struct suite_reading *r, json_at map) {
    const struct json *j = r->s->form.doc->json;
    const struct suite_form_field field = {"images", JSON_STRING, true, NULL};
    for (json_at k = json_first(j, map); k != JSON_NONE; k = json_next(j, map, k + 1))
        if (suite_form_check(&r->s->form, k + 1, &field, r->err) != EC_OK)
            return r->err->code;
    return EC_OK;
}

static enum ec read_expect(struct suite_reading *r, struct suite_case *c, json_at map) {
    const struct suite_form *f = &r->s->form;
    json_at v[N_WANT];
    if (suite_form_read(f, map, "expect", want_fields, N_WANT, v, r->err) != EC_OK ||
        check_code_word(r, v[WANT_CODE]) != EC_OK ||
        check_image_values(r, v[WANT_IMAGES]) != EC_OK ||
        suite_form_strings(f, v[WANT_SECRETS], "secrets", r->err) != EC_OK)
        return r->err->code;
    if (json_first(f->doc->json, map) == JSON_NONE)
        return suite_form_fail(f, map, r->err, "expect: found no key, expected at least one");
    c->verdict = v[WANT_VERDICT];
    c->images = v[WANT_IMAGES];
    c->secrets = v[WANT_SECRETS];
    c->code = v[WANT_CODE];
    c->rule = v[WANT_RULE];
    return v[WANT_MESSAGE] == JSON_NONE ? EC_OK : read_message(r, c, v[WANT_MESSAGE]);
}

/* ---- cases --------------------------------------------------------------------------- */

static enum ec read_groups(struct suite_reading *r, struct suite_case *c, json_at list) {
    const struct json *j = r->s->form.doc->json;
    if (suite_form_strings(&r->s->form, list, "groups", r->err) != EC_OK)
        return r->err->code;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at)) {
        if (c->groups.n == OPT_LIST_MAX)
            return suite_form_fail(&r->s->form, at, r->err, "groups: more than %d entries",
                                   OPT_LIST_MAX);
        c->groups.v[c->groups.n++] = copy_z(r, at);
    }
    return r->err->code;
}

static enum ec read_now(struct suite_reading *r, struct suite_case *c, json_at at) {
    struct err why = ERR_INIT;
    struct str text = json_str(r->s->form.doc->json, at);
    if (at != JSON_NONE && text.p == NULL)
        text = STR("");
    if (clock_parse_now(&c->request.now_s, "now", text, &why) == EC_OK)
        return EC_OK;
    return suite_form_fail(&r->s->form, at, r->err, "%s", why.msg);
}

/* One of the three; a review has its own requester and operation. */
static enum ec read_case_object(struct suite_reading *r, struct suite_case *c, json_at map,
                                const json_at *v) {
    static const int keys_of_others[] = {CASE_NAMESPACE, CASE_USER, CASE_GROUPS, CASE_ACCOUNT,
                                         CASE_OPERATION};
    const struct suite_form *f = &r->s->form;
    int n = (v[CASE_OBJECT] != JSON_NONE) + (v[CASE_FILE] != JSON_NONE) +
            (v[CASE_REVIEW] != JSON_NONE);
    if (n != 1)
        return suite_form_fail(f, map, r->err,
                               "a case: expected one of object, file and review, "
                               "found %s",
                               n == 0 ? "none" : "several");
    c->object = v[CASE_OBJECT];
    c->is_review = v[CASE_REVIEW] != JSON_NONE;
    if (c->object == JSON_NONE)
        c->file = suite_read_path(r, c->is_review ? v[CASE_REVIEW] : v[CASE_FILE]);
    for (size_t i = 0; c->is_review && i < sizeof keys_of_others / sizeof *keys_of_others; i++)
        if (v[keys_of_others[i]] != JSON_NONE)
            return suite_form_fail(f, v[keys_of_others[i]], r->err,
                                   "%s: a review has its own; remove this key",
                                   case_fields[keys_of_others[i]].key);
    return r->err->code;
}

static enum ec read_case(struct suite_reading *r, struct suite_case *c, json_at map) {
    const struct suite_form *f = &r->s->form;
    json_at v[N_CASE];
    if (suite_form_read(f, map, "a case", case_fields, N_CASE, v, r->err) != EC_OK)
        return r->err->code;
    c->name = json_str(f->doc->json, v[CASE_NAME]);
    c->pos = f->doc->pos[v[CASE_NAME]];
    if (c->name.n == 0 || str_find(c->name, '\n') != c->name.n)
        return suite_form_fail(f, v[CASE_NAME], r->err, "name: expected one line of text");
    c->request.namespace = copy_z(r, v[CASE_NAMESPACE]);
    c->request.user = copy_z(r, v[CASE_USER]);
    c->request.service_account = copy_z(r, v[CASE_ACCOUNT]);
    c->request.operation =
        suite_form_word(f, v[CASE_OPERATION], operations) ? OPERATION_UPDATE : OPERATION_CREATE;
    c->request.engine_flags =
        suite_form_word(f, v[CASE_ENDPOINT], endpoints) ? ENGINE_VALIDATE : 0;
    c->request.groups = &c->groups;
    if (r->err->code != EC_OK || read_groups(r, c, v[CASE_GROUPS]) != EC_OK ||
        read_now(r, c, v[CASE_NOW]) != EC_OK || read_case_object(r, c, map, v) != EC_OK)
        return r->err->code;
    return read_expect(r, c, v[CASE_EXPECT]);
}

/* A case is found by its name. */
static enum ec check_case_name(struct suite_reading *r, const struct suite_case *c,
                               json_at map) {
    for (const struct suite_case *other = r->s->cases; other < c; other++)
        if (str_eq(other->name, c->name))
            return suite_form_fail(&r->s->form, map, r->err,
                                   "name: \"%.*s\" is used twice, first in line %u",
                                   STR_ARG(str_slice(c->name, 0, 100)), other->pos.line);
    return EC_OK;
}

enum ec suite_read_cases(struct suite_reading *r, json_at list) {
    const struct json *j = r->s->form.doc->json;
    struct suite *s = r->s;
    size_t n = j->nodes[list].len;
    if (n == 0)
        return suite_form_fail(&s->form, list, r->err,
                               "cases: found an empty list, expected at least one case");
    s->cases = ARENA_ARRAY(&s->arena, struct suite_case, n);
    if (s->cases == NULL)
        return err_no_memory(r->err);
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at)) {
        struct suite_case *c = &s->cases[s->n_cases];
        *c = (struct suite_case){.index = s->n_cases,
                                 .object = JSON_NONE,
                                 .verdict = JSON_NONE,
                                 .images = JSON_NONE,
                                 .secrets = JSON_NONE,
                                 .message = JSON_NONE,
                                 .code = JSON_NONE,
                                 .rule = JSON_NONE};
        s->n_cases++; /* also of a case that is half read: its regex is freed */
        if (read_case(r, c, at) != EC_OK || check_case_name(r, c, at) != EC_OK)
            return r->err->code;
    }
    return EC_OK;
}
