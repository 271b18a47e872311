/* policyctl - the decisions of the webhook, offline. */
#include "base/file.h"
#include "doctor/codes.h"
#include "policyctl/options.h"
#include "rules/docs.h"
#include "version.h"

#include <signal.h>

/* ---- help and version ---------------------------------------------------------------- */

static const struct opt_row help_rows[] = {OPTIONS_HELP_ROW};
static int run_help(const union options *options, const struct opt_result *args);
static int run_version(const union options *options, const struct opt_result *args);

static const struct verb verb_help = {
    .name = "help",
    .usage = "[VERB]",
    .summary = "print the list of verbs, or the help of one",
    .details = "Instead of a verb: \"codes\" prints the codes of policyctl doctor, PG104 one "
               "of them.\n",
    .examples = "  policyctl help test\n"
                "  policyctl help codes\n"
                "  policyctl help PG104\n",
    .options = OPTIONS_TABLE(help_rows),
    .run = run_help,
};

static const struct verb verb_version = {
    .name = "version",
    .usage = "",
    .summary = "print the version and the libraries in use",
    .examples = "  policyctl version\n",
    .options = OPTIONS_TABLE(help_rows),
    .run = run_version,
};

/* clang-format off */
#define VERB_ROW(word) &verb_##word,
const struct verb *const verb_list[] = {VERBS(VERB_ROW) &verb_help, &verb_version};
/* clang-format on */
const size_t verb_n = sizeof verb_list / sizeof *verb_list;

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < verb_n; i++)
        if (strcmp(verb_list[i]->name, name) == 0)
            return verb_list[i];
    return NULL;
}

static int unknown_verb(const char *name) {
    const char *names[sizeof verb_list / sizeof *verb_list];
    for (size_t i = 0; i < verb_n; i++)
        names[i] = verb_list[i]->name;
    int near = str_nearest(str_of(name), names, verb_n);
    if (near >= 0)
        verb_tell("policyctl: unknown verb \"%s\"; did you mean %s?", name, names[near]);
    else
        verb_tell("policyctl: unknown verb \"%s\"; try %s --help", name, verb_program());
    return EXIT_INPUT;
}

static void put_overview(struct buf *to) {
    verb_put_text(to,
                  "Usage: policyctl VERB [OPTION...] [ARGUMENT...]\n"
                  "\n"
                  "Evaluates pullgate's rules offline, with the engine of the webhook and the"
                  " same results.\n"
                  "\n"
                  "Verbs:\n");
    for (size_t i = 0; i < verb_n; i++)
        buf_printf(to, "  %-12s %s\n", verb_list[i]->name, verb_list[i]->summary);
    verb_put_text(to,
                  "\n"
                  "\"policyctl VERB --help\" prints details. Exit status: 0 all allowed, 1 "
                  "something denied,\n"
                  "2 usage error or unreadable input, 3 warnings with --fail-on-warn, or an "
                  "import that is not\n"
                  "exact, 4 images or secrets left out because the output cannot hold them, 70 "
                  "a bug.\n");
}

static enum ec no_more(const struct opt_result *args, size_t expected, struct err *err) {
    if (args->n_operands <= expected)
        return EC_OK;
    return err_set(err, EC_USAGE, "unexpected argument \"%.100s\"", args->operands[expected]);
}

/* "codes", or one of them; false: it is neither. */
static bool put_codes(struct buf *to, const char *word) {
    const struct doctor_code_row *row = doctor_code_find(str_of(word));
    if (strcmp(word, "codes") == 0)
        doctor_codes_text(to);
    else if (row != NULL)
        doctor_code_text(to, row);
    return to->n != 0 || to->bad != 0;
}

static int run_help(const union options *options, const struct opt_result *args) {
    static char help[] = "--help";
    char *words[] = {help, help, NULL};
    struct buf text = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    (void)options;
    if (no_more(args, 1, &err) == EC_OK && args->n_operands == 1) {
        const struct verb *verb = find_verb(args->operands[0]);
        if (put_codes(&text, args->operands[0]))
            return verb_end(&text, EXIT_ALLOWED, &err);
        return verb ? verb_main(verb, 2, words) : unknown_verb(args->operands[0]);
    }
    put_overview(&text);
    return verb_end(&text, EXIT_ALLOWED, &err);
}

static int run_version(const union options *options, const struct opt_result *args) {
    struct buf text = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    (void)options;
    (void)!no_more(args, 0, &err);
    buf_puts(&text, "policyctl " VERSION_TEXT VERSION_POLICYCTL_LIBRARIES);
    return verb_end(&text, EXIT_ALLOWED, &err);
}

/* ---- the program --------------------------------------------------------------------- */

/* For the build of the manual pages: the verbs and their options, or the keys of the rule file. */
static int print_mdoc(const char *what) {
    const struct err none = ERR_INIT;
    struct buf text = BUF_INIT(1 << 20);
    if (strcmp(what, "policy") == 0)
        rules_mdoc(&text);
    if (strcmp(what, "codes") == 0) /* for deploy/CODES.md */
        doctor_codes_markdown(&text);
    for (size_t i = 0; i < verb_n && strcmp(what, "verbs") == 0; i++) {
        const struct verb *v = verb_list[i];
        buf_printf(&text, ".Ss %s\n.Nm Cm %s %s\n.Pp\n%c%s.\n", v->name, v->name, v->usage,
                   v->summary[0] - 'a' + 'A', v->summary + 1);
        if (v->details != NULL)
            buf_printf(&text, ".Bd -literal\n%s.Ed\n", v->details);
        buf_printf(&text, "Examples:\n.Bd -literal\n%s.Ed\n", v->examples);
        opts_mdoc(&v->options, &text);
    }
    return verb_end(&text, EXIT_ALLOWED, &none);
}

static int print_usage(void) {
    struct buf text = BUF_INIT(1 << 20);
    put_overview(&text);
    verb_talk(buf_view(&text));
    buf_done(&text);
    return EXIT_INPUT;
}

int main(int argc, char **argv) {
    file_guard_standard();
    /* When the reader of a pipe exits (head), writing fails and the error is reported. */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return print_usage();
    if (argc == 3 && strcmp(argv[1], "--help-mdoc") == 0)
        return print_mdoc(argv[2]);
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0)
        name = "version";
    else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    const struct verb *verb = find_verb(name);
    return verb ? verb_main(verb, argc - 1, argv + 1) : unknown_verb(name);
}
