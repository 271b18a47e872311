/* registry/manifest - manifests, indexes and image configurations: what they are, and for which platforms.
 *
 *      index     {"mediaType": "...index...", "manifests": [{"platform": {"os", "architecture"}}]}
 *      manifest  {"mediaType": "...manifest...", "config": {"digest"}, "layers": []}
 *      config    {"os", "architecture", "variant"}
 *
 * Rules      a text that is both, or whose mediaType contradicts Content-Type, is refused (CVE-2021-41190);
 *            entries for unknown/unknown are attestations, and no platforms
 * Ownership  texts are read in place; what comes out is in the arena. JSON_PADDING bytes behind a text must be there
 * Limits     REGISTRY_MANIFEST_MAX bytes
 * Threads    pure functions
 * Source     opencontainers/image-spec: manifest.md, image-index.md, config.md; distribution: schema2             */
#ifndef PULLGATE_REGISTRY_MANIFEST_H
#define PULLGATE_REGISTRY_MANIFEST_H

#include "base/arena.h"

enum { REGISTRY_MANIFEST_MAX = 4 << 20, REGISTRY_PLATFORMS_MAX = 1024 };

#define REGISTRY_ACCEPT                                                                        \
    "application/vnd.docker.distribution.manifest.v2+json, "                                   \
    "application/vnd.docker.distribution.manifest.list.v2+json, "                              \
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*"

struct registry_manifest {
    bool index;
    struct str media_type;
    struct str config;           /* a manifest's: digest of its configuration */
    const struct str *platforms; /* an index's: "linux/arm64/v8" */
    size_t n_platforms;
};

/* Errors: EC_SYNTAX, EC_SCHEMA, EC_LIMIT, EC_NOMEM; *out untouched. */
enum ec registry_manifest_read(struct registry_manifest *out, char *text, size_t n,
                               struct str content_type, struct arena *arena, struct err *err)
    MUST_CHECK;

/* "linux/amd64" of a configuration. The same errors. */
enum ec registry_manifest_platform(struct str *out, char *text, size_t n, struct arena *arena,
                                   struct err *err) MUST_CHECK;

/* Does "linux/arm64/v8" serve nodes of the `wanted` platform, "linux/arm64"? v8 is what arm64 means without a
 * variant. */
bool registry_manifest_serves(struct str platform, struct str wanted);

/* "os/architecture[/variant]", each of letters, digits and ._- */
bool registry_manifest_is_platform(struct str text);

#endif
