/* cli/db_int.h: one run of `quern db`: a database, a folder of migrations, and how what happens is shown. One thread.
 */
#ifndef QNI_CLI_DB_INT_H
#define QNI_CLI_DB_INT_H

#include "cli/command.h"

#include <quern/migrate.h>

typedef enum qni_db_task {
    QNI_DB_MIGRATE,
    QNI_DB_STATUS,
    QNI_DB_ROLLBACK,
} qni_db_task; /* in the order of the forms */

typedef struct qni_db_job {
    qni_out *out;
    const qn_allocator *allocator;
    qni_db_task task;
    bool json;
    qn_db *db;
    qn_migrations *migrations;
    qn_migrate_report *report; /* of the store as it is now */
    const qn_migration **done; /* (done_count) of the list: applied or rolled back by this run */
    int64_t done_count;
} qni_db_job;

/* A line for a migration that was just applied or rolled back. */
void qni_db_show_done(qni_db_job *job, const qn_migration *migration);

/* What the task came to. Errors: QN_NOMEM, QN_INTERNAL, of writing JSON; what could not be written, the command says.
 */
QN_MUST_USE qn_status qni_db_show(qni_db_job *job, qn_error *err);

/* Whether the store is at the last migration and its history is the list's. */
bool qni_db_is_current(const qn_migrate_report *report);

#endif
