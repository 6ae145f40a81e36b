/* store/cache_redis_none.c: stands in for the shared tier of caches where Quern was built without hiredis. */
#include "store/cache_int.h"

static qn_status none(qn_error *err)
{
    return qni_error(err, QN_UNAVAILABLE, "a cache in Redis needs hiredis: this Quern was built without it");
}

qn_status qni_redis_open(qni_redis_tier **out, const qni_redis_options *options, qn_error *err)
{
    (void)options;
    *out = NULL;
    return none(err);
}

void qni_redis_close(qni_redis_tier *tier)
{
    (void)tier;
}

qn_status qni_redis_get(qni_record *out, qni_record_view *view, qni_redis_tier *tier, const qni_cache_key *key,
                        qn_error *err)
{
    (void)view;
    (void)tier;
    (void)key;
    *out = (qni_record){0};
    return none(err);
}

qn_status qni_redis_put(qni_redis_tier *tier, const qni_disk_write *writes, int64_t count, qn_error *err)
{
    (void)tier;
    (void)writes;
    (void)count;
    return none(err);
}

qn_status qni_redis_remove(int64_t *removed, qni_redis_tier *tier, const qni_cache_key *key, const uint64_t *names,
                           int64_t count, qn_error *err)
{
    (void)tier;
    (void)key;
    (void)names;
    (void)count;
    *removed = 0;
    return none(err);
}

qn_status qni_redis_remove_prefix(int64_t *removed, qni_redis_tier *tier, const void *prefix, int64_t prefix_size,
                                  qn_error *err)
{
    (void)tier;
    (void)prefix;
    (void)prefix_size;
    *removed = 0;
    return none(err);
}

qn_status qni_redis_clear(int64_t *removed, qni_redis_tier *tier, qn_error *err)
{
    (void)tier;
    *removed = 0;
    return none(err);
}
