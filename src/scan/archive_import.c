/* scan/archive_import.c: a file on its way in: what it is, whether it is known, and all that is in it or nothing; see
 * archive_int.h. */
#include "array/whole.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "options/chain_make.h"
#include "scan/archive_int.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a file was read into; one of them. */
typedef struct content {
    qn_chain **chains; /* (chain_capacity), chain_count of them there */
    int64_t chain_count, chain_capacity;
    qn_prices *prices;
    qn_calendar *calendar;
    qn_sectors *sectors;
} content;

typedef struct importing {
    qn_archive *archive;
    const char *path, *name; /* as given, and as messages call it */
    qn_import_options options;
    qn_source source;
    qni_whole whole;
    qni_digest digest;
    const char *reading; /* what was said of how to read it */
    int64_t damaged_id;  /* of the same file, of which something is damaged; 0: of none */
    content content;
    qn_import result;
    qn_arena *scratch;
} importing;

/* ---- reading ---- */

/* "" as a rule: the same content read in another way is another source. */
static qn_status describe_reading(importing *i, qn_error *err)
{
    const qn_import_options *o = &i->options;
    const char *ticker = o->ticker != NULL ? o->ticker : "", *map = o->map != NULL ? o->map : "";
    const size_t size = strlen(ticker) + strlen(map) + 128;
    void *block;
    qn_status s = qn_arena_take(&block, i->scratch, (int64_t)size, err);
    if (s != QN_OK)
        return s;
    char *text = block;
    int at = snprintf(text, size, "%s%s%s", o->source != QN_SOURCE_UNKNOWN ? "kind=" : "",
                      o->source != QN_SOURCE_UNKNOWN ? qn_source_name(o->source) : "",
                      o->source != QN_SOURCE_UNKNOWN ? " " : "");
    if (o->ticker != NULL)
        at += snprintf(text + at, size - (size_t)at, "ticker=%s ", ticker);
    if (o->as_of_us != 0)
        at += snprintf(text + at, size - (size_t)at, "as_of_us=%" PRId64 " ", o->as_of_us);
    if (o->spot > 0)
        at += snprintf(text + at, size - (size_t)at, "spot=%.17g ", o->spot);
    if (o->map != NULL)
        (void)snprintf(text + at, size - (size_t)at, "map=%s", map);
    i->reading = text;
    return QN_OK;
}

static void name_first(qn_import *result, const char *ticker)
{
    (void)snprintf(result->ticker, sizeof result->ticker, "%s", ticker);
}

static qn_status check_chain(const importing *i, const qn_chain *chain, qn_error *err)
{
    if (chain->ticker[0] == '\0')
        return qni_error_at(err, QN_DATA, i->name, 0, 0,
                            "it does not tell which underlying these options are on: give its ticker");
    if (strlen(chain->ticker) > QNI_ARCHIVE_TICKER_MOST)
        return qni_error_at(err, QN_DATA, i->name, 0, 0, "\"%.40s\" is too long for a ticker", chain->ticker);
    return QN_OK;
}

static qn_status make_room(content *c, qn_arena *arena, qn_error *err)
{
    const int64_t capacity = 2 * c->chain_capacity + 1;
    void *block;
    qn_status s = QN_OK;
    if (c->chain_count < c->chain_capacity)
        return QN_OK;
    s = qn_arena_take(&block, arena, capacity * (int64_t)sizeof(void *), err);
    if (s != QN_OK)
        return s;
    if (c->chain_count > 0)
        memcpy(block, c->chains, (size_t)c->chain_count * sizeof(void *));
    c->chains = block;
    c->chain_capacity = capacity;
    return QN_OK;
}

static bool is_new_ticker(const content *c, const char *ticker)
{
    for (int64_t i = 0; i < c->chain_count; i++)
        if (strcmp(c->chains[i]->ticker, ticker) == 0)
            return false;
    return true;
}

static qn_status take_chain(void *user, qn_chain *chain, qn_error *err)
{
    importing *i = user;
    qn_import *r = &i->result;
    qn_status s = check_chain(i, chain, err);
    if (s == QN_OK)
        s = make_room(&i->content, i->scratch, err);
    if (s != QN_OK) {
        qn_chain_free(chain);
        return s;
    }
    if (r->snapshots++ == 0)
        name_first(r, chain->ticker);
    r->rows += chain->count;
    r->tickers += is_new_ticker(&i->content, chain->ticker);
    r->as_of_us = chain->as_of_us > r->as_of_us ? chain->as_of_us : r->as_of_us;
    i->content.chains[i->content.chain_count++] = chain;
    return QN_OK;
}

static qn_status read_chains(importing *i, qn_error *err)
{
    qn_chain_options o;
    qn_chain_options_init(&o, (int64_t)sizeof o);
    o.ticker = i->options.ticker;
    o.map = i->options.map;
    o.as_of_us = i->options.as_of_us;
    o.spot = i->options.spot;
    o.allocator = i->archive->allocator;
    return qni_chain_read_each(take_chain, i, i->whole.bytes, i->whole.size, i->name, &o, err);
}

static void count_prices(importing *i)
{
    const qn_prices *prices = i->content.prices;
    i->result.rows = prices->row_count;
    i->result.tickers = prices->ticker_count;
    if (prices->ticker_count > 0)
        name_first(&i->result, prices->tickers[0].ticker);
}

static qn_status read_prices(importing *i, qn_error *err)
{
    qn_prices_options o;
    qn_prices_options_init(&o, (int64_t)sizeof o);
    o.ticker = i->options.ticker;
    o.map = i->options.map;
    o.allocator = i->archive->allocator;
    qn_status s = qn_prices_read_bytes(&i->content.prices, i->whole.bytes, i->whole.size, i->name, &o, err);
    if (s == QN_OK)
        count_prices(i);
    return s;
}

static int64_t count_tickers(const qn_calendar *calendar)
{
    int64_t count = 0;
    for (int64_t i = 0; i < calendar->count; i++)
        count += i == 0 || strcmp(calendar->reports[i].ticker, calendar->reports[i - 1].ticker) != 0;
    return count;
}

static void count_reports(importing *i)
{
    const qn_calendar *calendar = i->content.calendar;
    i->result.rows = calendar->count;
    i->result.tickers = count_tickers(calendar);
    if (calendar->count > 0)
        name_first(&i->result, calendar->reports[0].ticker);
}

static qn_status read_calendar(importing *i, qn_error *err)
{
    qn_calendar_options o;
    qn_calendar_options_init(&o, (int64_t)sizeof o);
    o.ticker = i->options.ticker;
    o.map = i->options.map;
    o.allocator = i->archive->allocator;
    qn_status s = qn_calendar_read_bytes(&i->content.calendar, i->whole.bytes, i->whole.size, i->name, &o, err);
    if (s == QN_OK)
        count_reports(i);
    return s;
}

static qn_status read_sectors(importing *i, qn_error *err)
{
    qn_status s =
        qn_sectors_read_bytes(&i->content.sectors, i->whole.bytes, i->whole.size, i->name, i->archive->allocator, err);
    if (s != QN_OK)
        return s;
    const char *ticker = "", *sector;
    i->result.rows = i->result.tickers = qn_sectors_count(i->content.sectors);
    if (i->result.rows > 0)
        qn_sectors_at(&ticker, &sector, i->content.sectors, 0);
    name_first(&i->result, ticker);
    return QN_OK;
}

/* ---- records ---- */

/* What of a record is kept, made anew: its tickers are written as the readers write them. */
static qn_status take_record(importing *i, const qn_record *record, qn_error *err)
{
    const qn_allocator *allocator = i->archive->allocator;
    qn_chain *chain;
    qn_status s;
    switch (record->kind) {
    case QN_RECORD_CHAIN:
        s = qni_archive_copy_chain(&chain, record->chain, allocator, err);
        i->source = QN_SOURCE_CHAIN;
        return s == QN_OK ? take_chain(i, chain, err) : s;
    case QN_RECORD_PRICES:
        s = qn_prices_from_daily(&i->content.prices, record->prices->tickers, record->prices->ticker_count, allocator,
                                 err);
        i->source = QN_SOURCE_PRICES;
        if (s == QN_OK)
            count_prices(i);
        return s;
    case QN_RECORD_CALENDAR:
        s = qn_calendar_from_reports(&i->content.calendar, record->calendar->reports, record->calendar->count,
                                     allocator, err);
        i->source = QN_SOURCE_EARNINGS;
        if (s == QN_OK)
            count_reports(i);
        return s;
    case QN_RECORD_TRADE:
    case QN_RECORD_HISTORY:
        break;
    }
    return QN_OK; /* which the check refuses */
}

static qn_status read_record(importing *i, qn_error *err)
{
    const qn_source wanted = i->source;
    qn_record *record;
    qn_status s = qn_record_read(&record, i->whole.bytes, i->whole.size, i->name, i->archive->allocator, err);
    if (s != QN_OK)
        return s;
    s = qni_archive_check_record(record, i->name, err);
    if (s == QN_OK)
        s = take_record(i, record, err);
    qn_record_free(record);
    if (s == QN_OK && wanted != QN_SOURCE_UNKNOWN && wanted != i->source)
        s = qni_error_at(err, QN_DATA, i->name, 0, 0, "it is a record of %s, not of %s", qn_source_name(i->source),
                         qn_source_name(wanted));
    i->result.source = i->source;
    return s;
}

static qn_status read_content(importing *i, qn_error *err)
{
    switch (i->source) {
    case QN_SOURCE_CHAIN:
        return read_chains(i, err);
    case QN_SOURCE_PRICES:
        return read_prices(i, err);
    case QN_SOURCE_EARNINGS:
        return read_calendar(i, err);
    case QN_SOURCE_SECTORS:
        return read_sectors(i, err);
    case QN_SOURCE_UNKNOWN:
        break;
    }
    return qni_error_at(err, QN_DATA, i->name, 0, 0,
                        "its header names neither strikes (a chain), a close (prices), a day of earnings, nor sectors: "
                        "say which kind it is, or map its columns");
}

/* ---- known ---- */

static qn_status read_known(int64_t *id, importing *i, qn_rows *rows, qn_error *err)
{
    bool more = false;
    qn_status s = qn_rows_next(&more, rows, err);
    if (s != QN_OK || !more)
        return s;
    *id = qn_rows_value(rows, 6).i64;
    qn_import *out = &i->result;
    const qn_value ticker = qn_rows_value(rows, 3), kind = qn_rows_value(rows, 5);
    out->known = true;
    out->rows = qn_rows_value(rows, 0).i64;
    out->snapshots = qn_rows_value(rows, 1).i64;
    out->tickers = qn_rows_value(rows, 2).i64;
    name_first(out, ticker.bytes != NULL ? ticker.bytes : "");
    out->as_of_us = qn_rows_value(rows, 4).i64;
    for (int k = QN_SOURCE_CHAIN; k <= QN_SOURCE_SECTORS; k++)
        if (kind.bytes != NULL && strcmp(kind.bytes, qn_source_name((qn_source)k)) == 0)
            out->source = (qn_source)k;
    return QN_OK;
}

/* A file of which something is damaged is as good as not known. */
static qn_status find_known(void *user, qn_db *db, qn_error *err)
{
    static const char sql[] = "SELECT row_count, snapshot_count, ticker_count, ticker, as_of_us, kind, id FROM source "
                              "WHERE digest = $1 AND reading = $2";
    importing *i = user;
    const qn_value key[] = {qn_value_bytes(i->digest.bytes, (int64_t)sizeof i->digest.bytes),
                            qn_value_text(i->reading, -1)};
    const qn_import before = i->result;
    bool whole = true;
    int64_t id = 0;
    qn_rows *rows;
    qn_status s = qn_db_query(&rows, db, sql, key, 2, err);
    if (s != QN_OK)
        return s;
    s = read_known(&id, i, rows, err);
    qn_rows_close(rows);
    if (s == QN_OK && id != 0)
        s = qni_archive_is_whole(&whole, db, id, err);
    i->damaged_id = whole ? 0 : id;
    if (!whole)
        i->result = before;
    return s;
}

/* ---- keeping ---- */

static qn_status put_source(int64_t *id, const importing *i, qn_db *db, qn_error *err)
{
    static const char sql[] =
        "INSERT INTO source (digest, reading, kind, path, size, imported_at_us, row_count, snapshot_count, "
        "ticker_count, ticker, as_of_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    const qn_import *r = &i->result;
    const qn_value params[] = {qn_value_bytes(i->digest.bytes, (int64_t)sizeof i->digest.bytes),
                               qn_value_text(i->reading, -1),
                               qn_value_text(qn_source_name(r->source), -1),
                               qn_value_text(i->path, -1),
                               qn_value_i64(i->whole.size),
                               qn_value_i64(qni_clock_wall_ns() / 1000),
                               qn_value_i64(r->rows),
                               qn_value_i64(r->snapshots),
                               qn_value_i64(r->tickers),
                               qn_value_text(r->ticker, -1),
                               qn_value_i64(r->as_of_us)};
    qn_status s = qn_db_execute(NULL, db, sql, params, sizeof params / sizeof params[0], err);
    return s == QN_OK ? qni_archive_ask(id, db, "SELECT last_insert_rowid()", NULL, 0, err) : s;
}

/* In a transaction: another process may have kept the same file meanwhile. */
static qn_status keep(void *user, qn_db *db, qn_error *err)
{
    importing *i = user;
    qni_intake in = {.db = db, .scratch = i->scratch, .result = &i->result};
    qn_status s = find_known(i, db, err);
    if (s != QN_OK || i->result.known)
        return s;
    in.source_id = i->damaged_id;
    in.repair = i->damaged_id != 0;
    if (!in.repair)
        s = put_source(&in.source_id, i, db, err);
    for (int64_t k = 0; k < i->content.chain_count && s == QN_OK; k++)
        s = qni_archive_put_chain(&in, i->content.chains[k], err);
    if (s == QN_OK && i->content.prices != NULL)
        s = qni_archive_put_prices(&in, i->content.prices, err);
    if (s == QN_OK && i->content.calendar != NULL)
        s = qni_archive_put_calendar(&in, i->content.calendar, err);
    if (s == QN_OK && i->content.sectors != NULL)
        s = qni_archive_put_sectors(&in, i->content.sectors, err);
    return s;
}

static qn_status write_content(importing *i, qn_error *err)
{
    qn_db *db;
    qn_status s = qn_dbpool_take(&db, i->archive->pool, "importing a file", err);
    if (s != QN_OK)
        return s;
    s = qn_db_transact(db, QN_DB_WRITE, keep, i, err);
    qn_dbpool_give(i->archive->pool, db);
    return s;
}

static qn_status import(importing *i, qn_error *err)
{
    qn_status s = qni_whole_file(&i->whole, i->path, QNI_ARCHIVE_BYTES_MOST, i->archive->allocator, err);
    if (s == QN_OK)
        s = describe_reading(i, err);
    if (s != QN_OK)
        return s;
    i->digest = qni_digest_of(i->whole.bytes, i->whole.size);
    s = qni_archive_look(i->archive, "importing a file", find_known, i, err);
    if (s != QN_OK || i->result.known)
        return s;
    i->source = i->options.source;
    if (qni_archive_is_record(i->whole.bytes, i->whole.size)) {
        s = read_record(i, err);
        return s == QN_OK ? write_content(i, err) : s;
    }
    i->source = i->options.source != QN_SOURCE_UNKNOWN
                    ? i->options.source
                    : qni_archive_kind(i->whole.bytes, i->whole.size, i->options.map);
    i->result.source = i->source;
    s = read_content(i, err);
    return s == QN_OK ? write_content(i, err) : s;
}

qn_status qn_archive_import(qn_import *out, qn_archive *archive, const char *path, const qn_import_options *options,
                            qn_error *err)
{
    importing i = {.archive = archive, .path = path, .name = qni_file_name(path)};
    qn_status s = qni_options_copy(&i.options, (int64_t)sizeof i.options, options, "qn_import_options", err);
    if (s == QN_OK && !(i.options.spot >= 0 && !isinf(i.options.spot)))
        s = qni_error(err, QN_INVALID, "spot is %g: a price above 0, or 0 where it is not known", i.options.spot);
    if (s == QN_OK)
        s = qn_arena_new(&i.scratch, archive->allocator, 0, err);
    if (s == QN_OK)
        s = import(&i, err);
    if (s == QN_OK)
        qni_stats_copy(out, &i.result, (int64_t)sizeof i.result);
    for (int64_t k = 0; k < i.content.chain_count; k++)
        qn_chain_free(i.content.chains[k]);
    qn_prices_free(i.content.prices);
    qn_calendar_free(i.content.calendar);
    qn_sectors_free(i.content.sectors);
    qni_whole_free(&i.whole, archive->allocator);
    qn_arena_free(i.scratch);
    return s;
}
