/* cli/journal_int.h: what the files of `quern journal` share. One thread. */
#ifndef QNI_CLI_JOURNAL_INT_H
#define QNI_CLI_JOURNAL_INT_H

#include "cli/command.h"

#include <quern/journal.h>

typedef enum qni_journal_format {
    QNI_JOURNAL_TEXT,
    QNI_JOURNAL_JSON,
    QNI_JOURNAL_CSV
} qni_journal_format;

typedef struct qni_journal_job {
    const qni_run *run;
    const char *folder;
    qni_journal_format format;
    const char *output; /* of an export; NULL: standard output */
} qni_journal_job;

enum {
    QNI_JOURNAL_TIME_SIZE = 48,  /* bytes of a time as text */
    QNI_JOURNAL_NUMBER_SIZE = 24 /* and of a price */
};

/* "2026-02-13T14:30:00.000000001Z", without a fraction where there is none. */
void qni_journal_time_text(char out[QNI_JOURNAL_TIME_SIZE], int64_t time_ns);

/* What is in the journal. */
QN_MUST_USE qn_status qni_journal_show_info(const qni_journal_job *job, qn_error *err);
/* What is damaged, *no: something is. */
QN_MUST_USE qn_status qni_journal_show_verified(bool *no, const qni_journal_job *job, qn_error *err);
/* Cuts, and says what is gone. */
QN_MUST_USE qn_status qni_journal_show_cut(const qni_journal_job *job, int64_t after, bool lose, qn_error *err);

/* Writes the records from `from` to `to`, both included: texts that are a record's number or a time, NULL: all. Stops
 * with QN_INTERRUPTED where it is asked to. Errors: QN_INVALID (a text that is neither), those of reading and writing.
 * */
QN_MUST_USE qn_status qni_journal_export(const qni_journal_job *job, const char *from, const char *to, qn_error *err);

#endif
