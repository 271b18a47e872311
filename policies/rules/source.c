#include "rules/source.h"

static const struct yaml_limits limits = {.max_bytes = 16u << 20,
                                          .max_depth = SOURCE_DEPTH_MAX,
                                          .max_nodes = 1u << 20,
                                          .max_documents = 1u << 20};

static enum ec first_document(struct source *s, struct err *err) {
    enum ec ec = yaml_next(s->stream, &s->doc, err);
    if (ec != EC_OK)
        return ec;
    if (s->doc == NULL) {
        err_locate(err, NULL, 1, 1);
        return err_set(err, EC_SCHEMA, "the file is empty, expected an ImagePolicy");
    }
    return yaml_require_plain(s->doc, err);
}

/* Text that the reader ignores is not part of the policy, although its author thinks so: an error. */
static enum ec nothing_skipped(const struct yaml_doc *doc, struct err *err) {
    if (!doc->ignored)
        return EC_OK;
    err_locate(err, NULL, doc->note_line, 1);
    return err_set(err, EC_SCHEMA, "%s", doc->note);
}

enum ec rules_source_open(struct source *out, struct str text, struct err *err) {
    *out = (struct source){.stream = NULL};
    enum ec ec = yaml_open(&out->stream, text, limits, err);
    if (ec == EC_OK)
        ec = first_document(out, err);
    if (ec != EC_OK)
        err_locate(err, NULL, 1,
                   1); /* the file as a whole, where nothing more exact is known */
    return ec;
}

void rules_source_close(struct source *s) {
    yaml_close(s->stream);
    *s = (struct source){.stream = NULL};
}

enum ec rules_source_end(struct source *s, struct err *err) {
    enum ec ec = nothing_skipped(s->doc, err);
    if (ec == EC_OK)
        ec = yaml_next(s->stream, &s->doc, err);
    if (ec != EC_OK || s->doc == NULL)
        return ec;
    err_locate(err, NULL, s->doc->line, 1);
    return err_set(err, EC_SCHEMA,
                   "a second document starts here, expected one ImagePolicy per file");
}
