/* quern/sinks.h: where a stream's records and columns go: a CSV file, arrays of NumPy, bars, sums, or nowhere.
 *
 * Caveats first:
 *  - Each fills in a qn_stream_sink, which qn_stream_add_sink then takes over. One that is never added is given back by
 *    its `free`.
 *  - A sink belongs to one thread at a time: first the one that makes it, then its stream's.
 *  - Memory is taken when a sink is made and when the stream opens it; while records run none is. Where it does not
 *    fit a budget, that is QN_BUDGET before the first record.
 *  - A file appears under its name when the stream ends, whole: with every record that reached the sink, also where the
 *    stream was stopped or another part of it failed, so that what was computed is not lost. Until then, and where the
 *    file itself cannot be written (the disk is full: QN_IO with its path), what stood there before is untouched. What
 *    is no regular file (a pipe, "-": standard output) is written to as records come.
 *  - Nobody reads the pipe any more: `write` says QN_CLOSED, and the stream goes on without the sink.
 *  - Names of columns that a record's field has already in that file are refused with QN_NAME when the stream begins.
 */
#ifndef QUERN_SINKS_H
#define QUERN_SINKS_H

#include <quern/stream.h>

QN_BEGIN_DECLS

/* 0 is the default of every field. */
typedef struct qn_sink_options {
    int64_t size;               /* of this struct, for later versions */
    const char *const *columns; /* (column_count) columns that are wanted, borrowed until qn_stream_add_sink; NULL: all
                                   that formulas and stages write */
    int64_t column_count;       /* of columns */
    bool no_header;             /* CSV: rows alone, without a first row of names */
    const char *scratch; /* folder of the .npz file's temporary file; NULL: that of the .npz file, and /tmp where that
                            is no regular file */
    const qn_allocator *allocator; /* NULL: the default; borrowed until the sink is freed */
} qn_sink_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_sink_options_init(qn_sink_options *out, int64_t size);

/* Rows of CSV in `path` ("-": standard output): sequence, time, symbol, price, size, bid, ask, side, kind, order, then
 * the columns. Prices and sizes are exact decimals; time is UTC in ISO 8601, such as 2026-02-13T14:30:00.000000001Z,
 * with as many digits of a second as it needs; bid and ask are empty where there is none; side is buy, sell or empty;
 * kind is trade or order; order is empty where a record has no number. Columns are the shortest text that reads back as
 * the same double, NaN an empty cell. Text that a reader could take apart stands in quotes. Read again as the source
 * of a stream, the file gives the same records. `symbols` is borrowed until the sink is freed. Errors:
 * QN_CREATE, QN_PERMISSION, QN_INVALID (the options), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_csv_sink(qn_stream_sink *out, const char *path, const qn_symbols *symbols,
                                         const qn_sink_options *options, qn_error *err);

/* Arrays of one length in the .npz file `path`, as numpy.load opens them: sequence and time_ns (int64, nanoseconds
 * since 1970), symbol (int32), price, size, bid, ask (float64; NaN where there is none), side (int8: 1, -1, 0), kind
 * (uint8, qn_tick_kind), order (int64; 0: none), then the columns (float64); and `symbols`, the names (text), so that
 * symbols[symbol] are those of the records. While records run they are gathered in a file without a name in the
 * target's folder: for a moment at the end the disk holds them twice. No libzip is needed. Quern itself reads back no
 * array of text (quern/npz.h), so not such a file. `symbols` as above. Errors: as above; QN_INVALID also where the
 * machine is big-endian. */
QN_API QN_MUST_USE qn_status qn_npz_sink(qn_stream_sink *out, const char *path, const qn_symbols *symbols,
                                         const qn_sink_options *options, qn_error *err);

/* Bars of `interval_ns` (at least 1) of event time, from multiples of it since 1970, as CSV in `path`: time (the bar's
 * beginning), symbol, open, high, low, close, volume (exact), trades, vwap (empty where the volume is 0). Of records of
 * kind QN_TICK_TRADE whose price is not 0, those alone; intervals without one have no bar. When a record of another
 * interval comes, and at the end, all open bars are written, in the order in which their symbols appeared: rows are in
 * order of time where the records are, and a record that comes late opens a second bar of its interval, which is
 * written as well. Errors as above; QN_INVALID (the interval). Of the options, columns are not looked at. */
QN_API QN_MUST_USE qn_status qn_bars_sink(qn_stream_sink *out, const char *path, const qn_symbols *symbols,
                                          int64_t interval_ns, const qn_sink_options *options, qn_error *err);

/* Counts what comes, in *records, set to 0 now, borrowed until the sink is freed and the stream's alone while it runs.
 * Asks for all columns, so that all are computed. */
QN_API void qn_null_sink(qn_stream_sink *out, int64_t *records);

/* Sums over records and columns, by symbol and over all. Looked at while no stream runs that it is a sink of. */
typedef struct qn_aggregates qn_aggregates;

/* Makes aggregates of as many symbols as `symbols` (borrowed during the call) has room for, some 200 bytes each; for
 * each column 64 bytes a symbol follow when the stream begins. Errors: QN_INVALID (the options), QN_NOMEM, QN_BUDGET.
 */
QN_API QN_MUST_USE qn_status qn_aggregates_new(qn_aggregates **out, const qn_symbols *symbols,
                                               const qn_sink_options *options, qn_error *err);

/* The sink that fills them in; they outlive it. One at a time: what they held is forgotten when its stream begins. */
QN_API void qn_aggregates_sink(qn_stream_sink *out, qn_aggregates *aggregates);

/* What there was of a symbol. Trades are the records of kind QN_TICK_TRADE whose price is not 0. */
typedef struct qn_symbol_aggregate {
    int64_t size;                  /* of this struct: set it before the call */
    int64_t records;               /* all of them */
    int64_t orders;                /* of kind QN_TICK_ORDER */
    int64_t trades;                /* as above */
    int64_t first_time_ns;         /* of the first record that came; 0 where there is none */
    int64_t last_time_ns;          /* of the last */
    double open, high, low, close; /* of trades, in order of coming; NaN where there is none, and over all symbols */
    double volume;                 /* sum of their sizes, exact until it is rounded to the double */
    double turnover;               /* sum of price × size, likewise; NaN beyond 1.7e22 */
    double vwap;                   /* turnover / volume; NaN where the volume is 0, and over all symbols */
    double price_mean;             /* each trade counted once; NaN as vwap */
    double price_sd;               /* of the sample, n - 1; NaN also of one trade */
} qn_symbol_aggregate;

/* `symbol` -1: over all. One of which nothing came has counts of 0. Errors: QN_INVALID (no such symbol). */
QN_API QN_MUST_USE qn_status qn_aggregates_symbol(qn_symbol_aggregate *out, const qn_aggregates *aggregates,
                                                  int32_t symbol, qn_error *err);

/* Columns that were summed up; none before a stream began. `column` counts from 0. Names live as long as the aggregates
 * or until the next. */
QN_API int64_t qn_aggregates_column_count(const qn_aggregates *aggregates);
QN_API const char *qn_aggregates_column_name(const qn_aggregates *aggregates, int64_t column);

/* What a column was. Moments are updated by Welford's method and merged over symbols by that of Chan, Golub and LeVeque
 * (1979): they do not cancel, and are the same however the stream cut its spans. */
typedef struct qn_column_aggregate {
    int64_t size;     /* of this struct: set it before the call */
    int64_t finite;   /* values that count below */
    int64_t nan;      /* no numbers */
    int64_t infinite; /* infinities */
    double min, max;  /* of finite values; NaN where there is none */
    double mean;      /* of finite values; not finite where they lie farther apart than a double reaches */
    double sd;        /* of the sample, n - 1; NaN also of one value, and beyond some 1e154 */
    double last;      /* what came last, NaN and infinities too; NaN where nothing came */
} qn_column_aggregate;

/* `symbol` -1: over all. Errors: QN_INVALID (no such symbol or column). */
QN_API QN_MUST_USE qn_status qn_aggregates_column(qn_column_aggregate *out, const qn_aggregates *aggregates,
                                                  int32_t symbol, int64_t column, qn_error *err);

QN_API void qn_aggregates_free(qn_aggregates *aggregates); /* NULL is fine */

QN_END_DECLS
#endif
