/* store/migrate_report.c: list and journal side by side, and which differences between them are refused. */
#include "store/migrate_int.h"

#include "base/time.h"
#include "base/alloc.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *qn_migration_state_name(qn_migration_state state)
{
    static const char *const names[] = {"pending", "applied", "changed", "missing", "newer", "late"};
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "?";
}

int64_t qn_migrate_report_count(const qn_migrate_report *report)
{
    return report->count;
}

const qn_migration_entry *qn_migrate_report_at(const qn_migrate_report *report, int64_t index)
{
    return &report->entries[index].shown;
}

int64_t qn_migrate_report_highest(const qn_migrate_report *report)
{
    return report->highest;
}

void qn_migrate_report_free(qn_migrate_report *report)
{
    if (report == NULL)
        return;
    qni_free(report->allocator, report->entries, report->capacity, (int64_t)sizeof *report->entries);
    qni_delete(report->allocator, report);
}

/* One number: as the list has it (or NULL) and as the journal has it (or NULL). */
static void add(qn_migrate_report *report, const qni_migration *listed, const qni_journal_row *row)
{
    qni_report_entry *e = &report->entries[report->count++];
    const char *name = listed != NULL ? listed->name : row != NULL ? row->name : "";
    memcpy(e->name, name, strlen(name) + 1);
    e->shown = (qn_migration_entry){.number = listed != NULL ? listed->shown.number
                                              : row != NULL  ? row->number
                                                             : 0,
                                    .name = e->name,
                                    .can_roll_back = listed != NULL && listed->down != NULL,
                                    .applied_at = row != NULL ? row->applied_at : 0};
    if (row == NULL)
        e->shown.state = e->shown.number < report->highest ? QN_MIGRATION_LATE : QN_MIGRATION_PENDING;
    else if (listed == NULL)
        e->shown.state = row->number > report->highest_known ? QN_MIGRATION_NEWER : QN_MIGRATION_MISSING;
    else
        e->shown.state = strcmp(row->checksum, listed->checksum) == 0 ? QN_MIGRATION_APPLIED : QN_MIGRATION_CHANGED;
}

qn_status qni_report_make(qn_migrate_report **out, const qn_migrations *migrations, const qni_journal *journal,
                          const qn_allocator *allocator, qn_error *err)
{
    qn_migrate_report *report = *out = qni_new(allocator, qn_migrate_report);
    if (report == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *report, "a report on migrations");
    report->allocator = allocator;
    report->capacity = migrations->count + journal->count;
    report->entries = qni_alloc(allocator, report->capacity, (int64_t)sizeof *report->entries);
    if (report->entries == NULL) {
        report->capacity = 0;
        qn_migrate_report_free(report);
        *out = NULL;
        return qni_refused(err, allocator, 0, "a report on migrations");
    }
    if (journal->count > 0)
        report->highest = journal->rows[journal->count - 1].number;
    if (migrations->count > 0)
        report->highest_known = migrations->items[migrations->count - 1].shown.number;
    for (int64_t i = 0, k = 0; i < migrations->count || k < journal->count;) {
        const qni_migration *listed = i < migrations->count ? &migrations->items[i] : NULL;
        const qni_journal_row *row = k < journal->count ? &journal->rows[k] : NULL;
        if (listed != NULL && row != NULL && listed->shown.number != row->number) {
            if (listed->shown.number < row->number)
                row = NULL;
            else
                listed = NULL;
        }
        add(report, listed, row);
        i += listed != NULL;
        k += row != NULL;
    }
    return QN_OK;
}

qn_status qni_report_check(const qn_migrate_report *report, const char *url, qn_error *err)
{
    for (int64_t i = 0; i < report->count; i++) {
        const qn_migration_entry *e = &report->entries[i].shown;
        char when[QNI_TIME_TEXT_SIZE];
        (void)qni_timestamp_text(when, e->applied_at / 1000000 * 1000000, ' ');
        switch (e->state) {
        case QN_MIGRATION_CHANGED:
            return qni_error(err, QN_DATA,
                             "migration %" PRId64
                             " \"%s\" has changed since it was applied to %s on %s UTC: put its text "
                             "back, and make the change a migration of its own",
                             e->number, e->name, url, when);
        case QN_MIGRATION_MISSING:
            return qni_error(err, QN_DATA,
                             "migration %" PRId64 " \"%s\", applied to %s on %s UTC, is not among these: put it back",
                             e->number, e->name, url, when);
        case QN_MIGRATION_NEWER:
            return qni_error(err, QN_DATA,
                             "%s is at %" PRId64 ", these migrations end at %" PRId64
                             ": a newer version made it, use that one",
                             url, report->highest, report->highest_known);
        case QN_MIGRATION_LATE:
            return qni_error(err, QN_DATA,
                             "migration %" PRId64 " \"%s\" is new, and %s is at %" PRId64
                             " already: give it a number above that, for the order must be the same everywhere",
                             e->number, e->name, url, report->highest);
        case QN_MIGRATION_PENDING:
        case QN_MIGRATION_APPLIED:
            break;
        }
    }
    return QN_OK;
}
