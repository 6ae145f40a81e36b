/* stream/journal_cut.c: the tail of a journal is taken away: segments from the last one backwards, then records of the
 * one that stays. Who is interrupted leaves a journal that is cut at a later place. One thread. */
#include "stream/journal_int.h"

#include "base/error.h"
#include "base/folder.h"
#include "base/options.h"

#include <inttypes.h>
#include <stdio.h>

/* A segment goes; one that is damaged as a whole is set aside, for what can be saved by hand. */
static qn_status remove_segment(const qni_journal_path *path, int64_t first, qn_error *err)
{
    char from[4096], to[4096];
    qni_segment segment;
    const char *file = qni_journal_segment(path, first);
    qn_status s = qni_segment_open(&segment, file, first, err);
    if (s == QN_OK) {
        qni_segment_close(&segment);
        if (qni_folder_drop(file))
            return QN_OK;
    } else if (s == QN_DATA) {
        int written = snprintf(from, sizeof from, "%s", file);
        int more = snprintf(to, sizeof to, "%s.damaged", file);
        if (written < (int)sizeof from && more < (int)sizeof to && qni_folder_move(from, to))
            return QN_OK;
    } else {
        return s;
    }
    return qni_error_at(err, QN_IO, file, 0, 0, "the segment cannot be removed");
}

/* Removes what begins with `next` or later, and cuts the segment that it lies in. */
static qn_status cut_records(qn_journal_cut_result *result, const qni_journal_path *path, int64_t next, qn_error *err)
{
    qni_journal_names names;
    qn_status s = qni_journal_look(&names, path, next - 1, err);
    bool any = names.count > 0;
    while (s == QN_OK && names.highest >= next && names.count > 0) {
        s = remove_segment(path, names.highest, err);
        result->files++;
        if (s == QN_OK)
            s = qni_journal_look(&names, path, next - 1, err);
    }
    if (s != QN_OK || !any)
        return s;
    qni_segment segment;
    int64_t latest_ns;
    if (names.count == 0) /* so that sequences go on where they were */
        s = qni_journal_make(&segment, path, next, QNI_JOURNAL_SEGMENT, err);
    else
        s = qni_journal_map(&segment, path, names.upto, err);
    if (s != QN_OK)
        return s;
    qni_journal_keep(&segment, next - segment.first, &latest_ns);
    qni_segment_close(&segment);
    return QN_OK;
}

/* Names that are damaged, and those behind them, go. */
static qn_status cut_symbols(const qni_journal_path *path, qn_error *err)
{
    qni_journal_entries entries;
    const char *file = qni_journal_file(path, QNI_JOURNAL_SYMFILE);
    int64_t size = qni_folder_size(file) / (int64_t)sizeof(qni_journal_symbol), damaged;
    if (size <= 0)
        return QN_OK;
    qn_status s = qni_journal_entries_write(&entries, file, size < QNI_SYMBOLS_MAX ? size : QNI_SYMBOLS_MAX, err);
    if (s != QN_OK)
        return s;
    int64_t count = qni_journal_entries_count(&entries, &damaged);
    if (damaged >= 0)
        memset(&entries.map[count], 0, (size_t)(damaged + 1 - count) * sizeof *entries.map);
    qni_journal_entries_close(&entries);
    return QN_OK;
}

/* Where to cut, or why not. */
static qn_status decide(qn_journal_cut_result *result, const qn_journal_report *report, int64_t lowest, int64_t after,
                        bool lose, qn_error *err)
{
    int64_t end = report->whole_until;
    if (after >= 0 && (after + 1 < lowest || after + 1 > end))
        return qni_error(err, QN_INVALID,
                         "the journal has whole records from %" PRId64 " to %" PRId64
                         ": it cannot be cut after %" PRId64,
                         lowest, end - 1, after);
    if (after < 0 && report->lost_behind > 0 && !lose)
        return qni_error(err, QN_DATA,
                         "%" PRId64 " whole records lie behind the first damage, at record %" PRId64
                         ": export them first, or give them up by --lose",
                         report->lost_behind, end);
    result->next = after >= 0 ? after + 1 : end;
    result->lost = report->records - (result->next - lowest);
    result->damaged = report->damaged;
    return QN_OK;
}

static qn_status cut(qn_journal_cut_result *result, const qni_journal_path *path, int64_t after, bool lose,
                     const qn_allocator *allocator, qn_error *err)
{
    int lock;
    qni_journal_names names;
    qn_journal_report report = {.size = sizeof report};
    qn_status s = qni_journal_look(&names, path, 0, err);
    if (s == QN_OK && !names.journal)
        return qni_error(err, QN_NO_INPUT, "there is no journal in the folder \"%.300s\"", qni_journal_folder(path));
    if (s == QN_OK)
        s = qni_folder_lock(&lock, qni_journal_file(path, QNI_JOURNAL_LOCK), true, true, 0, err);
    if (s == QN_BUSY)
        return qni_error(err, QN_BUSY, "somebody writes to the journal \"%.300s\"", qni_journal_folder(path));
    if (s != QN_OK)
        return s;
    s = qn_journal_verify(&report, qni_journal_folder(path), NULL, NULL, allocator, err);
    if (s == QN_OK)
        s = qni_journal_look(&names, path, 0, err);
    if (s == QN_OK)
        s = decide(result, &report, names.lowest < 0 ? 0 : names.lowest, after, lose, err);
    if (s == QN_OK)
        s = cut_records(result, path, result->next, err);
    if (s == QN_OK)
        s = cut_symbols(path, err);
    qni_folder_unlock(lock);
    return s;
}

qn_status qn_journal_cut(qn_journal_cut_result *out, const char *folder, int64_t after, bool lose,
                         const qn_allocator *allocator, qn_error *err)
{
    qni_journal_path path;
    qn_journal_cut_result result = {.size = sizeof result};
    if (after < -1)
        return qni_error(err, QN_INVALID, "%" PRId64 " is no record", after);
    qn_status s = qni_journal_path_init(&path, folder, allocator, err);
    if (s != QN_OK)
        return s;
    s = cut(&result, &path, after, lose, allocator, err);
    qni_journal_path_free(&path, allocator);
    if (s == QN_OK)
        qni_stats_copy(out, &result, sizeof result);
    return s;
}
