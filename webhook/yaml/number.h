/* number - numbers as Go reads and prints them (strconv, encoding/json).
 * Knows      text and doubles; no YAML
 * Threads    pure functions; the C locale is expected                                       */
#ifndef PULLGATE_YAML_NUMBER_H
#define PULLGATE_YAML_NUMBER_H

#include "base/buf.h"

/* An integer with Go's prefixes (0x 0b 0o 0, any case), below 2^64 without a sign and 2^63 with
 * one. Underscores have been removed. */
bool yaml_number_is_int(struct str s, bool *negative, uint64_t *magnitude);

/* Digits in base 2, possibly signed, as strconv.ParseInt(s, 2, 64) and ParseUint. */
bool yaml_number_is_binary(struct str s, bool *negative, uint64_t *magnitude);

/* [-+]? (.d+ | d+(.d*)?) ([eE][-+]?d+)?  - YAML's decimal floats, for go-yaml. */
bool yaml_number_is_float(struct str s);

/* The value of such text; false when it is too large for a double. `scratch` is overwritten. */
bool yaml_number_to_double(struct str s, struct buf *scratch, double *v);

/* As encoding/json prints a float64. */
void yaml_number_print_json(double v, struct buf *out);
/* As strconv.FormatFloat(v, 'g', -1, 32): how sigs.k8s.io/yaml makes keys of floats. */
void yaml_number_print_key(double v, struct buf *out);

#endif
