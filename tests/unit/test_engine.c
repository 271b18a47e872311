/* The engine by table: one image under one policy. Whole reviews are in tests/golden. */
#include "engine_fixture.h"

#include <stdlib.h>

#define ACME SPEC "  registry: ghcr.io/acme\n"
#define MIRRORS                                                                                \
    SPEC "  mirrors: {docker.io: h.corp/hub, quay.io/astro: h.corp/astro, quay.io: "           \
         "h.corp/q}\n"
#define HUB SPEC "  approved: ['**']\n  mirrors: {docker.io: h.corp/hub}\n"
#define NONE (-1)

#define D64 "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct row {
    const char *policy;
    const char *image;
    enum verdict verdict;
    const char *after; /* NULL: as it was */
    int code;          /* of the first reason, or NONE */
    const char *suggestion;
};

/* clang-format off */
static const struct row create_rows[] = {
    /* CREATE of a pod, on the mutating endpoint */
    /* registry: what names no host, bare as Airbyte does it */
    {ACME, "busybox", VERDICT_ALLOW, "ghcr.io/acme/busybox", NONE, ""},
    {ACME, "busybox:1.35", VERDICT_ALLOW, "ghcr.io/acme/busybox:1.35", NONE, ""},
    {ACME, "airbyte/source-x:1" D64, VERDICT_ALLOW, "ghcr.io/acme/airbyte/source-x:1" D64, NONE, ""},
    {ACME, "library/nginx", VERDICT_ALLOW, "ghcr.io/acme/library/nginx", NONE, ""},
    {ACME, "my-org/my.team/src:1", VERDICT_ALLOW, "ghcr.io/acme/my-org/my.team/src:1", NONE, ""},
    {ACME "  officialImages: library\n", "busybox:1", VERDICT_ALLOW, "ghcr.io/acme/library/busybox:1", NONE, ""},
    {ACME "  officialImages: library\n", "a/b:1", VERDICT_ALLOW, "ghcr.io/acme/a/b:1", NONE, ""},
    {ACME, "localhost:5000", VERDICT_ALLOW, "ghcr.io/acme/localhost:5000", NONE, ""},
    /* ... and is approved by that alone, with its border */
    {ACME, "ghcr.io/acme/x:1", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME, "ghcr.io/acme-evil/x:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME, "ghcr.io/x:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME, "ghcr.io:443/acme/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME, "quay.io/x/y:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME, "docker.io/a/b", VERDICT_DENY, NULL, REASON_NOT_APPROVED, "ghcr.io/acme/a/b"},
    {ACME, "docker.io/nginx:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, "ghcr.io/acme/nginx:1"},
    {ACME, "evil.com/ghcr.io/acme/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    /* what no puller, or not every puller, reads so */
    {ACME, "", VERDICT_DENY, NULL, REASON_INVALID, ""},
    {ACME, " nginx", VERDICT_DENY, NULL, REASON_INVALID, ""},
    {ACME, "auto", VERDICT_ALLOW, "ghcr.io/acme/auto", NONE, ""},
    {ACME, "evil_host.example.com/x", VERDICT_DENY, NULL, REASON_INVALID, ""},
    {ACME, "sha256:8", VERDICT_DENY, NULL, REASON_INVALID, ""},
    {ACME, "EVIL/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME, "GHCR.IO/acme/x:1", VERDICT_ALLOW, "ghcr.io/acme/x:1", NONE, ""},
    {ACME, "Quay.IO/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    /* approved */
    {ACME "  approved: [quay.io]\n", "quay.io/x:1", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  approved: [quay.io]\n", "Quay.io/x:1", VERDICT_ALLOW, "quay.io/x:1", NONE, ""},
    {ACME "  approved: [quay.io]\n", "quay.io:443/x:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME "  approved: [docker.io]\n", "registry-1.docker.io/a/b", VERDICT_DENY, NULL, REASON_NOT_APPROVED, "ghcr.io/acme/a/b"},
    {ACME "  approved: [docker.io]\n", "index.docker.io/a/b", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  approved: ['**']\n", "any.where/x", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  approved: [{regex: 'quay\\.io/(a|b)/.*'}]\n", "quay.io/b/x", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  approved: [{regex: 'quay\\.io/(a|b)/.*'}]\n", "quay.io/c/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    /* no registry: a short name is Docker Hub's, and is spelt out when it may stay */
    {SPEC "  approved: [docker.io]\n", "nginx:1", VERDICT_ALLOW, "docker.io/library/nginx:1", NONE, ""},
    {SPEC "  approved: [docker.io]\n", "a/b", VERDICT_ALLOW, "docker.io/a/b", NONE, ""},
    {SPEC "  approved: [docker.io/a]\n", "nginx:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {SPEC "  approved: [docker.io]\n", "DOCKER.IO/nginx", VERDICT_ALLOW, "docker.io/nginx", NONE, ""},
    /* mirrors: the longest prefix, Docker Hub with library/, aliases and default ports */
    /* what goes to Docker Hub is written as it is read there */
    {SPEC "  mirrors: {quay.io/a: docker.io}\n", "quay.io/a/nginx:1", VERDICT_ALLOW, "docker.io/library/nginx:1", NONE, ""},
    {SPEC "  mirrors: {docker.io: docker.io}\n", "docker.io:443/nginx", VERDICT_ALLOW, "docker.io/library/nginx", NONE, ""},
    {MIRRORS, "nginx:1", VERDICT_ALLOW, "h.corp/hub/library/nginx:1", NONE, ""},
    {MIRRORS, "docker.io/nginx:1", VERDICT_ALLOW, "h.corp/hub/library/nginx:1", NONE, ""},
    {MIRRORS, "registry-1.docker.io/a/b:1", VERDICT_ALLOW, "h.corp/hub/a/b:1", NONE, ""},
    {MIRRORS, "docker.io:443/a/b:1", VERDICT_ALLOW, "h.corp/hub/a/b:1", NONE, ""},
    {MIRRORS, "quay.io/astro/v:1", VERDICT_ALLOW, "h.corp/astro/v:1", NONE, ""},
    {MIRRORS, "quay.io/astro" D64, VERDICT_ALLOW, "h.corp/astro" D64, NONE, ""},
    {MIRRORS, "quay.io/astronomer/v:1", VERDICT_ALLOW, "h.corp/q/astronomer/v:1", NONE, ""},
    {MIRRORS, "QUAY.IO:0443/astro/v", VERDICT_ALLOW, "h.corp/astro/v", NONE, ""},
    {MIRRORS, "h.corp/hub/a:1", VERDICT_ALLOW, NULL, NONE, ""},
    {MIRRORS, "h.corp/other/a:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    /* denied wins, sees through aliases and default ports, and looks at both ends of a rewrite
     */
    {ACME "  approved: ['**']\n  denied: [quay.io]\n", "quay.io/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {ACME "  approved: ['**']\n  denied: [quay.io]\n", "quay.io:443/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {ACME "  approved: ['**']\n  denied: [quay.io]\n", "quay.io:0080/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {ACME "  approved: ['**']\n  denied: [docker.io]\n", "registry-1.docker.io/x/y", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {ACME "  approved: ['**']\n  denied: [docker.io/library/x]\n", "registry-1.docker.io/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {ACME "  approved: ['**']\n  denied: [docker.io/x]\n", "docker.io/library/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {ACME "  approved: ['**']\n  denied: [docker.io/x]\n", "docker.io:443/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {ACME "  approved: ['**']\n  denied: [docker.io/x]\n", "docker.io/library/xy", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  denied: [docker.io]\n", "nginx", VERDICT_ALLOW, "ghcr.io/acme/nginx", NONE, ""},
    {ACME "  denied: ['**/evil*']\n", "a/evil-x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {MIRRORS "  denied: ['docker.io/**/evil*']\n", "a/evil-x:1", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {MIRRORS "  denied: ['h.corp/hub/a/**']\n", "a/x:1", VERDICT_DENY, NULL, REASON_DENIED, ""},
    /* ... and through mirrors, backwards: what they serve is the origin's */
    {HUB "  denied: [docker.io/evil]\n", "h.corp/hub/evil/x:1", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [docker.io/evil]\n", "h.corp/hub/evilx/x:1", VERDICT_ALLOW, NULL, NONE, ""},
    {HUB "  denied: [docker.io/evil]\n", "H.CORP/hub/evil/x:1", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [docker.io/evil]\n", "h.corp:443/hub/evil/x:1", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [docker.io/library/worse]\n", "h.corp/hub/worse", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [docker.io/worse]\n", "h.corp/hub/library/worse", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [docker.io/library/worse]\n", "h.corp/hub/library/worse:1" D64, VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [registry-1.docker.io/library/worse]\n", "worse", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [registry-1.docker.io/library/worse]\n", "h.corp/hub/worse", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: ['q.io:443/x']\n", "q.io/x/y", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: ['docker.io/**/evil*']\n", "h.corp/hub/a/evil-x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [{regex: 'docker\\.io/evil/.*'}]\n", "h.corp/hub/evil/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [docker.io/library]\n", "docker.io/a/b", VERDICT_ALLOW, "h.corp/hub/a/b", NONE, ""},
    {HUB "  denied: [h.corp/hub/evil]\n", "docker.io/evil/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [h.corp/hub/evil]\n", "registry-1.docker.io/evil/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {HUB "  denied: [docker.io]\n", "h.corp/other/x", VERDICT_ALLOW, NULL, NONE, ""},
    {SPEC "  approved: ['**']\n  mirrors: {docker.io: h.corp/hub, docker.io/library: h.corp/official}\n"
          "  denied: [docker.io/library/x]\n", "h.corp/hub/library/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {SPEC "  approved: ['**']\n  mirrors: {docker.io: h.corp/all, quay.io: h.corp/all}\n"
          "  denied: [quay.io/x]\n", "h.corp/all/x/y", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {SPEC "  approved: ['**']\n  mirrors: {quay.io/a: 'h.corp:8443'}\n  denied: [quay.io/a/x]\n",
     "h.corp:8443/x/y", VERDICT_DENY, NULL, REASON_DENIED, ""},
    /* mirrors of another rule say what a place serves as well */
    {SPEC "  denied: [docker.io/evil]\n  approved: [h.corp]\n  rules:\n"
          "    - {name: a, match: {namespaces: [other]}, mirrors: {docker.io: h.corp/hub}}\n    - {name: b}\n",
     "h.corp/hub/evil/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {SPEC "  denied: [docker.io/evil]\n  approved: [k.corp]\n  rules:\n"
          "    - {name: a, match: {namespaces: [a]}, mirrors: {docker.io: h.corp/hub}}\n"
          "    - {name: b, match: {namespaces: [b]}, mirrors: {h.corp/hub: k.corp}}\n    - {name: c}\n",
     "k.corp/evil/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    /* ... and where they lead round and round, the number of names is bounded, and the image refused */
    {SPEC "  denied: [docker.io/evil]\n  approved: ['**']\n  rules:\n"
          "    - {name: a, match: {namespaces: [a]}, mirrors: {a.io/p: b.io}}\n"
          "    - {name: b, match: {namespaces: [b]}, mirrors: {b.io: a.io}}\n    - {name: c}\n",
     "a.io/x", VERDICT_DENY, NULL, REASON_PATTERN_LIMIT, ""},
    /* a registry alone is not a mirror, and one that a mirror leads to is */
    {ACME "  mirrors: {docker.io: ghcr.io/acme}\n  denied: [docker.io/library/x]\n", "x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {ACME "  mirrors: {docker.io: ghcr.io/acme}\n  denied: [docker.io/library/x]\n", "ghcr.io/acme/x", VERDICT_DENY, NULL, REASON_DENIED, ""},
    {ACME "  denied: [docker.io/library/x]\n", "ghcr.io/acme/x", VERDICT_ALLOW, NULL, NONE, ""},
    /* advice: the same content, which the rule lets pass, or none */
    {ACME "  denied: [ghcr.io/acme/a]\n", "docker.io/a/b:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME "  denied: [ghcr.io/acme/a]\n", "docker.io/b/b:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, "ghcr.io/acme/b/b:1"},
    {ACME "  require: {tag: explicit}\n", "docker.io/a/b", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME "  require: {tag: explicit}\n", "docker.io/a/b:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, "ghcr.io/acme/a/b:1"},
    {ACME, "docker.io.evil.com/a/b:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    /* require: with a digest the tag proves nothing */
    {ACME "  require: {digest: true}\n", "a/b:1", VERDICT_DENY, NULL, REASON_DIGEST_MISSING, ""},
    {ACME "  require: {digest: true}\n", "a/b" D64, VERDICT_ALLOW, "ghcr.io/acme/a/b" D64, NONE, ""},
    {ACME "  require: {tag: explicit}\n", "a/b", VERDICT_DENY, NULL, REASON_TAG_MISSING, ""},
    {ACME "  require: {tag: explicit}\n", "a/b:latest", VERDICT_DENY, NULL, REASON_TAG_MISSING, ""},
    {ACME "  require: {tag: explicit}\n", "a/b:1", VERDICT_ALLOW, "ghcr.io/acme/a/b:1", NONE, ""},
    {ACME "  require: {tag: explicit}\n", "a/b:latest" D64, VERDICT_ALLOW, "ghcr.io/acme/a/b:latest" D64, NONE, ""},
    /* modes */
    {ACME "  mode: warn\n", "quay.io/x", VERDICT_WARN, NULL, REASON_NOT_APPROVED, ""},
    {ACME "  mode: warn\n", "x", VERDICT_ALLOW, "ghcr.io/acme/x", NONE, ""},
    {ACME "  mode: warn\n  require: {tag: explicit}\n", "x", VERDICT_WARN, "ghcr.io/acme/x", REASON_TAG_MISSING, ""},
    {ACME "  mode: audit\n", "quay.io/x", VERDICT_ALLOW, NULL, REASON_NOT_APPROVED, ""},
    {ACME "  mode: audit\n", "x", VERDICT_ALLOW, NULL, NONE, ""},
    /* exemptions: until the end of the day, for the images named alone */
    {ACME "  exemptions: [{images: [quay.io/x], reason: r, owner: o}]\n", "quay.io/x/y:1", VERDICT_ALLOW, NULL, REASON_EXEMPTED, ""},
    {ACME "  exemptions: [{images: [quay.io/x], reason: r, owner: o}]\n", "quay.io/xy:1", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME "  exemptions: [{images: [quay.io], reason: r, owner: o, until: 2027-01-15}]\n", "quay.io/x", VERDICT_ALLOW, NULL, REASON_EXEMPTED, ""},
    {ACME "  exemptions: [{images: [quay.io], reason: r, owner: o, until: 2027-01-14}]\n", "quay.io/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME "  exemptions: [{images: [quay.io], namespaces: [other], reason: r, owner: o}]\n", "quay.io/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {MIRRORS "  exemptions: [{images: [docker.io/a], reason: r, owner: o}]\n", "a/x:1", VERDICT_ALLOW, "docker.io/a/x:1", REASON_EXEMPTED, ""},
    /* selection */
    {ACME "  unmatched: deny\n  rules: [{name: a, match: {namespaces: [b*]}}]\n", "x", VERDICT_DENY, NULL, REASON_UNMATCHED, ""},
    {ACME "  rules: [{name: a, match: {namespaces: [b*]}}]\n", "evil.com/x", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  rules: [{name: a, match: {namespaces: ['ns*']}}]\n", "x", VERDICT_ALLOW, "ghcr.io/acme/x", NONE, ""},
    {ACME "  rules: [{name: a, match: {users: ['u:*'], groups: [g2], serviceAccounts: "
          "[default], podLabels: {matchLabels: {k: v}}}}]\n", "x", VERDICT_ALLOW, "ghcr.io/acme/x", NONE, ""},
    {ACME "  rules: [{name: a, match: {users: ['v:*']}}]\n", "x", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  rules: [{name: a, match: {groups: [g]}}]\n", "x", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  rules: [{name: a, match: {podLabels: {matchLabels: {k: w}}}}]\n", "x", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  rules: [{name: a, mode: audit, match: {namespaces: [ns]}}, {name: b}]\n", "x", VERDICT_ALLOW, NULL, NONE, ""},
};

/* clang-format on */

static const struct match_label labels[] = {{STR_INIT("k"), STR_INIT("v")}};
static const struct str groups[] = {STR_INIT("g1"), STR_INIT("g2")};

static struct workload pod_of(const struct workload_image *image) {
    return (struct workload){.shape = SHAPE_POD,
                             .operation = OPERATION_CREATE,
                             .spec = STR("/spec"),
                             .namespace = STR("ns"),
                             .name = STR("p"),
                             .user = STR("u:1"),
                             .groups = groups,
                             .n_groups = 2,
                             .service_account = STR("default"),
                             .labels = labels,
                             .n_labels = 1,
                             .images = image,
                             .n_images = 1};
}

static void check_row(const struct row *row, const struct workload *w, unsigned flags) {
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct err err = ERR_INIT;
    struct decision d;
    struct policy *policy = load(row->policy);
    assert_ok(engine_decide(&d, policy, w, NOW_S, flags, &arena, &err), &err);
    const char *after = row->after ? row->after : row->image;
    int code = d.n_reasons ? (int)d.reasons[0].code : NONE;
    struct str suggestion = d.n_reasons ? d.reasons[0].suggestion : STR_NONE;
    if (d.verdict != row->verdict || !str_eq(d.images[0].after, str_of(after)) ||
        code != row->code || !str_eq(suggestion, str_of(row->suggestion)))
        fail_row("policy:\n%simage \"%s\": verdict %s, after \"%.*s\", reason %d %.*s",
                 row->policy, row->image, engine_verdict_name(d.verdict),
                 STR_ARG(d.images[0].after), code,
                 STR_ARG(d.n_reasons ? d.reasons[0].message : STR_NONE));
    bool edited = d.n_edits != 0;
    assert_int_equal(edited, row->after != NULL && !(flags & ENGINE_VALIDATE));
    arena_done(&arena);
    engine_policy_free(policy);
}

static void create_by_table(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof create_rows / sizeof *create_rows; i++) {
        struct workload_image image = container(create_rows[i].image);
        struct workload w = pod_of(&image);
        check_row(&create_rows[i], &w, 0);
    }
}

/* What /mutate has written, /mutate leaves alone and /validate allows. */
static void rewriting_is_a_fixed_point(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof create_rows / sizeof *create_rows; i++) {
        if (create_rows[i].after == NULL)
            continue;
        struct row again = create_rows[i];
        again.image = again.after;
        again.after = NULL;
        if (again.code == REASON_EXEMPTED || again.code == NONE ||
            again.verdict == VERDICT_WARN) {
            struct workload_image image = container(again.image);
            struct workload w = pod_of(&image);
            check_row(&again, &w, 0);
            check_row(&again, &w, ENGINE_VALIDATE);
        }
    }
}

static const struct row validate_rows[] = {
    {ACME, "busybox:1", VERDICT_DENY, NULL, REASON_NOT_REWRITTEN, "ghcr.io/acme/busybox:1"},
    {ACME, "ghcr.io/acme/busybox:1", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME, "GHCR.io/acme/busybox:1", VERDICT_DENY, NULL, REASON_NOT_REWRITTEN,
     "ghcr.io/acme/busybox:1"},
    {ACME "  mode: warn\n", "busybox:1", VERDICT_WARN, NULL, REASON_NOT_REWRITTEN,
     "ghcr.io/acme/busybox:1"},
    {ACME "  mode: audit\n", "busybox:1", VERDICT_ALLOW, NULL, REASON_NOT_REWRITTEN,
     "ghcr.io/acme/busybox:1"},
    {SPEC "  approved: [docker.io]\n", "nginx", VERDICT_DENY, NULL, REASON_NOT_REWRITTEN,
     "docker.io/library/nginx"},
    {MIRRORS, "quay.io/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, "h.corp/q/x"},
    {MIRRORS "  approved: [quay.io]\n", "quay.io/x", VERDICT_DENY, NULL, REASON_NOT_REWRITTEN,
     "h.corp/q/x"},
    {MIRRORS "  mode: warn\n  approved: [quay.io]\n", "quay.io/x", VERDICT_WARN, NULL,
     REASON_NOT_REWRITTEN, "h.corp/q/x"},
    {MIRRORS "  approved: [quay.io]\n  denied: [quay.io/x]\n", "quay.io/x", VERDICT_DENY, NULL,
     REASON_DENIED, ""},
    {MIRRORS "  approved: [quay.io]\n  require: {tag: explicit}\n", "quay.io/x", VERDICT_DENY,
     NULL, REASON_TAG_MISSING, ""},
    {MIRRORS "  exemptions: [{images: [quay.io/x], reason: r, owner: o}]\n", "quay.io/x",
     VERDICT_ALLOW, NULL, REASON_EXEMPTED, ""},
    {MIRRORS, "h.corp/q/x", VERDICT_ALLOW, NULL, NONE, ""},
    {MIRRORS, "nginx", VERDICT_DENY, NULL, REASON_NOT_REWRITTEN, "h.corp/hub/library/nginx"},
    {ACME, "evil.com/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    /* a sidecar that came later, of an image that needs no change */
    {ACME "  approved: [registry.istio.io]\n", "registry.istio.io/proxyv2:1", VERDICT_ALLOW,
     NULL, NONE, ""},
};

static void validate_by_table(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof validate_rows / sizeof *validate_rows; i++) {
        struct workload_image image = container(validate_rows[i].image);
        struct workload w = pod_of(&image);
        check_row(&validate_rows[i], &w, ENGINE_VALIDATE);
    }
}

static const struct row mirror_pod_rows[] = {
    {ACME, "busybox:1", VERDICT_DENY, NULL, REASON_NOT_REWRITTEN, "ghcr.io/acme/busybox:1"},
    {ACME, "ghcr.io/acme/busybox:1", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  imagePullPolicy: Always\n  imagePullSecrets: [s]\n", "ghcr.io/acme/busybox:1",
     VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  mode: warn\n", "busybox:1", VERDICT_WARN, NULL, REASON_NOT_REWRITTEN,
     "ghcr.io/acme/busybox:1"},
    {SPEC "  approved: [docker.io]\n", "nginx", VERDICT_DENY, NULL, REASON_NOT_REWRITTEN,
     "docker.io/library/nginx"},
    {MIRRORS, "quay.io/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, "h.corp/q/x"},
    {MIRRORS "  approved: [quay.io]\n", "quay.io/x", VERDICT_ALLOW, NULL, NONE, ""},
    {MIRRORS, "nginx", VERDICT_DENY, NULL, REASON_NOT_REWRITTEN, "h.corp/hub/library/nginx"},
    {ACME, "evil.com/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
};

/* A mirror pod is never mutated, and its annotation buys nothing. */
static void mirror_pods_are_judged_as_they_stand(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof mirror_pod_rows / sizeof *mirror_pod_rows; i++) {
        struct workload_image image = container(mirror_pod_rows[i].image);
        struct workload w = pod_of(&image);
        w.mirror_pod = true;
        check_row(&mirror_pod_rows[i], &w, 0);
        check_row(&mirror_pod_rows[i], &w, ENGINE_VALIDATE);
    }
}

static const struct row template_rows[] = {
    {ACME, "busybox:1", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME, "evil.com/x", VERDICT_DENY, NULL, REASON_NOT_APPROVED, ""},
    {ACME "  templates: warn\n", "evil.com/x", VERDICT_WARN, NULL, REASON_NOT_APPROVED, ""},
    {ACME "  templates: ignore\n", "evil.com/x", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  templates: warn\n  mode: audit\n", "evil.com/x", VERDICT_ALLOW, NULL,
     REASON_NOT_APPROVED, ""},
    {SPEC "  approved: [quay.io]\n", "auto", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME, " ", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME, "", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME, " x", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME, "x y", VERDICT_DENY, NULL, REASON_INVALID, ""},
    {MIRRORS, "quay.io/x", VERDICT_ALLOW, NULL, NONE, ""},
    {ACME "  unmatched: deny\n  rules: [{name: a, match: {namespaces: [b*]}}]\n", "x",
     VERDICT_WARN, NULL, REASON_UNMATCHED, ""},
};

static void templates_by_table(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof template_rows / sizeof *template_rows; i++) {
        struct workload_image image = container(template_rows[i].image);
        struct workload w = pod_of(&image);
        w.shape = SHAPE_TEMPLATE;
        w.spec = STR("/spec/template/spec");
        check_row(&template_rows[i], &w, 0);
        check_row(&template_rows[i], &w, ENGINE_VALIDATE);
    }
}

/* UPDATE: what did not change is not judged, whatever it is. */
static void unchanged_images_are_left_alone(void **state) {
    (void)state;
    static const char *const images[] = {"evil.com/x", "busybox", " bad ", "", "EVIL/x"};
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        struct workload_image image = container(images[i]);
        struct workload w = pod_of(&image);
        const struct row row = {ACME "  unmatched: deny\n  imagePullSecrets: [s]\n",
                                images[i],
                                VERDICT_ALLOW,
                                NULL,
                                NONE,
                                ""};
        image.changed = false;
        w.operation = OPERATION_UPDATE;
        check_row(&row, &w, 0);
        check_row(&row, &w, ENGINE_VALIDATE);
    }
}

static void other_operations_are_allowed(void **state) {
    (void)state;
    const struct row row = {ACME, "evil.com/x", VERDICT_ALLOW, NULL, NONE, ""};
    struct workload_image image = container("evil.com/x");
    struct workload w = pod_of(&image);
    w.operation = OPERATION_DELETE;
    check_row(&row, &w, 0);
    w.operation = OPERATION_CONNECT;
    check_row(&row, &w, 0);
    w.operation = OPERATION_CREATE;
    w.shape = SHAPE_OTHER;
    check_row(&row, &w, 0);
}

/* ---- pull secrets -------------------------------------------------------------------- */

struct secrets_row {
    const char *policy;
    const char *image;
    const char *own;   /* names in the pod by commas, "-" for an empty one; NULL: no list */
    const char *after; /* the same of the result; NULL: as before */
    const char *edits; /* kinds: A whole list added, a appended; */
};

#define TWO                                                                                    \
    ACME "  imagePullSecrets: [regcred, {name: h, for: h.corp/x}]\n  approved: [h.corp]\n"

static const struct secrets_row secrets_rows[] = {
    {TWO, "ghcr.io/acme/a", NULL, "regcred", "A"},
    {TWO, "ghcr.io/acme/a", "", "regcred", "A"},
    {TWO, "ghcr.io/acme/a", "-", "-,regcred", "a"},
    {TWO, "ghcr.io/acme/a", "-,-", "-,-,regcred", "a"},
    {TWO, "ghcr.io/acme/a", "own", "own,regcred", "a"},
    {TWO, "ghcr.io/acme/a", "own,-", "own,-,regcred", "a"},
    {TWO, "ghcr.io/acme/a", "regcred", NULL, ""},
    {TWO, "ghcr.io/acme/a", "regcred,regcred", NULL, ""},
    {TWO, "ghcr.io/acme/a", "regcred,-", NULL, ""},
    {TWO, "h.corp/x/a", "own", "own,regcred,h", "aa"},
    {TWO, "h.corp/x/a", NULL, "regcred,h", "A"},
    {TWO, "h.corp/xy/a", "own", "own,regcred", "a"},
    {ACME, "ghcr.io/acme/a", "-", NULL, ""},
    {ACME "  mode: audit\n  imagePullSecrets: [s]\n", "ghcr.io/acme/a", "own", NULL, ""},
    {ACME "  mode: warn\n  imagePullSecrets: [s]\n", "ghcr.io/acme/a", "own", "own,s", "a"},
    {ACME "  imagePullSecrets: [s]\n", "evil.com/a", "own", NULL, ""},
};

static size_t split_names(const char *text, struct str out[8]) {
    struct str rest = str_of(text);
    size_t n = 0;
    while (rest.n != 0) {
        size_t comma = str_find(rest, ',');
        struct str name = str_slice(rest, 0, comma);
        out[n++] = str_eq(name, STR("-")) ? STR_NONE : name;
        rest = str_slice(rest, comma + 1, rest.n);
    }
    return n;
}

static void check_secrets(const struct secrets_row *row, struct workload *w, bool expect) {
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct err err = ERR_INIT;
    struct decision d;
    struct str own[8], after[8];
    char edits[8] = "";
    size_t n_edits = 0, n_after;
    struct policy *policy = load(row->policy);
    w->secrets_state = row->own ? SECRETS_LIST : SECRETS_ABSENT;
    w->secrets = own;
    w->n_secrets = split_names(row->own, own);
    n_after = split_names(row->after && expect ? row->after : row->own, after);
    assert_ok(engine_decide(&d, policy, w, NOW_S, 0, &arena, &err), &err);
    bool same = d.n_secrets == n_after;
    for (size_t i = 0; i < n_after && same; i++)
        same = str_eq(d.secrets[i], after[i]);
    for (size_t i = 0; i < d.n_edits; i++)
        if (d.edits[i].kind != EDIT_STRING)
            edits[n_edits++] = d.edits[i].kind == EDIT_SECRET ? 'a' : 'A';
    if (!same || strcmp(edits, expect ? row->edits : "") != 0)
        fail_row("own \"%s\" image %s: edits \"%s\", %zu secrets", row->own ? row->own : "none",
                 row->image, edits, d.n_secrets);
    arena_done(&arena);
    engine_policy_free(policy);
}

static void secrets_by_table(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof secrets_rows / sizeof *secrets_rows; i++) {
        struct workload_image image = container(secrets_rows[i].image);
        struct workload w = pod_of(&image);
        check_secrets(&secrets_rows[i], &w, true);
        w.operation =
            OPERATION_UPDATE; /* immutable there, and on templates they would hide others */
        check_secrets(&secrets_rows[i], &w, false);
        w.operation = OPERATION_CREATE;
        w.shape = SHAPE_TEMPLATE;
        check_secrets(&secrets_rows[i], &w, false);
    }
}

/* ---- /validate: what /mutate could not do ------------------------------------------------ */

#define ALL_SET                                                                                \
    ACME "  imagePullPolicy: Always\n  imagePullSecrets: [s, {name: q, for: quay.io}]\n"       \
         "  approved: [quay.io]\n"

static const struct {
    const char *policy, *image, *pull_policy;
    const char *secrets; /* by commas, "-" for one without a name */
    enum verdict verdict;
    const char *messages; /* of all reasons, each up to its rule */
} stands_rows[] = {
    {ALL_SET, "ghcr.io/acme/x:1", "Always", "s", VERDICT_ALLOW, ""},
    {ALL_SET, "ghcr.io/acme/x:1", "Never", "s", VERDICT_DENY,
     "container \"main\": image \"ghcr.io/acme/x:1\" has pull policy Never where the rule "
     "requires "
     "Always: /mutate was not called, or was overridden"},
    {ALL_SET, "ghcr.io/acme/x:1", "\x1b[31m", "s", VERDICT_DENY,
     "container \"main\": image \"ghcr.io/acme/x:1\" has an unknown pull policy where the rule "
     "requires Always: /mutate was not called, or was overridden"},
    {ALL_SET, "ghcr.io/acme/x:1", NULL, "s", VERDICT_DENY,
     "container \"main\": image \"ghcr.io/acme/x:1\" has no pull policy where the rule "
     "requires "
     "Always: /mutate was not called, or was overridden"},
    {ALL_SET, "ghcr.io/acme/x:1", "Always", NULL, VERDICT_DENY,
     "the pod has no pull secret \"s\": /mutate was not called, or was overridden"},
    {ALL_SET, "quay.io/x:1", "Always", "other", VERDICT_DENY,
     "the pod has no pull secret \"s\": /mutate was not called, or was overridden | "
     "the pod has no pull secret \"q\": /mutate was not called, or was overridden"},
    /* what others add, and in what order, is theirs */
    {ALL_SET, "quay.io/x:1", "Always", "a,q,b,s,c", VERDICT_ALLOW, ""},
    {ALL_SET, "ghcr.io/acme/x:1", "Always", "-,s", VERDICT_ALLOW, ""},
    {ALL_SET, "ghcr.io/acme/x:1", "Always", "s,a,a", VERDICT_ALLOW, ""},
    {ACME, "ghcr.io/acme/x:1", "Never", NULL, VERDICT_ALLOW, ""},
    /* all at once */
    {ALL_SET, "x:1", "Never", NULL, VERDICT_DENY,
     "container \"main\": image \"x:1\" was not rewritten to \"ghcr.io/acme/x:1\": /mutate was "
     "not called, or was overridden | "
     "container \"main\": image \"x:1\" has pull policy Never where the rule requires Always: "
     "/mutate "
     "was not called, or was overridden | "
     "the pod has no pull secret \"s\": /mutate was not called, or was overridden"},
    {ALL_SET "  mode: warn\n", "ghcr.io/acme/x:1", "Always", NULL, VERDICT_WARN,
     "the pod has no pull secret \"s\": /mutate was not called, or was overridden"},
    {ALL_SET "  mode: audit\n", "x:1", "Never", NULL, VERDICT_ALLOW,
     "container \"main\": image \"x:1\" was not rewritten to \"ghcr.io/acme/x:1\": mode audit "
     "changes nothing"},
    /* what /mutate would have refused as well says why, and no more */
    {ALL_SET, "evil.com/x:1", "Never", NULL, VERDICT_DENY,
     "container \"main\": image \"evil.com/x:1\" comes from evil.com, which is not approved"},
};

static void check_stands(size_t i, struct workload *w, bool expect) {
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct err err = ERR_INIT;
    struct decision d;
    struct str own[8];
    struct buf said = BUF_INIT(1 << 16);
    struct policy *policy = load(stands_rows[i].policy);
    w->secrets_state = stands_rows[i].secrets ? SECRETS_LIST : SECRETS_ABSENT;
    w->secrets = own;
    w->n_secrets = split_names(stands_rows[i].secrets, own);
    assert_ok(engine_decide(&d, policy, w, NOW_S, ENGINE_VALIDATE, &arena, &err), &err);
    for (size_t k = 0; k < d.n_reasons; k++) {
        struct str message = d.reasons[k].message;
        const char *rule = memmem(message.p, message.n, " (rule ", 7);
        buf_printf(&said, "%s%.*s", k ? " | " : "", (int)(rule - message.p), message.p);
    }
    bool as_said = d.verdict == stands_rows[i].verdict &&
                   str_eq(buf_view(&said), str_of(stands_rows[i].messages));
    if (expect ? !as_said
               : d.verdict == VERDICT_DENY && strstr(stands_rows[i].image, "evil") == NULL)
        fail_row("row %zu: %s: %.*s", i, engine_verdict_name(d.verdict),
                 STR_ARG(buf_view(&said)));
    assert_int_equal(d.n_edits, 0);
    assert_int_equal(d.n_secrets_added, 0);
    assert_int_equal(d.n_secrets, w->n_secrets);
    buf_done(&said);
    arena_done(&arena);
    engine_policy_free(policy);
}

static void what_mutate_would_change_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof stands_rows / sizeof *stands_rows; i++) {
        struct workload_image image = container(stands_rows[i].image);
        struct workload w = pod_of(&image);
        image.has_pull_policy = stands_rows[i].pull_policy != NULL;
        if (image.has_pull_policy)
            image.pull_policy = str_of(stands_rows[i].pull_policy);
        check_stands(i, &w, true);
        w.shape = SHAPE_TEMPLATE; /* never rewritten */
        check_stands(i, &w, false);
        w.shape = SHAPE_POD;
        w.operation = OPERATION_UPDATE; /* of what did not change */
        image.changed = false;
        check_stands(i, &w, false);
    }
}

/* A debug container is rewritten by its own kind of update, and so looked at there. */
static void debug_containers_are_looked_at(void **state) {
    (void)state;
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct err err = ERR_INIT;
    struct decision d;
    struct policy *policy = load(ALL_SET);
    struct workload_image image = container("ghcr.io/acme/x:1");
    struct workload w = pod_of(&image);
    image.list = LIST_EPHEMERAL;
    image.has_pull_policy = true;
    image.pull_policy = STR("Never");
    w.shape = SHAPE_EPHEMERAL;
    w.operation = OPERATION_UPDATE;
    assert_ok(engine_decide(&d, policy, &w, NOW_S, ENGINE_VALIDATE, &arena, &err), &err);
    assert_int_equal(d.verdict, VERDICT_DENY);
    assert_int_equal(d.n_reasons, 1);
    assert_int_equal(d.reasons[0].code, REASON_NOT_REWRITTEN);
    image.pull_policy = STR("Always");
    assert_ok(engine_decide(&d, policy, &w, NOW_S, ENGINE_VALIDATE, &arena, &err), &err);
    assert_int_equal(d.verdict, VERDICT_ALLOW);
    arena_done(&arena);
    engine_policy_free(policy);
}

/* A pod whose entry without a name an earlier pullgate took away: server-side apply adds it back, and
 * the list cannot change any more. */
static void entries_without_a_name_are_put_back(void **state) {
    (void)state;
    static const struct {
        const char *policy, *own, *old;
        bool back;
    } rows[] = {{TWO, "-,regcred", "regcred", true},
                {TWO, "regcred,-", "regcred", true},
                {TWO, "-,a,-,b,-", "a,b", true},
                {TWO, "a,b", "-,a,b", true},
                {TWO, "-,a", "a,-", true},
                {ACME, "-,a", "a", true},
                {ACME "  mode: warn\n", "-,a", "a", true},
                {ACME "  mode: audit\n", "-,a", "a", false},
                {TWO, "regcred", "regcred", false},
                {TWO, "-,regcred", "-,regcred", false},
                {TWO, "-,b,a", "a,b", false},
                {TWO, "-,a,b", "a", false},
                {TWO, "a", "a,b", false},
                {TWO, "-", "regcred", false},
                {TWO, "-", "", false},
                {TWO, NULL, "a", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct workload_image image = container("ghcr.io/acme/a");
        struct workload w = pod_of(&image);
        struct secrets_row row = {rows[i].policy, "", rows[i].own, rows[i].old, "A"};
        struct str old[8];
        w.operation = OPERATION_UPDATE;
        w.old_secrets = old;
        w.n_old_secrets = split_names(rows[i].old, old);
        check_secrets(&row, &w, rows[i].back);
        w.shape = SHAPE_TEMPLATE;
        check_secrets(&row, &w, false);
    }
}

/* ---- places, pull policies, messages ------------------------------------------------- */

static void every_place_is_rewritten_with_its_pointer(void **state) {
    (void)state;
    static const struct {
        enum workload_image_list place;
        const char *image, *policy;
    } rows[] = {
        {LIST_CONTAINER, "/spec/containers/3/image", "/spec/containers/3/imagePullPolicy"},
        {LIST_INIT, "/spec/initContainers/3/image", "/spec/initContainers/3/imagePullPolicy"},
        {LIST_EPHEMERAL, "/spec/ephemeralContainers/3/image",
         "/spec/ephemeralContainers/3/imagePullPolicy"},
        {LIST_VOLUME, "/spec/volumes/3/image/reference", "/spec/volumes/3/image/pullPolicy"}};
    struct policy *policy = load(ACME "  imagePullPolicy: Always\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = ARENA_INIT(4096, 1 << 20);
        struct err err = ERR_INIT;
        struct decision d;
        struct workload_image image = container("x:1");
        struct workload w = pod_of(&image);
        image.list = rows[i].place;
        image.index = 3;
        assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
        assert_int_equal(d.n_edits, 2);
        assert_str(d.edits[0].pointer, str_of(rows[i].image));
        assert_int_equal(d.edits[0].op, EDIT_REPLACE);
        assert_str(d.edits[1].pointer, str_of(rows[i].policy));
        assert_int_equal(d.edits[1].op, EDIT_ADD);
        image.has_pull_policy = true;
        image.pull_policy = STR("Never");
        assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
        assert_int_equal(d.edits[1].op, EDIT_REPLACE);
        image.pull_policy = STR("Always");
        assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
        assert_int_equal(d.n_edits, 1);
        arena_done(&arena);
    }
    engine_policy_free(policy);
}

static void updates_touch_images_alone(void **state) {
    (void)state;
    struct policy *policy = load(ACME "  imagePullPolicy: Always\n  imagePullSecrets: [s]\n");
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct err err = ERR_INIT;
    struct decision d;
    struct workload_image image = container("x:1");
    struct workload w = pod_of(&image);
    w.operation = OPERATION_UPDATE;
    assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
    assert_int_equal(d.n_edits, 1);
    assert_str(d.edits[0].string, STR("ghcr.io/acme/x:1"));
    image.list = LIST_VOLUME; /* immutable: cannot be rewritten, so it cannot be short either */
    assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
    assert_int_equal(d.n_edits, 0);
    assert_int_equal(d.verdict, VERDICT_DENY);
    image.list = LIST_EPHEMERAL;
    w.shape = SHAPE_EPHEMERAL;
    assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
    assert_int_equal(d.n_edits, 2);
    arena_done(&arena);
    engine_policy_free(policy);
}

/* Server-side apply sends what the author wrote again, and a pod's volumes cannot change. */
static void references_of_volumes_are_put_back(void **state) {
    (void)state;
    static const struct {
        const char *more, *own, *old;
        bool back;
    } rows[] = {{"", "x:1", "ghcr.io/acme/x:1", true},
                {"  mirrors: {quay.io: r.example/q}\n", "quay.io/x:1", "r.example/q/x:1", true},
                {"", "x:1", "ghcr.io/acme/x:2", false},
                {"", "x:1", "x:2", false},
                {"", "x:1", "", false},
                {"  mode: audit\n", "x:1", "ghcr.io/acme/x:1", false},
                {"  denied: [ghcr.io/acme/x]\n", "x:1", "ghcr.io/acme/x:1", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = ARENA_INIT(4096, 1 << 20);
        struct err err = ERR_INIT;
        struct decision d;
        struct policy *policy = NULL;
        char text[512];
        snprintf(text, sizeof text, ACME "%s", rows[i].more);
        policy = load(text);
        struct workload_image image = container(rows[i].own);
        struct workload w = pod_of(&image);
        w.operation = OPERATION_UPDATE;
        image.list = LIST_VOLUME;
        image.old_reference = str_of(rows[i].old);
        assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
        if (d.n_edits != rows[i].back || (rows[i].back && d.verdict != VERDICT_ALLOW))
            fail_row("row %zu: %zu edits, verdict %d", i, d.n_edits, (int)d.verdict);
        if (rows[i].back)
            assert_str(d.edits[0].string, str_of(rows[i].old));
        arena_done(&arena);
        engine_policy_free(policy);
    }
}

/* Volumes with one reference, of which one has another stored: few are compared, many are found by hash. */
static void equal_volumes_are_put_back_each_by_its_own(void **state) {
    enum { N = 40 };
    static struct workload_image images[N];
    (void)state;
    struct policy *policy = load(ACME);
    for (size_t n = 4; n <= N; n += N - 4) {
        struct arena arena = ARENA_INIT(4096, 1 << 20);
        struct err err = ERR_INIT;
        struct decision d;
        for (size_t i = 0; i < n; i++) {
            images[i] = container("x:1");
            images[i].list = LIST_VOLUME;
            images[i].old_reference = i == 2 ? STR("other.example/x") : STR("ghcr.io/acme/x:1");
        }
        struct workload w = pod_of(images);
        w.operation = OPERATION_UPDATE;
        w.n_images = n;
        assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
        assert_int_equal(d.verdict, VERDICT_DENY);
        assert_int_equal(d.n_reasons, 1);
        assert_int_equal(d.reasons[0].image, 2);
        arena_done(&arena);
    }
    engine_policy_free(policy);
}

/* Server-side apply sends what the author wrote again, and a pod's pull policies cannot change. */
static void pull_policies_are_taken_back(void **state) {
    (void)state;
    static const struct {
        const char *policy, *own, *old;
        bool changed, back;
    } rows[] = {{"  imagePullPolicy: Always\n", "IfNotPresent", "Always", true, true},
                {"  imagePullPolicy: Always\n", "IfNotPresent", "Always", false, true},
                {"  imagePullPolicy: Always\n", "", "Always", false, true},
                {"  imagePullPolicy: Always\n  mode: warn\n", "Never", "Always", false, true},
                {"  imagePullPolicy: Always\n  mode: audit\n", "Never", "Always", false, false},
                {"  imagePullPolicy: Always\n", "IfNotPresent", "IfNotPresent", true, false},
                {"  imagePullPolicy: Always\n", "Never", "IfNotPresent", true, false},
                {"  imagePullPolicy: Always\n", "Always", "Always", true, false},
                {"  imagePullPolicy: Always\n", "Always", "IfNotPresent", true, false},
                {"", "IfNotPresent", "Always", true, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        struct arena arena = ARENA_INIT(4096, 1 << 20);
        struct err err = ERR_INIT;
        struct decision d;
        struct workload_image image = container("ghcr.io/acme/x:1");
        struct workload w = pod_of(&image);
        snprintf(text, sizeof text, "%s%s", ACME, rows[i].policy);
        struct policy *policy = load(text);
        w.operation = OPERATION_UPDATE;
        image.changed = rows[i].changed;
        image.pull_policy = str_of(rows[i].own);
        image.has_pull_policy = image.pull_policy.n != 0;
        image.old_pull_policy = str_of(rows[i].old);
        assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
        assert_int_equal(d.n_edits, rows[i].back);
        if (rows[i].back) {
            assert_str(d.edits[0].pointer, STR("/spec/containers/0/imagePullPolicy"));
            assert_str(d.edits[0].string, STR("Always"));
            assert_int_equal(d.edits[0].op, image.has_pull_policy ? EDIT_REPLACE : EDIT_ADD);
        }
        assert_ok(engine_decide(&d, policy, &w, NOW_S, ENGINE_VALIDATE, &arena, &err), &err);
        assert_int_equal(d.verdict, VERDICT_ALLOW);
        arena_done(&arena);
        engine_policy_free(policy);
    }
}

static void messages_say_all_there_is_to_know(void **state) {
    (void)state;
    static const struct {
        const char *policy, *image, *message;
    } rows[] = {
        {ACME "  message: ask data-platform\n", "quay.io/x:1",
         "container \"main\": image \"quay.io/x:1\" comes from quay.io, which is not approved "
         "(rule "
         "\"t\", t.yaml:4); approved: \"ghcr.io/acme\"; ask data-platform"},
        {ACME, "a\nb\x7f\xe2\x80\xae",
         "container \"main\": image \"a\\x0ab\\x7f\\xe2\\x80\\xae\" is not an image "
         "reference: "},
        {ACME "  exemptions: [{images: [quay.io], reason: r, owner: o, until: 2026-01-01}]\n",
         "quay.io/x",
         "container \"main\": image \"quay.io/x\" comes from quay.io, which is not approved "
         "(the "
         "exemption on line 6 expired: until 2026-01-01) (rule \"t\", t.yaml:4); approved: "
         "\"ghcr.io/acme\""},
        {ACME "  approved: [a.io, {regex: 'b\\.io/.*'}, c.io, d.io, e.io, f.io]\n",
         "quay.io/x:1",
         "container \"main\": image \"quay.io/x:1\" comes from quay.io, which is not approved "
         "(rule \"t\", t.yaml:4); approved: \"ghcr.io/acme\", \"a.io\", regex \"b\\.io/.*\", "
         "\"c.io\", \"d.io\" and 2 more"},
        {ACME "  approved: [a.io, b.io, c.io, d.io]\n", "quay.io/x:1",
         "container \"main\": image \"quay.io/x:1\" comes from quay.io, which is not approved "
         "(rule \"t\", t.yaml:4); approved: \"ghcr.io/acme\", \"a.io\", \"b.io\", \"c.io\", "
         "\"d.io\""},
        {SPEC "  mirrors: {docker.io: h.corp/all, quay.io/a: h.corp/all}\n", "quay.io/x:1",
         "container \"main\": image \"quay.io/x:1\" comes from quay.io, which is not approved "
         "(rule \"t\", t.yaml:4); approved: \"h.corp/all\""},
        {SPEC "  denied: [a.io]\n", "quay.io/x:1",
         "container \"main\": image \"quay.io/x:1\" comes from quay.io, which is not approved "
         "(rule \"t\", t.yaml:4); no registry is approved"},
        {HUB "  denied: [docker.io/evil]\n", "h.corp/hub/evil/x:1",
         "container \"main\": image \"h.corp/hub/evil/x:1\" is denied by pattern "
         "\"docker.io/evil\": through mirrors it is \"docker.io/evil/x\" (rule \"t\", "
         "t.yaml:7)"},
        {ACME "  unmatched: deny\n  message: ask us\n  rules: [{name: a, match: {namespaces: "
              "[b]}}]\n",
         "x", "no rule in t.yaml selects this pod, and unmatched pods are denied; ask us"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = ARENA_INIT(4096, 1 << 20);
        struct err err = ERR_INIT;
        struct decision d;
        struct policy *policy = load(rows[i].policy);
        struct workload_image image = container(rows[i].image);
        struct workload w = pod_of(&image);
        assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
        assert_int_equal(d.n_reasons, 1);
        struct str expected = str_of(rows[i].message);
        if (i == 1)
            assert_true(str_starts(d.reasons[0].message, expected));
        else
            assert_str(d.reasons[0].message, expected);
        arena_done(&arena);
        engine_policy_free(policy);
    }
}

/* The words are cut, and the verdict is kept: an error here would be an admission under Ignore. */
static void a_message_too_long_for_its_room_is_cut(void **state) {
    (void)state;
    char file[8000], host[9000];
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct err err = ERR_INIT;
    struct decision d;
    struct policy *policy = NULL;
    struct rules_options options = {.warn = NULL};
    snprintf(file, sizeof file, "%0*d", 7900, 7);
    snprintf(host, sizeof host, "%0*d.com/x", 8900, 7);
    assert_ok(rules_parse(&policy, str_of(ACME), file, &options, &err), &err);
    struct workload_image image = container(host);
    struct workload w = pod_of(&image);
    assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
    assert_int_equal(d.verdict, VERDICT_DENY);
    assert_int_equal(d.n_reasons, 1);
    assert_true(str_ends(d.reasons[0].message, STR(", ")));
    arena_done(&arena);
    engine_policy_free(policy);
}

static void a_full_arena_is_an_error_and_no_admission(void **state) {
    (void)state;
    struct policy *policy = load(ACME);
    struct workload_image image = container("evil.com/x");
    struct workload w = pod_of(&image);
    bool succeeded = false;
    for (size_t max = 64; max < 32768; max += 64) {
        struct arena arena = ARENA_INIT(64, max);
        struct err err = ERR_INIT;
        struct decision d;
        enum ec ec = engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err);
        assert_true(ec == EC_LIMIT || ec == EC_OK);
        if (ec == EC_OK)
            assert_int_equal(d.verdict, VERDICT_DENY);
        succeeded |= ec == EC_OK;
        arena_done(&arena);
    }
    assert_true(succeeded);
    engine_policy_free(policy);
}

/* So many exemptions as reasons are kept, and a denial after them: it is reported, and first of all. */
static void a_denial_is_told_behind_any_number_of_notes(void **state) {
    enum { N = ENGINE_REASONS_MAX + 40 };
    static struct workload_image images[N + 2];
    (void)state;
    struct policy *policy =
        load(ACME "  exemptions: [{images: [quay.io/x], reason: r, owner: o}]\n");
    for (size_t i = 0; i < N; i++)
        images[i] = container("quay.io/x/y");
    images[N] = container("evil.com/x");
    images[N + 1] = container("quay.io/x/z");
    struct workload w = pod_of(images);
    w.n_images = N + 2;
    struct arena arena = ARENA_INIT(1024, 8 << 20);
    struct err err = ERR_INIT;
    struct decision d;
    assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
    assert_int_equal(d.n_reasons, ENGINE_REASONS_MAX);
    assert_int_equal(d.reasons[ENGINE_REASONS_MAX - 1].image, N);
    assert_int_equal(d.n_reasons_omitted, 42);
    assert_int_equal(d.n_denials_omitted, 0);
    arena_done(&arena);
    engine_policy_free(policy);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(create_by_table),
    cmocka_unit_test(rewriting_is_a_fixed_point),
    cmocka_unit_test(validate_by_table),
    cmocka_unit_test(mirror_pods_are_judged_as_they_stand),
    cmocka_unit_test(templates_by_table),
    cmocka_unit_test(unchanged_images_are_left_alone),
    cmocka_unit_test(other_operations_are_allowed),
    cmocka_unit_test(secrets_by_table),
    cmocka_unit_test(what_mutate_would_change_is_refused),
    cmocka_unit_test(debug_containers_are_looked_at),
    cmocka_unit_test(entries_without_a_name_are_put_back),
    cmocka_unit_test(every_place_is_rewritten_with_its_pointer),
    cmocka_unit_test(updates_touch_images_alone),
    cmocka_unit_test(references_of_volumes_are_put_back),
    cmocka_unit_test(equal_volumes_are_put_back_each_by_its_own),
    cmocka_unit_test(pull_policies_are_taken_back),
    cmocka_unit_test(messages_say_all_there_is_to_know),
    cmocka_unit_test(a_message_too_long_for_its_room_is_cut),
    cmocka_unit_test(a_full_arena_is_an_error_and_no_admission),
    cmocka_unit_test(a_denial_is_told_behind_any_number_of_notes),
};

TEST_MAIN(tests)
