/* bench_sync - what a plan of pull secrets costs in a large cluster.
 *
 *   bench_sync [NAMESPACES [SECRETS]]      (cmake --build --preset release --target bench)
 *
 * Shows      milliseconds of CPU time for one sync_plan, the best of ROUNDS, and the memory that its arena takes:
 *            nothing there yet; all current; one source rotated. Half of the requests are by glob, half by a label
 *            of the namespace */
#include "base/buf.h"
#include "sync/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7, NAME_BYTES = 24 };

static double cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct cluster {
    size_t n_namespaces, n_sources;
    struct sync_namespace *namespaces;
    struct sync_secret *secrets;
    struct sync_request *requests;
    struct sync_key key, rotated;
    struct sync_state state;
};

static void *room(size_t n, size_t size) {
    void *p = calloc(n, size);
    if (p == NULL)
        abort();
    return p;
}

static struct str name(const char *what, size_t i) {
    char *text = room(1, NAME_BYTES);
    int n = snprintf(text, NAME_BYTES, "%s-%zu", what, i);
    return (struct str){text, (size_t)n};
}

static void make_sources(struct cluster *c) {
    static const struct str globs[] = {STR_INIT("team-*"), STR_INIT("platform")};
    static const struct str values[] = {STR_INIT("yes")};
    static const struct match_requirement label = {STR_INIT("pulls"), MATCH_IN, values, 1};
    for (size_t i = 0; i < c->n_sources; i++) {
        c->secrets[i] = (struct sync_secret){.namespace = STR("platform"),
                                             .name = name("regcred", i),
                                             .type = STR("kubernetes.io/dockerconfigjson"),
                                             .keys = &c->key,
                                             .n_keys = 1,
                                             .content = "same",
                                             .has_data = true};
        c->requests[i] = (struct sync_request){.source_namespace = STR("platform"),
                                               .source_name = c->secrets[i].name,
                                               .name = c->secrets[i].name};
        if (i % 2 == 0) {
            c->requests[i].globs = globs;
            c->requests[i].n_globs = 2;
        } else {
            c->requests[i].selector = (struct match_selector){&label, 1};
        }
    }
}

static void make_cluster(struct cluster *c) {
    static const struct match_label labels[] = {
        {STR_INIT("kubernetes.io/metadata.name"), STR_INIT("x")},
        {STR_INIT("pulls"), STR_INIT("yes")}};
    c->namespaces = room(c->n_namespaces, sizeof *c->namespaces);
    c->secrets = room((c->n_namespaces + 1) * c->n_sources, sizeof *c->secrets);
    c->requests = room(c->n_sources, sizeof *c->requests);
    c->key =
        (struct sync_key){.key = STR(".dockerconfigjson"), .value = STR("e30="), .sha256 = "a"};
    c->rotated =
        (struct sync_key){.key = STR(".dockerconfigjson"), .value = STR("e31="), .sha256 = "b"};
    make_sources(c);
    struct sync_secret *copy = c->secrets + c->n_sources;
    for (size_t i = 0; i < c->n_namespaces; i++) {
        c->namespaces[i] = (struct sync_namespace){name("team", i), labels, 2, false};
        for (size_t k = 0; k < c->n_sources; k++) {
            *copy = c->secrets[k];
            copy->owner = SYNC_OURS;
            copy->namespace = c->namespaces[i].name;
            copy->source_namespace = STR("platform");
            copy->source_name = copy->name;
            copy->labelled = true;
            copy++->noted = STR("same");
        }
    }
    c->state = (struct sync_state){.secrets = c->secrets,
                                   .namespaces = c->namespaces,
                                   .n_namespaces = c->n_namespaces,
                                   .requests = c->requests,
                                   .n_requests = c->n_sources};
}

static void measure(const char *what, const struct cluster *c, size_t n_secrets) {
    struct arena arena = ARENA_INIT(1 << 16, (size_t)1 << 30);
    struct sync_state state = c->state;
    struct sync_plan plan = {.n = 0};
    double best = 1e9;
    state.n_secrets = n_secrets;
    for (int i = 0; i < ROUNDS; i++) {
        struct err err = ERR_INIT;
        arena_reset(&arena);
        double start = cpu_ms();
        if (sync_plan(&plan, &state, &arena, &err) != EC_OK)
            abort();
        double spent = cpu_ms() - start;
        best = spent < best ? spent : best;
    }
    printf("%-24s %8.1f ms %8.1f MiB %8zu actions, %zu of %zu current\n", what, best,
           (double)arena.used_bytes / (1 << 20), plan.n, plan.n_current, plan.n_wanted);
    arena_done(&arena);
}

int main(int argc, char **argv) {
    struct cluster c = {.n_namespaces = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000,
                        .n_sources = argc > 2 ? strtoul(argv[2], NULL, 10) : 3};
    make_cluster(&c);
    printf("%zu namespaces, %zu secrets each\n", c.n_namespaces, c.n_sources);
    measure("nothing there", &c, c.n_sources);
    measure("all current", &c, c.n_sources * (c.n_namespaces + 1));
    c.secrets[0].keys = &c.rotated;
    snprintf(c.secrets[0].content, sizeof c.secrets[0].content, "new");
    measure("one source rotated", &c, c.n_sources * (c.n_namespaces + 1));
    return 0;
}
