/* Write-back: what was put and waits; tickets, flushing, closing; a queue that is full, a disk that refuses. A
 * transaction of the test's own on the index holds up the writing. */
#include "unit/cache_kit.h"

#include "base/lock.h"

#include <quern/db.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Holds up all writing in a folder of caches until it is released. */
static qn_db *hold_up(const char *folder)
{
    char url[256];
    qn_db *db;
    qn_error err;
    (void)snprintf(url, sizeof url, "sqlite:%s/index.db?mode=rw", folder);
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    return db;
}

static qn_cache *open_back(const char *folder)
{
    return kit_open((qn_cache_options){.memory_bytes = -1, .folder = folder, .writing = QN_CACHE_BACK});
}

static qn_cache_ticket *put_ticket(qn_cache *cache, const char *key, const char *text)
{
    qn_cache_ticket *ticket = NULL;
    kit_put_with(cache, key, text, (qn_cache_put_options){.ticket = &ticket});
    assert_non_null(ticket);
    return ticket;
}

static void must_be_written(qn_cache_ticket *ticket)
{
    qn_error err;
    assert_ok(qn_cache_ticket_wait(ticket, -1, &err), &err);
    assert_ok(qn_cache_ticket_wait(ticket, 0, &err), &err);
    qn_cache_ticket_free(ticket);
}

static void a_ticket_tells_when_a_value_is_written(void **state)
{
    (void)state;
    const char *folder = kit_folder("ticket");
    qn_cache *cache = open_back(folder);
    qn_db *held = hold_up(folder);
    qn_error err;
    qn_cache_ticket *ticket = put_ticket(cache, "k", "v");
    assert_int_equal(qn_cache_ticket_wait(ticket, 1, &err), QN_TIMEOUT);
    assert_int_equal(qn_cache_flush(cache, 1, &err), QN_TIMEOUT);
    assert_contains(err.message, "1 value");
    assert_string_equal(kit_get(cache, "k"), "v");
    qn_cache_stats stats = kit_stats(cache);
    assert_int_equal(stats.queue_hits, 1);
    assert_int_equal(stats.queued_entries, 1);
    assert_true(stats.queued_bytes > 0);
    qn_db_close(held);
    must_be_written(ticket);
    assert_ok(qn_cache_flush(cache, -1, &err), &err);
    assert_int_equal(kit_stats(cache).queued_bytes, 0);
    assert_string_equal(kit_get(cache, "k"), "v");
    assert_int_equal(kit_stats(cache).disk_hits, 1);
    kit_close(cache);
    assert_int_equal(qn_cache_ticket_wait(NULL, 0, &err), QN_OK);
    qn_cache_ticket_free(NULL);
}

static void writing_through_gives_a_ticket_that_is_done(void **state)
{
    (void)state;
    const qn_cache_options ways[] = {{KIT_MEMORY}, {KIT_MEMORY, .folder = kit_folder("through")}};
    for (int i = 0; i < 2; i++) {
        qn_cache *cache = kit_open(ways[i]);
        qn_error err;
        qn_cache_ticket *ticket = put_ticket(cache, "k", "v");
        assert_ok(qn_cache_flush(cache, 0, &err), &err);
        kit_close(cache);
        must_be_written(ticket); /* it outlives the cache */
    }
}

static void what_is_put_again_or_removed_before_it_was_written_counts_as_written(void **state)
{
    (void)state;
    const char *folder = kit_folder("again");
    const qn_cache_name on[] = {{"base", -1}};
    qn_cache *cache = open_back(folder);
    qn_error err;
    must_be_written(put_ticket(cache, "first", "x"));
    qn_db *held = hold_up(folder);
    qn_cache_ticket *writing = put_ticket(cache, "blocker", "x"); /* the thread is at it, and the rest waits */
    while (kit_stats(cache).queued_entries == 0)
        qni_yield();
    qn_cache_ticket *old = put_ticket(cache, "k", "old"), *new = put_ticket(cache, "k", "new");
    /* Whether the old one had become part of the batch by then is not known; if it waited it is done. */
    assert_string_equal(kit_get(cache, "k"), "new");
    qn_cache_ticket *ticket = NULL;
    kit_put_with(cache, "top", "t", (qn_cache_put_options){.depends_on = on, .depends_count = 1, .ticket = &ticket});
    kit_put(cache, "base", "b");
    assert_string_equal(kit_get(cache, "top"), "?");
    qn_db_close(held);
    must_be_written(writing);
    must_be_written(old);
    must_be_written(new);
    must_be_written(ticket);
    assert_ok(qn_cache_flush(cache, -1, &err), &err);
    assert_string_equal(kit_get(cache, "top"), "?");
    assert_string_equal(kit_get(cache, "k"), "new");
    kit_close(cache);
}

/* In the queue "a" stands before "base", and its new value, which depends on that, is still the later one. */
static void what_depends_on_a_value_that_waits_is_written_after_it(void **state)
{
    (void)state;
    const char *folder = kit_folder("order");
    const qn_cache_name on[] = {{"base", -1}};
    qn_cache *cache = open_back(folder);
    qn_error err;
    must_be_written(put_ticket(cache, "first", "x"));
    qn_db *held = hold_up(folder);
    qn_cache_ticket *ticket = NULL, *writing = put_ticket(cache, "blocker", "x");
    while (qn_cache_ticket_wait(writing, 20, &err) == QN_OK)
        ;
    kit_put(cache, "a", "old");
    kit_put(cache, "base", "b");
    kit_put_with(cache, "a", "new", (qn_cache_put_options){.depends_on = on, .depends_count = 1, .ticket = &ticket});
    qn_db_close(held);
    must_be_written(writing);
    must_be_written(ticket);
    assert_string_equal(kit_get(cache, "a"), "new");
    kit_close(cache);
}

/* What waits is removed by whoever shares the folder, as what is written is. */
static void what_waits_goes_with_what_another_cache_removes(void **state)
{
    (void)state;
    const char *folder = kit_folder("told");
    const qn_cache_name on[] = {{"base", -1}};
    qn_cache *cache = open_back(folder), *other = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder});
    qn_error err;
    for (int i = 0; i < 20; i++) {
        kit_put_with(cache, "top", "of the old base", (qn_cache_put_options){.depends_on = on, .depends_count = 1});
        kit_put(cache, "k", "old");
        (void)kit_remove(other, "base");
        (void)kit_remove(other, "k");
        assert_string_equal(kit_get(cache, "top"), "?");
        assert_string_equal(kit_get(cache, "k"), "?");
        kit_put(cache, "k", "new");
        assert_ok(qn_cache_flush(cache, -1, &err), &err);
        assert_string_equal(kit_get(cache, "top"), "?");
        assert_string_equal(kit_get(other, "top"), "?");
        assert_string_equal(kit_get(cache, "k"), "new");
        assert_string_equal(kit_get(other, "k"), "new");
    }
    kit_close(cache);
    kit_close(other);
}

static void what_is_on_disk_is_not_believed_while_something_newer_waits(void **state)
{
    (void)state;
    const char *folder = kit_folder("behind");
    const qn_cache_name on[] = {{"base", -1}};
    qn_cache *cache = open_back(folder);
    qn_error err;
    kit_put_with(cache, "top", "of the old base", (qn_cache_put_options){.depends_on = on, .depends_count = 1});
    kit_put(cache, "k", "old");
    assert_ok(qn_cache_flush(cache, -1, &err), &err);
    qn_db *held = hold_up(folder);
    kit_put(cache, "base", "new");
    kit_put(cache, "k", "new");
    assert_string_equal(kit_get(cache, "top"), "?");
    assert_string_equal(kit_get(cache, "k"), "new");
    qn_db_close(held);
    assert_ok(qn_cache_flush(cache, -1, &err), &err);
    assert_string_equal(kit_get(cache, "top"), "?");
    assert_string_equal(kit_get(cache, "k"), "new");
    assert_int_equal(kit_remove(cache, "k"), 1);
    assert_string_equal(kit_get(cache, "k"), "?");
    kit_close(cache);
}

static void closing_writes_what_waits(void **state)
{
    (void)state;
    const char *folder = kit_folder("close");
    qn_cache *cache = open_back(folder);
    char key[16];
    for (int i = 0; i < 600; i++) { /* more than a batch */
        (void)snprintf(key, sizeof key, "%d", i);
        kit_put(cache, key, key);
    }
    kit_close(cache);
    cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder});
    assert_int_equal(kit_stats(cache).disk_entries, 600);
    for (int i = 0; i < 600; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        assert_string_equal(kit_get(cache, key), key);
    }
    kit_close(cache);
}

static void *release_later(void *user)
{
    qn_db *held = user;
    qn_db_close(held);
    return NULL;
}

static void closing_says_how_many_values_were_not_written_in_time(void **state)
{
    (void)state;
    const char *folder = kit_folder("late");
    qn_cache *cache = open_back(folder);
    must_be_written(put_ticket(cache, "first", "x"));
    qn_db *held = hold_up(folder);
    qn_cache_ticket *writing = put_ticket(cache, "a", "x");
    qn_error err;
    /* One is being written, which closing has to wait for; of the others it says how many. */
    while (qn_cache_ticket_wait(writing, 20, &err) == QN_OK)
        ;
    qn_cache_ticket *lost = put_ticket(cache, "b", "x");
    qn_cache_ticket *lost_too = put_ticket(cache, "c", "x");
    pthread_t thread;
    /* Closing begins with nothing written, whoever is first. */
    qn_status s = QN_OK;
    assert_int_equal(qn_cache_flush(cache, 0, &err), QN_TIMEOUT);
    assert_int_equal(pthread_create(&thread, NULL, release_later, held), 0);
    s = qn_cache_close(cache, 0, &err);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (s == QN_TIMEOUT) {
        assert_contains(err.message, "not written in time");
        assert_int_equal(qn_cache_ticket_wait(lost, 0, &err), QN_CLOSED);
        assert_int_equal(qn_cache_ticket_wait(lost_too, 0, &err), QN_CLOSED);
    } else {
        assert_int_equal(s, QN_OK); /* the thread was quicker */
        assert_int_equal(qn_cache_ticket_wait(lost, 0, &err), QN_OK);
    }
    must_be_written(writing);
    qn_cache_ticket_free(lost);
    qn_cache_ticket_free(lost_too);
}

static void a_value_that_cannot_be_written_is_told_and_stays_in_memory(void **state)
{
    (void)state;
    static char large[300 << 10];
    const char *folder = kit_folder("limit");
    qn_cache *cache = kit_open((qn_cache_options){
        .memory_bytes = 4 << 20, .shards = 1, .folder = folder, .disk_bytes = 128 << 10, .writing = QN_CACHE_BACK});
    qn_datum *datum, *got;
    qn_cache_ticket *ticket = NULL;
    qn_cache_put_options options = {.size = sizeof options, .ticket = &ticket};
    qn_error err;
    kit_put(cache, "k", "old");
    kit_put(cache, "other", "fine");
    assert_ok(qn_cache_flush(cache, -1, &err), &err);
    assert_ok(qn_datum_bytes(&datum, large, sizeof large, NULL, &err), &err);
    assert_ok(qn_cache_put(cache, "k", 1, datum, &options, &err), &err);
    qn_cache_ticket *good = put_ticket(cache, "good", "as well");
    assert_int_equal(qn_cache_ticket_wait(ticket, -1, &err), QN_LIMIT);
    must_be_written(good); /* one that fails fails alone */
    assert_int_equal(qn_cache_flush(cache, -1, &err), QN_LIMIT);
    assert_ok(qn_cache_flush(cache, -1, &err), &err); /* told once */
    assert_ok(qn_cache_get(&got, NULL, cache, "k", 1, &err), &err);
    assert_ptr_equal(got, datum);
    qn_datum_unref(got);
    qn_datum_unref(datum);
    qn_cache_ticket_free(ticket);
    assert_string_equal(kit_get(cache, "other"), "fine");
    kit_close(cache);
    cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder});
    assert_string_equal(kit_get(cache, "k"), "?"); /* and not the old one */
    kit_close(cache);
}

typedef struct putter {
    qn_cache *cache;
    _Atomic int64_t puts;
} putter;

static void *put_many(void *user)
{
    putter *p = user;
    char key[16];
    for (int i = 0; i < 50; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        kit_put(p->cache, key, "0123456789");
        atomic_fetch_add(&p->puts, 1);
    }
    return NULL;
}

static void a_full_queue_makes_puts_wait(void **state)
{
    (void)state;
    const char *folder = kit_folder("full");
    putter p = {.cache = kit_open((qn_cache_options){
                    .memory_bytes = -1, .folder = folder, .writing = QN_CACHE_BACK, .queue_bytes = 4 << 10})};
    must_be_written(put_ticket(p.cache, "first", "x"));
    qn_db *held = hold_up(folder);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, put_many, &p), 0);
    int64_t seen = -1;
    while (atomic_load(&p.puts) != seen || seen < 1) { /* until no more go in */
        seen = atomic_load(&p.puts);
        for (int i = 0; i < 1000; i++)
            qni_yield();
    }
    assert_true(kit_stats(p.cache).queued_bytes <= 4 << 10);
    assert_true(seen < 50);
    qn_db_close(held);
    assert_int_equal(pthread_join(thread, NULL), 0);
    kit_close(p.cache);
}

/* In a process of its own, where files cannot grow beyond 256 KiB. */
static int run_small_disk(const char *folder)
{
    const struct rlimit small = {256 << 10, 256 << 10};
    static char large[1 << 20];
    qn_cache *cache = open_back(folder);
    qn_cache_ticket *ticket = NULL;
    qn_cache_put_options options = {.size = sizeof options, .ticket = &ticket};
    qn_datum *datum;
    qn_error err;
    kit_put(cache, "k", "old");
    kit_put(cache, "other", "fine");
    assert_ok(qn_cache_flush(cache, -1, &err), &err);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_ok(qn_datum_bytes(&datum, large, sizeof large, NULL, &err), &err);
    assert_ok(qn_cache_put(cache, "k", 1, datum, &options, &err), &err);
    assert_int_equal(qn_cache_ticket_wait(ticket, -1, &err), QN_IO);
    while (kit_stats(cache).queued_entries > 0)
        qni_yield();
    assert_string_equal(kit_get(cache, "k"), "?");
    assert_string_equal(kit_get(cache, "other"), "fine");
    kit_put(cache, "small", "fits");
    assert_int_equal(qn_cache_close(cache, -1, &err), QN_IO);
    assert_contains(err.message, "1 value was not written: ");
    qn_cache_ticket_free(ticket);
    qn_datum_unref(datum);
    cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder});
    assert_string_equal(kit_get(cache, "small"), "fits");
    assert_string_equal(kit_get(cache, "k"), "?");
    kit_close(cache);
    return 0;
}

static void a_full_disk_is_told_and_nothing_old_comes_back(void **state)
{
    (void)state;
    const char *folder = kit_folder("small");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run_small_disk(folder));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_told_and_nothing_old_comes_back), /* first: no thread is there to fork */
        cmocka_unit_test(a_ticket_tells_when_a_value_is_written),
        cmocka_unit_test(writing_through_gives_a_ticket_that_is_done),
        cmocka_unit_test(what_is_put_again_or_removed_before_it_was_written_counts_as_written),
        cmocka_unit_test(what_depends_on_a_value_that_waits_is_written_after_it),
        cmocka_unit_test(what_waits_goes_with_what_another_cache_removes),
        cmocka_unit_test(what_is_on_disk_is_not_believed_while_something_newer_waits),
        cmocka_unit_test(closing_writes_what_waits),
        cmocka_unit_test(closing_says_how_many_values_were_not_written_in_time),
        cmocka_unit_test(a_value_that_cannot_be_written_is_told_and_stays_in_memory),
        cmocka_unit_test(a_full_queue_makes_puts_wait),
    };
    return cmocka_run_group_tests_name("cache_queue", tests, kit_setup, kit_teardown);
}
