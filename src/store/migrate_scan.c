/* store/migrate_scan.c: where the statements of a text of SQL begin, and what their first words are: enough to find
 * those that begin or end a transaction. Comments, strings and quoted names are passed over as each database does it;
 * what is between BEGIN and END in the body of a trigger or a function belongs to one statement. */
#include "store/migrate_int.h"

#include <string.h>

enum {
    WORDS = 6 /* of a statement that are looked at: CREATE OR REPLACE CONSTRAINT TRIGGER … */
};

typedef struct word {
    const char *at;
    int64_t size;
} word;

typedef struct scanner {
    const char *sql, *at;
    bool sqlite;
    word words[WORDS]; /* (word_count) the first of the statement */
    int64_t word_count;
    int64_t depth; /* of BEGIN and CASE in a body */
    bool any;      /* the statement has begun */
    bool wordless; /* and not with a word */
    qni_sql_summary summary;
} scanner;

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
}

static bool word_is(const word *w, const char *text)
{
    if ((int64_t)strlen(text) != w->size)
        return false;
    for (int64_t i = 0; i < w->size; i++)
        if ((w->at[i] & ~0x20) != text[i])
            return false;
    return true;
}

static bool word_among(const word *w, const char *const *texts)
{
    for (; *texts != NULL; texts++)
        if (word_is(w, *texts))
            return true;
    return false;
}

/* Past the closing quote; where there is none, the end. `backslash`: it takes the quote's meaning away. */
static const char *past_quote(const char *p, char quote, bool backslash)
{
    for (p++; *p != '\0'; p++) {
        if (backslash && p[0] == '\\' && p[1] != '\0')
            p++;
        else if (*p == quote)
            return p + 1;
    }
    return p;
}

static const char *past_comment(const char *p, bool nested)
{
    int64_t depth = 1;
    for (p += 2; *p != '\0' && depth > 0; p++) {
        if (p[0] == '*' && p[1] == '/') {
            depth--;
            p++;
        } else if (nested && p[0] == '/' && p[1] == '*') {
            depth++;
            p++;
        }
    }
    return p;
}

/* $tag$ … $tag$; NULL: none begins here. */
static const char *past_dollars(const char *p)
{
    const char *tag_end = p + 1;
    if (*tag_end >= '0' && *tag_end <= '9')
        return NULL; /* a parameter */
    while (is_word(*tag_end))
        tag_end++;
    if (*tag_end != '$')
        return NULL;
    size_t size = (size_t)(tag_end - p) + 1;
    for (const char *q = tag_end + 1; (q = strchr(q, '$')) != NULL; q++)
        if (strncmp(q, p, size) == 0)
            return q + size;
    return p + strlen(p);
}

/* Past what begins here and is no word, with all that hides in it; `space`: it is nothing. */
static const char *past_other(const scanner *s, bool *space)
{
    const char *p = s->at;
    const char *past = NULL;
    *space = true;
    if (p[0] == '-' && p[1] == '-')
        return p + strcspn(p, "\n");
    if (p[0] == '/' && p[1] == '*')
        return past_comment(p, !s->sqlite);
    if (strchr(" \t\r\n\f\v", *p) != NULL)
        return p + 1;
    *space = false;
    if (*p == '\'' || *p == '"' || (s->sqlite && *p == '`'))
        return past_quote(p, *p, false);
    if (s->sqlite && *p == '[')
        return past_quote(p, ']', false);
    if (!s->sqlite && *p == '$' && (past = past_dollars(p)) != NULL)
        return past;
    return p + 1;
}

/* CREATE … TRIGGER, FUNCTION or PROCEDURE. */
static bool has_body(const scanner *s)
{
    static const char *const between[] = {"OR", "REPLACE", "TEMP", "TEMPORARY", "CONSTRAINT", NULL};
    static const char *const bodies[] = {"TRIGGER", "FUNCTION", "PROCEDURE", NULL};
    int64_t i = 1;
    if (s->word_count == 0 || !word_is(&s->words[0], "CREATE"))
        return false;
    while (i < s->word_count && word_among(&s->words[i], between))
        i++;
    return i < s->word_count && word_among(&s->words[i], bodies);
}

static void take_word(scanner *s)
{
    static const char *const openers[] = {"BEGIN", "CASE", NULL};
    word w = {.at = s->at};
    while (is_word(*s->at) || *s->at == '$')
        s->at++;
    w.size = s->at - w.at;
    s->any = true;
    if (s->word_count < WORDS)
        s->words[s->word_count++] = w;
    if (!has_body(s))
        return;
    if (word_is(&w, "BEGIN") || (s->depth > 0 && word_among(&w, openers)))
        s->depth++;
    else if (s->depth > 0 && word_is(&w, "END"))
        s->depth--;
}

static bool controls(const scanner *s)
{
    static const char *const always[] = {"BEGIN", "COMMIT", "END", "ABORT", NULL};
    static const char *const with_transaction[] = {"START", "PREPARE", NULL};
    if (s->word_count == 0 || s->wordless)
        return false;
    if (word_among(&s->words[0], always))
        return true;
    if (word_among(&s->words[0], with_transaction))
        return s->word_count > 1 && word_is(&s->words[1], "TRANSACTION");
    if (!word_is(&s->words[0], "ROLLBACK"))
        return false;
    for (int64_t i = 1; i < s->word_count && i < 3; i++) /* ROLLBACK TRANSACTION TO a savepoint */
        if (word_is(&s->words[i], "TO"))
            return false;
    return true;
}

static void end_statement(scanner *s)
{
    if (s->any)
        s->summary.statement_count++;
    if (s->summary.control < 0 && controls(s)) {
        s->summary.control = s->words[0].at - s->sql;
        s->summary.control_size = s->words[0].size;
    }
    s->any = s->wordless = false;
    s->word_count = s->depth = 0;
}

qni_sql_summary qni_sql_scan(const char *sql, bool sqlite)
{
    scanner s = {.sql = sql, .at = sql, .sqlite = sqlite, .summary = {.control = -1}};
    while (*s.at != '\0') {
        bool escapes = !sqlite && (*s.at | 0x20) == 'e' && s.at[1] == '\'';
        if (escapes) { /* E'…', which is no word, for those are taken whole */
            s.at = past_quote(s.at + 1, '\'', true);
            s.wordless = s.wordless || !s.any;
            s.any = true;
        } else if (is_word(*s.at)) {
            take_word(&s);
        } else if (*s.at == ';' && s.depth == 0) {
            end_statement(&s);
            s.at++;
        } else {
            bool space;
            s.at = past_other(&s, &space);
            s.wordless = s.wordless || (!space && !s.any);
            s.any = s.any || !space;
        }
    }
    end_statement(&s);
    return s.summary;
}

void qni_sql_place(int64_t *line, int64_t *column, const char *sql, int64_t offset)
{
    *line = *column = 1;
    for (int64_t i = 0; i < offset; i++) {
        ++*column;
        if (sql[i] == '\n') {
            ++*line;
            *column = 1;
        }
    }
}
