/* stream/journal_roll.c: segments that are made: of nothing, or of the oldest, whose pages are there already. The
 * writer's thread. */
#include "stream/journal_int.h"

#include "base/error.h"
#include "base/folder.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

/* Names a file that is complete. */
static qn_status name_spare(const qni_journal_path *path, int64_t first, qn_error *err)
{
    char spare[4096];
    const char *from = qni_journal_file(path, QNI_JOURNAL_SPARE);
    size_t size = strlen(from) + 1;
    if (size > sizeof spare)
        return qni_error(err, QN_IO, "the path of a journal has %zu bytes, more than the system takes", size);
    memcpy(spare, from, size);
    const char *to = qni_journal_segment(path, first);
    if (!qni_folder_move(spare, to))
        return qni_error_errno(err, QN_IO, errno, "cannot rename \"%.200s\" to \"%.200s\"", spare, to);
    return QN_OK;
}

/* Makes the spare, which is mapped, a segment, and names it. On failure it is not mapped any more. */
static qn_status name_map(qni_segment *out, const qni_journal_path *path, void *map, int64_t first, int64_t capacity,
                          qn_error *err)
{
    int64_t size = qni_segment_size(capacity);
    qni_segment_head_make(map, first, capacity);
    qn_status s = qni_segment_look(out, map, size, first, qni_journal_file(path, QNI_JOURNAL_SPARE), err);
    if (s == QN_OK)
        s = name_spare(path, first, err);
    if (s != QN_OK) {
        qni_folder_unmap(map, size);
        *out = qni_segment_none();
    }
    return s;
}

qn_status qni_journal_make(qni_segment *out, const qni_journal_path *path, int64_t first, int64_t capacity,
                           qn_error *err)
{
    void *map;
    int64_t size = qni_segment_size(capacity);
    const char *spare = qni_journal_file(path, QNI_JOURNAL_SPARE);
    *out = qni_segment_none();
    if (qni_folder_size(spare) != size)
        (void)qni_folder_drop(spare);
    qn_status s = qni_folder_map(&map, spare, size, true, err);
    if (s != QN_OK) {
        (void)qni_folder_drop(spare); /* a part of it may be on the disk */
        return s;
    }
    return name_map(out, path, map, first, capacity, err);
}

qn_status qni_journal_map(qni_segment *out, const qni_journal_path *path, int64_t first, qn_error *err)
{
    const char *file = qni_journal_segment(path, first);
    void *map;
    *out = qni_segment_none();
    qni_segment seen;
    qn_status s = qni_segment_open(&seen, file, first, err);
    if (s != QN_OK)
        return s;
    int64_t size = qni_segment_size(seen.capacity);
    qni_segment_close(&seen);
    s = qni_folder_map(&map, file, size, true, err);
    if (s == QN_OK)
        s = qni_segment_look(out, map, size, first, file, err);
    return s;
}

void qni_journal_keep(const qni_segment *segment, int64_t count, int64_t *latest_ns)
{
    int64_t blocks = qni_segment_blocks(segment, count), latest = INT64_MIN, known;
    for (int64_t i = 0; i < count; i++) {
        latest = segment->records[i].time_ns > latest ? segment->records[i].time_ns : latest;
        int64_t block = i / QNI_JOURNAL_BLOCK;
        if ((i + 1) % QNI_JOURNAL_BLOCK == 0 || i + 1 == segment->capacity)
            if (!qni_segment_time_get(segment, block, &known) || known != latest)
                qni_segment_time_set(segment, block, latest);
    }
    *latest_ns = latest;
    if (qni_segment_written(segment) != count)
        atomic_store_explicit(&segment->head->written, count, memory_order_release);
    for (int64_t b = blocks; b < segment->block_count; b++)
        if (segment->times[b].checksum != 0)
            segment->times[b] = (qni_segment_time){0};
    for (int64_t i = count; i < segment->room; i++)
        if (segment->records[i].sequence == segment->first + i)
            memset(&segment->records[i], 0, sizeof segment->records[i]);
}

/* ---- the next one ---- */

/* The segment that was written to its end stays mapped until it is the oldest: its pages are there already then. */
static void keep_map(qn_journal *j)
{
    if (j->segment.map != NULL && j->kept_capacity > 0) {
        if (j->kept_count == j->kept_capacity) {
            qni_segment_close(&j->kept[j->kept_first]);
            j->kept_first = (j->kept_first + 1) % j->kept_capacity;
            j->kept_count--;
        }
        j->kept[(j->kept_first + j->kept_count++) % j->kept_capacity] = j->segment;
        j->segment = qni_segment_none();
    }
    qni_segment_close(&j->segment);
}

/* The oldest segment, mapped: for writing where it was kept. */
static qn_status map_oldest(qni_segment *out, bool *kept, qn_journal *j, qn_error *err)
{
    *kept = j->kept_count > 0 && j->kept[j->kept_first].first == j->oldest;
    if (!*kept)
        return qni_segment_open(out, qni_journal_segment(&j->path, j->oldest), j->oldest, err);
    *out = j->kept[j->kept_first];
    j->kept_first = (j->kept_first + 1) % j->kept_capacity;
    j->kept_count--;
    return QN_OK;
}

/* The oldest segment is not there, or cannot be read: it goes, and the next that is there is the oldest. */
static qn_status skip_oldest(qn_journal *j, qn_error *err)
{
    qni_journal_names names;
    (void)qni_folder_drop(qni_journal_segment(&j->path, j->oldest));
    qn_status s = qni_journal_look(&names, &j->path, j->oldest, err);
    if (s != QN_OK)
        return s;
    j->segment_count = names.above >= 0 ? names.count : 0;
    j->oldest = names.above >= 0 ? names.above : j->next;
    return QN_OK;
}

/* Takes the oldest segment out, and makes it the spare where it has the right size and nobody reads it. *lock: to be
 * given once it is another, -1: none; *map: of the spare, NULL: it is none, or is to be mapped. */
static qn_status take_oldest(qn_journal *j, int *lock, void **map, qn_error *err)
{
    qni_segment oldest;
    bool kept;
    *lock = -1;
    *map = NULL;
    qn_status s = map_oldest(&oldest, &kept, j, err);
    if (s == QN_NO_INPUT || s == QN_DATA)
        return skip_oldest(j, err);
    if (s != QN_OK)
        return s;
    int64_t capacity = oldest.capacity;
    if (!kept)
        qni_segment_close(&oldest);
    char from[4096];
    const char *file = qni_journal_segment(&j->path, j->oldest);
    size_t size = strlen(file) + 1;
    bool again = capacity == j->options.segment_records && size <= sizeof from &&
                 qni_folder_lock(lock, file, false, true, 0, NULL) == QN_OK;
    if (again)
        memcpy(from, file, size);
    again = again && qni_folder_move(from, qni_journal_file(&j->path, QNI_JOURNAL_SPARE));
    if (!again)
        (void)qni_folder_drop(qni_journal_segment(&j->path, j->oldest));
    if (kept && again)
        *map = oldest.map;
    else if (kept)
        qni_segment_close(&oldest);
    j->oldest += capacity;
    j->segment_count--;
    return QN_OK;
}

qn_status qni_journal_roll(qn_journal *j, qn_error *err)
{
    int lock = -1;
    void *map = NULL;
    qn_status s = QN_OK;
    const int64_t capacity = j->options.segment_records, size = qni_segment_size(capacity);
    keep_map(j);
    while (s == QN_OK && j->options.max_segments > 0 && j->segment_count >= j->options.max_segments) {
        qni_folder_unlock(lock);
        qni_folder_unmap(map, size);
        s = take_oldest(j, &lock, &map, err);
    }
    if (s == QN_OK)
        s = map != NULL ? name_map(&j->segment, &j->path, map, j->next, capacity, err)
                        : qni_journal_make(&j->segment, &j->path, j->next, capacity, err);
    qni_folder_unlock(lock);
    if (s != QN_OK)
        return s;
    j->segment_count++;
    j->count = 0;
    j->latest_ns = INT64_MIN;
    if (j->segment_count == 1)
        j->oldest = j->next;
    if (j->unsynced < 0)
        j->unsynced = j->next;
    return QN_OK;
}
