#include "object/skip.h"

#include "base/escape.h"
#include "base/file.h"
#include "yaml/yaml.h"

#include <stdio.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 1 << 16 };

/* ---- documents ----------------------------------------------------------------------- */

static bool is_string_member(const struct json *j, const char *key) {
    return json_is(j, json_get(j, 0, str_of(key)), JSON_STRING);
}

bool object_skip_is_kustomization(const struct json *j) {
    return str_starts(json_str(j, json_get(j, 0, STR("apiVersion"))),
                      STR("kustomize.config.k8s.io/"));
}

bool object_skip_is_manifest(const struct json *j) {
    bool version = is_string_member(j, "apiVersion"), kind = is_string_member(j, "kind");
    if (version && kind)
        return !object_skip_is_kustomization(j);
    return (version || kind) && json_is(j, json_get(j, 0, STR("metadata")), JSON_OBJECT);
}

bool object_skip_is_chatter(const struct json *j) {
    return json_is(j, 0, JSON_OBJECT) && j->nodes[0].len == 2 &&
           is_string_member(j, "Pulled") && is_string_member(j, "Digest");
}

/* Text in UTF-16 has the word in two bytes a letter. */
static bool is_meant(struct str text) {
    return str_contains(text, STR("apiVersion")) ||
           str_contains(text, str_slice(STR("a\0p\0i\0V"), 0, 7));
}

/* ---- templates ----------------------------------------------------------------------- */

bool object_skip_is_action(struct object_excerpt *lines, uint32_t line) {
    struct str at = object_excerpt_line(lines, line);
    return line != 0 && (str_contains(at, STR("{{")) || str_contains(at, STR("{%")));
}

static bool is_chart(struct str folder) {
    struct buf path = BUF_INIT(PATH_BYTES_MAX);
    buf_str(&path, folder);
    buf_puts(&path, folder.n != 0 ? "/Chart.yaml" : "Chart.yaml");
    const char *z = buf_z(&path);
    bool is = z != NULL && access(z, F_OK) == 0;
    buf_done(&path);
    return is;
}

/* What is before the last "/word/" or "word/" of the path; false where there is none. */
static bool before_word(struct str path, struct str word, struct str *out) {
    for (size_t i = path.n; i-- > 0;) {
        struct str rest = str_slice(path, i, path.n);
        if ((i != 0 && path.p[i - 1] != '/') || !str_starts(rest, word) || rest.n <= word.n ||
            rest.p[word.n] != '/')
            continue;
        *out = str_slice(path, 0, i != 0 ? i - 1 : 0);
        return true;
    }
    return false;
}

static bool find_chart(struct buf *out, const char *path) {
    struct str chart, outer;
    if (!before_word(str_of(path), STR("templates"), &chart) || !is_chart(chart))
        return false;
    while (before_word(chart, STR("charts"), &outer) && is_chart(outer))
        chart = outer;
    buf_str(out, chart.n != 0 ? chart : STR("."));
    return true;
}

bool object_skip_is_chart_template(const char *path, struct str text) {
    struct buf chart = BUF_INIT(PATH_BYTES_MAX);
    bool is = str_contains(text, STR("{{")) && find_chart(&chart, path);
    buf_done(&chart);
    return is;
}

static void put_command(struct buf *out, const char *path) {
    buf_puts(out, "helm template ");
    if (!find_chart(out, path))
        buf_puts(out, "CHART");
}

void object_skip_explain(struct err *err, const char *path, struct object_excerpt *lines) {
    struct buf command = BUF_INIT(PATH_BYTES_MAX);
    char msg[sizeof err->msg];
    if (!object_skip_is_action(lines, err->line))
        return;
    put_command(&command, path);
    snprintf(msg, sizeof msg,
             "a template that is not rendered (%.100s); render it first, with Helm: %.*s",
             err->msg, STR_ARG(buf_view(&command)));
    memcpy(err->msg, msg, sizeof msg);
    buf_done(&command);
}

/* ---- files --------------------------------------------------------------------------- */

struct sorting {
    struct str text;
    bool manifest; /* one was seen, or what is meant to be one */
    bool action;   /* ... a template's action where the text could not be parsed */
};

static void sort_broken(struct sorting *s, const struct err *err) {
    struct object_excerpt lines = OBJECT_EXCERPT_INIT(s->text);
    if (object_skip_is_action(&lines, err->line))
        s->action = true;
    else if (is_meant(s->text))
        s->manifest = true;
    object_excerpt_done(&lines);
}

static enum ec sort_documents(struct sorting *s, struct yaml *y) {
    struct yaml_doc *doc = NULL;
    while (!s->manifest) {
        struct err broken = ERR_INIT;
        enum ec ec = yaml_next(y, &doc, &broken);
        if (ec == EC_NOMEM || (ec == EC_OK && doc == NULL))
            return ec;
        if (ec == EC_OK)
            s->manifest = object_skip_is_manifest(doc->json);
        else
            sort_broken(s, &broken);
    }
    return EC_OK;
}

enum ec object_skip_sort(enum object_skip_sort *out, const char *path, struct str text,
                         struct err *err) {
    struct sorting s = {.text = text, .action = object_skip_is_chart_template(path, text)};
    struct yaml *y = NULL;
    struct err broken = ERR_INIT;
    enum ec ec = s.action ? EC_OK : yaml_open(&y, text, YAML_LIMITS_DEFAULT, &broken);
    if (y != NULL)
        ec = sort_documents(&s, y);
    else if (ec != EC_OK)
        sort_broken(&s, &broken);
    yaml_close(y);
    if (ec == EC_NOMEM)
        return err_set(err, EC_NOMEM, "out of memory");
    *out = s.manifest ? OBJECT_SKIP_NOT : s.action ? OBJECT_SKIP_UNRENDERED : OBJECT_SKIP_OTHER;
    return EC_OK;
}

/* ---- notes --------------------------------------------------------------------------- */

void object_skip_notes_done(struct object_skip_notes *t) {
    buf_done(&t->chart);
}

/* The files of a chart are rendered together. */
static bool was_noted(struct object_skip_notes *t, const char *path) {
    struct buf chart = BUF_INIT(PATH_BYTES_MAX);
    bool noted = find_chart(&chart, path) && str_eq(buf_view(&chart), buf_view(&t->chart));
    buf_reset(&t->chart);
    buf_str(&t->chart, buf_view(&chart));
    buf_done(&chart);
    return noted;
}

static void put_note(struct buf *out, const char *path, const char *text) {
    escape_text(out, str_of(path));
    buf_printf(out, ": note: %s", text);
}

void object_skip_put_note(struct object_skip_notes *t, struct buf *out, const char *path,
                          bool unrendered) {
    if (!unrendered && t->verbose)
        put_note(out, path, "skipped, not a manifest\n");
    if (!unrendered || (was_noted(t, path) && !t->verbose))
        return;
    put_note(out, path, "skipped, a template that is not rendered");
    buf_puts(out, t->chart.n != 0 ? ", like the rest of its chart; render it first: "
                                  : "; render it first, with Helm: ");
    put_command(out, path);
    buf_putc(out, '\n');
}

void object_skip_report(struct object_skip_notes *t, const char *path, bool unrendered) {
    struct buf text = BUF_INIT(64 << 10);
    struct err ignored = ERR_INIT;
    object_skip_put_note(t, &text, path, unrendered);
    (void)!file_write_fd(STDERR_FILENO, buf_view(&text), &ignored);
    buf_done(&text);
}

/* ---- advice -------------------------------------------------------------------------- */

static struct str folder_of(struct str path) {
    while (path.n != 0 && path.p[path.n - 1] != '/')
        path.n--;
    return path.n > 1 ? str_slice(path, 0, path.n - 1) : path.n == 1 ? path : STR(".");
}

static struct str file_name(struct str path) {
    size_t at = path.n;
    while (at != 0 && path.p[at - 1] != '/')
        at--;
    return str_slice(path, at, path.n);
}

static void put_render(struct buf *out, const char *text, struct str folder) {
    buf_puts(out, text);
    escape_shell(out, folder);
}

void object_skip_put_advice(struct buf *out, const struct json *j, const char *path) {
    struct str whole = str_of(path), name = file_name(whole);
    if (object_skip_is_kustomization(j) || str_starts(name, STR("kustomization.")))
        put_render(out, "; a kustomization, render it first: kubectl kustomize ",
                   folder_of(whole));
    else if (str_eq(name, STR("Chart.yaml")))
        put_render(out, "; a Helm chart, render it first: helm template ", folder_of(whole));
    else if (str_starts(name, STR("values")) || json_get(j, 0, STR("global")) != JSON_NONE)
        put_render(out, "; values of a Helm chart, render it first: helm template CHART -f ",
                   whole);
    else if (json_is(j, json_get(j, 0, STR("services")), JSON_OBJECT))
        buf_puts(out, "; a Compose file: its images run outside of Kubernetes");
}
