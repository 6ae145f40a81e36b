/* unit/cache_memory.c: the memory tier of a cache: what it keeps, what goes, and what it counts. */
#include "harness/harness.h"

#include "base/hash.h"
#include "store/cache_int.h"

#include <stdio.h>
#include <string.h>

static int64_t boot_now, wall_now;

static int64_t boot_ns(void *user)
{
    (void)user;
    return boot_now;
}
static int64_t wall_ns(void *user)
{
    (void)user;
    return wall_now;
}

static qni_cache_time the_time;

static qni_memory_tier *open_tier(int64_t bytes, int64_t shards)
{
    qn_error err;
    qni_memory_tier *tier;
    boot_now = 1000;
    wall_now = 1700000000000000000;
    qni_cache_time_init(&the_time, &(qn_cache_clock){boot_ns, wall_ns, "this start", NULL});
    assert_ok(qni_memory_new(&tier, bytes, shards, &the_time, NULL, &err), &err);
    return tier;
}

static qni_cache_key key_of(const char *text)
{
    int64_t size = (int64_t)strlen(text);
    return (qni_cache_key){text, size, qni_hash_bytes(text, size, 7), qni_cache_name(text, size)};
}

static qn_datum *bytes_of(int64_t size)
{
    static const char zeros[70000];
    qn_error err;
    qn_datum *datum;
    assert_ok(qn_datum_bytes(&datum, zeros, size, NULL, &err), &err);
    return datum;
}

/* Puts a datum of `size` bytes; gives up its own reference. */
static bool put_with(qni_memory_tier *tier, const char *text, int64_t size, qni_cache_value value)
{
    qn_error err;
    bool kept;
    qni_cache_key key = key_of(text);
    value.datum = bytes_of(size);
    assert_ok(qni_memory_put(&kept, tier, &key, &value, &err), &err);
    qn_datum_unref(value.datum);
    return kept;
}

static bool put(qni_memory_tier *tier, const char *text, int64_t size)
{
    return put_with(tier, text, size, (qni_cache_value){.stored_ns = 5});
}

static bool has(qni_memory_tier *tier, const char *text)
{
    qni_memory_found found;
    qni_cache_key key = key_of(text);
    key.name = 0; /* nobody has computed it on the way to a hit */
    bool there = qni_memory_get(&found, tier, &key);
    qn_datum_unref(found.datum);
    return there;
}

static qni_memory_counts counts_of(qni_memory_tier *tier)
{
    qni_memory_counts counts;
    qni_memory_counts_get(&counts, tier);
    return counts;
}

static bool are_alike(const qn_datum *a, const qn_datum *b)
{
    int64_t size, other;
    const char *text = qn_datum_text(a, &size), *as = qn_datum_text(b, &other);
    return qn_datum_kind_of(a) == qn_datum_kind_of(b) && size == other && memcmp(text, as, (size_t)size + 1) == 0;
}

/* Itself, or, where it is a small text, a copy. */
static void put_get_and_outlive(int64_t size)
{
    qn_error err;
    qni_memory_tier *tier = open_tier(1 << 20, 0);
    qni_cache_key key = key_of("NVDA");
    qn_datum *datum = bytes_of(size);
    bool kept;
    uint64_t depends[QN_CACHE_DEPENDS_MAX], names[] = {3, 9};
    qni_cache_value value = {.datum = datum,
                             .stored_ns = 77,
                             .fresh_until_ns = 1234,
                             .depends = names,
                             .depend_count = 2,
                             .deadline = qni_deadline_after(&the_time, 5000)};
    assert_ok(qni_memory_put(&kept, tier, &key, &value, &err), &err);
    assert_true(kept);
    qni_memory_found found;
    assert_true(qni_memory_get(&found, tier, &key));
    assert_true(size <= QNI_MEMORY_INSIDE ? are_alike(found.datum, datum) : found.datum == datum);
    assert_int_equal(found.stored_ns, 77);
    assert_int_equal(found.fresh_until_ns, 1234);
    assert_memory_equal(&found.deadline, &value.deadline, sizeof found.deadline);
    assert_int_equal(qni_memory_depends(depends, tier, &key), 2);
    assert_memory_equal(depends, names, sizeof names);
    assert_int_equal(counts_of(tier).entries, 1);
    qni_memory_free(tier);
    assert_true(are_alike(found.datum, datum)); /* it outlives the tier */
    qn_datum_unref(found.datum);
    qn_datum_unref(datum);
}

static void what_was_put_is_got(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0,   1, 7, 8, 100, QNI_MEMORY_INSIDE - 1, QNI_MEMORY_INSIDE, QNI_MEMORY_INSIDE + 1,
                                    5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        put_get_and_outlive(sizes[i]);
}

/* An entry's block is used again for the one that drives it out: not one that somebody reads. */
static void a_small_text_that_went_stays_as_it_is_for_who_holds_it(void **state)
{
    (void)state;
    enum {
        COUNT = 300
    };
    qn_error err;
    qni_memory_tier *tier = open_tier(20000, 1);
    qn_datum *held[COUNT];
    for (int i = 0; i < COUNT; i++) {
        char text[24];
        bool kept;
        qni_memory_found found;
        (void)snprintf(text, sizeof text, "text number %d", i);
        qni_cache_key key = key_of(text);
        qn_datum *datum;
        assert_ok(qn_datum_json(&datum, i % 2 == 0 ? "[1]" : "[2, 3]", -1, NULL, &err), &err);
        assert_ok(qni_memory_put(&kept, tier, &key, &(qni_cache_value){.datum = datum}, &err), &err);
        qn_datum_unref(datum);
        assert_true(kept && qni_memory_get(&found, tier, &key));
        held[i] = found.datum;
        if (i % 3 == 0) {
            qn_datum_unref(held[i]);
            held[i] = NULL;
        }
    }
    assert_true(counts_of(tier).evicted > 100);
    for (int i = 0; i < COUNT; i++)
        if (held[i] != NULL) {
            assert_string_equal(qn_datum_text(held[i], NULL), i % 2 == 0 ? "[1]" : "[2, 3]");
            assert_int_equal(qn_datum_kind_of(held[i]), QN_DATUM_JSON);
            qn_datum_unref(held[i]);
        }
    qni_memory_free(tier);
}

static void that_there_is_none_can_be_remembered(void **state)
{
    (void)state;
    qn_error err;
    bool kept;
    qni_memory_tier *tier = open_tier(1 << 20, 1);
    qni_cache_key key = key_of("nobody");
    assert_ok(qni_memory_put(&kept, tier, &key, &(qni_cache_value){0}, &err), &err);
    qni_memory_found found;
    assert_true(qni_memory_get(&found, tier, &key));
    assert_null(found.datum);
    assert_int_equal(found.deadline.ttl_ns, 0);
    assert_int_equal(qni_memory_depends((uint64_t[QN_CACHE_DEPENDS_MAX]){0}, tier, &key), 0);
    qni_memory_free(tier);
}

static void keys_of_one_hash_are_told_apart(void **state)
{
    (void)state;
    qn_error err;
    qni_memory_tier *tier = open_tier(1 << 20, 1);
    qn_datum *datums[20];
    char text[20][8];
    for (int i = 0; i < 20; i++) { /* more than a bucket has room for */
        bool kept;
        (void)snprintf(text[i], sizeof text[i], "key%d", i);
        qni_cache_key key = {text[i], (int64_t)strlen(text[i]), 0xdeadbeef, 42};
        datums[i] = bytes_of(i);
        assert_ok(qni_memory_put(&kept, tier, &key, &(qni_cache_value){.datum = datums[i]}, &err), &err);
        assert_true(kept);
    }
    qni_cache_key third = {text[3], 4, 0xdeadbeef, 42};
    assert_true(qni_memory_remove(tier, &third));
    assert_false(qni_memory_remove(tier, &third));
    for (int i = 0; i < 20; i++) {
        qni_memory_found found;
        qni_cache_key key = {text[i], (int64_t)strlen(text[i]), 0xdeadbeef, 0};
        assert_int_equal(qni_memory_get(&found, tier, &key), i != 3);
        assert_true(i != 3 ? are_alike(found.datum, datums[i]) : found.datum == NULL);
        qn_datum_unref(found.datum);
        qn_datum_unref(datums[i]);
    }
    assert_int_equal(qni_memory_remove_name(tier, 42), 19);
    assert_int_equal(counts_of(tier).entries, 0);
    qni_memory_free(tier);
}

static void hashes_that_are_all_alike_make_no_table_grow(void **state)
{
    (void)state;
    qn_error err;
    qni_memory_tier *tier = open_tier(4 << 20, 1);
    char text[16];
    for (int i = 0; i < 1000; i++) {
        bool kept;
        (void)snprintf(text, sizeof text, "key%d", i);
        qni_cache_key key = {text, (int64_t)strlen(text), 0x77777777, 42};
        assert_ok(qni_memory_put(&kept, tier, &key, &(qni_cache_value){0}, &err), &err);
        assert_true(kept);
    }
    assert_in_range(counts_of(tier).entries, 100, 400);
    assert_in_range(counts_of(tier).bytes, 1, 200000);
    assert_int_equal(counts_of(tier).evicted, 1000 - counts_of(tier).entries);
    qni_memory_free(tier);
}

static void an_entry_ends_on_the_boot_clock(void **state)
{
    (void)state;
    qni_memory_tier *tier = open_tier(1 << 20, 1);
    assert_true(put_with(tier, "short", 10, (qni_cache_value){.deadline = qni_deadline_after(&the_time, 100)}));
    assert_true(put_with(tier, "long", 10, (qni_cache_value){.deadline = qni_deadline_after(&the_time, 1000)}));
    wall_now += 1000000000000000000; /* somebody sets the clock thirty years ahead */
    boot_now += 99;
    assert_true(has(tier, "short"));
    boot_now += 1;
    assert_false(has(tier, "short"));
    assert_true(has(tier, "long"));
    assert_int_equal(counts_of(tier).expired, 1);
    assert_int_equal(counts_of(tier).entries, 1);
    qni_memory_free(tier);
}

static void what_has_ended_goes_though_nobody_asks_for_it(void **state)
{
    (void)state;
    qni_memory_tier *tier = open_tier(1 << 20, 1);
    char text[16];
    for (int i = 0; i < 500; i++) {
        (void)snprintf(text, sizeof text, "ends%d", i);
        assert_true(
            put_with(tier, text, 50, (qni_cache_value){.deadline = qni_deadline_after(&the_time, 100 + i % 7)}));
    }
    boot_now += 200;
    for (int i = 0; i < 1000; i++)
        assert_true(put(tier, "another", 50));
    assert_int_equal(counts_of(tier).entries, 1);
    assert_int_equal(counts_of(tier).expired, 500);
    qni_memory_free(tier);
}

static void a_new_value_takes_the_place_of_the_old(void **state)
{
    (void)state;
    qni_memory_tier *tier = open_tier(1 << 20, 1);
    assert_true(put(tier, "key", 1000));
    int64_t before = counts_of(tier).bytes;
    assert_true(put_with(tier, "key", 400, (qni_cache_value){0}));
    assert_int_equal(counts_of(tier).entries, 1);
    assert_int_equal(counts_of(tier).bytes, before - 600);
    qni_memory_free(tier);
}

static void a_value_larger_than_half_of_the_tier_is_not_kept_and_ends_the_old_one(void **state)
{
    (void)state;
    qni_memory_tier *tier = open_tier(100000, 1);
    assert_true(put(tier, "key", 45000));
    assert_true(put(tier, "key", 46000)); /* beside the old one there is no room: that or others make way */
    assert_false(put(tier, "key", 51000));
    assert_false(has(tier, "key"));
    assert_int_equal(counts_of(tier).entries, 0);
    qni_memory_free(tier);
}

static void a_value_of_many_shards_bytes_finds_room(void **state)
{
    (void)state;
    char text[16];
    qni_memory_tier *tier = open_tier(200000, 16);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(text, sizeof text, "small%d", i);
        assert_true(put(tier, text, 1000));
    }
    assert_true(put(tier, "large", 69000));
    assert_true(has(tier, "large"));
    assert_in_range(counts_of(tier).bytes, 150000, 200000);
    qni_memory_free(tier);
}

static void a_tier_without_room_for_itself_is_refused(void **state)
{
    (void)state;
    qn_error err;
    qni_memory_tier *tier;
    qni_cache_time_init(&the_time, NULL);
    assert_int_equal(qni_memory_new(&tier, 100, 0, &the_time, NULL, &err), QN_INVALID);
    assert_null(tier);
    assert_contains(err.message, "100 bytes");
    qni_memory_free(NULL);
}

static void a_small_tier_keeps_what_it_can(void **state)
{
    (void)state;
    char text[16];
    for (int64_t bytes = 1000; bytes < 20000; bytes += 333) {
        qni_memory_tier *tier = open_tier(bytes, 4);
        for (int i = 0; i < 100; i++) {
            (void)snprintf(text, sizeof text, "small%d", i);
            (void)put(tier, text, i);
            assert_true(counts_of(tier).bytes <= bytes);
        }
        if (bytes > 5000)
            assert_in_range(counts_of(tier).entries, 1, 100);
        qni_memory_free(tier);
    }
}

static void what_is_asked_for_survives_a_scan(void **state)
{
    (void)state;
    char text[16];
    qni_memory_tier *tier = open_tier(1 << 20, 1);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 100; i++) {
            (void)snprintf(text, sizeof text, "hot%d", i);
            if (!has(tier, text))
                assert_true(put(tier, text, 1000));
        }
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(text, sizeof text, "cold%d", i);
        assert_true(put(tier, text, 1000));
    }
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "hot%d", i);
        assert_true(has(tier, text));
    }
    assert_true(counts_of(tier).evicted > 9000);
    qni_memory_free(tier);
}

static void what_is_pinned_stays(void **state)
{
    (void)state;
    qn_error err;
    char text[16];
    bool pinned;
    qni_memory_tier *tier = open_tier(100000, 1);
    qni_cache_key key = key_of("pinned"), none = key_of("none");
    assert_true(put(tier, "pinned", 1000));
    assert_ok(qni_memory_pin(&pinned, tier, &key, &err), &err);
    assert_true(pinned);
    assert_ok(qni_memory_pin(NULL, tier, &key, &err), &err);
    assert_ok(qni_memory_pin(&pinned, tier, &none, &err), &err);
    assert_false(pinned);
    assert_true(put(tier, "pinned", 2000)); /* a new value of a pinned key is pinned */
    assert_int_equal(counts_of(tier).pinned_entries, 1);
    assert_in_range(counts_of(tier).pinned_bytes, 2000, 2500);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++) {
            (void)snprintf(text, sizeof text, "cold%d", i);
            assert_true(put(tier, text, 1000));
        }
        assert_int_equal(has(tier, "pinned"), round < 2);
        if (round < 2)
            qni_memory_unpin(tier, &key);
        if (round == 1) /* what was asked for while it was pinned gives it some more turns */
            for (int i = 0; i < 4000; i++) {
                (void)snprintf(text, sizeof text, "gone%d", i);
                assert_true(put(tier, text, 1000));
                (void)has(tier, text);
            }
    }
    qni_memory_unpin(tier, &key);
    assert_int_equal(counts_of(tier).pinned_bytes, 0);
    qni_memory_free(tier);
}

static void no_more_than_half_is_pinned(void **state)
{
    (void)state;
    qn_error err;
    bool pinned;
    qni_memory_tier *tier = open_tier(100000, 1);
    qni_cache_key first = key_of("first"), second = key_of("second");
    assert_true(put(tier, "first", 30000));
    assert_true(put(tier, "second", 30000));
    assert_ok(qni_memory_pin(&pinned, tier, &first, &err), &err);
    assert_int_equal(qni_memory_pin(&pinned, tier, &second, &err), QN_EXHAUSTED);
    assert_false(pinned);
    assert_contains(err.message, "100000 bytes");
    assert_int_equal(counts_of(tier).pinned_entries, 1);
    assert_true(qni_memory_remove(tier, &first));
    assert_ok(qni_memory_pin(&pinned, tier, &second, &err), &err);
    assert_true(pinned);
    assert_int_equal(qni_memory_clear(tier), 1);
    assert_int_equal(counts_of(tier).pinned_bytes, 0);
    qni_memory_free(tier);
}

static void a_prefix_and_a_name_remove_their_entries(void **state)
{
    (void)state;
    char text[32];
    qni_memory_tier *tier = open_tier(8 << 20, 4);
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(text, sizeof text, "%s/%d", i % 3 == 0 ? "quotes" : "fits", i);
        assert_true(put(tier, text, 10));
    }
    assert_int_equal(qni_memory_remove_prefix(tier, "quotes/", 7), 1000);
    assert_int_equal(qni_memory_remove_prefix(tier, "quotes/", 7), 0);
    assert_false(has(tier, "quotes/0"));
    assert_true(has(tier, "fits/1"));
    assert_int_equal(qni_memory_remove_name(tier, qni_cache_name("fits/1", 6)), 1);
    assert_int_equal(qni_memory_remove_name(tier, qni_cache_name("fits/1", 6)), 0);
    assert_int_equal(counts_of(tier).entries, 1999);
    assert_int_equal(qni_memory_clear(tier), 1999);
    qni_memory_free(tier);
}

static void clearing_gives_all_memory_back(void **state)
{
    (void)state;
    char text[32];
    qni_memory_tier *tier = open_tier(8 << 20, 4);
    int64_t empty = counts_of(tier).bytes;
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(text, sizeof text, "key%d", i);
        assert_true(put(tier, text, 10));
    }
    assert_int_equal(qni_memory_clear(tier), 3000);
    assert_int_equal(counts_of(tier).bytes, empty);
    assert_true(put(tier, "again", 10));
    assert_true(has(tier, "again"));
    qni_memory_free(tier);
}

static void what_depends_on_a_name_goes_with_it(void **state)
{
    (void)state;
    char text[32];
    qni_memory_tier *tier = open_tier(8 << 20, 4);
    for (int i = 0; i < 300; i++) {
        uint64_t names[] = {(uint64_t)(1000 + i % 3), 5};
        (void)snprintf(text, sizeof text, "key%d", i);
        assert_true(put_with(tier, text, 10, (qni_cache_value){.depends = names, .depend_count = 1 + (i < 6)}));
    }
    assert_true(put(tier, "free", 10));
    assert_int_equal(qni_memory_remove_dependents(tier, (uint64_t[]){7, 1001}, 2), 100);
    assert_int_equal(qni_memory_remove_dependents(tier, (uint64_t[]){5}, 1), 4);
    assert_int_equal(qni_memory_remove_dependents(tier, NULL, 0), 0);
    assert_int_equal(qni_memory_remove_dependents(tier, NULL, -1), 196);
    assert_true(has(tier, "free"));
    assert_int_equal(counts_of(tier).entries, 1);
    qni_memory_free(tier);
}

typedef struct seen {
    int64_t count, bytes, pinned, timed, absent;
    qni_memory_tier *tier;
} seen;

static qn_status see(void *user, const qn_cache_entry *entry, qn_error *err)
{
    (void)err;
    seen *s = user;
    assert_int_equal(((const char *)entry->key)[entry->key_size], 0);
    assert_int_equal(strlen(entry->key), entry->key_size);
    s->count++;
    s->bytes += entry->bytes;
    s->pinned += entry->pinned;
    s->absent += entry->absent;
    s->timed += entry->ttl_left_ms == 2;
    assert_true(has(s->tier, entry->key) || entry->absent); /* no lock is held */
    return s->count == 250 ? QN_INTERRUPTED : QN_OK;
}

static void every_entry_is_shown_once(void **state)
{
    (void)state;
    qn_error err;
    char text[32];
    qni_memory_tier *tier = open_tier(8 << 20, 4);
    int64_t empty = counts_of(tier).bytes, tables = 0;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof text, "%d/key", i);
        assert_true(put(tier, text, 10));
    }
    assert_true(put_with(tier, "timed", 1, (qni_cache_value){.deadline = qni_deadline_after(&the_time, 1000002)}));
    assert_true(put_with(tier, "ended", 1, (qni_cache_value){.deadline = qni_deadline_after(&the_time, 1)}));
    boot_now++;
    qni_cache_key key = key_of("7/key");
    assert_ok(qni_memory_pin(NULL, tier, &key, &err), &err);
    seen all = {.tier = tier}, some = {.tier = tier};
    assert_ok(qni_memory_each(tier, NULL, 0, see, &all, &err), &err);
    assert_int_equal(all.count, 201);
    assert_int_equal(all.pinned, 1);
    assert_int_equal(all.timed, 1);
    assert_false(has(tier, "ended"));
    tables = counts_of(tier).bytes - empty - all.bytes;
    assert_in_range(tables, 1, 4 * 13500); /* a segment of each of the two tables */
    assert_ok(qni_memory_each(tier, "1", 1, see, &some, &err), &err);
    assert_int_equal(some.count, 111); /* 1, 10 … 19, 100 … 199 */
    some.count = 249;
    assert_int_equal(qni_memory_each(tier, "1", 1, see, &some, &err), QN_INTERRUPTED);
    assert_int_equal(some.count, 250);
    qni_memory_free(tier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_got),
        cmocka_unit_test(a_small_text_that_went_stays_as_it_is_for_who_holds_it),
        cmocka_unit_test(that_there_is_none_can_be_remembered),
        cmocka_unit_test(keys_of_one_hash_are_told_apart),
        cmocka_unit_test(hashes_that_are_all_alike_make_no_table_grow),
        cmocka_unit_test(an_entry_ends_on_the_boot_clock),
        cmocka_unit_test(what_has_ended_goes_though_nobody_asks_for_it),
        cmocka_unit_test(a_new_value_takes_the_place_of_the_old),
        cmocka_unit_test(a_value_larger_than_half_of_the_tier_is_not_kept_and_ends_the_old_one),
        cmocka_unit_test(a_value_of_many_shards_bytes_finds_room),
        cmocka_unit_test(a_tier_without_room_for_itself_is_refused),
        cmocka_unit_test(a_small_tier_keeps_what_it_can),
        cmocka_unit_test(what_is_asked_for_survives_a_scan),
        cmocka_unit_test(what_is_pinned_stays),
        cmocka_unit_test(no_more_than_half_is_pinned),
        cmocka_unit_test(a_prefix_and_a_name_remove_their_entries),
        cmocka_unit_test(clearing_gives_all_memory_back),
        cmocka_unit_test(what_depends_on_a_name_goes_with_it),
        cmocka_unit_test(every_entry_is_shown_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
