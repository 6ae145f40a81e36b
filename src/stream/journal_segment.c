/* stream/journal_segment.c: one file of records, in memory: its head, what is whole in it, its index of times.
 *
 * Always: nothing outside the mapping is looked at, whatever the bytes say. Any thread. */
#include "stream/journal_int.h"

#include "base/alloc.h"
#include "base/checksum.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/hash.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    PAGE = 4096, /* records begin on one, also where the system's are larger */
    BYTE_ORDER_MARK = 0x01020304,
    DIGITS = 20, /* of a name: those of the greatest sequence, and one */
};
static const char magic[8] = {'Q', 'N', 'J', 'R', 'N', 'L', '\r', '\n'};

static int64_t block_count(int64_t capacity)
{
    return (capacity + QNI_JOURNAL_BLOCK - 1) / QNI_JOURNAL_BLOCK;
}

int64_t qni_segment_offset(int64_t capacity)
{
    assert(capacity >= 1 && capacity <= QNI_JOURNAL_SEGMENT_MOST);
    int64_t size = (int64_t)sizeof(qni_segment_head) + block_count(capacity) * (int64_t)sizeof(qni_segment_time);
    return (size + PAGE - 1) / PAGE * PAGE;
}

int64_t qni_segment_size(int64_t capacity)
{
    return qni_segment_offset(capacity) + capacity * (int64_t)sizeof(qn_tick);
}

static uint64_t head_checksum(const qni_segment_head *head)
{
    return qni_checksum(head, (int64_t)offsetof(qni_segment_head, checksum));
}

void qni_segment_head_make(void *bytes, int64_t first, int64_t capacity)
{
    qni_segment_head *head = bytes;
    memset(head, 0, sizeof *head);
    memcpy(head->magic, magic, sizeof magic);
    head->version = QNI_JOURNAL_VERSION;
    head->byte_order = BYTE_ORDER_MARK;
    head->record_size = sizeof(qn_tick);
    head->first = first;
    head->capacity = capacity;
    head->seed = qni_hash_word((uint64_t)qni_clock_wall_ns(), (uint64_t)first);
    head->checksum = head_checksum(head);
}

/* ---- understanding ---- */

static qn_status check_head(const qni_segment_head *head, int64_t first, const char *file, qn_error *err)
{
    if (memcmp(head->magic, magic, sizeof magic) != 0)
        return qni_error_at(err, QN_DATA, file, 0, 0, "this is no segment of a journal, or its head is damaged");
    if (head->byte_order != BYTE_ORDER_MARK)
        return qni_error_at(err, QN_DATA, file, 0, 0,
                            "the segment's head is damaged, or from a machine of another kind");
    if (head->version != QNI_JOURNAL_VERSION)
        return qni_error_at(err, QN_DATA, file, 0, 0,
                            "the segment is of version %" PRIu32 " of the format, and this Quern reads version %d",
                            head->version, QNI_JOURNAL_VERSION);
    if (head->checksum != head_checksum(head) || head->record_size != sizeof(qn_tick) || head->capacity < 1 ||
        head->capacity > QNI_JOURNAL_SEGMENT_MOST || head->first < 0 || head->first > INT64_MAX - head->capacity)
        return qni_error_at(err, QN_DATA, file, 0, 0, "the segment's head is damaged");
    if (head->first != first)
        return qni_error_at(err, QN_DATA, file, 0, 0,
                            "the segment begins with record %" PRId64 ", and not with the one of its name",
                            head->first);
    return QN_OK;
}

qni_segment qni_segment_none(void)
{
    return (qni_segment){.lock = -1};
}

qn_status qni_segment_look(qni_segment *out, void *bytes, int64_t size, int64_t first, const char *file, qn_error *err)
{
    *out = qni_segment_none();
    if (size < (int64_t)sizeof(qni_segment_head))
        return qni_error_at(err, QN_DATA, file, 0, 0, "the segment has %" PRId64 " bytes: its head is cut off", size);
    qni_segment_head *head = bytes;
    qn_status s = check_head(head, first, file, err);
    if (s != QN_OK)
        return s;
    int64_t offset = qni_segment_offset(head->capacity);
    if (size < offset)
        return qni_error_at(err, QN_DATA, file, 0, 0, "the segment has %" PRId64 " bytes: it is cut off", size);
    int64_t room = (size - offset) / (int64_t)sizeof(qn_tick);
    *out = (qni_segment){
        .map = bytes,
        .size = size,
        .lock = -1,
        .head = head,
        .times = (qni_segment_time *)(void *)((char *)bytes + sizeof *head),
        .records = (qn_tick *)(void *)((char *)bytes + offset),
        .room = room < head->capacity ? room : head->capacity,
        .first = first,
        .capacity = head->capacity,
        .block_count = block_count(head->capacity),
        .seed = head->seed,
    };
    return QN_OK;
}

qn_status qni_segment_open(qni_segment *out, const char *path, int64_t first, qn_error *err)
{
    int lock;
    void *map;
    int64_t size;
    *out = qni_segment_none();
    qn_status s = qni_folder_lock(&lock, path, false, false, QNI_JOURNAL_LOCK_MS, err);
    if (s != QN_OK)
        return s;
    if (!qni_folder_is(lock, path)) { /* it was taken to be made into another before it was locked */
        qni_folder_unlock(lock);
        return qni_error_at(err, QN_NO_INPUT, path, 0, 0, "the segment was given up for newer records");
    }
    s = qni_folder_map_opened(&map, &size, lock, path, err);
    if (s == QN_OK)
        s = qni_segment_look(out, map, size, first, path, err);
    if (s != QN_OK) {
        qni_folder_unmap(map, size);
        qni_folder_unlock(lock);
        return s;
    }
    out->lock = lock;
    return QN_OK;
}

void qni_segment_close(qni_segment *segment)
{
    qni_folder_unmap(segment->map, segment->size);
    qni_folder_unlock(segment->lock);
    *segment = qni_segment_none();
}

/* ---- records ---- */

int64_t qni_segment_written(const qni_segment *segment)
{
    int64_t written = atomic_load_explicit(&segment->head->written, memory_order_acquire);
    return written >= 0 && written <= segment->capacity ? written : -1;
}

int64_t qni_segment_whole(const qni_segment *segment, int64_t from, int64_t to, uint32_t *symbol)
{
    assert(from >= 0 && to <= segment->room);
    uint32_t greatest = *symbol;
    for (int64_t i = from; i < to; i++) {
        uint64_t w[8];
        memcpy(w, &segment->records[i], sizeof w);
        if ((int64_t)w[0] != segment->first + i || (uint32_t)(w[7] >> 32) != qni_journal_sum(w, segment->seed)) {
            to = i;
            break;
        }
        uint32_t number = (uint32_t)w[6];
        greatest = number > greatest ? number : greatest;
    }
    *symbol = greatest;
    return to;
}

int64_t qni_segment_end(const qni_segment *segment)
{
    uint32_t symbol = 0;
    int64_t written = qni_segment_written(segment);
    if (written > segment->room)
        return written;
    return qni_segment_whole(segment, written < 0 ? 0 : written, segment->room, &symbol);
}

qn_status qni_segment_damaged(const qni_segment *segment, int64_t index, const char *file, qn_error *err)
{
    int64_t offset = qni_segment_offset(segment->capacity) + index * (int64_t)sizeof(qn_tick);
    return qni_error_at(err, QN_DATA, file, 0, 0,
                        "record %" PRId64 " (byte %" PRId64
                        " of the file) is %s: quern journal DIR verify lists all damage, quern journal DIR cut takes "
                        "it away",
                        segment->first + index, offset, index < segment->room ? "damaged" : "cut off");
}

/* ---- the index of times ---- */

int64_t qni_segment_blocks(const qni_segment *segment, int64_t count)
{
    return count == segment->capacity ? segment->block_count : count / QNI_JOURNAL_BLOCK;
}

/* Never 0, as bytes that were not written are. */
static uint64_t time_checksum(const qni_segment *segment, int64_t block, int64_t latest_ns)
{
    return qni_journal_fold((uint64_t)latest_ns ^ segment->seed ^ 0x243F6A8885A308D3u,
                            (uint64_t)block ^ segment->seed >> 1 ^ 0x13198A2E03707344u) |
           1;
}

bool qni_segment_time_get(const qni_segment *segment, int64_t block, int64_t *latest_ns)
{
    assert(block >= 0 && block < segment->block_count);
    qni_segment_time t = segment->times[block];
    *latest_ns = t.latest_ns;
    return t.checksum == time_checksum(segment, block, t.latest_ns);
}

void qni_segment_time_set(const qni_segment *segment, int64_t block, int64_t latest_ns)
{
    segment->times[block] = (qni_segment_time){latest_ns, time_checksum(segment, block, latest_ns)};
}

/* The first of the blocks whose latest time is time_ns or later, for these only grow; -1: an entry is damaged. */
static int64_t find_block(const qni_segment *segment, int64_t blocks, int64_t time_ns)
{
    int64_t low = 0, high = blocks;
    while (low < high) {
        int64_t middle = low + (high - low) / 2, latest_ns;
        if (!qni_segment_time_get(segment, middle, &latest_ns))
            return -1;
        if (latest_ns >= time_ns)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int64_t qni_segment_find_time(const qni_segment *segment, int64_t count, int64_t time_ns)
{
    count = count < segment->room ? count : segment->room;
    int64_t block = find_block(segment, qni_segment_blocks(segment, count), time_ns);
    int64_t i = block < 0 ? 0 : block * QNI_JOURNAL_BLOCK;
    while (i < count && segment->records[i].time_ns < time_ns)
        i++;
    return i < count ? i : count;
}

/* ---- names in the folder ---- */

qn_status qni_journal_path_init(qni_journal_path *out, const char *folder, const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_journal_path){.folder_size = (int64_t)strlen(folder)};
    while (out->folder_size > 1 && folder[out->folder_size - 1] == '/')
        out->folder_size--;
    out->size = out->folder_size + QNI_JOURNAL_NAME_SIZE;
    out->text = qni_alloc(allocator, out->size, 1);
    if (out->text == NULL)
        return qni_refused(err, allocator, out->size, "the name of a journal's file");
    memcpy(out->text, folder, (size_t)out->folder_size);
    return QN_OK;
}

void qni_journal_path_free(qni_journal_path *path, const qn_allocator *allocator)
{
    qni_free(allocator, path->text, path->size, 1);
    *path = (qni_journal_path){0};
}

const char *qni_journal_folder(const qni_journal_path *path)
{
    path->text[path->folder_size] = '\0';
    return path->text;
}

const char *qni_journal_file(const qni_journal_path *path, const char *name)
{
    (void)snprintf(path->text + path->folder_size, QNI_JOURNAL_NAME_SIZE, "/%s", name);
    return path->text;
}

const char *qni_journal_segment(const qni_journal_path *path, int64_t first)
{
    (void)snprintf(path->text + path->folder_size, QNI_JOURNAL_NAME_SIZE, "/%0*" PRId64 QNI_JOURNAL_SUFFIX, DIGITS,
                   first);
    return path->text;
}

int64_t qni_journal_first_of(const char *name)
{
    int64_t first = 0;
    if (strlen(name) != DIGITS + strlen(QNI_JOURNAL_SUFFIX) || strcmp(name + DIGITS, QNI_JOURNAL_SUFFIX) != 0)
        return -1;
    for (int i = 0; i < DIGITS; i++)
        if (name[i] < '0' || name[i] > '9' || !qni_size_mul(&first, first, 10) ||
            !qni_size_add(&first, first, name[i] - '0'))
            return -1;
    return first;
}

static qn_status look_at_name(void *user, const char *name, qn_error *err)
{
    (void)err;
    qni_journal_names *n = user;
    int64_t first = qni_journal_first_of(name);
    bool other = strcmp(name, QNI_JOURNAL_SYMFILE) == 0;
    if (first < 0 && !other)
        return QN_OK;
    int64_t size = qni_folder_size(qni_journal_file(n->path, name));
    n->journal = true;
    n->bytes += size > 0 ? size : 0;
    if (other)
        return QN_OK;
    n->count++;
    n->lowest = n->lowest < 0 || first < n->lowest ? first : n->lowest;
    n->highest = first > n->highest ? first : n->highest;
    if (first <= n->at)
        n->upto = first > n->upto ? first : n->upto;
    else
        n->above = n->above < 0 || first < n->above ? first : n->above;
    return QN_OK;
}

qn_status qni_journal_look(qni_journal_names *out, const qni_journal_path *path, int64_t at, qn_error *err)
{
    *out = (qni_journal_names){.lowest = -1, .highest = -1, .upto = -1, .above = -1, .at = at, .path = path};
    return qni_file_each(qni_journal_folder(path), look_at_name, out, err);
}
