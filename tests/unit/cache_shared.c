/* Caches of two machines that share a Redis: what one puts or removes the other sees, in its time; values keep the time
 * that they were given; and a Redis that is not there is done without. The machines are told apart by their clocks. */
#include "unit/cache_kit.h"

#include <quern/log.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static kit_clock here, there;
static qn_cache *a, *b;
static int spaces;

static const char *redis(void)
{
    const char *url = getenv("QUERN_TEST_REDIS");
    if (url == NULL)
        skip();
    return url;
}

/* A cache of one of the machines in a space that no test before had. */
static qn_cache *open_on(kit_clock *machine, qn_cache_options options)
{
    char space[32];
    (void)snprintf(space, sizeof space, "shared %d", spaces);
    options.redis = redis();
    options.space = space;
    options.clock = machine != NULL ? &machine->clock : NULL;
    return kit_open(options);
}

static void open_both(void)
{
    qn_log_set(QN_LOG_ERROR, NULL);
    spaces++;
    kit_clock_init(&here, KIT_BOOT);
    kit_clock_init(&there, KIT_OTHER);
    there.boot_ns = 7000000000; /* it has just been started */
    a = open_on(&here, (qn_cache_options){KIT_MEMORY});
    b = open_on(&there, (qn_cache_options){KIT_MEMORY});
}

static void close_both(void)
{
    kit_close(a);
    kit_close(b);
}

static void pass_ms(int64_t ms)
{
    kit_pass_ms(&here, ms);
    kit_pass_ms(&there, ms);
}

static void tell_server(const char *what)
{
    char line[512];
    (void)snprintf(line, sizeof line, "%s %s", getenv("QUERN_TEST_REDIS_SERVER"), what);
    assert_int_equal(system(line), 0);
}

/* ---- two machines ---- */

static void what_one_machine_puts_the_other_gets_and_keeps(void **state)
{
    (void)state;
    open_both();
    kit_put(a, "k", "one");
    kit_put(a, "none", NULL);
    assert_string_equal(kit_get(b, "k"), "one");
    assert_string_equal(kit_get(b, "none"), "-");
    assert_string_equal(kit_get(b, "k"), "one");
    assert_string_equal(kit_get(b, "nowhere"), "?");
    qn_cache_stats stats = kit_stats(b);
    assert_int_equal(stats.shared_hits, 2);
    assert_int_equal(stats.memory_hits, 1);
    assert_int_equal(stats.misses, 1);
    close_both();
}

static void a_value_ends_on_every_machine_when_its_time_is_over(void **state)
{
    (void)state;
    open_both();
    kit_put_with(a, "k", "one", (qn_cache_put_options){.ttl_ms = 60000});
    pass_ms(40000);
    assert_string_equal(kit_get(b, "k"), "one"); /* by the wall clock: it is another boot's */
    pass_ms(19000);
    assert_string_equal(kit_get(b, "k"), "one");
    pass_ms(2000);
    assert_string_equal(kit_get(a, "k"), "?");
    assert_string_equal(kit_get(b, "k"), "?"); /* being moved up has not lengthened it */
    close_both();
}

static void a_removal_is_seen_when_the_others_ask_again(void **state)
{
    (void)state;
    open_both();
    kit_put(a, "k", "one");
    kit_put(a, "kept", "two");
    assert_string_equal(kit_get(b, "k"), "one");
    assert_string_equal(kit_get(b, "kept"), "two");
    assert_true(kit_remove(a, "k") >= 1);
    pass_ms(999);
    assert_string_equal(kit_get(b, "k"), "one"); /* nobody has told it */
    pass_ms(2);
    assert_string_equal(kit_get(b, "k"), "?");
    assert_string_equal(kit_get(b, "kept"), "two");
    close_both();
}

static void a_new_value_is_seen_when_the_others_ask_again(void **state)
{
    (void)state;
    open_both();
    kit_put(a, "k", "one");
    assert_string_equal(kit_get(b, "k"), "one");
    pass_ms(1);
    kit_put(a, "k", "two");
    pass_ms(1001);
    assert_string_equal(kit_get(b, "k"), "two");
    assert_string_equal(kit_get(a, "k"), "two");
    close_both();
}

static void what_depends_goes_on_every_machine(void **state)
{
    (void)state;
    open_both();
    const qn_cache_name on_source = {"source", -1}, on_result = {"result", -1};
    kit_put(a, "source", "1");
    kit_put_with(a, "result", "2", (qn_cache_put_options){.depends_on = &on_source, .depends_count = 1});
    kit_put_with(a, "chart", "3", (qn_cache_put_options){.depends_on = &on_result, .depends_count = 1});
    assert_string_equal(kit_get(b, "chart"), "3");
    pass_ms(1);
    kit_put(b, "source", "new");
    assert_string_equal(kit_get(b, "chart"), "?");
    assert_string_equal(kit_get(b, "result"), "?");
    pass_ms(1001);
    assert_string_equal(kit_get(a, "chart"), "?");
    assert_string_equal(kit_get(a, "result"), "?");
    assert_string_equal(kit_get(a, "source"), "new");
    close_both();
}

static void prefixes_and_everything_go_on_every_machine(void **state)
{
    (void)state;
    open_both();
    qn_error err;
    kit_put(a, "x/1", "1");
    kit_put(a, "x/2", "2");
    kit_put(a, "y/1", "3");
    assert_string_equal(kit_get(b, "x/1"), "1");
    assert_ok(qn_cache_remove_prefix(NULL, a, "x/", 2, &err), &err);
    assert_string_equal(kit_get(b, "x/2"), "?");
    pass_ms(1001);
    assert_string_equal(kit_get(b, "x/1"), "?");
    assert_string_equal(kit_get(b, "y/1"), "3");
    assert_ok(qn_cache_clear(NULL, a, &err), &err);
    pass_ms(1001);
    assert_string_equal(kit_get(b, "y/1"), "?");
    close_both();
}

static void what_is_sealed_by_another_key_is_a_miss(void **state)
{
    (void)state;
    spaces++;
    kit_clock_init(&here, KIT_BOOT);
    uint8_t one[QN_SEAL_KEY_SIZE] = {1}, two[QN_SEAL_KEY_SIZE] = {2};
    qn_cache *first = open_on(&here, (qn_cache_options){KIT_MEMORY, .key = one});
    qn_cache *same = open_on(&here, (qn_cache_options){KIT_MEMORY, .key = one});
    qn_cache *other = open_on(&here, (qn_cache_options){KIT_MEMORY, .key = two});
    qn_cache *plain = open_on(&here, (qn_cache_options){KIT_MEMORY});
    kit_put(first, "k", "secret");
    assert_string_equal(kit_get(other, "k"), "?");
    assert_string_equal(kit_get(plain, "k"), "?");
    assert_string_equal(kit_get(same, "k"), "secret"); /* and nobody removed it */
    kit_close(first);
    kit_close(same);
    kit_close(other);
    kit_close(plain);
}

static void a_ticket_says_that_it_is_in_redis(void **state)
{
    (void)state;
    spaces++;
    kit_clock_init(&here, KIT_BOOT);
    qn_error err;
    qn_cache_ticket *ticket;
    qn_cache *back = open_on(&here, (qn_cache_options){KIT_MEMORY, .writing = QN_CACHE_BACK});
    for (int i = 0; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key %d", i);
        kit_put(back, key, "x");
    }
    kit_put_with(back, "last", "y", (qn_cache_put_options){.ticket = &ticket});
    assert_ok(qn_cache_ticket_wait(ticket, -1, &err), &err);
    qn_cache_ticket_free(ticket);
    qn_cache *reader = open_on(&here, (qn_cache_options){KIT_MEMORY});
    assert_string_equal(kit_get(reader, "last"), "y");
    assert_string_equal(kit_get(reader, "key 0"), "x");
    assert_string_equal(kit_get(reader, "key 199"), "x");
    kit_close(reader);
    kit_close(back);
}

static void what_was_shared_moves_to_the_disk_as_well(void **state)
{
    (void)state;
    (void)redis();
    open_both();
    kit_put_with(a, "k", "one", (qn_cache_put_options){.ttl_ms = 60000});
    const char *folder = kit_folder("moved");
    qn_cache *disk = open_on(&there, (qn_cache_options){KIT_MEMORY, .folder = folder});
    pass_ms(20000);
    assert_string_equal(kit_get(disk, "k"), "one");
    kit_close(disk);
    disk = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder, .clock = &there.clock}); /* without Redis */
    assert_string_equal(kit_get(disk, "k"), "one");
    assert_int_equal(kit_stats(disk).disk_hits, 1);
    pass_ms(41000);
    assert_string_equal(kit_get(disk, "k"), "?"); /* a minute after it was put, not after it was moved */
    kit_close(disk);
    close_both();
}

static char large[4000];

static void remove_k(void *user)
{
    (void)kit_remove(*(qn_cache **)user, "k");
}

/* Two caches of one machine, which trust their disk for ever: one reads Redis while the other removes. */
static void what_is_removed_while_it_moves_to_the_disk_does_not_stay_there(void **state)
{
    (void)state;
    kit_hook hook;
    qn_cache *other;
    (void)redis();
    open_both();
    memset(large, 'x', sizeof large - 1);
    kit_put(a, "k", large);
    qn_cache_options options = {.memory_bytes = -1, .folder = kit_folder("moving"), .shared_fresh_ms = -1};
    other = open_on(&there, options);
    options.allocator = kit_hook_init(&hook, sizeof large, false, remove_k, &other);
    qn_cache *reader = open_on(&there, options);
    atomic_store(&hook.countdown, 1);
    (void)kit_get(reader, "k");
    assert_int_equal(atomic_load(&hook.countdown), 0);
    assert_string_equal(kit_get(other, "k"), "?");
    assert_string_equal(kit_get(reader, "k"), "?");
    kit_close(reader);
    kit_close(other);
    close_both();
}

static void results_that_stay_on_this_machine_are_kept_on_its_disk(void **state)
{
    (void)state;
    char url[256];
    qn_db *db;
    qn_datum *datum;
    qn_cache_found found;
    qn_error err;
    const char *folder = kit_folder("results"); /* one of a test's own, where Redis is asked for all else */
    (void)redis();
    spaces++;
    (void)snprintf(url, sizeof url, "sqlite:%s/results.db", kit_root);
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    qn_cache *cache = open_on(NULL, (qn_cache_options){.memory_bytes = -1, .folder = folder});
    const qn_cache_query_options options = {.size = sizeof options, .ttl_ms = 60000};
    for (int i = 0; i < 3; i++) {
        assert_ok(qn_cache_query(&datum, &found, cache, db, "SELECT 1.5 AS x", NULL, 0, &options, &err), &err);
        assert_int_equal(found, i == 0 ? QN_CACHE_MISS : QN_CACHE_HIT);
        qn_datum_unref(datum);
    }
    assert_int_equal(kit_stats(cache).disk_hits, 2);
    kit_close(cache);
    qn_db_close(db);
}

static void values_may_be_fresh_for_longer_than_the_clock_counts(void **state)
{
    (void)state;
    (void)redis();
    spaces++;
    kit_clock_init(&here, KIT_BOOT);
    a = open_on(&here, (qn_cache_options){KIT_MEMORY, .shared_fresh_ms = INT64_MAX});
    kit_put(a, "k", "v");
    assert_string_equal(kit_get(a, "k"), "v");
    assert_int_equal(kit_stats(a).memory_hits, 1);
    kit_close(a);
}

/* ---- a Redis that comes and goes ---- */

/* Puts until it comes to Redis: whoever waits for it gets it back. */
static void put_until_it_is_there(qn_cache *cache, const char *key, const char *text)
{
    qn_error err;
    qn_datum *datum = kit_datum(text);
    while (qn_cache_put(cache, key, -1, datum, NULL, &err) != QN_OK) {
        assert_int_equal(err.code, QN_UNAVAILABLE);
        sched_yield();
    }
    qn_datum_unref(datum);
}

static void without_redis_gets_miss_puts_say_it_and_removals_are_made_good(void **state)
{
    (void)state;
    qn_error err;
    (void)redis();
    qn_log_set(QN_LOG_ERROR, NULL);
    spaces++;
    a = open_on(NULL, (qn_cache_options){KIT_MEMORY});
    b = open_on(NULL, (qn_cache_options){.memory_bytes = -1});
    kit_put(a, "old", "1");
    kit_put(a, "gone", "2");
    tell_server("freeze");
    qn_datum *datum = kit_datum("3");
    assert_int_equal(qn_cache_put(a, "new", -1, datum, NULL, &err), QN_UNAVAILABLE);
    qn_datum_unref(datum);
    assert_string_equal(kit_get(a, "new"), "3");     /* it is in memory */
    assert_string_equal(kit_get(a, "nowhere"), "?"); /* and the rest a miss */
    assert_int_not_equal(qn_cache_remove(NULL, a, "gone", -1, &err), QN_OK);
    assert_string_equal(kit_get(a, "gone"), "?");
    tell_server("thaw");
    put_until_it_is_there(a, "new", "4");
    assert_string_equal(kit_get(a, "gone"), "?");
    while (strcmp(kit_get(b, "new"), "4") != 0) /* it may take Redis for lost as well */
        sched_yield();
    while (strcmp(kit_get(b, "gone"), "?") != 0) { /* what was owed is made good by any later call */
        (void)kit_get(a, "nowhere");
        sched_yield();
    }
    assert_string_equal(kit_get(b, "old"), "1");
    close_both();
}

/* Threads of two caches, each with a key of its own, put rising numbers and read those of others: none goes back. */
enum {
    WRITERS = 4
};

static atomic_bool over;

typedef struct writer {
    pthread_t thread;
    qn_cache *cache;
    int self;
    int64_t sure, tried;
    char wrong[128];
    _Atomic int64_t done, failed;
} writer;

static void write_and_read(writer *w, const char *key)
{
    char text[32];
    qn_datum *datum;
    (void)snprintf(text, sizeof text, "%lld", (long long)++w->tried);
    if (qn_datum_bytes(&datum, text, (int64_t)strlen(text), NULL, NULL) != QN_OK)
        return;
    qn_status s = qn_cache_put(w->cache, key, -1, datum, NULL, NULL);
    qn_datum_unref(datum);
    if (s == QN_OK)
        w->sure = w->tried;
    else if (s != QN_UNAVAILABLE)
        (void)snprintf(w->wrong, sizeof w->wrong, "put: status %d", (int)s);
    atomic_fetch_add(s == QN_OK ? &w->done : &w->failed, 1);
    s = qn_cache_get(&datum, NULL, w->cache, key, -1, NULL);
    if (s != QN_OK)
        (void)snprintf(w->wrong, sizeof w->wrong, "get: status %d", (int)s);
    if (datum == NULL)
        return; /* forgotten: a new server is empty */
    int64_t number = strtoll(qn_datum_text(datum, NULL), NULL, 10);
    if (number < w->sure || number > w->tried)
        (void)snprintf(w->wrong, sizeof w->wrong, "%lld instead of %lld to %lld", (long long)number, (long long)w->sure,
                       (long long)w->tried);
    qn_datum_unref(datum);
}

static void *write_numbers(void *user)
{
    writer *w = user;
    char key[16];
    (void)snprintf(key, sizeof key, "writer %d", w->self);
    while (!atomic_load(&over) && w->wrong[0] == '\0')
        write_and_read(w, key);
    return NULL;
}

static void await_more(writer *writers, bool failures)
{
    for (int i = 0; i < WRITERS; i++) {
        _Atomic int64_t *count = failures ? &writers[i].failed : &writers[i].done;
        int64_t enough = atomic_load(count) + 2;
        while (atomic_load(count) < enough && writers[i].wrong[0] == '\0')
            sched_yield();
    }
}

static void a_redis_stopped_and_started_under_load_loses_no_order(void **state)
{
    (void)state;
    static writer writers[WRITERS];
    (void)redis();
    qn_log_set(QN_LOG_ERROR, NULL);
    spaces++;
    a = open_on(NULL, (qn_cache_options){KIT_MEMORY, .shared_fresh_ms = 1});
    b = open_on(NULL, (qn_cache_options){.memory_bytes = -1});
    for (int i = 0; i < WRITERS; i++) {
        writers[i].self = i;
        writers[i].cache = i % 2 == 0 ? a : b;
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_numbers, &writers[i]), 0);
    }
    await_more(writers, false);
    for (int64_t i = 0; i < test_effort(2, 50); i++) {
        tell_server(i % 2 == 0 ? "kill" : "stop");
        await_more(writers, true);
        tell_server("start");
        await_more(writers, false);
    }
    atomic_store(&over, true);
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
        assert_string_equal(writers[i].wrong, "");
    }
    close_both();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_machine_puts_the_other_gets_and_keeps),
        cmocka_unit_test(a_value_ends_on_every_machine_when_its_time_is_over),
        cmocka_unit_test(a_removal_is_seen_when_the_others_ask_again),
        cmocka_unit_test(a_new_value_is_seen_when_the_others_ask_again),
        cmocka_unit_test(what_depends_goes_on_every_machine),
        cmocka_unit_test(prefixes_and_everything_go_on_every_machine),
        cmocka_unit_test(what_is_sealed_by_another_key_is_a_miss),
        cmocka_unit_test(a_ticket_says_that_it_is_in_redis),
        cmocka_unit_test(what_was_shared_moves_to_the_disk_as_well),
        cmocka_unit_test(what_is_removed_while_it_moves_to_the_disk_does_not_stay_there),
        cmocka_unit_test(results_that_stay_on_this_machine_are_kept_on_its_disk),
        cmocka_unit_test(values_may_be_fresh_for_longer_than_the_clock_counts),
        cmocka_unit_test(without_redis_gets_miss_puts_say_it_and_removals_are_made_good),
        cmocka_unit_test(a_redis_stopped_and_started_under_load_loses_no_order),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
