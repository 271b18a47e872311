#include "policyctl/run_files.h"

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "object/parallel.h"
#include "object/skip.h"
#include "policyctl/verb.h"

#include <stdio.h>
#include <unistd.h>

enum { PROGRESS_FILES = 200, PROGRESS_WIDTH = 40, PROGRESS_PAUSE_NS = 100000000 };

struct slot { /* one input's results */
    const struct print_format *format;
    struct print print;
    struct buf talk; /* for standard error */
    bool skipped, unrendered;
    struct subject_totals totals;
    struct err err;
};

struct state {
    struct sweep *sweep;
    const struct inputs *in;
    struct judge *judges; /* one per job */
    struct slot *slots;
    struct print run;
    struct skip_told told;
    struct err *err;
    int64_t shown_ns; /* when the bar was drawn last */
    bool shown;
};

/* ---- a worker's part ----------------------------------------------------------------- */

void sweep_print_fault(struct buf *out, const struct subject_fault *f) {
    if (f->whole)
        buf_puts(out, "policyctl: ");
    err_print(f->err, out);
    buf_putc(out, '\n');
    if (!f->whole && f->lines != NULL)
        excerpt_print(out, f->lines, f->err->line, f->err->col);
}

static enum ec take_object(void *arg, const struct subject *s, struct err *err) {
    struct slot *slot = arg;
    if (s->unjudged != NULL && slot->format->only_objects)
        print_unjudged_line(&slot->talk, s);
    return slot->format->object(&slot->print, s, err);
}

static void take_fault(void *arg, const struct subject_fault *f) {
    struct slot *slot = arg;
    sweep_print_fault(&slot->talk, f);
    slot->format->fault(&slot->print, f);
}

static void take_note(void *arg, const char *file, uint32_t line, const char *text) {
    struct slot *slot = arg;
    escape_line(&slot->talk, "%s:%u: note: %s", file, line, text);
}

static void take_skip(void *arg, const struct subject_skip *s) {
    struct slot *slot = arg;
    slot->skipped = true;
    slot->unrendered = s->unrendered;
}

static void tell_folder(struct slot *slot, const struct input *in) {
    struct err err = ERR_INIT;
    inputs_fail(in, &err);
    const struct subject_fault fault = {.file = in->path, .whole = true, .err = &err};
    slot->totals.unreadable++;
    take_fault(slot, &fault);
}

static void check_room(struct slot *slot) {
    print_scratch(&slot->print);
    int bad = slot->print.out.bad ? slot->print.out.bad : slot->print.aside.bad;
    if (bad != EC_OK && slot->err.code == EC_OK)
        err_set(&slot->err, (enum ec)bad, "no room for the output");
}

static void work(void *arg, unsigned job, size_t item, size_t at) {
    struct state *st = arg;
    struct slot *slot = &st->slots[at];
    const struct input *in = &st->in->v[item];
    const struct subject_sink sink = {.object = take_object,
                                      .fault = take_fault,
                                      .note = take_note,
                                      .skip = take_skip,
                                      .arg = slot};
    print_reset(&slot->print);
    buf_reset(&slot->talk);
    slot->skipped = false;
    slot->totals = (struct subject_totals){.objects = 0};
    slot->err = (struct err)ERR_INIT;
    if (in->os != 0)
        tell_folder(slot, in);
    else
        (void)!subject_file(&st->judges[job], in->path, in->found, &sink, &slot->totals,
                            &slot->err);
    check_room(slot);
}

/* ---- progress ------------------------------------------------------------------------ */

static void talk(struct str text) {
    struct err ignored = ERR_INIT;
    (void)!file_write_fd(STDERR_FILENO, text, &ignored);
}

static void hide_bar(struct state *st) {
    if (st->shown)
        talk(STR("\r\033[K"));
    st->shown = false;
}

static void show_bar(struct state *st, size_t done) {
    int64_t now = clock_mono_ns();
    if (!st->sweep->progress || st->in->n <= PROGRESS_FILES ||
        now - st->shown_ns < PROGRESS_PAUSE_NS)
        return;
    char line[128];
    int full = (int)(done * PROGRESS_WIDTH / st->in->n);
    int n = snprintf(line, sizeof line, "\r[%.*s%*s] %zu of %zu files", full,
                     "########################################", PROGRESS_WIDTH - full, "",
                     done, st->in->n);
    talk((struct str){line, (size_t)n});
    st->shown_ns = now;
    st->shown = true;
}

/* ---- the main thread's part ---------------------------------------------------------- */

static bool write_out(struct state *st) {
    if (st->run.out.bad || st->run.aside.bad) {
        err_set(st->err, EC_LIMIT, "no room for the output");
        return false;
    }
    if (st->run.out.n == 0)
        return true;
    st->sweep->unwritten = !verb_print(&st->run.out);
    return !st->sweep->unwritten;
}

static bool take(void *arg, size_t item, size_t at) {
    struct state *st = arg;
    struct slot *slot = &st->slots[at];
    const struct input *in = &st->in->v[item];
    if (slot->skipped)
        skip_tell(&st->told, &slot->talk, in->path, slot->unrendered);
    const char *name = strcmp(in->path, "-") == 0 ? "<stdin>" : in->path;
    st->sweep->format->join(&st->run, &slot->print, name, &slot->totals);
    subject_add(&st->sweep->totals, &slot->totals);
    st->sweep->operand_objects[in->operand] += slot->totals.objects;
    if (st->run.out.n != 0 || slot->talk.n != 0)
        hide_bar(st);
    if (!write_out(st))
        return false;
    talk(buf_view(&slot->talk));
    show_bar(st, item + 1);
    if (slot->err.code != EC_OK)
        *st->err = slot->err;
    return slot->err.code == EC_OK;
}

static enum ec make_slots(struct state *st, size_t n_slots) {
    unsigned jobs = st->sweep->jobs;
    st->judges = mem_zalloc(mem_array_bytes(jobs, sizeof *st->judges));
    st->slots = mem_zalloc(mem_array_bytes(n_slots, sizeof *st->slots));
    if (st->judges == NULL || st->slots == NULL)
        return err_set(st->err, EC_NOMEM, "out of memory");
    for (unsigned i = 0; i < jobs; i++)
        judge_init(&st->judges[i], st->sweep->policy, st->sweep->asked);
    for (size_t i = 0; i < n_slots; i++)
        st->slots[i] = (struct slot){.format = st->sweep->format,
                                     .print = PRINT_INIT(&st->sweep->look),
                                     .talk = BUF_INIT(64 << 20)};
    return EC_OK;
}

static void free_slots(struct state *st, size_t n_slots) {
    for (unsigned i = 0; st->judges != NULL && i < st->sweep->jobs; i++)
        judge_done(&st->judges[i]);
    for (size_t i = 0; st->slots != NULL && i < n_slots; i++) {
        print_done(&st->slots[i].print);
        buf_done(&st->slots[i].talk);
    }
    mem_free(st->judges);
    mem_free(st->slots);
    skip_told_done(&st->told);
    print_done(&st->run);
}

enum ec sweep_run(struct sweep *s, const struct inputs *in, struct err *err) {
    if (s->jobs > in->n)
        s->jobs = in->n ? (unsigned)in->n : 1;
    struct state st = {.sweep = s,
                       .in = in,
                       .run = PRINT_INIT(&s->look),
                       .told = SKIP_TOLD_INIT(s->verbose),
                       .err = err,
                       .shown_ns = clock_mono_ns()};
    const struct inorder order = {
        .n_items = in->n, .jobs = s->jobs, .arg = &st, .work = work, .take = take};
    size_t n_slots = (size_t)s->jobs * INORDER_SLOTS_PER_JOB;
    if (make_slots(&st, n_slots) == EC_OK) {
        s->format->begin(&st.run);
        (void)!inorder_run(&order, err);
        hide_bar(&st);
        if (!s->unwritten && err->code != EC_NOMEM) {
            if (s->before_end != NULL)
                s->before_end(s->arg, s, &st.run);
            s->format->end(&st.run, &s->totals);
            (void)!write_out(&st);
        }
    }
    free_slots(&st, n_slots);
    return err->code;
}
