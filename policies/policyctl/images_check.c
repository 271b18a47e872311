#include "policyctl/images_check.h"

#include "base/escape.h"
#include "registry/manifest.h"

#include <stdlib.h>
#include <unistd.h>

enum { PLATFORMS_MAX = 32 };

/* ---- options ------------------------------------------------------------------------- */

static bool is_checking(const struct options_images *o) {
    return o->check || o->missing;
}

static enum ec need_check(const struct options_images *o, struct err *err) {
    const struct {
        const char *name;
        bool given;
    } rows[] = {{"platform", o->platforms != NULL},
                {"against-source", o->against_source},
                {"secrets", o->secrets != NULL},
                {"docker-config", o->docker_config != NULL},
                {"ca", o->ca != NULL},
                {"client-cert", o->client_cert != NULL},
                {"client-key", o->client_key != NULL},
                {"plain-http", o->plain_http.n != 0},
                {"token-host", o->token_hosts.n != 0},
                {"verbose", o->verbose}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].given)
            return err_set(err, EC_USAGE, "--%s needs --check; try --help", rows[i].name);
    return EC_OK;
}

/* The next of "a,b"; false at the end. */
static bool next_platform(struct str all, size_t *at, struct str *out) {
    if (*at >= all.n)
        return false;
    struct str rest = str_slice(all, *at, all.n);
    *out = str_slice(rest, 0, str_find(rest, ','));
    *at += out->n + 1;
    return true;
}

static enum ec check_platforms(const char *text, struct err *err) {
    struct str platform, all = str_of(text);
    size_t n = 0;
    for (size_t at = 0; next_platform(all, &at, &platform); n++)
        if (!registry_manifest_is_platform(platform) || n == PLATFORMS_MAX)
            return err_set(err, EC_USAGE,
                           "--platform: found \"%.*s\", expected OS/ARCH, such as linux/amd64",
                           STR_ARG(platform));
    return text == NULL || n != 0
               ? EC_OK
               : err_set(err, EC_USAGE, "--platform: found nothing, expected OS/ARCH");
}

enum ec images_check_begin(struct images_secrets **out, const struct options_images *o,
                           const struct policy *policy, struct err *err) {
    bool copies = o->output == IMAGES_COPY || o->output == IMAGES_SYNC;
    if (!is_checking(o))
        return need_check(o, err);
    if (o->missing && !copies)
        return err_set(err, EC_USAGE, "--missing needs -o skopeo-copy or skopeo-sync");
    if ((o->client_cert == NULL) != (o->client_key == NULL))
        return err_set(err, EC_USAGE, "--client-cert and --client-key need each other");
    if (check_platforms(o->platforms, err) != EC_OK)
        return err->code;
    return images_secrets_new(out, o->secrets, o->docker_config, o->requester.namespace, policy,
                              err);
}

static const char *variable(const char *lower, const char *upper) {
    const char *value = getenv(lower);
    if (value == NULL || value[0] == '\0')
        value = getenv(upper);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static void show_progress(void *arg, size_t done, size_t total) {
    char room[80];
    struct buf line = BUF_OVER(room, sizeof room);
    (void)arg;
    buf_printf(&line, done < total ? "\r%zu of %zu images" : "\r\033[K", done, total);
    verb_talk(buf_view(&line));
}

static void show_request(void *arg, struct str line) {
    (void)arg;
    verb_tell("%.*s", STR_ARG(line));
}

static struct registry_options options_of(const struct options_images *o) {
    return (struct registry_options){.ca = o->ca,
                                     .client_cert = o->client_cert,
                                     .client_key = o->client_key,
                                     .https_proxy = variable("https_proxy", "HTTPS_PROXY"),
                                     .http_proxy = variable("http_proxy", "HTTP_PROXY"),
                                     .no_proxy = variable("no_proxy", "NO_PROXY"),
                                     .plain_http = o->plain_http.v,
                                     .n_plain_http = o->plain_http.n,
                                     .token_hosts = o->token_hosts.v,
                                     .n_token_hosts = o->token_hosts.n,
                                     .timeout_ms = o->timeout_ms,
                                     .jobs = (size_t)o->connections,
                                     .progress =
                                         !o->verbose && isatty(2) ? show_progress : NULL,
                                     .trace = o->verbose ? show_request : NULL};
}

/* ---- questions ----------------------------------------------------------------------- */

struct asking {
    struct report_images *images;
    const struct options_images *options;
    const struct images_secrets *secrets;
    struct registry_question
        *questions; /* of each row that is checked one, or with its source two */
    struct registry_answer *answers;
    size_t n;
    struct arena *arena;
};

static bool compares(const struct asking *a, const struct report_image_row *row) {
    return a->options->against_source && report_images_moves(row);
}

static enum ec add_question(struct asking *a, const struct report_image_row *row, bool source,
                            struct err *err) {
    bool compared = compares(a, row);
    struct registry_question *q = &a->questions[a->n++];
    *q = (struct registry_question){.image = source ? row->source : row->target,
                                    .digest = compared,
                                    .platforms = !source && a->options->platforms != NULL};
    return images_secrets_ask(a->secrets, q, row->pull_secrets, source, a->arena, err);
}

static enum ec make_questions(struct asking *a, struct err *err) {
    a->questions = ARENA_ARRAY(a->arena, struct registry_question, 2 * a->images->n);
    a->answers = ARENA_ARRAY(a->arena, struct registry_answer, 2 * a->images->n);
    if (a->questions == NULL || a->answers == NULL)
        return arena_fail(a->arena, err);
    for (size_t i = 0; i < a->images->n; i++) {
        const struct report_image_row *row = &a->images->rows[i];
        if (row->denied.n != 0)
            continue;
        if (add_question(a, row, false, err) != EC_OK ||
            (compares(a, row) && add_question(a, row, true, err) != EC_OK))
            return err->code;
    }
    return EC_OK;
}

/* ---- answers ------------------------------------------------------------------------- */

static bool serves(const struct registry_answer *answer, struct str wanted) {
    for (size_t i = 0; i < answer->n_platforms; i++)
        if (registry_manifest_serves(answer->platforms[i], wanted))
            return true;
    return false;
}

static enum ec take_platforms(struct asking *a, struct report_image_check *c,
                              const struct registry_answer *answer, struct err *err) {
    struct str wanted, all = str_of(a->options->platforms);
    struct str *lacking = ARENA_ARRAY(a->arena, struct str, PLATFORMS_MAX);
    if (lacking == NULL)
        return arena_fail(a->arena, err);
    c->platforms = answer->platforms;
    c->n_platforms = answer->n_platforms;
    c->lacking = lacking;
    for (size_t at = 0; answer->word == REGISTRY_EXISTS && next_platform(all, &at, &wanted);)
        if (!serves(answer, wanted))
            lacking[c->n_lacking++] = wanted;
    return EC_OK;
}

static enum ec take_source(struct asking *a, struct report_image_check *c,
                           const struct registry_answer *target,
                           const struct registry_answer *source, struct err *err) {
    char room[2048];
    struct buf text = BUF_OVER(room, sizeof room);
    c->source_digest = source->digest;
    if (source->word == REGISTRY_EXISTS && target->word == REGISTRY_EXISTS) {
        c->source = str_eq(source->digest, target->digest) ? STR("same") : STR("differs");
        return EC_OK;
    }
    buf_printf(&text, "%s", registry_word_text(source->word));
    if (source->reason.n != 0)
        buf_printf(&text, ": %.*s", STR_ARG(source->reason));
    if (source->word != REGISTRY_EXISTS && source->login != NULL)
        buf_printf(&text, " (%.*s)", STR_ARG(source->login->name));
    return arena_str(a->arena, text.bad ? STR("cannot tell") : buf_view(&text), &c->source)
               ? EC_OK
               : arena_fail(a->arena, err);
}

/* Of an image that is not there: which pull secrets its pod names that the dump does not have. */
static enum ec add_absent(struct asking *a, struct report_image_check *c,
                          const struct report_image_row *row, struct err *err) {
    char room[2048];
    struct buf text = BUF_OVER(room, sizeof room), names = BUF_INIT(1024);
    images_secrets_put_absent(a->secrets, row->pull_secrets, &names);
    buf_printf(&text, "%.*s; not in the dump: %.*s", STR_ARG(c->reason),
               STR_ARG(buf_view(&names)));
    bool any = names.n != 0 && !names.bad && !text.bad;
    buf_done(&names);
    return !any || arena_str(a->arena, buf_view(&text), &c->reason) ? EC_OK
                                                                    : arena_fail(a->arena, err);
}

static enum ec take_answer(struct asking *a, struct report_image_row *row,
                           const struct registry_answer *answer, struct err *err) {
    struct report_image_check *c = ARENA_NEW(a->arena, struct report_image_check);
    if (c == NULL)
        return arena_fail(a->arena, err);
    c->status = str_of(registry_word_text(answer->word));
    c->reason = answer->reason;
    c->credential = answer->login != NULL ? answer->login->name : STR_NONE;
    c->digest = answer->digest;
    c->limit = answer->limit;
    c->warning = answer->warning;
    if (a->options->platforms != NULL && take_platforms(a, c, answer, err) != EC_OK)
        return err->code;
    if (compares(a, row) && take_source(a, c, answer, answer + 1, err) != EC_OK)
        return err->code;
    if (answer->word == REGISTRY_NO_ACCESS && add_absent(a, c, row, err) != EC_OK)
        return err->code;
    bool same = c->source.n == 0 || str_eq(c->source, STR("same"));
    c->good = answer->word == REGISTRY_EXISTS && c->n_lacking == 0 && same;
    c->copy = answer->word == REGISTRY_MISSING || str_eq(c->source, STR("differs"));
    row->check = c;
    return EC_OK;
}

/* In the formats for skopeo, what is neither there nor among the copies would not be seen. */
static void tell_bad(const struct asking *a, const struct report_image_row *row) {
    struct buf line = BUF_INIT((size_t)1 << 20);
    bool copies = a->options->output == IMAGES_COPY || a->options->output == IMAGES_SYNC;
    bool shown = a->options->missing && report_images_moves(row) && row->check->copy;
    if (!copies || row->check->good || shown)
        return;
    buf_puts(&line, "policyctl: ");
    escape_text(&line, row->target);
    buf_puts(&line, ": ");
    report_images_put_check(&line, row->check);
    buf_putc(&line, '\n');
    if (!line.bad)
        verb_talk(buf_view(&line));
    buf_done(&line);
}

static enum ec take_answers(struct asking *a, bool *bad, struct err *err) {
    size_t at = 0;
    *bad = false;
    for (size_t i = 0; i < a->images->n; i++) {
        struct report_image_row *row = &a->images->rows[i];
        if (row->denied.n != 0)
            continue;
        if (take_answer(a, row, &a->answers[at], err) != EC_OK)
            return err->code;
        at += compares(a, row) ? 2 : 1;
        *bad = *bad || !row->check->good;
        tell_bad(a, row);
    }
    a->images->checked = true;
    a->images->only_missing = a->options->missing;
    return EC_OK;
}

enum ec images_check(struct report_images *images, const struct options_images *o,
                     const struct images_secrets *secrets, bool *bad, struct err *err) {
    struct asking a = {
        .images = images, .options = o, .secrets = secrets, .arena = &images->arena};
    const struct registry_options options = options_of(o);
    if (make_questions(&a, err) != EC_OK ||
        registry_ask(a.answers, a.questions, a.n, &options, a.arena, err) != EC_OK)
        return err->code;
    return take_answers(&a, bad, err);
}
