/* stream/journal_symbols.c: the file of names: entries of 64 bytes, one after another, in the order of their numbers.
 *
 * Always: an entry's checksum is written last, so that one that was torn has none. Its room doubles; what is not used
 * is zero. Any thread reads; the writer adds. */
#include "stream/journal_int.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/folder.h"

#include <inttypes.h>

static uint64_t entry_checksum(const qni_journal_symbol *entry)
{
    return qni_checksum(entry, (int64_t)offsetof(qni_journal_symbol, checksum));
}

qni_entry qni_journal_entry(const qni_journal_entries *entries, int64_t number)
{
    qni_journal_symbol e;
    memcpy(&e, &entries->map[number], sizeof e);
    if (e.checksum == 0)
        return QNI_ENTRY_NONE;
    if (e.checksum != entry_checksum(&e))
        return QNI_ENTRY_DAMAGED;
    if (e.version != QNI_JOURNAL_VERSION)
        return QNI_ENTRY_VERSION;
    bool good = e.number == number && e.name_size >= 1 && e.name_size <= QN_SYMBOL_NAME_MAX;
    return good ? QNI_ENTRY_WHOLE : QNI_ENTRY_DAMAGED;
}

qn_status qni_journal_entries_open(qni_journal_entries *out, const char *path, qn_error *err)
{
    int lock;
    void *map;
    *out = (qni_journal_entries){0};
    qn_error none;
    qn_status s = qni_folder_lock(&lock, path, false, false, 0, &none);
    if (s == QN_NO_INPUT)
        return QN_OK;
    if (s != QN_OK) {
        if (err != NULL)
            *err = none;
        return s;
    }
    s = qni_folder_map_opened(&map, &out->size, lock, path, err);
    qni_folder_unlock(lock);
    out->map = map;
    out->room = out->size / (int64_t)sizeof *out->map;
    out->room = out->room < QNI_SYMBOLS_MAX ? out->room : QNI_SYMBOLS_MAX;
    return s;
}

qn_status qni_journal_entries_write(qni_journal_entries *out, const char *path, int64_t room, qn_error *err)
{
    void *map;
    int64_t size = room * (int64_t)sizeof *out->map;
    *out = (qni_journal_entries){0};
    qn_status s = qni_folder_map(&map, path, size, true, err);
    if (s == QN_OK)
        *out = (qni_journal_entries){.map = map, .size = size, .room = room};
    return s;
}

void qni_journal_entries_close(qni_journal_entries *entries)
{
    qni_folder_unmap(entries->map, entries->size);
    *entries = (qni_journal_entries){0};
}

int64_t qni_journal_entries_count(const qni_journal_entries *entries, int64_t *damaged)
{
    int64_t count = 0;
    *damaged = -1;
    while (count < entries->room && qni_journal_entry(entries, count) == QNI_ENTRY_WHOLE)
        count++;
    for (int64_t i = count; i < entries->room; i++)
        if (qni_journal_entry(entries, i) != QNI_ENTRY_NONE)
            *damaged = i;
    return count;
}

void qni_journal_entries_set(const qni_journal_entries *entries, int64_t number, const char *name)
{
    qni_journal_symbol *e = &entries->map[number];
    memset(e, 0, sizeof *e);
    e->number = (uint32_t)number;
    e->version = QNI_JOURNAL_VERSION;
    e->name_size = (uint16_t)strlen(name);
    memcpy(e->name, name, e->name_size);
    uint64_t checksum = entry_checksum(e);
    atomic_signal_fence(memory_order_seq_cst); /* what is killed before the next line has left none */
    e->checksum = checksum;
}

qn_status qni_journal_entries_add(qn_symbols *symbols, const qni_journal_entries *entries, int64_t from, int64_t to,
                                  const char *path, qn_error *err)
{
    for (int64_t i = from; i < to; i++) {
        const qni_journal_symbol *e = &entries->map[i];
        int32_t number;
        qn_status s = qn_symbols_add(&number, symbols, e->name, e->name_size, err);
        if (s == QN_LIMIT)
            return s;
        if (s != QN_OK || number != i)
            return qni_error_at(err, QN_DATA, path, 0, 0,
                                "the name of symbol %" PRId64 " (byte %" PRId64 " of the file) is %s", i,
                                i * (int64_t)sizeof *e, s != QN_OK ? "no name" : "that of another");
    }
    return QN_OK;
}
