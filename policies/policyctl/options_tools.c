#include "certs/certs.h"
#include "policyctl/options.h"

/* ---- review -------------------------------------------------------------------------- */

static const struct opt_row review_rows[] = {
    OPTIONS_POLICY_ROW(review),
    {"endpoint", 0, OPT_WORD, "WORD", "mutate", "Which path of the webhook answers.",
     OPTIONS_AT(review, endpoint), .words = options_endpoints},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date or RFC 3339 time at which exemptions are evaluated. Defaults to the "
     "current time.",
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

/* ---- ask ----------------------------------------------------------------------------- */

static const struct opt_row ask_rows[] = {
    OPTIONS_POLICY_ROW(ask),
    {"server", 0, OPT_STRING, "URL", NULL, "The webhook: https://HOST[:PORT], without a path.",
     OPTIONS_AT(ask, server)},
    {"ca", 0, OPT_STRING, "FILE", NULL,
     "Certificates (PEM) that the webhook's must lead to: ca.crt of \"policyctl certs init\", "
     "or "
     "the caBundle of its registration.",
     OPTIONS_AT(ask, ca)},
    {"servername", 0, OPT_STRING, "NAME", NULL,
     "The name that its certificate must have, when it is not that of the URL: "
     "<service>.<namespace>.svc.",
     OPTIONS_AT(ask, server_name)},
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Namespace of pods that name none. Defaults to \"default\".", OPTIONS_AT(ask, namespace)},
    {"user", 0, OPT_STRING, "NAME", NULL, "The user who creates the pods.",
     OPTIONS_AT(ask, user)},
    {"group", 0, OPT_LIST, "NAME", NULL, "A group of that user. Repeatable.",
     OPTIONS_AT(ask, groups)},
    {"timeout", 0, OPT_DURATION, "TIME", "10s", "How long one answer may take.",
     OPTIONS_AT(ask, timeout_ms), .min = 1, .max = 3600000},
    {"wait", 0, OPT_DURATION, "TIME", "0s",
     "Ask again until all answers are equal, for this long: a changed rule file reaches the "
     "webhook's pods within a minute or two.",
     OPTIONS_AT(ask, wait_ms), .max = 3600000},
    {"dry-run", 0, OPT_FLAG, NULL, NULL,
     "Only print the questions, and what the rule file answers.", OPTIONS_AT(ask, dry_run)},
    OPTIONS_HELP_ROW,
};

const struct verb verb_ask = {
    .name = "ask",
    .usage = "--server URL --ca FILE [OPTION...] [POD...]",
    .summary = "compare a running webhook's answers with those of the rule file",
    .details =
        "Sends AdmissionReviews to /mutate and /validate of the webhook, as dry runs, and "
        "compares "
        "each\n"
        "answer with what the rule file says. POD is a file with pods or AdmissionReviews, or "
        "a "
        "folder of\n"
        "these. Without one, two pods are made from the rules: one that the first rule with a "
        "registry or\n"
        "mirror rewrites, and one with an image of a host that the first rule does not "
        "approve.\n"
        "Exit status 0: all answers are equal; 1: one differs; 2: the webhook is not "
        "reached.\n",
    .examples =
        "  policyctl ask -p rules.yaml --dry-run\n"
        "  policyctl ask -p rules.yaml --server https://localhost:9443 --ca tls/ca.crt\n",
    .options = OPTIONS_TABLE(ask_rows),
    .run = cmd_ask,
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
     "Date (2027-01-31) or RFC 3339 time at which exemptions are evaluated. "
     "Defaults to the current time.",
     OPTIONS_AT(lint, now)},
    {"soon-days", 0, OPT_NUMBER, "DAYS", "30",
     "Report exemptions that end within this many days.", OPTIONS_AT(lint, soon_days),
     .max = 36500},
    {"ignore", 0, OPT_LIST, "ID", NULL, "Omit findings with this id. Repeatable.",
     OPTIONS_AT(lint, ignored)},
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
    .summary = "find problems in rule files",
    .details =
        "A problem that prevents a file from loading is an error (exit status 2), one that is\n"
        "certainly unintended is a warning (1), one that may be intended is a note (0). All "
        "are\n"
        "reported in one run.\n",
    .examples = "  policyctl lint rules.yaml\n"
                "  policyctl lint --schema >policy.schema.json\n",
    .options = OPTIONS_TABLE(lint_rows),
    .run = cmd_lint,
};

/* ---- doctor -------------------------------------------------------------------------- */

static const char *const doctor_output_words[] = {
    [DOCTOR_TEXT] = "text",   [DOCTOR_JSON] = "json",     [DOCTOR_JUNIT] = "junit",
    [DOCTOR_SARIF] = "sarif", [DOCTOR_GITHUB] = "github", NULL};

static const struct opt_row doctor_rows[] = {
    OPTIONS_POLICY_ROW(doctor),
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Look at this namespace alone. Defaults to all of them.", OPTIONS_AT(doctor, namespace)},
    {"cluster", 0, OPT_FLAG, NULL, NULL,
     "Read the state with kubectl (KUBECTL names another program) instead of from dumps.",
     OPTIONS_AT(doctor, cluster)},
    {"context", 0, OPT_STRING, "NAME", NULL, "Context of the kubeconfig, for kubectl.",
     OPTIONS_AT(doctor, context)},
    {"kubeconfig", 0, OPT_STRING, "FILE", NULL, "Kubeconfig, for kubectl.",
     OPTIONS_AT(doctor, kubeconfig)},
    {"tls-cert", 0, OPT_STRING, "FILE", NULL,
     "The serving certificate that the caBundle must verify. Defaults to that of a Secret in "
     "the webhook's namespace.",
     OPTIONS_AT(doctor, cert)},
    {"values", 0, OPT_STRING, "FILE", NULL,
     "Helm values of Airbyte: global.imagePullSecrets is compared with the policy.",
     OPTIONS_AT(doctor, values)},
    {"soon", 0, OPT_DURATION, "TIME", "2h", "Report tokens that expire within this time.",
     OPTIONS_AT(doctor, soon_ms)},
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: findings for people. json: one document. junit: XML for CI systems. sarif: for "
     "code "
     "scanning. github: annotations of a workflow.",
     OPTIONS_AT(doctor, output), .words = doctor_output_words},
    {"ignore", 0, OPT_LIST, "CODE", NULL, "Omit findings with this code. Repeatable.",
     OPTIONS_AT(doctor, ignored)},
    {"strict", 0, OPT_FLAG, NULL, NULL, "Exit with 1 for notes as well.",
     OPTIONS_AT(doctor, strict)},
    {"verbose", 'v', OPT_FLAG, NULL, NULL, "Print the commands of --cluster.",
     OPTIONS_AT(doctor, verbose)},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date (2027-01-31) or RFC 3339 time at which certificates, tokens and exemptions are "
     "evaluated. Defaults to the current time.",
     OPTIONS_AT(doctor, now)},
    OPTIONS_HELP_ROW,
};

const struct verb verb_doctor = {
    .name = "doctor",
    .usage = "[OPTION...] --cluster | DUMP...|-",
    .summary = "find out why images are not pulled, or will not be",
    .details = "Compares the state of a cluster with the rule file: pull secrets, "
               "ServiceAccounts, the\n"
               "webhook's registration and certificate, pods and their events. A dump is what\n"
               "\"kubectl get secrets,serviceaccounts,pods,events,... -A -o json\" prints. "
               "Each finding\n"
               "has a code, what it leads to and how to mend it; \"policyctl help codes\" "
               "lists them.\n"
               "Content of Secrets is never printed. Exit status: 0 nothing is wrong, 1 "
               "findings (notes\n"
               "with --strict alone), 2 input that cannot be read.\n",
    .examples = "  policyctl doctor -p rules.yaml dump.json\n"
                "  policyctl doctor -p rules.yaml -n airbyte -o json dump.json\n"
                "  policyctl doctor -p rules.yaml --cluster --context prod -v\n",
    .options = OPTIONS_TABLE(doctor_rows),
    .run = cmd_doctor,
};

/* ---- verify -------------------------------------------------------------------------- */

static const char *const verify_output_words[] = {
    [VERIFY_TEXT] = "text",   [VERIFY_JSON] = "json",     [VERIFY_JUNIT] = "junit",
    [VERIFY_SARIF] = "sarif", [VERIFY_GITHUB] = "github", NULL};

static const struct opt_row verify_rows[] = {
    {"run", 0, OPT_STRING, "REGEX", NULL,
     "Run only cases whose name matches this POSIX extended regular expression.",
     OPTIONS_AT(verify, run)},
    {"verbose", 'v', OPT_FLAG, NULL, NULL, "Print each case when it starts and when it passes.",
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
    .details = "A suite is a YAML file of kind PolicyTest: a rule file, and cases with their "
               "expected\n"
               "results. Folders are searched for *.test.yaml. The exit status is 1 when a "
               "case fails, 2\n"
               "when a suite cannot be read.\n",
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
     "text: the parts, and how kubelet, containerd and CRI-O read the reference."
     " json: one JSON object per line.",
     OPTIONS_AT(parse, output), .words = parse_output_words},
    OPTIONS_HELP_ROW,
};

const struct verb verb_parse = {
    .name = "parse",
    .usage = "[OPTION...] IMAGE...|-",
    .summary = "parse image references, or explain why they are invalid",
    .examples = "  policyctl parse nginx ghcr.io/acme/app:1.2\n"
                "  policyctl parse -o json - <images.txt\n",
    .options = OPTIONS_TABLE(parse_rows),
    .run = cmd_parse,
};

/* ---- sync ---------------------------------------------------------------------------- */

static const char *const sync_output_words[] = {
    [SYNC_OUTPUT_TEXT] = "text", [SYNC_OUTPUT_JSON] = "json", NULL};

static const struct opt_row sync_rows[] = {
    OPTIONS_POLICY_ROW(sync),
    {"dry-run", 0, OPT_FLAG, NULL, NULL,
     "Print what would be done. Required: policyctl changes nothing in a cluster.",
     OPTIONS_AT(sync, dry_run)},
    {"annotated", 0, OPT_LIST, "NAMESPACE", NULL,
     "Namespace (or glob) whose Secrets may ask for copies by the annotations "
     "pullgate.dev/sync-to and astronomer.io/commander-sync. Repeatable. Elsewhere these "
     "annotations have no effect, since whoever can annotate a Secret would decide where it "
     "goes.",
     OPTIONS_AT(sync, annotated)},
    {"respect-value", 0, OPT_FLAG, NULL, NULL,
     "Take a value KEY=VALUE of astronomer.io/commander-sync as a label selector of "
     "namespaces. Without it the annotation asks for every namespace, whatever its value, as "
     "for Astronomer's Commander.",
     OPTIONS_AT(sync, respect_value)},
    {"instance", 0, OPT_STRING, "NAME", "pullgate",
     "Name in the mark of each copy; copies of another instance are foreign.",
     OPTIONS_AT(sync, instance)},
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: a line for each action, and a summary. json: one document.",
     OPTIONS_AT(sync, output), .words = sync_output_words},
    OPTIONS_HELP_ROW,
};

const struct verb verb_sync = {
    .name = "sync",
    .usage = "--dry-run -p FILE [OPTION...] DUMP...|-",
    .summary = "print which copies of pull secrets a cluster lacks",
    .details =
        "The rule file names the sources of pull secrets (spec.secrets); its rules, the "
        "namespaces\n"
        "that need copies. A dump is what kubectl prints for secrets and namespaces; several "
        "are read\n"
        "as one. Actions: apply, recreate (the type of a Secret cannot change), delete, "
        "report. "
        "A Secret\n"
        "that is not a copy is never changed, a source that the kubelet cannot decode never "
        "copied.\n"
        "Exit status: 0 nothing to do, 1 something to do or to mend, 2 input that cannot be "
        "read.\n"
        "Passwords are not printed.\n",
    .examples =
        "  kubectl get secrets,namespaces -A -o json | policyctl sync --dry-run -p "
        "rules.yaml -\n"
        "  policyctl sync --dry-run -p rules.yaml --annotated platform -o json dump.json\n",
    .options = OPTIONS_TABLE(sync_rows),
    .run = cmd_sync,
};

/* ---- certs --------------------------------------------------------------------------- */

static const char *const key_words[] = {
    [CERTS_KEY_P256] = "p256", [CERTS_KEY_RSA2048] = "rsa2048", NULL};

static const struct opt_row certs_rows[] = {
    {"dir", 'd', OPT_STRING, "DIR", NULL, "Folder with ca.crt, ca.key, tls.crt and tls.key.",
     OPTIONS_AT(certs, dir)},
    {"service", 0, OPT_STRING, "NAME", NULL,
     "Kubernetes Service of the webhook. Defaults to pullgate. The API server "
     "connects to <service>.<namespace>.svc.",
     OPTIONS_AT(certs, service)},
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Namespace of that Service. Defaults to pullgate. When neither is given, "
     "rotate keeps the names of the certificate.",
     OPTIONS_AT(certs, namespace)},
    {"dns", 0, OPT_LIST, "NAME", NULL,
     "Additional DNS name or IP address for the certificate. Repeatable.",
     OPTIONS_AT(certs, dns)},
    {"days", 0, OPT_NUMBER, "N", NULL,
     "Lifetime of the serving certificate. Defaults to 365; for rotate, to the "
     "lifetime of the certificate that it renews.",
     OPTIONS_AT(certs, days), .min = 1, .max = CERTS_DAYS_MAX},
    {"ca-days", 0, OPT_NUMBER, "N", "3650", "Lifetime of the CA.", OPTIONS_AT(certs, ca_days),
     .min = 1, .max = CERTS_DAYS_MAX},
    {"key", 0, OPT_WORD, "KIND", NULL,
     "Type of key. Defaults to p256, whose handshakes cost a third of RSA's; for"
     " rotate, to the type in use.",
     OPTIONS_AT(certs, key), .words = key_words},
    {"force", 'f', OPT_FLAG, NULL, NULL,
     "init: replace existing files. rotate: issue a new certificate even if none"
     " is due.",
     OPTIONS_AT(certs, force)},
    {"new-ca", 0, OPT_FLAG, NULL, NULL, "rotate: create a new CA even if none is due.",
     OPTIONS_AT(certs, new_ca)},
    {"overlap-days", 0, OPT_NUMBER, "N", "30",
     "rotate: how long a replaced CA stays in the bundle.", OPTIONS_AT(certs, overlap_days),
     .min = 1, .max = CERTS_DAYS_MAX},
    {"dry-run", 0, OPT_FLAG, NULL, NULL, "rotate: only print what would be done.",
     OPTIONS_AT(certs, dry_run)},
    {"tls-cert", 0, OPT_STRING, "FILE", NULL,
     "check, show: the certificate. Defaults to DIR/tls.crt.", OPTIONS_AT(certs, cert)},
    {"tls-key", 0, OPT_STRING, "FILE", NULL, "check: the key. Defaults to DIR/tls.key.",
     OPTIONS_AT(certs, key_file)},
    {"name", 0, OPT_STRING, "NAME", NULL,
     "check: the name that the certificate must have. Defaults to "
     "<service>.<namespace>.svc.",
     OPTIONS_AT(certs, name)},
    OPTIONS_HELP_ROW,
};

const struct verb verb_certs = {
    .name = "certs",
    .usage = "ACTION [OPTION...]",
    .summary = "create, rotate and check serving certificates",
    .details =
        "Actions:\n"
        "  init    create a CA and a serving certificate: ca.crt ca.key tls.crt tls.key\n"
        "  rotate  renew what is due; a new CA overlaps the old one in ca.crt\n"
        "  check   check dates, names, chain and key; exit status 1 when something is wrong\n"
        "  show    print the contents of a certificate\n"
        "  bundle  print ca.crt as one line of base64, for a webhook's caBundle\n",
    .examples = "  policyctl certs init --dir tls --service pullgate --namespace pullgate\n"
                "  policyctl certs check --dir tls\n"
                "  policyctl certs rotate --dir tls\n",
    .options = OPTIONS_TABLE(certs_rows),
    .run = cmd_certs,
};

/* ---- render -------------------------------------------------------------------------- */

const char *const options_failure_policies[] = {
    [RENDER_IGNORE] = "Ignore", [RENDER_FAIL] = "Fail", NULL};

static const char *const certificate_modes[] = {
    [RENDER_EXISTING] = "existing", [RENDER_SELF_SIGNED] = "selfSigned", NULL};
static const char *const parts[] = {[RENDER_ALL] = "all", [RENDER_CERTS] = "certs", NULL};

static const struct opt_row render_rows[] = {
    {"image", 'i', OPT_STRING, "IMAGE", NULL,
     "Image of pullgate, or for sync of pullgate-sync, as you built and pushed it "
     "(deploy/Containerfile).",
     OPTIONS_AT(render, image)},
    OPTIONS_POLICY_ROW(render),
    {"certs", 0, OPT_STRING, "DIR", NULL,
     "Folder created by \"policyctl certs init\". Uses ca.crt, tls.crt and "
     "tls.key, and not ca.key; in the mode selfSigned only ca.crt and ca.key.",
     OPTIONS_AT(render, certs)},
    {"certificate-mode", 0, OPT_WORD, "WORD", "existing",
     "existing: the webhook serves tls.crt, which is valid for a year and has to be renewed. "
     "selfSigned: it gets the CA and its key, makes its own certificates in memory and renews "
     "them; the CA can sign for the webhook's name alone.",
     OPTIONS_AT(render, certificate_mode), .words = certificate_modes},
    {"only", 0, OPT_WORD, "WORD", "all",
     "certs: only the objects that hold certificates, the Secret and both webhook "
     "configurations, so that certificates are renewed without other changes. Needs neither "
     "--image nor --policy.",
     OPTIONS_AT(render, only), .words = parts},
    {"namespace", 'n', OPT_STRING, "NAME", "pullgate",
     "Namespace of the webhook, which contains nothing else.", OPTIONS_AT(render, namespace)},
    {"replicas", 0, OPT_NUMBER, "N", "2", "Number of webhook pods.",
     OPTIONS_AT(render, replicas), .min = 1, .max = 100},
    {"failure-policy", 0, OPT_WORD, "WORD", "Ignore",
     "What happens to pods while the webhook does not answer: Ignore admits "
     "them, Fail denies them. Start with Ignore; switch to Fail once the webhook"
     " answers.",
     OPTIONS_AT(render, failure_policy), .words = options_failure_policies},
    {"annotated", 0, OPT_LIST, "NAMESPACE", NULL,
     "sync: namespace whose Secrets may ask for copies by annotation. Repeatable.",
     OPTIONS_AT(render, annotated)},
    {"name", 0, OPT_LIST, "NAME", NULL,
     "sync: name of copies that annotations ask for, or that the rule file asked for before. "
     "Repeatable.",
     OPTIONS_AT(render, names)},
    {"respect-value", 0, OPT_FLAG, NULL, NULL,
     "sync: take a value KEY=VALUE of astronomer.io/commander-sync as a label selector.",
     OPTIONS_AT(render, respect_value)},
    {"wide", 0, OPT_FLAG, NULL, NULL,
     "sync: the right to every Secret of the cluster, in place of names. Copies of any name "
     "are "
     "then found.",
     OPTIONS_AT(render, wide)},
    OPTIONS_HELP_ROW,
};

const struct verb verb_render = {
    .name = "render",
    .usage = "[sync] --image IMAGE --policy FILE [--certs DIR] [OPTION...]",
    .summary = "print the manifests of the webhook or of pullgate-sync, for kubectl apply",
    .details =
        "The same objects as deploy/kustomize, without kustomize or Helm. The output contains "
        "the\n"
        "webhook's private key, or with --certificate-mode selfSigned the CA's.\n"
        "\n"
        "render sync prints what copies pull secrets: a ServiceAccount, its rights down to the "
        "names of\n"
        "Secrets, and a Deployment. It goes into the namespace of the webhook and mounts its "
        "rule files.\n"
        "Creating Secrets is a right that no name can limit.\n",
    .examples = "  policyctl render --image registry.example/pullgate:1 --policy rules.yaml "
                "--certs tls |\n"
                "      kubectl apply -f -\n"
                "  policyctl render sync --image registry.example/pullgate-sync:1 --policy "
                "sync-rules.yaml\n",
    .options = {.rows = render_rows,
                .n_rows = sizeof render_rows / sizeof *render_rows,
                .env_prefix = "PULLGATE"},
    .run = cmd_render,
};

/* ---- import -------------------------------------------------------------------------- */

static const struct opt_row import_rows[] = {
    {"namespace", 'n', OPT_LIST, "GLOB", NULL,
     "Namespace of the tool's pods, for formats whose files do not name it (airbyte, "
     "astronomer). "
     "Repeatable.",
     OPTIONS_AT(import, namespaces)},
    OPTIONS_HELP_ROW,
};

const struct verb verb_import = {
    .name = "import",
    .usage = "[OPTION...] FORMAT FILE...|-",
    .summary = "print a rule file of what another tool is configured with",
    .details =
        "Formats:\n"
        "  airbyte                   values.yaml of Airbyte's charts\n"
        "  astronomer                config.yaml, the values of Astronomer's chart\n"
        "  gatekeeper                constraints of Gatekeeper's library on images\n"
        "  kyverno                   policies of Kyverno that restrict or replace images\n"
        "  openshift                 ImageDigestMirrorSet, ImageTagMirrorSet and others of "
        "OpenShift\n"
        "  harbor-container-webhook  its configuration, or the values of its chart\n"
        "  k8s-image-swapper         its configuration, or the values of its chart\n"
        "  containerd                hosts.toml; the folder's name is the registry\n"
        "  registries                registries.conf of CRI-O and podman\n"
        "\n"
        "Each construct that is about images is marked in a comment with its file:line:column: "
        "taken\n"
        "exactly, taken with a note that says what differs, or not taken. The exit status is 0 "
        "when all\n"
        "were taken exactly, 3 when one was not, 2 when a file is not of the format.\n",
    .examples = "  policyctl import airbyte values.yaml >rules.yaml\n",
    .options = OPTIONS_TABLE(import_rows),
    .run = cmd_import,
};

/* ---- completion ---------------------------------------------------------------------- */

static const struct opt_row completion_rows[] = {OPTIONS_HELP_ROW};

const struct verb verb_completion = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "print a shell completion script",
    .details = "bash: add \"source <(policyctl completion bash)\" to ~/.bashrc. zsh: add the "
               "same for zsh to\n"
               "~/.zshrc, after compinit. fish: save it as "
               "~/.config/fish/completions/policyctl.fish.\n",
    .examples = "  source <(policyctl completion bash)\n",
    .options = OPTIONS_TABLE(completion_rows),
    .run = cmd_completion,
};
