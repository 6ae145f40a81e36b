/* store/postgres_text.c: as much of PostgreSQL's lexical structure as tells quotes and comments from what counts.
 *
 * Nothing is decided by it but numbers of parameters, places in messages, and whether what is left of a query may be
 * cancelled. Where a text has a quote that does not end, it ends with the text. Any thread. */
#include "store/postgres_int.h"

#include <string.h>
#include <strings.h>

typedef enum piece {
    NOTHING, /* the end */
    BLANK,   /* blanks and comments */
    WORD,
    PARAMETER,
    SEMICOLON,
    OTHER,
} piece;

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* After the quote that ends what the quote at `at` begins; one that is doubled does not. */
static const char *skip_quoted(const char *at, bool backslashes)
{
    char quote = *at++;
    for (; *at != '\0'; at++) {
        if (backslashes && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == quote && at[1] == quote)
            at++;
        else if (*at == quote)
            return at + 1;
    }
    return at;
}

/* After $tag$ … $tag$; NULL: no such quote begins here. */
static const char *skip_dollars(const char *at)
{
    const char *tag_end = at + 1;
    if (is_letter(*tag_end))
        while (is_letter(*tag_end) || is_digit(*tag_end))
            tag_end++;
    if (*tag_end != '$')
        return NULL;
    size_t size = (size_t)(tag_end + 1 - at);
    for (const char *p = tag_end + 1; (p = strchr(p, '$')) != NULL; p++)
        if (strncmp(p, at, size) == 0)
            return p + size;
    return at + strlen(at);
}

/* After a comment, which may hold others; NULL: none begins here. */
static const char *skip_comment(const char *at)
{
    if (at[0] == '-' && at[1] == '-')
        return at + strcspn(at, "\n");
    if (at[0] != '/' || at[1] != '*')
        return NULL;
    int64_t depth = 0;
    do {
        bool opens = at[0] == '/' && at[1] == '*', closes = at[0] == '*' && at[1] == '/';
        depth += opens - closes;
        at += opens || closes ? 2 : 1;
    } while (depth > 0 && *at != '\0');
    return at;
}

/* After a word; of E'…', after the quote. */
static const char *skip_word(const char *at)
{
    if ((*at == 'e' || *at == 'E') && at[1] == '\'')
        return skip_quoted(at + 1, true);
    while (is_letter(*at) || is_digit(*at) || *at == '$')
        at++;
    return at;
}

/* The piece that begins at `at`; *end is the place after it. */
static piece next_piece(const char **end, const char *at)
{
    const char *after = skip_comment(at);
    *end = *at == '\0' ? at : at + 1;
    if (*at == '\0')
        return NOTHING;
    if (is_blank(*at) || after != NULL) {
        *end = after != NULL ? after : at + 1;
        return BLANK;
    }
    if (is_letter(*at)) {
        *end = skip_word(at);
        return WORD;
    }
    if (*at == '$' && is_digit(at[1])) {
        while (is_digit(**end))
            (*end)++;
        return PARAMETER;
    }
    if (*at == '\'' || *at == '"')
        *end = skip_quoted(at, false);
    else if (*at == '$' && (after = skip_dollars(at)) != NULL)
        *end = after;
    return *at == ';' ? SEMICOLON : OTHER;
}

void qni_postgres_place(int64_t *line, int64_t *column, const char *sql, int64_t count)
{
    const char *found = sql;
    int64_t depth = 0;
    bool inside = false; /* a statement that is not empty */
    for (const char *at = sql, *end;; at = end) {
        piece kind = next_piece(&end, at);
        if (kind == NOTHING)
            break;
        if (kind == SEMICOLON && depth == 0) {
            count -= inside;
            inside = false;
        } else if (kind != BLANK && kind != SEMICOLON && !inside) {
            inside = true;
            found = at;
            if (count == 0)
                break;
        }
        depth += (*at == '(') - (*at == ')');
    }
    *line = 1;
    const char *start = sql;
    for (const char *p = sql; p < found; p++) {
        if (*p == '\n') {
            ++*line;
            start = p + 1;
        }
    }
    *column = found - start + 1;
}

int64_t qni_postgres_param_count(const char *sql)
{
    int64_t highest = 0;
    for (const char *at = sql, *end;; at = end) {
        piece kind = next_piece(&end, at);
        if (kind == NOTHING)
            return highest;
        int64_t number = 0;
        for (const char *p = at + 1; kind == PARAMETER && p < end && number < UINT16_MAX; p++)
            number = number * 10 + (*p - '0');
        if (number > highest)
            highest = number;
    }
}

bool qni_postgres_is_select(const char *sql)
{
    static const char *const words[] = {"select", "table", "values"};
    const char *at = sql, *end;
    piece kind;
    while ((kind = next_piece(&end, at)) == BLANK || (kind == OTHER && *at == '('))
        at = end;
    for (size_t i = 0; kind == WORD && i < sizeof words / sizeof words[0]; i++)
        if ((size_t)(end - at) == strlen(words[i]) && strncasecmp(at, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}
