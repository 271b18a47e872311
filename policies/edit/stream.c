#include "edit/stream.h"

#include "base/utf8.h"
#include "edit/text.h"

static bool has_separator(struct str between) {
    struct str line = STR("\n---");
    return between.n >= line.n && memmem(between.p, between.n, line.p, line.n) != NULL;
}

/* After two JSON values in a row kubectl reads no "---" any more, and after a "---" no more
 * than one of them: each gets a separate document. */
static enum ec part_values(struct edit_text *t, struct err *err) {
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    size_t before = 0;
    enum ec ec = yaml_open(&y, t->text, YAML_LIMITS_DEFAULT, err);
    while (ec == EC_OK && (ec = yaml_next(y, &doc, err)) == EC_OK && doc != NULL) {
        struct yaml_location pos = doc->pos[0];
        size_t at = edit_text_offset(t, pos);
        if (doc->index != 0 && !has_separator(str_slice(t->text, before, at)))
            ec = edit_text_add(
                t,
                (struct edit_text_change){
                    .at = at, .with = pos.col == 1 ? STR("---\n") : STR("\n---\n"), .pos = pos},
                err);
        before = at;
    }
    yaml_close(y);
    return ec;
}

static enum ec put_values(struct buf *out, struct str text, struct err *err) {
    struct edit_text t;
    enum ec ec = edit_text_init(&t, text, err);
    if (ec == EC_OK)
        ec = part_values(&t, err);
    if (ec == EC_OK)
        ec = edit_text_apply(&t, out, err);
    edit_text_done(&t);
    return ec;
}

enum ec edit_stream_add(struct edit_stream *s, struct buf *file, struct err *err) {
    struct str text = buf_view(file), mark = str_slice(text, 0, utf8_mark_bytes(text));
    if (!s->several) { /* the file becomes the stream, without a copy */
        struct buf out = s->out;
        s->out = *file;
        *file = out;
        return EC_OK;
    }
    text = str_slice(text, mark.n, text.n);
    if (s->n_files == 0)
        buf_str(&s->out, mark);
    if (s->n_files++ != 0) {
        if (s->out.n != 0 && s->out.p[s->out.n - 1] != '\n')
            buf_putc(&s->out, '\n');
        if (!str_starts(text, STR("---")))
            buf_puts(&s->out, "---\n");
    }
    if (str_starts(str_trim(text), STR("{")))
        return put_values(&s->out, text, err);
    buf_str(&s->out, text);
    return EC_OK;
}
