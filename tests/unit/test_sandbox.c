/* What the filter of system calls lets a process do that has entered it, in a child. */
#include "test.h"

#include "host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77 };

/* The exit status of a child that enters the sandbox and then does `what`. */
static int in_sandbox_of(enum host_sandbox_kind kind, int (*what)(void)) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        enum host_sandbox_state state;
        struct err err = ERR_INIT;
        if (host_sandbox_enter(&state, kind, &err) != EC_OK)
            _exit(99);
        _exit(state == HOST_SANDBOX_ON ? what() : SKIPPED);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int in_sandbox(int (*what)(void)) {
    return in_sandbox_of(HOST_SANDBOX_SERVER, what);
}

static int open_to_read(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : errno;
}

static int open_to_write(void) {
    return open("/dev/null", O_WRONLY) >= 0 ? 0 : errno;
}

static int open_to_change(void) {
    return open("/dev/null", O_RDWR | O_CLOEXEC) >= 0 ? 0 : errno;
}

static int make_file(void) {
    return open("/tmp/pullgate-sandbox", O_RDONLY | O_CREAT, 0600) >= 0 ? 0 : errno;
}

static int make_socket(void) {
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int run_program(void) {
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

/* A socket that was there before; what a child inherits. */
static int tcp = -1;

static int set_option(int level, int option) {
    int on = 1;
    return setsockopt(tcp, level, option, &on, sizeof on) == 0 ? 0 : errno;
}

static int set_keepalive(void) {
    return set_option(SOL_SOCKET, SO_KEEPALIVE);
}

static int set_nodelay(void) {
    return set_option(IPPROTO_TCP, TCP_NODELAY);
}

static int set_cork(void) {
    return set_option(IPPROTO_TCP, TCP_CORK);
}

/* What makes libmicrohttpd ask once for each connection, not for each answer. */
static void tcp_has_no_options_any_more(void **state) {
    (void)state;
    tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(tcp >= 0);
    int socket = in_sandbox(set_keepalive);
    if (socket == SKIPPED)
        skip();
    assert_int_equal(socket, 0);
    assert_int_equal(in_sandbox(set_nodelay), ENOPROTOOPT);
    assert_int_equal(in_sandbox(set_cork), ENOPROTOOPT);
    close(tcp);
}

static void the_filter_lets_read_and_no_more(void **state) {
    (void)state;
    int read = in_sandbox(open_to_read);
    if (read == SKIPPED)
        skip();
    assert_int_equal(read, 0);
    assert_int_equal(in_sandbox(open_to_write), EPERM);
    assert_int_equal(in_sandbox(open_to_change), EPERM);
    assert_int_equal(in_sandbox(make_file), EPERM);
    assert_int_equal(in_sandbox(make_socket), EPERM);
    assert_int_equal(in_sandbox(run_program), EPERM);
}

static void *do_nothing(void *arg) {
    return arg;
}

static int make_thread(void) {
    pthread_t thread;
    int os = pthread_create(&thread, NULL, do_nothing, NULL);
    return os != 0 ? os : pthread_join(thread, NULL);
}

static int make_process(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 ? 0 : errno;
}

static void a_client_may_connect_and_look_up_names(void **state) {
    (void)state;
    int made = in_sandbox_of(HOST_SANDBOX_CLIENT, make_socket);
    if (made == SKIPPED)
        skip();
    assert_int_equal(made, 0);
    assert_int_equal(in_sandbox_of(HOST_SANDBOX_CLIENT, make_thread), 0);
    assert_int_equal(in_sandbox(make_thread), EPERM);
    assert_int_equal(in_sandbox_of(HOST_SANDBOX_CLIENT, make_process), EPERM);
    assert_int_equal(in_sandbox_of(HOST_SANDBOX_CLIENT, run_program), EPERM);
    assert_int_equal(in_sandbox_of(HOST_SANDBOX_CLIENT, open_to_write), EPERM);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_filter_lets_read_and_no_more),
    cmocka_unit_test(a_client_may_connect_and_look_up_names),
    cmocka_unit_test(tcp_has_no_options_any_more)};

TEST_MAIN(tests)
