#include "certs/certs.h"
#include "policyctl/options.h"

/* ---- review -------------------------------------------------------------------------- */

static const struct opt_row review_rows[] = {
    OPTIONS_POLICY_ROW(review),
    {"endpoint", 0, OPT_WORD, "WORD", "mutate", "Which of the webhook's paths answers.",
     OPTIONS_AT(review, endpoint), .words = options_endpoints},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date or RFC 3339 time at which exemptions are looked at; the clock's when not given.",
     OPTIONS_AT(review, now)},
    OPTIONS_HELP_ROW,
};

const struct verb verb_review = {
    .name = "review",
    .usage = "[OPTION...] [FILE]",
    .summary = "answer an AdmissionReview as the webhook does",
    .examples = "  policyctl review -p rules.yaml review.json\n",
    .options = OPTIONS_TABLE(review_rows),
    .run = cmd_review,
};

/* ---- lint ---------------------------------------------------------------------------- */

static const char *const lint_output_words[] = {
    [LINT_TEXT] = "text",   [LINT_JSON] = "json",     [LINT_JUNIT] = "junit",
    [LINT_SARIF] = "sarif", [LINT_GITHUB] = "github", NULL};

static const struct opt_row lint_rows[] = {
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: file:line:col lines and what to do. json: one document. junit: XML for CI systems. "
     "sarif: for code scanning. github: annotations of a workflow.",
     OPTIONS_AT(lint, output), .words = lint_output_words},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date (2027-01-31) or RFC 3339 time at which exemptions are looked at; the clock's when "
     "not "
     "given.",
     OPTIONS_AT(lint, now)},
    {"soon-days", 0, OPT_NUMBER, "DAYS", "30",
     "Exemptions that end within so many days are told.", OPTIONS_AT(lint, soon_days),
     .max = 36500},
    {"ignore", 0, OPT_LIST, "ID", NULL,
     "Leave findings of this id out; may be given several times.", OPTIONS_AT(lint, ignored)},
    {"strict", 0, OPT_FLAG, NULL, NULL, "Exit with 1 for notes as well.",
     OPTIONS_AT(lint, strict)},
    {"schema", 0, OPT_FLAG, NULL, NULL,
     "Print the JSON Schema (draft-07) of rule files instead, for editors.",
     OPTIONS_AT(lint, schema)},
    OPTIONS_HELP_ROW,
};

const struct verb verb_lint = {
    .name = "lint",
    .usage = "[OPTION...] RULES...|-",
    .summary = "find what is wrong with rule files",
    .details =
        "What keeps a file from being loaded is an error (exit status 2); what surely is not "
        "meant, a\n"
        "warning (1); what may well be meant, a note (0). All of them are told in one run.\n",
    .examples = "  policyctl lint rules.yaml\n"
                "  policyctl lint --schema >policy.schema.json\n",
    .options = OPTIONS_TABLE(lint_rows),
    .run = cmd_lint,
};

/* ---- verify -------------------------------------------------------------------------- */

static const char *const verify_output_words[] = {
    [VERIFY_TEXT] = "text",   [VERIFY_JSON] = "json",     [VERIFY_JUNIT] = "junit",
    [VERIFY_SARIF] = "sarif", [VERIFY_GITHUB] = "github", NULL};

static const struct opt_row verify_rows[] = {
    {"run", 0, OPT_STRING, "REGEX", NULL,
     "Only cases whose name this matches: a POSIX extended regular expression, anywhere in it.",
     OPTIONS_AT(verify, run)},
    {"verbose", 'v', OPT_FLAG, NULL, NULL, "Say of each case that it runs, and that it passed.",
     OPTIONS_AT(verify, verbose)},
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: as go test. json: one document. junit: XML for CI systems. sarif: for code "
     "scanning. github: annotations of a workflow.",
     OPTIONS_AT(verify, output), .words = verify_output_words},
    OPTIONS_HELP_ROW,
};

const struct verb verb_verify = {
    .name = "verify",
    .usage = "[OPTION...] SUITE...",
    .summary = "run unit tests of rule files",
    .details = "A suite is a YAML file of kind PolicyTest: a rule file, and cases of what "
               "should come of\n"
               "it. Folders are searched for *.test.yaml. Exit status 1 when a case fails, 2 "
               "when a suite\n"
               "cannot be read.\n",
    .examples = "  policyctl verify suites/\n"
                "  policyctl verify -v --run 'refused|denied' suites/\n",
    .options = OPTIONS_TABLE(verify_rows),
    .run = cmd_verify,
};

/* ---- parse --------------------------------------------------------------------------- */

static const char *const parse_output_words[] = {
    [PARSE_TEXT] = "text", [PARSE_JSON] = "json", NULL};

static const struct opt_row parse_rows[] = {
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: a line, and what kubelet, containerd and CRI-O make of it. json: one JSON object a "
     "line.",
     OPTIONS_AT(parse, output), .words = parse_output_words},
    OPTIONS_HELP_ROW,
};

const struct verb verb_parse = {
    .name = "parse",
    .usage = "[OPTION...] IMAGE...|-",
    .summary = "take image references apart, or say what is wrong",
    .examples = "  policyctl parse nginx ghcr.io/acme/app:1.2\n"
                "  policyctl parse -o json - <images.txt\n",
    .options = OPTIONS_TABLE(parse_rows),
    .run = cmd_parse,
};

/* ---- certs --------------------------------------------------------------------------- */

static const char *const key_words[] = {
    [CERTS_KEY_P256] = "p256", [CERTS_KEY_RSA2048] = "rsa2048", NULL};

static const struct opt_row certs_rows[] = {
    {"dir", 'd', OPT_STRING, "DIR", NULL, "Folder of ca.crt, ca.key, tls.crt and tls.key.",
     OPTIONS_AT(certs, dir)},
    {"service", 0, OPT_STRING, "NAME", NULL,
     "Kubernetes Service of the webhook; pullgate when not given. The API server asks for "
     "<service>.<namespace>.svc.",
     OPTIONS_AT(certs, service)},
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Namespace of that Service; pullgate when not given. rotate keeps the names the "
     "certificate "
     "has when neither is given.",
     OPTIONS_AT(certs, namespace)},
    {"dns", 0, OPT_LIST, "NAME", NULL,
     "Further DNS name or IP address for the certificate; may be given several times.",
     OPTIONS_AT(certs, dns)},
    {"days", 0, OPT_NUMBER, "N", NULL,
     "Life of the serving certificate; 365 when not given. rotate keeps that of the "
     "certificate "
     "it renews when not given.",
     OPTIONS_AT(certs, days), .min = 1, .max = CERTS_DAYS_MAX},
    {"ca-days", 0, OPT_NUMBER, "N", "3650", "Life of the CA.", OPTIONS_AT(certs, ca_days),
     .min = 1, .max = CERTS_DAYS_MAX},
    {"key", 0, OPT_WORD, "KIND", NULL,
     "Kind of key; p256 when not given: its handshakes cost a third of RSA's. rotate keeps the "
     "kind it finds when not given.",
     OPTIONS_AT(certs, key), .words = key_words},
    {"force", 'f', OPT_FLAG, NULL, NULL,
     "init: replace existing files. rotate: a new certificate even when none is due.",
     OPTIONS_AT(certs, force)},
    {"new-ca", 0, OPT_FLAG, NULL, NULL, "rotate: a new CA even when none is due.",
     OPTIONS_AT(certs, new_ca)},
    {"overlap-days", 0, OPT_NUMBER, "N", "30",
     "rotate: how long a replaced CA stays in the bundle.", OPTIONS_AT(certs, overlap_days),
     .min = 1, .max = CERTS_DAYS_MAX},
    {"dry-run", 0, OPT_FLAG, NULL, NULL, "rotate: say what would be done.",
     OPTIONS_AT(certs, dry_run)},
    {"tls-cert", 0, OPT_STRING, "FILE", NULL, "check, show: the certificate; DIR/tls.crt else.",
     OPTIONS_AT(certs, cert)},
    {"tls-key", 0, OPT_STRING, "FILE", NULL, "check: the key; DIR/tls.key else.",
     OPTIONS_AT(certs, key_file)},
    {"name", 0, OPT_STRING, "NAME", NULL,
     "check: the name it must carry; <service>.<namespace>.svc when not given.",
     OPTIONS_AT(certs, name)},
    OPTIONS_HELP_ROW,
};

const struct verb verb_certs = {
    .name = "certs",
    .usage = "ACTION [OPTION...]",
    .summary = "make and check serving certificates",
    .details = "Actions:\n"
               "  init    make a CA and a serving certificate: ca.crt ca.key tls.crt tls.key\n"
               "  rotate  renew what is due; a new CA overlaps the old one in ca.crt\n"
               "  check   dates, names, chain and key; exit status 1 when something is wrong\n"
               "  show    what a certificate says\n"
               "  bundle  base64 of ca.crt on one line, for a webhook's caBundle\n",
    .examples = "  policyctl certs init --dir tls --service pullgate --namespace pullgate\n"
                "  policyctl certs check --dir tls\n"
                "  policyctl certs rotate --dir tls\n",
    .options = OPTIONS_TABLE(certs_rows),
    .run = cmd_certs,
};

/* ---- render -------------------------------------------------------------------------- */

const char *const options_failure_policies[] = {
    [RENDER_IGNORE] = "Ignore", [RENDER_FAIL] = "Fail", NULL};

static const struct opt_row render_rows[] = {
    {"image", 'i', OPT_STRING, "IMAGE", NULL,
     "Image of pullgate itself, as you built and pushed it (deploy/Containerfile).",
     OPTIONS_AT(render, image)},
    OPTIONS_POLICY_ROW(render),
    {"certs", 0, OPT_STRING, "DIR", NULL,
     "Folder made by \"policyctl certs init\": ca.crt, tls.crt and tls.key are used, ca.key is "
     "not read.",
     OPTIONS_AT(render, certs)},
    {"namespace", 'n', OPT_STRING, "NAME", "pullgate",
     "Namespace of the webhook; it holds nothing else.", OPTIONS_AT(render, namespace)},
    {"replicas", 0, OPT_NUMBER, "N", "2", "Pods of the webhook.", OPTIONS_AT(render, replicas),
     .min = 1, .max = 100},
    {"failure-policy", 0, OPT_WORD, "WORD", "Ignore",
     "What becomes of pods while the webhook does not answer: Ignore lets them through, Fail "
     "refuses them. Begin with Ignore; give Fail once it answers.",
     OPTIONS_AT(render, failure_policy), .words = options_failure_policies},
    OPTIONS_HELP_ROW,
};

const struct verb verb_render = {
    .name = "render",
    .usage = "--image IMAGE --policy FILE --certs DIR [OPTION...]",
    .summary = "print the manifests of a webhook, for kubectl apply",
    .details = "The same objects as deploy/kustomize, for those who use neither kustomize nor "
               "Helm. The\n"
               "output holds the private key of the webhook (never the CA's).\n",
    .examples = "  policyctl render --image registry.example/pullgate:1 --policy rules.yaml "
                "--certs tls |\n"
                "      kubectl apply -f -\n",
    .options = {.rows = render_rows,
                .n_rows = sizeof render_rows / sizeof *render_rows,
                .env_prefix = "PULLGATE"},
    .run = cmd_render,
};

/* ---- completion ---------------------------------------------------------------------- */

static const struct opt_row completion_rows[] = {OPTIONS_HELP_ROW};

const struct verb verb_completion = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "print a script that completes command lines",
    .details = "In ~/.bashrc: source <(policyctl completion bash); in ~/.zshrc, behind "
               "compinit, the same with\n"
               "zsh; for fish into ~/.config/fish/completions/policyctl.fish.\n",
    .examples = "  source <(policyctl completion bash)\n",
    .options = OPTIONS_TABLE(completion_rows),
    .run = cmd_completion,
};
