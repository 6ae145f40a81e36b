/* cli/cache_int.h: the command's cache: where it lies, how it is opened, and one run of `quern cache`. One thread. */
#ifndef QNI_CLI_CACHE_INT_H
#define QNI_CLI_CACHE_INT_H

#include "cli/command.h"

#include <quern/cache.h>

/* Options of the verb, in the order of help. */
enum {
    CACHE_FOLDER,
    CACHE_DISK_BYTES,
    CACHE_KEY,
    CACHE_REDIS,
    CACHE_REDIS_PASSWORD,
    CACHE_PREFIX,
    CACHE_OUTPUT,
    CACHE_REPAIR,
    CACHE_FORMAT,
    CACHE_OPTION_COUNT
};
extern const qni_option qni_cache_options_table[CACHE_OPTION_COUNT];

typedef enum qni_cache_task {
    QNI_CACHE_STATS,
    QNI_CACHE_LIST,
    QNI_CACHE_GET,
    QNI_CACHE_CLEAR,
    QNI_CACHE_VERIFY,
    QNI_CACHE_PATH,
} qni_cache_task; /* in the order of the forms */

typedef struct qni_cache_job {
    qni_run *run;
    const qni_args *args;
    qni_cache_task task;
    bool json;
    char *folder;    /* in a block of strlen + 1 */
    qn_cache *cache; /* NULL: there is none yet */
} qni_cache_job;

/* Where the cache lies: --folder or what is configured, else quern/cache below $XDG_CACHE_HOME or $HOME/.cache. `args`
 * may be another verb's. In a block of strlen + 1 of the run's allocator. Errors: QN_CONFIG (nothing says where),
 * QN_NOMEM. */
QN_MUST_USE qn_status qni_cache_folder(char **out, const qni_run *run, const qni_args *args, qn_error *err);

/* Opens the cache in `folder` as the options or the configuration say. looking: nothing is made or changed; *out is
 * NULL where there is none. Errors: those of qn_cache_open and base/secret.h. */
QN_MUST_USE qn_status qni_cache_open(qn_cache **out, const qni_run *run, const qni_args *args, const char *folder,
                                     bool looking, qn_error *err);

/* What is wrong with a size, or a folder's name; NULL: nothing. */
const char *qni_cache_size_refuse(const char *text);
const char *qni_cache_folder_refuse(const char *text);

/* cache_show.c: what the tasks say. Errors: those of the cache, of writing JSON; what could not be written, the command
 * says. *no: the answer is "no". */
QN_MUST_USE qn_status qni_cache_show_stats(qni_cache_job *job, qn_error *err);
QN_MUST_USE qn_status qni_cache_show_list(qni_cache_job *job, const char *prefix, qn_error *err);
QN_MUST_USE qn_status qni_cache_show_removed(qni_cache_job *job, int64_t removed, qn_error *err);
QN_MUST_USE qn_status qni_cache_show_verified(bool *no, qni_cache_job *job, bool repair, qn_error *err);

#endif
