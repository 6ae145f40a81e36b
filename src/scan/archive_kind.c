/* scan/archive_kind.c: which kind of file something is: by the names in its header, or the columns that a map names;
 * see archive_int.h. */
#include "base/headings.h"
#include "scan/archive_int.h"
#include "scan/listing.h"

#include <string.h>

/* What the cells of one line, or the words of a map, name. A day of reports is one that prices do not know. */
typedef struct names {
    bool strike, bid, high, close, day, timing, report, eps, sector;
} names;

static bool is_any(const char *plain, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(plain, *words) == 0)
            return true;
    return false;
}

/* Whether readers of that kind take it for the column that maps call `name`. */
static bool is_known(const qni_listing_kind *kind, const char *name, const char *plain)
{
    for (int i = 0; i < kind->count; i++)
        if (strcmp(kind->headings[i].name, name) == 0)
            return qni_heading_rank(&kind->headings[i], plain) >= 0;
    return false;
}

static void note(names *n, const char *text, int64_t size)
{
    static const char *const strikes[] = {"strike", "strikeprice", "stkpx", NULL};
    char plain[QNI_HEADING_SIZE];
    qni_heading_plain(plain, text, size);
    const bool day = is_known(&qni_prices_kind, "day", plain);
    n->day |= day;
    n->strike |= is_any(plain, strikes);
    n->bid |= strcmp(plain, "bid") == 0;
    n->high |= is_known(&qni_prices_kind, "high", plain);
    n->close |= strstr(plain, "close") != NULL || is_known(&qni_prices_kind, "close", plain);
    n->timing |= !day && is_known(&qni_calendar_kind, "timing", plain);
    n->report |= (!day && is_known(&qni_calendar_kind, "day", plain)) || strstr(plain, "earning") != NULL ||
                 strncmp(plain, "report", 6) == 0 || strstr(plain, "fiscal") != NULL || strcmp(plain, "timing") == 0;
    n->eps |= strstr(plain, "eps") != NULL;
    n->sector |= is_known(&qni_sectors_kind, "sector", plain);
}

/* Columns of a bid and without a high are quotes of something, not days. */
static qn_source kind_of(const names *n)
{
    if (n->strike)
        return QN_SOURCE_CHAIN;
    if (n->close && n->day && !n->eps && (n->high || !n->bid))
        return QN_SOURCE_PRICES;
    if (n->report || ((n->eps || n->timing) && n->day))
        return QN_SOURCE_EARNINGS;
    return n->sector ? QN_SOURCE_SECTORS : QN_SOURCE_UNKNOWN;
}

/* "strike=K,bid=Call Bid": what stands before each sign. */
static qn_source kind_by_map(const char *map)
{
    names n = {0};
    for (const char *at = map; at != NULL && *at != '\0';) {
        size_t size = strcspn(at, "=,");
        note(&n, at, (int64_t)size);
        at = strchr(at, ',');
        at = at != NULL ? at + 1 : NULL;
    }
    return kind_of(&n);
}

static void note_line(names *n, const char *line, int64_t size)
{
    const char delimiter = qni_headings_delimiter(line, size);
    for (const char *at = line, *end = line + size; at < end;) {
        const char *stop = memchr(at, delimiter, (size_t)(end - at));
        stop = stop != NULL ? stop : end;
        if (stop == line) /* a first column without a name is of days */
            n->day = true;
        note(n, at, stop - at);
        at = stop + 1;
    }
}

/* By the first line that tells; else by the first three together, which yfinance's header has. */
static qn_source kind_of_lines(const char *at, const char *end)
{
    qn_source kind = QN_SOURCE_UNKNOWN;
    names header = {0};
    for (int line = 0; line < QNI_ARCHIVE_LINES && at < end && kind == QN_SOURCE_UNKNOWN; line++) {
        names n = {0};
        int64_t length = 0;
        while (at + length < end && at[length] != '\n' && at[length] != '\r')
            length++;
        note_line(&n, at, length);
        kind = kind_of(&n);
        if (line < QNI_WIDE_HEADER)
            note_line(&header, at, length);
        at += length + 1;
    }
    return kind != QN_SOURCE_UNKNOWN ? kind : kind_of(&header);
}

qn_source qni_archive_kind(const char *bytes, int64_t size, const char *map)
{
    const int64_t mark = qni_headings_mark_size(bytes, size);
    const qn_source kind = map != NULL ? kind_by_map(map) : QN_SOURCE_UNKNOWN;
    if (kind != QN_SOURCE_UNKNOWN)
        return kind;
    if (qni_headings_is_json(bytes + mark, size - mark))
        return QN_SOURCE_CHAIN;
    return kind_of_lines(bytes + mark, bytes + size);
}
