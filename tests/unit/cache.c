/* A cache whole: its tiers together, times to live, absences, dependencies, pins, what it counts; two caches on one
 * folder. Time is the test's own. */
#include "unit/cache_kit.h"

#include <quern/metrics.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- one tier ---- */

static void what_was_put_is_there_until_it_is_removed(void **state)
{
    (void)state;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    assert_string_equal(kit_get(cache, "a"), "?");
    kit_put(cache, "a", "one");
    kit_put(cache, "b", "two");
    assert_string_equal(kit_get(cache, "a"), "one");
    kit_put(cache, "a", "three");
    assert_string_equal(kit_get(cache, "a"), "three");
    assert_int_equal(kit_remove(cache, "a"), 1);
    assert_int_equal(kit_remove(cache, "a"), 0);
    assert_string_equal(kit_get(cache, "a"), "?");
    assert_string_equal(kit_get(cache, "b"), "two");
    qn_cache_stats stats = kit_stats(cache);
    assert_int_equal(stats.hits, 3);
    assert_int_equal(stats.memory_hits, 3);
    assert_int_equal(stats.misses, 2);
    assert_int_equal(stats.puts, 3);
    assert_int_equal(stats.removed, 1);
    assert_int_equal(stats.memory_entries, 1);
    kit_close(cache);
}

static void a_hit_is_the_datum_that_was_put(void **state)
{
    (void)state;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    static char text[5001];
    memset(text, 'x', sizeof text - 1);
    qn_datum *datum = kit_datum(text), *got;
    qn_error err;
    assert_ok(qn_cache_put(cache, "k", 1, datum, NULL, &err), &err);
    assert_ok(qn_cache_get(&got, NULL, cache, "k", 1, &err), &err);
    assert_ptr_equal(got, datum);
    qn_datum_unref(datum);
    kit_close(cache);
    assert_string_equal(qn_datum_text(got, NULL), text);
    qn_datum_unref(got);
}

static void keys_are_any_bytes_up_to_a_limit(void **state)
{
    (void)state;
    static char key[QN_CACHE_KEY_MAX + 1];
    qn_cache *cache = kit_open((qn_cache_options){.folder = kit_folder("keys"), .memory_bytes = 1 << 20});
    qn_datum *datum = kit_datum("x"), *got = datum;
    qn_cache_found found = QN_CACHE_HIT;
    qn_error err;
    assert_ok(qn_cache_put(cache, key, QN_CACHE_KEY_MAX, datum, NULL, &err), &err);
    assert_ok(qn_cache_put(cache, key, 1, datum, NULL, &err), &err);
    assert_ok(qn_cache_get(&got, &found, cache, key, 2, &err), &err);
    assert_int_equal(found, QN_CACHE_MISS);
    assert_ok(qn_cache_get(&got, &found, cache, key, QN_CACHE_KEY_MAX, &err), &err);
    assert_int_equal(found, QN_CACHE_HIT);
    qn_datum_unref(got);
    assert_int_equal(qn_cache_put(cache, key, QN_CACHE_KEY_MAX + 1, datum, NULL, &err), QN_LIMIT);
    assert_contains(err.message, "digest");
    assert_int_equal(qn_cache_get(&got, &found, cache, "", 0, &err), QN_INVALID);
    assert_null(got);
    assert_int_equal(qn_cache_get(&got, &found, cache, NULL, 3, &err), QN_INVALID);
    assert_int_equal(qn_cache_remove(NULL, cache, "", -1, &err), QN_INVALID);
    qn_datum_unref(datum);
    kit_close(cache);
}

static void options_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const qn_cache_options wrong[] = {
        {.memory_bytes = -2}, {.memory_bytes = -1}, {.disk_bytes = -1},
        {.ttl_ms = -2},       {.read_only = true},  {.writing = (qn_cache_writing)7},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        qn_cache_options options = wrong[i];
        qn_cache *cache = (qn_cache *)&options;
        qn_error err;
        options.size = sizeof options;
        assert_int_equal(qn_cache_open(&cache, &options, &err), QN_INVALID);
        assert_null(cache);
    }
    assert_int_equal(qn_cache_close(NULL, 0, NULL), QN_OK);
}

static void a_value_larger_than_every_tier_is_refused_and_the_old_one_gone(void **state)
{
    (void)state;
    static char large[1 << 20];
    qn_cache *cache = kit_open((qn_cache_options){.memory_bytes = 256 << 10, .shards = 1});
    kit_put(cache, "k", "small");
    qn_datum *datum;
    qn_error err;
    assert_ok(qn_datum_bytes(&datum, large, sizeof large, NULL, &err), &err);
    assert_int_equal(qn_cache_put(cache, "k", 1, datum, NULL, &err), QN_LIMIT);
    assert_string_equal(kit_get(cache, "k"), "?");
    qn_datum_unref(datum);
    kit_close(cache);
}

/* ---- time ---- */

static void a_value_ends_with_its_time_to_live(void **state)
{
    (void)state;
    kit_clock time;
    kit_clock_init(&time, KIT_BOOT);
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY, .clock = &time.clock, .ttl_ms = 1000});
    kit_put(cache, "default", "a");
    kit_put_with(cache, "longer", "b", (qn_cache_put_options){.ttl_ms = 2000});
    kit_put_with(cache, "ever", "c", (qn_cache_put_options){.ttl_ms = -1});
    kit_pass_ms(&time, 999);
    assert_string_equal(kit_get(cache, "default"), "a");
    kit_pass_ms(&time, 1);
    assert_string_equal(kit_get(cache, "default"), "?");
    assert_string_equal(kit_get(cache, "longer"), "b");
    time.wall_ns -= INT64_C(1000000000) * 86400 * 365; /* who sets the clock changes nothing */
    assert_string_equal(kit_get(cache, "longer"), "b");
    kit_pass_ms(&time, 1000);
    assert_string_equal(kit_get(cache, "longer"), "?");
    kit_pass_ms(&time, INT64_C(1000) * 86400 * 365);
    assert_string_equal(kit_get(cache, "ever"), "c");
    assert_int_equal(kit_stats(cache).expired, 2);
    kit_close(cache);
}

static void that_there_is_none_is_remembered_for_its_own_time(void **state)
{
    (void)state;
    kit_clock time;
    kit_clock_init(&time, KIT_BOOT);
    qn_cache *cache = kit_open(
        (qn_cache_options){KIT_MEMORY, .folder = kit_folder("absent"), .clock = &time.clock, .absent_ttl_ms = 500});
    kit_put(cache, "none", NULL);
    kit_put(cache, "some", "value");
    assert_string_equal(kit_get(cache, "none"), "-");
    kit_close(cache);
    cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = kit_folder("absent"), .clock = &time.clock});
    assert_string_equal(kit_get(cache, "none"), "-");
    qn_cache_stats stats = kit_stats(cache);
    assert_int_equal(stats.absent_hits, 1);
    assert_int_equal(stats.disk_hits, 1);
    assert_int_equal(stats.hits, 0);
    kit_pass_ms(&time, 500);
    assert_string_equal(kit_get(cache, "none"), "?");
    assert_string_equal(kit_get(cache, "some"), "value");
    kit_close(cache);
}

static void moving_up_never_restarts_a_time_to_live(void **state)
{
    (void)state;
    kit_clock time;
    kit_clock_init(&time, KIT_BOOT);
    const qn_cache_options options = {KIT_MEMORY, .folder = kit_folder("promote"), .clock = &time.clock};
    qn_cache *cache = kit_open(options);
    kit_put_with(cache, "k", "v", (qn_cache_put_options){.ttl_ms = 1000});
    for (int i = 0; i < 3; i++) {
        kit_close(cache);
        kit_pass_ms(&time, 300);
        cache = kit_open(options);
        assert_string_equal(kit_get(cache, "k"), "v"); /* from disk, into memory */
        assert_string_equal(kit_get(cache, "k"), "v");
    }
    assert_int_equal(kit_stats(cache).memory_hits, 1);
    kit_pass_ms(&time, 99);
    assert_string_equal(kit_get(cache, "k"), "v");
    kit_pass_ms(&time, 1);
    assert_string_equal(kit_get(cache, "k"), "?");
    kit_close(cache);
}

static void after_another_start_of_the_machine_the_wall_clock_decides(void **state)
{
    (void)state;
    kit_clock before, after;
    kit_clock_init(&before, KIT_BOOT);
    kit_clock_init(&after, KIT_OTHER);
    qn_cache_options options = {KIT_MEMORY, .folder = kit_folder("boot"), .clock = &before.clock};
    qn_cache *cache = kit_open(options);
    kit_put_with(cache, "k", "v", (qn_cache_put_options){.ttl_ms = 10000});
    kit_close(cache);
    after.boot_ns = 5;
    after.wall_ns = before.wall_ns + INT64_C(9999) * 1000000;
    options.clock = &after.clock;
    cache = kit_open(options);
    assert_string_equal(kit_get(cache, "k"), "v");
    kit_pass_ms(&after, 1);
    assert_string_equal(kit_get(cache, "k"), "?");
    kit_close(cache);
}

/* ---- tiers ---- */

static void one_cold_get_is_one_miss_and_one_get_one_count(void **state)
{
    (void)state;
    const qn_cache_options options = {KIT_MEMORY, .folder = kit_folder("counts")};
    qn_cache *cache = kit_open(options);
    assert_string_equal(kit_get(cache, "cold"), "?");
    qn_cache_stats stats = kit_stats(cache);
    assert_int_equal(stats.misses, 1);
    assert_int_equal(stats.hits + stats.absent_hits, 0);
    kit_put(cache, "k", "v");
    kit_close(cache);
    cache = kit_open(options);
    for (int i = 0; i < 3; i++)
        assert_string_equal(kit_get(cache, "k"), "v");
    stats = kit_stats(cache);
    assert_int_equal(stats.misses, 0);
    assert_int_equal(stats.hits, 3);
    assert_int_equal(stats.disk_hits, 1);
    assert_int_equal(stats.memory_hits, 2);
    assert_int_equal(stats.disk_entries, 1);
    kit_close(cache);
}

static void a_cache_without_memory_lives_on_disk_alone(void **state)
{
    (void)state;
    qn_cache *cache = kit_open((qn_cache_options){.memory_bytes = -1, .folder = kit_folder("disk-only")});
    bool pinned = true;
    qn_error err;
    kit_put(cache, "k", "v");
    assert_string_equal(kit_get(cache, "k"), "v");
    assert_ok(qn_cache_pin(&pinned, cache, "k", -1, &err), &err);
    assert_false(pinned);
    qn_cache_unpin(cache, "k", -1);
    qn_cache_stats stats = kit_stats(cache);
    assert_int_equal(stats.disk_hits, 1);
    assert_int_equal(stats.memory_bytes, 0);
    assert_int_equal(kit_remove(cache, "k"), 1);
    assert_string_equal(kit_get(cache, "k"), "?");
    kit_close(cache);
}

static void sealed_values_are_misses_without_their_key_and_plain_ones_with_it(void **state)
{
    (void)state;
    uint8_t key[QN_SEAL_KEY_SIZE] = {1, 2, 3}, other[QN_SEAL_KEY_SIZE] = {4};
    const char *folder = kit_folder("sealed");
    qn_cache *cache = kit_open((qn_cache_options){.memory_bytes = -1, .folder = folder, .key = key});
    kit_put(cache, "sealed", "secret");
    assert_string_equal(kit_get(cache, "sealed"), "secret");
    kit_close(cache);
    cache = kit_open((qn_cache_options){.memory_bytes = -1, .folder = folder});
    assert_string_equal(kit_get(cache, "sealed"), "?");
    kit_put(cache, "plain", "open");
    kit_close(cache);
    cache = kit_open((qn_cache_options){.memory_bytes = -1, .folder = folder, .key = other});
    assert_string_equal(kit_get(cache, "sealed"), "?");
    assert_string_equal(kit_get(cache, "plain"), "?");
    kit_close(cache);
    cache = kit_open((qn_cache_options){.memory_bytes = -1, .folder = folder, .key = key});
    assert_string_equal(kit_get(cache, "sealed"), "secret");
    kit_close(cache);
}

static void values_of_another_version_of_the_program_are_misses(void **state)
{
    (void)state;
    const char *folder = kit_folder("versions");
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder, .values_version = 1});
    kit_put(cache, "k", "first");
    kit_close(cache);
    cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder, .values_version = 2});
    assert_string_equal(kit_get(cache, "k"), "?");
    kit_put(cache, "k", "second");
    assert_string_equal(kit_get(cache, "k"), "second");
    kit_close(cache);
}

static void a_read_only_cache_forgets_for_itself_alone(void **state)
{
    (void)state;
    const char *folder = kit_folder("read-only");
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder});
    kit_put(cache, "a", "kept");
    kit_put(cache, "b", "kept too");
    kit_put(cache, "other", "kept as well");
    kit_close(cache);
    cache = kit_open((qn_cache_options){.memory_bytes = -1, .folder = folder, .read_only = true});
    qn_error err;
    assert_string_equal(kit_get(cache, "a"), "kept");
    assert_int_equal(kit_remove(cache, "a"), 0);
    assert_string_equal(kit_get(cache, "a"), "?");
    kit_put(cache, "b", "new"); /* goes nowhere, but what is on disk is old */
    assert_string_equal(kit_get(cache, "b"), "?");
    assert_string_equal(kit_get(cache, "other"), "kept as well");
    assert_ok(qn_cache_remove_prefix(NULL, cache, "oth", 3, &err), &err);
    assert_string_equal(kit_get(cache, "other"), "?");
    kit_close(cache);
    cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder});
    assert_string_equal(kit_get(cache, "a"), "kept");
    assert_string_equal(kit_get(cache, "b"), "kept too");
    kit_close(cache);
}

/* ---- removing ---- */

/* So that one tier has all of them: what is removed is counted by tiers. */
static void settle(qn_cache *cache)
{
    qn_error err;
    assert_ok(qn_cache_flush(cache, -1, &err), &err);
}

static void run_dependencies(qn_cache *cache)
{
    const qn_cache_name on_quotes[] = {{"quotes", -1}}, on_curve[] = {{"curve", -1}, {"rates", -1}};
    kit_put(cache, "quotes", "q");
    kit_put(cache, "rates", "r");
    kit_put(cache, "apart", "x");
    kit_put_with(cache, "curve", "c", (qn_cache_put_options){.depends_on = on_quotes, .depends_count = 1});
    kit_put_with(cache, "smile", "s", (qn_cache_put_options){.depends_on = on_curve, .depends_count = 2});
    settle(cache);
    assert_int_equal(kit_remove(cache, "quotes"), 3); /* itself, the curve, and through it the smile */
    assert_string_equal(kit_get(cache, "curve"), "?");
    assert_string_equal(kit_get(cache, "smile"), "?");
    assert_string_equal(kit_get(cache, "rates"), "r");
    assert_string_equal(kit_get(cache, "apart"), "x");
    /* Putting anew removes what depends on the old, but not what is put. */
    kit_put_with(cache, "curve", "c", (qn_cache_put_options){.depends_on = on_quotes, .depends_count = 1});
    kit_put_with(cache, "smile", "s", (qn_cache_put_options){.depends_on = on_curve, .depends_count = 2});
    kit_put(cache, "rates", "r2");
    assert_string_equal(kit_get(cache, "smile"), "?");
    assert_string_equal(kit_get(cache, "curve"), "c");
    kit_put(cache, "quotes", "q2");
    assert_string_equal(kit_get(cache, "curve"), "?");
    assert_string_equal(kit_get(cache, "quotes"), "q2");
    /* A name need not be an entry. */
    const qn_cache_name on_tag[] = {{"tag:x", -1}};
    kit_put_with(cache, "tagged", "t", (qn_cache_put_options){.depends_on = on_tag, .depends_count = 1});
    settle(cache);
    assert_int_equal(kit_remove(cache, "tag:x"), 1);
    assert_string_equal(kit_get(cache, "tagged"), "?");
}

static void what_depends_on_what_is_removed_or_put_anew_goes_too(void **state)
{
    (void)state;
    const char *folder = kit_folder("depends");
    const qn_cache_options ways[] = {
        {KIT_MEMORY},
        {KIT_MEMORY, .folder = folder},
        {.memory_bytes = -1, .folder = folder},
        {KIT_MEMORY, .folder = folder, .writing = QN_CACHE_BACK},
        {.memory_bytes = -1, .folder = folder, .writing = QN_CACHE_BACK},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        qn_cache *cache = kit_open(ways[i]);
        qn_error err;
        run_dependencies(cache);
        assert_ok(qn_cache_clear(NULL, cache, &err), &err);
        kit_close(cache);
    }
}

static void dependencies_outlive_the_process(void **state)
{
    (void)state;
    const qn_cache_options options = {KIT_MEMORY, .folder = kit_folder("depends-later")};
    const qn_cache_name on[] = {{"base", -1}}, on_middle[] = {{"middle", -1}};
    qn_cache *cache = kit_open(options);
    kit_put_with(cache, "middle", "m", (qn_cache_put_options){.depends_on = on, .depends_count = 1});
    kit_close(cache);
    cache = kit_open(options);
    kit_put_with(cache, "top", "t", (qn_cache_put_options){.depends_on = on_middle, .depends_count = 1});
    kit_close(cache);
    cache = kit_open(options);
    assert_int_equal(kit_remove(cache, "base"), 2);
    assert_string_equal(kit_get(cache, "top"), "?");
    kit_close(cache);
}

static void a_value_cannot_depend_on_more_names_than_fit(void **state)
{
    (void)state;
    char texts[QN_CACHE_DEPENDS_MAX + 1][8];
    qn_cache_name names[QN_CACHE_DEPENDS_MAX + 1];
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    qn_error err;
    for (int i = 0; i <= QN_CACHE_DEPENDS_MAX; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "n%d", i);
        names[i] = (qn_cache_name){texts[i], -1};
    }
    qn_cache_put_options options = {.size = sizeof options, .depends_on = names, .depends_count = QN_CACHE_DEPENDS_MAX};
    assert_ok(qn_cache_put(cache, "k", 1, NULL, &options, &err), &err);
    options.depends_count++;
    assert_int_equal(qn_cache_put(cache, "k", 1, NULL, &options, &err), QN_LIMIT);
    const qn_cache_name inherits[] = {{"k", 1}};
    options.depends_on = inherits;
    options.depends_count = 1; /* and the 64 of k */
    assert_int_equal(qn_cache_put(cache, "l", 1, NULL, &options, &err), QN_LIMIT);
    names[0].size = 0;
    options.depends_on = names;
    assert_int_equal(qn_cache_put(cache, "l", 1, NULL, &options, &err), QN_INVALID);
    kit_close(cache);
}

static void prefixes_and_everything_can_be_removed(void **state)
{
    (void)state;
    const qn_cache_options ways[] = {
        {KIT_MEMORY},
        {KIT_MEMORY, .folder = kit_folder("prefix")},
        {KIT_MEMORY, .folder = kit_folder("prefix"), .writing = QN_CACHE_BACK},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        qn_cache *cache = kit_open(ways[i]);
        const qn_cache_name on[] = {{"NVDA/2", -1}};
        int64_t removed;
        qn_error err;
        kit_put(cache, "NVDA/1", "a");
        kit_put(cache, "NVDA/2", "b");
        kit_put(cache, "NVDA", "c");
        kit_put(cache, "AMD/1", "d");
        kit_put_with(cache, "of NVDA", "e", (qn_cache_put_options){.depends_on = on, .depends_count = 1});
        assert_ok(qn_cache_remove_prefix(&removed, cache, "NVDA/", -1, &err), &err);
        assert_int_equal(removed, 3);
        assert_string_equal(kit_get(cache, "NVDA/1"), "?");
        assert_string_equal(kit_get(cache, "NVDA/2"), "?");
        assert_string_equal(kit_get(cache, "of NVDA"), "?");
        assert_string_equal(kit_get(cache, "NVDA"), "c");
        assert_ok(qn_cache_clear(&removed, cache, &err), &err);
        assert_int_equal(removed, 2);
        assert_string_equal(kit_get(cache, "AMD/1"), "?");
        assert_int_equal(qn_cache_remove_prefix(&removed, cache, "", 0, &err), QN_INVALID);
        kit_close(cache);
    }
}

/* In a process of its own, whose files can be kept from growing. */
static int run_refusing_disk(const char *folder)
{
    kit_clock time;
    struct rlimit free_, tight;
    const qn_cache_name on[] = {{"gone", -1}};
    qn_error err;
    kit_clock_init(&time, KIT_BOOT);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &free_), 0);
    tight = free_;
    tight.rlim_cur = 1;
    qn_cache *cache = kit_open((qn_cache_options){.memory_bytes = -1, .folder = folder, .clock = &time.clock});
    kit_put(cache, "gone", "old");
    kit_put(cache, "put", "old");
    kit_put(cache, "px/1", "old");
    kit_put(cache, "late", "old");
    kit_put(cache, "stays", "fine");
    kit_put_with(cache, "top", "of the old", (qn_cache_put_options){.depends_on = on, .depends_count = 1});
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(qn_cache_remove(NULL, cache, "gone", -1, &err), QN_IO);
    qn_datum *datum = kit_datum("new");
    assert_int_equal(qn_cache_put(cache, "put", -1, datum, NULL, &err), QN_IO);
    assert_string_equal(kit_get(cache, "gone"), "?");
    assert_string_equal(kit_get(cache, "top"), "?");
    assert_string_equal(kit_get(cache, "put"), "?");
    assert_string_equal(kit_get(cache, "stays"), "fine");
    /* Which entries begin so, and what depends on those, nobody knows: nothing is believed. */
    assert_int_equal(qn_cache_remove_prefix(NULL, cache, "px/", -1, &err), QN_IO);
    assert_string_equal(kit_get(cache, "px/1"), "?");
    assert_string_equal(kit_get(cache, "stays"), "?");
    assert_int_equal(qn_cache_put(cache, "late", -1, datum, NULL, &err), QN_IO);
    qn_datum_unref(datum);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &free_), 0);
    kit_pass_ms(&time, 1000);
    assert_string_equal(kit_get(cache, "stays"), "fine"); /* by then the others have been removed */
    assert_int_equal(kit_stats(cache).disk_entries, 1);
    kit_put(cache, "gone", "again");
    assert_string_equal(kit_get(cache, "gone"), "again");
    kit_close(cache);
    cache = kit_open((qn_cache_options){.memory_bytes = -1, .folder = folder, .clock = &time.clock});
    assert_string_equal(kit_get(cache, "put"), "?");
    assert_string_equal(kit_get(cache, "px/1"), "?");
    assert_string_equal(kit_get(cache, "late"), "?");
    assert_string_equal(kit_get(cache, "top"), "?");
    kit_close(cache);
    return 0;
}

static void what_a_disk_refuses_to_remove_is_not_believed_and_removed_when_it_can_be(void **state)
{
    (void)state;
    const char *folder = kit_folder("refuses");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run_refusing_disk(folder));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- pins ---- */

static void a_pinned_entry_stays_in_memory_until_it_is_unpinned_as_often(void **state)
{
    (void)state;
    static char large[8 << 10];
    qn_cache *cache = kit_open((qn_cache_options){.memory_bytes = 256 << 10, .shards = 1});
    qn_datum *datum;
    qn_error err;
    bool pinned;
    memset(large, 'x', sizeof large);
    assert_ok(qn_datum_bytes(&datum, large, sizeof large, NULL, &err), &err);
    kit_put(cache, "keep", "me");
    assert_ok(qn_cache_pin(&pinned, cache, "keep", -1, &err), &err);
    assert_true(pinned);
    assert_ok(qn_cache_pin(&pinned, cache, "keep", -1, &err), &err);
    assert_ok(qn_cache_pin(&pinned, cache, "nothing", -1, &err), &err);
    assert_false(pinned);
    qn_cache_unpin(cache, "keep", -1);
    for (int i = 0; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%d", i);
        assert_ok(qn_cache_put(cache, key, -1, datum, NULL, &err), &err);
    }
    assert_string_equal(kit_get(cache, "keep"), "me");
    assert_int_equal(kit_stats(cache).pinned_entries, 1);
    qn_cache_unpin(cache, "keep", -1);
    assert_int_equal(kit_stats(cache).pinned_entries, 0);
    assert_true(kit_stats(cache).memory_evicted > 0);
    qn_datum_unref(datum);
    kit_close(cache);
}

static void pinning_brings_an_entry_up_from_disk(void **state)
{
    (void)state;
    const qn_cache_options options = {KIT_MEMORY, .folder = kit_folder("pin")};
    qn_cache *cache = kit_open(options);
    qn_error err;
    bool pinned;
    kit_put(cache, "k", "v");
    kit_close(cache);
    cache = kit_open(options);
    assert_ok(qn_cache_pin(&pinned, cache, "k", -1, &err), &err);
    assert_true(pinned);
    qn_cache_stats stats = kit_stats(cache);
    assert_int_equal(stats.pinned_entries, 1);
    assert_int_equal(stats.hits + stats.misses, 0); /* a pin is no get */
    assert_string_equal(kit_get(cache, "k"), "v");
    assert_int_equal(kit_stats(cache).memory_hits, 1);
    kit_close(cache);
}

/* ---- two caches on one folder, as two processes have them ---- */

static void a_removal_in_one_is_seen_by_the_next_get_in_the_other(void **state)
{
    (void)state;
    const qn_cache_options options = {KIT_MEMORY, .folder = kit_folder("two")};
    const qn_cache_name on[] = {{"base", -1}};
    qn_cache *a = kit_open(options), *b = kit_open(options);
    qn_error err;
    kit_put(a, "k", "v1");
    assert_string_equal(kit_get(b, "k"), "v1");
    kit_put(a, "k", "v2");
    assert_string_equal(kit_get(b, "k"), "v2");
    (void)kit_remove(b, "k");
    assert_string_equal(kit_get(a, "k"), "?");
    kit_put_with(a, "top", "t", (qn_cache_put_options){.depends_on = on, .depends_count = 1});
    assert_string_equal(kit_get(b, "top"), "t");
    assert_string_equal(kit_get(b, "top"), "t");
    kit_put(a, "base", "b1");
    assert_string_equal(kit_get(b, "top"), "?");
    kit_put(b, "px/1", "1");
    kit_put(b, "px/2", "2");
    assert_string_equal(kit_get(a, "px/1"), "1");
    assert_ok(qn_cache_remove_prefix(NULL, b, "px/", 3, &err), &err);
    assert_string_equal(kit_get(a, "px/1"), "?");
    kit_put(a, "last", "x");
    assert_string_equal(kit_get(b, "last"), "x");
    assert_ok(qn_cache_clear(NULL, a, &err), &err);
    assert_string_equal(kit_get(b, "last"), "?");
    kit_close(a);
    kit_close(b);
}

/* ---- looking ---- */

static qn_status count_entry(void *user, const qn_cache_entry *entry, qn_error *err)
{
    (void)err;
    int64_t *seen = user;
    assert_int_equal(((const char *)entry->key)[entry->key_size], 0);
    if (entry->absent)
        seen[1]++;
    else
        seen[0]++;
    return seen[2] > 0 && seen[0] == seen[2] ? QN_INTERRUPTED : QN_OK;
}

static void entries_can_be_shown(void **state)
{
    (void)state;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = kit_folder("each")});
    int64_t seen[3] = {0};
    qn_error err;
    kit_put(cache, "a/1", "x");
    kit_put(cache, "a/2", "y");
    kit_put(cache, "b", NULL);
    assert_ok(qn_cache_each(cache, QN_CACHE_MEMORY, NULL, 0, count_entry, seen, &err), &err);
    assert_int_equal(seen[0], 2);
    assert_int_equal(seen[1], 1);
    memset(seen, 0, sizeof seen);
    assert_ok(qn_cache_each(cache, QN_CACHE_DISK, "a/", -1, count_entry, seen, &err), &err);
    assert_int_equal(seen[0], 2);
    assert_int_equal(seen[1], 0);
    seen[0] = 0;
    seen[2] = 1;
    assert_int_equal(qn_cache_each(cache, QN_CACHE_DISK, NULL, 0, count_entry, seen, &err), QN_INTERRUPTED);
    kit_close(cache);
    cache = kit_open((qn_cache_options){KIT_MEMORY});
    assert_int_equal(qn_cache_each(cache, QN_CACHE_DISK, NULL, 0, count_entry, seen, &err), QN_INVALID);
    qn_cache_report report = {.size = sizeof report};
    assert_int_equal(qn_cache_verify(&report, cache, false, NULL, NULL, &err), QN_INVALID);
    kit_close(cache);
}

static void a_sound_folder_verifies(void **state)
{
    (void)state;
    const char *folder = kit_folder("verify");
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder});
    qn_cache_report report = {.size = sizeof report};
    qn_error err;
    kit_put(cache, "a", "x");
    kit_put_with(cache, "b", "y", (qn_cache_put_options){.own_file = true});
    assert_ok(qn_cache_verify(&report, cache, true, NULL, NULL, &err), &err);
    assert_int_equal(report.entries, 2);
    assert_int_equal(report.damaged + report.missing + report.strangers + report.locked, 0);
    assert_false(report.index_damaged);
    kit_close(cache);
    cache = kit_open((qn_cache_options){KIT_MEMORY, .folder = folder, .read_only = true});
    assert_int_equal(qn_cache_verify(&report, cache, true, NULL, NULL, &err), QN_INVALID);
    kit_close(cache);
}

static qn_status append(void *user, const char *text, int64_t size, qn_error *err)
{
    (void)err;
    char *all = user;
    size_t at = strlen(all);
    memcpy(all + at, text, (size_t)size);
    all[at + (size_t)size] = '\0';
    return QN_OK;
}

static void what_it_counts_is_published(void **state)
{
    (void)state;
    static char text[1 << 16];
    qn_metrics *metrics;
    qn_error err;
    text[0] = '\0';
    assert_ok(qn_metrics_new(&metrics, 0, NULL, &err), &err);
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY, .name = "prices", .metrics = metrics});
    kit_put(cache, "a", "x");
    (void)kit_get(cache, "a");
    (void)kit_get(cache, "b");
    assert_ok(qn_metrics_write_text(metrics, append, text, &err), &err);
    assert_contains(text, "quern_cache_hits_total{cache=\"prices\",tier=\"memory\"} 1\n");
    assert_contains(text, "quern_cache_misses_total{cache=\"prices\"} 1\n");
    assert_contains(text, "quern_cache_entries{cache=\"prices\",tier=\"memory\"} 1\n");
    kit_close(cache);
    text[0] = '\0';
    assert_ok(qn_metrics_write_text(metrics, append, text, &err), &err);
    assert_null(strstr(text, "prices"));
    qn_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_a_disk_refuses_to_remove_is_not_believed_and_removed_when_it_can_be), /* first: it forks */
        cmocka_unit_test(what_was_put_is_there_until_it_is_removed),
        cmocka_unit_test(a_hit_is_the_datum_that_was_put),
        cmocka_unit_test(keys_are_any_bytes_up_to_a_limit),
        cmocka_unit_test(options_that_cannot_be_are_refused),
        cmocka_unit_test(a_value_larger_than_every_tier_is_refused_and_the_old_one_gone),
        cmocka_unit_test(a_value_ends_with_its_time_to_live),
        cmocka_unit_test(that_there_is_none_is_remembered_for_its_own_time),
        cmocka_unit_test(moving_up_never_restarts_a_time_to_live),
        cmocka_unit_test(after_another_start_of_the_machine_the_wall_clock_decides),
        cmocka_unit_test(one_cold_get_is_one_miss_and_one_get_one_count),
        cmocka_unit_test(a_cache_without_memory_lives_on_disk_alone),
        cmocka_unit_test(sealed_values_are_misses_without_their_key_and_plain_ones_with_it),
        cmocka_unit_test(values_of_another_version_of_the_program_are_misses),
        cmocka_unit_test(a_read_only_cache_forgets_for_itself_alone),
        cmocka_unit_test(what_depends_on_what_is_removed_or_put_anew_goes_too),
        cmocka_unit_test(dependencies_outlive_the_process),
        cmocka_unit_test(a_value_cannot_depend_on_more_names_than_fit),
        cmocka_unit_test(prefixes_and_everything_can_be_removed),
        cmocka_unit_test(a_pinned_entry_stays_in_memory_until_it_is_unpinned_as_often),
        cmocka_unit_test(pinning_brings_an_entry_up_from_disk),
        cmocka_unit_test(a_removal_in_one_is_seen_by_the_next_get_in_the_other),
        cmocka_unit_test(entries_can_be_shown),
        cmocka_unit_test(a_sound_folder_verifies),
        cmocka_unit_test(what_it_counts_is_published),
    };
    return cmocka_run_group_tests_name("cache", tests, kit_setup, kit_teardown);
}
