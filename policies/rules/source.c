#include "rules/source.h"

#include "base/mem.h"
#include "yaml/yaml.h"

struct source {
    struct yaml *stream;
    struct yaml_doc *doc;
};

static const struct yaml_limits limits = {.max_bytes = 16u << 20,
                                          .max_depth = SOURCE_DEPTH_MAX,
                                          .max_nodes = 1u << 20,
                                          .max_documents = 1u << 20};

static enum ec first_document(struct source *s, struct err *err) {
    enum ec ec = yaml_next(s->stream, &s->doc, err);
    if (ec != EC_OK)
        return ec;
    if (s->doc == NULL) {
        err_place(err, NULL, 1, 1);
        return err_set(err, EC_SCHEMA, "the file is empty, expected an ImagePolicy");
    }
    return yaml_require_plain(s->doc, err);
}

/* What the reader passed over is no part of the policy, and whoever wrote it believes it is. */
static enum ec nothing_skipped(const struct yaml_doc *doc, struct err *err) {
    if (!doc->ignored)
        return EC_OK;
    err_place(err, NULL, doc->note_line, 1);
    return err_set(err, EC_SCHEMA, "%s", doc->note);
}

enum ec source_open(struct source **out, struct str text, struct err *err) {
    struct source *s = mem_zalloc(sizeof *s);
    if (s == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    enum ec ec = yaml_open(&s->stream, text, limits, err);
    if (ec == EC_OK)
        ec = first_document(s, err);
    if (ec != EC_OK) {
        err_place(err, NULL, 1, 1); /* of the file as a whole, where nothing nearer is known */
        source_close(s);
        return ec;
    }
    *out = s;
    return EC_OK;
}

void source_close(struct source *s) {
    if (s == NULL)
        return;
    yaml_close(s->stream);
    mem_free(s);
}

struct str source_json(const struct source *s) {
    return (struct str){s->doc->raw, s->doc->raw_bytes};
}

static struct source_pos position(struct yaml_pos p) {
    return (struct source_pos){p.line, p.col};
}

struct source_pos source_where(const struct source *s, struct str pointer) {
    return position(yaml_where(s->doc, pointer));
}

struct source_pos source_where_key(const struct source *s, struct str pointer) {
    return position(yaml_where_key(s->doc, pointer));
}

bool source_lost(const struct source *s, size_t i, struct source_pos *out) {
    if (i >= s->doc->n_lost)
        return false;
    *out = position(s->doc->lost[i].pos);
    return true;
}

enum ec source_end(struct source *s, struct err *err) {
    enum ec ec = nothing_skipped(s->doc, err);
    if (ec == EC_OK)
        ec = yaml_next(s->stream, &s->doc, err);
    if (ec != EC_OK || s->doc == NULL)
        return ec;
    err_place(err, NULL, s->doc->line, 1);
    return err_set(err, EC_SCHEMA,
                   "a second document starts here, expected one ImagePolicy per file");
}
