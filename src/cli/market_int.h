/* cli/market_int.h: what the verbs about markets share: the store of chains, prices and earnings, and files that may be
 * folders. One thread. */
#ifndef QNI_CLI_MARKET_INT_H
#define QNI_CLI_MARKET_INT_H

#include "base/time.h"
#include "cli/command.h"

#include <quern/archive.h>
#include <quern/arena.h>

#define QNI_MARKET_OPTION_STORE(heading)                                                                             \
    {                                                                                                                \
        .name = "store", .type = QNI_OPTION_STRING, .argument = "FILE",                                              \
        .absent = "quern/market.db in $XDG_DATA_HOME, or in ~/.local/share", .refuse = qni_market_store_refuse,      \
        .configurable = true, .group = (heading),                                                                    \
        .help = "Where chains, prices and earnings are kept: a database of SQLite, which several processes may use." \
    }

/* What is wrong with a store's name; NULL: nothing. */
const char *qni_market_store_refuse(const char *text);

/* Opens the store that `option` of `args` names. make: its folder and the store are made where they are not there; else
 * *out is NULL where there is none, unless it was named on the command line, which is QN_NO_INPUT. Errors: QN_CONFIG
 * (nothing says where it lies), those of qn_archive_open. */
QN_MUST_USE qn_status qni_market_open(qn_archive **out, const qni_run *run, const qni_args *args,
                                      const qni_option *option, bool make, qn_error *err);

/* Where that store is, in a block of strlen + 1 of the run's allocator. Errors: QN_CONFIG, QN_NOMEM. */
QN_MUST_USE qn_status qni_market_place(char **out, const qni_run *run, const qni_args *args, const qni_option *option,
                                       qn_error *err);

/* Files by the names (count) of files and folders; of a folder those that may hold data (.csv, .json, .dat, gzipped or
 * not), by name. What *out points to lies in the arena. Errors: QN_NO_INPUT (a folder without any), QN_LIMIT,
 * QN_NOMEM. */
QN_MUST_USE qn_status qni_market_files(const char *const **out, int64_t *out_count, const char *const *names,
                                       int64_t count, qn_arena *arena, qn_error *err);

/* Formats of tables, in the order of the choices. */
enum {
    QNI_MARKET_TEXT,
    QNI_MARKET_JSON,
    QNI_MARKET_CSV
};

/* "2026-02-13 15:41" as a clock in New York shows it: how people are told times. */
void qni_market_time_text(char out[QNI_TIME_TEXT_SIZE], int64_t us);

/* A table to standard output; JSON as an array `key` of one object with `schema`. Errors: QN_NOMEM, QN_INTERNAL. */
QN_MUST_USE qn_status qni_market_show(const qni_run *run, const qn_table *table, int format, const char *schema,
                                      const char *key, qn_error *err);

#endif
