#include "report/report.h"

enum { KEPT_BYTES = 1 << 20, PART_BYTES = 1 << 20 };

const char *const report_level_words[REPORT_N_LEVELS] = {"note", "warning", "error"};

/* ---- buffers --------------------------------------------------------------------------- */

void report_done(struct report *p) {
    buf_done(&p->out);
    buf_done(&p->aside);
    buf_done(&p->scratch);
}

static void reset(struct buf *b) {
    if (b->cap > KEPT_BYTES)
        buf_done(b);
    buf_reset(b);
}

void report_reset(struct report *p) {
    reset(&p->out);
    reset(&p->aside);
    reset(&p->scratch);
    p->n_out = p->n_aside = 0;
    p->n_out_joined = p->n_aside_joined = 0;
}

void report_flush(struct report *file) {
    if (file->flush != NULL && file->out.n >= PART_BYTES && !file->out.bad)
        file->flush(file->flush_arg, file);
}

void report_joined(struct report *file) {
    buf_reset(&file->out);
    buf_reset(&file->aside);
}

void report_carry(struct report *p, const struct buf *text) {
    if (text->bad && !p->out.bad)
        p->out.bad = text->bad;
}

struct buf *report_scratch(struct report *p) {
    report_carry(p, &p->scratch);
    buf_reset(&p->scratch);
    return &p->scratch;
}

void report_append(struct report *run, struct report *file) {
    struct buf *to = &run->out, *from = &file->out;
    if (to->n != 0 || to->bad || from->bad) {
        buf_str(to, buf_view(from));
        return;
    }
    struct buf empty = *to;
    *to = *from;
    *from = empty;
}

/* The rest of a piece that is in the list in part needs no separator. */
static void append_list(struct buf *to, size_t *n, const struct buf *more, size_t n_more,
                        size_t *joined) {
    if (more->n == 0)
        return;
    if (*joined == 0)
        buf_puts(to, *n != 0 ? ",\n" : "\n");
    buf_str(to, buf_view(more));
    *n += n_more - *joined;
    *joined = n_more;
}

void report_join_lists(struct report *run, struct report *file, struct str name,
                       const struct report_sums *of_file) {
    (void)name;
    (void)of_file;
    append_list(&run->out, &run->n_out, &file->out, file->n_out, &file->n_out_joined);
    append_list(&run->aside, &run->n_aside, &file->aside, file->n_aside, &file->n_aside_joined);
}

void report_count(struct buf *out, size_t n, const char *word) {
    buf_printf(out, "%zu %s%s", n, word, n == 1 ? "" : "s");
}

/* ---- writers --------------------------------------------------------------------------- */

bool report_shows_cases(const struct report *p) {
    return p->writer->add_case != NULL;
}

void report_begin(struct report *run) {
    if (run->writer->begin != NULL)
        run->writer->begin(run);
}

void report_add_finding(struct report *file, const struct report_finding *f) {
    if (file->writer->add_finding != NULL)
        file->writer->add_finding(file, f);
    report_flush(file);
}

void report_add_case(struct report *file, const struct report_case *c) {
    if (file->writer->add_case != NULL)
        file->writer->add_case(file, c);
}

void report_add_unread(struct report *file, const struct report_unread *u) {
    if (file->writer->add_unread != NULL)
        file->writer->add_unread(file, u);
}

void report_join(struct report *run, struct report *file, struct str name,
                 const struct report_sums *of_file) {
    report_carry(file, &file->aside);
    report_carry(file, &file->scratch);
    int bad = file->out.bad;
    if (run->writer->join != NULL)
        run->writer->join(run, file, name, of_file);
    else
        report_append(run, file);
    if (bad && !run->out.bad)
        run->out.bad = bad;
}

void report_end(struct report *run, const struct report_sums *sums) {
    report_carry(run, &run->aside);
    if (run->writer->end != NULL)
        run->writer->end(run, sums);
}
