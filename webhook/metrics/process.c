/* The process in /proc (proc(5)). */
#include "metrics/metrics.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { ROOM = 4096, POLLED = 64, FDS_MAX = 1 << 20 };
enum { STAT_UTIME = 14, STAT_STIME = 15, STAT_STARTTIME = 22 }; /* as proc(5) counts them */

/* As much of the file as fits: the files are short, or what is wanted is at their start. */
static struct str read_start(char room[ROOM], const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = 0;
    if (fd < 0)
        return STR_NONE;
    while (n < ROOM && (got = read(fd, room + n, ROOM - n)) > 0)
        n += (size_t)got;
    close(fd);
    return got < 0 ? STR_NONE : (struct str){room, n};
}

/* Removes the next word from *s; empty at the end. */
static struct str next_word(struct str *s) {
    size_t from = 0, to;
    while (from < s->n && ascii_is_blank(s->p[from]))
        from++;
    for (to = from; to < s->n && !ascii_is_blank(s->p[to]);)
        to++;
    struct str word = str_slice(*s, from, to);
    *s = str_slice(*s, to, s->n);
    return word;
}

/* -1: no number. */
static int64_t to_number(struct str word) {
    uint64_t v;
    return str_to_uint(word, INT64_MAX, &v) ? (int64_t)v : -1;
}

/* The number after the key at the start of a line; -1: none. */
static int64_t number_behind(struct str text, struct str key) {
    while (text.n != 0 && !str_starts(text, key))
        text = str_slice(text, str_find(text, '\n') + 1, text.n);
    text = str_slice(text, key.n, text.n);
    return to_number(next_word(&text));
}

/* The name of the command, field 2, may have blanks and brackets: fields are counted from its end. */
static int64_t stat_field(struct str stat, unsigned field) {
    size_t end = stat.n;
    struct str word = STR_NONE;
    while (end > 0 && stat.p[end - 1] != ')')
        end--;
    struct str rest = str_slice(stat, end, stat.n);
    for (unsigned i = 3; i <= field; i++)
        word = next_word(&rest);
    return to_number(word);
}

static int64_t us_of_ticks(int64_t ticks) {
    long per_second = sysconf(_SC_CLK_TCK);
    return ticks < 0 || per_second <= 0 ? -1 : ticks * 1000000 / per_second;
}

/* "35.07 140.12": seconds since the system started. */
static int64_t uptime_us(void) {
    char room[ROOM];
    struct str text = read_start(room, "/proc/uptime");
    struct str word = next_word(&text);
    size_t dot = str_find(word, '.');
    int64_t seconds = to_number(str_slice(word, 0, dot));
    int64_t hundredths = to_number(str_slice(word, dot + 1, dot + 3));
    return seconds < 0 || hundredths < 0 ? -1 : seconds * 1000000 + hundredths * 10000;
}

void metrics_process_init(struct metrics_process *p, int64_t now_us) {
    char room[ROOM];
    struct str stat = read_start(room, "/proc/self/stat");
    int64_t started_us = us_of_ticks(stat_field(stat, STAT_STARTTIME)), up_us = uptime_us();
    p->start_us = started_us < 0 || up_us < 0 ? 0 : now_us - up_us + started_us;
}

/* Counts open descriptors from `first` on. poll(2) reports those that are not open, and a server needs
 * it anyway, unlike reading the folder /proc/self/fd. */
static int64_t count_open(int first, nfds_t n) {
    struct pollfd v[POLLED];
    int64_t open = 0;
    for (nfds_t i = 0; i < n; i++)
        v[i] = (struct pollfd){.fd = first + (int)i};
    if (poll(v, n, 0) < 0)
        return -1;
    for (nfds_t i = 0; i < n; i++)
        open += (v[i].revents & POLLNVAL) == 0;
    return open;
}

static int64_t open_fds(int64_t table_size) {
    int64_t open = 0;
    if (table_size < 0 || table_size > FDS_MAX)
        return -1;
    for (int first = 0; first < table_size; first += POLLED) {
        int64_t rest = table_size - first;
        int64_t n = count_open(first, (nfds_t)(rest < POLLED ? rest : POLLED));
        if (n < 0)
            return -1;
        open += n;
    }
    return open;
}

static int64_t bytes_of_kb(int64_t kb) {
    return kb < 0 ? -1 : kb * 1024;
}

void metrics_process_print(struct buf *out, const struct metrics_process *p) {
    enum { CPU, RESIDENT, VIRTUAL, OPEN, MAX, START, N };
    static const struct metrics_family families[N] = {
        [CPU] = {.name = "process_cpu_seconds_total",
                 .help = "Processor time spent, user and system.",
                 .type = METRICS_COUNTER,
                 .decimals = 6},
        [RESIDENT] = {.name = "process_resident_memory_bytes",
                      .help = "Memory that is resident.",
                      .type = METRICS_GAUGE},
        [VIRTUAL] = {.name = "process_virtual_memory_bytes",
                     .help = "Address space that is mapped.",
                     .type = METRICS_GAUGE},
        [OPEN] = {.name = "process_open_fds",
                  .help = "File descriptors that are open.",
                  .type = METRICS_GAUGE},
        [MAX] = {.name = "process_max_fds",
                 .help = "File descriptors that may be open.",
                 .type = METRICS_GAUGE},
        [START] = {.name = "process_start_time_seconds",
                   .help = "When the process started, in Unix time.",
                   .type = METRICS_GAUGE,
                   .decimals = 6},
    };
    char stat_room[ROOM], status_room[ROOM], limits_room[ROOM];
    struct str stat = read_start(stat_room, "/proc/self/stat");
    struct str status = read_start(status_room, "/proc/self/status");
    struct str limits = read_start(limits_room, "/proc/self/limits");
    int64_t user = stat_field(stat, STAT_UTIME), system = stat_field(stat, STAT_STIME);
    const int64_t values[N] = {
        [CPU] = user < 0 || system < 0 ? -1 : us_of_ticks(user + system),
        [RESIDENT] = bytes_of_kb(number_behind(status, STR("VmRSS:"))),
        [VIRTUAL] = bytes_of_kb(number_behind(status, STR("VmSize:"))),
        [OPEN] = open_fds(number_behind(status, STR("FDSize:"))),
        [MAX] = number_behind(limits, STR("Max open files")),
        [START] = p->start_us > 0 ? p->start_us : -1,
    };
    for (size_t i = 0; i < N; i++)
        if (values[i] >= 0)
            metrics_value(out, &families[i], values[i]);
}
