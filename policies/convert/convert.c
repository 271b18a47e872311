#include "convert/convert.h"

#include "convert/format.h"
#include "convert/toml.h"
#include "rules/rules.h"

enum { PASSES_MAX = 64 };

/* In the order of the documents. */
static const struct convert_format *const formats[] = {
    &convert_airbyte, &convert_astronomer, &convert_gatekeeper,
    &convert_kyverno, &convert_openshift,  &convert_harbor,
    &convert_swapper, &convert_containerd, &convert_registries};
enum { N_FORMATS = sizeof formats / sizeof *formats };
const char *const convert_words[] = {"airbyte",           "astronomer",
                                     "gatekeeper",        "kyverno",
                                     "openshift",         "harbor-container-webhook",
                                     "k8s-image-swapper", "containerd",
                                     "registries",        NULL};

const struct convert_format *convert_find(const char *word) {
    for (size_t i = 0; i < N_FORMATS; i++)
        if (strcmp(formats[i]->word, word) == 0)
            return formats[i];
    return NULL;
}

/* ---- input --------------------------------------------------------------------------- */

static enum ec read_document(struct convert *c, const struct yaml_doc *doc, struct err *err) {
    if (yaml_require_plain(doc, err) != EC_OK)
        return err->code;
    convert_take_document(c, doc->json, doc->pos);
    if (c->full)
        return convert_full(c, err);
    return c->format->read(c, err);
}

static enum ec read_yaml(struct convert *c, struct str text, struct err *err) {
    struct yaml_limits limits = YAML_LIMITS_DEFAULT;
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    limits.max_nodes = 1 << 20;
    limits.drops_raw = true;
    enum ec ec = yaml_open(&y, text, limits, err);
    while (ec == EC_OK && (ec = yaml_next(y, &doc, err)) == EC_OK && doc != NULL)
        ec = read_document(c, doc, err);
    yaml_close(y);
    return ec;
}

static enum ec read_toml(struct convert *c, struct str text, struct err *err) {
    struct convert_toml t;
    enum ec ec = convert_toml_read(&t, text, err);
    if (ec == EC_OK) {
        convert_take_document(c, &t.json, t.pos);
        ec = c->full ? convert_full(c, err) : c->format->read(c, err);
    }
    convert_toml_done(&t);
    return ec;
}

static enum ec read_input(struct convert *c, const struct convert_input *input,
                          struct err *err) {
    c->file = input->file;
    if (input->text.n > CONVERT_FILE_MAX)
        err_set(err, EC_LIMIT, "larger than %d bytes", CONVERT_FILE_MAX);
    else if (c->format->toml)
        (void)!read_toml(c, input->text, err);
    else
        (void)!read_yaml(c, input->text, err);
    if (err->code != EC_OK)
        err_locate(err, input->file, err->line, err->col);
    return err->code;
}

/* ---- what loads ---------------------------------------------------------------------- */

/* The items on the lines of errors are left out. */
struct removal {
    struct convert *c;
    size_t n; /* removed */
};

static struct convert_item *find_in(struct convert_block *b, uint32_t line) {
    for (int key = 0; key < N_CONVERT_KEYS; key++)
        for (struct convert_item *i = b->field[key].first; i != NULL; i = i->next)
            if (!i->gone && i->line == line)
                return i;
    return NULL;
}

static struct convert_item *find_item(struct convert *c, uint32_t line) {
    struct convert_item *hit = find_in(&c->settings, line);
    for (struct convert_block *b = c->rules.first; b != NULL && hit == NULL; b = b->next)
        hit = find_in(b, line);
    for (struct convert_block *b = c->exemptions.first; b != NULL && hit == NULL; b = b->next)
        hit = find_in(b, line);
    return hit;
}

static void take_error(void *arg, const struct err *err, size_t n) {
    struct removal *r = arg;
    struct convert_item *item = find_item(r->c, err->line);
    (void)n;
    if (item == NULL)
        return;
    convert_drop(r->c, item, convert_text(r->c, "%s", err->msg));
    r->n++;
}

/* An error that comes alone, of YAML itself, is not reported to take_error. */
static enum ec load(struct convert *c, struct str text, size_t *n_removed, struct err *err) {
    struct removal r = {.c = c};
    const struct rules_options options = {.error = take_error, .arg = &r};
    struct policy *policy = NULL;
    enum ec ec = rules_parse(&policy, text, "import", &options, err);
    engine_policy_free(policy);
    if (ec != EC_OK && ec != EC_NOMEM && r.n == 0)
        take_error(&r, err, 1);
    *n_removed = r.n;
    return ec;
}

static bool is_empty(const struct convert_block *b) {
    for (int key = 0; key < N_CONVERT_KEYS; key++)
        for (const struct convert_item *i = b->field[key].first; i != NULL; i = i->next)
            if (!i->gone)
                return false;
    return true;
}

/* A rule file without rules is one rule for all pods, which approves nothing. */
static void add_missing(struct convert *c) {
    if (c->rules.first != NULL || !is_empty(&c->settings))
        return;
    convert_remark(c, &c->settings.notes, "Nothing was taken: all images are let pass.");
    convert_add(c, &c->settings, KEY_MODE, STR("audit"));
    convert_add(c, &c->settings, KEY_APPROVED, STR("**"));
}

/* Prints and loads until what is printed loads; each round leaves out at least one item. */
static enum ec print_loadable(struct convert *c, struct buf *out, struct convert_counts *counts,
                              struct err *err) {
    size_t start = out->n, removed = 0;
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        struct err why = ERR_INIT;
        out->n = start;
        add_missing(c);
        convert_print(c, out, counts);
        if (out->bad)
            return err_set(err, (enum ec)out->bad, "no room for the rule file");
        struct str text = str_slice(buf_view(out), start, out->n);
        if (load(c, text, &removed, &why) == EC_OK)
            return EC_OK;
        if (c->full || why.code == EC_NOMEM)
            return convert_full(c, err);
        if (removed == 0)
            return err_set(err, why.code == EC_LIMIT ? EC_LIMIT : EC_BUG,
                           "the rule file does not load: line %u: %s", (unsigned)why.line,
                           why.msg);
    }
    return err_set(err, EC_LIMIT, "too many constructs that a rule file cannot hold");
}

/* ---- the whole ----------------------------------------------------------------------- */

enum ec convert_rules(struct buf *out, struct convert_counts *counts,
                      const struct convert_format *format, const struct convert_input *inputs,
                      size_t n_inputs, const struct convert_options *options, struct err *err) {
    struct convert c = {
        .format = format, .options = options, .arena = ARENA_INIT(64 << 10, (size_t)1 << 30)};
    enum ec ec = EC_OK;
    for (size_t i = 0; i < n_inputs && ec == EC_OK; i++)
        ec = read_input(&c, &inputs[i], err);
    if (ec == EC_OK && format->end != NULL)
        format->end(&c);
    if (ec == EC_OK)
        ec = c.full ? convert_full(&c, err) : print_loadable(&c, out, counts, err);
    arena_done(&c.arena);
    return ec;
}
