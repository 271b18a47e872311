/* attrs - the compiler words the house uses; everything else is C11.
 * MUST_CHECK   the caller has to look at the result
 * PRINTF(f, a) argument f is a format, the variable arguments start at a
 * AUTO(fn)     fn(&variable) runs when the variable leaves its scope
 * ALWAYS_INLINE  for pieces of one loop whose state shall stay in registers, and for small functions
 *              that are called with constants and shrink by them
 * NEVER_INLINE for what such a loop calls seldom: inlined, it would take the loop's registers
 * Threads      not applicable                                              */
#ifndef PULLGATE_BASE_ATTRS_H
#define PULLGATE_BASE_ATTRS_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))
#define AUTO(fn) __attribute__((cleanup(fn)))

#endif
