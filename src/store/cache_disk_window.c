/* store/cache_disk_window.c: records that were got lately, in memory that all processes of the folder share: so they
 * are got again without SQLite, and without a call of the system. Of a record in a file of its own the file's number is
 * here. The index alone is the truth; without a window all goes on, slower.
 *
 * The file `window` is mapped: a head, a line of words for each set of names, a ring of slots of any size. A name
 * belongs to a set, and in it to one of the line's stamps. A slot keeps a record, its size, and a sum over its
 * checksum, its name and a mark: the era, the epoch and the stamp as they were before the record was looked for in the
 * index. It counts for a reader whose mark, loaded now, is the same, and even; whose key is in it; and for whom its
 * checksum fits. Nobody locks or waits. Slots are taken one behind the other: the next one round writes over the
 * oldest, unless the name's own last one, or one of its set that counts no more, is large enough.
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
    LINE = 3 * WAYS, /* words: the stamps, then the slots' names, then their places */
    NAMES = WAYS,
    PLACES = 2 * WAYS,
    /* Words of a slot. */
    SIZE = 0, /* lower half: of the record, upper half: of the slot; bytes */
    SUM = 1,
    RECORD = 2,
    CHECKSUM = 8, /* bytes: where it stands in a record */
    UNIT = 64,    /* bytes, of which a slot has some */
    LEAST = CHECKSUM + WORD,
    NUMBER_SIZE =
        LEAST, /* of what stands for a record in a file: its number, and that hashed, in the checksum's place */
};

typedef _Atomic uint64_t word;

/* One is made before it is named "window", and but for `taken` only read from then on. */
typedef struct head {
    char mark[8]; /* with the version of the layout */
    uint64_t identity;
    char boot_id[16];
    word taken; /* bytes of the ring, over all rounds: the place of the next slot. Places begin at UNIT */
    uint64_t spare[3];
} head;

static const char mark_of_head[8] = "QNWINDO2";

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
    return room <= 0 ? 0 : (uint64_t)room / (sizeof(word) * LINE + (uint64_t)WAYS * QNI_DISK_WINDOW_NAME);
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
    tier->window.ring_size = ((uint64_t)size - sizeof *h) / UNIT * UNIT - tier->window.sets * sizeof(word) * LINE;
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
    store(&h->taken, UNIT);
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

static word *taken_of(const qni_disk_window *w)
{
    return &((head *)w->map)->taken;
}

/* NULL: none, or it was written over. */
static word *slot_at(const qni_disk_window *w, uint64_t place)
{
    uint64_t taken = load(taken_of(w));
    if (place == 0 || place % UNIT != 0 || place > taken || taken - place > w->ring_size)
        return NULL;
    char *ring = (char *)w->map + sizeof(head) + w->sets * sizeof(word) * LINE;
    return (word *)(void *)(ring + place % w->ring_size);
}

/* Bytes up to the ring's end: what a slot says of itself may be anything. */
static uint64_t room_behind(const qni_disk_window *w, uint64_t place)
{
    return w->ring_size - place % w->ring_size;
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

/* Whether what a slot holds, of this many bytes, is the name's, by this mark. */
static bool is_right(const word *slot, uint64_t name, const qni_disk_mark *mark)
{
    return load(slot + SUM) == sum_of(name, mark, load(slot + RECORD + CHECKSUM / WORD));
}

/* The sum stands for the checksum, and that for the rest: so the copy's is what counts. */
static bool copy_record(qni_record *out, const qni_disk_tier *tier, const word *slot, int64_t size, uint64_t name,
                        const qni_disk_mark *mark)
{
    uint64_t checksum;
    char *bytes = qni_alloc(tier->allocator, size + 1, 1);
    if (bytes == NULL)
        return false; /* who asks SQLite hears of it */
    bool whole = qni_record_copy(bytes, slot + RECORD, size);
    bytes[size] = 0;
    memcpy(&checksum, bytes + CHECKSUM, WORD);
    *out = (qni_record){.bytes = bytes, .size = size, .room = size + 1};
    whole = whole && load(slot + SUM) == sum_of(name, mark, checksum);
    if (!whole)
        qni_record_free(out, tier->allocator);
    return whole;
}

/* The name's slot, if what is in it counts; *size: of that. */
static const word *find_slot(int64_t *size, const qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark)
{
    const qni_disk_window *w = &tier->window;
    uint64_t set;
    if (is_odd(mark))
        return NULL;
    const word *line = line_of(w, name, &set);
    for (int way = 0; way < WAYS; way++) {
        if (load(line + NAMES + way) != name)
            continue;
        uint64_t place = load(line + PLACES + way);
        const word *slot = slot_at(w, place);
        *size = slot != NULL ? (int64_t)(uint32_t)load(slot + SIZE) : 0;
        if (*size >= LEAST && (uint64_t)*size <= room_behind(w, place) - (uint64_t)RECORD * WORD &&
            is_right(slot, name, mark))
            return slot;
    }
    return NULL;
}

bool qni_disk_window_get(qni_record *out, const qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark)
{
    int64_t size;
    const word *slot = find_slot(&size, tier, name, mark);
    return slot != NULL && size > NUMBER_SIZE && copy_record(out, tier, slot, size, name, mark);
}

int64_t qni_disk_window_file(const qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark)
{
    int64_t size;
    const word *slot = find_slot(&size, tier, name, mark);
    if (slot == NULL || size != NUMBER_SIZE)
        return 0;
    uint64_t number = load(slot + RECORD);
    bool right = number <= INT64_MAX && load(slot + SUM) == sum_of(name, mark, qni_hash_word(number, name));
    return right ? (int64_t)number : 0;
}

/* Whether a slot holds what would count now. */
static bool is_live(const qni_disk_tier *tier, uint64_t place, uint64_t name)
{
    const word *slot = slot_at(&tier->window, place);
    qni_disk_mark mark = qni_disk_window_mark(tier, name);
    return slot != NULL && is_right(slot, name, &mark);
}

/* Where something is to be kept. */
typedef struct spot {
    word *line;
    int way;
    uint64_t place;
    bool drawn; /* it is one of those for which something goes that is in use */
} spot;

static bool draw(qni_disk_tier *tier, spot *s)
{
    if (!s->drawn)
        s->drawn =
            atomic_fetch_add_explicit(&tier->window.turn, 1, memory_order_relaxed) % QNI_DISK_WINDOW_PATIENCE == 0;
    return s->drawn;
}

/* The way that has the name, or one that holds nothing, or, now and then, any: for where a few names too many come in
 * turn to a set, as many as it holds are to stay, and not each to drive out the next. False: none. */
static bool choose_way(qni_disk_tier *tier, spot *s, uint64_t name)
{
    int dead = -1;
    for (s->way = 0; s->way < WAYS; s->way++) {
        uint64_t there = load(s->line + NAMES + s->way);
        if (there == name)
            return true;
        if (dead < 0 && !is_live(tier, load(s->line + PLACES + s->way), there))
            dead = s->way;
    }
    s->way = dead;
    if (dead >= 0)
        return true;
    bool goes = draw(tier, s);
    s->way = (int)(atomic_load_explicit(&tier->window.turn, memory_order_relaxed) / QNI_DISK_WINDOW_PATIENCE % WAYS);
    return goes;
}

/* The way's own slot, if it has so many bytes; else the next of the ring. False: none that is free, and it is not the
 * turn of one that is not. */
static bool choose_place(qni_disk_tier *tier, spot *s, uint64_t room)
{
    const qni_disk_window *w = &tier->window;
    s->place = load(s->line + PLACES + s->way);
    const word *own = slot_at(w, s->place);
    if (own != NULL && load(own + SIZE) >> 32 >= room && room <= room_behind(w, s->place))
        return true;
    uint64_t taken = load(taken_of(w));
    do {
        s->place = taken % UNIT == 0 && room_behind(w, taken) >= room ? taken : taken + room_behind(w, taken);
        if (s->place + room > w->ring_size && !draw(tier, s))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(taken_of(w), &taken, s->place + room, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

static void keep(qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark, const char *bytes, int64_t size)
{
    uint64_t set, value, room = ((uint64_t)size + (uint64_t)RECORD * WORD + UNIT - 1) / UNIT * UNIT;
    if (is_odd(mark) || tier->read_only || room > tier->window.ring_size / QNI_DISK_WINDOW_PART)
        return;
    spot s = {.line = line_of(&tier->window, name, &set)};
    if (!choose_way(tier, &s, name) || !choose_place(tier, &s, room))
        return;
    word *slot = slot_at(&tier->window, s.place);
    if (slot == NULL)
        return; /* others have filled the ring meanwhile, or its head is damaged */
    uint64_t had = load(slot + SIZE) >> 32;
    bool own = load(s.line + PLACES + s.way) == s.place && had >= room;
    memcpy(&value, bytes + CHECKSUM, WORD);
    store(s.line + NAMES + s.way, name);
    store(s.line + PLACES + s.way, s.place);
    store(slot + SIZE, (own ? had : room) << 32 | (uint64_t)size);
    store(slot + SUM, sum_of(name, mark, value));
    for (int64_t at = 0; at < size; at += WORD) {
        value = 0;
        memcpy(&value, bytes + at, (size_t)(size - at < WORD ? size - at : WORD));
        store(slot + RECORD + at / WORD, value);
    }
}

void qni_disk_window_fill(qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark, const qni_record *record)
{
    keep(tier, name, mark, record->bytes, record->size);
}

void qni_disk_window_fill_file(qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark, int64_t number)
{
    const uint64_t words[] = {(uint64_t)number, qni_hash_word((uint64_t)number, name)};
    _Static_assert(sizeof words == NUMBER_SIZE, "a number and its hash");
    keep(tier, name, mark, (const char *)words, NUMBER_SIZE);
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
