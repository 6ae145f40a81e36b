/* quern/archive.h: chains, prices and earnings kept in a database, with where they came from.
 *
 * Caveats first:
 *  - What is imported is addressed by its content: the same file again, under any name, changes nothing. A newer file
 *    about the same days of prices, or the same reports, wins over an older one; chains are kept a snapshot each.
 *  - A chain lies in blocks, one an expiry, its columns side by side: a scan reads those that it needs.
 *  - Any number of threads may use an archive at once, each call on a connection of its pool; several processes may
 *    have the same one open.
 */
#ifndef QUERN_ARCHIVE_H
#define QUERN_ARCHIVE_H

#include <quern/chain.h>
#include <quern/db.h>
#include <quern/earnings.h>
#include <quern/prices.h>

QN_BEGIN_DECLS

typedef struct qn_archive qn_archive;

/* Opens a database of SQLite, `url` (a path or "sqlite:PATH", borrowed during the call), which is made with its
 * tables where it is not there. Errors: those of quern/db.h and of migrations; QN_DATA (made by a newer version). */
QN_API QN_MUST_USE qn_status qn_archive_open(qn_archive **out, const char *url, const qn_allocator *allocator,
                                             qn_error *err);
QN_API void qn_archive_close(qn_archive *archive); /* NULL is fine */

/* What a file was found to be: X(NAME, value, name). Only ever appended to. */
#define QN_SOURCE_LIST(X)      \
    X(UNKNOWN, 0, "unknown")   \
    X(CHAIN, 1, "chain")       \
    X(PRICES, 2, "prices")     \
    X(EARNINGS, 3, "earnings") \
    X(SECTORS, 4, "sectors")

typedef enum qn_source {
#define QN_SOURCE_ENUMERATOR(name, value, text) QN_SOURCE_##name = value,
    QN_SOURCE_LIST(QN_SOURCE_ENUMERATOR)
#undef QN_SOURCE_ENUMERATOR
} qn_source;

QN_API const char *qn_source_name(qn_source source); /* "chain"; static; "?" for an unknown one */

/* What came of importing a file. */
typedef struct qn_import {
    int64_t size;      /* sizeof(qn_import), set by the caller */
    qn_source source;  /* what kind of file it is */
    bool known;        /* its content was there, whole: nothing was changed */
    int64_t rows;      /* quotes, days, reports or tickers in it */
    int64_t new_rows;  /* of these, that were not there, or differed */
    int64_t tickers;   /* that it tells of */
    char ticker[32];   /* the first one */
    int64_t as_of_us;  /* of chains, the latest */
    int64_t snapshots; /* chains */
} qn_import;

/* How a file is to be read; what concerns another kind of file counts for nothing. Zero or NULL: default. */
typedef struct qn_import_options {
    int64_t size;       /* sizeof(qn_import_options) */
    qn_source source;   /* UNKNOWN: found by its content */
    const char *ticker; /* of a file that does not tell */
    const char *map;    /* which column is what */
    int64_t as_of_us;   /* of a chain */
    double spot;        /* of a chain */
} qn_import_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_import_options_init(qn_import_options *out, int64_t size);

/* Reads the file `path` ("-": standard input; gzip is recognised) and keeps what is in it, all or nothing. A file of
 * chains of several tickers or days is kept as several snapshots; a record (records.h) of a chain, prices or a calendar
 * is a file, too. Of a file that is known, what is damaged in the archive is written anew. Errors: those of the
 * readers, of quern/db.h; QN_DATA (no kind of file that is known, a chain that does not tell its ticker). */
QN_API QN_MUST_USE qn_status qn_archive_import(qn_import *out, qn_archive *archive, const char *path,
                                               const qn_import_options *options, qn_error *err);

/* Which source files there are; tables for people and programs: see docs/scan.md. Errors:
 * those of quern/db.h; QN_DATA (a store that is damaged), QN_NOMEM. So of all that follows. */
QN_API QN_MUST_USE qn_status qn_archive_sources(qn_table **out, qn_archive *archive, qn_error *err);

/* What there is of each ticker. Errors as above. */
QN_API QN_MUST_USE qn_status qn_archive_status(qn_table **out, qn_archive *archive, qn_error *err);

/* A ticker with a chain in the archive, and when that held. */
typedef struct qn_archive_chain {
    const char *ticker;
    int64_t as_of_us; /* when it held */
    int64_t id;       /* of the snapshot */
} qn_archive_chain;

/* All chains of the archive, by ticker, *out (*count), each the newest one not after `as_of_us` (0: the newest).
 * Freed with qn_archive_chain_free. Errors as above. */
QN_API QN_MUST_USE qn_status qn_archive_chains(qn_archive_chain **out, int64_t *count, qn_archive *archive,
                                               int64_t as_of_us, qn_error *err);
QN_API void qn_archive_chain_free(qn_archive_chain *chains); /* NULL is fine */

/* The chain of the snapshot `id`. `around` 0: all expiries; else those that a scan of a report on that day needs, the
 * last `before` expiries that end before it and the first `after` others. Counts of classes are those of the whole
 * chain. Errors as above. */
QN_API QN_MUST_USE qn_status qn_archive_load_chain(qn_chain **out, qn_archive *archive, int64_t id, int32_t around,
                                                   int64_t before, int64_t after, const qn_allocator *allocator,
                                                   qn_error *err);

/* Daily prices of all tickers named, tickers (count; NULL: all there are). Errors as above. */
QN_API QN_MUST_USE qn_status qn_archive_load_prices(qn_prices **out, qn_archive *archive, const char *const *tickers,
                                                    int64_t count, const qn_allocator *allocator, qn_error *err);

/* Reports of all tickers named, tickers (count; NULL: all there are). Errors as above. */
QN_API QN_MUST_USE qn_status qn_archive_load_calendar(qn_calendar **out, qn_archive *archive,
                                                      const char *const *tickers, int64_t count,
                                                      const qn_allocator *allocator, qn_error *err);

/* All sectors. Errors as above. */
QN_API QN_MUST_USE qn_status qn_archive_load_sectors(qn_sectors **out, qn_archive *archive,
                                                     const qn_allocator *allocator, qn_error *err);

QN_END_DECLS
#endif
