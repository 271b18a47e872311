/* convert/toml - the part of TOML that hosts.toml and registries.conf are written in, as JSON nodes with
 * their locations.
 * Shape      comments; [table] and [[list of tables]] with bare and quoted keys; key = value, where a value
 *            is a string of one line, true, false, an integer, or a list of these over any number of lines
 * Refuses    all else of TOML: dotted keys before "=", inline tables, strings of several lines, floats and
 *            dates; a key or table twice
 * Limits     10,000 keys and tables, TOML_DEPTH_MAX levels
 * Ownership  what is read owns its nodes until done
 * Threads    pure but for memory
 * Source     toml.io, v1.0.0; containerd docs/hosts.md; containers-registries.conf(5)          */
#ifndef PULLGATE_CONVERT_TOML_H
#define PULLGATE_CONVERT_TOML_H

#include "base/arena.h"
#include "yaml/yaml.h"
#include "json/json.h"

struct convert_toml {
    struct json json;
    struct buf text;
    struct arena arena;
    struct yaml_location *pos; /* one per node */
    uint32_t n_pos;
};

/* Errors: EC_SYNTAX with line and col, EC_LIMIT, EC_NOMEM. *out needs done in any case. */
enum ec convert_toml_read(struct convert_toml *out, struct str text, struct err *err)
    MUST_CHECK;
void convert_toml_done(struct convert_toml *t);

#endif
