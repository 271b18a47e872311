/* attrs - the compiler extensions in use; everything else is C11.
 * MUST_CHECK   the caller has to check the result
 * PRINTF(f, a) argument f is a format, the variable arguments start at a
 * AUTO(fn)     fn(&variable) runs when the variable leaves its scope
 * ALWAYS_INLINE  for parts of one loop whose state must stay in registers, and for small functions
 *              that are called with constants and become smaller by them
 * NEVER_INLINE for functions that such a loop calls rarely: inlined, they would take its registers
 * Threads      not applicable                                              */
#ifndef PULLGATE_BASE_ATTRS_H
#define PULLGATE_BASE_ATTRS_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))
#define AUTO(fn) __attribute__((cleanup(fn)))

#endif
