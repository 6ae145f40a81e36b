/* Every allocation of a cache fails in turn: nothing leaks, nothing wrong is answered, and what fails says so or is a
 * miss. A cache may do without memory in many places, so that a failed allocation does not have to make a call fail. */
#include "unit/cache_kit.h"

#include <quern/db.h>

static bool is_memory(qn_status s)
{
    return s == QN_NOMEM || s == QN_BUDGET;
}

/* QN_OK, or no memory. */
static bool good(qn_status s)
{
    assert_true(s == QN_OK || is_memory(s));
    return s == QN_OK;
}

static void check(qn_cache *cache, const char *key, const char *expected, const char * or)
{
    qn_datum *datum;
    if (!good(qn_cache_get(&datum, NULL, cache, key, -1, NULL)) || datum == NULL)
        return;
    const char *text = qn_datum_text(datum, NULL);
    assert_true(strcmp(text, expected) == 0 || (or != NULL && strcmp(text, or) == 0));
    qn_datum_unref(datum);
}

static qn_status make(qn_datum **out, void *user, qn_error *err)
{
    return qn_datum_bytes(out, "made", 4, user, err);
}

/* False: there was not enough memory to put it. */
static bool put(qn_cache *cache, const qn_allocator *allocator, const char *key, const char *text,
                const qn_cache_put_options *options)
{
    qn_datum *datum;
    if (!good(qn_datum_bytes(&datum, text, (int64_t)strlen(text), allocator, NULL)))
        return false;
    bool done = good(qn_cache_put(cache, key, -1, datum, options, NULL));
    qn_datum_unref(datum);
    return done;
}

static void use(qn_cache *cache, const qn_allocator *allocator)
{
    const qn_cache_name on[] = {{"a", 1}};
    qn_cache_ticket *ticket = NULL;
    const qn_cache_put_options ticketed = {.size = sizeof ticketed, .ticket = &ticket},
                               depends = {.size = sizeof depends, .depends_on = on, .depends_count = 1};
    qn_datum *datum;
    bool first = put(cache, allocator, "a", "one", &ticketed);
    if (ticket != NULL)
        (void)good(qn_cache_ticket_wait(ticket, -1, NULL));
    qn_cache_ticket_free(ticket);
    check(cache, "a", "one", NULL);
    if (put(cache, allocator, "b", "of one", &depends))
        check(cache, "b", "of one", NULL);
    bool second = put(cache, allocator, "a", "two", NULL);
    /* One that failed may have come to some tier. */
    check(cache, "a", "two", second || !first ? NULL : "one");
    if (second)
        check(cache, "b", "", NULL); /* what there was was of one */
    if (good(qn_cache_get_or(&datum, NULL, cache, "c", 1, &depends, make, (void *)(uintptr_t)allocator, NULL))) {
        assert_string_equal(qn_datum_text(datum, NULL), "made");
        qn_datum_unref(datum);
    }
    bool removed = good(qn_cache_remove(NULL, cache, "a", 1, NULL));
    if (removed) {
        check(cache, "a", "", NULL);
        check(cache, "c", "", NULL);
    }
    (void)good(qn_cache_flush(cache, -1, NULL));
    if (good(qn_cache_clear(NULL, cache, NULL)))
        check(cache, "b", "", NULL);
}

static void run_sweep(qn_cache_options options, int64_t limit)
{
    for (int64_t at = 1;; at++) {
        test_allocator counter;
        qn_cache *cache;
        assert_true(at < limit);
        test_allocator_init(&counter);
        counter.fail_at = at;
        options.size = sizeof options;
        options.allocator = &counter.allocator;
        if (good(qn_cache_open(&cache, &options, NULL))) {
            use(cache, &counter.allocator);
            (void)good(qn_cache_close(cache, -1, NULL));
        }
        assert_int_equal(counter.live_bytes, 0);
        if (counter.allocations < at)
            break;
    }
}

static void in_memory(void **state)
{
    (void)state;
    run_sweep((qn_cache_options){KIT_MEMORY, .shards = 1}, 1000);
}

static void through_to_a_disk(void **state)
{
    (void)state;
    run_sweep((qn_cache_options){KIT_MEMORY, .shards = 1, .folder = kit_folder("through")}, 5000);
    run_sweep((qn_cache_options){.memory_bytes = -1, .folder = kit_folder("through")}, 5000);
}

static void back_to_a_disk(void **state)
{
    (void)state;
    run_sweep((qn_cache_options){KIT_MEMORY, .shards = 1, .folder = kit_folder("back"), .writing = QN_CACHE_BACK},
              5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory),
        cmocka_unit_test(through_to_a_disk),
        cmocka_unit_test(back_to_a_disk),
    };
    return cmocka_run_group_tests_name("cache_sweep", tests, kit_setup, kit_teardown);
}
