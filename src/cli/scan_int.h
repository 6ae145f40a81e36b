/* cli/scan_int.h: what the files of `quern scan` and `quern explain` share.
 *
 *   files, store ──scan_load.c──► what is known of each ticker ──verb_scan.c──► a scan
 *     ──scan_text.c, scan_explain.c, scan_json.c, scan_csv.c, scan_html.c──► what a person or a program reads
 *
 * What a job gathers lies in its arena. One thread, but for the reading of chains and the scan itself. */
#ifndef QNI_CLI_SCAN_INT_H
#define QNI_CLI_SCAN_INT_H

#include "cli/command.h"

#include <quern/archive.h>
#include <quern/arena.h>
#include <quern/scan.h>

/* The options of both verbs, in the order of help. */
enum {
    SCAN_CHAINS,
    SCAN_EARNINGS,
    SCAN_EVENT,
    SCAN_PRICES,
    SCAN_SECTORS,
    SCAN_STORE,
    SCAN_TICKERS,
    SCAN_AS_OF,
    SCAN_RATE,
    SCAN_CLOCK,
    SCAN_TIERS,
    SCAN_REFERENCE,
#define QNI_SCAN_ENUMERATOR(field, name, otherwise, least, most, heading, help) SCAN_SETTING_##field,
    QN_SCAN_SETTING_LIST(QNI_SCAN_ENUMERATOR)
#undef QNI_SCAN_ENUMERATOR
    SCAN_FORMAT,
    SCAN_REPORT,
    SCAN_OPTION_COUNT
};

enum {
    SCAN_FORMAT_TEXT,
    SCAN_FORMAT_JSON,
    SCAN_FORMAT_CSV
}; /* in the order of the choices */

/* Texts, in the job's arena. */
typedef struct scan_words {
    const char **words; /* (count) */
    int64_t count, capacity;
} scan_words;

/* A chain read from a file, or why it was not. */
typedef struct scan_file {
    const char *path, *ticker; /* ticker NULL: as the file tells */
    qn_chain *chain;           /* NULL: see error */
    qn_error error;
} scan_file;

typedef struct scan_job {
    qni_run *run;
    const qni_args *args;
    const qni_option *options; /* SCAN_OPTION_COUNT of them, the verb's */
    const qn_allocator *allocator;
    qn_arena *arena;
    scan_words shown; /* quern explain: what is shown; none: all */

    scan_words tickers; /* that are asked for; none: all */
    int64_t as_of_us;   /* 0: as each chain tells */
    scan_file *files;   /* (file_count) */
    int64_t file_count;
    qn_archive *store; /* NULL: none */
    qn_archive_chain *stored;
    int64_t stored_count;
    qn_prices **prices; /* (price_count) one a file; or the store's */
    int64_t price_count;
    qn_calendar **calendars; /* (calendar_count) likewise */
    int64_t calendar_count;
    qn_sectors *sectors;
    qn_earnings *events; /* (event_count) of --event */
    int64_t event_count;

    qn_scan_settings settings;
    qn_reference reference; /* count 0: the default one */
    qn_scan_input *inputs;  /* (input_count) */
    int64_t input_count, input_capacity;
    double read_seconds; /* of reading, by the clock on the wall */
    qn_scan *scan;
} scan_job;

/* scan_words.c: those of a list of tickers as they are written in files. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_scan_tickers(scan_words *out, const scan_job *job, const char *const *names, int64_t count,
                                       qn_error *err);

/* scan_words.c: the items of a list, separated by commas; a word more; whether it is one of them. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_scan_words(scan_words *out, const scan_job *job, const qni_option *list, qn_error *err);
QN_MUST_USE qn_status qni_scan_word(scan_words *words, qn_arena *arena, const char *text, int64_t size, qn_error *err);
bool qni_scan_has(const scan_words *words, const char *text);

/* scan_load.c: reads all that is asked for, and makes the inputs. Errors: QN_INVALID (the command line), those of the
 * readers for prices, calendars and sectors; a chain that cannot be read becomes a ticker that is rejected. */
QN_MUST_USE qn_status qni_scan_load(scan_job *job, qn_error *err);
void qni_scan_unload(scan_job *job);

/* scan_merge.c: what several files tell of one ticker becomes one. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_scan_merge_prices(scan_job *job, qn_error *err);
QN_MUST_USE qn_status qni_scan_merge_calendars(scan_job *job, qn_error *err);

/* scan_settings.c: thresholds, reference distribution and events of the command line. Errors: QN_INVALID, QN_NOMEM;
 * those of reading the reference. */
QN_MUST_USE qn_status qni_scan_read_settings(scan_job *job, qn_error *err);
const char *qni_scan_event_refuse(const char *text);

/* scan_words.c: whether a ticker is shown. */
bool qni_scan_is_shown(const scan_job *job, const char *ticker);

/* To standard output. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_scan_show_text(const scan_job *job, qn_error *err);
QN_MUST_USE qn_status qni_scan_show_explanation(const scan_job *job, qn_error *err);
QN_MUST_USE qn_status qni_scan_show_json(const scan_job *job, qn_error *err);
QN_MUST_USE qn_status qni_scan_show_csv(const scan_job *job, qn_error *err);

/* scan_text.c: a number with so many digits after the point, or in words that it is unbounded or not known. */
void qni_scan_number(qni_out *out, double value, int digits);
/* scan_text.c: a trade in words, in indented lines. */
void qni_scan_write_trade(const scan_job *job, const qn_scan_ticker *ticker, const qn_trade *trade);
/* What was rejected, and why; of what is shown. */
void qni_scan_write_rejected(const scan_job *job);

#endif
