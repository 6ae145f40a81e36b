/* The shared tier of caches where memory is refused, at every place. */
#include "harness/harness.h"

#include "store/cache_int.h"

#include <quern/log.h>

#include <stdlib.h>
#include <string.h>

static qni_cache_time now;

static qni_cache_key key_of(const char *text)
{
    int64_t size = (int64_t)strlen(text);
    return (qni_cache_key){.bytes = text, .size = size, .name = qni_cache_name(text, size)};
}

static qn_status use(qni_redis_tier *tier, const qn_allocator *allocator, qn_error *err)
{
    int64_t removed;
    qni_record record;
    qni_record_view view;
    const qni_cache_key key = key_of("key"), source = key_of("source");
    const qni_cache_value value = {.depends = &source.name, .depend_count = 1};
    qn_status s = qni_record_encode(&record, &key, &value, &(qni_record_keys){.seal = NULL}, allocator, err);
    if (s == QN_OK)
        s = qni_redis_put(tier, &(qni_disk_write){.key = &key, .record = &record, .value = &value}, 1, err);
    qni_record_free(&record, allocator);
    if (s == QN_OK)
        s = qni_redis_get(&record, &view, tier, &key, err);
    if (s == QN_OK)
        assert_non_null(record.bytes);
    qni_record_free(&record, allocator);
    if (s == QN_OK)
        s = qni_redis_remove(&removed, tier, &source, &source.name, 1, err);
    if (s == QN_OK)
        s = qni_redis_put(tier, &(qni_disk_write){.key = &key}, 1, err);
    if (s == QN_OK)
        s = qni_redis_remove_prefix(&removed, tier, "k", 1, err);
    return s == QN_OK ? qni_redis_clear(&removed, tier, err) : s;
}

static qn_status go(const qn_allocator *allocator, void *user)
{
    qni_redis_tier *tier;
    qn_error err = qn_error_none();
    const qni_redis_options options = {
        .url = user, .password = NULL, .space = "sweep", .time = &now, .allocator = allocator};
    qn_status s = qni_redis_open(&tier, &options, &err);
    if (s == QN_OK)
        s = use(tier, allocator, &err);
    qni_redis_close(tier);
    return s;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char *url = getenv("QUERN_TEST_REDIS");
    if (url == NULL)
        skip();
    qn_log_set(QN_LOG_ERROR, NULL);
    qni_cache_time_init(&now, NULL);
    assert_true(test_fault_sweep(go, url, 500) > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
