/* store/cache_disk_window.c: small records that were got lately, in memory that all processes of the folder share: so
 * they are got again without SQLite, and without a call of the system. The index alone is the truth; without a window
 * all goes on, slower.
 *
 * The file `window` is mapped: a head, a line of words for each set of slots, the slots. A name belongs to a set, and
 * in it to one of the line's stamps. A slot keeps a record, its size, and a sum over its checksum, its name and a mark:
 * the era, the epoch and the stamp as they were before the record was looked for in the index. It counts for a reader
 * whose mark, loaded now, is the same, and even; whose key is in it; and for whom its checksum fits. Nobody locks or
 * waits.
 *
 * Who changes the index does so in a transaction, one at a time: before its commit the stamps of all names that it
 * changes are made odd, or, where it changes everything or has no window, the era (in `generation`, which everybody
 * has), and after it even: another number each time. So, with a reader that misses and keeps what the index gives him:
 *  - He marked before a change began: the number has moved on, and what he keeps counts for nobody.
 *  - He marked while it went on: the mark is odd, nothing is got or kept.
 *  - He marked after it: he reads what was committed, or what was rolled back to.
 *  - Two changes of one stamp: the later one begins at the next odd number, and ends it; the first finds it gone.
 *  - Two who keep something in one slot, or one who reads what another keeps just now: no sum or no checksum fits.
 * Who is killed while he keeps a record leaves the same. Killed between the beginning and the end of a change he leaves
 * a number odd, whether or not he committed: that name, or everything, is got from the index until it is made even by
 * one who is in a transaction, when nothing else can be under way: the era by the next transaction, a stamp by the next
 * that counts a use of a name of it. A transaction on an index that has been replaced makes nothing even, and what is
 * kept of that index has another epoch.
 *
 * A window that is missing, or from before the machine started (when it may be older than the index), or none of ours
 * is replaced by a new file, with an identity that `generation` knows: who has the old one in memory goes on without.
 * First the identity is taken away, then the era made odd, then the new one set. A change under way meanwhile that
 * began with the old stamps is over when a transaction makes the era even, and one that begins later sees that it has
 * no window. */
#include "store/cache_disk_int.h"

#include "base/clock.h"
#include "base/folder.h"
#include "base/hash.h"
#include "base/log.h"

#include <string.h>

enum {
    WAYS = 8,
    WORD = 8,
    LINE = 2 * WAYS, /* words: the stamps, then the slots' names */
    NAMES = WAYS,
    /* Words of a slot. */
    SIZE = 0,
    SUM = 1,
    RECORD = 2,
    SLOT = QNI_DISK_SLOT_SIZE / WORD,
    CHECKSUM = 8, /* bytes: where it stands in a record */
};
_Static_assert(QNI_DISK_WINDOW_RECORD == (SLOT - RECORD) * WORD, "a record fills a slot");

typedef _Atomic uint64_t word;

/* One is made before it is named "window", and only read from then on. */
typedef struct head {
    char mark[8]; /* with the version of the layout */
    uint64_t identity;
    char boot_id[16];
    uint64_t spare[4];
} head;

static const char mark_of_head[8] = "QNWINDO1";

static uint64_t load(const word *w)
{
    return atomic_load_explicit(w, memory_order_relaxed);
}

static void store(word *w, uint64_t value)
{
    atomic_store_explicit(w, value, memory_order_relaxed);
}

/* ---- opening ---- */

static uint64_t sets_in(int64_t size)
{
    int64_t room = size - (int64_t)sizeof(head);
    return room <= 0 ? 0 : (uint64_t)room / (sizeof(word) * (LINE + WAYS * SLOT));
}

static int64_t wanted_size(const qni_disk_tier *tier)
{
    int64_t size = tier->bytes / QNI_DISK_WINDOW_SHARE;
    size = size < QNI_DISK_WINDOW_MIN ? QNI_DISK_WINDOW_MIN : size;
    return size > QNI_DISK_WINDOW_MAX ? QNI_DISK_WINDOW_MAX : size;
}

/* Odd from here on, and by a number that is this writer's. */
static uint64_t begin(word *stamp)
{
    uint64_t before = atomic_load(stamp), mine;
    do
        mine = before + 1 + (before & 1);
    while (!atomic_compare_exchange_weak(stamp, &before, mine));
    return mine;
}

/* One that another writer has begun with since is his to end. */
static void end(word *stamp, uint64_t mine)
{
    (void)atomic_compare_exchange_strong(stamp, &mine, mine + 1);
}

static void set_window(qni_disk_tier *tier, void *map, int64_t size)
{
    const head *h = map;
    tier->window.map = map;
    tier->window.size = size;
    tier->window.identity = h->identity;
    tier->window.sets = sets_in(size);
}

/* The one that is there, if it is this folder's and this start of the machine's. */
static bool open_old(qni_disk_tier *tier)
{
    static const char unknown[sizeof tier->time->boot_id];
    qni_disk_path path = qni_disk_path_of(tier, "window");
    int64_t size = qni_folder_size(path.text);
    void *map;
    if (sets_in(size) == 0 || size > QNI_DISK_WINDOW_MAX ||
        qni_folder_map(&map, path.text, size, !tier->read_only, NULL) != QN_OK)
        return false;
    const head *h = map;
    if (memcmp(h->mark, mark_of_head, sizeof h->mark) == 0 && h->identity == atomic_load(&tier->words->window) &&
        memcmp(h->boot_id, tier->time->boot_id, sizeof h->boot_id) == 0 &&
        memcmp(h->boot_id, unknown, sizeof unknown) != 0) {
        set_window(tier, map, size);
        return true;
    }
    qni_folder_unmap(map, size);
    return false;
}

static qn_status make_new(qni_disk_tier *tier, qn_error *err)
{
    qni_disk_path path = qni_disk_path_of(tier, "window"), making = qni_disk_path_of(tier, "window.new");
    int64_t size = wanted_size(tier);
    void *map;
    (void)qni_folder_drop(making.text);
    qn_status s = qni_folder_map(&map, making.text, size, true, err);
    if (s != QN_OK) {
        (void)qni_folder_drop(making.text);
        return s;
    }
    head *h = map;
    memcpy(h->mark, mark_of_head, sizeof h->mark);
    memcpy(h->boot_id, tier->time->boot_id, sizeof h->boot_id);
    h->identity = qni_hash_word((uint64_t)qni_clock_wall_ns(), tier->who) | 1;
    atomic_store(&tier->words->window, 0);
    (void)begin(&tier->words->era);
    if (!qni_folder_move(making.text, path.text)) {
        qni_folder_unmap(map, size);
        (void)qni_folder_drop(making.text);
        return qni_error(err, QN_IO, "cannot put a file into its place");
    }
    atomic_store(&tier->words->window, h->identity);
    set_window(tier, map, size);
    return QN_OK;
}

void qni_disk_window_open(qni_disk_tier *tier)
{
    qn_error why;
    if (open_old(tier) || tier->read_only || make_new(tier, &why) == QN_OK)
        return;
    qni_log(QN_LOG_WARN, "cache", "%s: goes on without the file \"window\", slower: %s", tier->folder, why.message);
}

void qni_disk_window_close(qni_disk_tier *tier)
{
    qni_folder_unmap(tier->window.map, tier->window.size);
    tier->window.map = NULL;
}

/* ---- getting ---- */

static word *line_of(const qni_disk_window *w, uint64_t name, uint64_t *set)
{
    *set = (uint64_t)(((unsigned __int128)name * w->sets) >> 64);
    return (word *)w->map + sizeof(head) / WORD + *set * LINE;
}

static word *slot_of(const qni_disk_window *w, uint64_t set, int way)
{
    word *slots = (word *)w->map + sizeof(head) / WORD + w->sets * LINE;
    return slots + (set * WAYS + (uint64_t)way) * SLOT;
}

/* By bits that do not choose the set. */
static word *stamp_of(const qni_disk_window *w, uint64_t name)
{
    uint64_t set;
    return line_of(w, name, &set) + name % WAYS;
}

/* Whether it is still the one that all who open the folder share. */
static bool has_window(const qni_disk_tier *tier)
{
    return tier->window.map != NULL &&
           atomic_load_explicit(&tier->words->window, memory_order_acquire) == tier->window.identity;
}

/* Acquire: what is read from the index afterwards is read after this. */
qni_disk_mark qni_disk_window_mark(const qni_disk_tier *tier, uint64_t name)
{
    if (!has_window(tier))
        return (qni_disk_mark){.era = 1};
    return (qni_disk_mark){.era = atomic_load_explicit(&tier->words->era, memory_order_acquire),
                           .epoch = atomic_load_explicit(&tier->words->epoch, memory_order_acquire),
                           .stamp = atomic_load_explicit(stamp_of(&tier->window, name), memory_order_acquire)};
}

static bool is_odd(const qni_disk_mark *mark)
{
    return ((mark->era | mark->stamp) & 1) != 0;
}

static uint64_t sum_of(uint64_t name, const qni_disk_mark *mark, uint64_t checksum)
{
    uint64_t sum = qni_hash_word(mark->stamp, name);
    sum = qni_hash_word(mark->epoch, qni_hash_word(mark->era, sum));
    return qni_hash_word(checksum, sum);
}

/* The sum stands for the checksum, and that, which is looked at later, for the rest: so the copy's is what counts. */
static bool get_slot(qni_record *out, const qni_disk_tier *tier, const word *slot, uint64_t name,
                     const qni_disk_mark *mark)
{
    const word *from = slot + RECORD;
    uint64_t value, checksum = load(from + CHECKSUM / WORD);
    int64_t size = (int64_t)load(slot + SIZE);
    if (size < CHECKSUM + WORD || size > QNI_DISK_WINDOW_RECORD || load(slot + SUM) != sum_of(name, mark, checksum))
        return false;
    char *bytes = qni_alloc(tier->allocator, size, 1);
    if (bytes == NULL)
        return false; /* who asks SQLite hears of it */
    int64_t at = 0;
    for (; at + WORD <= size; at += WORD) {
        value = load(from++);
        memcpy(bytes + at, &value, WORD);
    }
    value = at < size ? load(from) : 0;
    memcpy(bytes + at, &value, (size_t)(size - at));
    memcpy(&value, bytes + CHECKSUM, WORD);
    *out = (qni_record){.bytes = bytes, .size = size};
    if (value != checksum)
        qni_record_free(out, tier->allocator);
    return value == checksum;
}

bool qni_disk_window_get(qni_record *out, const qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark)
{
    uint64_t set;
    if (is_odd(mark))
        return false;
    const word *line = line_of(&tier->window, name, &set);
    for (int way = 0; way < WAYS; way++)
        if (load(line + NAMES + way) == name && get_slot(out, tier, slot_of(&tier->window, set, way), name, mark))
            return true;
    return false;
}

/* Whether a slot holds what would count now. */
static bool is_live(const qni_disk_tier *tier, const word *slot, uint64_t name)
{
    qni_disk_mark mark = qni_disk_window_mark(tier, name);
    return load(slot + SUM) == sum_of(name, &mark, load(slot + RECORD + CHECKSUM / WORD));
}

/* The slot that has the name, or one that holds nothing, or, now and then, any: for where a few names too many come in
 * turn to a set, as many as it holds are to stay, and not each to drive out the next. -1: none. */
static int choose_way(qni_disk_tier *tier, uint64_t set, const word *line, uint64_t name)
{
    int dead = -1;
    for (int way = 0; way < WAYS; way++) {
        uint64_t there = load(line + NAMES + way);
        if (there == name)
            return way;
        if (dead < 0 && !is_live(tier, slot_of(&tier->window, set, way), there))
            dead = way;
    }
    if (dead >= 0)
        return dead;
    uint32_t turn = atomic_fetch_add_explicit(&tier->window.turn, 1, memory_order_relaxed);
    return turn % QNI_DISK_WINDOW_PATIENCE == 0 ? (int)(turn / QNI_DISK_WINDOW_PATIENCE % WAYS) : -1;
}

void qni_disk_window_fill(qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark, const qni_record *record)
{
    uint64_t set, value;
    if (is_odd(mark) || record->size > QNI_DISK_WINDOW_RECORD || tier->read_only)
        return;
    word *line = line_of(&tier->window, name, &set);
    int way = choose_way(tier, set, line, name);
    if (way < 0)
        return;
    word *slot = slot_of(&tier->window, set, way);
    const char *bytes = record->bytes;
    memcpy(&value, bytes + CHECKSUM, WORD);
    store(line + NAMES + way, name);
    store(slot + SIZE, (uint64_t)record->size);
    store(slot + SUM, sum_of(name, mark, value));
    for (int64_t at = 0; at < record->size; at += WORD) {
        value = 0;
        memcpy(&value, bytes + at, (size_t)(record->size - at < WORD ? record->size - at : WORD));
        store(slot + RECORD + at / WORD, value);
    }
}

/* ---- writing ---- */

static qn_status change_stamp(qni_disk_change *c, word *stamp, qn_error *err)
{
    const qn_allocator *allocator = c->tier->allocator;
    void *stamps = c->stamps;
    if (!qni_grow(allocator, &stamps, &c->stamp_capacity, c->stamp_count + 1, sizeof *c->stamps))
        return qni_refused(err, allocator, 0, "what a cache's transaction changes");
    c->stamps = stamps;
    c->stamps[c->stamp_count++] = (qni_disk_stamp){.at = stamp, .mine = begin(stamp)};
    return QN_OK;
}

qn_status qni_disk_window_begin(qni_disk_change *c, uint64_t name, qn_error *err)
{
    if (c->window_done)
        return QN_OK;
    return has_window(c->tier) ? change_stamp(c, stamp_of(&c->tier->window, name), err)
                               : qni_disk_window_begin_all(c, err);
}

qn_status qni_disk_window_begin_all(qni_disk_change *c, qn_error *err)
{
    if (c->window_done)
        return QN_OK;
    qn_status s = change_stamp(c, &c->tier->words->era, err);
    c->window_done = s == QN_OK;
    return s;
}

/* Of another index by now: others are already in the middle of changing that one, and these numbers may stand for
 * theirs. The call that ran on the old one runs again, and comes here once more. */
static bool is_over(const qni_disk_change *c)
{
    return atomic_load(&c->tier->words->epoch) != c->epoch;
}

void qni_disk_window_end(qni_disk_change *c)
{
    bool over = is_over(c);
    for (int64_t i = 0; i < c->stamp_count && !over; i++)
        end(c->stamps[i].at, c->stamps[i].mine);
    qni_free(c->tier->allocator, c->stamps, c->stamp_capacity, sizeof *c->stamps);
}

/* ---- what the dead left ---- */

static void mend(const qni_disk_change *c, word *stamp)
{
    uint64_t found = atomic_load(stamp);
    if ((found & 1) != 0 && !is_over(c))
        end(stamp, found);
}

void qni_disk_window_mend(const qni_disk_change *c, uint64_t name)
{
    if (has_window(c->tier))
        mend(c, stamp_of(&c->tier->window, name));
}

void qni_disk_window_mend_all(const qni_disk_change *c)
{
    mend(c, &c->tier->words->era);
}

bool qni_disk_window_is_shut(const qni_disk_tier *tier)
{
    return has_window(tier) && (load(&tier->words->era) & 1) != 0;
}
