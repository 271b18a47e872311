/* policyctl - what the webhook would say, offline. */
#include "base/file.h"
#include "policyctl/policy.h"
#include "policyctl/verb.h"
#include "rules/docs.h"
#include "version.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static void put_overview(struct buf *to);
static int help_on(const char *name);

static bool has_more_operands(const struct opt_result *args, size_t expected) {
    struct err err = ERR_INIT;
    if (args->n_operands <= expected)
        return false;
    err_set(&err, EC_USAGE, "found \"%.100s\", expected nothing there",
            args->operands[expected]);
    verb_fail(&err);
    return true;
}

static int cmd_help(const struct verb *self, int argc, char **argv) {
    char nothing;
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status = EXIT_INPUT;
    if (verb_options(self, &nothing, argc, argv, &result, &text, &status)) {
        if (has_more_operands(&result, 1)) {
            status = EXIT_INPUT;
        } else if (result.n_operands == 1) {
            status = help_on(result.operands[0]);
        } else {
            put_overview(&text);
            status = verb_print(&text) ? EXIT_ALLOWED : EXIT_INPUT;
        }
    }
    buf_done(&text);
    return status;
}

static int cmd_version(const struct verb *self, int argc, char **argv) {
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status = EXIT_ALLOWED;
    if (verb_options(self, NULL, argc, argv, &result, &text, &status)) {
        if (has_more_operands(&result, 0)) {
            buf_done(&text);
            return EXIT_INPUT;
        }
        buf_puts(&text, "policyctl " VERSION_TEXT "\n");
        status = verb_print(&text) ? EXIT_ALLOWED : EXIT_INPUT;
    }
    buf_done(&text);
    return status;
}

static const struct opt_row version_rows[] = {HELP_ROW};
static const struct opt_table version_options = {.rows = version_rows, .n_rows = 1};
static const struct opt_table help_options = {.rows = version_rows, .n_rows = 1};

const struct verb verbs[] = {
    {"test", "[OPTION...] FILE...|-", "say what the webhook would do to manifests",
     "Reads YAML or JSON: many documents, Lists, folders, AdmissionReviews; pods and all "
     "built-in\n"
     "workloads with a pod template. Objects of other kinds that hold anything like an image "
     "are\n"
     "not judged, and told. In folders, files that are no manifests are skipped.\n",
     "  policyctl test -p rules.yaml manifests/\n"
     "  helm template chart | policyctl test -p rules.yaml -n airbyte -\n"
     "  policyctl test -p rules.yaml -o sarif --require-objects manifests/ >result.sarif\n",
     &test_options, cmd_test},
    {"verify", "[OPTION...] SUITE...", "run unit tests of rule files",
     "A suite is a YAML file of kind PolicyTest: a rule file, and cases of what should come "
     "of\n"
     "it. Folders are searched for *.test.yaml. Exit status 1 when a case fails, 2 when a "
     "suite\n"
     "cannot be read.\n",
     "  policyctl verify suites/\n"
     "  policyctl verify -v --run 'refused|denied' suites/\n",
     &verify_options, cmd_verify},
    {"bench", "[OPTION...] FILE...", "measure decisions of a rule file",
     "Reads objects as test does, decides over them again and again, and tells decisions per\n"
     "second and how long one takes: the engine's work alone, and for AdmissionReviews the "
     "way\n"
     "from bytes to bytes as well.\n",
     "  policyctl bench -p rules.yaml --worst\n"
     "  policyctl bench -p rules.yaml --save base.json pods.yaml\n"
     "  policyctl bench -p rules.yaml --compare base.json --threshold 20 pods.yaml\n",
     &bench_options, cmd_bench},
    {"apply", "[OPTION...] FILE...|-", "print manifests as the webhook would leave them",
     "Comments, order, quotes and layout stay. Denied objects stay as they are, and are told\n"
     "(exit status 1). From standard input to standard output it is a post-renderer of Helm\n"
     "and, given a ResourceList, a KRM function of kustomize; then functionConfig may name\n"
     "the rule file in spec.policy.\n",
     "  policyctl apply -p rules.yaml --in-place manifests/\n"
     "  helm template chart | policyctl apply -p rules.yaml -n airbyte - | kubectl apply -f "
     "-\n",
     &apply_options, cmd_apply},
    {"explain", "[OPTION...] IMAGE|FILE|-...", "say which rule decides, and why, step by step",
     "What names a file, or ends as a manifest does, is one; all else is an image, taken to be "
     "in\n"
     "a pod of its own.\n",
     "  policyctl explain -p rules.yaml -n airbyte nginx:1.25\n"
     "  policyctl explain -p rules.yaml -o json pods.yaml\n",
     &explain_options, cmd_explain},
    {"images", "[OPTION...] FILE...|-", "list the images, and where the policy sends them",
     "Reads what test reads, or a list of names, one a line (as abctl images manifest "
     "prints).\n"
     "skopeo sync has one destination, and keeps of a name its last part: -o skopeo-sync "
     "prints\n"
     "what belongs to the destination most images go to, with the command, and tells of the\n"
     "others. -o skopeo-copy has them all.\n",
     "  helm template chart | policyctl images -p rules.yaml -\n"
     "  abctl images manifest | policyctl images -p rules.yaml -n airbyte -o skopeo-sync - "
     ">sync.yaml\n"
     "  policyctl images -p rules.yaml -o skopeo-copy manifests/ | sh\n",
     &images_options, cmd_images},
    {"lint", "[OPTION...] RULES...|-", "find what is wrong with rule files",
     "What keeps a file from being loaded is an error (exit status 2); what surely is not "
     "meant, a\n"
     "warning (1); what may well be meant, a note (0). All of them are told in one run.\n",
     "  policyctl lint rules.yaml\n"
     "  policyctl lint --schema >policy.schema.json\n",
     &lint_options, cmd_lint},
    {"review", "[OPTION...] [FILE]", "answer an AdmissionReview as the webhook does", NULL,
     "  policyctl review -p rules.yaml review.json\n", &review_options, cmd_review},
    {"parse", "[OPTION...] IMAGE...|-", "take image references apart, or say what is wrong",
     NULL,
     "  policyctl parse nginx ghcr.io/acme/app:1.2\n"
     "  policyctl parse -o json - <images.txt\n",
     &parse_options, cmd_parse},
    {"certs", "ACTION [OPTION...]", "make and check serving certificates",
     "Actions:\n"
     "  init    make a CA and a serving certificate: ca.crt ca.key tls.crt tls.key\n"
     "  rotate  renew what is due; a new CA overlaps the old one in ca.crt\n"
     "  check   dates, names, chain and key; exit status 1 when something is wrong\n"
     "  show    what a certificate says\n"
     "  bundle  base64 of ca.crt on one line, for a webhook's caBundle\n",
     "  policyctl certs init --dir tls --service pullgate --namespace pullgate\n"
     "  policyctl certs check --dir tls\n"
     "  policyctl certs rotate --dir tls\n",
     &certs_options, cmd_certs},
    {"render", "--image IMAGE --policy FILE --certs DIR [OPTION...]",
     "print the manifests of a webhook, for kubectl apply",
     "The same objects as deploy/kustomize, for those who use neither kustomize nor Helm. The\n"
     "output holds the private key of the webhook (never the CA's).\n",
     "  policyctl render --image registry.example/pullgate:1 --policy rules.yaml --certs tls "
     "|\n"
     "      kubectl apply -f -\n",
     &render_options, cmd_render},
    {"completion", "bash|zsh|fish", "print a script that completes command lines",
     "In ~/.bashrc: source <(policyctl completion bash); in ~/.zshrc, behind compinit, the "
     "same with\n"
     "zsh; for fish into ~/.config/fish/completions/policyctl.fish.\n",
     "  source <(policyctl completion bash)\n", &completion_options, cmd_completion},
    {"help", "[VERB]", "print what the verbs are, or what one of them takes", NULL,
     "  policyctl help test\n", &help_options, cmd_help},
    {"version", "", "print version and libraries", NULL, "  policyctl version\n",
     &version_options, cmd_version},
};
const size_t n_verbs = sizeof verbs / sizeof *verbs;

static void put_overview(struct buf *to) {
    buf_puts(to, "Usage: policyctl VERB [OPTION...] [ARGUMENT...]\n\n"
                 "Asks the rules of pullgate offline: the same engine, the same answers as the "
                 "webhook.\n\n"
                 "Verbs:\n");
    for (size_t i = 0; i < n_verbs; i++)
        buf_printf(to, "  %-12s %s\n", verbs[i].name, verbs[i].summary);
    buf_puts(to,
             "\n\"policyctl VERB --help\" tells more. Exit status: 0 all allowed, 1 something "
             "denied,\n"
             "2 usage or unreadable input, 3 warnings with --fail-on-warn, 4 images left out\n"
             "of a format that cannot say them, 70 a bug.\n");
}

/* For the build of the manual pages: the verbs and their options, or the keys of the rule file. */
static int print_mdoc(const char *what) {
    struct buf text = BUF_INIT(1 << 20);
    if (strcmp(what, "policy") == 0)
        rules_mdoc(&text);
    for (size_t i = 0; i < n_verbs && strcmp(what, "verbs") == 0; i++) {
        buf_printf(&text, ".Ss %s\n.Nm Cm %s %s\n.Pp\n%c%s.\n", verbs[i].name, verbs[i].name,
                   verbs[i].usage, verbs[i].summary[0] - 'a' + 'A', verbs[i].summary + 1);
        if (verbs[i].details != NULL)
            buf_printf(&text, ".Bd -literal\n%s.Ed\n", verbs[i].details);
        buf_printf(&text, "Examples:\n.Bd -literal\n%s.Ed\n", verbs[i].examples);
        if (verbs[i].options->n_rows != 0)
            opts_mdoc(verbs[i].options, &text);
    }
    bool printed = verb_print(&text);
    buf_done(&text);
    return printed ? EXIT_ALLOWED : EXIT_INPUT;
}

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < n_verbs; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static int unknown_verb(const char *name) {
    const char *names[64];
    for (size_t i = 0; i < n_verbs && i < 64; i++)
        names[i] = verbs[i].name;
    int near = str_nearest(str_of(name), names, n_verbs);
    if (near >= 0)
        verb_tell("policyctl: unknown verb \"%s\"; did you mean %s?", name, names[near]);
    else
        verb_tell("policyctl: unknown verb \"%s\"; try policyctl --help", name);
    return EXIT_INPUT;
}

static int help_on(const char *name) {
    static char help[] = "--help";
    char *words[] = {help, help, NULL};
    const struct verb *verb = find_verb(name);
    return verb ? verb->run(verb, 2, words) : unknown_verb(name);
}

int main(int argc, char **argv) {
    file_guard_standard();
    /* A reader that goes away (head) is an error on write, not the end without a word. */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        struct buf text = BUF_INIT(1 << 20);
        struct err ignored = ERR_INIT;
        put_overview(&text);
        (void)!file_write_fd(STDERR_FILENO, buf_view(&text), &ignored);
        buf_done(&text);
        return EXIT_INPUT;
    }
    if (argc == 3 && strcmp(argv[1], "--help-mdoc") == 0)
        return print_mdoc(argv[2]);
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0)
        name = "version";
    else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    const struct verb *verb = find_verb(name);
    return verb ? verb->run(verb, argc - 1, argv + 1) : unknown_verb(name);
}
