/* What a single pattern matches, and what it does not match although it may seem to. */
#include "rules/check.h"

#include <stdio.h>

enum { SAMPLE_BYTES = 300 };

/* An image that the pattern matches: stars become words. `last` for a star that ends it. */
static void print_sample(char out[SAMPLE_BYTES], struct str pattern, const char *last) {
    size_t n = 0;
    for (size_t i = 0; i < pattern.n && n + 1 < SAMPLE_BYTES; i++) {
        if (pattern.p[i] != '*') {
            out[n++] = pattern.p[i];
            continue;
        }
        bool port = i > 0 && pattern.p[i - 1] == ':';
        const char *word = i + 1 == pattern.n ? last : port ? "5000" : "team";
        int added = snprintf(out + n, SAMPLE_BYTES - n, "%s", word);
        n += added > 0 ? (size_t)added : 0;
        while (i + 1 < pattern.n && pattern.p[i + 1] == '*')
            i++;
    }
    out[n < SAMPLE_BYTES ? n : SAMPLE_BYTES - 1] = '\0';
}

static struct str last_component(struct str path) {
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash == NULL ? path : str_slice(path, (size_t)(slash - path.p) + 1, path.n);
}

static void check_last_star(const struct cursor *c, struct str text, struct str path) {
    char hit[SAMPLE_BYTES], miss[SAMPLE_BYTES];
    bool one = str_eq(path, STR("*")), denied = strcmp(c->field->key, "denied") == 0;
    print_sample(hit, text, "app");
    print_sample(miss, text, "team/app");
    rules_warn(c, one || denied ? LINT_GLOB_ONE_LEVEL : LINT_GLOB_LAST_LEVEL,
               "%s matches %s, but not %s: \"*\" is one component", rules_quote(text).z,
               rules_quote(str_of(hit)).z, rules_quote(str_of(miss)).z);
}

static void check_name_alone(const struct cursor *c, struct str text) {
    char hit[SAMPLE_BYTES];
    print_sample(hit, text, "app");
    rules_warn(c, LINT_GLOB_NAME_ALONE, "%s matches %s itself, but nothing below it",
               rules_quote(text).z, rules_quote(str_of(hit)).z);
}

static void check_glob(const struct cursor *c, struct str text, struct str host,
                       struct str path) {
    bool any_host = str_starts(host, STR("*")) && str_find(host, '.') == host.n;
    struct str last = last_component(path);
    if (str_contains(path, STR("**")) || any_host)
        return;
    if (str_eq(last, STR("*")))
        check_last_star(c, text, path);
    else if (str_find(last, '*') == last.n)
        check_name_alone(c, text);
}

static void check_glob_port(const struct cursor *c, struct str text, struct str host,
                            struct str path) {
    char hit[SAMPLE_BYTES], miss[SAMPLE_BYTES];
    size_t colon = str_find(host, ':');
    print_sample(hit, text, "app");
    snprintf(miss, sizeof miss, "%.*s/%.*s", STR_ARG(str_slice(host, 0, colon)), STR_ARG(path));
    rules_warn(c, LINT_GLOB_PORT,
               "%s matches every port, such as %s, but not %s, which has no port",
               rules_quote(text).z, rules_quote(str_of(hit)).z, rules_quote(str_of(miss)).z);
}

static void check_case(const struct cursor *c, struct str text, struct str host) {
    char lower[SAMPLE_BYTES];
    size_t n = 0;
    bool upper = false;
    for (; n < text.n && n + 1 < sizeof lower; n++) {
        lower[n] = n < host.n ? ascii_lower(text.p[n]) : text.p[n];
        upper |= lower[n] != text.p[n];
    }
    lower[n] = '\0';
    if (upper)
        rules_warn(c, LINT_UPPER_CASE_HOST, "%s is read as %s", rules_quote(text).z,
                   rules_quote(str_of(lower)).z);
}

void rules_check_shape(const struct cursor *c) {
    struct str text = rules_str(c);
    struct str host = str_slice(text, 0, str_find(text, '/'));
    struct str path = str_slice(text, host.n + 1, text.n);
    bool denied = strcmp(c->field->key, "denied") == 0;
    if (!c->r->options->closely)
        return;
    check_case(c, text, host);
    if (str_contains(host, STR(":*")) || str_contains(host, STR("*:*")))
        check_glob_port(c, text, host, path);
    else if (str_find(text, '*') < text.n)
        check_glob(c, text, host, path);
    else if (!denied && path.n == 0 && str_eq_nocase(host, STR("docker.io")))
        rules_warn(c, LINT_APPROVES_DOCKER_HUB,
                   "%s matches every image of every account on Docker Hub",
                   rules_quote(text).z);
}
