/* cli/db_show.c: what `quern db` says, for people and for programs. */
#include "base/json.h"
#include "base/time.h"
#include "cli/db_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool qni_db_is_current(const qn_migrate_report *report)
{
    for (int64_t i = 0; i < qn_migrate_report_count(report); i++)
        if (qn_migrate_report_at(report, i)->state != QN_MIGRATION_APPLIED)
            return false;
    return true;
}

/* ---- text ---- */

void qni_db_show_done(qni_db_job *job, const qn_migration *migration)
{
    qni_out_printf(job->out, "%s %" PRId64 " %s\n", job->task == QNI_DB_ROLLBACK ? "rolled back" : "applied",
                   migration->number, migration->name);
    (void)!qni_out_flush(job->out, "standard output", NULL); /* that it failed is remembered */
}

/* "sqlite:prices.db is at 2" */
static void show_place(qni_db_job *job, const char *rest)
{
    int64_t at = qn_migrate_report_highest(job->report);
    qni_out_foreign(job->out, qn_db_url(job->db), -1);
    if (at == 0)
        qni_out_printf(job->out, " has no migration%s\n", rest);
    else
        qni_out_printf(job->out, " is at %" PRId64 "%s\n", at, rest);
}

static void aligned(qni_out *out, const char *text, int64_t columns)
{
    qni_out_text(out, text);
    qni_out_spaces(out, columns - (int64_t)strlen(text) + 2);
}

static qni_style style_of(qn_migration_state state)
{
    return state == QN_MIGRATION_APPLIED   ? QNI_STYLE_GOOD
           : state == QN_MIGRATION_PENDING ? QNI_STYLE_WARN
                                           : QNI_STYLE_BAD;
}

static int64_t longer(int64_t least, size_t size)
{
    return (int64_t)size > least ? (int64_t)size : least;
}

static void show_table(qni_db_job *job)
{
    enum {
        STATE_COLUMNS = 7, /* "pending" */
        TIME_COLUMNS = 19  /* 2026-02-13 14:30:00 */
    };
    qni_out *out = job->out;
    int64_t count = qn_migrate_report_count(job->report), number_columns = 6, name_columns = 4;
    char number[32], time[QNI_TIME_TEXT_SIZE];
    for (int64_t i = 0; i < count; i++) {
        const qn_migration_entry *e = qn_migrate_report_at(job->report, i);
        number_columns = longer(number_columns, (size_t)snprintf(number, sizeof number, "%" PRId64, e->number));
        name_columns = longer(name_columns, strlen(e->name));
    }
    qni_out_style(out, QNI_STYLE_BOLD);
    aligned(out, "number", number_columns);
    aligned(out, "name", name_columns);
    aligned(out, "state", STATE_COLUMNS);
    aligned(out, "applied (UTC)", TIME_COLUMNS);
    qni_out_text(out, "rollback\n");
    qni_out_style(out, QNI_STYLE_PLAIN);
    for (int64_t i = 0; i < count; i++) {
        const qn_migration_entry *e = qn_migrate_report_at(job->report, i);
        int size = snprintf(number, sizeof number, "%" PRId64, e->number);
        qni_out_spaces(out, number_columns - size);
        aligned(out, number, size);
        qni_out_foreign(out, e->name, -1);
        qni_out_spaces(out, name_columns - (int64_t)strlen(e->name) + 2);
        qni_out_style(out, style_of(e->state));
        aligned(out, qn_migration_state_name(e->state), STATE_COLUMNS);
        qni_out_style(out, QNI_STYLE_PLAIN);
        time[0] = '\0';
        if (e->applied_at != 0)
            (void)qni_timestamp_text(time, e->applied_at / 1000000 * 1000000, ' ');
        aligned(out, time, TIME_COLUMNS);
        qni_out_printf(out, "%s\n", e->can_roll_back ? "yes" : "no");
    }
}

static void show_text(qni_db_job *job)
{
    if (job->task != QNI_DB_STATUS) {
        show_place(job, job->done_count > 0            ? ""
                        : job->task == QNI_DB_ROLLBACK ? ": nothing to roll back"
                                                       : ": nothing to apply");
        return;
    }
    int64_t pending = 0;
    char rest[64] = "";
    for (int64_t i = 0; i < qn_migrate_report_count(job->report); i++)
        pending += qn_migrate_report_at(job->report, i)->state == QN_MIGRATION_PENDING;
    show_table(job);
    if (pending > 0)
        (void)snprintf(rest, sizeof rest, ", %" PRId64 " pending", pending);
    show_place(job, rest);
}

/* ---- JSON ---- */

static void done_json(qni_json_writer *w, const qni_db_job *job)
{
    qni_json_key(w, job->task == QNI_DB_ROLLBACK ? "rolled_back" : "applied");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < job->done_count; i++) {
        qni_json_object_begin(w);
        qni_json_key_int64(w, "number", job->done[i]->number);
        qni_json_key_string(w, "name", job->done[i]->name);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

static void report_json(qni_json_writer *w, const qn_migrate_report *report)
{
    qni_json_key(w, "current");
    qni_json_bool(w, qni_db_is_current(report));
    qni_json_key(w, "migrations");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < qn_migrate_report_count(report); i++) {
        const qn_migration_entry *e = qn_migrate_report_at(report, i);
        char time[QNI_TIME_TEXT_SIZE];
        int64_t size = e->applied_at != 0 ? qni_timestamp_text(time, e->applied_at, 'T') : 0;
        if (size > 0)
            (void)snprintf(time + size, sizeof time - (size_t)size, "Z");
        qni_json_object_begin(w);
        qni_json_key_int64(w, "number", e->number);
        qni_json_key_string(w, "name", e->name);
        qni_json_key_string(w, "state", qn_migration_state_name(e->state));
        qni_json_key_string(w, "applied_at", size > 0 ? time : NULL);
        qni_json_key(w, "can_roll_back");
        qni_json_bool(w, e->can_roll_back);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

/* Keys are only ever added. */
static qn_status show_json(qni_db_job *job, qn_error *err)
{
    static const char *const schemas[] = {"quern.db.migrate/1", "quern.db.status/1", "quern.db.rollback/1"};
    qni_json_writer writer, *w = &writer;
    qni_json_writer_init(w, qni_out_json_sink, job->out, 0);
    qni_json_object_begin(w);
    qni_json_key_string(w, "schema", schemas[job->task]);
    qni_json_key_string(w, "url", qn_db_url(job->db));
    qni_json_key_int64(w, "at", qn_migrate_report_highest(job->report));
    if (job->task == QNI_DB_STATUS)
        report_json(w, job->report);
    else
        done_json(w, job);
    qni_json_object_end(w);
    return qni_out_json_finish(w, err);
}

qn_status qni_db_show(qni_db_job *job, qn_error *err)
{
    if (job->json)
        return show_json(job, err);
    show_text(job);
    return QN_OK;
}
