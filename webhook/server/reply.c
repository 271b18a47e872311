#include "server/internal.h"

#include <stdio.h>

struct head {
    unsigned status;
    const char *content_type;
    const char *allow; /* NULL: none */
    unsigned retry_after_s;
    bool closes;
};

static bool add_header(struct MHD_Response *r, const char *name, const char *value) {
    return MHD_add_response_header(r, name, value) == MHD_YES;
}

static bool add_retry_after(struct MHD_Response *r, unsigned retry_after_s) {
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", retry_after_s);
    return add_header(r, "Retry-After", seconds);
}

static bool add_headers(struct MHD_Response *r, const struct head *h) {
    return add_header(r, "Content-Type", h->content_type) &&
           add_header(r, "Cache-Control", "no-store") &&
           add_header(r, "X-Content-Type-Options", "nosniff") &&
           (h->allow == NULL || add_header(r, "Allow", h->allow)) &&
           (h->retry_after_s == 0 || add_retry_after(r, h->retry_after_s)) &&
           (!h->closes || add_header(r, "Connection", "close"));
}

/* The body is not copied: it must not change until NOTIFY_COMPLETED. */
static enum MHD_Result queue(struct conn *c, struct MHD_Connection *mhd, struct head h,
                             struct str body) {
    h.closes = h.closes || atomic_load(&c->worker->server->closes_after_answer);
    struct MHD_Response *r =
        MHD_create_response_from_buffer(body.n, (void *)body.p, MHD_RESPMEM_PERSISTENT);
    if (r == NULL)
        return MHD_NO;
    if (body.n != 0 && !c->is_head)
        server_tls_hold(c);
    bool queued = add_headers(r, &h) && MHD_queue_response(mhd, h.status, r) == MHD_YES;
    MHD_destroy_response(r);
    return queued ? MHD_YES : MHD_NO;
}

static const char *allowed(const struct server_route *route) {
    static const char *const texts[] = {"", "GET, HEAD", "POST", "GET, HEAD, POST"};
    return texts[route->methods & (SERVER_GET | SERVER_POST)];
}

enum MHD_Result server_reply_send(struct conn *c, struct MHD_Connection *mhd,
                                  const struct server_reply *reply) {
    return queue(c, mhd,
                 (struct head){.status = reply->status,
                               .content_type = reply->content_type,
                               .retry_after_s = reply->retry_after_s},
                 buf_view(reply->body));
}

enum MHD_Result server_reply_refuse(struct conn *c, struct MHD_Connection *mhd,
                                    const struct refusal *why) {
    atomic_fetch_add(&c->worker->server->refused[why->why], 1);
    return queue(c, mhd,
                 (struct head){.status = why->status,
                               .content_type = "application/json",
                               .allow = why->status == 405 ? allowed(c->route) : NULL,
                               .retry_after_s = why->retry_after_s,
                               .closes = why->closes},
                 str_of(why->body));
}
