/* store/cache_disk_map.c: files of large values that stay mapped: who gets a value again reads no file, and copies
 * nothing; the datum lies in the mapping, and holds it.
 *
 * Why a value may be believed without looking at its checksum again: a file is made under a name that is free, written
 * once, moved, and dropped, never opened for writing again (cache_disk_write.c); what a name, a number and an index's
 * number call is one file. So what was whole when it was mapped is whole as long as it is mapped, also where the file
 * was dropped meanwhile. Who writes into the folder's files by himself is noticed at the next get, by the file's size
 * and time; a datum that he writes under changes, and one that he cuts off ends the process (SIGBUS).
 *
 * Mappings are bounded in number and bytes, those counted that only datums hold: a dropped file takes its room until
 * the last one has gone. What finds no room is read, as is what is small. Where all are in use a new one drives out
 * others now and then, for the reason that the window has for that. Datums may outlive the tier: a table lives until
 * the last of its mappings has gone. Any thread. */
#include "store/cache_disk_int.h"

#include "base/folder.h"

#include <string.h>

enum {
    WAYS = 8,
    SETS = 2 * QNI_DISK_MAPS / WAYS, /* twice as many places as mappings: so most find one */
};

typedef struct mapping {
    qni_record_home home; /* first: what a record knows of it */
    _Atomic int64_t holders;
    qni_disk_maps *maps;
    uint64_t epoch;
    qni_disk_file file;
    void *at; /* (size) */
    int64_t size;
    qni_record_view view;
    struct mapping *next; /* of those that go */
    uint64_t state;       /* of the file, before it was mapped */
    int64_t path_size;
    char path[];
} mapping;

struct qni_disk_maps {
    const qn_allocator *allocator;
    _Atomic int64_t holders; /* the tier, and each mapping */
    int64_t bytes_most;
    qni_lock lock; /* what follows */
    int64_t count, bytes;
    uint32_t turn, hand;
    mapping *places[SETS][WAYS]; /* each a holder */
};

qni_disk_maps *qni_disk_maps_new(int64_t bytes, const qn_allocator *allocator)
{
    qni_disk_maps *maps = qni_new(allocator, qni_disk_maps);
    if (maps == NULL)
        return NULL;
    maps->allocator = allocator;
    maps->bytes_most = bytes / QNI_DISK_MAP_SHARE;
    atomic_init(&maps->holders, 1);
    return maps;
}

static void leave_maps(qni_disk_maps *maps)
{
    if (atomic_fetch_sub_explicit(&maps->holders, 1, memory_order_acq_rel) == 1)
        qni_delete(maps->allocator, maps);
}

/* ---- mappings ---- */

static bool is_last(mapping *m)
{
    return atomic_fetch_sub_explicit(&m->holders, 1, memory_order_acq_rel) == 1;
}

/* Of a mapping that nobody holds; it was counted out. */
static void end_mapping(mapping *m)
{
    qni_disk_maps *maps = m->maps;
    qni_folder_unmap(m->at, m->size);
    qni_free(maps->allocator, m, (int64_t)sizeof *m + m->path_size, 1);
    leave_maps(maps);
}

static void end_all(mapping *dead)
{
    while (dead != NULL) {
        mapping *next = dead->next;
        end_mapping(dead);
        dead = next;
    }
}

/* With the lock. */
static void count_out(qni_disk_maps *maps, int64_t size)
{
    maps->count--;
    maps->bytes -= size;
}

static void leave(qni_record_home *home)
{
    mapping *m = (mapping *)(void *)home;
    qni_disk_maps *maps = m->maps;
    if (!is_last(m))
        return;
    qni_lock_take(&maps->lock, NULL);
    count_out(maps, m->size);
    qni_lock_give(&maps->lock);
    end_mapping(m);
}

/* ---- places ---- */

static mapping **set_of(qni_disk_maps *maps, uint64_t name)
{
    return maps->places[name % SETS];
}

/* With the lock. */
static void clear_place(qni_disk_maps *maps, mapping **place, mapping **dead)
{
    mapping *m = *place;
    *place = NULL;
    if (m == NULL || !is_last(m))
        return;
    count_out(maps, m->size);
    m->next = *dead;
    *dead = m;
}

/* One that a datum holds too would give no room, and be read again though it is mapped: it stays. */
static void clear_unheld(qni_disk_maps *maps, mapping **place, mapping **dead)
{
    if (*place != NULL && atomic_load_explicit(&(*place)->holders, memory_order_relaxed) == 1)
        clear_place(maps, place, dead);
}

/* Room for one more, which is counted in; others go for it. */
static bool make_room(qni_disk_maps *maps, int64_t size)
{
    mapping *dead = NULL;
    if (size < QNI_DISK_MAP_FROM || size % QNI_DISK_MAP_PAGE == 0 || size > maps->bytes_most)
        return false; /* behind a whole page there is no zero */
    qni_lock_take(&maps->lock, NULL);
    bool full = maps->count >= QNI_DISK_MAPS || maps->bytes > maps->bytes_most - size;
    bool fits = !full;
    if (full && maps->turn++ % QNI_DISK_WINDOW_PATIENCE == 0)
        for (int i = 0; i < SETS * WAYS && !fits; i++) {
            uint32_t at = maps->hand++ % (SETS * WAYS);
            clear_unheld(maps, &maps->places[at / WAYS][at % WAYS], &dead);
            fits = maps->count < QNI_DISK_MAPS && maps->bytes <= maps->bytes_most - size;
        }
    if (fits) {
        maps->count++;
        maps->bytes += size;
    }
    qni_lock_give(&maps->lock);
    end_all(dead);
    return fits;
}

static void give_room_back(qni_disk_maps *maps, int64_t size)
{
    qni_lock_take(&maps->lock, NULL);
    count_out(maps, size);
    qni_lock_give(&maps->lock);
}

/* Into a place of its set, in that of the name's last file if it is there. */
static void place(qni_disk_maps *maps, mapping *m)
{
    mapping **set = set_of(maps, m->file.name), *dead = NULL;
    qni_lock_take(&maps->lock, NULL);
    int at = (int)(maps->hand % WAYS);
    for (int way = 0; way < WAYS; way++)
        if (set[way] == NULL)
            at = way;
    for (int way = 0; way < WAYS; way++)
        if (set[way] != NULL && set[way]->file.name == m->file.name)
            at = way;
    clear_place(maps, &set[at], &dead);
    atomic_fetch_add_explicit(&m->holders, 1, memory_order_relaxed);
    set[at] = m;
    qni_lock_give(&maps->lock);
    end_all(dead);
}

/* ---- for the tier ---- */

static void hand_out(qni_record *out, qni_record_view *view, mapping *m)
{
    *out = (qni_record){.bytes = m->at, .size = m->size, .home = &m->home};
    *view = m->view;
}

bool qni_disk_map_find(qni_record *out, qni_record_view *view, const qni_disk_tier *tier, const qni_disk_file *file,
                       uint64_t epoch)
{
    qni_disk_maps *maps = tier->maps;
    mapping **set = set_of(maps, file->name), *found = NULL;
    qni_lock_take(&maps->lock, NULL);
    for (int way = 0; way < WAYS && found == NULL; way++) {
        mapping *m = set[way];
        if (m != NULL && m->file.name == file->name && m->file.number == file->number && m->epoch == epoch)
            found = m;
    }
    if (found != NULL)
        atomic_fetch_add_explicit(&found->holders, 1, memory_order_relaxed); /* the place holds it */
    qni_lock_give(&maps->lock);
    if (found == NULL)
        return false;
    if (qni_folder_state(found->path) == found->state) {
        hand_out(out, view, found);
        return true;
    }
    qni_disk_map_forget(tier, file->name);
    leave(&found->home);
    return false;
}

/* Maps what is a whole record, with a zero behind it. False: it is none. */
static bool open_file(mapping *m)
{
    return qni_folder_map(&m->at, m->path, m->size, false, NULL) == QN_OK &&
           qni_record_look(&m->view, m->at, m->size, NULL) == QN_OK && ((const char *)m->at)[m->size] == 0;
}

/* With its room. */
static qn_status new_mapping(mapping **out, qni_disk_maps *maps, const char *path, int64_t size, qn_error *err)
{
    int64_t path_size = (int64_t)strlen(path) + 1;
    mapping *m = qni_alloc(maps->allocator, (int64_t)sizeof *m + path_size, 1);
    *out = m;
    if (m == NULL) {
        give_room_back(maps, size);
        return qni_refused(err, maps->allocator, (int64_t)sizeof *m + path_size, "a mapped file of a cache");
    }
    *m = (mapping){.home = {leave}, .maps = maps, .size = size, .path_size = path_size};
    memcpy(m->path, path, (size_t)path_size);
    m->state = qni_folder_state(path);
    atomic_init(&m->holders, 1);
    atomic_fetch_add_explicit(&maps->holders, 1, memory_order_relaxed);
    return QN_OK;
}

qn_status qni_disk_map_make(qni_record *out, qni_record_view *view, const qni_disk_tier *tier,
                            const qni_disk_file *file, uint64_t epoch, qn_error *err)
{
    qni_disk_path path = qni_disk_file_path(tier, file, false); /* one that is on its way is read */
    int64_t size = qni_folder_size(path.text);
    mapping *m;
    *out = (qni_record){0};
    if (!make_room(tier->maps, size))
        return QN_OK;
    qn_status s = new_mapping(&m, tier->maps, path.text, size, err);
    if (s != QN_OK)
        return s;
    m->epoch = epoch;
    m->file = *file;
    if (open_file(m)) {
        place(tier->maps, m);
        hand_out(out, view, m);
    } else {
        leave(&m->home);
    }
    return QN_OK;
}

void qni_disk_map_forget(const qni_disk_tier *tier, uint64_t name)
{
    mapping **set = set_of(tier->maps, name), *dead = NULL;
    qni_lock_take(&tier->maps->lock, NULL);
    for (int way = 0; way < WAYS; way++)
        if (set[way] != NULL && set[way]->file.name == name)
            clear_place(tier->maps, &set[way], &dead);
    qni_lock_give(&tier->maps->lock);
    end_all(dead);
}

void qni_disk_map_forget_all(const qni_disk_tier *tier)
{
    mapping *dead = NULL;
    qni_lock_take(&tier->maps->lock, NULL);
    for (int i = 0; i < SETS * WAYS; i++)
        clear_place(tier->maps, &tier->maps->places[i / WAYS][i % WAYS], &dead);
    qni_lock_give(&tier->maps->lock);
    end_all(dead);
}

void qni_disk_maps_free(qni_disk_tier *tier)
{
    if (tier->maps == NULL)
        return;
    qni_disk_map_forget_all(tier);
    leave_maps(tier->maps);
}
