#include "rules/schema.h"

#include "rules/fields.h"

/* Words are in the order of the enums they are read into. */
static const char *const api_versions[] = {RULES_API_VERSION, NULL};
static const char *const kinds[] = {RULES_KIND, NULL};
static const char *const modes[] = {"enforce", "warn", "audit", NULL};
static const char *const officials[] = {"bare", "library", NULL};
static const char *const templates[] = {"validate", "warn", "ignore", NULL};
static const char *const unmatched[] = {"allow", "deny", NULL};
static const char *const scopes[] = {"file", "all", NULL};
static const char *const pull_policies[] = {"Always", "IfNotPresent", "Never", NULL};
static const char *const tags[] = {"explicit", NULL};
static const char *const operators[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};

_Static_assert(MODE_ENFORCE == 0 && MODE_WARN == 1 && MODE_AUDIT == 2, "modes[]");
_Static_assert(OFFICIAL_BARE == 0 && OFFICIAL_LIBRARY == 1, "officials[]");
_Static_assert(TEMPLATES_VALIDATE == 0 && TEMPLATES_WARN == 1 && TEMPLATES_IGNORE == 2,
               "templates[]");
_Static_assert(SCOPE_FILE == 0 && SCOPE_ALL == 1, "scopes[]");
_Static_assert(UNMATCHED_ALLOW == 0 && UNMATCHED_DENY == 1, "unmatched[]");
_Static_assert(MATCH_IN == 0 && MATCH_NOT_IN == 1 && MATCH_EXISTS == 2 &&
                   MATCH_DOES_NOT_EXIST == 3,
               "operators[]");
_Static_assert(sizeof(enum engine_mode) == sizeof(unsigned), "read_word stores an unsigned");

#define N(table) (sizeof(table) / sizeof *(table))
#define TEXT_OR_MAP (TYPE_STRING | TYPE_MAP)

/* clang-format off */

static const struct field regex_fields[] = {
    {.key = "regex", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .read = rules_read_regex,
     .about = "a regular expression over host/repository, anchored at both ends"},
};
const struct object rules_schema_regex = {"a pattern", NULL, regex_fields, N(regex_fields)};

static const struct field secret_fields[] = {
    {.key = "name", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .read = rules_read_secret_name,
     .about = "the name of a Secret of type kubernetes.io/dockerconfigjson in the pod's "
              "namespace"},
    {.key = "for", .types = TYPE_STRING, .read = rules_read_secret_for,
     .fallback = "every selected pod",
     .about = "host or host/path: the secret is added only to pods with an image from there"},
};
const struct object rules_schema_secret = {"a pull secret", NULL, secret_fields, N(secret_fields)};

#define AT(member) .offset = offsetof(struct policy_rule, member)
static const struct field require_fields[] = {
    {.key = "digest", .types = TYPE_BOOL, .read = rules_read_bool, .fallback = "false",
     AT(require_digest),
     .about = "whether every image must be pinned by a digest"},
    {.key = "tag", .types = TYPE_STRING | TYPE_NULL, .words = tags, .read = rules_read_tag,
     AT(require_tag),
     .about = "explicit: every image needs a tag other than latest, or a digest"},
};
static const struct object schema_require = {"require", NULL, require_fields,
     N(require_fields)};
#undef AT

#define AT(member) .offset = offsetof(struct draft_expression, member)
static const struct field expression_fields[] = {
    {.key = "key", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .read = rules_read_label_key,
     AT(requirement.key), .about = "a label key"},
    {.key = "operator", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .words = operators,
     .read = rules_read_word, AT(op),
     .about = "how the label is compared: In, NotIn, Exists or DoesNotExist"},
    {.key = "values", .types = TYPE_LIST, .items = TYPE_STRING, .read = rules_read_label_values,
     AT(requirement), .about = "label values, for In and NotIn only"},
};
const struct object rules_schema_expression = {"matchExpressions", NULL, expression_fields,
     N(expression_fields)};
#undef AT

static const struct field labels_fields[] = {
    {.key = "matchLabels", .types = TYPE_MAP, .items = TYPE_STRING, .read = rules_read_match_labels,
     .about = "labels a pod must have, with these values"},
    {.key = "matchExpressions", .types = TYPE_LIST, .items = TYPE_MAP,
     .object = &rules_schema_expression,
     .read = rules_read_expressions, .about = "requirements that the pod's labels must meet"},
};
static const struct object schema_labels = {"podLabels", NULL, labels_fields, N(labels_fields)};

#define AT(member) .offset = offsetof(struct policy_match, member)
static const struct field match_fields[] = {
    {.key = "namespaces", .types = TYPE_LIST, .items = TYPE_STRING, .read = rules_read_namespaces,
     AT(namespaces), .fallback = "any", .about = "globs, any of: the pod's namespace"},
    {.key = "podLabels", .types = TYPE_MAP, .object = &schema_labels, .read = rules_read_map,
     AT(pod_labels), .fallback = "any",
     .about = "the pod's labels, as a Kubernetes label selector"},
    {.key = "serviceAccounts", .types = TYPE_LIST, .items = TYPE_STRING, .read = rules_read_accounts,
     AT(service_accounts), .fallback = "any",
     .about = "globs, any of: the pod's service account"},
    {.key = "users", .types = TYPE_LIST, .items = TYPE_STRING, .read = rules_read_globs,
     AT(users), .fallback = "any", .about = "globs, any of: the user who creates the pod"},
    {.key = "groups", .types = TYPE_LIST, .items = TYPE_STRING, .read = rules_read_globs,
     AT(groups), .fallback = "any", .about = "globs, any of: a group of that user"},
};
static const struct object schema_match = {"match", NULL, match_fields, N(match_fields)};
#undef AT

/* What a rule inherits from its file's spec. Null means "none", inherited or not. */
#define AT(member) .offset = offsetof(struct draft, rule.member)
static const struct field setting_fields[] = {
    {.key = "mode", .types = TYPE_STRING, .words = modes, .read = rules_read_word, AT(mode),
     .fallback = "enforce",
     .about = "enforce denies; warn allows with a warning; audit only records"},
    {.key = "registry", .types = TYPE_STRING | TYPE_NULL, .read = rules_read_registry,
     .about = "host[:port][/path]: where images without a registry come from"},
    {.key = "officialImages", .types = TYPE_STRING, .words = officials, .read = rules_read_word,
     AT(official),
     .fallback = "bare",
     .about = "how busybox is named below the registry: bare (busybox) or library "
              "(library/busybox)"},
    {.key = "mirrors", .types = TYPE_MAP | TYPE_NULL, .items = TYPE_STRING,
     .read = rules_read_mirrors,
     .offset = offsetof(struct draft, rule),
     .about = "host[/path] to host[:port][/path]: where images of a registry come from "
              "instead"},
    {.key = "approved", .types = TYPE_LIST | TYPE_NULL, .items = TEXT_OR_MAP,
     .object = &rules_schema_regex,
     .read = rules_read_patterns, AT(approved),
     .about = "patterns of other registries that images may name"},
    {.key = "denied", .types = TYPE_LIST | TYPE_NULL, .items = TEXT_OR_MAP,
     .object = &rules_schema_regex,
     .read = rules_read_patterns, AT(denied),
     .about = "patterns of images that are denied even where another setting approves them"},
    {.key = "imagePullSecrets", .types = TYPE_LIST | TYPE_NULL, .items = TEXT_OR_MAP,
     .object = &rules_schema_secret, .read = rules_read_secrets,
     .about = "pull secrets added to selected pods"},
    {.key = "imagePullPolicy", .types = TYPE_STRING | TYPE_NULL, .words = pull_policies,
     .read = rules_read_word_text, AT(pull_policy), .fallback = "unchanged",
     .about = "the imagePullPolicy set on every container"},
    {.key = "require", .types = TYPE_MAP | TYPE_NULL, .object = &schema_require,
     .read = rules_read_require,
     .offset = offsetof(struct draft, rule), .about = "what every image reference must have"},
    {.key = "templates", .types = TYPE_STRING, .words = templates, .read = rules_read_word,
     AT(templates),
     .fallback = "validate",
     .about = "how Deployments, CronJobs and other templates are judged: validate, warn or ignore"},
    {.key = "message", .types = TYPE_STRING | TYPE_NULL, .read = rules_read_message, AT(message),
     .about = "one line appended to every denial, such as whom to ask; that of the spec is also "
              "appended to denials that no rule decides"},
};
static const struct object schema_settings = {"settings", NULL, setting_fields,
     N(setting_fields)};

static const struct field rule_fields[] = {
    {.key = "name", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .read = rules_read_name, AT(name),
     .about = "the rule's name in messages and audit records"},
    {.key = "match", .types = TYPE_MAP, .object = &schema_match, .read = rules_read_map, AT(match),
     .fallback = "every pod",
     .about = "which pods the rule applies to; all given keys must match"},
};
const struct object rules_schema_rule = {"rule", &schema_settings, rule_fields, N(rule_fields)};
#undef AT

#define AT(member) .offset = offsetof(struct policy_exemption, member)
static const struct field exemption_fields[] = {
    {.key = "images", .types = TYPE_LIST, .flags = FIELD_REQUIRED, .items = TEXT_OR_MAP,
     .object = &rules_schema_regex, .read = rules_read_patterns, AT(images),
     .about = "patterns of the exempt images"},
    {.key = "namespaces", .types = TYPE_LIST, .items = TYPE_STRING, .read = rules_read_namespaces,
     AT(namespaces), .fallback = "every namespace",
     .about = "globs, any of: where the exemption applies"},
    {.key = "reason", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .read = rules_read_text,
     AT(reason),
     .about = "why the images are exempt"},
    {.key = "owner", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .read = rules_read_text,
     AT(owner),
     .about = "who is responsible for the exemption"},
    {.key = "until", .types = TYPE_STRING, .read = rules_read_until, .fallback = "no end",
     .about = "a date (the last day, in UTC) or an RFC 3339 time"},
    {.key = "scope", .types = TYPE_STRING, .words = scopes, .read = rules_read_word, AT(scope),
     .fallback = "file",
     .about = "which rules the exemption applies to: file (those of its own file) or all (those of "
              "every file in the folder)"},
};
const struct object rules_schema_exemption = {"exemption", NULL, exemption_fields,
     N(exemption_fields)};
#undef AT

#define AT(member) .offset = offsetof(struct policy_source, member)
static const struct field from_fields[] = {
    {.key = "namespace", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .read = rules_read_namespace,
     AT(from_namespace), .about = "the namespace of the source"},
    {.key = "name", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .read = rules_read_source_name,
     AT(from_name), .about = "the name of the source, a Secret of type kubernetes.io/dockerconfigjson "
     "or kubernetes.io/dockercfg"},
};
static const struct object schema_from = {"from", NULL, from_fields, N(from_fields)};

static const struct field source_fields[] = {
    {.key = "name", .types = TYPE_STRING, .flags = FIELD_REQUIRED, .read = rules_read_source_name,
     AT(name), .about = "the name of the copies, as the rules of this file have it in "
     "imagePullSecrets"},
    {.key = "from", .types = TYPE_MAP, .flags = FIELD_REQUIRED, .object = &schema_from,
     .read = rules_read_from, .about = "the Secret that is copied"},
};
const struct object rules_schema_source = {"a secret's source", NULL, source_fields, N(source_fields)};
#undef AT

static const struct field spec_fields[] = {
    {.key = "unmatched", .types = TYPE_STRING, .words = unmatched, .read = rules_read_unmatched,
     .fallback = "allow", .about = "what happens to a pod that no rule selects: allow or deny"},
    {.key = "rules", .types = TYPE_LIST, .items = TYPE_MAP, .object = &rules_schema_rule,
     .read = rules_read_rules,
     .fallback = "one rule of the settings above, for every pod",
     .about = "rules in order; the first that selects a pod decides alone"},
    {.key = "exemptions", .types = TYPE_LIST, .items = TYPE_MAP, .object = &rules_schema_exemption,
     .read = rules_read_exemptions, .about = "images that are allowed for a limited time, with a reason"},
    {.key = "secrets", .types = TYPE_LIST, .items = TYPE_MAP, .object = &rules_schema_source,
     .read = rules_read_sources,
     .about = "where pull secrets come from: policyctl sync finds what must be copied to the namespaces of "
              "the rules that add them; no decision depends on it"},
};
static const struct object schema_spec = {"spec", &schema_settings, spec_fields,
     N(spec_fields)};

static const struct field metadata_fields[] = {
    {.key = "name", .types = TYPE_STRING, .read = rules_read_name,
     .offset = offsetof(struct draft_file, name),
     .about = "the policy's name, and that of its rule when there is no list of rules"},
};
static const struct object schema_metadata = {"metadata", NULL, metadata_fields,
     N(metadata_fields)};

static const struct field policy_fields[] = {
    {.key = "apiVersion", .types = TYPE_STRING, .flags = FIELD_REQUIRED | FIELD_FIRST,
     .words = api_versions, .read = rules_read_word_only, .about = RULES_API_VERSION},
    {.key = "kind", .types = TYPE_STRING, .flags = FIELD_REQUIRED | FIELD_FIRST, .words = kinds,
     .read = rules_read_word_only, .about = RULES_KIND},
    {.key = "metadata", .types = TYPE_MAP, .object = &schema_metadata, .read = rules_read_map,
     .about = "the policy's name"},
    {.key = "spec", .types = TYPE_MAP, .flags = FIELD_REQUIRED, .object = &schema_spec,
     .read = rules_read_spec, .about = "settings, rules and exemptions"},
};
const struct object rules_schema_policy = {"policy", NULL, policy_fields, N(policy_fields)};
