/* The window of a cache on disk: what lies in it counts only while the index says the same, in whatever order readers
 * and writers come, and wherever one of them ends. The orders are made by hand, through the functions themselves; each
 * tier has a map of its own, as a process would. */
#include "unit/tier_folder.h"
#include "harness/harness.h"

#include "store/cache_disk_int.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAME = 77
};

static const char *in_folder(const char *name)
{
    static char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(qni_disk_tier *tier, const char *key, uint64_t number)
{
    qn_error err;
    const tier_put p = {.key = key, .size = 1000, .number = number};
    assert_ok(tier_put_one(tier, &p, NULL, &err), &err);
}

/* Its number; 0: it is not there. */
static uint64_t get(qni_disk_tier *tier, const char *key)
{
    qn_error err;
    tier_got got;
    assert_ok(tier_get_one(&got, tier, key, NULL, &err), &err);
    assert_true(!got.there || got.whole);
    return got.there ? got.number : 0;
}

/* Behind the tiers' backs: what is got from now on comes from the window. */
static void empty_index(void)
{
    char url[200];
    qn_db *db;
    qn_error err;
    (void)snprintf(url, sizeof url, "sqlite:%s/index.db?synchronous=off", folder);
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    assert_ok(qn_db_script(db, "DELETE FROM entries", &err), &err);
    qn_db_close(db);
}

/* ---- by hand ---- */

static qni_record make_record(const char *text, int64_t size)
{
    static const qni_record_keys keys;
    static char bytes[32 << 10];
    qn_datum *datum;
    qn_error err;
    qni_record record;
    qni_cache_key key = tier_key(text);
    tier_fill(bytes, size, text, 1);
    assert_ok(qn_datum_bytes(&datum, bytes, size, NULL, &err), &err);
    const qni_cache_value value = {.datum = datum};
    assert_ok(qni_record_encode(&record, &key, &value, &keys, NULL, &err), &err);
    qn_datum_unref(datum);
    return record;
}

static bool is_kept(qni_disk_tier *tier, uint64_t name, const qni_record *record)
{
    qni_record found;
    qni_disk_mark mark = qni_disk_window_mark(tier, name);
    if (!qni_disk_window_get(&found, tier, name, &mark))
        return false;
    assert_int_equal(found.size, record->size);
    assert_memory_equal(found.bytes, record->bytes, (size_t)found.size);
    qni_record_free(&found, NULL);
    return true;
}

static qni_disk_change change_of(qni_disk_tier *tier)
{
    return (qni_disk_change){.tier = tier, .epoch = atomic_load(&tier->words->epoch)};
}

static void begin(qni_disk_change *c, bool all)
{
    qn_error err;
    assert_ok(all ? qni_disk_window_begin_all(c, &err) : qni_disk_window_begin(c, NAME, &err), &err);
}

enum {
    BEFORE,
    DURING,
    AFTER,
    TIMES
};

/* A reader marks at one time and keeps what he read at the same or a later one; is it there at the end? */
static bool kept_in_order(qni_disk_tier *reader, qni_disk_tier *writer, const qni_record *record, const int times[2],
                          bool all)
{
    qni_disk_mark mark = {0};
    qni_disk_change c = change_of(writer);
    for (int time = BEFORE; time < TIMES; time++) {
        if (time == DURING)
            begin(&c, all);
        if (time == AFTER)
            qni_disk_window_end(&c);
        if (time == times[0])
            mark = qni_disk_window_mark(reader, NAME);
        if (time == times[1])
            qni_disk_window_fill(reader, NAME, &mark, record);
        if (time == DURING)
            assert_false(is_kept(reader, NAME, record) || is_kept(writer, NAME, record));
    }
    assert_int_equal(is_kept(reader, NAME, record), is_kept(writer, NAME, record));
    return is_kept(reader, NAME, record);
}

static void what_was_read_before_a_change_or_in_it_counts_for_nobody_after_it(void **state)
{
    (void)state;
    qni_record record = make_record("key", 1000);
    qni_disk_tier *a = open_tier(), *b = open_tier();
    for (int all = 0; all < 2; all++)
        for (int marked = BEFORE; marked < TIMES; marked++)
            for (int filled = marked; filled < TIMES; filled++)
                assert_int_equal(kept_in_order(a, b, &record, (const int[]){marked, filled}, all), marked == AFTER);
    qni_disk_close(a);
    qni_disk_close(b);
    qni_record_free(&record, NULL);
}

static void of_two_changes_that_overlap_the_later_one_ends_it(void **state)
{
    (void)state;
    qni_record record = make_record("key", 1000);
    qni_disk_tier *a = open_tier(), *b = open_tier();
    qni_disk_mark before = qni_disk_window_mark(a, NAME);
    for (int all = 0; all < 2; all++) {
        qni_disk_change first = change_of(a), second = change_of(b);
        begin(&first, all);
        begin(&second, all); /* the first one has committed, and not come to its end */
        qni_disk_window_end(&first);
        qni_disk_mark between = qni_disk_window_mark(a, NAME);
        qni_disk_window_fill(a, NAME, &between, &record);
        assert_false(is_kept(a, NAME, &record));
        qni_disk_window_end(&second);
        assert_false(is_kept(a, NAME, &record));
        qni_disk_window_fill(a, NAME, &before, &record);
        assert_false(is_kept(a, NAME, &record));
    }
    qni_disk_close(a);
    qni_disk_close(b);
    qni_record_free(&record, NULL);
}

static void two_who_keep_different_records_in_one_slot_leave_one_or_none(void **state)
{
    (void)state;
    qni_record first = make_record("key", 1000), second = make_record("another", 300);
    qni_disk_tier *a = open_tier(), *b = open_tier();
    qni_disk_mark mark = qni_disk_window_mark(a, NAME);
    qni_disk_window_fill(a, NAME, &mark, &first);
    qni_disk_window_fill(b, NAME, &mark, &second);
    assert_true(is_kept(a, NAME, &second));
    assert_false(is_kept(a, NAME + 1, &second)); /* its neighbour's name is another */
    qni_disk_close(a);
    qni_disk_close(b);
    qni_record_free(&first, NULL);
    qni_record_free(&second, NULL);
}

/* A record that was looked at, too. */
static bool is_sound(qni_disk_tier *tier, uint64_t name, const qni_record *record)
{
    qni_record found;
    qni_record_view view;
    qni_disk_mark mark = qni_disk_window_mark(tier, name);
    bool there = qni_disk_window_get(&found, tier, name, &mark), sound = false;
    if (there && qni_record_look(&view, found.bytes, found.size, NULL) == QN_OK) {
        sound = found.size == record->size && memcmp(found.bytes, record->bytes, (size_t)found.size) == 0;
        assert_true(sound);
    }
    if (there)
        qni_record_free(&found, NULL);
    return sound;
}

static uint64_t *copy_window(const qni_disk_tier *tier)
{
    uint64_t *copy = malloc((size_t)tier->window.size);
    assert_non_null(copy);
    memcpy(copy, tier->window.map, (size_t)tier->window.size);
    return copy;
}

/* Lets each word that was changed come alone, and each be the only one that did not come. */
static void try_parts(qni_disk_tier *tier, const uint64_t *before, const uint64_t *after, const qni_record *record)
{
    uint64_t *words = tier->window.map;
    int64_t count = tier->window.size / (int64_t)sizeof *words, changed = 0;
    for (int64_t i = 0; i < count; i++)
        if (before[i] != after[i]) {
            words[i] = before[i];
            assert_false(is_sound(tier, NAME, record));
            words[i] = after[i];
            changed++;
        }
    assert_true(changed > 20 && is_sound(tier, NAME, record));
    for (int64_t i = 0; i < count; i++)
        words[i] = before[i];
    for (int64_t i = 0; i < count; i++)
        if (before[i] != after[i]) { /* from the front; the sum comes before the record */
            words[i] = after[i];
            assert_int_equal(is_sound(tier, NAME, record), --changed == 0);
        }
}

/* The one before is of the same name, or of its neighbour's, and of the same size; both are whole. */
static void one_who_is_killed_while_he_keeps_a_record_leaves_nothing_old(void **state)
{
    (void)state;
    qn_error err;
    for (int neighbour = 0; neighbour < 2; neighbour++) {
        (void)fresh_folder(NULL);
        qni_record first = make_record("first", 200), second = make_record("other", 200);
        qni_disk_tier *tier = open_tier();
        uint64_t name = (uint64_t)NAME + 8 * (uint64_t)neighbour; /* of the same stamp */
        qni_disk_mark mark = qni_disk_window_mark(tier, name);
        qni_disk_window_fill(tier, name, &mark, &first);
        qni_disk_change c = change_of(tier);
        if (neighbour == 0)
            assert_ok(qni_disk_window_begin(&c, NAME, &err), &err);
        qni_disk_window_end(&c);
        for (int i = 0; i < 7 && neighbour == 1; i++) { /* so that the set is full: the first one goes */
            mark = qni_disk_window_mark(tier, (uint64_t)(200 + i));
            qni_disk_window_fill(tier, (uint64_t)(200 + i), &mark, &first);
        }
        uint64_t *before = copy_window(tier);
        mark = qni_disk_window_mark(tier, NAME);
        qni_disk_window_fill(tier, NAME, &mark, &second);
        uint64_t *after = copy_window(tier);
        try_parts(tier, before, after, &second);
        free(before);
        free(after);
        qni_disk_close(tier);
        qni_record_free(&first, NULL);
        qni_record_free(&second, NULL);
    }
}

/* One who comes late, and keeps what he read before a change, between a reader's look at the slot and his copy of it:
 * in the moment in which the reader takes memory. */
typedef struct latecomer {
    qni_disk_tier *tier;
    qni_disk_mark mark;
    const qni_record *record;
    bool armed;
} latecomer;

static void *resize_late(void *user, void *block, int64_t old_size, int64_t new_size)
{
    latecomer *l = user;
    if (l->armed) {
        l->armed = false;
        qni_disk_window_fill(l->tier, NAME, &l->mark, l->record);
    }
    return qn_allocator_default()->resize(NULL, block, old_size, new_size);
}

static void what_is_written_over_while_it_is_copied_is_not_got(void **state)
{
    (void)state;
    qni_record old = make_record("first", 200), new = make_record("other", 200), found;
    latecomer l = {.record = &old};
    const qn_allocator allocator = {resize_late, &l};
    l.tier = open_tier();
    l.mark = qni_disk_window_mark(l.tier, NAME);
    qni_disk_change c = change_of(l.tier);
    begin(&c, false);
    qni_disk_window_end(&c);
    qni_disk_mark mark = qni_disk_window_mark(l.tier, NAME);
    qni_disk_window_fill(l.tier, NAME, &mark, &new);
    assert_true(is_kept(l.tier, NAME, &new));
    l.tier->allocator = &allocator;
    l.armed = true;
    assert_false(qni_disk_window_get(&found, l.tier, NAME, &mark));
    assert_false(l.armed);
    l.tier->allocator = NULL;
    qni_disk_close(l.tier);
    qni_record_free(&old, NULL);
    qni_record_free(&new, NULL);
}

/* How many of the names from 100 on, `count` in all, are kept. They differ in their last bits: so they share a set. */
static int count_kept(qni_disk_tier *tier, uint64_t count, const qni_record *record)
{
    int kept = 0;
    for (uint64_t i = 0; i < count; i++)
        kept += is_kept(tier, 100 + i, record);
    return kept;
}

static void keep(qni_disk_tier *tier, uint64_t name, const qni_record *record)
{
    qni_disk_mark mark = qni_disk_window_mark(tier, name);
    qni_disk_window_fill(tier, name, &mark, record);
}

static void a_set_keeps_eight_names_and_sometimes_another_in_place_of_one(void **state)
{
    (void)state;
    qni_record record = make_record("key", 1000);
    qni_disk_tier *tier = open_tier();
    for (uint64_t i = 0; i < 8; i++) {
        keep(tier, 100 + i, &record);
        keep(tier, 100 + i, &record); /* in its own place */
        assert_int_equal(count_kept(tier, 8, &record), i + 1);
    }
    int changes = 0;
    for (uint64_t i = 8; i < 8 + 10 * QNI_DISK_WINDOW_PATIENCE; i++) {
        keep(tier, 100 + i, &record);
        changes += is_kept(tier, 100 + i, &record);
        assert_int_equal(count_kept(tier, i + 1, &record), 8);
    }
    assert_int_equal(changes, 10);
    qni_disk_close(tier);
    qni_record_free(&record, NULL);
}

static void what_no_longer_counts_makes_room_at_once(void **state)
{
    (void)state;
    qni_record record = make_record("key", 1000);
    qn_error err;
    qni_disk_tier *tier = open_tier();
    for (uint64_t i = 0; i < 12; i++)
        keep(tier, 100 + i, &record);
    qni_disk_change c = change_of(tier);
    assert_ok(qni_disk_window_begin(&c, 103, &err), &err);
    qni_disk_window_end(&c);
    assert_int_equal(count_kept(tier, 12, &record), 7);
    keep(tier, 500, &record);
    assert_true(is_kept(tier, 500, &record));
    assert_int_equal(count_kept(tier, 12, &record), 7);
    qni_disk_close(tier);
    qni_record_free(&record, NULL);
}

static void records_of_many_sizes_are_kept_and_the_newest_drive_out_the_oldest(void **state)
{
    (void)state;
    enum {
        RECORDS = 400
    };
    int64_t bytes = 0;
    bool overflown = false;
    qni_record records[RECORDS];
    qni_disk_tier *tier = open_tier();
    for (uint64_t i = 0; i < RECORDS; i++) {
        uint64_t name = i << 55 | i; /* each in a set of its own */
        records[i] = make_record("key", (int64_t)(i * 97 % 30000));
        keep(tier, name, &records[i]);
        bytes += (records[i].size + 16 + 63) / 64 * 64;
        overflown = overflown || bytes > (int64_t)tier->window.ring_size * 9 / 10;
        assert_true(overflown || is_kept(tier, name, &records[i]));
    }
    assert_true(overflown);
    int kept = 0, since = -1;
    for (uint64_t i = 0; i < RECORDS; i++) {
        bool there = is_kept(tier, i << 55 | i, &records[i]);
        kept += there;
        since = there && since < 0 ? (int)i : since;
        qni_record_free(&records[i], NULL);
    }
    assert_in_range(kept, 100, RECORDS - 1);
    assert_true(since > 0); /* the first one has gone */
    qni_disk_close(tier);
}

static void what_takes_too_much_of_the_ring_is_not_kept(void **state)
{
    (void)state;
    qni_record record = make_record("key", 30000);
    qni_disk_tier *tier = open_tier();
    tier->window.ring_size = 30000 * QNI_DISK_WINDOW_PART / 64 * 64;
    keep(tier, NAME, &record);
    assert_false(is_kept(tier, NAME, &record));
    qni_disk_close(tier);
    qni_record_free(&record, NULL);
}

static void of_a_record_in_a_file_the_number_is_kept_until_its_name_changes(void **state)
{
    (void)state;
    qn_error err;
    qni_record found;
    qni_disk_tier *tier = open_tier();
    qni_disk_mark mark = qni_disk_window_mark(tier, NAME);
    assert_int_equal(qni_disk_window_file(tier, NAME, &mark), 0);
    qni_disk_window_fill_file(tier, NAME, &mark, 1234567);
    assert_int_equal(qni_disk_window_file(tier, NAME, &mark), 1234567);
    assert_int_equal(qni_disk_window_file(tier, NAME + 8, &mark), 0);
    assert_false(qni_disk_window_get(&found, tier, NAME, &mark));
    qni_disk_change c = change_of(tier);
    assert_ok(qni_disk_window_begin(&c, NAME, &err), &err);
    qni_disk_window_end(&c);
    mark = qni_disk_window_mark(tier, NAME);
    assert_int_equal(qni_disk_window_file(tier, NAME, &mark), 0);
    qni_disk_close(tier);
}

/* ---- the dead ---- */

static void what_a_writer_who_was_killed_left_is_mended_by_the_next(void **state)
{
    (void)state;
    qn_error err;
    qni_cache_key key = tier_key("a");
    for (int all = 0; all < 2; all++) {
        (void)fresh_folder(NULL);
        qni_disk_tier *a = open_tier(), *b = open_tier();
        put(a, "a", 1);
        assert_int_equal(get(a, "a"), 1);
        qni_disk_change dead = change_of(b);
        assert_ok(all ? qni_disk_window_begin_all(&dead, &err) : qni_disk_window_begin(&dead, key.name, &err), &err);
        qni_free(NULL, dead.stamps, dead.stamp_capacity, sizeof *dead.stamps);
        assert_int_equal(get(a, "a"), 1); /* by the index */
        qni_disk_mark mark = qni_disk_window_mark(a, key.name);
        assert_true(((mark.era | mark.stamp) & 1) != 0);
        put(a, "b", 1);
        mark = qni_disk_window_mark(a, key.name);
        assert_true(((mark.era | mark.stamp) & 1) == 0);
        assert_int_equal(get(a, "a"), 1);
        empty_index();
        assert_int_equal(get(a, "a"), 1);
        assert_int_equal(get(b, "a"), 1);
        qni_disk_close(a);
        qni_disk_close(b);
    }
}

static void opening_mends_what_was_left_of_a_change_of_everything(void **state)
{
    (void)state;
    qn_error err;
    qni_disk_tier *a = open_tier();
    qni_disk_change dead = change_of(a);
    assert_ok(qni_disk_window_begin_all(&dead, &err), &err);
    qni_free(NULL, dead.stamps, dead.stamp_capacity, sizeof *dead.stamps);
    assert_true(qni_disk_window_is_shut(a));
    qni_disk_tier *b = open_tier();
    assert_false(qni_disk_window_is_shut(a));
    qni_disk_close(a);
    qni_disk_close(b);
}

/* ---- another index, another file, none ---- */

static void what_was_read_from_an_index_that_was_replaced_counts_no_more(void **state)
{
    (void)state;
    qni_record record = make_record("key", 1000);
    qni_disk_tier *tier = open_tier();
    qni_disk_mark mark = qni_disk_window_mark(tier, NAME);
    qni_disk_window_fill(tier, NAME, &mark, &record);
    assert_true(is_kept(tier, NAME, &record));
    qni_disk_change old = change_of(tier);
    (void)atomic_fetch_add(&tier->words->epoch, 1);
    assert_false(is_kept(tier, NAME, &record));
    (void)atomic_fetch_sub(&tier->words->epoch, 1);
    assert_true(is_kept(tier, NAME, &record));
    begin(&old, true);
    (void)atomic_fetch_add(&tier->words->epoch, 1);
    qni_disk_window_end(&old); /* somebody may be changing everything in the new index just now */
    assert_true(qni_disk_window_is_shut(tier));
    qni_disk_window_mend_all(&old);
    assert_true(qni_disk_window_is_shut(tier));
    qni_disk_change new = change_of(tier);
    qni_disk_window_mend_all(&new);
    assert_false(qni_disk_window_is_shut(tier));
    assert_false(is_kept(tier, NAME, &record));
    (void)atomic_fetch_sub(&tier->words->epoch, 1);
    qni_disk_close(tier);
    qni_record_free(&record, NULL);
}

static void who_has_no_window_is_minded_by_those_who_have(void **state)
{
    (void)state;
    qni_disk_tier *a = open_tier(), *b = open_tier();
    qni_disk_window_close(b);
    put(a, "a", 1);
    put(a, "other", 1);
    for (uint64_t i = 2; i < 5; i++) {
        assert_int_equal(get(a, "a"), i - 1);
        assert_int_equal(get(a, "a"), i - 1);
        put(b, "a", i);
        assert_int_equal(get(b, "a"), i);
    }
    assert_int_equal(get(a, "other"), 1);
    qni_disk_close(a);
    qni_disk_close(b);
}

static void a_window_that_was_deleted_is_made_anew_and_nobody_reads_what_is_old(void **state)
{
    (void)state;
    qni_disk_tier *a = open_tier();
    put(a, "a", 1);
    assert_int_equal(get(a, "a"), 1);
    assert_int_equal(unlink(in_folder("window")), 0);
    uint64_t era = atomic_load(&a->words->era);
    qni_disk_tier *b = open_tier();
    assert_true(atomic_load(&a->words->era) > era + 1); /* it was odd until a transaction had been there alone */
    for (uint64_t i = 2; i < 6; i++) {
        put(i % 2 == 0 ? a : b, "a", i);
        assert_int_equal(get(a, "a"), i);
        assert_int_equal(get(b, "a"), i);
    }
    empty_index();
    assert_int_equal(get(a, "a"), 0);
    assert_int_equal(get(b, "a"), 5);
    qni_disk_close(a);
    qni_disk_close(b);
}

static void nothing_in_the_windows_place_is_an_error(void **state)
{
    (void)state;
    qni_disk_close(open_tier());
    assert_int_equal(unlink(in_folder("window")), 0);
    assert_int_equal(mkdir(in_folder("window"), 0700), 0);
    qni_disk_tier *tier = open_tier();
    assert_null(tier->window.map);
    put(tier, "a", 1);
    assert_int_equal(get(tier, "a"), 1);
    assert_int_equal(get(tier, "a"), 1);
    qni_disk_close(tier);
    assert_int_equal(rmdir(in_folder("window")), 0);
    assert_int_equal(mkdir(in_folder("window.new"), 0700), 0); /* as with a full disk: it cannot be made */
    assert_int_equal(mkdir(in_folder("window.new/x"), 0700), 0);
    tier = open_tier();
    assert_null(tier->window.map);
    put(tier, "a", 2);
    assert_int_equal(get(tier, "a"), 2);
    qni_disk_close(tier);
}

static void a_file_that_is_no_window_is_replaced(void **state)
{
    (void)state;
    static const off_t sizes[] = {-1, 0, 1, 5000, 1 << 20, 9 << 20};
    struct stat info;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        qni_disk_tier *tier = open_tier();
        uint64_t identity = tier->window.identity;
        qni_disk_close(tier);
        int fd = open(in_folder("window"), O_RDWR);
        if (i == 0)
            assert_int_equal(pwrite(fd, "QNWINDO3", 8, 0), 8); /* a later form of it */
        else
            assert_true(ftruncate(fd, 0) == 0 && ftruncate(fd, sizes[i]) == 0);
        assert_int_equal(close(fd), 0);
        tier = open_tier();
        assert_true(tier->window.map != NULL && tier->window.identity != identity);
        put(tier, "a", i + 1);
        assert_int_equal(get(tier, "a"), i + 1);
        empty_index();
        assert_int_equal(get(tier, "a"), i + 1);
        assert_int_equal(stat(in_folder("window"), &info), 0);
        assert_int_equal(info.st_size, ROOM / QNI_DISK_WINDOW_SHARE);
        assert_true(info.st_blocks * 512 >= info.st_size); /* so that a full disk does not end the process */
        assert_int_equal(info.st_mode & 0777, 0600);
        qni_disk_close(tier);
    }
}

/* ---- damage ---- */

static void damage_of_any_word_is_no_wrong_answer(void **state)
{
    (void)state;
    qni_record record = make_record("key", 200);
    qni_disk_tier *tier = open_tier();
    qni_disk_mark mark = qni_disk_window_mark(tier, NAME);
    qni_disk_window_fill(tier, NAME, &mark, &record);
    uint64_t *words = tier->window.map;
    int64_t count = tier->window.size / (int64_t)sizeof *words, felt = 0;
    for (int64_t i = 8; i < count; i++) { /* behind the head, which is read when it is opened */
        uint64_t was = words[i];
        if (was == 0 && i % 128 != 0)
            continue;
        words[i] ^= UINT64_C(1) << (i * 7 % 64);
        felt += !is_sound(tier, NAME, &record);
        words[i] = was;
    }
    assert_in_range(felt, 20,
                    60); /* what is not zero: the stamp or its name, and two words and a record of 320 bytes */
    assert_true(is_kept(tier, NAME, &record));
    qni_disk_close(tier);
    qni_record_free(&record, NULL);
}

/* ---- threads ---- */

enum {
    THREADS = 4,
    KEYS = 3
};

typedef struct worker {
    qni_disk_tier *tier;
    int index;
    int64_t wrong;
    qn_error err;
} worker;

/* The number of the last put of each key that has returned, or of its removal: each has one writer. */
static _Atomic uint64_t done[KEYS];
static _Atomic int writers;

/* In the window as it is, longer than a page; in a file that is mapped. */
static const int64_t sizes[KEYS] = {500, 10000, 50000};

static void write_keys(worker *w)
{
    for (uint64_t number = 1; number <= 60 && w->wrong == 0; number++)
        for (int k = w->index; k < KEYS; k += 2) {
            char key[24];
            (void)snprintf(key, sizeof key, "k%d", k);
            const tier_put p = {.key = key, .size = sizes[k], .number = number};
            w->wrong += tier_put_one(w->tier, &p, NULL, &w->err) != QN_OK;
            atomic_store(&done[k], number);
        }
    (void)atomic_fetch_sub(&writers, 1);
}

static void read_keys(worker *w)
{
    for (uint64_t i = 0; w->wrong == 0 && atomic_load(&writers) > 0; i++) {
        char key[24];
        tier_got got;
        uint64_t at_least = atomic_load(&done[i % KEYS]);
        (void)snprintf(key, sizeof key, "k%d", (int)(i % KEYS));
        w->wrong += tier_get_one(&got, w->tier, key, NULL, &w->err) != QN_OK;
        w->wrong += at_least > 0 && (!got.there || !got.whole || got.number < at_least);
    }
}

static void *work(void *user)
{
    worker *w = user;
    if (w->index < 2)
        write_keys(w);
    else
        read_keys(w);
    return NULL;
}

static void nobody_gets_what_was_replaced_before_he_asked(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    worker workers[THREADS] = {0};
    atomic_store(&writers, 2);
    for (int i = 0; i < THREADS; i++) {
        workers[i].index = i;
        workers[i].tier = open_tier();
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
    for (int i = 0; i < THREADS; i++)
        qni_disk_close(workers[i].tier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_read_before_a_change_or_in_it_counts_for_nobody_after_it, fresh_folder),
        cmocka_unit_test_setup(of_two_changes_that_overlap_the_later_one_ends_it, fresh_folder),
        cmocka_unit_test_setup(two_who_keep_different_records_in_one_slot_leave_one_or_none, fresh_folder),
        cmocka_unit_test(one_who_is_killed_while_he_keeps_a_record_leaves_nothing_old),
        cmocka_unit_test_setup(what_is_written_over_while_it_is_copied_is_not_got, fresh_folder),
        cmocka_unit_test_setup(a_set_keeps_eight_names_and_sometimes_another_in_place_of_one, fresh_folder),
        cmocka_unit_test_setup(what_no_longer_counts_makes_room_at_once, fresh_folder),
        cmocka_unit_test_setup(records_of_many_sizes_are_kept_and_the_newest_drive_out_the_oldest, fresh_folder),
        cmocka_unit_test_setup(what_takes_too_much_of_the_ring_is_not_kept, fresh_folder),
        cmocka_unit_test_setup(of_a_record_in_a_file_the_number_is_kept_until_its_name_changes, fresh_folder),
        cmocka_unit_test(what_a_writer_who_was_killed_left_is_mended_by_the_next),
        cmocka_unit_test_setup(opening_mends_what_was_left_of_a_change_of_everything, fresh_folder),
        cmocka_unit_test_setup(what_was_read_from_an_index_that_was_replaced_counts_no_more, fresh_folder),
        cmocka_unit_test_setup(who_has_no_window_is_minded_by_those_who_have, fresh_folder),
        cmocka_unit_test_setup(a_window_that_was_deleted_is_made_anew_and_nobody_reads_what_is_old, fresh_folder),
        cmocka_unit_test_setup(nothing_in_the_windows_place_is_an_error, fresh_folder),
        cmocka_unit_test_setup(a_file_that_is_no_window_is_replaced, fresh_folder),
        cmocka_unit_test_setup(damage_of_any_word_is_no_wrong_answer, fresh_folder),
        cmocka_unit_test_setup(nobody_gets_what_was_replaced_before_he_asked, fresh_folder),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
