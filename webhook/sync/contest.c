/* Another syncer on the same copy. */
#include "sync/sync.h"

void sync_contest_note(struct sync_contest *c, int64_t now_s) {
    if (c->n == 0 || now_s - c->since_s >= SYNC_CONTEST_WINDOW_S) {
        c->n = 0;
        c->since_s = now_s;
    }
    if (++c->n < SYNC_CONTEST_MAX)
        return;
    c->n = 0;
    c->until_s = now_s + SYNC_CONTEST_PAUSE_S;
}

bool sync_contest_is_over(const struct sync_contest *c, int64_t now_s) {
    return now_s >= c->until_s && (c->n == 0 || now_s - c->since_s >= SYNC_CONTEST_WINDOW_S);
}
