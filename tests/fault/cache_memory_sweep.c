/* fault/cache_memory_sweep.c: each allocation of the memory tier of a cache fails once: nothing leaks, and what was
 * kept is still there. */
#include "harness/harness.h"

#include "base/hash.h"
#include "store/cache_int.h"

#include <stdio.h>
#include <string.h>

static qn_status nothing(void *user, const qn_cache_entry *entry, qn_error *err)
{
    (void)entry;
    (void)err;
    ++*(int64_t *)user;
    return QN_OK;
}

static qn_status fill_and_show(const qn_allocator *allocator, void *user)
{
    const qni_cache_time *time = user;
    qni_memory_tier *tier;
    qn_status s = qni_memory_new(&tier, 40000, 2, time, allocator, NULL);
    int64_t kept_count = 0, shown = 0;
    for (int i = 0; s == QN_OK && i < 60; i++) {
        char text[16];
        int64_t size = snprintf(text, sizeof text, "key%d", i);
        qni_cache_key key = {text, size, qni_hash_bytes(text, size, 1), qni_cache_name(text, size)};
        qni_memory_found found;
        bool kept;
        s = qni_memory_put(&kept, tier, &key, &(qni_cache_value){0}, NULL);
        kept_count += kept;
        assert_int_equal(kept, s == QN_OK);
        assert_int_equal(qni_memory_get(&found, tier, &key), kept);
    }
    if (tier == NULL)
        return s;
    if (s == QN_OK)
        s = qni_memory_each(tier, NULL, 0, nothing, &shown, NULL);
    qni_memory_counts counts;
    qni_memory_counts_get(&counts, tier);
    assert_int_equal(counts.entries, kept_count);
    if (s == QN_OK)
        assert_int_equal(shown, kept_count);
    qni_memory_free(tier);
    return s;
}

static void a_tier_survives_every_refusal(void **state)
{
    (void)state;
    qni_cache_time time;
    qni_cache_time_init(&time, NULL);
    assert_true(test_fault_sweep(fill_and_show, &time, 500) > 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_tier_survives_every_refusal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
