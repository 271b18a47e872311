/* policyctl parse - image references, taken apart as the kubelet does. */
#include "base/escape.h"
#include "base/file.h"
#include "imgref/runtimes.h"
#include "policyctl/options.h"

enum { INPUT_MAX = 256 << 20 };

struct parsed {
    struct imgref ref;
    struct buf repository, canonical;
    struct err err;
};

static bool parse_image(struct parsed *p, struct str image) {
    buf_reset(&p->repository);
    buf_reset(&p->canonical);
    p->err = (struct err)ERR_INIT;
    if (imgref_parse(&p->ref, image, &p->err) != EC_OK)
        return false;
    imgref_print_repository(&p->ref, &p->repository);
    imgref_print(&p->ref, IMGREF_WITH_LATEST, &p->canonical);
    return true;
}

static void put_text(struct buf *out, struct str image, const struct parsed *p, bool valid) {
    escape_quoted(out, image);
    if (!valid) {
        buf_puts(out, ": not an image reference: ");
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
    imgref_print_runtimes(&p->ref, image, out);
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

static bool show_reference(struct buf *out, struct parsed *p, struct str image, int output) {
    bool valid = parse_image(p, image);
    if (output == PARSE_TEXT)
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
            all_valid &= show_reference(out, p, str_slice(rest, 0, end), output);
            rest = str_slice(rest, end + 1, rest.n);
        }
    }
    buf_done(&input);
    return all_valid;
}

int cmd_parse(const union options *options, const struct opt_result *args) {
    int output = options->parse.output;
    struct parsed p = {.repository = BUF_INIT(4096 << 10), .canonical = BUF_INIT(4096 << 10)};
    struct buf out = BUF_INIT((size_t)1 << 30);
    struct err err = ERR_INIT;
    bool all_valid = true;
    (void)!verb_operands(args, "no image: give references, or - for standard input", &err);
    for (size_t i = 0; i < args->n_operands && err.code == EC_OK; i++) {
        bool is_stdin = strcmp(args->operands[i], "-") == 0;
        all_valid &= is_stdin ? show_lines(&out, &p, output, &err)
                              : show_reference(&out, &p, str_of(args->operands[i]), output);
    }
    buf_done(&p.repository);
    buf_done(&p.canonical);
    return verb_end(&out, all_valid ? EXIT_ALLOWED : EXIT_DENIED, &err);
}
