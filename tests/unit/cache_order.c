/* What happens to a cache in an order that is rare: puts, removals and makers that meet in the middle of one another,
 * brought about by an allocator or a clock that is called there. */
#include "unit/cache_kit.h"

#include "base/lock.h"

#include <quern/log.h>

#include <pthread.h>

enum {
    LARGE = 3000, /* bytes that nothing but the key or the value of a test takes */
};

static char long_key[LARGE + 100], long_value[LARGE + 100];

static int setup(void **state)
{
    memset(long_key, 'k', sizeof long_key - 1);
    memset(long_value, 'v', sizeof long_value - 1);
    return kit_setup(state);
}

static void wait_for(_Atomic uint32_t *gate)
{
    while (atomic_load(gate) == 0)
        (void)qni_park(gate, 0, -1);
}

static void open_gate(_Atomic uint32_t *gate)
{
    atomic_store(gate, 1);
    qni_unpark(gate, 1 << 20);
}

/* ---- a put beside a making of the same key ---- */

static qn_status make_long(qn_datum **out, void *user, qn_error *err)
{
    kit_hook *hook = user;
    if (hook != NULL)
        atomic_store(&hook->countdown, 1);
    return qn_datum_bytes(out, long_value, (int64_t)strlen(long_value), NULL, err);
}

static void put_newer(void *user)
{
    kit_put(*(qn_cache **)user, "k", "newer");
}

/* The made value has come to every tier, and its maker has not returned yet. */
static void what_is_put_just_after_a_made_value_stays(void **state)
{
    (void)state;
    kit_hook hook;
    qn_cache *cache;
    qn_datum *datum;
    qn_error err;
    const qn_allocator *allocator = kit_hook_init(&hook, LARGE, true, put_newer, &cache);
    cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = kit_folder("after"), .allocator = allocator});
    assert_ok(qn_cache_get_or(&datum, NULL, cache, "k", -1, NULL, make_long, &hook, &err), &err);
    qn_datum_unref(datum);
    assert_int_equal(atomic_load(&hook.countdown), 0);
    assert_string_equal(kit_get(cache, "k"), "newer");
    kit_close(cache);
}

/* ---- a get of what memory has, beside a put ---- */

static _Thread_local int readings = -1; /* of the clock, by the thread that asks; others do not count */
static _Atomic uint32_t asks, has_looked;

static int64_t watched_boot_ns(void *user)
{
    if (readings >= 0 && ++readings == 2) /* whether what memory has is fresh: at first, and on the slow way */
        open_gate(&has_looked);
    return kit_boot_ns(user);
}

static void let_it_look(void *user)
{
    (void)user;
    open_gate(&asks);
    wait_for(&has_looked);
}

static void *ask_meanwhile(void *user)
{
    wait_for(&asks);
    readings = 0;
    (void)kit_get(user, long_key);
    return NULL;
}

static void put_unshared(qn_cache *cache, const char *text)
{
    qn_error err;
    qn_datum *datum = kit_datum(text);
    assert_int_equal(qn_cache_put(cache, long_key, -1, datum, NULL, &err), QN_UNAVAILABLE);
    qn_datum_unref(datum);
}

/* With no Redis to say what is newer, a value that was looked at before is not kept in place of one that was put. */
static void a_get_beside_a_put_does_not_bring_back_the_old_value(void **state)
{
    (void)state;
    kit_clock time;
    kit_hook hook;
    char url[128];
    pthread_t thread;
    if (!qn_has("redis"))
        skip();
    qn_log_set(QN_LOG_OFF, NULL);
    kit_clock_init(&time, KIT_BOOT);
    time.clock.boot_ns = watched_boot_ns;
    (void)snprintf(url, sizeof url, "unix:%s/nobody", kit_root);
    const qn_allocator *allocator = kit_hook_init(&hook, LARGE, false, let_it_look, NULL);
    qn_cache *cache =
        kit_open((qn_cache_options){KIT_MEMORY, .redis = url, .clock = &time.clock, .allocator = allocator});
    put_unshared(cache, "first");
    atomic_store(&hook.countdown, 1000);
    put_unshared(cache, "old"); /* its large blocks, the last of which is memory's, are as many as the next one's */
    int64_t blocks = 1000 - atomic_load(&hook.countdown);
    kit_pass_ms(&time, 5000);
    assert_int_equal(pthread_create(&thread, NULL, ask_meanwhile, cache), 0);
    atomic_store(&hook.countdown, blocks);
    put_unshared(cache, "new");
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&hook.countdown), 0);
    assert_string_equal(kit_get(cache, long_key), "new");
    kit_close(cache);
}

/* ---- two caches on a folder ---- */

static void a_removal_elsewhere_counts_for_what_the_disk_has_evicted(void **state)
{
    (void)state;
    const char *folder = kit_folder("evicted");
    qn_cache *mine = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder, .disk_bytes = 20000});
    qn_cache *others = kit_open((qn_cache_options){.memory_bytes = -1, .folder = folder, .disk_bytes = 20000});
    kit_put(mine, "k", "old");
    for (int i = 0; i < 100; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%d", i);
        kit_put(others, key, long_value);
    }
    assert_string_equal(kit_get(others, "k"), "?");
    (void)kit_remove(others, "k");
    assert_string_equal(kit_get(mine, "k"), "?");
    kit_close(mine);
    kit_close(others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_removal_elsewhere_counts_for_what_the_disk_has_evicted),
        cmocka_unit_test(what_is_put_just_after_a_made_value_stays),
        cmocka_unit_test(a_get_beside_a_put_does_not_bring_back_the_old_value),
    };
    return cmocka_run_group_tests_name("cache_order", tests, setup, kit_teardown);
}
