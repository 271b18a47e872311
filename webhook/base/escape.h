/* escape - text from outside, fit for the place that it is printed to: one function per format.
 *
 *      a name, a message, a path --escape_<format>--> bytes that the format's readers take as text
 *
 * Names of files, and names in objects, rule files and certificates, are written by others. Printed
 * raw, they move the cursor, turn the text around, begin a line of their own, or command the CI
 * system that reads the output. All that policyctl and pullgate print of them goes through here or
 * through buf_json(), which does the same for JSON.
 *
 * Unseen     what no format shows as it is: control characters (C0, DEL, C1), line and paragraph
 *            separators, zero-width and bidirectional marks, tags, and bytes that are not UTF-8
 * Shape      an unseen character stands as \xHH, once for each of its bytes, unless the format
 *            has an escape of its own for it. A backslash stays one: texts quote patterns
 *
 *            format      function         own escapes
 *            text        escape_text      -
 *            line        escape_line      - (a whole line, with its end)
 *            quoted      escape_quoted    those of JSON: \n \u202e ... (in a line of text or TAP)
 *            github      escape_github    %25 %0D %0A; in a property %3A %2C
 *            tap         escape_tap       \\ \#
 *            XML         escape_xml       &lt; &#10; &#x9b; ...; what XML cannot hold is U+FFFD
 *            YAML        escape_comment   - (behind "# "; scalars are yaml_print's)
 *            shell       escape_shell     '...', $'...' where there is something unseen
 *            JSON        buf_json         (base/buf.h)
 *
 * Commands   CI systems read logs line by line. At the start of a line ':' stands as \x3a
 *            (GitHub takes "::error::" for a command), the first byte of "ok 1", "not ok" and
 *            "1..2" as \xHH (TAP), and anywhere "##[" and "##word[" (GitHub,
 *            Azure, TeamCity) begin with \x23. Formats that are documents are not logs: XML and
 *            JSON keep them
 * Errors     those of the buf
 * Threads    pure functions
 * Source     actions/toolkit packages/core/src/command.ts; actions/runner ActionCommand.cs;
 *            testanything.org TAP 13; XML 1.0 section 2.2; YAML 1.1 section 5                */
#ifndef PULLGATE_BASE_ESCAPE_H
#define PULLGATE_BASE_ESCAPE_H

#include "base/buf.h"

/* A piece of a line of text: for terminals, logs and people. What `out` holds says whether it stands
 * at the start of a line; an empty `out` is one. */
void escape_text(struct buf *out, struct str s);

/* One line, escaped as a whole, and its line end. */
void escape_line(struct buf *out, const char *format, ...) PRINTF(2, 3);

/* A string of JSON, and of YAML, with its quotes, in a line of text. */
void escape_quoted(struct buf *out, struct str s);

/* What a workflow command of GitHub Actions says, behind its second "::", or a property's value. */
enum escape_github { ESCAPE_DATA, ESCAPE_PROPERTY };
void escape_github(struct buf *out, struct str s, enum escape_github where);

/* The description of a test point: a '#' would begin a directive, such as one that skips it. */
void escape_tap(struct buf *out, struct str s);

/* The value of an attribute, or text, that comes back as it is. */
void escape_xml(struct buf *out, struct str s);
/* The same for text in lines that were made with the functions above: line ends stay. */
void escape_xml_lines(struct buf *out, struct str s);

/* A comment of YAML, without its '#'. */
void escape_comment(struct buf *out, struct str s);

/* One word of a shell's command line. */
void escape_shell(struct buf *out, struct str s);

/* Does the text hold nothing unseen, but for line ends (LF)? */
bool escape_is_seen(struct str s);

/* Would a CI system take the line for a command of its own? */
bool escape_is_command(struct str line);

/* One character at s.p[at] as one cell, for texts with a mark below: a tab as a blank, what is unseen or
 * begins a command as '?'. The bytes that it took. */
size_t escape_cell(struct buf *out, struct str s, size_t at);

/* Cells that the text takes in a column, one for each character that is shown. */
size_t escape_width(struct str s);

#endif
