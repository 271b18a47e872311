/* buf.c as it is where there is no SSE2. By a file of its own, since clang-tidy would otherwise meet
 * buf.c twice in one run, and its checker of va_list is wrong the second time. */
#define BUF_SCALAR
#include "base/buf.c"
