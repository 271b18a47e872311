/* refuse - a syntax error and the byte it is about, for match alone: the first one wins. */
#ifndef PULLGATE_MATCH_REFUSE_H
#define PULLGATE_MATCH_REFUSE_H

#include "base/err.h"

#define refuse(err, at, ...)                                                                   \
    ((err)->offset = (err)->code == EC_OK ? (at) : (err)->offset,                              \
     err_set(err, EC_SYNTAX, __VA_ARGS__))

#endif
