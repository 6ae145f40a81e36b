/* stream/journal_verify.c: everything in a folder is read, and what is not whole is told of, run by run. One thread. */
#include "stream/journal_int.h"

#include "base/error.h"
#include "base/folder.h"
#include "base/options.h"

#include <inttypes.h>

/* A look at everything. */
typedef struct verification {
    qni_journal_path path;
    qni_journal_entries entries;
    int64_t symbols; /* names that are whole */
    void (*each)(void *user, const qn_journal_damage *damage);
    void *user;
    qn_journal_report report;
    int64_t first_damaged; /* the first record that cannot be read; -1: none so far */
} verification;

/* The file's name in the path that was asked for last. */
static const char *name_in(const verification *v)
{
    return v->path.text + v->path.folder_size + 1;
}

static void tell(verification *v, int64_t offset, int64_t first, int64_t count, const char *what)
{
    const qn_journal_damage damage = {
        .file = name_in(v), .offset = offset, .first = first, .count = count, .what = what};
    if (v->each != NULL)
        v->each(v->user, &damage);
}

/* Records from `first` on cannot be read. */
static void lose(verification *v, int64_t offset, int64_t first, int64_t count, const char *what)
{
    v->report.damaged += count;
    if (v->first_damaged < 0)
        v->first_damaged = first;
    tell(v, offset, first, count, what);
}

/* ---- names ---- */

/* Looks at the names that are there now: those of all records that were there before. */
static qn_status look_at_names(int64_t *damaged, verification *v, qn_error *err)
{
    qni_journal_entries_close(&v->entries);
    qn_status s = qni_journal_entries_open(&v->entries, qni_journal_file(&v->path, QNI_JOURNAL_SYMFILE), err);
    if (s == QN_OK)
        v->symbols = qni_journal_entries_count(&v->entries, damaged);
    return s;
}

static qn_status verify_symbols(verification *v, qn_error *err)
{
    int64_t damaged;
    qn_status s = look_at_names(&damaged, v, err);
    if (s == QN_OK && damaged >= 0) {
        bool version = qni_journal_entry(&v->entries, v->symbols) == QNI_ENTRY_VERSION;
        v->report.files++;
        tell(v, v->symbols * (int64_t)sizeof(qni_journal_symbol), v->symbols, damaged + 1 - v->symbols,
             version ? "of another version" : "damaged names");
    }
    return s;
}

/* ---- records ---- */

/* Why a record cannot be read; NULL: it can. */
static const char *trouble(const verification *v, const qni_segment *segment, int64_t index)
{
    uint32_t symbol = 0;
    if (index >= segment->room)
        return "cut off";
    if (qni_segment_whole(segment, index, index + 1, &symbol) == index)
        return "damaged";
    return symbol < v->symbols ? NULL : "of a symbol without a name";
}

static void verify_records(verification *v, const qni_segment *segment, int64_t end)
{
    const char *what = NULL;
    int64_t begun = 0, offset = qni_segment_offset(segment->capacity);
    for (int64_t i = 0; i <= end; i++) {
        const char *now = i < end ? trouble(v, segment, i) : NULL;
        if (now != what && what != NULL)
            lose(v, offset + begun * (int64_t)sizeof(qn_tick), segment->first + begun, i - begun, what);
        if (now != what) {
            begun = i;
            what = now;
        }
        if (i < end && now == NULL) {
            v->report.records++;
            v->report.lost_behind += v->first_damaged >= 0;
        }
    }
}

static void verify_times(verification *v, const qni_segment *segment, int64_t end)
{
    int64_t latest = INT64_MIN, known, last = segment->capacity - 1;
    for (int64_t i = 0; i < end && i < segment->room; i++) {
        latest = segment->records[i].time_ns > latest ? segment->records[i].time_ns : latest;
        if ((i + 1) % QNI_JOURNAL_BLOCK == 0 || i == last)
            if (!qni_segment_time_get(segment, i / QNI_JOURNAL_BLOCK, &known) || known != latest)
                v->report.times++;
    }
}

/* Up to where it goes on with the next segment, or ends: *end, a sequence; `above`: where the next one begins, -1:
 * none. */
static qn_status verify_segment(int64_t *end, verification *v, int64_t first, int64_t above, qn_error *err)
{
    qni_segment segment;
    int64_t damaged = v->report.damaged;
    const char *file = qni_journal_segment(&v->path, first);
    qn_status s = qni_segment_open(&segment, file, first, err);
    if (s == QN_DATA) { /* its records may be whole; that they are nobody can tell */
        int64_t count = above < 0 ? 0 : above - first;
        lose(v, -1, first, count, "no head that can be read");
        v->report.files++;
        *end = first + count;
        return QN_OK;
    }
    if (s != QN_OK)
        return s;
    int64_t count = qni_segment_end(&segment);
    if (above >= 0) /* it was full */
        count = above - first < segment.capacity ? above - first : segment.capacity;
    int64_t unused;
    s = look_at_names(&unused, v, err);
    if (s != QN_OK) {
        qni_segment_close(&segment);
        return s;
    }
    (void)qni_journal_segment(&v->path, first); /* what is told is of this file */
    verify_records(v, &segment, count);
    if (v->report.damaged == damaged)
        verify_times(v, &segment, count);
    bool counted = qni_segment_written(&segment) >= 0;
    if (!counted)
        tell(v, (int64_t)offsetof(qni_segment_head, written), first + count, 0, "a count that cannot be");
    v->report.files += v->report.damaged > damaged || !counted;
    *end = first + count;
    qni_segment_close(&segment);
    return QN_OK;
}

/* Where to go on after a segment that ends at *end: *next, -1: nowhere. `above` is where the next one begins by the
 * folder, which may have changed while it was looked through: only what is missing at a second look is. */
static qn_status go_on(int64_t *next, int64_t *end, verification *v, int64_t above, qn_error *err)
{
    qni_journal_names names;
    *next = above;
    if (above <= *end)
        return QN_OK;
    if (qni_folder_has(qni_journal_segment(&v->path, *end))) {
        *next = *end;
        return QN_OK;
    }
    qn_status s = qni_journal_look(&names, &v->path, *end, err);
    if (s != QN_OK)
        return s;
    if (names.lowest > *end) { /* it was given up for newer records */
        *next = *end = names.lowest;
        return QN_OK;
    }
    (void)qni_journal_segment(&v->path, *end);
    v->report.files++;
    lose(v, -1, *end, above - *end, "missing");
    *end = above;
    return QN_OK;
}

static qn_status verify_segments(verification *v, qn_error *err)
{
    qni_journal_names names;
    qn_status s = qni_journal_look(&names, &v->path, -1, err);
    int64_t end = names.lowest < 0 ? 0 : names.lowest;
    if (s == QN_OK && !names.journal)
        return qni_error(err, QN_NO_INPUT, "there is no journal in the folder \"%.300s\"",
                         qni_journal_folder(&v->path));
    for (int64_t first = names.lowest; s == QN_OK && first >= 0;) {
        s = qni_journal_look(&names, &v->path, first, err);
        if (s == QN_OK && names.lowest > first) { /* it was given up for newer records */
            first = names.lowest;
            continue;
        }
        if (s == QN_OK)
            s = verify_segment(&end, v, first, names.above, err);
        if (s == QN_NO_INPUT)
            s = QN_OK;
        else if (s == QN_OK)
            s = go_on(&first, &end, v, names.above, err);
    }
    v->report.whole_until = v->first_damaged >= 0 ? v->first_damaged : end;
    return s;
}

qn_status qn_journal_verify(qn_journal_report *out, const char *folder,
                            void (*each)(void *user, const qn_journal_damage *damage), void *user,
                            const qn_allocator *allocator, qn_error *err)
{
    verification v = {.each = each, .user = user, .first_damaged = -1, .report.size = sizeof v.report};
    qn_status s = qni_journal_path_init(&v.path, folder, allocator, err);
    if (s != QN_OK)
        return s;
    s = verify_symbols(&v, err);
    if (s == QN_OK)
        s = verify_segments(&v, err);
    qni_journal_entries_close(&v.entries);
    qni_journal_path_free(&v.path, allocator);
    if (s == QN_OK)
        qni_stats_copy(out, &v.report, sizeof v.report);
    return s;
}
