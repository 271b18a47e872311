/* object/unjudged - objects of which nothing was judged although they hold images, or should.
 *
 *      an object of a kind without pod specs of ours --object_unjudged_look--> what in it looks like an
 *      image or a list of containers; a built-in kind without any container
 *
 * Looks for  containers (also init and ephemeral ones); `image`, `images`, `...Image` with something like
 *            an image; images in parts (registry, repository or hub, tag or digest); image volumes;
 *            references of kind DockerImage; variables whose name has IMAGE in it
 * Silent     ConfigMaps and Secrets, definitions of kinds, policies, scanners' reports, tools' settings:
 *            what names images there runs none. Labels, annotations, status, RADOS block devices
 * Ownership  borrows from the nodes
 * Limits     the first OBJECT_UNJUDGED_MAX places are kept, the others counted; time is linear in the nodes
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_OBJECT_UNJUDGED_H
#define PULLGATE_OBJECT_UNJUDGED_H

#include "engine/engine.h"
#include "json/json.h"

enum { OBJECT_UNJUDGED_MAX = 8 };

enum object_unjudged_why {
    OBJECT_UNJUDGED_NOT, /* it was judged, or has nothing to judge */
    OBJECT_UNJUDGED_KIND,
    OBJECT_UNJUDGED_CASE, /* a built-in kind but for upper and lower case */
    OBJECT_UNJUDGED_EMPTY /* a built-in kind without a container */
};

struct object_unjudged_value {
    json_at at;
    struct str registry, name,
        tag;     /* of an image; all empty: containers, or what takes their place */
    bool digest; /* tag is one */
};

struct object_unjudged {
    enum object_unjudged_why why;
    struct str kind; /* that was meant */
    struct object_unjudged_value values[OBJECT_UNJUDGED_MAX];
    size_t n; /* of all */
};

/* `w` is the object's workload, of which nothing is denied. */
void object_unjudged_look(struct object_unjudged *out, const struct json *j, json_at object,
                          const struct workload *w);

/* registry/name:tag */
void object_unjudged_put_image(struct buf *out, const struct object_unjudged_value *value);

#endif
