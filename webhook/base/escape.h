/* escape - untrusted text, escaped for its output format: one function per format.
 *
 *      a name, a message, a path --escape_<format>--> bytes that the format's readers take as text
 *
 * Names of files, and names in objects, rule files and certificates, are untrusted. Printed raw, they
 * can move the cursor, reverse the text, start a new line, or be a command for the CI system that
 * reads the output. policyctl and pullgate print them only through these functions or through
 * buf_json(), which does the same for JSON.
 *
 * Unseen     characters that no format prints as they are: control characters (C0, DEL, C1), line and
 *            paragraph separators, zero-width and bidirectional marks, tags, and bytes that are not
 *            UTF-8
 * Shape      an unseen character becomes \xHH, once for each of its bytes, unless the format has its
 *            own escape for it. A backslash is not escaped: texts quote patterns
 *
 *            format      function         own escapes
 *            text        escape_text      -
 *            line        escape_line      - (a whole line, with its end)
 *            quoted      escape_quoted    those of JSON: \n \u202e ... (in a line of text or TAP)
 *            github      escape_github    %25 %0D %0A; in a property %3A %2C
 *            tap         escape_tap       \\ \#
 *            XML         escape_xml       &lt; &#10; &#x9b; ...; what XML cannot represent is U+FFFD
 *            YAML        escape_comment   - (after "# "; for scalars there is yaml_print)
 *            shell       escape_shell     '...', or $'...' for unseen characters
 *            JSON        buf_json         (base/buf.h)
 *
 * Commands   CI systems read logs line by line. At the start of a line ':' becomes \x3a
 *            ("::error::" is a command for GitHub), the first byte of "ok 1", "not ok" and
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

/* A piece of a line of text: for terminals, logs and people. It is at the start of a line when `out` is
 * empty or ends with a line end. */
void escape_text(struct buf *out, struct str s);

/* One line, escaped as a whole, and its line end. */
void escape_line(struct buf *out, const char *format, ...) PRINTF(2, 3);

/* A string of JSON, and of YAML, with its quotes, in a line of text. */
void escape_quoted(struct buf *out, struct str s);

/* The message of a workflow command of GitHub Actions, after its second "::", or a property's value. */
enum escape_github { ESCAPE_DATA, ESCAPE_PROPERTY };
void escape_github(struct buf *out, struct str s, enum escape_github where);

/* The description of a test point: a '#' would begin a directive, such as SKIP. */
void escape_tap(struct buf *out, struct str s);

/* The value of an attribute, or text; a parser gets it back unchanged. */
void escape_xml(struct buf *out, struct str s);
/* The same for text in lines that were made with the functions above: line ends stay. */
void escape_xml_lines(struct buf *out, struct str s);

/* A comment of YAML, without its '#'. */
void escape_comment(struct buf *out, struct str s);

/* One word of a shell's command line. */
void escape_shell(struct buf *out, struct str s);

/* Whether the text has no unseen characters other than line ends (LF). */
bool escape_is_seen(struct str s);

/* Whether the line is a command for a CI system. */
bool escape_is_command(struct str line);

/* Prints one character at s.p[at] as one cell, for texts with a mark below: a tab as a blank, an unseen
 * character, or the start of a command, as '?'. Returns its length in bytes. */
size_t escape_cell(struct buf *out, struct str s, size_t at);

/* The width of the text in a column: one cell for each printed character. */
size_t escape_width(struct str s);

#endif
