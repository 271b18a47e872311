/* Any bytes are a file of a tool's format whose rule file loads, or an error that says where. */
#include "convert/convert.h"
#include "rules/rules.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 64 << 20 };

static void check_loads(struct str text) {
    const struct rules_options options = {.now_s = 1795000000};
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    assert(rules_parse(&policy, text, "import", &options, &err) == EC_OK);
    engine_policy_free(policy);
}

static void check_error(const struct err *err) {
    assert(err->code == EC_SYNTAX || err->code == EC_SCHEMA || err->code == EC_LIMIT);
    assert(err->msg[0] != '\0');
    assert(err->code == EC_LIMIT ||
           str_eq(str_of(err->where), STR("folder/a.example/hosts.toml")));
}

static void check_format(const struct convert_format *format, struct str text) {
    static const char *const namespaces[] = {"team"};
    const struct convert_options options = {namespaces, text.n % 2};
    const struct convert_input inputs[] = {{"folder/a.example/hosts.toml", text},
                                           {"folder/a.example/hosts.toml", text}};
    struct buf out = BUF_INIT(OUT_MAX);
    struct convert_counts counts;
    struct err err = ERR_INIT;
    if (convert_rules(&out, &counts, format, inputs, 1 + text.n % 2, &options, &err) == EC_OK)
        check_loads(buf_view(&out));
    else
        check_error(&err);
    buf_done(&out);
}

/* The first byte is the number of the format. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t n = 0;
    while (convert_words[n] != NULL)
        n++;
    if (size == 0)
        return 0;
    struct str text = {(const char *)data + 1, size - 1};
    check_format(convert_find(convert_words[(data[0] - 'a' + n) % n]), text);
    return 0;
}
