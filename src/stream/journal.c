/* stream/journal.c: a journal that is written to: opened, put in order, appended to, flushed. One thread a journal.
 *
 * Always: `next` = the segment's first record + `count`, where there is one; records are counted in the segment's head
 * as soon as they are written. */
#include "stream/journal_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/options.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>

void qn_journal_options_init(qn_journal_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static qn_status take_options(qn_journal *j, const qn_journal_options *options, qn_error *err)
{
    qn_journal_options *o = &j->options;
    qn_status s = qni_options_copy(o, sizeof *o, options, "qn_journal_options", err);
    if (s != QN_OK)
        return s;
    j->allocator = o->allocator;
    if (o->segment_records == 0)
        o->segment_records = QNI_JOURNAL_SEGMENT;
    if (o->segment_records < QNI_JOURNAL_SEGMENT_LEAST || o->segment_records > QNI_JOURNAL_SEGMENT_MOST)
        return qni_error(err, QN_INVALID, "a segment of a journal has %d to %d records, not %" PRId64,
                         QNI_JOURNAL_SEGMENT_LEAST, QNI_JOURNAL_SEGMENT_MOST, o->segment_records);
    if (o->max_segments < 0 || o->max_segments == 1)
        return qni_error(err, QN_INVALID, "a journal keeps at least 2 segments, or all (0), not %" PRId64,
                         o->max_segments);
    return QN_OK;
}

/* ---- symbols ---- */

static const char *symbols_path(const qn_journal *j)
{
    return qni_journal_file(&j->path, QNI_JOURNAL_SYMFILE);
}

/* Where there are no records yet, nothing but a journal's own file of that name is written into; and never through a
 * link, whose size is not that of the names. */
static qn_status check_symbols(const qn_journal *j, qn_error *err)
{
    qni_journal_names names;
    static const qni_journal_symbol zero;
    qni_journal_symbol first = zero;
    if (qni_folder_has(symbols_path(j)) && qni_folder_size(symbols_path(j)) < 0)
        return qni_error_at(err, QN_DATA, symbols_path(j), 0, 0,
                            "this is a link or a folder: a journal has a file there");
    qn_status s = qni_journal_look(&names, &j->path, 0, err);
    if (s != QN_OK || names.count > 0 || qni_folder_peek(symbols_path(j), &first, sizeof first) <= 0)
        return s;
    const qni_journal_entries entries = {.map = &first, .size = sizeof first, .room = 1};
    if (memcmp(&first, &zero, sizeof first) == 0 || qni_journal_entry(&entries, 0) != QNI_ENTRY_NONE)
        return QN_OK;
    return qni_error_at(err, QN_DATA, symbols_path(j), 0, 0,
                        "this is no file of a journal: a journal has a folder of its own");
}

/* Maps the file of names with room for some more. What was torn is overwritten by the next name. */
static qn_status open_symbols(qn_journal *j, qn_error *err)
{
    int64_t size = qni_folder_size(symbols_path(j)) / (int64_t)sizeof(qni_journal_symbol), damaged;
    int64_t room = size > QNI_JOURNAL_SYMBOLS ? size : QNI_JOURNAL_SYMBOLS;
    room = room < QNI_SYMBOLS_MAX ? room : QNI_SYMBOLS_MAX;
    qn_status s = qni_journal_entries_write(&j->entries, symbols_path(j), room, err);
    if (s != QN_OK)
        return s;
    int64_t count = qni_journal_entries_count(&j->entries, &damaged);
    if (damaged >= 0)
        return qni_error_at(err, QN_DATA, symbols_path(j), 0, 0,
                            "the name of symbol %" PRId64
                            " is damaged, or of another version: quern journal DIR verify says which records that "
                            "concerns, quern journal DIR cut takes it away",
                            count);
    j->map_count = qn_symbols_capacity(j->theirs);
    int64_t capacity = count + j->map_count;
    s = qn_symbols_new(&j->symbols, capacity < QNI_SYMBOLS_MAX ? capacity : QNI_SYMBOLS_MAX, j->allocator, err);
    if (s == QN_OK)
        s = qni_journal_entries_add(j->symbols, &j->entries, 0, count, symbols_path(j), err);
    if (s != QN_OK)
        return s;
    j->map = qni_alloc(j->allocator, j->map_count, sizeof *j->map);
    if (j->map == NULL)
        return qni_refused(err, j->allocator, j->map_count * (int64_t)sizeof *j->map,
                           "the %" PRId64 " symbols of a journal", j->map_count);
    memset(j->map, 0xff, (size_t)j->map_count * sizeof *j->map);
    return QN_OK;
}

/* Twice the room in the file of names. */
static qn_status grow_symbols(qn_journal *j, qn_error *err)
{
    qni_journal_entries larger;
    int64_t room = 2 * j->entries.room < QNI_SYMBOLS_MAX ? 2 * j->entries.room : QNI_SYMBOLS_MAX;
    qn_status s = qni_journal_entries_write(&larger, symbols_path(j), room, err);
    if (s != QN_OK)
        return s;
    qni_journal_entries_close(&j->entries);
    j->entries = larger;
    return QN_OK;
}

/* A symbol of theirs that no record named before: its number here. */
static qn_status meet_symbol(qn_journal *j, int32_t symbol, qn_error *err)
{
    if (symbol < 0 || symbol >= qn_symbols_count(j->theirs))
        return qni_error(err, QN_INVALID, "record %" PRId64 ": there is no symbol %" PRId32, j->next, symbol);
    const char *name = qn_symbols_name(j->theirs, symbol);
    int32_t number = qn_symbols_find(j->symbols, name, -1);
    if (number < 0) {
        int64_t count = qn_symbols_count(j->symbols);
        if (count == qn_symbols_capacity(j->symbols))
            return qni_error(err, QN_LIMIT, "a journal has room for %" PRId64 " symbols: \"%s\" is one too many", count,
                             name);
        if (count == j->entries.room) {
            qn_status s = grow_symbols(j, err);
            if (s != QN_OK)
                return s;
        }
        qn_status s = qn_symbols_add(&number, j->symbols, name, -1, err);
        if (s != QN_OK)
            return s;
        qni_journal_entries_set(&j->entries, number, name);
        j->symbols_unsynced = true;
    }
    j->map[symbol] = number;
    return QN_OK;
}

/* ---- the end of the last segment ---- */

/* Whether a whole record lies in [from, to). */
static bool has_whole(const qni_segment *segment, int64_t from, int64_t to)
{
    uint32_t symbol = 0;
    for (int64_t i = from; i < to; i++)
        if (qni_segment_whole(segment, i, i + 1, &symbol) > i)
            return true;
    return false;
}

/* Finds where the records end, and cuts what is torn. Where whole ones follow what is not, nothing is touched. */
static qn_status recover(qn_journal *j, qn_error *err)
{
    uint32_t symbol = 0;
    const char *file = qni_journal_segment(&j->path, j->segment.first);
    int64_t written = qni_segment_written(&j->segment);
    int64_t upto = written < 0 ? j->segment.room : written;
    int64_t count = qni_segment_whole(&j->segment, 0, j->segment.room, &symbol);
    if (count < upto && has_whole(&j->segment, count + 1, upto))
        return qni_segment_damaged(&j->segment, count, file, err);
    if (count > 0 && symbol >= qn_symbols_count(j->symbols))
        return qni_error_at(err, QN_DATA, file, 0, 0,
                            "a record names symbol %" PRIu32 ", and the journal has %" PRId64
                            " names: quern journal DIR verify says which",
                            symbol, qn_symbols_count(j->symbols));
    qni_journal_keep(&j->segment, count, &j->latest_ns);
    j->recovery.cut = written > count ? written - count : 0;
    j->count = count;
    j->next = j->segment.first + count;
    if (count == j->segment.capacity)
        qni_segment_close(&j->segment);
    return QN_OK;
}

static qn_status open_last(qn_journal *j, qn_error *err)
{
    qni_journal_names names;
    qn_status s = qni_journal_look(&names, &j->path, 0, err);
    if (s != QN_OK || names.count == 0)
        return s;
    j->oldest = names.lowest;
    j->segment_count = names.count;
    s = qni_journal_map(&j->segment, &j->path, names.highest, err);
    if (s == QN_OK)
        s = recover(j, err);
    j->recovery.records = j->next - j->oldest;
    return s;
}

/* ---- opening and closing ---- */

/* Where segments are used again, they stay mapped meanwhile. */
static qn_status make_kept(qn_journal *j, qn_error *err)
{
    int64_t count = j->options.max_segments < QNI_JOURNAL_KEPT_MAX ? j->options.max_segments : QNI_JOURNAL_KEPT_MAX;
    j->kept = qni_alloc_zeroed(j->allocator, count, sizeof *j->kept);
    if (j->kept == NULL)
        return qni_refused(err, j->allocator, count * (int64_t)sizeof *j->kept, "the segments of a journal");
    j->kept_capacity = count;
    return QN_OK;
}

static qn_status open_all(qn_journal *j, const char *folder, const qn_journal_options *options, qn_error *err)
{
    qn_status s = take_options(j, options, err);
    if (s == QN_OK)
        s = qni_journal_path_init(&j->path, folder, j->allocator, err);
    if (s == QN_OK)
        s = qni_folder_make(qni_journal_folder(&j->path), err);
    if (s == QN_OK)
        s = qni_folder_lock(&j->lock, qni_journal_file(&j->path, QNI_JOURNAL_LOCK), true, true, 0, err);
    if (s == QN_BUSY)
        return qni_error(err, QN_BUSY, "another one writes to the journal \"%.300s\"", folder);
    if (s == QN_OK)
        s = check_symbols(j, err);
    if (s == QN_OK)
        s = open_symbols(j, err);
    if (s == QN_OK && j->options.max_segments > 0)
        s = make_kept(j, err);
    return s == QN_OK ? open_last(j, err) : s;
}

qn_status qn_journal_open(qn_journal **out, const char *folder, const qn_symbols *symbols,
                          const qn_journal_options *options, qn_error *err)
{
    assert(out != NULL && folder != NULL && symbols != NULL);
    const qn_allocator *allocator = options != NULL ? options->allocator : NULL;
    *out = NULL;
    qn_journal *j = qni_new(allocator, qn_journal);
    if (j == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *j, "a journal");
    j->allocator = allocator;
    j->theirs = symbols;
    j->lock = -1;
    j->segment = qni_segment_none();
    j->latest_ns = INT64_MIN;
    j->unsynced = 0; /* who wrote before may have ended without */
    j->symbols_unsynced = true;
    j->recovery.size = sizeof j->recovery;
    qn_status s = open_all(j, folder, options, err);
    if (s != QN_OK) {
        qn_journal_close(j);
        return s;
    }
    *out = j;
    return QN_OK;
}

void qn_journal_close(qn_journal *j)
{
    if (j == NULL)
        return;
    qni_segment_close(&j->segment);
    for (; j->kept_count > 0; j->kept_count--)
        qni_segment_close(&j->kept[(j->kept_first + j->kept_count - 1) % j->kept_capacity]);
    if (j->kept != NULL)
        qni_free(j->allocator, j->kept, j->kept_capacity, sizeof *j->kept);
    qni_journal_entries_close(&j->entries);
    qn_symbols_free(j->symbols);
    qni_free(j->allocator, j->map, j->map_count, sizeof *j->map);
    qni_folder_unlock(j->lock);
    if (j->path.text != NULL)
        qni_journal_path_free(&j->path, j->allocator);
    qni_delete(j->allocator, j);
}

void qn_journal_get_recovery(const qn_journal *j, qn_journal_recovery *out)
{
    qni_stats_copy(out, &j->recovery, sizeof j->recovery);
}

int64_t qn_journal_next(const qn_journal *j)
{
    return j->next;
}

/* ---- appending ---- */

/* Copies up to `count` records to their places, sealed. Returns how many: fewer where a symbol has no number yet. */
static int64_t copy_records(qn_journal *j, const qn_tick *records, int64_t count)
{
    const uint64_t seed = j->segment.seed;
    qn_tick *to = j->segment.records + j->count;
    uint64_t sequence = (uint64_t)j->next;
    int64_t latest = j->latest_ns, done = 0;
    for (; done < count; done++) {
        uint64_t w[8];
        uint32_t symbol = (uint32_t)records[done].symbol;
        if (symbol >= (uint64_t)j->map_count || j->map[symbol] < 0)
            break;
        memcpy(w, &records[done], sizeof w);
        w[0] = sequence++;
        w[6] = (w[6] >> 32 << 32) | (uint32_t)j->map[symbol];
        w[7] = (w[7] & UINT32_MAX) | (uint64_t)qni_journal_sum(w, seed) << 32;
        memcpy(&to[done], w, sizeof w);
        int64_t time_ns = (int64_t)w[1];
        latest = time_ns > latest ? time_ns : latest;
    }
    j->latest_ns = latest;
    return done;
}

/* Records up to the end of a block, or fewer. The pages of a block are got ready when it begins. */
static int64_t room_in_block(const qn_journal *j, int64_t count)
{
    int64_t in_block = j->count % QNI_JOURNAL_BLOCK, room = QNI_JOURNAL_BLOCK - in_block;
    int64_t left = j->segment.capacity - j->count;
    room = room < left ? room : left;
    if (in_block == 0)
        qni_folder_ready(j->segment.records + j->count, room * (int64_t)sizeof(qn_tick));
    return count < room ? count : room;
}

/* `count` more are in the segment: now they count. */
static void commit(qn_journal *j, int64_t count)
{
    j->count += count;
    j->next += count;
    bool full = j->count == j->segment.capacity;
    if (full || (count > 0 && j->count % QNI_JOURNAL_BLOCK == 0))
        qni_segment_time_set(&j->segment, (j->count - 1) / QNI_JOURNAL_BLOCK, j->latest_ns);
    atomic_store_explicit(&j->segment.head->written, j->count, memory_order_release);
    if (j->unsynced < 0)
        j->unsynced = j->segment.first;
}

qn_status qn_journal_append(qn_journal *j, const qn_tick *records, int64_t count, qn_error *err)
{
    assert(j != NULL && count >= 0);
    qn_status s = QN_OK;
    while (count > 0 && s == QN_OK) {
        if (j->segment.map == NULL || j->count == j->segment.capacity) {
            s = qni_journal_roll(j, err);
            if (s != QN_OK)
                return s;
        }
        int64_t wanted = room_in_block(j, count), done = copy_records(j, records, wanted);
        commit(j, done);
        records += done;
        count -= done;
        if (done < wanted)
            s = meet_symbol(j, records[0].symbol, err);
    }
    return s;
}

/* ---- flushing ---- */

static qn_status sync_segment(void *user, const char *name, qn_error *err)
{
    const qn_journal *j = user;
    int64_t first = qni_journal_first_of(name);
    return j->unsynced >= 0 && first >= j->unsynced ? qni_folder_sync(qni_journal_segment(&j->path, first), err)
                                                    : QN_OK;
}

qn_status qn_journal_sync(qn_journal *j, qn_error *err)
{
    qn_status s = QN_OK;
    if (j->symbols_unsynced)
        s = qni_folder_sync(symbols_path(j), err);
    if (s == QN_OK)
        s = qni_file_each(qni_journal_folder(&j->path), sync_segment, j, err);
    if (s == QN_OK)
        s = qni_folder_sync(qni_journal_folder(&j->path), err);
    if (s == QN_OK) {
        j->symbols_unsynced = false;
        j->unsynced = -1;
    }
    return s;
}
