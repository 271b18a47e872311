#include "rules/rules.h"

#include "base/mem.h"
#include "rules/check.h"
#include "rules/files.h"
#include "rules/schema.h"

enum { ARENA_MAX = 64 << 20 };

/* ---- one file ---------------------------------------------------------------------------- */

static enum ec read_nodes(struct reader *r) {
    struct cursor root = {.r = r, .value = 0};
    struct draft_file file = {.has_rules = false};
    enum ec ec = rules_read_object(&root, &rules_schema_policy, &file);
    if (ec == EC_OK && r->file == 0)
        r->policy->name = file.name;
    return ec;
}

static void warn_of_lost(struct reader *r) {
    for (uint32_t i = 0; i < r->doc->n_lost; i++) {
        struct yaml_location pos = r->doc->lost[i].pos;
        rules_warn_at(
            r, LINT_MERGE_WINS,
            (struct policy_pos){.file = r->file, .line = pos.line, .col = pos.col},
            "this key has no effect: the \"<<\" after it merges the same key, which wins");
    }
}

static enum ec read_source(struct reader *r, struct source *source) {
    r->doc = source->doc;
    warn_of_lost(r);
    enum ec ec = read_nodes(r);
    r->doc = NULL;
    return rules_is_over(r, ec) ? ec : rules_source_end(source, r->err);
}

/* Errors of one file are kept, and the next file is read. */
static enum ec read_rule_file(struct reader *r, struct str text) {
    struct source source;
    r->text = text;
    if (rules_source_open(&source, text, r->err) == EC_OK)
        (void)!read_source(r, &source);
    rules_source_close(&source);
    rules_keep_error(r, r->err);
    return r->no_memory || r->err->code != EC_OK ? err_set(r->err, EC_NOMEM, "out of memory")
                                                 : EC_OK;
}

/* ---- all files --------------------------------------------------------------------------- */

/* The names, each followed by a NUL because struct err holds them as C strings. */
static enum ec name_files(struct reader *r, const struct rules_files *in) {
    struct policy *p = r->policy;
    struct str *files = ARENA_ARRAY(&p->arena, struct str, in->n);
    if (files == NULL)
        return rules_no_room(r, &p->arena);
    for (size_t i = 0; i < in->n; i++) {
        char *z = arena_zalloc(&p->arena, in->v[i].name.n + 1);
        if (z == NULL)
            return rules_no_room(r, &p->arena);
        memcpy(z, in->v[i].name.p, in->v[i].name.n);
        files[i] = (struct str){z, in->v[i].name.n};
    }
    p->files = files;
    p->n_files = in->n;
    return EC_OK;
}

static enum ec flatten(struct reader *r) {
    struct policy *p = r->policy;
    struct policy_rule *rules = ARENA_ARRAY(&p->arena, struct policy_rule, r->n_rules);
    struct policy_exemption *exemptions =
        ARENA_ARRAY(&p->arena, struct policy_exemption, r->n_exemptions);
    if (rules == NULL || exemptions == NULL)
        return rules_no_room(r, &p->arena);
    for (const struct draft *d = r->first_rule; d != NULL; d = d->next)
        rules[p->n_rules++] = d->rule;
    for (const struct draft_exemption *d = r->first_exemption; d != NULL; d = d->next)
        exemptions[p->n_exemptions++] = d->exemption;
    p->rules = rules;
    p->exemptions = exemptions;
    engine_policy_build_indexes(p, rules);
    return engine_policy_build_origins(p) ? EC_OK : rules_no_room(r, &p->arena);
}

static void warn_of_no_rules(struct reader *r) {
    if (r->n_rules == 0)
        rules_warn_at(r, LINT_NO_RULES, (struct policy_pos){.line = 1, .col = 1},
                      "no rules: every pod is %s",
                      r->policy->unmatched == UNMATCHED_ALLOW ? "allowed" : "denied");
}

static enum ec check_all(struct reader *r) {
    warn_of_no_rules(r);
    enum ec ec = rules_check_converges(r);
    if (ec != EC_OK)
        return ec;
    rules_check_effects(r);
    rules_check_exemptions(r);
    rules_check_secrets(r);
    if (r->n_errors == 0)
        rules_check_reach(r);
    return r->no_memory ? err_set(r->err, EC_NOMEM, "out of memory") : EC_OK;
}

/* name NUL size NUL bytes; the same files in another folder are the same policy. */
static void put_file(struct buf *out, const struct rules_file_text *f) {
    const char *slash = memrchr(f->name.p, '/', f->name.n);
    size_t base = slash != NULL ? (size_t)(slash - f->name.p) + 1 : 0;
    buf_str(out, str_slice(f->name, base, f->name.n));
    buf_putc(out, '\0');
    buf_uint(out, f->text.n);
    buf_putc(out, '\0');
    buf_str(out, f->text);
}

static enum ec hash(struct reader *r, const struct rules_files *in) {
    if (r->options->sha256 == NULL)
        return EC_OK;
    if (in->n == 1) {
        r->options->sha256(in->v[0].text, r->policy->sha256);
        return EC_OK;
    }
    struct buf all = BUF_INIT(2 * (size_t)FILES_BYTES_MAX);
    for (size_t i = 0; i < in->n; i++)
        put_file(&all, &in->v[i]);
    enum ec ec = (enum ec)all.bad;
    if (ec == EC_OK)
        r->options->sha256(buf_view(&all), r->policy->sha256);
    else
        err_set(r->err, ec, "no room to hash the files");
    buf_done(&all);
    return ec;
}

static enum ec read_files(struct reader *r, const struct rules_files *in) {
    enum ec ec = name_files(r, in);
    for (size_t i = 0; i < in->n && ec == EC_OK; i++) {
        r->file = (uint32_t)i;
        ec = read_rule_file(r, in->v[i].text);
    }
    if (ec == EC_OK)
        ec = rules_check_names(r);
    if (ec == EC_OK)
        ec = rules_check_sources(r);
    if (ec == EC_OK && r->n_errors == 0)
        ec = flatten(r);
    if (ec == EC_OK && r->n_errors == 0)
        ec = check_all(r);
    if (ec == EC_OK && r->n_errors == 0)
        ec = hash(r, in);
    if (ec == EC_OK && (r->n_errors == 0 || r->options->closely))
        ec = rules_report_warnings(r);
    return ec == EC_OK ? rules_report_errors(r) : ec;
}

static enum ec build_policy(struct policy **out, const struct rules_files *in,
                            const struct rules_options *options, struct err *err) {
    static const struct rules_options none = {.warn = NULL};
    struct reader r = {.options = options ? options : &none, .err = err};
    r.policy = mem_zalloc(sizeof *r.policy);
    if (r.policy == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    r.policy->arena = (struct arena)ARENA_INIT(4096, ARENA_MAX);
    r.scratch = (struct arena)ARENA_INIT(4096, ARENA_MAX);
    enum ec ec = read_files(&r, in);
    arena_done(&r.scratch);
    if (ec == EC_OK)
        *out = r.policy;
    else
        engine_policy_free(r.policy);
    return ec;
}

enum ec rules_parse(struct policy **out, struct str text, const char *file,
                    const struct rules_options *options, struct err *err) {
    struct rules_file_text one = {.name = str_of(file), .text = text};
    struct rules_files in = {.v = &one, .n = 1};
    if (text.n > RULES_FILE_MAX) {
        err_locate(err, file, 0, 0);
        return err_set(err, EC_LIMIT, "%zu bytes, at most %d are allowed", text.n,
                       RULES_FILE_MAX);
    }
    return build_policy(out, &in, options, err);
}

enum ec rules_load(struct policy **out, const char *path, const struct rules_options *options,
                   struct err *err) {
    struct rules_files in = {.v = NULL};
    enum ec ec = rules_read_files(&in, path, options != NULL && options->pipes, err);
    if (ec == EC_OK)
        ec = build_policy(out, &in, options, err);
    rules_files_done(&in);
    return ec;
}
