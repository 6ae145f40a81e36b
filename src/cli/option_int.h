/* cli/option_int.h: what the verbs about options share: what the command line says of times, clocks and dividends; and
 * one run of `quern iv` or `quern price`: columns that are found by their names, rows that become batches, results
 * beside what was read.
 *
 * Always: rows are read, computed and written some at a time, so that a file may be larger than memory. One thread, but
 * for American options, whose batches are split over the default pool. */
#ifndef QNI_CLI_OPTION_INT_H
#define QNI_CLI_OPTION_INT_H

#include "base/json.h"
#include "cli/command.h"
#include "cli/data_input.h"
#include "cli/sheet.h"

#include <quern/american.h>
#include <quern/market.h>
#include <quern/option.h>

/* ---- what the command line says, for all verbs about options ---- */

#define QNI_OPTION_ROW_AS_OF(heading, otherwise_)                                                                   \
    {                                                                                                               \
        .name = "as-of", .type = QNI_OPTION_STRING, .argument = "DATE[THH:MM]", .absent = (otherwise_),             \
        .refuse = qni_option_as_of_refuse, .group = (heading),                                                      \
        .help = "When the prices held, in New York or with an offset (-05:00, Z); without a time, at the close of " \
                "that day."                                                                                         \
    }
#define QNI_OPTION_ROW_CLOCK(heading)                                                                              \
    {                                                                                                              \
        .name = "clock", .type = QNI_OPTION_CHOICE, .argument = "CLOCK", .choices = "calendar|trading|business",   \
        .otherwise = "calendar", .configurable = true, .group = (heading),                                         \
        .help = "How the time to a date is counted: every minute, only sessions, or nights and holidays for less." \
    }
#define QNI_OPTION_ROW_RATE(heading, otherwise_)                                                                \
    {                                                                                                           \
        .name = "rate", .type = QNI_OPTION_NUMBER, .argument = "R", .absent = (otherwise_), .group = (heading), \
        .help = "The interest rate, continuously compounded: 0.05 is five per cent a year."                     \
    }
#define QNI_OPTION_ROW_DIVIDEND(heading)                                                                            \
    {                                                                                                               \
        .name = "dividend", .type = QNI_OPTION_LIST, .argument = "WHEN=AMOUNT,...", .absent = "none",               \
        .group = (heading),                                                                                         \
        .help = "Dividends in cash a share: WHEN is the day from which the share is without it, or years from now." \
    }

/* A date: 2026-12-18, 20261218, or, as programs that have only times write it, 2026-12-18 00:00:00. False: it is none.
 */
bool qni_option_date_parse(int32_t *day, const char *text, int64_t size);

/* A date and a time of day: in New York, or as its offset says. False: it is none. */
bool qni_option_time_parse(int64_t *us, const char *text);

/* Whether a time of a column of times is a date: midnight, at which no market in New York closes. */
bool qni_option_is_date(int32_t *day, int64_t us);

/* A date or a time; a date alone is its close. */
bool qni_option_as_of_parse(int64_t *us, const char *text);

/* A time as --as-of has it, in microseconds since 1970: DATE[THH:MM[:SS]] in New York, at the close where there is only
 * a date (of the last open day before, where that day is closed); with Z or an offset what it says. Errors: QN_INVALID.
 */
QN_MUST_USE qn_status qni_option_as_of(int64_t *us, const char *text, qn_error *err);
/* What is wrong with an --as-of; NULL: nothing. */
const char *qni_option_as_of_refuse(const char *text);

/* The dividends of `option` (a list) in order of time, (count), the caller's to give back to `allocator`; NULL where
 * there are none. A DATE counts from `as_of_us` by the clock to the opening of that day; what is past is left out.
 * as_of_us INT64_MIN: not known. Errors: QN_INVALID (a sentence for who typed it), QN_NOMEM. */
QN_MUST_USE qn_status qni_option_dividends(qn_dividend **out, int64_t *count, const qni_args *args,
                                           const qni_option *option, int64_t as_of_us, qn_clock clock,
                                           const qn_allocator *allocator, qn_error *err);

/* ---- one run of quern iv or quern price ---- */

/* Options that both verbs have, in the order of help. A verb may have others before them. */
enum {
    OPTION_FORWARD,
    OPTION_SPOT,
    OPTION_EXPIRY,
    OPTION_RATE,
    OPTION_YIELD,
    OPTION_TYPE,
    OPTION_AS_OF,
    OPTION_SETTLEMENT,
    OPTION_CLOCK,
    OPTION_AMERICAN,
    OPTION_DIVIDEND,
    OPTION_GREEKS,
    OPTION_ON_ERROR,
    OPTION_FORMAT,
    OPTION_MAP,
    OPTION_NO_HEADER,
    OPTION_DELIMITER,
    OPTION_TYPES,
    OPTION_FROM,
    OPTION_QUERY,
    OPTION_PARAM,
    OPTION_PASSWORD,
    OPTION_SHARED_COUNT
};

#define OPTION_GROUP_ALL_ROWS "The same for all rows"
#define OPTION_ABSENT_COLUMN  "a column says it"

/* Their rows, but for OPTION_ON_ERROR, which is the verb's, at `first` in its table. */
#define OPTION_SHARED_ROWS(first)                                                                                      \
    [(first) +                                                                                                         \
        OPTION_FORWARD] = {.name = "forward",                                                                          \
                           .type = QNI_OPTION_NUMBER,                                                                  \
                           .argument = "F",                                                                            \
                           .absent = OPTION_ABSENT_COLUMN,                                                             \
                           .group = OPTION_GROUP_ALL_ROWS,                                                             \
                           .help = "The forward price of the underlying for the day of expiry."},                      \
        [(first) + OPTION_SPOT] = {.name = "spot",                                                                     \
                                   .type = QNI_OPTION_NUMBER,                                                          \
                                   .argument = "S",                                                                    \
                                   .absent = OPTION_ABSENT_COLUMN,                                                     \
                                   .group = OPTION_GROUP_ALL_ROWS,                                                     \
                                   .help = "The price of the underlying now, in place of a forward."},                 \
        [(first) + OPTION_EXPIRY] = {.name = "expiry",                                                                 \
                                     .type = QNI_OPTION_STRING,                                                        \
                                     .argument = "YEARS|DATE",                                                         \
                                     .absent = OPTION_ABSENT_COLUMN,                                                   \
                                     .refuse = qni_option_expiry_refuse,                                               \
                                     .group = OPTION_GROUP_ALL_ROWS,                                                   \
                                     .help = "When the options expire: in so many years, or the day."},                \
        [(first) + OPTION_RATE] = QNI_OPTION_ROW_RATE(OPTION_GROUP_ALL_ROWS, "a column says it, or 0"),                \
        [(first) + OPTION_YIELD] = {.name = "yield",                                                                   \
                                    .type = QNI_OPTION_NUMBER,                                                         \
                                    .argument = "Q",                                                                   \
                                    .absent = "a column says it, or 0",                                                \
                                    .group = OPTION_GROUP_ALL_ROWS,                                                    \
                                    .help = "The yield of dividends, or the cost of borrowing, continuously "          \
                                            "compounded; with a spot."},                                               \
        [(first) + OPTION_TYPE] = {.name = "type",                                                                     \
                                   .type = QNI_OPTION_CHOICE,                                                          \
                                   .argument = "TYPE",                                                                 \
                                   .choices = "call|put",                                                              \
                                   .absent = OPTION_ABSENT_COLUMN,                                                     \
                                   .group = OPTION_GROUP_ALL_ROWS,                                                     \
                                   .help = "What the options are."},                                                   \
        [(first) + OPTION_AS_OF] = QNI_OPTION_ROW_AS_OF("Time", OPTION_ABSENT_COLUMN),                                 \
        [(first) + OPTION_SETTLEMENT] = {.name = "settlement",                                                         \
                                         .type = QNI_OPTION_CHOICE,                                                    \
                                         .argument = "am|pm",                                                          \
                                         .choices = "pm|am",                                                           \
                                         .otherwise = "pm",                                                            \
                                         .group = "Time",                                                              \
                                         .help = "Whether options expire at the close of their day, or at its open."}, \
        [(first) + OPTION_CLOCK] = QNI_OPTION_ROW_CLOCK("Time"),                                                       \
        [(first) + OPTION_AMERICAN] = {.name = "american",                                                             \
                                       .letter = 'a',                                                                  \
                                       .type = QNI_OPTION_FLAG,                                                        \
                                       .configurable = true,                                                           \
                                       .group = "Exercise",                                                            \
                                       .help =                                                                         \
                                           "The options may be exercised at any time, and not only at expiry; with "   \
                                           "a spot."},                                                                 \
        [(first) + OPTION_DIVIDEND] = QNI_OPTION_ROW_DIVIDEND("Exercise"),                                             \
        [(first) + OPTION_GREEKS] = {.name = "greeks",                                                                 \
                                     .type = QNI_OPTION_CHOICE,                                                        \
                                     .argument = "WHICH",                                                              \
                                     .choices = "none|main|all",                                                       \
                                     .otherwise = "main",                                                              \
                                     .configurable = true,                                                             \
                                     .group = "The result",                                                            \
                                     .help =                                                                           \
                                         "main are delta, gamma, vega, theta and rho; all are vanna, volga and charm " \
                                         "as well."},                                                                  \
        [(first) + OPTION_FORMAT] = {.name = "format",                                                                 \
                                     .letter = 'f',                                                                    \
                                     .type = QNI_OPTION_CHOICE,                                                        \
                                     .argument = "FORMAT",                                                             \
                                     .choices = "text|csv|json",                                                       \
                                     .otherwise = "csv",                                                               \
                                     .configurable = true,                                                             \
                                     .group = "The result",                                                            \
                                     .help =                                                                           \
                                         "text is for people, csv has one line a row, json is one object with all "    \
                                         "rows."},                                                                     \
        [(first) +                                                                                                     \
            OPTION_MAP] = {.name = "map",                                                                              \
                           .type = QNI_OPTION_LIST,                                                                    \
                           .argument = "WHAT=COLUMN,...",                                                              \
                           .absent = "found by their names",                                                           \
                           .group = "The data",                                                                        \
                           .help = "Which column is what, such as price=mid,strike=K; WHAT= says that none is."},      \
        [(first) + OPTION_NO_HEADER] = QNI_DATA_OPTION_NO_HEADER,                                                      \
        [(first) + OPTION_DELIMITER] = QNI_DATA_OPTION_DELIMITER, [(first) + OPTION_TYPES] = QNI_DATA_OPTION_TYPES,    \
        [(first) + OPTION_FROM] = QNI_DATA_OPTION_FROM, [(first) + OPTION_QUERY] = QNI_DATA_OPTION_QUERY,              \
        [(first) + OPTION_PARAM] = QNI_DATA_OPTION_PARAM, [(first) + OPTION_PASSWORD] = QNI_DATA_OPTION_PASSWORD

/* In the order of the choices. */
enum {
    OPTION_GREEKS_NONE,
    OPTION_GREEKS_MAIN,
    OPTION_GREEKS_ALL
};
enum {
    OPTION_ON_ERROR_STATUS,
    OPTION_ON_ERROR_NAN,
    OPTION_ON_ERROR_BOUND
};
enum {
    OPTION_FORMAT_TEXT,
    OPTION_FORMAT_CSV,
    OPTION_FORMAT_JSON
};

/* What a column may be. */
typedef enum option_role {
    OPTION_ROLE_PRICE,
    OPTION_ROLE_SIGMA,
    OPTION_ROLE_FORWARD,
    OPTION_ROLE_SPOT,
    OPTION_ROLE_STRIKE,
    OPTION_ROLE_EXPIRY, /* years, or dates */
    OPTION_ROLE_DAYS,   /* calendar days to expiry, 365 of them a year */
    OPTION_ROLE_RATE,
    OPTION_ROLE_YIELD,
    OPTION_ROLE_TYPE,
    OPTION_ROLE_AS_OF,
    OPTION_ROLE_COUNT
} option_role;

/* What is computed, in the order in which it is shown. */
enum {
    OPTION_RESULT_PRICE,
    OPTION_RESULT_IV,
    OPTION_RESULT_DELTA,
    OPTION_RESULT_GAMMA,
    OPTION_RESULT_VEGA,
    OPTION_RESULT_THETA,
    OPTION_RESULT_RHO,
    OPTION_RESULT_VANNA,
    OPTION_RESULT_VOLGA,
    OPTION_RESULT_CHARM,
    OPTION_RESULT_COUNT
};

enum {
    OPTION_STATUS_COUNT = 8, /* of qn_option_status */
    OPTION_NAME_SIZE = 16    /* bytes of the name of a result, with a number that tells it from a column of the data */
};

/* Some rows of a table: what goes into a batch and what comes out of it. */
typedef struct option_block {
    const qn_table *table; /* borrowed */
    int64_t first, count;  /* its rows */
    double *numbers; /* (OPTION_ROLE_COUNT + OPTION_RESULT_COUNT, capacity) the block that the next two point into */
    uint8_t *bytes;  /* (3, capacity) likewise */
    int64_t capacity;
    double *in[OPTION_ROLE_COUNT];    /* (capacity) each */
    double *out[OPTION_RESULT_COUNT]; /* (capacity) each; NULL: not wanted */
    int8_t *types;                    /* (capacity) */
    uint8_t *status;                  /* (capacity) qn_option_status */
    uint8_t *missing;                 /* (capacity) 1: the row has no type */
} option_block;

typedef struct option_job {
    qni_run *run;
    const qni_args *args;
    const qni_option *table; /* the shared options */
    const qni_option *sigma; /* quern price: the volatility of all rows; NULL: implied ones are asked for */
    int format, greeks, on_error;
    bool american;

    qni_data data;
    int64_t columns[OPTION_ROLE_COUNT]; /* which column is what; -1: none */
    bool fixed[OPTION_ROLE_COUNT];      /* the command line says it for all rows: */
    double numbers[OPTION_ROLE_COUNT];
    qn_option_type type;
    int64_t expiry_day;              /* of all rows; INT64_MIN: none */
    int64_t expiry_us;               /* or a time */
    int64_t as_of_us;                /* INT64_MIN: not known */
    int64_t known_day, known_day_us; /* what was asked last, for most rows have the same */
    int64_t known_expiry, known_as_of;
    double known_years;
    qn_clock clock;
    qn_settlement settlement;
    qn_dividend *dividends; /* (dividend_count) */
    int64_t dividend_count;

    option_block block;
    int64_t row_count; /* shown so far */
    int64_t counts[OPTION_STATUS_COUNT];
    int64_t too_many[OPTION_ROLE_COUNT]; /* rows whose number looks like per cent */
    bool begun, stopped;                 /* something has been written; the end was asked for before the last row */
    char names[OPTION_RESULT_COUNT + 1][OPTION_NAME_SIZE]; /* of results as columns; the last one: of the status */
    qni_json_writer writer;
    qni_sheet sheet;
} option_job;

/* Runs either verb: `table` its shared options, `sigma` its own one (NULL: quern iv). Returns the exit code. */
int qni_option_run(qni_run *run, const qni_args *args, const qni_option *table, const qni_option *sigma);

/* What is wrong with an --expiry; NULL: nothing. */
const char *qni_option_expiry_refuse(const char *text);

/* option_settings.c: reads what the command line says for all rows. Errors: QN_INVALID, QN_NOMEM. */
QN_MUST_USE qn_status qni_option_settings(option_job *job, qn_error *err);

/* option_columns.c: finds out which column of the open data is what, and asks for all of them. Errors: QN_INVALID (the
 * command line is wrong), QN_DATA (a column is missing, or several could be it), QN_NAME, QN_NOMEM. */
QN_MUST_USE qn_status qni_option_columns(option_job *job, qn_error *err);

/* option_rows.c: makes room for `capacity` rows at a time. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_option_block_init(option_job *job, int64_t capacity, qn_error *err);
void qni_option_block_free(option_job *job); /* all zero is fine */
/* Reads rows of `table` into the block and makes a batch of them, which is borrowed from the job. Errors: QN_DATA (what
 * is no number, type or time, with its line). */
QN_MUST_USE qn_status qni_option_rows(qn_option_batch *batch, option_job *job, const qn_table *table, int64_t first,
                                      int64_t count, qn_error *err);

/* option_show.c: the block's rows; and the end. Errors: QN_NOMEM. */
void qni_option_show(option_job *job);
QN_MUST_USE qn_status qni_option_show_end(option_job *job, qn_error *err);

#endif
