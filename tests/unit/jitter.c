/* jitter - loaded before a test by LD_PRELOAD: calls that threads and ends of a connection see each other
 * by are followed, and some preceded, by a pause now and then. So a test meets in a moment what a loaded
 * machine shows once in a thousand runs: a counter read between a close and its count, a connection that
 * is judged between a read and what was found in it.
 * Pauses     one call of 8 waits up to JITTER_US, one of 64 ten times that
 * Threads    each has its own sequence; what comes out differs from run to run
 * Errors     errno stays what the call left; nothing else is touched */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* That it is there: a library that cannot be loaded is only a line on stderr. */
extern const bool jitter_is_loaded;
const bool jitter_is_loaded = true;

static uint64_t longest_us(void) {
    const char *text = getenv("JITTER_US");
    return text ? strtoul(text, NULL, 10) : 0;
}

enum { US_PER_S = 1000000 };

static uint64_t draw(void) {
    static __thread uint64_t state;
    if (state == 0) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        state = (uint64_t)now.tv_nsec << 16 ^ (uint64_t)(uintptr_t)&state ^ 1;
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void jitter(void) {
    int kept = errno;
    uint64_t drawn = draw(), us = 0;
    if (drawn % 64 == 0)
        us = 10 * longest_us();
    else if (drawn % 8 == 0)
        us = (drawn >> 32) % (longest_us() + 1);
    if (us != 0)
        nanosleep(&(struct timespec){.tv_sec = (time_t)(us / US_PER_S),
                                     .tv_nsec = (long)(us % US_PER_S) * 1000},
                  NULL);
    errno = kept;
}

/* The function of this name that the program would have called. */
#define FIND(name)                                                                             \
    static __typeof__(name) *real;                                                             \
    if (real == NULL)                                                                          \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

int close(int fd) {
    FIND(close);
    jitter();
    int rc = real(fd);
    jitter();
    return rc;
}

int shutdown(int fd, int how) {
    FIND(shutdown);
    jitter();
    int rc = real(fd, how);
    jitter();
    return rc;
}

ssize_t send(int fd, const void *bytes, size_t n, int flags) {
    FIND(send);
    jitter();
    ssize_t rc = real(fd, bytes, n, flags);
    jitter();
    return rc;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    FIND(sendmsg);
    jitter();
    ssize_t rc = real(fd, message, flags);
    jitter();
    return rc;
}

ssize_t recv(int fd, void *bytes, size_t n, int flags) {
    FIND(recv);
    ssize_t rc = real(fd, bytes, n, flags);
    jitter();
    return rc;
}

ssize_t write(int fd, const void *bytes, size_t n) {
    FIND(write);
    jitter();
    ssize_t rc = real(fd, bytes, n);
    jitter();
    return rc;
}

ssize_t read(int fd, void *bytes, size_t n) {
    FIND(read);
    ssize_t rc = real(fd, bytes, n);
    jitter();
    return rc;
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms) {
    FIND(poll);
    int rc = real(fds, n, timeout_ms);
    jitter();
    return rc;
}

int epoll_wait(int fd, struct epoll_event *events, int n, int timeout_ms) {
    FIND(epoll_wait);
    int rc = real(fd, events, n, timeout_ms);
    jitter();
    return rc;
}

int eventfd_write(int fd, eventfd_t value) {
    FIND(eventfd_write);
    jitter();
    int rc = real(fd, value);
    jitter();
    return rc;
}

int pthread_mutex_unlock(pthread_mutex_t *lock) {
    FIND(pthread_mutex_unlock);
    int rc = real(lock);
    jitter();
    return rc;
}
