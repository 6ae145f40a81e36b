/* store/cache_disk_none.c: stands in for the disk tier of caches where Quern was built without SQLite. */
#include "store/cache_int.h"

static qn_status none(qn_error *err)
{
    return qni_error(err, QN_UNAVAILABLE, "a cache on disk needs SQLite: this Quern was built without it");
}

qn_status qni_disk_open(qni_disk_tier **out, const qni_disk_options *options, qn_error *err)
{
    (void)options;
    *out = NULL;
    return none(err);
}

void qni_disk_close(qni_disk_tier *tier)
{
    (void)tier;
}

qn_status qni_disk_get(qni_record *out, qni_record_view *view, qni_disk_tier *tier, const qni_cache_key *key,
                       qn_error *err)
{
    (void)view;
    (void)tier;
    (void)key;
    *out = (qni_record){0};
    return none(err);
}

qn_status qni_disk_put(qni_disk_tier *tier, const qni_disk_write *writes, int64_t count, qn_error *err)
{
    (void)tier;
    (void)writes;
    (void)count;
    return none(err);
}

qn_status qni_disk_depends(uint64_t *depends, int64_t *count, qni_disk_tier *tier, const qni_cache_key *key,
                           qn_error *err)
{
    (void)depends;
    (void)tier;
    (void)key;
    *count = 0;
    return none(err);
}

qn_status qni_disk_remove(int64_t *removed, qni_disk_tier *tier, const qni_cache_key *key, const uint64_t *names,
                          int64_t count, qn_error *err)
{
    (void)tier;
    (void)key;
    (void)names;
    (void)count;
    *removed = 0;
    return none(err);
}

qn_status qni_disk_remove_prefix(int64_t *removed, qni_disk_tier *tier, const void *prefix, int64_t prefix_size,
                                 qn_error *err)
{
    (void)tier;
    (void)prefix;
    (void)prefix_size;
    *removed = 0;
    return none(err);
}

qn_status qni_disk_clear(int64_t *removed, qni_disk_tier *tier, qn_error *err)
{
    (void)tier;
    *removed = 0;
    return none(err);
}

bool qni_disk_changed(const qni_disk_tier *tier)
{
    (void)tier;
    return false;
}

void qni_disk_changes(qni_disk_tier *tier, void (*change)(void *user, const qni_change *change), void *user)
{
    (void)tier;
    (void)change;
    (void)user;
}

void qni_disk_counts_get(qni_disk_counts *out, qni_disk_tier *tier)
{
    (void)tier;
    *out = (qni_disk_counts){0};
}

qn_status qni_disk_each(qni_disk_tier *tier, const void *prefix, int64_t prefix_size,
                        qn_status (*show)(void *user, const qn_cache_entry *entry, qn_error *err), void *user,
                        qn_error *err)
{
    (void)tier;
    (void)prefix;
    (void)prefix_size;
    (void)show;
    (void)user;
    return none(err);
}

qn_status qni_disk_verify(qn_cache_report *out, qni_disk_tier *tier, const qni_record_keys *keys, bool repair,
                          qn_status (*told)(void *user, const char *sentence, qn_error *err), void *user, qn_error *err)
{
    (void)out;
    (void)tier;
    (void)keys;
    (void)repair;
    (void)told;
    (void)user;
    return none(err);
}
