/* scan/archive_record.c: records of Quern's own (records.h) on their way in; see archive_int.h. */
#include "base/error.h"
#include "base/time.h"
#include "mem/notes.h"
#include "options/chain_make.h"
#include "scan/archive_int.h"

#include <math.h>
#include <string.h>

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && strchr(" \t\r\n", *at) != NULL && *at != '\0')
        at++;
    return at;
}

/* Whether `text` stands at `at`; *after: what comes behind it and blanks. */
static bool stands(const char **after, const char *at, const char *end, const char *text)
{
    const int64_t size = (int64_t)strlen(text);
    const bool found = end - at >= size && memcmp(at, text, (size_t)size) == 0;
    *after = found ? skip_blanks(at + size, end) : at;
    return found;
}

bool qni_archive_is_record(const char *bytes, int64_t size)
{
    const char *end = bytes + size, *at = skip_blanks(bytes, end);
    if (at == end || *at != '{')
        return false;
    for (; (at = memchr(at, '"', (size_t)(end - at))) != NULL; at++) {
        const char *colon, *value, *behind;
        if (stands(&colon, at, end, "\"schema\"") && stands(&value, colon, end, ":") &&
            stands(&behind, value, end, "\"quern."))
            return true;
    }
    return false;
}

/* What a record need not tell rightly, and the store counts on. */
static qn_status check_chain(const qn_chain *chain, const char *file, qn_error *err)
{
    char text[QNI_TIME_TEXT_SIZE], plain[16];
    if (qn_ticker_plain(plain, chain->ticker) >= (int)sizeof plain)
        return qni_error_at(err, QN_DATA, file, 0, 0, "\"%.40s\" is too long for a ticker", chain->ticker);
    if (chain->count == 0)
        return qni_error_at(err, QN_DATA, file, 0, 0, "there is no quote");
    if (qni_timestamp_text(text, chain->as_of_us, ' ') == 0)
        return qni_error_at(err, QN_DATA, file, 0, 0, "\"as_of_us\" lies outside the years 1 to 9999");
    if (qni_date_text(text, chain->quotes[0].expiry) == 0 ||
        qni_date_text(text, chain->quotes[chain->count - 1].expiry) == 0)
        return qni_error_at(err, QN_DATA, file, 0, 0, "an expiry lies outside the years 1 to 9999");
    return QN_OK;
}

static bool is_day(int64_t day)
{
    char text[QNI_TIME_TEXT_SIZE];
    return qni_date_text(text, day) > 0;
}

static bool are_days(const qn_record *record)
{
    for (int64_t i = 0; record->prices != NULL && i < record->prices->ticker_count; i++) {
        const qn_daily *d = &record->prices->tickers[i]; /* whose days ascend */
        if (d->count > 0 && (!is_day(d->days[0]) || !is_day(d->days[d->count - 1])))
            return false;
    }
    for (int64_t i = 0; record->calendar != NULL && i < record->calendar->count; i++) {
        const qn_earnings *e = &record->calendar->reports[i];
        if (!is_day(e->day) || (e->fiscal_end != INT32_MIN && !is_day(e->fiscal_end)))
            return false;
    }
    return true;
}

qn_status qni_archive_check_record(const qn_record *record, const char *file, qn_error *err)
{
    if (record->trade != NULL || record->history != NULL)
        return qni_error_at(err, QN_DATA, file, 0, 0, "the store keeps chains, prices and calendars, no other records");
    if (record->chain != NULL)
        return check_chain(record->chain, file, err);
    if (record->prices != NULL ? record->prices->row_count == 0 : record->calendar->count == 0)
        return qni_error_at(err, QN_DATA, file, 0, 0, "there is nothing in it");
    return are_days(record) ? QN_OK
                            : qni_error_at(err, QN_DATA, file, 0, 0, "a day in it lies outside the years 1 to 9999");
}

static qn_status copy_texts(qn_chain *to, const qn_chain *from, qn_arena *arena, qn_error *err)
{
    char plain[16];
    void *block;
    (void)qn_ticker_plain(plain, from->ticker);
    qn_status s = qni_arena_text(&to->ticker, arena, plain, -1, err);
    if (s == QN_OK)
        s = qni_arena_text(&to->format, arena, from->format, -1, err);
    if (s == QN_OK)
        s = qni_arena_text(&to->source, arena, from->source, -1, err);
    if (s == QN_OK)
        s = qn_arena_take(&block, arena, from->warning_count * (int64_t)sizeof(char *), err);
    if (s != QN_OK)
        return s;
    const char **warnings = block;
    for (int64_t i = 0; i < from->warning_count && s == QN_OK; i++)
        s = qni_arena_text(&warnings[i], arena, from->warnings[i], -1, err);
    to->warnings = warnings;
    to->warning_count = from->warning_count;
    return s;
}

qn_status qni_archive_copy_chain(qn_chain **out, const qn_chain *chain, const qn_allocator *allocator, qn_error *err)
{
    qn_quote *quotes;
    qn_arena *arena;
    *out = NULL;
    qn_status s = qni_chain_make(out, &quotes, &arena, chain->count, allocator, err);
    if (s != QN_OK)
        return s;
    memcpy(quotes, chain->quotes, (size_t)chain->count * sizeof *quotes);
    (*out)->as_of_us = chain->as_of_us;
    (*out)->as_of_inferred = chain->as_of_inferred;
    (*out)->spot = chain->spot;
    memcpy((*out)->classes, chain->classes, sizeof chain->classes);
    s = copy_texts(*out, chain, arena, err);
    if (s != QN_OK) {
        qn_chain_free(*out);
        *out = NULL;
    }
    return s;
}
