/* registry/token - the token flow: the URL and the form that ask for a token, and the answer.
 *
 *      realm?service=S&scope=repository:a/b:pull  -->  {"token": "...", "expires_in": 300}
 *
 * Ownership  the answer's text is read in place, and the token borrows from it: wipe the text
 * Threads    pure functions
 * Source     distribution.github.io, "Token authentication specification" and "OAuth 2"             */
#ifndef PULLGATE_REGISTRY_TOKEN_H
#define PULLGATE_REGISTRY_TOKEN_H

#include "registry/challenge.h"

enum { REGISTRY_TOKEN_MAX = 64 << 10 };

/* The realm's own query stays, a fragment goes. Without a scope in the challenge: pull of the repository. */
void registry_token_url(struct buf *out, const struct registry_challenge *c,
                        struct str repository);

/* The form for a refresh token (docker's identitytoken). */
void registry_token_form(struct buf *out, const struct registry_challenge *c,
                         struct str repository, struct str refresh_token);

/* `token`, else `access_token`. text[n .. n + JSON_PADDING) must be there (json/json.h).
 * Errors: EC_SYNTAX, EC_SCHEMA (no token, or bytes that no header may have), EC_LIMIT, EC_NOMEM; *out untouched.
 * Texts hold nothing of the answer. */
enum ec registry_token_read(struct str *out, char *text, size_t n, struct err *err) MUST_CHECK;

/* "CODE: message" of {"errors": [{"code", "message"}]}, or of {"details"} of a token server; at most 200 bytes;
 * empty: there is none. The same padding. */
void registry_token_reason(struct buf *out, char *text, size_t n);

#endif
