/* stream/journal_read.c: records in place, in order, from segment to segment; found by time. One thread a reader.
 *
 * Always: `segment`, where it is mapped, is the one that `next` lies in, or the one before, where that is not there. */
#include "stream/journal_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/options.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>

struct qn_journal_reader {
    const qn_allocator *allocator;
    qni_journal_path path;
    qn_symbols *symbols;
    qni_segment segment;
    int64_t next, to; /* sequences; `to` is the last one that is wanted */
};

/* ---- symbols ---- */

/* Adds the names that came since. Damaged ones, and what is behind them, are missed by the records that name them. */
static qn_status more_symbols(qn_journal_reader *r, qn_error *err)
{
    qni_journal_entries entries;
    const char *path = qni_journal_file(&r->path, QNI_JOURNAL_SYMFILE);
    qn_status s = qni_journal_entries_open(&entries, path, err);
    if (s != QN_OK)
        return s;
    int64_t damaged, had = qn_symbols_count(r->symbols), count = qni_journal_entries_count(&entries, &damaged);
    if (damaged >= 0 && qni_journal_entry(&entries, count) == QNI_ENTRY_VERSION)
        s = qni_error_at(err, QN_DATA, path, 0, 0, "the names of symbols were written by another version of Quern");
    else if (count > had)
        s = qni_journal_entries_add(r->symbols, &entries, had, count, path, err);
    if (s == QN_LIMIT)
        s = qni_error_at(err, QN_LIMIT, path, 0, 0,
                         "more symbols have come than there is room for: open the journal anew");
    qni_journal_entries_close(&entries);
    return s;
}

static qn_status make_symbols(qn_journal_reader *r, qn_error *err)
{
    int64_t room =
        qni_folder_size(qni_journal_file(&r->path, QNI_JOURNAL_SYMFILE)) / (int64_t)sizeof(qni_journal_symbol);
    room = room > QNI_JOURNAL_SYMBOLS ? room : QNI_JOURNAL_SYMBOLS;
    room = room < QNI_SYMBOLS_MAX / 2 ? 2 * room : QNI_SYMBOLS_MAX;
    qn_status s = qn_symbols_new(&r->symbols, room, r->allocator, err);
    return s == QN_OK ? more_symbols(r, err) : s;
}

const qn_symbols *qn_journal_reader_symbols(const qn_journal_reader *r)
{
    return r->symbols;
}

/* ---- opening and closing ---- */

static qn_status open_reader(qn_journal_reader *r, const char *folder, qn_error *err)
{
    qni_journal_names names;
    qn_status s = qni_journal_path_init(&r->path, folder, r->allocator, err);
    if (s == QN_OK)
        s = qni_journal_look(&names, &r->path, 0, err);
    if (s == QN_OK && !names.journal)
        return qni_error(err, QN_NO_INPUT, "there is no journal in the folder \"%.300s\"", folder);
    if (s == QN_OK)
        s = make_symbols(r, err);
    return s == QN_OK ? qn_journal_reader_seek(r, -1, -1, err) : s;
}

qn_status qn_journal_reader_open(qn_journal_reader **out, const char *folder, const qn_allocator *allocator,
                                 qn_error *err)
{
    assert(out != NULL && folder != NULL);
    *out = NULL;
    qn_journal_reader *r = qni_new(allocator, qn_journal_reader);
    if (r == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *r, "reading a journal");
    r->allocator = allocator;
    r->segment = qni_segment_none();
    qn_status s = open_reader(r, folder, err);
    if (s != QN_OK) {
        qn_journal_reader_close(r);
        return s;
    }
    *out = r;
    return QN_OK;
}

void qn_journal_reader_close(qn_journal_reader *r)
{
    if (r == NULL)
        return;
    qni_segment_close(&r->segment);
    qn_symbols_free(r->symbols);
    if (r->path.text != NULL)
        qni_journal_path_free(&r->path, r->allocator);
    qni_delete(r->allocator, r);
}

/* ---- from segment to segment ---- */

static qn_status given_up(const qn_journal_reader *r, int64_t record, int64_t lowest, qn_error *err)
{
    return qni_error(err, QN_NO_INPUT,
                     "%.200s: the journal begins with record %" PRId64 ": record %" PRId64 " is no longer kept",
                     qni_journal_folder(&r->path), lowest, record);
}

qn_status qn_journal_reader_seek(qn_journal_reader *r, int64_t from, int64_t to, qn_error *err)
{
    qni_journal_names names;
    if (from < -1 || to < -1 || (to >= 0 && to < from))
        return qni_error(err, QN_INVALID, "records %" PRId64 " to %" PRId64 " are no range", from, to);
    qn_status s = qni_journal_look(&names, &r->path, from, err);
    if (s != QN_OK)
        return s;
    r->to = to < 0 ? INT64_MAX : to;
    r->next = from < 0 ? (names.lowest < 0 ? 0 : names.lowest) : from;
    qni_segment_close(&r->segment);
    if (names.count > 0 && r->next < names.lowest)
        return given_up(r, r->next, names.lowest, err);
    return QN_OK;
}

/* The segment that begins with `first` was not seen, and one that begins with `above` was. A folder that changes while
 * it is looked through may show that, too: then it is there, or it was given up. */
static qn_status missing(const qn_journal_reader *r, int64_t first, int64_t above, qn_error *err)
{
    qni_journal_names names;
    if (qni_folder_has(qni_journal_segment(&r->path, first)))
        return QN_OK; /* the next call finds it */
    qn_status s = qni_journal_look(&names, &r->path, first, err);
    if (s == QN_OK && first < names.lowest)
        return given_up(r, first, names.lowest, err);
    if (s != QN_OK)
        return s;
    return qni_error_at(err, QN_DATA, qni_journal_segment(&r->path, first), 0, 0,
                        "the segment is missing: records %" PRId64 " to %" PRId64, first, above - 1);
}

/* Maps the segment that `next` lies in. *there false: it is not there yet. */
static qn_status open_segment(bool *there, qn_journal_reader *r, qn_error *err)
{
    qni_journal_names names;
    *there = false;
    qn_status s = qni_journal_look(&names, &r->path, r->next, err);
    if (s != QN_OK || names.count == 0)
        return s;
    if (r->next < names.lowest)
        return given_up(r, r->next, names.lowest, err);
    qni_segment_close(&r->segment);
    s = qni_segment_open(&r->segment, qni_journal_segment(&r->path, names.upto), names.upto, err);
    if (s != QN_OK)
        return s;
    *there = r->next - names.upto < r->segment.capacity;
    return *there || names.above < 0 ? QN_OK : missing(r, names.upto + r->segment.capacity, names.above, err);
}

/* The segment after the one that was read to its end. By its name alone: the folder is only looked through where there
 * is none. */
static qn_status next_segment(bool *there, qn_journal_reader *r, qn_error *err)
{
    const char *file = qni_journal_segment(&r->path, r->next);
    if (r->next - r->segment.first != r->segment.capacity || !qni_folder_has(file))
        return open_segment(there, r, err);
    qni_segment_close(&r->segment);
    qn_status s = qni_segment_open(&r->segment, file, r->next, err);
    *there = s == QN_OK;
    return s;
}

/* How far the segment can be read: *upto an index, at most `most` further than `index`. */
static qn_status look_ahead(int64_t *upto, qn_journal_reader *r, int64_t index, int64_t most, qn_error *err)
{
    const qni_segment *segment = &r->segment;
    uint32_t symbol = 0;
    int64_t written = qni_segment_written(segment);
    int64_t wanted = most < segment->capacity - index ? index + most : segment->capacity;
    *upto = wanted;
    if (index < written) {
        *upto = wanted < written ? wanted : written;
        return QN_OK;
    }
    *upto = index < segment->room
                ? qni_segment_whole(segment, index, wanted < segment->room ? wanted : segment->room, &symbol)
                : index;
    int64_t after = segment->first + segment->capacity;
    if (*upto > index || !qni_folder_has(qni_journal_segment(&r->path, after)))
        return QN_OK;
    written = qni_segment_written(segment); /* it may have been filled meanwhile */
    *upto = wanted < written ? wanted : written;
    if (index < written)
        return QN_OK;
    return qni_segment_damaged(segment, index, qni_journal_segment(&r->path, segment->first), err);
}

/* Checks the records [index, upto) and says how many can be given. */
static qn_status check(int64_t *count, qn_journal_reader *r, int64_t index, int64_t upto, qn_error *err)
{
    const qni_segment *segment = &r->segment;
    uint32_t symbol = 0;
    int64_t room = upto < segment->room ? upto : segment->room;
    int64_t end = index < room ? qni_segment_whole(segment, index, room, &symbol) : index;
    *count = end - index;
    if (end == index)
        return qni_segment_damaged(segment, index, qni_journal_segment(&r->path, segment->first), err);
    if (symbol < qn_symbols_count(r->symbols))
        return QN_OK;
    qn_status s = more_symbols(r, err);
    int64_t known = qn_symbols_count(r->symbols);
    for (*count = 0; index + *count < end && (uint32_t)segment->records[index + *count].symbol < known;)
        ++*count;
    if (s != QN_OK || *count > 0)
        return *count > 0 ? QN_OK : s;
    return qni_error_at(err, QN_DATA, qni_journal_segment(&r->path, segment->first), 0, 0,
                        "record %" PRId64 " names symbol %" PRIu32 ", and the journal has %" PRId64 " names", r->next,
                        (uint32_t)segment->records[index].symbol, known);
}

qn_status qn_journal_read(const qn_tick **out, int64_t *count, qn_journal_reader *r, int64_t max, qn_error *err)
{
    assert(out != NULL && count != NULL && r != NULL && max > 0);
    qn_status s = QN_OK;
    bool there = r->segment.map != NULL;
    *out = NULL;
    *count = 0;
    if (r->next > r->to)
        return QN_OK;
    if (!there)
        s = open_segment(&there, r, err);
    else if (r->next - r->segment.first >= r->segment.capacity)
        s = next_segment(&there, r, err);
    if (s != QN_OK || !there)
        return s;
    int64_t left = r->to - r->next, index = r->next - r->segment.first, upto;
    s = look_ahead(&upto, r, index, left < max ? left + 1 : max, err);
    if (s != QN_OK || upto == index)
        return s;
    s = check(count, r, index, upto, err);
    if (s == QN_OK) {
        *out = r->segment.records + index;
        r->next += *count;
    }
    return s;
}

/* ---- by time ---- */

static qn_status find_time(int64_t *out, qn_journal_reader *r, int64_t time_ns, qn_error *err)
{
    qni_journal_names names;
    qni_segment segment = qni_segment_none();
    qn_status s = qni_journal_look(&names, &r->path, 0, err);
    *out = names.lowest > 0 ? names.lowest : 0;
    for (int64_t first = names.lowest; s == QN_OK && first >= 0;) {
        s = qni_segment_open(&segment, qni_journal_segment(&r->path, first), first, err);
        if (s != QN_OK)
            break;
        int64_t count = qni_segment_end(&segment), index = qni_segment_find_time(&segment, count, time_ns);
        *out = first + index;
        int64_t next = index < count || first + segment.capacity > names.highest ? -1 : first + segment.capacity;
        uint32_t symbol = 0;
        int64_t looked_at = index / QNI_JOURNAL_BLOCK * QNI_JOURNAL_BLOCK;
        int64_t upto = index < count ? index + 1 : count;
        upto = upto < segment.room ? upto : segment.room;
        int64_t whole = looked_at < upto ? qni_segment_whole(&segment, looked_at, upto, &symbol) : upto;
        if (whole < upto || count > segment.room)
            s = qni_segment_damaged(&segment, whole, qni_journal_segment(&r->path, first), err);
        qni_segment_close(&segment);
        if (next >= 0 && s == QN_OK && !qni_folder_has(qni_journal_segment(&r->path, next)))
            s = missing(r, next, names.highest, err);
        first = next;
    }
    return s;
}

/* Whether what was looked at may be looked at again: the oldest segment was given up just then. */
static bool again(qn_status s, int *tries)
{
    return s == QN_NO_INPUT && ++*tries < QNI_JOURNAL_TRIES;
}

qn_status qn_journal_find_time(int64_t *out, qn_journal_reader *r, int64_t time_ns, qn_error *err)
{
    int tries = 0;
    qn_status s;
    do
        s = find_time(out, r, time_ns, err);
    while (again(s, &tries));
    return s;
}

/* ---- what there is ---- */

static qn_status bound(qn_journal_reader *r, qn_error *err)
{
    qni_journal_names names;
    qni_segment segment;
    int64_t end = 0;
    qn_status s = qni_journal_look(&names, &r->path, 0, err);
    if (s != QN_OK)
        return s;
    if (names.count > 0) {
        s = qni_segment_open(&segment, qni_journal_segment(&r->path, names.highest), names.highest, err);
        if (s != QN_OK)
            return s == QN_DATA ? QN_OK : s; /* nobody appends to it; reading says so, once all before it was given */
        end = names.highest + qni_segment_end(&segment);
        qni_segment_close(&segment);
    }
    r->to = r->to < end ? r->to : end - 1;
    return QN_OK;
}

qn_status qni_journal_reader_bound(qn_journal_reader *r, qn_error *err)
{
    int tries = 0;
    qn_status s;
    do
        s = bound(r, err);
    while (again(s, &tries));
    return s;
}

/* Looks at the end, where the last segment is mapped. One that was only just begun has none: the one before tells. */
static qn_status look_at_end(qn_journal_info *info, qni_segment *segment, const qni_journal_path *path, qn_error *err)
{
    qni_journal_names names;
    int64_t end = qni_segment_end(segment);
    info->next = segment->first + end;
    info->segment_records = segment->capacity;
    info->records = info->next - info->first;
    if (end == 0 && info->records > 0) {
        qn_status s = qni_journal_look(&names, path, segment->first - 1, err);
        qni_segment_close(segment);
        if (s == QN_OK)
            s = qni_segment_open(segment, qni_journal_segment(path, names.upto), names.upto, err);
        if (s != QN_OK)
            return s;
        end = qni_segment_end(segment);
    }
    int64_t last = (end < segment->room ? end : segment->room) - 1;
    if (last >= 0)
        info->last_ns = segment->records[last].time_ns;
    return QN_OK;
}

static qn_status get_info(qn_journal_reader *r, qn_journal_info *out, qn_error *err)
{
    qni_journal_names names;
    qn_journal_info info = {.size = sizeof info};
    qni_segment segment = qni_segment_none();
    qn_status s = qni_journal_look(&names, &r->path, 0, err);
    if (s != QN_OK)
        return s;
    info.segments = names.count;
    info.bytes = names.bytes;
    info.symbols = qn_symbols_count(r->symbols);
    if (names.count > 0) {
        info.first = names.lowest;
        s = qni_segment_open(&segment, qni_journal_segment(&r->path, names.lowest), names.lowest, err);
        if (s == QN_OK && segment.room > 0 && qni_segment_end(&segment) > 0)
            info.first_ns = segment.records[0].time_ns;
        if (s == QN_OK && names.highest != names.lowest) {
            qni_segment_close(&segment);
            s = qni_segment_open(&segment, qni_journal_segment(&r->path, names.highest), names.highest, err);
        }
        if (s == QN_OK)
            s = look_at_end(&info, &segment, &r->path, err);
    }
    qni_segment_close(&segment);
    if (s == QN_OK)
        qni_stats_copy(out, &info, sizeof info);
    return s;
}

qn_status qn_journal_get_info(qn_journal_reader *r, qn_journal_info *out, qn_error *err)
{
    int tries = 0;
    qn_status s;
    do
        s = get_info(r, out, err);
    while (again(s, &tries));
    return s;
}
