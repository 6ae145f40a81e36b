/* Values in files of their own, which a cache on disk maps: a datum is not copied, outlives all that it came from, and
 * what became of its file is noticed before it is handed out again. */
#include "harness/harness.h"
#include "unit/tier_folder.h"

#include "store/cache_disk_int.h"

#include <quern/cache.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SIZE = 50000
};

static void put(qni_disk_tier *tier, const char *key, int64_t size, uint64_t number)
{
    qn_error err;
    const tier_put p = {.key = key, .size = size, .number = number};
    assert_ok(tier_put_one(tier, &p, NULL, &err), &err);
}

static tier_got get(qni_disk_tier *tier, const char *key)
{
    qn_error err;
    tier_got got;
    assert_ok(tier_get_one(&got, tier, key, NULL, &err), &err);
    return got;
}

/* The record as it lies where it was got. */
static qni_record take(qni_disk_tier *tier, const char *text)
{
    qn_error err;
    qni_record record;
    qni_record_view view;
    qni_cache_key key = tier_key(text);
    assert_ok(qni_disk_get(&record, &view, tier, &key, &err), &err);
    assert_non_null(record.bytes);
    return record;
}

/* How many files of the folder this process has mapped, and their bytes. */
static int count_mapped(int64_t *bytes)
{
    char line[600], values[160];
    int count = 0;
    (void)snprintf(values, sizeof values, "%s/values/", folder);
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    *bytes = 0;
    while (fgets(line, sizeof line, maps) != NULL)
        if (strstr(line, values) != NULL) {
            char *end;
            uint64_t from = strtoull(line, &end, 16);
            *bytes += (int64_t)(strtoull(end + 1, NULL, 16) - from);
            count++;
        }
    assert_int_equal(fclose(maps), 0);
    return count;
}

/* The path of the one value in a file. */
static const char *find_file(void)
{
    static char path[600];
    path[0] = 0;
    for (int i = 0; i < 256; i++) {
        char place[160];
        (void)snprintf(place, sizeof place, "%s/values/%02x", folder, i);
        DIR *dir = opendir(place);
        for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
            if (e->d_name[0] != '.')
                (void)snprintf(path, sizeof path, "%s/%s", place, e->d_name);
        if (dir != NULL)
            assert_int_equal(closedir(dir), 0);
    }
    assert_true(path[0] != 0);
    return path;
}

static void a_value_that_is_got_again_is_the_same_memory(void **state)
{
    (void)state;
    int64_t bytes;
    qni_disk_tier *tier = open_tier();
    put(tier, "key", SIZE, 1);
    qni_record first = take(tier, "key"), second = take(tier, "key");
    assert_ptr_equal(first.bytes, second.bytes);
    assert_int_equal(count_mapped(&bytes), 1);
    qni_record_free(&first, NULL);
    qni_record_free(&second, NULL);
    assert_int_equal(count_mapped(&bytes), 1);
    qni_disk_close(tier);
    assert_int_equal(count_mapped(&bytes), 0);
}

static void what_is_removed_or_replaced_is_mapped_no_more(void **state)
{
    (void)state;
    int64_t bytes, removed;
    qn_error err;
    qni_cache_key key = tier_key("key");
    qni_disk_tier *tier = open_tier();
    for (uint64_t number = 1; number < 4; number++) {
        put(tier, "key", SIZE, number);
        assert_int_equal(get(tier, "key").number, number);
        assert_true(get(tier, "key").whole);
        assert_int_equal(count_mapped(&bytes), 1);
    }
    assert_ok(qni_disk_remove(&removed, tier, &key, NULL, 0, &err), &err);
    assert_int_equal(count_mapped(&bytes), 0);
    assert_false(get(tier, "key").there);
    put(tier, "key", SIZE, 5);
    assert_int_equal(get(tier, "key").number, 5);
    assert_ok(qni_disk_clear(&removed, tier, &err), &err);
    assert_int_equal(count_mapped(&bytes), 0);
    qni_disk_close(tier);
}

static void ignore_change(void *user, const qni_change *change)
{
    (void)user;
    (void)change;
}

static void what_others_remove_is_mapped_no_more_once_it_was_told(void **state)
{
    (void)state;
    int64_t bytes, removed;
    qn_error err;
    qni_cache_key key = tier_key("key");
    qni_disk_tier *tier = open_tier(), *other = open_tier();
    for (int all = 0; all < 2; all++) {
        put(tier, "key", SIZE, 1);
        assert_true(get(tier, "key").whole);
        assert_ok(all ? qni_disk_clear(&removed, other, &err) : qni_disk_remove(&removed, other, &key, NULL, 0, &err),
                  &err);
        assert_false(get(tier, "key").there);
        qni_disk_changes(tier, ignore_change, NULL);
        assert_int_equal(count_mapped(&bytes), 0);
    }
    qni_disk_close(tier);
    qni_disk_close(other);
}

/* The time is set by hand: the file system's clock may stand still meanwhile. */
static void write_into(const char *path, off_t at)
{
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    int fd = open(path, O_RDWR);
    char byte = 0;
    assert_true(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte = (char)~byte;
    assert_true(pwrite(fd, &byte, 1, at) == 1 && futimens(fd, times) == 0 && close(fd) == 0);
}

static void a_file_that_somebody_writes_to_or_cuts_off_is_a_miss(void **state)
{
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        qni_disk_tier *tier = open_tier();
        put(tier, "key", SIZE, 1);
        assert_true(get(tier, "key").whole);
        if (cut)
            assert_int_equal(truncate(find_file(), 20000), 0);
        else
            write_into(find_file(), 40000);
        assert_false(get(tier, "key").there);
        put(tier, "key", SIZE, 2);
        assert_true(get(tier, "key").whole);
        assert_int_equal(get(tier, "key").number, 2);
        qni_disk_close(tier);
        (void)fresh_folder(NULL);
    }
}

static void a_file_that_was_deleted_is_a_miss(void **state)
{
    (void)state;
    qni_disk_tier *tier = open_tier();
    put(tier, "key", SIZE, 1);
    assert_true(get(tier, "key").whole);
    assert_int_equal(unlink(find_file()), 0);
    assert_false(get(tier, "key").there);
    qni_disk_close(tier);
}

/* Where the record ends with a page nothing is behind it. */
static void a_value_of_any_size_has_a_zero_behind_it(void **state)
{
    (void)state;
    static char bytes[3 * 16384];
    qn_cache *cache;
    qn_cache_options options;
    qn_error err;
    qn_cache_options_init(&options, sizeof options);
    options.folder = folder;
    options.memory_bytes = -1;
    assert_ok(qn_cache_open(&cache, &options, &err), &err);
    memset(bytes, 'x', sizeof bytes);
    for (int64_t less = 100; less < 132; less++) { /* of these one record is whole pages: head 112, key 4, zero */
        int64_t sizes[] = {(int64_t)sizeof bytes - less, 5000 + less};
        for (int i = 0; i < 2; i++) {
            qn_datum *datum;
            int64_t size;
            assert_ok(qn_datum_bytes(&datum, bytes, sizes[i], NULL, &err), &err);
            assert_ok(qn_cache_put(cache, "name", 4, datum, NULL, &err), &err);
            qn_datum_unref(datum);
            int64_t record = sizes[i] + 112 + 5, mapped;
            for (int time = 0; time < 2; time++) {
                assert_ok(qn_cache_get(&datum, NULL, cache, "name", 4, &err), &err);
                const char *text = qn_datum_text(datum, &size);
                assert_int_equal(size, sizes[i]);
                assert_memory_equal(text, bytes, (size_t)size);
                assert_int_equal(text[size], 0);
                assert_true(qn_datum_size(datum) > size);
                assert_int_equal(count_mapped(&mapped), i == 0 && record % QNI_DISK_MAP_PAGE != 0);
                qn_datum_unref(datum);
            }
        }
    }
    assert_ok(qn_cache_close(cache, -1, &err), &err);
}

static void a_datum_outlives_its_entry_its_cache_and_its_folder(void **state)
{
    (void)state;
    char command[160], *text = malloc(SIZE + 2);
    int64_t bytes;
    qn_cache *cache;
    qn_datum *json, *again;
    qn_cache_options options;
    qn_error err;
    assert_non_null(text);
    memset(text, '1', SIZE);
    text[0] = text[SIZE - 1] = '"';
    qn_cache_options_init(&options, sizeof options);
    options.folder = folder;
    options.memory_bytes = -1;
    assert_ok(qn_cache_open(&cache, &options, &err), &err);
    assert_ok(qn_datum_json(&json, text, SIZE, NULL, &err), &err);
    assert_ok(qn_cache_put(cache, "name", 4, json, NULL, &err), &err);
    assert_ok(qn_cache_get(&again, NULL, cache, "name", 4, &err), &err);
    assert_true(qn_cache_remove(NULL, cache, "name", 4, &err) == QN_OK);
    assert_ok(qn_cache_close(cache, -1, &err), &err);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(count_mapped(&bytes), 1);
    assert_int_equal(qn_datum_kind_of(again), QN_DATUM_JSON);
    assert_memory_equal(qn_datum_text(again, NULL), text, SIZE);
    assert_true(memcmp(qn_datum_digest(again).bytes, qn_datum_digest(json).bytes, sizeof(qn_digest)) == 0);
    qn_datum_unref(again);
    qn_datum_unref(json);
    assert_int_equal(count_mapped(&bytes), 0);
    free(text);
}

enum {
    MANY = QNI_DISK_MAPS + 30
};

static void mappings_are_bounded_in_number_also_where_somebody_holds_them_all(void **state)
{
    (void)state;
    static qni_record records[MANY];
    int64_t bytes;
    qni_disk_tier *tier = open_tier();
    for (int i = 0; i < MANY; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "%d", i);
        const tier_put p = {.key = key, .size = QNI_DISK_MAP_FROM, .number = 1, .own_file = true};
        qn_error err;
        assert_ok(tier_put_one(tier, &p, NULL, &err), &err);
        records[i] = take(tier, key);
    }
    assert_int_equal(count_mapped(&bytes), QNI_DISK_MAPS);
    int same = 0; /* a set may have had too many of them */
    for (int i = 0; i < QNI_DISK_MAPS; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "%d", i);
        qni_record again = take(tier, key);
        same += again.bytes == records[i].bytes;
        qni_record_free(&again, NULL);
    }
    assert_in_range(same, QNI_DISK_MAPS / 2, QNI_DISK_MAPS);
    for (int i = 0; i < MANY; i++)
        qni_record_free(&records[i], NULL);
    qni_disk_close(tier);
    assert_int_equal(count_mapped(&bytes), 0);
}

static void mappings_are_bounded_in_bytes_and_new_ones_come_now_and_then(void **state)
{
    (void)state;
    int64_t bytes;
    qni_disk_tier *tier = open_tier();
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 24; i++) {
            char key[24];
            (void)snprintf(key, sizeof key, "%d", i);
            if (round == 0)
                put(tier, key, 1 << 20, (uint64_t)i + 1);
            tier_got got = get(tier, key);
            assert_true(got.whole && got.number == (uint64_t)i + 1);
            (void)count_mapped(&bytes);
            assert_in_range(bytes, 1 << 20, ROOM / QNI_DISK_MAP_SHARE + (8 << 12));
        }
    qni_record last = take(tier, "23");
    assert_true(count_mapped(&bytes) >= 6);
    qni_record_free(&last, NULL);
    qni_disk_close(tier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_value_that_is_got_again_is_the_same_memory, fresh_folder),
        cmocka_unit_test_setup(what_is_removed_or_replaced_is_mapped_no_more, fresh_folder),
        cmocka_unit_test_setup(what_others_remove_is_mapped_no_more_once_it_was_told, fresh_folder),
        cmocka_unit_test_setup(a_file_that_somebody_writes_to_or_cuts_off_is_a_miss, fresh_folder),
        cmocka_unit_test_setup(a_file_that_was_deleted_is_a_miss, fresh_folder),
        cmocka_unit_test_setup(a_value_of_any_size_has_a_zero_behind_it, fresh_folder),
        cmocka_unit_test_setup(a_datum_outlives_its_entry_its_cache_and_its_folder, fresh_folder),
        cmocka_unit_test_setup(mappings_are_bounded_in_number_also_where_somebody_holds_them_all, fresh_folder),
        cmocka_unit_test_setup(mappings_are_bounded_in_bytes_and_new_ones_come_now_and_then, fresh_folder),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
