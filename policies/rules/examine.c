#include "rules/examine.h"

#include <stdarg.h>
#include <stdio.h>

void examine_tell(const struct examine *x, enum rules_lint lint, struct policy_pos pos,
                  const char *format, ...) {
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    x->options->warn(x->options->arg, lint, x->policy->files[pos.file].p, pos, text);
}
