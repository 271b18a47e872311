#include "suite/reading.h"

#include "base/file.h"

enum { SUITE_MAX = 16 << 20 };

static const char *const api_versions[] = {"pullgate/v1", NULL};
static const char *const kinds[] = {"PolicyTest", NULL};
enum { TOP_API, TOP_KIND, TOP_POLICY, TOP_CASES, N_TOP };
static const struct suite_form_field top_fields[N_TOP] = {
    [TOP_API] = {"apiVersion", JSON_STRING, true, api_versions},
    [TOP_KIND] = {"kind", JSON_STRING, true, kinds},
    [TOP_POLICY] = {"policy", JSON_STRING, true, NULL},
    [TOP_CASES] = {"cases", JSON_ARRAY, true, NULL},
};

/* A path as seen from the suite's folder. */
const char *suite_read_path(struct suite_reading *r, json_at at) {
    const char *file = r->s->form.file, *slash = strrchr(file, '/');
    struct str path = json_str(r->s->form.doc->json, at);
    size_t folder = slash != NULL ? (size_t)(slash - file) + 1 : 0;
    if (path.n == 0) {
        suite_form_fail(&r->s->form, at, r->err, "expected the path of a file, found nothing");
        return NULL;
    }
    if (path.p[0] == '/')
        folder = 0;
    char *z = arena_zalloc(&r->s->arena, folder + path.n + 1);
    if (z == NULL) {
        err_set(r->err, EC_NOMEM, "out of memory");
        return NULL;
    }
    memcpy(z, file, folder);
    memcpy(z + folder, path.p, path.n);
    return z;
}

/* ---- the file ------------------------------------------------------------------------ */

static enum ec read_suite_document(struct suite_reading *r) {
    json_at v[N_TOP];
    if (suite_form_read(&r->s->form, 0, "a suite", top_fields, N_TOP, v, r->err) != EC_OK)
        return r->err->code;
    r->s->policy_path = suite_read_path(r, v[TOP_POLICY]);
    r->s->policy_pos = r->s->form.doc->pos[v[TOP_POLICY]];
    return r->err->code == EC_OK ? suite_read_cases(r, v[TOP_CASES]) : r->err->code;
}

/* Adds the file to an error, if there is one. */
static enum ec name_file(struct suite_reading *r) {
    if (r->err->code != EC_OK)
        err_locate(r->err, r->s->form.file, 0, 0);
    return r->err->code;
}

static enum ec open_document(struct suite_reading *r) {
    struct suite *s = r->s;
    struct yaml_doc *doc = NULL;
    if (yaml_open(&s->yaml, buf_view(&s->text), YAML_LIMITS_DEFAULT, r->err) == EC_OK &&
        yaml_next(s->yaml, &doc, r->err) == EC_OK && doc == NULL)
        err_set(r->err, EC_SCHEMA, "not a suite: the file is empty");
    s->form.doc = doc;
    return name_file(r);
}

/* A second document would go unread. Standard input is one stream: look in another one. */
static enum ec check_alone(struct suite_reading *r) {
    struct suite *s = r->s;
    struct yaml *again = NULL;
    struct yaml_doc *doc = NULL;
    enum ec ec = yaml_open(&again, buf_view(&s->text), YAML_LIMITS_DEFAULT, r->err);
    if (ec == EC_OK)
        ec = yaml_next(again, &doc, r->err);
    if (ec == EC_OK)
        ec = yaml_next(again, &doc, r->err);
    if (ec == EC_OK && doc != NULL) {
        err_set(r->err, EC_SCHEMA, "found a second document, expected one suite per file");
        err_locate(r->err, s->form.file, doc->line, 1);
    }
    yaml_close(again);
    return name_file(r);
}

static enum ec read_text(struct suite_reading *r) {
    if (open_document(r) != EC_OK || check_alone(r) != EC_OK || r->s->form.doc == NULL)
        return r->err->code;
    return read_suite_document(r);
}

static void init_suite(struct suite *s, const char *path) {
    *s = (struct suite){.form = {.file = path},
                        .text = BUF_INIT(SUITE_MAX + 1),
                        .arena = ARENA_INIT(16 << 10, (size_t)1 << 30)};
}

enum ec suite_parse(struct suite *out, struct str text, const char *path, struct err *err) {
    struct suite_reading r = {.s = out, .err = err};
    init_suite(out, path);
    buf_str(&out->text, text);
    if (out->text.bad)
        return err_set(err, (enum ec)out->text.bad, "no room for the suite");
    return read_text(&r);
}

enum ec suite_open(struct suite *out, const char *path, struct err *err) {
    struct suite_reading r = {.s = out, .err = err};
    init_suite(out, path);
    if (file_read_any(&out->text, path, SUITE_MAX, err) != EC_OK)
        return err->code;
    return read_text(&r);
}

void suite_close(struct suite *s) {
    for (size_t i = 0; i < s->n_cases; i++)
        if (s->cases[i].message != JSON_NONE)
            regfree(&s->cases[i].regex);
    yaml_close(s->yaml);
    buf_done(&s->text);
    arena_done(&s->arena);
}
