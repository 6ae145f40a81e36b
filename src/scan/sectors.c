/* scan/sectors.c: which sector each ticker belongs to; see earnings.h. All lies in one arena. */
#include <quern/earnings.h>

#include "base/error.h"
#include "mem/notes.h"
#include "options/chain_text.h"
#include "scan/listing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICKER,
    SECTOR,
    COLUMN_COUNT
};

static const qni_heading headings[COLUMN_COUNT] = {
    {.name = "ticker", .known = "ticker symbol code actsymbol tic sym instrument"},
    {.name = "sector", .known = "sector gicssector sectorname gsector icbsector industrygroup industry group"},
};

static const qni_listing_column columns[COLUMN_COUNT] = {
    {.needed = "call one \"ticker\""},
    {.needed = "call one \"sector\""},
};

const qni_listing_kind qni_sectors_kind = {
    .what = "sectors", .headings = headings, .columns = columns, .count = COLUMN_COUNT, .ticker = TICKER};

struct qn_sectors {
    qn_arena *arena;
    const char **tickers, **sectors; /* (count), by ticker */
    int64_t count;
};

void qn_sectors_free(qn_sectors *sectors)
{
    if (sectors != NULL)
        qn_arena_free(sectors->arena); /* it lies there itself */
}

static qn_status make(qn_sectors **out, int64_t count, const qn_allocator *allocator, qn_error *err)
{
    qn_arena *arena;
    void *block, *tickers, *sectors;
    *out = NULL;
    qn_status s = qn_arena_new(&arena, allocator, 0, err);
    if (s != QN_OK)
        return s;
    s = qn_arena_take(&block, arena, (int64_t)sizeof **out, err);
    if (s == QN_OK)
        s = qn_arena_take(&tickers, arena, count * (int64_t)sizeof(char *), err);
    if (s == QN_OK)
        s = qn_arena_take(&sectors, arena, count * (int64_t)sizeof(char *), err);
    if (s != QN_OK) {
        qn_arena_free(arena);
        return s;
    }
    *out = block;
    **out = (qn_sectors){.arena = arena, .tickers = tickers, .sectors = sectors, .count = count};
    return QN_OK;
}

/* Which row told each ticker's sector; in the listing's arena. */
static qn_status find_rows(int64_t **out, const qni_listing *listing, qn_error *err)
{
    void *block;
    qn_status s = qn_arena_take(&block, listing->arena, listing->ticker_count * (int64_t)sizeof **out, err);
    if (s != QN_OK)
        return s;
    int64_t *rows = *out = block;
    for (int64_t i = 0; i < listing->ticker_count; i++)
        rows[i] = -1;
    for (int64_t row = 0; row < listing->row_count; row++) {
        int32_t ticker, code = qni_listing_code(listing, SECTOR, row);
        s = qni_listing_ticker(&ticker, listing, row, err);
        if (s != QN_OK)
            return s;
        if (code < 0)
            continue; /* not told */
        if (rows[ticker] >= 0 && qni_listing_code(listing, SECTOR, rows[ticker]) != code)
            return qni_error_at(err, QN_DATA, listing->file, qni_listing_line(listing, row), 0,
                                "%s is of \"%.40s\" here, but of \"%.40s\" in line %" PRId64, listing->tickers[ticker],
                                qn_table_string(listing->table, listing->column[SECTOR], code),
                                qn_table_string(listing->table, listing->column[SECTOR],
                                                qni_listing_code(listing, SECTOR, rows[ticker])),
                                qni_listing_line(listing, rows[ticker]));
        if (rows[ticker] < 0)
            rows[ticker] = row;
    }
    return QN_OK;
}

static qn_status take_texts(qn_sectors *to, const qni_listing *listing, const int64_t *rows, qn_error *err)
{
    const int64_t at = listing->column[SECTOR], count = qn_table_string_count(listing->table, at);
    void *block;
    qn_status s = qn_arena_take(&block, to->arena, count * (int64_t)sizeof(char *), err);
    if (s != QN_OK)
        return s;
    const char **names = block;
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        s = qni_arena_text(&names[i], to->arena, qn_table_string(listing->table, at, i), -1, err);
    for (int64_t i = 0; i < to->count && s == QN_OK; i++) {
        s = qni_arena_text(&to->tickers[i], to->arena, listing->tickers[i], -1, err);
        to->sectors[i] = rows[i] >= 0 ? names[qni_listing_code(listing, SECTOR, rows[i])] : "";
    }
    return s;
}

static qn_status read_source(qn_sectors **out, const qni_listing_source *source, qn_error *err)
{
    qni_listing listing;
    qn_sectors *sectors = NULL;
    int64_t *rows = NULL;
    *out = NULL;
    qn_status s = qni_listing_open(&listing, &qni_sectors_kind, source, err);
    if (s == QN_OK)
        s = find_rows(&rows, &listing, err);
    if (s == QN_OK)
        s = make(&sectors, listing.ticker_count, source->allocator, err);
    if (s == QN_OK)
        s = take_texts(sectors, &listing, rows, err);
    qni_listing_close(&listing);
    if (s != QN_OK) {
        qn_sectors_free(sectors);
        return s;
    }
    *out = sectors;
    return QN_OK;
}

qn_status qn_sectors_read(qn_sectors **out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    return read_source(out, &(qni_listing_source){.path = path, .allocator = allocator}, err);
}

qn_status qn_sectors_read_bytes(qn_sectors **out, const char *bytes, int64_t size, const char *name,
                                const qn_allocator *allocator, qn_error *err)
{
    return read_source(out, &(qni_listing_source){.bytes = bytes, .size = size, .name = name, .allocator = allocator},
                       err);
}

const char *qn_sectors_find(const qn_sectors *sectors, const char *ticker)
{
    char plain[16];
    if (qn_ticker_plain(plain, ticker) >= (int)sizeof plain)
        return "";
    int64_t low = 0, high = sectors->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = strcmp(sectors->tickers[middle], plain);
        if (order == 0)
            return sectors->sectors[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return "";
}

int64_t qn_sectors_count(const qn_sectors *sectors)
{
    return sectors->count;
}

void qn_sectors_at(const char **ticker, const char **sector, const qn_sectors *sectors, int64_t index)
{
    *ticker = sectors->tickers[index];
    *sector = sectors->sectors[index];
}

/* ---- of a program's own ---- */

typedef struct pair {
    const char *ticker, *sector;
} pair;

static int by_ticker(const void *a, const void *b)
{
    return strcmp(((const pair *)a)->ticker, ((const pair *)b)->ticker);
}

static qn_status take_pairs(qn_sectors *to, const char *const *tickers, const char *const *sectors, qn_error *err)
{
    void *block;
    qn_status s = qn_arena_take(&block, to->arena, to->count * (int64_t)sizeof(pair), err);
    if (s != QN_OK)
        return s;
    pair *pairs = block;
    for (int64_t i = 0; i < to->count && s == QN_OK; i++) {
        char plain[16];
        if (qn_ticker_plain(plain, tickers[i]) >= (int)sizeof plain)
            return qni_error(err, QN_INVALID, "\"%.40s\" is no ticker", tickers[i]);
        s = qni_arena_text(&pairs[i].ticker, to->arena, plain, -1, err);
        if (s == QN_OK)
            s = qni_arena_text(&pairs[i].sector, to->arena, sectors[i], -1, err);
    }
    if (s != QN_OK)
        return s;
    qsort(pairs, (size_t)to->count, sizeof *pairs, by_ticker);
    for (int64_t i = 0; i < to->count; i++) {
        if (i > 0 && by_ticker(&pairs[i - 1], &pairs[i]) == 0)
            return qni_error(err, QN_INVALID, "%s is there twice", pairs[i].ticker);
        to->tickers[i] = pairs[i].ticker;
        to->sectors[i] = pairs[i].sector;
    }
    return QN_OK;
}

qn_status qn_sectors_from_names(qn_sectors **out, const char *const *tickers, const char *const *sectors, int64_t count,
                                const qn_allocator *allocator, qn_error *err)
{
    qn_sectors *made;
    *out = NULL;
    if (count < 0 || (count > 0 && (tickers == NULL || sectors == NULL)))
        return qni_error(err, QN_INVALID, "there cannot be %" PRId64 " tickers where none are given", count);
    qn_status s = make(&made, count, allocator, err);
    if (s != QN_OK)
        return s;
    s = take_pairs(made, tickers, sectors, err);
    if (s != QN_OK) {
        qn_sectors_free(made);
        return s;
    }
    *out = made;
    return QN_OK;
}
