#include "policyctl/run_files.h"

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "object/parallel.h"
#include "object/skip.h"
#include "policyctl/verb.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { PROGRESS_FILES = 200, PROGRESS_WIDTH = 40, PROGRESS_PAUSE_NS = 100000000 };

struct slot { /* one input's results */
    struct state *state;
    size_t item;
    const struct report_format *format;
    struct report report;
    struct buf talk; /* for standard error */
    bool skipped, unrendered;
    bool stopped; /* a part of it cannot be written */
    struct object_totals totals;
    struct err err;
};

struct state {
    struct run_files *run;
    const struct object_inputs *in;
    struct object_judge *judges; /* one per job */
    size_t *objects;             /* one per operand */
    struct slot *slots;
    /* Text of the whole run: the main thread's while it takes an item, else that of the worker whose item
     * is the next to be taken, which is what the main thread waits for. */
    struct report all;
    atomic_size_t n_taken;
    struct object_skip_notes notes;
    struct err *err;
    int64_t shown_ns; /* when the bar was drawn last */
    bool shown;
};

static void talk(struct str text) {
    struct err ignored = ERR_INIT;
    (void)!file_write_fd(STDERR_FILENO, text, &ignored);
}

static void hide_bar(struct state *st) {
    if (st->shown)
        talk(STR("\r\033[K"));
    st->shown = false;
}

/* ---- text of the run ----------------------------------------------------------------- */

static bool write_run(struct state *st) {
    if (st->all.out.bad || st->all.aside.bad) {
        err_set(st->err, EC_LIMIT, "no room for the output");
        return false;
    }
    if (st->all.out.n == 0)
        return true;
    st->run->unwritten = !verb_print(&st->all.out);
    return !st->run->unwritten;
}

static void join(struct state *st, struct slot *slot) {
    const char *path = st->in->v[slot->item].path;
    const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
    st->run->format->join(&st->all, &slot->report, name, &slot->totals);
    if (st->all.out.n != 0 || slot->talk.n != 0)
        hide_bar(st);
}

/* In order, output need not wait for the end of its input. */
static void take_part(void *arg, struct report *file) {
    struct slot *slot = arg;
    if (atomic_load(&slot->state->n_taken) != slot->item)
        return;
    if (!slot->stopped) {
        join(slot->state, slot);
        slot->stopped = !write_run(slot->state);
    }
    report_joined(file);
}

/* ---- a worker's part ----------------------------------------------------------------- */

static enum ec take_object(void *arg, const struct object *s, struct err *err) {
    struct slot *slot = arg;
    if (slot->stopped)
        return err_set(err, EC_IO, "a part cannot be written");
    if (s->unjudged != NULL && slot->format->only_objects)
        object_put_unjudged_line(&slot->talk, s);
    return slot->format->object(&slot->report, s, err);
}

static void take_fault(void *arg, const struct object_fault *f) {
    struct slot *slot = arg;
    object_put_fault(&slot->talk, f);
    slot->format->fault(&slot->report, f);
}

static void take_note(void *arg, const char *file, uint32_t line, const char *text) {
    struct slot *slot = arg;
    object_put_note(&slot->talk, file, line, text);
}

static void take_skip(void *arg, const struct object_skip *s) {
    struct slot *slot = arg;
    slot->skipped = true;
    slot->unrendered = s->unrendered;
}

static void tell_folder(struct slot *slot, const struct object_input *in) {
    struct err err = ERR_INIT;
    object_inputs_fail(in, &err);
    const struct object_fault fault = {.file = in->path, .whole = true, .err = &err};
    slot->totals.unreadable++;
    take_fault(slot, &fault);
}

static void check_room(struct slot *slot) {
    report_scratch(&slot->report);
    int bad = slot->report.out.bad ? slot->report.out.bad : slot->report.aside.bad;
    if (bad != EC_OK && slot->err.code == EC_OK)
        err_set(&slot->err, (enum ec)bad, "no room for the output");
}

static void judge_input(void *arg, unsigned job, size_t item, size_t at) {
    struct state *st = arg;
    struct slot *slot = &st->slots[at];
    const struct object_input *in = &st->in->v[item];
    const struct object_sink sink = {.object = take_object,
                                     .fault = take_fault,
                                     .note = take_note,
                                     .skip = take_skip,
                                     .arg = slot};
    report_reset(&slot->report);
    buf_reset(&slot->talk);
    slot->item = item;
    slot->skipped = slot->stopped = false;
    slot->totals = (struct object_totals){.objects = 0};
    slot->err = (struct err)ERR_INIT;
    if (in->os != 0)
        tell_folder(slot, in);
    else
        (void)!object_read_file(&st->judges[job], in->path, in->found, &sink, &slot->totals,
                                &slot->err);
    check_room(slot);
}

/* ---- progress ------------------------------------------------------------------------ */

static void show_bar(struct state *st, size_t done) {
    int64_t now = clock_mono_ns();
    if (!st->run->progress || st->in->n <= PROGRESS_FILES ||
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

static bool take_slot(void *arg, size_t item, size_t at) {
    struct state *st = arg;
    struct slot *slot = &st->slots[at];
    const struct object_input *in = &st->in->v[item];
    if (slot->skipped)
        object_skip_put_note(&st->notes, &slot->talk, in->path, slot->unrendered);
    if (slot->stopped)
        return false;
    join(st, slot);
    object_totals_add(&st->run->totals, &slot->totals);
    st->objects[in->operand] += slot->totals.objects;
    if (!write_run(st))
        return false;
    talk(buf_view(&slot->talk));
    show_bar(st, item + 1);
    if (slot->err.code != EC_OK)
        *st->err = slot->err;
    else
        atomic_store(&st->n_taken, item + 1);
    return slot->err.code == EC_OK;
}

/* ---- operands without objects -------------------------------------------------------- */

static void put_empty(struct state *st, const char *operand) {
    struct run_files *s = st->run;
    struct err err = ERR_INIT;
    struct report file = REPORT_INIT(&s->look, s->format->writer, &report_objects_tool);
    const struct object_totals one = {.unreadable = 1};
    const struct object_fault fault = {.file = operand, .whole = true, .err = &err};
    err_set(&err, EC_SCHEMA, "no objects, and --require-objects is set");
    s->format->fault(&file, &fault);
    s->format->join(&st->all, &file, operand, &one);
    s->totals.unreadable++;
    s->n_empty_faults++;
    report_done(&file);
}

static void report_empty(struct state *st) {
    const struct run_files *s = st->run;
    for (size_t i = 0; i < s->n_operands; i++) {
        if (st->objects[i] != 0)
            continue;
        verb_tell("policyctl: %s: no objects", s->operands[i]);
        st->run->n_empty++;
        if (s->format->fault != report_objects_no_fault)
            put_empty(st, s->operands[i]);
    }
}

/* ---- all of it ----------------------------------------------------------------------- */

static enum ec make_slots(struct state *st, size_t n_slots) {
    unsigned jobs = st->run->jobs;
    st->judges = mem_zalloc(mem_array_bytes(jobs, sizeof *st->judges));
    st->slots = mem_zalloc(mem_array_bytes(n_slots, sizeof *st->slots));
    st->objects = mem_zalloc(mem_array_bytes(st->run->n_operands, sizeof *st->objects));
    if (st->judges == NULL || st->slots == NULL || st->objects == NULL)
        return err_set(st->err, EC_NOMEM, "out of memory");
    for (unsigned i = 0; i < jobs; i++)
        object_judge_init(&st->judges[i], st->run->policy, st->run->request);
    for (size_t i = 0; i < n_slots; i++)
        st->slots[i] =
            (struct slot){.state = st,
                          .format = st->run->format,
                          .report = REPORT_INIT(&st->run->look, st->run->format->writer,
                                                &report_objects_tool),
                          .talk = BUF_INIT(64 << 20)};
    for (size_t i = 0; i < n_slots && st->run->format->in_parts; i++) {
        st->slots[i].report.flush = take_part;
        st->slots[i].report.flush_arg = &st->slots[i];
    }
    return EC_OK;
}

static void free_slots(struct state *st, size_t n_slots) {
    for (unsigned i = 0; st->judges != NULL && i < st->run->jobs; i++)
        object_judge_done(&st->judges[i]);
    for (size_t i = 0; st->slots != NULL && i < n_slots; i++) {
        report_done(&st->slots[i].report);
        buf_done(&st->slots[i].talk);
    }
    mem_free(st->judges);
    mem_free(st->slots);
    mem_free(st->objects);
    object_skip_notes_done(&st->notes);
    report_done(&st->all);
}

enum ec run_files_run(struct run_files *s, const struct object_inputs *in, struct err *err) {
    if (s->jobs > in->n)
        s->jobs = in->n ? (unsigned)in->n : 1;
    struct state st = {.run = s,
                       .in = in,
                       .all = REPORT_INIT(&s->look, s->format->writer, &report_objects_tool),
                       .notes = OBJECT_SKIP_NOTES_INIT(s->verbose),
                       .err = err,
                       .shown_ns = clock_mono_ns()};
    const struct object_parallel order = {
        .n_items = in->n, .jobs = s->jobs, .arg = &st, .work = judge_input, .take = take_slot};
    size_t n_slots = (size_t)s->jobs * OBJECT_PARALLEL_SLOTS_PER_JOB;
    if (make_slots(&st, n_slots) == EC_OK) {
        s->format->begin(&st.all);
        (void)!object_parallel_run(&order, err);
        hide_bar(&st);
        if (!s->unwritten && err->code != EC_NOMEM) {
            if (s->require_objects)
                report_empty(&st);
            s->format->end(&st.all, &s->totals);
            (void)!write_run(&st);
        }
    }
    free_slots(&st, n_slots);
    return err->code;
}
