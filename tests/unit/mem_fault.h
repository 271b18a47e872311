/* mem_fault - base/mem.h with a counter, in place of base/mem.c: the n-th allocation fails.
 * Shape      MEM_FAULT_ONCE: that one alone, as a neighbour's peak does it; MEM_FAULT_ON: that
 *            one and all after it
 * Use        link mem_fault.c into a test; its functions come before those of the library mem
 * Threads    counted atomically; which thread's allocation is the n-th is not determined      */
#ifndef PULLGATE_TESTS_MEM_FAULT_H
#define PULLGATE_TESTS_MEM_FAULT_H

#include "base/mem.h"

enum mem_fault_mode { MEM_FAULT_ONCE, MEM_FAULT_ON };

/* From now on the n-th allocation fails, counted from 1; 0: none does. */
void mem_fault_arm(size_t n, enum mem_fault_mode mode);
/* No more failures; true when there was one since. */
bool mem_fault_disarm(void);

size_t mem_fault_count(void); /* allocations since arm */
size_t mem_fault_live(void);  /* blocks that were not given back yet */

#endif
