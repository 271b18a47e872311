#include "object/parallel.h"

#include "base/mem.h"

#include <pthread.h>
#include <sched.h>

struct run {
    const struct object_parallel *in;
    size_t n_slots;
    pthread_mutex_t lock;
    pthread_cond_t worked; /* the item waited for is ready */
    pthread_cond_t room;   /* an item may be begun */
    /* under the lock */
    size_t next;  /* item to begin */
    size_t taken; /* items taken, in order */
    bool stop;
    bool *ready; /* per slot */
};

struct worker {
    struct run *run;
    unsigned job;
    pthread_t thread;
};

/* The next item to work on; false when there is none. */
static bool begin_item(struct run *r, size_t *item) {
    bool got = false;
    pthread_mutex_lock(&r->lock);
    while (!r->stop && r->next < r->in->n_items && r->next >= r->taken + r->n_slots)
        pthread_cond_wait(&r->room, &r->lock);
    if (!r->stop && r->next < r->in->n_items) {
        *item = r->next++;
        got = true;
    }
    pthread_mutex_unlock(&r->lock);
    return got;
}

static void end_item(struct run *r, size_t item) {
    pthread_mutex_lock(&r->lock);
    r->ready[item % r->n_slots] = true;
    if (item == r->taken)
        pthread_cond_signal(&r->worked);
    pthread_mutex_unlock(&r->lock);
}

static void *work(void *arg) {
    struct worker *w = arg;
    size_t item;
    while (begin_item(w->run, &item)) {
        w->run->in->work(w->run->in->arg, w->job, item, item % w->run->n_slots);
        end_item(w->run, item);
    }
    return NULL;
}

static void wait_for_item(struct run *r, size_t item) {
    pthread_mutex_lock(&r->lock);
    while (!r->ready[item % r->n_slots])
        pthread_cond_wait(&r->worked, &r->lock);
    r->ready[item % r->n_slots] = false;
    pthread_mutex_unlock(&r->lock);
}

static void advance(struct run *r, bool go_on) {
    pthread_mutex_lock(&r->lock);
    r->taken++;
    r->stop = !go_on;
    pthread_cond_broadcast(&r->room);
    pthread_mutex_unlock(&r->lock);
}

static void take_all(struct run *r) {
    bool go_on = true;
    for (size_t item = 0; go_on && item < r->in->n_items; item++) {
        wait_for_item(r, item);
        go_on = r->in->take(r->in->arg, item, item % r->n_slots);
        advance(r, go_on);
    }
}

static void run_alone(const struct object_parallel *in) {
    bool go_on = true;
    for (size_t item = 0; go_on && item < in->n_items; item++) {
        in->work(in->arg, 0, item, 0);
        go_on = in->take(in->arg, item, 0);
    }
}

static void run_threads(struct run *r) {
    struct worker workers[OBJECT_PARALLEL_JOBS_MAX];
    unsigned n = 0;
    while (n < r->in->jobs) {
        workers[n] = (struct worker){.run = r, .job = n};
        if (pthread_create(&workers[n].thread, NULL, work, &workers[n]) != 0)
            break;
        n++;
    }
    if (n == 0)
        run_alone(r->in);
    else
        take_all(r);
    for (unsigned i = 0; i < n; i++)
        pthread_join(workers[i].thread, NULL);
}

enum ec object_parallel_run(const struct object_parallel *in, struct err *err) {
    struct run r = {.in = in, .n_slots = (size_t)in->jobs * OBJECT_PARALLEL_SLOTS_PER_JOB};
    if (in->jobs < 2 || in->n_items < 2) {
        run_alone(in);
        return EC_OK;
    }
    r.ready = mem_zalloc(mem_array_bytes(r.n_slots, sizeof *r.ready));
    if (r.ready == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.worked, NULL);
    pthread_cond_init(&r.room, NULL);
    run_threads(&r);
    pthread_cond_destroy(&r.room);
    pthread_cond_destroy(&r.worked);
    pthread_mutex_destroy(&r.lock);
    mem_free(r.ready);
    return EC_OK;
}

unsigned object_parallel_processors(unsigned max) {
    cpu_set_t set;
    CPU_ZERO(&set);
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : (unsigned)n > max ? max : (unsigned)n;
}
