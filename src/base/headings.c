/* base/headings.c: see headings.h. */
#include "base/headings.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/nearest.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Whether this is "<TICKER>,": Stooq puts names of columns in angles. */
static bool is_column_in_angles(const char *bytes, int64_t size)
{
    const char *end = memchr(bytes, '>', (size_t)(size < QNI_HEADING_SIZE ? size : QNI_HEADING_SIZE));
    return end != NULL && end + 1 < bytes + size && strchr(",;\t|", end[1]) != NULL && end[1] != '\0';
}

/* How many of `size` bytes are of one line and are shown. */
static int shown(const char *bytes, int64_t size)
{
    int count = 0;
    while (count < size && count < QNI_HEADING_SHOWN && bytes[count] != '\n' && bytes[count] != '\r')
        count++;
    return count;
}

int64_t qni_headings_mark_size(const char *bytes, int64_t size)
{
    return size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* The first byte that is no blank. */
static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p;
}

bool qni_headings_is_json(const char *bytes, int64_t size)
{
    const char *end = bytes + size, *p = skip_blanks(bytes, end);
    if (p == end || *p != '[')
        return p < end && *p == '{';
    p = skip_blanks(p + 1, end);
    return p < end && (*p == '{' || *p == '[');
}

qn_status qni_headings_check_text(const char *bytes, int64_t size, const char *what, const char *file, qn_error *err)
{
    const char *end = bytes + size, *p = skip_blanks(bytes, end);
    if (p == end)
        return qni_error_at(err, QN_DATA, file, 0, 0, "the file is empty");
    if (*p == '<' && !is_column_in_angles(p, end - p))
        return qni_error_at(err, QN_DATA, file, 1, 0,
                            "this is a web page, not a table of %s: look at what was downloaded", what);
    if (qni_headings_is_json(p, end - p))
        return qni_error_at(err, QN_DATA, file, 1, 0, "this is JSON, not a table of %s: %.*s", what, shown(p, end - p),
                            p);
    return QN_OK;
}

char qni_headings_delimiter(const char *line, int64_t size)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    int64_t counts[sizeof candidates] = {0};
    bool quoted = false;
    for (int64_t i = 0; i < size; i++) {
        quoted ^= line[i] == '"';
        for (size_t j = 0; j < sizeof candidates && !quoted; j++)
            counts[j] += line[i] == candidates[j];
    }
    size_t best = 0;
    for (size_t j = 1; j < sizeof candidates; j++)
        best = counts[j] > counts[best] ? j : best;
    return counts[best] > 0 ? candidates[best] : ' ';
}

void qni_heading_plain(char out[QNI_HEADING_SIZE], const char *text, int64_t size)
{
    int count = 0;
    for (int64_t i = 0; i < size; i++) {
        bool letter = (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z';
        if (!letter && !(text[i] >= '0' && text[i] <= '9'))
            continue;
        if (count == QNI_HEADING_SIZE - 1) {
            count = 0;
            break;
        }
        out[count++] = (char)(text[i] | 0x20); /* digits have that bit */
    }
    out[count] = '\0';
}

/* The place of a word (size) in a list of words; -1: it is not there. */
static int find_word(const char *list, const char *word, size_t size)
{
    int index = 0;
    for (const char *p = list; *p != '\0' && size > 0; index++) {
        size_t length = strcspn(p, " ");
        if (length == size && memcmp(p, word, size) == 0)
            return index;
        p += length;
        p += *p == ' ';
    }
    return -1;
}

int qni_heading_rank(const qni_heading *heading, const char *plain)
{
    size_t size = strlen(plain);
    if (heading->name == NULL)
        return -1;
    if (heading->affixes == NULL)
        return find_word(heading->known, plain, size);
    if (heading->alone != NULL && strcmp(plain, heading->alone) == 0)
        return 0;
    for (const char *p = heading->affixes; *p != '\0';) {
        size_t length = strcspn(p, " ");
        int rank = -1;
        if (size > length && memcmp(plain, p, length) == 0)
            rank = find_word(heading->known, plain + length, size - length);
        if (rank < 0 && size > length && length > 1 && memcmp(plain + size - length, p, length) == 0)
            rank = find_word(heading->known, plain, size - length);
        if (rank >= 0)
            return rank;
        p += length;
        p += *p == ' ';
    }
    return -1;
}

static bool is_taken(const qni_heading_search *s, int64_t column)
{
    for (int h = 0; h < s->heading_count; h++) {
        if (s->columns[h] == column)
            return true;
    }
    return false;
}

static qn_status find_best(const qni_heading_search *s, int heading, qn_error *err)
{
    const qni_heading *wanted = &s->headings[heading];
    int best = INT_MAX;
    bool twice = false;
    int64_t first = -1;
    for (int64_t i = 0; i < s->name_count; i++) {
        char plain[QNI_HEADING_SIZE];
        qni_heading_plain(plain, s->names[i], (int64_t)strlen(s->names[i]));
        int rank = qni_heading_rank(wanted, plain);
        if (rank < 0 || rank > best || is_taken(s, i))
            continue;
        twice = rank == best;
        if (!twice)
            first = i;
        best = rank;
    }
    if (twice)
        return qni_error_at(err, QN_DATA, s->file, 0, 0,
                            "more than one column may be the %s, \"%s\" is one: say which with a map, %s=NAME",
                            wanted->name, s->names[first], wanted->name);
    s->columns[heading] = first;
    return QN_OK;
}

static int find_heading(const qni_heading_search *s, const char *name)
{
    for (int h = 0; h < s->heading_count; h++) {
        if (s->headings[h].name != NULL && strcmp(s->headings[h].name, name) == 0)
            return h;
    }
    return -1;
}

static qn_status unknown_heading(const qni_heading_search *s, const char *name, qn_error *err)
{
    char list[QNI_HEADING_LIST] = "";
    size_t at = 0;
    for (int h = 0; h < s->heading_count && at < sizeof list; h++) {
        if (s->headings[h].name != NULL && s->headings[h].affixes == NULL)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at > 0 ? ", " : "", s->headings[h].name);
    }
    return qni_error(err, QN_NAME, "map: \"%s\" is none of %s%s", name, list, s->advice);
}

/* One "bid=Best Bid" of the map; "bid=" leaves it out. */
static qn_status take_item(const qni_heading_search *s, const char *item, size_t size, qn_error *err)
{
    char text[QNI_HEADING_ITEM];
    if (size >= sizeof text)
        return qni_error(err, QN_NAME, "map: an item is longer than %d bytes", QNI_HEADING_ITEM - 1);
    memcpy(text, item, size);
    text[size] = '\0';
    char *value = strchr(text, '=');
    if (value == NULL)
        return qni_error(err, QN_NAME, "map: \"%s\" is not WHAT=COLUMN", text);
    *value++ = '\0';
    int heading = find_heading(s, text);
    if (heading < 0)
        return unknown_heading(s, text, err);
    if (s->mapped[heading])
        return qni_error(err, QN_NAME, "map: \"%s\" is given twice", text);
    s->mapped[heading] = true;
    if (*value == '\0')
        return QN_OK;
    for (int64_t i = 0; i < s->name_count; i++) {
        if (strcmp(s->names[i], value) == 0) {
            s->columns[heading] = i;
            return QN_OK;
        }
    }
    int64_t nearest = qni_nearest(value, s->names, s->name_count);
    return qni_error_at(err, QN_NAME, s->file, 0, 0, "map: there is no column \"%s\"%s%s%s", value,
                        nearest >= 0 ? ": did you mean \"" : "", nearest >= 0 ? s->names[nearest] : "",
                        nearest >= 0 ? "\"?" : "");
}

static qn_status take_map(const qni_heading_search *s, const char *map, qn_error *err)
{
    for (const char *p = map; *p != '\0';) {
        p += strspn(p, " ");
        size_t size = strcspn(p, ","), trimmed = size;
        while (trimmed > 0 && p[trimmed - 1] == ' ')
            trimmed--;
        qn_status status = take_item(s, p, trimmed, err);
        if (status != QN_OK)
            return status;
        p += size;
        p += *p == ',';
    }
    return QN_OK;
}

qn_status qni_headings_find(const qni_heading_search *s, const char *map, qn_error *err)
{
    for (int h = 0; h < s->heading_count; h++) {
        s->columns[h] = -1;
        s->mapped[h] = false;
    }
    qn_status status = map != NULL ? take_map(s, map, err) : QN_OK;
    for (int h = s->heading_count - 1; h >= 0 && status == QN_OK; h--) {
        if (!s->mapped[h])
            status = find_best(s, h, err);
    }
    return status;
}

qn_status qni_headings_missing(const qni_heading_search *s, const char *what, const char *advice, qn_error *err)
{
    char list[QNI_HEADING_LIST] = "";
    size_t at = 0;
    for (int64_t i = 0; i < s->name_count && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? ", " : "", s->names[i]);
    return qni_error_at(err, QN_DATA, s->file, 0, 0, "no column is the %s (there are: %s%s): %s", what, list,
                        at >= sizeof list ? "..." : "", advice);
}
