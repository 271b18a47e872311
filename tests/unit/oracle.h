/* oracle - jansson beside json/json.h in one file. Both have a JSON_OBJECT and five others of
 * one name, so jansson's are read under another. Its macros that use them (json_is_object ...)
 * are of no use after this; json_typeof(x) == JANSSON_OBJECT is.                            */
#ifndef PULLGATE_TESTS_ORACLE_H
#define PULLGATE_TESTS_ORACLE_H

#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

#endif
