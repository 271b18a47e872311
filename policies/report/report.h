/* report/report - one model of what verbs find, and the formats that every verb can have.
 *
 *      test     objects  ---.                           .--> report_sarif  --.
 *      lint     findings ---+--> finding, case, unread --+--> report_github --+--join--> text of the run
 *      verify   cases    ---'                           |--> report_junit  --|
 *      doctor   findings ---'                           '--> report_findings_text, _json (lint, doctor)
 *
 * Shape      A finding is one message at one location: an instance of one of the tool's rules. A case is one
 *            thing that was tested (an object, a suite's case), and its outcome. An unread is an input that
 *            could not be tested. SARIF and GitHub show findings, JUnit shows cases; all of them show unreads
 * Use        report_begin(run); for each file, on any thread, report_add_...(file); then, in the order of the
 *            files, report_join(run, file); report_end(run). run->out is whole after report_end, and may be
 *            written and emptied after each call
 * Units      lines and columns are 1-based, columns in bytes; 0 is unknown
 * Ownership  findings, cases and unreads borrow all that they name; a writer keeps nothing but text
 * Errors     a buffer without memory or room is marked bad; report_carry and report_join pass the mark on to `out`
 * Threads    one struct report per thread; writers and tools are constant data
 * New one    a writer in its own file, declared below, and a word of -o in each verb that has it       */
#ifndef PULLGATE_REPORT_REPORT_H
#define PULLGATE_REPORT_REPORT_H

#include "base/err.h"
#include "base/escape.h"
#include "object/excerpt.h"

/* ---- the model -------------------------------------------------------------------------- */

enum report_level { REPORT_NOTE, REPORT_WARNING, REPORT_ERROR, REPORT_N_LEVELS };
/* "note", "warning", "error" */
extern const char *const report_level_words[REPORT_N_LEVELS];

struct report_rule {
    const char *id;    /* "not-approved": for scripts, never changes */
    const char *name;  /* the same in one word of capitals, or NULL */
    const char *about; /* one sentence */
    const char *help;  /* what to do about it */
    enum report_level level;
};

struct report_tool {
    const char *name;        /* "policyctl lint" */
    const char *suites_name; /* of the document that holds all suites */
    const char *object_kind; /* the kind of what a finding's `object` names */
    struct report_rule (*rule)(unsigned i);
    unsigned n_rules;
};

struct report_location {
    struct str file; /* a path, or "<stdin>" */
    uint32_t line, col;
    struct object_excerpt
        *lines; /* of the file; NULL: columns cannot be counted in other units */
};

struct report_finding {
    unsigned rule; /* of the tool */
    enum report_level level;
    struct str message;
    struct report_location at;
    struct str object;              /* "Pod/team/web"; may be empty */
    struct str found;               /* the text at the location; may be empty */
    struct str fix;                 /* the text to write instead; may be empty */
    const char *advice;             /* what to do, as a sentence or command; or NULL */
    struct report_location because; /* in the rule file; line 0: none */
    /* Of an object of a cluster, which is where it is in place of a line of a file: */
    struct str effect;    /* what it leads to, as sentences; empty: not of a cluster */
    struct str namespace; /* empty: none */
    struct str rule_name; /* of `because` */
};

enum report_outcome { REPORT_PASSED, REPORT_FAILED, REPORT_SKIPPED };

struct report_case {
    struct str name, file;
    enum report_outcome outcome;
    struct str message, type; /* of one that failed or was skipped */
    struct str text;          /* lines, escaped as text; may be empty */
    double seconds;           /* below 0: not measured */
};

struct report_unread {
    const char *what; /* "cannot be judged" */
    struct str file;  /* the input */
    struct report_location at;
    const struct err *err;
};

struct report_sums {
    size_t cases, failed, skipped; /* cases: the unread ones among them */
    size_t unread;
    size_t levels[REPORT_N_LEVELS]; /* findings of each; counted by lint alone */
    double seconds;                 /* below 0: not measured */
};

/* ---- text that is being made --------------------------------------------------------------- */

struct report_look { /* as flags have it */
    bool quiet;      /* denials and warnings alone */
    bool color;
    bool terminal; /* the output is a terminal */
    bool summary;  /* wanted even so */
};

struct report_writer;

struct report {
    struct buf out;
    struct buf aside;                    /* what belongs to another part of the document */
    struct buf scratch;                  /* a pointer, a path ... */
    size_t n_out, n_aside;               /* pieces in them, for separators */
    size_t n_out_joined, n_aside_joined; /* pieces begun in the run's lists; see report_flush */
    void (*flush)(void *arg, struct report *file); /* or NULL: a file's text is joined once */
    void *flush_arg;
    const struct report_look *look;
    const struct report_writer *writer; /* NULL in formats that are one verb's own */
    const struct report_tool *tool;
};

#define REPORT_INIT(looks, writers, tools)                                                     \
    {                                                                                          \
        .out = BUF_INIT((size_t)1 << 30), .aside = BUF_INIT((size_t)1 << 30),                  \
        .scratch = BUF_INIT(1 << 20), .look = (looks), .writer = (writers), .tool = (tools)    \
    }

void report_done(struct report *p);
/* Empty, as for a next file; large buffers are freed. */
void report_reset(struct report *p);
/* Marks `out` bad when `text` is: a text that found no memory must not be shown as a shorter one. */
void report_carry(struct report *p, const struct buf *text);
/* For a file whose text can be joined in parts: once `out` is large, calls `flush`, which may join what
 * there is and call report_joined, or leave it. A piece may be in part in each of them. */
void report_flush(struct report *file);
/* `out` and `aside` are in the run: empty, the counts of pieces kept. */
void report_joined(struct report *file);
/* The scratch buffer, empty; what it held before is carried. */
struct buf *report_scratch(struct report *p);

/* All of the file's `out` after that of the run. `file` is of no use afterwards, until it is reset. */
void report_append(struct report *run, struct report *file);
/* The pieces of both buffers as further elements of two JSON arrays: a writer's `join` (name and sums are
 * not looked at). `file` may be joined in parts. */
void report_join_lists(struct report *run, struct report *file, struct str name,
                       const struct report_sums *of_file);

/* ---- writers ------------------------------------------------------------------------------- */

/* What a format does with each part of the model; NULL where that is not shown. Without `join`, texts are
 * appended. */
struct report_writer {
    void (*begin)(struct report *run);
    void (*add_finding)(struct report *file, const struct report_finding *f);
    void (*add_case)(struct report *file, const struct report_case *c);
    void (*add_unread)(struct report *file, const struct report_unread *u);
    void (*join)(struct report *run, struct report *file, struct str name,
                 const struct report_sums *of_file);
    void (*end)(struct report *run, const struct report_sums *sums);
};

/* SARIF 2.1.0; annotations of GitHub Actions; JUnit XML. */
extern const struct report_writer report_sarif, report_github, report_junit;

/* Findings for people, and as one JSON document; for verbs whose findings are all that they show. */
extern const struct report_writer report_findings_text, report_findings_json;
/* A finding as one case, for formats of cases: named by its object, or else by its line. */
void report_findings_add_case(struct report *file, const struct report_finding *f);

/* Does the format show cases, and not findings? */
bool report_shows_cases(const struct report *p);

void report_begin(struct report *run);
void report_add_finding(struct report *file, const struct report_finding *f);
void report_add_case(struct report *file, const struct report_case *c);
void report_add_unread(struct report *file, const struct report_unread *u);
/* `name` is the file's. */
void report_join(struct report *run, struct report *file, struct str name,
                 const struct report_sums *of_file);
void report_end(struct report *run, const struct report_sums *sums);

/* ---- what formats share ------------------------------------------------------------------- */

/* "1 object", "2 objects" */
void report_count(struct buf *out, size_t n, const char *word);

/* A path below the working directory relative to it, without "./": the name of the file in a repository. */
struct str report_path(struct str path);

/* A path as a URI reference (RFC 3986): below the working directory relative to it, outside of
 * it a file: URI. */
void report_uri(struct buf *out, struct str path);

#endif
