/* sync: a Secret, a Namespace or the value of an annotation, as anybody may write them. What is read is kept by a
 * copy in memory of its own; a plan of it is made, explained, and its bodies are JSON of a copy that is ours. */
#include "base/buf.h"
#include "base/mem.h"
#include "copies.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void hold(bool property, const char *name) {
    if (property)
        return;
    fprintf(stderr, "sync does not hold \"%s\"\n", name);
    abort();
}

static const struct sync_reader reader = {
    .sha256 = copies_sha256, .instance = STR_INIT("pullgate"), .keep_data = true};

static void check_body(const struct sync_action *a, struct arena *arena) {
    struct buf body = BUF_INIT(16 << 20);
    struct json j = JSON_INIT;
    struct err err = ERR_INIT;
    struct sync_secret copy;
    sync_print_copy(&body, &reader, a);
    hold(!body.bad && buf_room(&body, JSON_PADDING) != NULL, "there is memory");
    memset(body.p + body.n, 0, JSON_PADDING);
    hold(json_parse(&j, body.p, body.n, JSON_LIMITS_DEFAULT, &err) == EC_OK, "a body is JSON");
    hold(sync_read_secret(&copy, &reader, &j, 0, arena, &err) == EC_OK, "a body is a Secret");
    bool named = str_find(a->source->namespace, '/') == a->source->namespace.n;
    size_t names = a->source->namespace.n + a->source->name.n + a->namespace.n + a->name.n;
    if (named && names < 800) /* longer than any name is: no mark fits it */
        hold(copy.owner == SYNC_OURS, "a copy is ours");
    hold(strcmp(copy.content, a->source->content) == 0, "a copy has the content of its source");
    json_done(&j);
    buf_done(&body);
}

static void check_plan(const struct sync_state *state, struct arena *arena) {
    struct sync_plan plan;
    struct err err = ERR_INIT;
    struct buf text = BUF_INIT(64 << 20);
    enum ec ec = sync_plan(&plan, state, arena, &err);
    hold(ec == EC_OK || ec == EC_LIMIT, "a plan is made");
    for (size_t i = 0; ec == EC_OK && i < plan.n; i++) {
        const struct sync_action *a = &plan.v[i];
        sync_explain(a, NULL, &text);
        hold(sync_verb_name(a->verb)[0] && sync_reason_name(a->reason)[0], "it has words");
        if (a->verb == SYNC_APPLY || a->verb == SYNC_RECREATE)
            check_body(a, arena);
    }
    buf_done(&text);
}

static void take_secret(const struct sync_secret *s, struct arena *arena) {
    const struct str globs[] = {STR("*")};
    struct sync_secret *kept = sync_secret_new(s);
    hold(kept != NULL && strcmp(kept->content, s->content) == 0, "a secret is kept");
    const struct sync_namespace places[] = {{.name = STR("a")}, {.name = s->namespace}};
    const struct sync_request by_rule = {.source_namespace = s->namespace,
                                         .source_name = s->name,
                                         .name = STR("regcred"),
                                         .everywhere = true};
    const struct sync_state state = {.annotated = globs,
                                     .n_annotated = 1,
                                     .secrets = kept,
                                     .n_secrets = 1,
                                     .namespaces = places,
                                     .n_namespaces = 2,
                                     .respect_value = true,
                                     .requests = &by_rule,
                                     .n_requests = 1};
    check_plan(&state, arena);
    sync_secret_free(kept);
}

static void take_namespace(const struct sync_namespace *n) {
    struct sync_namespace *kept = sync_namespace_new(n);
    hold(kept != NULL && str_eq(kept->name, n->name) && kept->n_labels == n->n_labels,
         "a namespace is kept");
    sync_namespace_free(kept);
}

static void take_targets(struct str text, struct arena *arena) {
    struct sync_request r = {.everywhere = false};
    struct err err = ERR_INIT;
    enum ec ec = sync_read_targets(&r, text, arena, &err);
    hold(ec == EC_OK || (ec == EC_SYNTAX && err.offset <= text.n), "a fault has its position");
    hold(ec != EC_OK || r.n_globs != 0 || r.selector.n_requirements != 0,
         "it selects by something");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena arena = ARENA_INIT(4096, 64 << 20);
    struct json j = JSON_INIT;
    struct err err = ERR_INIT;
    struct sync_secret secret;
    struct sync_namespace namespace;
    char *text = mem_zalloc(n + JSON_PADDING);
    hold(text != NULL, "there is memory");
    if (n != 0)
        memcpy(text, bytes, n);
    take_targets((struct str){(const char *)bytes, n}, &arena);
    if (json_parse(&j, text, n, JSON_LIMITS_DEFAULT, &err) == EC_OK) {
        if (sync_read_secret(&secret, &reader, &j, 0, &arena, &err) == EC_OK)
            take_secret(&secret, &arena);
        err = (struct err)ERR_INIT;
        if (sync_read_namespace(&namespace, &j, 0, &arena, &err) == EC_OK)
            take_namespace(&namespace);
    }
    json_done(&j);
    mem_free(text);
    arena_done(&arena);
    return 0;
}
