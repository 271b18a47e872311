#include "policyctl/kubectl.h"

#include "base/escape.h"
#include "policyctl/secret_text.h"
#include "policyctl/verb.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 16, PIECE = 64 << 10, COMPLAINT_MAX = 4 << 10 };

void kubectl_answer_done(struct kubectl_answer *a) {
    secret_text_done(&a->out);
    buf_done(&a->complaint);
}

/* ---- the command ----------------------------------------------------------------------------- */

struct command {
    const char *words[WORDS_MAX];
    size_t n;
};

static void add(struct command *c, const char *word) {
    c->words[c->n++] = word;
}

static void add_option(struct command *c, const char *option, const char *value) {
    if (value == NULL)
        return;
    add(c, option);
    add(c, value);
}

static struct command make_command(const struct kubectl *k, const char *resource,
                                   bool of_cluster) {
    struct command c = {.n = 0};
    const char *program = getenv("KUBECTL");
    add(&c, program != NULL && program[0] != '\0' ? program : "kubectl");
    add_option(&c, "--kubeconfig", k->kubeconfig);
    add_option(&c, "--context", k->context);
    add(&c, "get");
    add(&c, resource);
    if (!of_cluster && k->namespace == NULL)
        add(&c, "--all-namespaces");
    else if (!of_cluster)
        add_option(&c, "--namespace", k->namespace);
    add(&c, "--request-timeout=1m");
    add_option(&c, "-o", "json");
    return c;
}

static void print_command(const struct command *c) {
    struct buf text = BUF_INIT(1 << 16);
    for (size_t i = 0; i < c->n; i++) {
        buf_puts(&text, i != 0 ? " " : "");
        escape_shell(&text, str_of(c->words[i]));
    }
    const char *z = buf_z(&text);
    verb_tell("%s", z != NULL ? z : "");
    buf_done(&text);
}

/* ---- the process ----------------------------------------------------------------------------- */

struct pipes {
    int out[2], err[2];
};

static void close_end(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void pipes_done(struct pipes *p) {
    for (size_t i = 0; i < 2; i++) {
        close_end(&p->out[i]);
        close_end(&p->err[i]);
    }
}

static enum ec spawn(pid_t *pid, struct pipes *p, const struct command *c, struct err *err) {
    posix_spawn_file_actions_t actions;
    char *argv[WORDS_MAX + 1] = {NULL};
    memcpy(argv, c->words, c->n * sizeof *argv); /* posix_spawnp does not write to them */
    if (posix_spawn_file_actions_init(&actions) != 0)
        return err_set(err, EC_NOMEM, "out of memory");
    int os = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (os == 0)
        os = posix_spawn_file_actions_adddup2(&actions, p->out[1], STDOUT_FILENO);
    if (os == 0)
        os = posix_spawn_file_actions_adddup2(&actions, p->err[1], STDERR_FILENO);
    if (os == 0)
        os = posix_spawnp(pid, c->words[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return os == 0 ? EC_OK : err_set_os(err, os, "cannot run %s", c->words[0]);
}

/* What there is; false: the end. A complaint is cut, and read to its end. */
static bool take(struct buf *to, int fd, bool secret, struct err *err) {
    char aside[COMPLAINT_MAX];
    char *room = secret ? secret_text_room(to, PIECE) : aside;
    if (room == NULL) {
        err_set(err, (enum ec)to->bad, "no room for what kubectl prints");
        return false;
    }
    ssize_t n = read(fd, room, secret ? (size_t)PIECE : sizeof aside);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (secret)
        to->n += (size_t)n;
    else if (to->n < COMPLAINT_MAX)
        buf_add(to, aside, (size_t)n);
    return n > 0;
}

static void read_both(struct kubectl_answer *out, struct pipes *p, struct err *err) {
    while ((p->out[0] >= 0 || p->err[0] >= 0) && err->code == EC_OK) {
        struct pollfd fds[] = {{.fd = p->out[0], .events = POLLIN},
                               {.fd = p->err[0], .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            err_set_os(err, errno, "cannot wait for kubectl");
        if (fds[0].revents != 0 && !take(&out->out, p->out[0], true, err))
            close_end(&p->out[0]);
        if (fds[1].revents != 0 && !take(&out->complaint, p->err[0], false, err))
            close_end(&p->err[0]);
    }
}

static enum ec await(struct kubectl_answer *out, pid_t pid, struct err *err) {
    int status = 0;
    pid_t ended;
    do
        ended = waitpid(pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    out->failed = ended != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    return err->code;
}

enum ec kubectl_get(struct kubectl_answer *out, const struct kubectl *k, const char *resource,
                    bool of_cluster, struct err *err) {
    const struct command c = make_command(k, resource, of_cluster);
    struct pipes p = {{-1, -1}, {-1, -1}};
    pid_t pid = -1;
    if (k->verbose)
        print_command(&c);
    if (pipe2(p.out, O_CLOEXEC) != 0 || pipe2(p.err, O_CLOEXEC) != 0)
        err_set_os(err, errno, "cannot make a pipe");
    else
        (void)!spawn(&pid, &p, &c, err);
    if (err->code == EC_OK) {
        close_end(&p.out[1]);
        close_end(&p.err[1]);
        read_both(out, &p, err);
    }
    pipes_done(&p); /* kubectl ends by itself when its pipe is gone */
    return pid > 0 ? await(out, pid, err) : err->code;
}
