/* policyctl parse - image references, taken apart as the kubelet does. */
#include "base/escape.h"
#include "base/file.h"
#include "imgref/imgref.h"
#include "policyctl/policy.h"
#include "policyctl/verb.h"

enum { INPUT_MAX = 256 << 20 };

static const char *const output_words[] = {"text", "json", NULL};

struct options {
    int output;
};

static const struct opt_row rows[] = {
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: a line, and what kubelet, containerd and CRI-O make of it. json: one JSON object a "
     "line.",
     .offset = offsetof(struct options, output), .words = output_words},
    HELP_ROW,
};

const struct opt_table parse_options = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = NULL};

struct parsed {
    struct imgref ref;
    struct buf repository, canonical;
    struct err err;
};

static bool parse(struct parsed *p, struct str image) {
    buf_reset(&p->repository);
    buf_reset(&p->canonical);
    p->err = (struct err)ERR_INIT;
    if (imgref_parse(&p->ref, image, &p->err) != EC_OK)
        return false;
    imgref_print_repository(&p->ref, &p->repository);
    imgref_print(&p->ref, IMGREF_WITH_LATEST, &p->canonical);
    return true;
}

/* ---- what the node makes of it -------------------------------------------------------- */

/* `latest` where nothing is named; of a tag and a digest the digest counts. */
static void put_pulled(struct buf *out, const struct imgref *ref) {
    if (ref->tag.n != 0 && ref->digest.n == 0)
        buf_printf(out, ":%.*s", STR_ARG(ref->tag));
    if (ref->digest.n != 0)
        buf_printf(out, "@%.*s", STR_ARG(ref->digest));
    if (ref->tag.n == 0 && ref->digest.n == 0)
        buf_puts(out, ":latest");
}

static const char *why_not_crio(const struct imgref *ref) {
    bool word =
        str_find(ref->host, '.') == ref->host.n && str_find(ref->host, ':') == ref->host.n;
    if ((ref->quirks & IMGREF_UPPER_HOST) && word)
        return "a host of one word has to be in lower case";
    if (ref->quirks & IMGREF_IPV6)
        return "no IPv6 addresses";
    return ref->quirks & IMGREF_LONG ? "host and repository exceed 255 bytes" : NULL;
}

/* kubelet pkg/util/parsers; containerd's CRI plugin (ParseDockerRef, then the host of a
 * URL); CRI-O's containers/image, with a grammar of its own and names that are short. */
static void put_runtimes(struct buf *out, struct str image, const struct parsed *p) {
    const struct imgref *ref = &p->ref;
    const char *refused = why_not_crio(ref);
    buf_printf(out, "    kubelet     %.*s%s\n", STR_ARG(image),
               ref->tag.n == 0 && ref->digest.n == 0 ? ":latest" : "");
    buf_printf(out, "    containerd  %.*s/%.*s", STR_ARG(ref->host),
               STR_ARG(buf_view(&p->repository)));
    put_pulled(out, ref);
    buf_puts(out, "\n    CRI-O       ");
    if (refused != NULL) {
        buf_printf(out, "refused: %s\n", refused);
        return;
    }
    if (ref->qualified)
        buf_printf(out, "%.*s/%.*s", STR_ARG(ref->host), STR_ARG(buf_view(&p->repository)));
    else
        buf_printf(out, "<search-registry>/%.*s", STR_ARG(ref->path));
    put_pulled(out, ref);
    buf_puts(out,
             ref->qualified ? "\n" : " (a short name: registries.conf of the node decides)\n");
}

static void put_text(struct buf *out, struct str image, const struct parsed *p, bool valid) {
    escape_quoted(out, image);
    if (!valid) {
        buf_puts(out, ": no image reference: ");
        escape_text(out, str_of(p->err.msg));
        buf_printf(out, " at byte %zu\n", p->err.offset);
        return;
    }
    buf_printf(out, ": host %.*s%s, repository %.*s", STR_ARG(p->ref.host),
               p->ref.qualified ? "" : " (implied)", STR_ARG(buf_view(&p->repository)));
    if (p->ref.tag.n != 0)
        buf_printf(out, ", tag %.*s", STR_ARG(p->ref.tag));
    if (p->ref.digest.n != 0)
        buf_printf(out, ", digest %.*s", STR_ARG(p->ref.digest));
    buf_printf(out, ", normal form %.*s\n", STR_ARG(buf_view(&p->canonical)));
    put_runtimes(out, image, p);
}

static void put_key(struct buf *out, const char *key, struct str value) {
    buf_printf(out, ",\"%s\":", key);
    buf_json(out, value);
}

static void put_json(struct buf *out, struct str image, const struct parsed *p, bool valid) {
    const struct imgref none = {.qualified = false};
    const struct imgref *ref = valid ? &p->ref : &none;
    buf_puts(out, "{\"input\":");
    buf_json(out, image);
    buf_printf(out, ",\"valid\":%s", valid ? "true" : "false");
    put_key(out, "host", ref->host);
    put_key(out, "repository", buf_view(&p->repository));
    put_key(out, "tag", ref->tag);
    put_key(out, "digest", ref->digest);
    put_key(out, "canonical", buf_view(&p->canonical));
    buf_printf(out, ",\"fullyQualified\":%s", ref->qualified ? "true" : "false");
    put_key(out, "reason", valid ? STR_NONE : str_of(p->err.msg));
    if (valid)
        buf_puts(out, ",\"position\":null}\n");
    else
        buf_printf(out, ",\"position\":%zu}\n", p->err.offset);
}

static bool show(struct buf *out, struct parsed *p, struct str image, int output) {
    bool valid = parse(p, image);
    if (output == 0)
        put_text(out, image, p, valid);
    else
        put_json(out, image, p, valid);
    if (p->repository.bad || p->canonical.bad) /* a text that lacks them is none */
        out->bad = p->repository.bad ? p->repository.bad : p->canonical.bad;
    return valid;
}

static bool show_lines(struct buf *out, struct parsed *p, int output, struct err *err) {
    struct buf input = BUF_INIT(INPUT_MAX + 1);
    bool all_valid = true;
    if (file_read_any(&input, "-", INPUT_MAX, err) == EC_OK) {
        struct str rest = buf_view(&input);
        while (rest.n != 0) {
            size_t end = str_find(rest, '\n');
            all_valid &= show(out, p, str_slice(rest, 0, end), output);
            rest = str_slice(rest, end + 1, rest.n);
        }
    }
    buf_done(&input);
    return all_valid;
}

static int run(const struct options *o, const struct opt_result *args) {
    struct parsed p = {.repository = BUF_INIT(4096 << 10), .canonical = BUF_INIT(4096 << 10)};
    struct buf out = BUF_INIT((size_t)1 << 30);
    struct err err = ERR_INIT;
    bool all_valid = true, printed = true;
    if (args->n_operands == 0)
        err_set(&err, EC_USAGE, "no image: give references, or - for standard input");
    for (size_t i = 0; i < args->n_operands && err.code == EC_OK; i++) {
        bool is_stdin = strcmp(args->operands[i], "-") == 0;
        all_valid &= is_stdin ? show_lines(&out, &p, o->output, &err)
                              : show(&out, &p, str_of(args->operands[i]), o->output);
    }
    if (err.code == EC_OK)
        printed = verb_print(&out);
    buf_done(&out);
    buf_done(&p.repository);
    buf_done(&p.canonical);
    if (err.code != EC_OK)
        return verb_fail(&err);
    return !printed ? EXIT_INPUT : all_valid ? EXIT_ALLOWED : EXIT_DENIED;
}

int cmd_parse(const struct verb *self, int argc, char **argv) {
    struct options options = {.output = 0};
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status;
    if (verb_options(self, &options, argc, argv, &result, &text, &status))
        status = run(&options, &result);
    buf_done(&text);
    return status;
}
