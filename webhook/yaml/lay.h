/* yaml/lay - the layout of YAML text for strings that need no care: what libyaml's emitter writes, ten times as
 * fast.
 *
 *      begin, key or value ..., end --> "key: value\n- value ..." in a buf
 *
 * Strings    of printable ASCII, keys of at most YAML_LAY_KEY_MAX bytes (yaml_lay_is_easy): no line breaks, no
 *            escapes but of quotes and backslashes
 * Errors     EC_LIMIT, a mark of the buf, below YAML_LAY_DEPTH_MAX levels
 * Threads    no shared state
 * Source     libyaml 0.2.5's emitter.c: yaml_emitter_analyze_scalar, _select_scalar_style, _increase_indent,
 *            _write_indent                                                                  */
#ifndef PULLGATE_YAML_LAY_H
#define PULLGATE_YAML_LAY_H

#include "base/buf.h"

enum { YAML_LAY_DEPTH_MAX = 1100, YAML_LAY_KEY_MAX = 128 };

struct lay_level {
    uint16_t indent;
    bool object, is_key; /* the next string is a key */
    bool any;            /* a member or an element is written */
};

struct lay {
    struct buf *out;
    enum { LAY_START, LAY_DASH, LAY_KEY } after; /* what the next value follows */
    unsigned depth;
    struct lay_level v[YAML_LAY_DEPTH_MAX];
};

bool yaml_lay_is_easy(struct str s);

void yaml_lay_begin(struct lay *l, bool object, bool empty);
void yaml_lay_end(struct lay *l);
/* As it is; between quotes when it may not be plain there. */
void yaml_lay_plain(struct lay *l, struct str s);
void yaml_lay_quoted(struct lay *l, struct str s);
void yaml_lay_close(struct lay *l);

#endif
