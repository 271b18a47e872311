#include "object/parallel.h"
#include "policyctl/options.h"

const char *const options_endpoints[] = {
    [ENDPOINT_MUTATE] = "mutate", [ENDPOINT_VALIDATE] = "validate", NULL};
static const char *const operation_words[] = {"CREATE", "UPDATE", NULL};

/* ---- rows that several of these verbs have ------------------------------------------- */

/* clang-format off */
#define REQUESTER_AT(verb, field)                                                              \
    .offset = offsetof(struct options_##verb, requester.field)
#define WHERE_ROWS(verb)                                                                       \
    {"namespace", 'n', OPT_STRING, "NAME", NULL,                                               \
     "Namespace of standalone images, and of objects that name none. Defaults to "             \
     "\"default\".",                                                                           \
     REQUESTER_AT(verb, namespace)},                                                           \
    {"labels", 'l', OPT_STRING, "KEY=VALUE,...", NULL,                                         \
     "Labels of the pod that a standalone image is evaluated in.",                             \
     REQUESTER_AT(verb, labels)},                                                              \
    {"service-account", 0, OPT_STRING, "NAME", "default",                                      \
     "Service account of that pod, and of pods that name none.",                               \
     REQUESTER_AT(verb, service_account)}
#define WHO_ROWS(verb)                                                                         \
    {"user", 0, OPT_STRING, "NAME", NULL,                                                      \
     "The requesting user, such as system:serviceaccount:airbyte:airbyte-admin. "              \
     "For rules that match users.",                                                            \
     REQUESTER_AT(verb, user)},                                                                \
    {"group", 0, OPT_LIST, "NAME", NULL, "A group of that user. Repeatable.",                  \
     REQUESTER_AT(verb, groups)}
#define OPERATION_ROW(verb)                                                                    \
    {"operation", 0, OPT_WORD, "WORD", "CREATE",                                               \
     "The operation of the request. On UPDATE of a pod, only images can be "                   \
     "rewritten.",                                                                             \
     REQUESTER_AT(verb, operation), .words = operation_words}
#define NOW_ROW(verb)                                                                          \
    {"now", 0, OPT_STRING, "TIME", NULL,                                                       \
     "Date (2027-01-31) or RFC 3339 time at which exemptions are evaluated. "                  \
     "Defaults to the current time.",                                                          \
     REQUESTER_AT(verb, now)}
#define EXCLUDE_ROW(verb)                                                                      \
    {"exclude", 0, OPT_LIST, "GLOB", NULL,                                                     \
     "Exclude matching paths in folders, relative to the folder that is given. "               \
     "** matches any number of folders; a glob without a slash matches at any "                \
     "depth. Repeatable. Lines of .pullgateignore have the same effect.",                      \
     OPTIONS_AT(verb, exclude)}
#define STRICT_ROW(verb)                                                                       \
    {"strict", 0, OPT_FLAG, NULL, NULL,                                                        \
     "Exit with 1 when something is not judged: an object of another kind that "               \
     "contains images, or an unrendered template in a folder.",                                \
     OPTIONS_AT(verb, strict)}
/* clang-format on */

/* ---- test ---------------------------------------------------------------------------- */

static const char *const test_output_words[] = {
    [TEST_TEXT] = "text",     [TEST_JSON] = "json",   [TEST_YAML] = "yaml",
    [TEST_DIFF] = "diff",     [TEST_JUNIT] = "junit", [TEST_SARIF] = "sarif",
    [TEST_GITHUB] = "github", [TEST_TAP] = "tap",     NULL};

static const char *const color_words[] = {
    [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never", NULL};

static const struct opt_row test_rows[] = {
    OPTIONS_POLICY_ROW(test),
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: file:line:col lines and a summary; without findings nothing, or only"
     " the summary on a terminal. json: one document. yaml: the objects after "
     "the patch. diff: what the patch changes. junit, sarif, github, tap: for CI"
     " systems.",
     OPTIONS_AT(test, output), .words = test_output_words},
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Namespace of objects that name none, like kubectl -n. Defaults to "
     "\"default\".",
     REQUESTER_AT(test, namespace)},
    WHO_ROWS(test),
    {"service-account", 0, OPT_STRING, "NAME", NULL,
     "Service account of pods that name none. Defaults to \"default\".",
     REQUESTER_AT(test, service_account)},
    OPERATION_ROW(test),
    {"endpoint", 0, OPT_WORD, "WORD", "mutate",
     "mutate rewrites and denies; validate only denies, and takes objects as "
     "they are.",
     OPTIONS_AT(test, endpoint), .words = options_endpoints},
    NOW_ROW(test),
    EXCLUDE_ROW(test),
    STRICT_ROW(test),
    {"fail-on-warn", 0, OPT_FLAG, NULL, NULL,
     "Exit with 3 when there are warnings but no denials.", OPTIONS_AT(test, fail_on_warn)},
    {"require-objects", 0, OPT_FLAG, NULL, NULL,
     "Exit with 1 when a FILE or folder contains no objects, so that a CI job "
     "cannot pass without testing anything.",
     OPTIONS_AT(test, require_objects)},
    {"quiet", 'q', OPT_FLAG, NULL, NULL,
     "Print only denials, warnings and what is not judged: no rewrites, no "
     "summary, no progress.",
     OPTIONS_AT(test, quiet)},
    {"verbose", 'v', OPT_FLAG, NULL, NULL,
     "Name each file in a folder that is skipped because it is not a manifest.",
     OPTIONS_AT(test, verbose)},
    {"summary", 0, OPT_FLAG, NULL, NULL,
     "Always print the summary; on standard error for formats that have none.",
     OPTIONS_AT(test, summary)},
    {"color", 0, OPT_WORD, "WHEN", "auto",
     "Color of text output. auto: when standard output is a terminal and "
     "NO_COLOR is not set.",
     OPTIONS_AT(test, color), .words = color_words},
    {"jobs", 'j', OPT_NUMBER, "N", NULL,
     "Files read in parallel. Defaults to the number of processors, at most 8.",
     OPTIONS_AT(test, jobs), .min = 1, .max = OBJECT_PARALLEL_JOBS_MAX},
    OPTIONS_HELP_ROW,
};

const struct verb verb_test = {
    .name = "test",
    .usage = "[OPTION...] FILE...|-",
    .summary = "show what the webhook would do to manifests",
    .details = "Reads YAML or JSON: multi-document files, Lists, folders and AdmissionReviews; "
               "pods and all\n"
               "built-in workloads with a pod template. Objects of other kinds that contain "
               "something like\n"
               "an image are not judged, and are reported. Files in folders that are not "
               "manifests are\n"
               "skipped.\n",
    .examples =
        "  policyctl test -p rules.yaml manifests/\n"
        "  helm template chart | policyctl test -p rules.yaml -n airbyte -\n"
        "  policyctl test -p rules.yaml -o sarif --require-objects manifests/ >result.sarif\n",
    .options = OPTIONS_TABLE(test_rows),
    .run = cmd_test,
};

/* ---- apply --------------------------------------------------------------------------- */

static const struct opt_row apply_rows[] = {
    OPTIONS_POLICY_ROW(apply),
    {"templates", 't', OPT_FLAG, NULL, NULL,
     "Also rewrite the images of pod templates, as the images of their pods will"
     " be. The webhook leaves templates alone.",
     OPTIONS_AT(apply, templates)},
    {"in-place", 'i', OPT_FLAG, NULL, NULL,
     "Write the files in place, each atomically, instead of printing to standard"
     " output.",
     OPTIONS_AT(apply, in_place)},
    WHERE_ROWS(apply),
    WHO_ROWS(apply),
    NOW_ROW(apply),
    EXCLUDE_ROW(apply),
    STRICT_ROW(apply),
    OPTIONS_HELP_ROW,
};

const struct verb verb_apply = {
    .name = "apply",
    .usage = "[OPTION...] FILE...|-",
    .summary = "print manifests as the webhook would change them",
    .details = "Keeps comments, order, quoting and layout. Denied objects are left unchanged "
               "and reported\n"
               "(exit status 1). From standard input to standard output it works as a "
               "post-renderer of Helm\n"
               "and, given a ResourceList, as a KRM function of kustomize; functionConfig may "
               "then name the\n"
               "rule file in spec.policy.\n",
    .examples = "  policyctl apply -p rules.yaml --in-place manifests/\n"
                "  helm template chart | policyctl apply -p rules.yaml -n airbyte - | kubectl "
                "apply -f -\n",
    .options = OPTIONS_TABLE(apply_rows),
    .run = cmd_apply,
};

/* ---- explain ------------------------------------------------------------------------- */

static const char *const explain_output_words[] = {
    [EXPLAIN_TEXT] = "text", [EXPLAIN_JSON] = "json", NULL};

static const struct opt_row explain_rows[] = {
    OPTIONS_POLICY_ROW(explain),
    {"output", 'o', OPT_WORD, "FORMAT", "text", "json: one JSON object per line.",
     OPTIONS_AT(explain, output), .words = explain_output_words},
    WHERE_ROWS(explain),
    WHO_ROWS(explain),
    NOW_ROW(explain),
    OPERATION_ROW(explain),
    EXCLUDE_ROW(explain),
    STRICT_ROW(explain),
    OPTIONS_HELP_ROW,
};

const struct verb verb_explain = {
    .name = "explain",
    .usage = "[OPTION...] IMAGE|FILE|-...",
    .summary = "show which rule decides, and why, step by step",
    .details = "An argument that names a file, or ends like the name of a manifest, is read as "
               "a file.\n"
               "Anything else is an image, evaluated as the image of a pod.\n",
    .examples = "  policyctl explain -p rules.yaml -n airbyte nginx:1.25\n"
                "  policyctl explain -p rules.yaml -o json pods.yaml\n",
    .options = OPTIONS_TABLE(explain_rows),
    .run = cmd_explain,
};

/* ---- images -------------------------------------------------------------------------- */

static const char *const images_output_words[] = {[IMAGES_TABLE] = "table",
                                                  [IMAGES_JSON] = "json",
                                                  [IMAGES_SYNC] = "skopeo-sync",
                                                  [IMAGES_COPY] = "skopeo-copy",
                                                  NULL};

static const struct opt_row images_rows[] = {
    OPTIONS_POLICY_ROW(images),
    {"output", 'o', OPT_WORD, "FORMAT", "table",
     "table and json: every image and where it comes from. skopeo-sync: the "
     "images to copy, as a file for skopeo sync --src yaml, which has one "
     "destination; exit status 4 when images are left out. skopeo-copy: one "
     "command per image.",
     OPTIONS_AT(images, output), .words = images_output_words},
    WHERE_ROWS(images),
    WHO_ROWS(images),
    NOW_ROW(images),
    EXCLUDE_ROW(images),
    STRICT_ROW(images),
    {"check", 0, OPT_FLAG, NULL, NULL,
     "Ask the registries whether each image exists, as the nodes pull it. Exit with 1 when one "
     "does not.",
     OPTIONS_AT(images, check)},
    {"missing", 0, OPT_FLAG, NULL, NULL,
     "With -o skopeo-copy and skopeo-sync: only the images that --check finds missing, or with "
     "--against-source different. Implies --check.",
     OPTIONS_AT(images, missing)},
    {"platform", 0, OPT_STRING, "OS/ARCH,...", NULL,
     "With --check: platforms that each image must have, such as linux/amd64,linux/arm64.",
     OPTIONS_AT(images, platforms)},
    {"against-source", 0, OPT_FLAG, NULL, NULL,
     "With --check: compare the digest of each rewritten image with that of its source.",
     OPTIONS_AT(images, against_source)},
    {"secrets", 0, OPT_STRING, "FILE", NULL,
     "With --check: the cluster's Secrets, and its ServiceAccounts, as kubectl get -o json "
     "prints them. Each image is asked for with the credentials that the kubelet would use.",
     OPTIONS_AT(images, secrets)},
    {"docker-config", 0, OPT_STRING, "FILE", NULL,
     "With --check: credentials of docker's config.json; with --secrets they are for the "
     "sources alone. Credential helpers are not run.",
     OPTIONS_AT(images, docker_config)},
    {"ca", 0, OPT_STRING, "FILE", NULL,
     "CA certificates (PEM) that are trusted besides the system's.", OPTIONS_AT(images, ca)},
    {"client-cert", 0, OPT_STRING, "FILE", NULL, "Client certificate (PEM) for registries.",
     OPTIONS_AT(images, client_cert)},
    {"client-key", 0, OPT_STRING, "FILE", NULL, "The key of --client-cert (PEM).",
     OPTIONS_AT(images, client_key)},
    {"plain-http", 0, OPT_LIST, "HOST[:PORT]", NULL,
     "A registry that is asked by plain HTTP. Repeatable. On loopback that is tried without "
     "the option too.",
     OPTIONS_AT(images, plain_http)},
    {"token-host", 0, OPT_LIST, "HOST[:PORT]", NULL,
     "A token server that may get a registry's credential although it is another host. "
     "Repeatable. Known without the option: auth.docker.io for Docker Hub.",
     OPTIONS_AT(images, token_hosts)},
    {"connections", 0, OPT_NUMBER, "N", "8", "How many requests run at once.",
     OPTIONS_AT(images, connections), .min = 1, .max = 64},
    {"timeout", 0, OPT_DURATION, "DURATION", "30s", "How long one request may take.",
     OPTIONS_AT(images, timeout_ms), .min = 100, .max = 3600000},
    {"verbose", 'v', OPT_FLAG, NULL, NULL,
     "With --check: print each request on standard error, without credentials.",
     OPTIONS_AT(images, verbose)},
    OPTIONS_HELP_ROW,
};

const struct verb verb_images = {
    .name = "images",
    .usage = "[OPTION...] FILE...|-",
    .summary = "list images and where the policy sends them",
    .details =
        "Reads what test reads, or a list of image names, one per line (as abctl images "
        "manifest\n"
        "prints). skopeo sync has a single destination and keeps only the last part of "
        "a name: -o\n"
        "skopeo-sync prints the images of the most common destination, with the command "
        "to run, and\n"
        "reports the others. -o skopeo-copy covers all images.\n"
        "--check asks registries by HEAD, and by GET where the digest or the platforms "
        "count. It says of\n"
        "each image: exists, missing, no access (and with which credential), cannot tell, "
        "or unreachable.\n"
        "Proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY.\n",
    .examples = "  helm template chart | policyctl images -p rules.yaml -\n"
                "  abctl images manifest | policyctl images -p rules.yaml -n airbyte -o "
                "skopeo-sync - >sync.yaml\n"
                "  policyctl images -p rules.yaml -o skopeo-copy manifests/ | sh\n"
                "  policyctl images -p rules.yaml --check --platform linux/amd64,linux/arm64 "
                "manifests/\n"
                "  policyctl images -p rules.yaml -o skopeo-copy --missing manifests/ | sh\n",
    .options = OPTIONS_TABLE(images_rows),
    .run = cmd_images,
};

/* ---- secrets ------------------------------------------------------------------------- */

static const char *const secrets_output_words[] = {
    [SECRETS_TABLE] = "table", [SECRETS_JSON] = "json", [SECRETS_YAML] = "yaml", NULL};

static const struct opt_row secrets_rows[] = {
    OPTIONS_POLICY_ROW(secrets),
    {"output", 'o', OPT_WORD, "FORMAT", NULL,
     "table and json: which namespace needs which secret for which hosts. With --from, "
     "--username or --external-secrets, yaml and json: the objects to apply. Defaults to "
     "table, and to yaml for objects.",
     OPTIONS_AT(secrets, output), .words = secrets_output_words},
    {"from", 0, OPT_STRING, "FILE", NULL,
     "Print a Secret for each secret of a namespace, with the credentials of FILE that it "
     "needs. FILE is a manifest with Secrets of type kubernetes.io/dockerconfigjson or "
     "kubernetes.io/dockercfg, or a docker config.json. It is never read otherwise. - is "
     "standard input.",
     OPTIONS_AT(secrets, from)},
    {"username", 0, OPT_STRING, "NAME", NULL,
     "The same with one user, whose password is read from standard input.",
     OPTIONS_AT(secrets, username)},
    {"password-stdin", 0, OPT_FLAG, NULL, NULL,
     "Read the password of --username from standard input. No option takes a password, "
     "since command lines are visible to other users.",
     OPTIONS_AT(secrets, password_stdin)},
    {"registry", 0, OPT_LIST, "HOST[:PORT][/PATH]", NULL,
     "What the user of --username is for. Repeatable.", OPTIONS_AT(secrets, registries)},
    {"external-secrets", 0, OPT_STRING, "[KIND/]STORE", NULL,
     "Print ExternalSecret objects (external-secrets.io/v1) that read a docker config.json "
     "from this store. KIND defaults to ClusterSecretStore.",
     OPTIONS_AT(secrets, external_secrets)},
    {"remote-key", 0, OPT_STRING, "KEY", NULL,
     "With --external-secrets: the key in the store. Defaults to the name of the secret.",
     OPTIONS_AT(secrets, remote_key)},
    {"sealed", 0, OPT_FLAG, NULL, NULL,
     "With --from or --username: print the command that makes SealedSecrets with kubeseal, "
     "and nothing else.",
     OPTIONS_AT(secrets, sealed)},
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Namespace of objects that name none. Defaults to \"default\".",
     REQUESTER_AT(secrets, namespace)},
    WHO_ROWS(secrets),
    NOW_ROW(secrets),
    EXCLUDE_ROW(secrets),
    STRICT_ROW(secrets),
    OPTIONS_HELP_ROW,
};

const struct verb verb_secrets = {
    .name = "secrets",
    .usage = "[OPTION...] [FILE...|-]",
    .summary = "list the pull secrets that namespaces need, or print them",
    .details =
        "Reads the rule file alone, or with it manifests or a dump of a cluster (kubectl "
        "get\n"
        "pods,deployments,namespaces -A -o yaml), which add the namespaces that exist and the "
        "images that\n"
        "are pulled. A secret with \"for\" serves the images below that prefix, others serve "
        "all images\n"
        "that no \"for\" serves. Printed Secrets hold only the credentials that are needed; "
        "equal input\n"
        "gives equal output. Exit status 1: an object is denied, or there is no credential "
        "for a host.\n"
        "4: a secret is left out, because its rule selects namespaces by a glob, or all, and "
        "the input\n"
        "names none.\n",
    .examples =
        "  policyctl secrets -p rules.yaml manifests/\n"
        "  policyctl secrets -p rules.yaml --from regcred.yaml manifests/ | kubectl apply -f "
        "-\n"
        "  policyctl secrets -p rules.yaml --username ci --password-stdin --registry ghcr.io "
        "<token.txt\n"
        "  policyctl secrets -p rules.yaml --external-secrets vault manifests/ "
        ">external.yaml\n",
    .options = OPTIONS_TABLE(secrets_rows),
    .run = cmd_secrets,
};

/* ---- bench --------------------------------------------------------------------------- */

static const char *const bench_output_words[] = {
    [BENCH_TEXT] = "text", [BENCH_JSON] = "json", NULL};

static const struct opt_row bench_rows[] = {
    OPTIONS_POLICY_ROW(bench),
    {"iterations", 0, OPT_NUMBER, "N", "1000", "How many times each object is decided.",
     OPTIONS_AT(bench, rounds), .min = 1, .max = 1000000000},
    {"warmup", 0, OPT_NUMBER, "N", "100", "Iterations before that, which are not measured.",
     OPTIONS_AT(bench, warmup), .max = 1000000000},
    {"concurrency", 'c', OPT_NUMBER, "N", "1", "Threads that share the iterations.",
     OPTIONS_AT(bench, concurrency), .min = 1, .max = 256},
    {"save", 0, OPT_STRING, "FILE", NULL, "Write the figures to a file, for a later --compare.",
     OPTIONS_AT(bench, save)},
    {"compare", 0, OPT_STRING, "FILE", NULL,
     "Compare with saved figures. Exit with 1 when the median is slower by more "
     "than the threshold.",
     OPTIONS_AT(bench, compare)},
    {"worst", 0, OPT_FLAG, NULL, NULL,
     "Generate the most expensive reviews for the rule file, of at most 32 MiB, "
     "and print the cost of each. Takes no files.",
     OPTIONS_AT(bench, worst)},
    {"threshold", 0, OPT_NUMBER, "PERCENT", "10", "The slowdown that --compare tolerates.",
     OPTIONS_AT(bench, threshold), .max = 1000000},
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Namespace of objects that name none. Defaults to \"default\".",
     OPTIONS_AT(bench, namespace)},
    {"endpoint", 0, OPT_WORD, "WORD", "mutate", "Which path of the webhook is measured.",
     OPTIONS_AT(bench, endpoint), .words = options_endpoints},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date or RFC 3339 time at which exemptions are evaluated. Defaults to the "
     "current time.",
     OPTIONS_AT(bench, now)},
    {"output", 'o', OPT_WORD, "FORMAT", "text", "json: the document that --save writes.",
     OPTIONS_AT(bench, output), .words = bench_output_words},
    OPTIONS_HELP_ROW,
};

const struct verb verb_bench = {
    .name = "bench",
    .usage = "[OPTION...] FILE...",
    .summary = "measure how fast a rule file decides",
    .details = "Reads objects as test does, decides them repeatedly, and prints decisions per "
               "second and\n"
               "latencies: of the engine alone and, for AdmissionReviews, from request bytes "
               "to response\n"
               "bytes.\n",
    .examples =
        "  policyctl bench -p rules.yaml --worst\n"
        "  policyctl bench -p rules.yaml --save base.json pods.yaml\n"
        "  policyctl bench -p rules.yaml --compare base.json --threshold 20 pods.yaml\n",
    .options = OPTIONS_TABLE(bench_rows),
    .run = cmd_bench,
};
