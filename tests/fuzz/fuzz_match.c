/* match: the input is a pattern, a newline, and what it is held against.
 * Patterns that are refused name a byte of theirs; a literal pattern matches itself, what is
 * below it and nothing beside it; globs agree with the regex that says the same; names agree
 * with the plain recursive definition of `*`. What a pattern costs is bounded by the lengths, not by
 * what is in them, and with fewer steps there is no other answer, only none.
 * Also run by tests/unit/test_match.c over inputs that it makes up. */
#include "base/buf.h"
#include "imgref/imgref.h"
#include "match/match.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void hold(bool property, const char *name, struct str pattern, struct str text) {
    if (property)
        return;
    fprintf(stderr, "match does not hold \"%s\" for \"%.*s\" and \"%.*s\"\n", name,
            STR_ARG(pattern), STR_ARG(text));
    abort();
}

/* Of one regex at most: its limit as often as it is tried, times what a step can be. */
static uint64_t steps_at_most(const struct match_image *m, struct str whole) {
    size_t n = match_image_text(m).n;
    if (match_image_is_regex(m))
        return (uint64_t)2 * 100000 * (1 + whole.n / 32 + 65536 / 16);
    return 2 + (uint64_t)whole.n * ((n + 1) / 64 + 1) / 4;
}

/* Asked with so many steps. */
static enum match_result ask(const struct match_image *m, struct str whole, uint64_t steps,
                             struct match_meter *meter) {
    size_t slash = str_find(whole, '/');
    struct match_target t = {.host = str_slice(whole, 0, slash),
                             .repository = str_slice(whole, slash + 1, whole.n),
                             .whole = whole};
    *meter = (struct match_meter)MATCH_METER(steps, NULL);
    return match_image(m, &t, meter);
}

static enum match_result match_whole(const struct match_image *m, struct str whole) {
    struct match_meter meter;
    uint64_t most = steps_at_most(m, whole);
    struct str pattern = match_image_text(m);
    enum match_result result = ask(m, whole, most, &meter);
    uint64_t used = most - meter.left;
    hold(!meter.spent, "steps are bounded by the lengths", pattern, whole);
    hold(ask(m, whole, used, &meter) == result && !meter.spent, "as many steps are enough",
         pattern, whole);
    for (uint64_t steps = used; steps > 0;) {
        steps /= 2;
        hold(ask(m, whole, steps, &meter) == result || meter.spent,
             "with fewer steps there is the same answer or none", pattern, whole);
        hold(!meter.spent || meter.left == 0, "a meter that ran out is empty", pattern, whole);
    }
    return result;
}

/* ---- globs as regexes ---------------------------------------------------------------- */

static void add_literal(struct buf *regex, char c) {
    buf_printf(regex, "\\x%02x", (unsigned)(unsigned char)c);
}

static void add_component(struct buf *regex, struct str c) {
    if (str_eq(c, STR("**"))) {
        buf_puts(regex, "(?:[^/]*/)*");
        return;
    }
    for (size_t i = 0; i < c.n; i++) {
        if (c.p[i] == '*')
            buf_puts(regex, "[^/:]*");
        else
            add_literal(regex, c.p[i]);
    }
    buf_putc(regex, '/');
}

/* With a `/` after each component, also the last one, so that `**` needs no special case. */
static void glob_to_regex(struct str glob, struct buf *regex) {
    size_t slash = str_find(glob, '/');
    for (size_t at = 0; at <= glob.n;) {
        struct str rest = str_slice(glob, at, glob.n);
        size_t end = str_find(rest, '/');
        struct buf c = BUF_INIT(2000);
        for (size_t i = 0; i < end; i++)
            buf_putc(&c, at + i < slash ? ascii_lower(rest.p[i]) : rest.p[i]);
        add_component(regex, buf_view(&c));
        buf_done(&c);
        at += end + 1;
    }
}

static void check_glob(const struct match_image *m, struct str pattern, struct str text) {
    struct buf regex = BUF_INIT(1 << 16), whole = BUF_INIT(1 << 16);
    struct match_image *oracle = NULL;
    struct err err = ERR_INIT;
    glob_to_regex(pattern, &regex);
    buf_str(&whole, text);
    buf_putc(&whole, '/');
    if (match_image_compile_regex(&oracle, buf_view(&regex), &err) == EC_OK) {
        enum match_result said = match_whole(oracle, buf_view(&whole));
        hold(said == MATCH_GAVE_UP || said == match_whole(m, text), "a glob is its regex",
             pattern, text);
    }
    match_image_free(oracle);
    buf_done(&regex);
    buf_done(&whole);
}

/* ---- literal patterns ---------------------------------------------------------------- */

static void check_prefix(const struct match_image *m, struct str pattern) {
    struct buf whole = BUF_INIT(1 << 16);
    struct str host = match_image_host(m), path = match_image_path(m);
    buf_str(&whole, host);
    buf_putc(&whole, '/');
    buf_str(&whole, path.n ? path : STR("x"));
    hold(imgref_is_host(host), "the host of a literal is a host", pattern, host);
    hold(path.n == 0 || imgref_is_path(path), "the path of a literal is one", pattern, path);
    hold(match_whole(m, buf_view(&whole)) == MATCH_YES, "a literal matches itself", pattern,
         buf_view(&whole));
    buf_puts(&whole, "/below");
    hold(match_whole(m, buf_view(&whole)) == MATCH_YES, "a literal matches what is below",
         pattern, buf_view(&whole));
    buf_reset(&whole);
    buf_str(&whole, host);
    buf_puts(&whole, path.n ? "/" : "");
    buf_str(&whole, path);
    buf_puts(&whole, "-evil/x");
    hold(match_whole(m, buf_view(&whole)) == MATCH_NO, "a literal ends at a border", pattern,
         buf_view(&whole));
    buf_done(&whole);
}

static void check_image(struct str pattern, struct str text) {
    struct match_image *m = NULL;
    struct err err = ERR_INIT;
    if (match_image_compile(&m, pattern, &err) != EC_OK) {
        hold(m == NULL && err.msg[0] != '\0', "a refusal has a reason", pattern, text);
        hold(err.code == EC_LIMIT || err.offset <= pattern.n, "its position is in the pattern",
             pattern, text);
        return;
    }
    hold(str_eq(match_image_text(m), pattern), "the text is kept", pattern, text);
    if (match_image_is_prefix(m))
        check_prefix(m, pattern);
    else
        check_glob(m, pattern, text);
    hold(match_whole(m, text) != MATCH_GAVE_UP, "only a regex gives up", pattern, text);
    match_image_free(m);
}

static void check_regex(struct str pattern, struct str text) {
    struct match_image *m = NULL;
    struct err err = ERR_INIT;
    if (match_image_compile_regex(&m, pattern, &err) == EC_OK)
        (void)match_whole(m, text);
    else
        hold(err.code == EC_LIMIT || err.offset <= pattern.n, "its position is in the regex",
             pattern, text);
    match_image_free(m);
}

/* ---- names and labels ---------------------------------------------------------------- */

enum { NAME_MAX_BYTES = 200 };

/* reach[j]: the pattern up to here can take the first j bytes of the name. */
static bool name_matches(struct str pattern, struct str name) {
    bool reach[NAME_MAX_BYTES + 1] = {true};
    for (size_t i = 0; i < pattern.n; i++) {
        bool star = pattern.p[i] == '*';
        for (size_t k = 0; k <= name.n; k++) {
            size_t j = star ? k : name.n - k;
            if (star)
                reach[j] = reach[j] || (j > 0 && reach[j - 1]);
            else
                reach[j] = j > 0 && reach[j - 1] && name.p[j - 1] == pattern.p[i];
        }
    }
    return reach[name.n];
}

static void check_names(struct str pattern, struct str text) {
    struct err key = ERR_INIT, value = ERR_INIT;
    struct match_meter meter = MATCH_METER(2 + (pattern.n + text.n) / 4, NULL);
    bool yes = match_name(pattern, text, &meter);
    hold(!meter.spent, "steps of a name are bounded by the lengths", pattern, text);
    if (pattern.n > MATCH_PATTERN_MAX)
        hold(!yes, "a pattern that is too long matches nothing", pattern, text);
    else if (text.n <= NAME_MAX_BYTES)
        hold(yes == name_matches(pattern, text), "a name pattern is what its definition says",
             pattern, text);
    if (match_check_label_key(text, &key) != EC_OK)
        hold(key.offset <= text.n, "the position is in the key", pattern, text);
    else
        hold(text.n > 0 && text.n <= 253 + 1 + 63, "a key is short", pattern, text);
    if (match_check_label_value(text, &value) != EC_OK)
        hold(value.offset <= text.n, "the position is in the value", pattern, text);
    else
        hold(text.n <= 63, "a value is short", pattern, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct str all = {(const char *)bytes, n};
    size_t line = str_find(all, '\n');
    struct str pattern = str_slice(all, 0, line), text = str_slice(all, line + 1, n);
    check_image(pattern, text);
    check_regex(pattern, text);
    check_names(pattern, text);
    return 0;
}
