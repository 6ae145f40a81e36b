/* stream/limits.h: limits of streams, with their reasons. */
#ifndef QNI_STREAM_LIMITS_H
#define QNI_STREAM_LIMITS_H

#include <stdint.h>

enum {
    QNI_STREAM_CAPACITY = 8192,        /* records: ring and a few columns stay in a core's own cache */
    QNI_STREAM_CAPACITY_MAX = 1 << 26, /* 4 GiB of records: more is a file */
    QNI_STREAM_BATCH = 512,       /* records a span: a column of it is 4 KiB, so that a dozen lie in the first cache */
    QNI_STREAM_COLUMNS_MAX = 256, /* a screen of formulas has a tenth */
    QNI_STREAM_STAGES_MAX = 256,
    QNI_FORMULA_FILE_MAX = 1 << 20, /* bytes: as many as one formula may have; more is another kind of file */
    QNI_STREAM_SINKS_MAX = 16,
    QNI_STREAM_THREADS_MAX = 64,
    QNI_SYMBOLS_MAX = 1 << 20,          /* ten times what all exchanges list */
    QNI_INDICATOR_WINDOW_MAX = 1 << 20, /* values: ten times a day of a busy symbol's trades */
    QNI_SYMBOLS_NEAR_MAX = 1024,        /* names among which the nearest to a wrong one is looked for */
    QNI_FEED_WINDOW = 256 << 10, /* bytes of a file at a time: they stay in a core's second cache while they are read */
    QNI_FEED_LINE_MAX = 64 << 10, /* bytes: a record has some hundred; what has more is another kind of file */
    QNI_FEED_COLUMNS_MAX = 1024,  /* of a line: the widest exports of quotes have some hundred */
    QNI_FEED_SHOWN_MAX = 40,      /* bytes of a cell in a message: the sentence must stay one */
    QNI_FEED_DAYS_APART = 7,      /* of a time since 1970 and the trading day beside it: evenings before holidays */
    QNI_SINK_BUFFER =
        256 << 10,              /* bytes of text that are put together: fits a second-level cache; few calls a second */
    QNI_SINK_ROWS = 8192,       /* records that an .npz sink keeps: 64 KiB of a column are read at once at the end */
    QNI_GENERATED_SYMBOLS = 16, /* where nobody said how many: their states lie in a core's first cache */
    QNI_GENERATED_GAP_NS = 1000, /* a busy exchange's feed */
};

/* A day between two records: what is slower is no stream. */
#define QNI_GENERATED_GAP_MAX_NS INT64_C(86400000000000)

enum {
    QNI_GATE_RATE_MAX = 100000, /* orders in a window: each is 8 bytes, for every symbol where the rate is a symbol's */
    /* A position is worth less than 2^104 of 1e-16 (2e15 of money), so that the 2^20 symbols of QNI_SYMBOLS_MAX are
     * worth less than 2^124, and sums and differences of these with as much cash fit into 127 bits. */
    QNI_GATE_VALUE_BITS = 104,
    QNI_GATE_SMALL_BITS = 52, /* of a position and a price: their product is below VALUE_BITS */
    QNI_GATE_CASH_BITS = 124,
};

/* Largest value that indicators take in: sums of QNI_INDICATOR_WINDOW_MAX differences of such values stay finite. */
#define QNI_INDICATOR_VALUE_MAX 0x1p1000

#define QNI_GATE_MONEY_MAX 1e15 /* 1e31 of 1e-16: below 2^104 */
#define QNI_GATE_UNITS_MAX 9e10 /* in 1e-8 below 2^63 */

/* Journals. */
enum {
    QNI_JOURNAL_SEGMENT = 1 << 20,      /* records of a segment, 64 MiB: read whole in some 10 ms after a crash */
    QNI_JOURNAL_SEGMENT_LEAST = 64,     /* a page: less would be mostly head */
    QNI_JOURNAL_SEGMENT_MOST = 1 << 26, /* 4 GiB: what a process may map without a thought */
    QNI_JOURNAL_LOCK_MS = 1000,         /* a segment is locked for as long as it takes to write a head */
    QNI_JOURNAL_TRIES = 10,             /* looks at a folder whose oldest segment goes meanwhile */
    QNI_JOURNAL_KEPT_MAX = 64,          /* segments that stay mapped until they are used again: 4 GiB of addresses */
    QNI_JOURNAL_BLOCK = 4096,           /* records an entry of the index of times: looked through in a moment */
    QNI_JOURNAL_SYMBOLS = 1024,         /* names that the file of symbols has room for at first: 64 KiB */
};

#endif
