/* The disk tier of caches: what it keeps, what has to go, what two openings of one folder see of each other, and what
 * becomes of it when something is damaged. The index is also looked at by SQL, and the folder by the system's calls. */
#define _GNU_SOURCE /* unshare */
#include "harness/harness.h"
#include "harness/cache_tier.h"

#include <quern/table.h>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SKIPPED = 77,
    NOBODY = 65534
};

static const int64_t second = 1000000000;

/* ---- clocks, folders ---- */

static int64_t boot_now = INT64_C(1000) * 1000000000, wall_now = INT64_C(1700000000) * 1000000000;

static int64_t boot(void *user)
{
    (void)user;
    return boot_now;
}

static int64_t wall(void *user)
{
    (void)user;
    return wall_now;
}

static qni_cache_time now; /* its hands are the two above */

static void set_boot(const char *id)
{
    const qn_cache_clock clock = {.boot_ns = boot, .wall_ns = wall, .boot_id = id};
    qni_cache_time_init(&now, &clock);
}

static char root[64];
static int folders;

static int make_root(void **state)
{
    (void)state;
    const char *memory = "/dev/shm/quern-tier-XXXXXX", *disk = "/tmp/quern-tier-XXXXXX";
    (void)snprintf(root, sizeof root, "%s", access("/dev/shm", W_OK) == 0 ? memory : disk);
    set_boot("one");
    return mkdtemp(root) == NULL || chmod(root, 0755) != 0 ? -1 : 0;
}

static int remove_root(void **state)
{
    (void)state;
    char command[160];
    (void)snprintf(command, sizeof command, "chmod -R u+w %s; rm -rf %s", root, root);
    return system(command);
}

/* A folder of the test's own, which is not there yet. */
static const char *fresh(void)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%d", root, folders++);
    return path;
}

static const char *in(const char *folder, const char *name)
{
    static char paths[4][256];
    static int at;
    char *path = paths[at++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- tiers ---- */

static qn_status try_open(qni_disk_tier **out, const char *folder, int64_t bytes, bool read_only, qn_error *err)
{
    const qni_disk_options options = {.folder = folder, .bytes = bytes, .read_only = read_only, .time = &now};
    return qni_disk_open(out, &options, err);
}

static qni_disk_tier *open_tier(const char *folder, int64_t bytes)
{
    qni_disk_tier *tier;
    qn_error err;
    assert_ok(try_open(&tier, folder, bytes, false, &err), &err);
    return tier;
}

enum {
    ROOM = 64 << 20
};

static void put(qni_disk_tier *tier, const char *key, int64_t size, uint64_t number)
{
    qn_error err;
    const tier_put p = {.key = key, .size = size, .number = number};
    assert_ok(tier_put_one(tier, &p, NULL, &err), &err);
}

static void put_depending(qni_disk_tier *tier, const char *key, const char *on)
{
    qn_error err;
    const tier_put p = {.key = key, .size = 100, .number = 1, .depends = &on, .depend_count = 1};
    assert_ok(tier_put_one(tier, &p, NULL, &err), &err);
}

static tier_got get(qni_disk_tier *tier, const char *key)
{
    qn_error err;
    tier_got got;
    assert_ok(tier_get_one(&got, tier, key, NULL, &err), &err);
    if (got.there)
        assert_true(got.whole);
    return got;
}

static bool has(qni_disk_tier *tier, const char *key)
{
    return get(tier, key).there;
}

static qni_disk_counts counts(qni_disk_tier *tier)
{
    qni_disk_counts c;
    qni_disk_counts_get(&c, tier);
    return c;
}

static int64_t remove_key(qni_disk_tier *tier, const char *text)
{
    qn_error err;
    int64_t removed;
    qni_cache_key key = tier_key(text);
    assert_ok(qni_disk_remove(&removed, tier, &key, &key.name, 1, &err), &err);
    return removed;
}

static qn_cache_report verify(qni_disk_tier *tier, bool repair)
{
    static const qni_record_keys keys;
    qn_cache_report report;
    qn_error err;
    assert_ok(qni_disk_verify(&report, tier, &keys, repair, NULL, NULL, &err), &err);
    return report;
}

static void assert_sound(qni_disk_tier *tier)
{
    qn_cache_report r = verify(tier, false);
    assert_false(r.index_damaged);
    assert_int_equal(r.damaged + r.missing + r.strangers, 0);
    assert_int_equal(r.entries, counts(tier).entries);
    assert_int_equal(r.bytes, counts(tier).bytes);
}

/* ---- looking from outside ---- */

static void sql(const char *folder, const char *text)
{
    char url[300];
    qn_db *db;
    qn_error err;
    (void)snprintf(url, sizeof url, "sqlite:%s/index.db?synchronous=off", folder);
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    assert_ok(qn_db_script(db, text, &err), &err);
    qn_db_close(db);
}

static int64_t sql_number(const char *folder, const char *text)
{
    char url[300];
    qn_db *db;
    qn_rows *rows;
    qn_error err;
    bool more;
    (void)snprintf(url, sizeof url, "sqlite:%s/index.db?synchronous=off", folder);
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    assert_ok(qn_db_query(&rows, db, text, NULL, 0, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    assert_true(more);
    int64_t n = qn_rows_value(rows, 0).i64;
    qn_rows_close(rows);
    qn_db_close(db);
    return n;
}

/* Files below a folder whose name begins so; the last one's path in *path (256 bytes) where it is not NULL. */
static int count_files(const char *folder, const char *beginning, char *path)
{
    int count = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;
        char at[512];
        (void)snprintf(at, sizeof at, "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.' || lstat(at, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            count += count_files(at, beginning, path);
        } else if (strncmp(e->d_name, beginning, strlen(beginning)) == 0) {
            count++;
            if (path != NULL)
                (void)snprintf(path, 256, "%.255s", at);
        }
    }
    (void)closedir(dir);
    return count;
}

static int value_files(const char *folder)
{
    return count_files(in(folder, "values"), "", NULL);
}

/* Turns a byte of a file into another. */
static void damage(const char *path, int64_t at)
{
    char byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte = (char)~byte;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(close(fd), 0);
}

static void write_file(const char *path, const char *bytes, int64_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, (size_t)size), size);
    assert_int_equal(close(fd), 0);
}

static int64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* ---- keeping ---- */

static void what_is_put_is_got_also_after_opening_again(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 1000, 31000, 33000, 1000000};
    const char *folder = fresh();
    char key[8];
    qni_disk_tier *tier = open_tier(folder, ROOM);
    for (int i = 0; i < 6; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        put(tier, key, sizes[i], 7);
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 6; i++) {
            (void)snprintf(key, sizeof key, "k%d", i);
            tier_got got = get(tier, key);
            assert_true(got.there);
            assert_int_equal(got.size, sizes[i]);
        }
        assert_false(has(tier, "k6"));
        assert_int_equal(counts(tier).entries, 6);
        assert_sound(tier);
        qni_disk_close(tier);
        tier = open_tier(folder, ROOM);
    }
    assert_int_equal(value_files(folder), 2);
    qni_disk_close(tier);
}

static void that_there_is_none_is_kept_too(void **state)
{
    (void)state;
    qni_disk_tier *tier = open_tier(fresh(), ROOM);
    qn_error err;
    const tier_put p = {.key = "none", .absent = true};
    assert_ok(tier_put_one(tier, &p, NULL, &err), &err);
    tier_got got = get(tier, "none");
    assert_true(got.there && got.absent);
    qni_disk_close(tier);
}

static void a_value_that_is_replaced_leaves_no_file(void **state)
{
    (void)state;
    const char *folder = fresh();
    qni_disk_tier *tier = open_tier(folder, ROOM);
    put(tier, "a", 50000, 1);
    put(tier, "a", 60000, 2);
    assert_int_equal(value_files(folder), 1);
    assert_int_equal(get(tier, "a").number, 2);
    put(tier, "a", 10, 3);
    assert_int_equal(value_files(folder), 0);
    assert_int_equal(get(tier, "a").number, 3);
    qn_error err;
    const tier_put own = {.key = "a", .size = 10, .number = 4, .own_file = true};
    assert_ok(tier_put_one(tier, &own, NULL, &err), &err);
    assert_int_equal(value_files(folder), 1);
    assert_int_equal(get(tier, "a").number, 4);
    assert_int_equal(counts(tier).entries, 1);
    assert_int_equal(remove_key(tier, "a"), 1);
    assert_int_equal(value_files(folder), 0);
    qni_disk_close(tier);
}

static void what_it_makes_is_its_owners_alone(void **state)
{
    (void)state;
    static const char *const files[] = {"index.db", "index.db-wal", "generation", "lock"};
    const char *folder = fresh();
    struct stat st;
    qni_disk_tier *tier = open_tier(folder, ROOM);
    put(tier, "a", 50000, 1);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(stat(in(folder, files[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    char path[256];
    assert_int_equal(count_files(in(folder, "values"), "", path), 1);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    qni_disk_close(tier);
}

/* Of keys, one is put, replaced or removed; SQL adds up what is there. */
static void the_totals_are_the_sums(void **state)
{
    (void)state;
    const char *folder = fresh();
    uint64_t seed = test_seed(3);
    qni_disk_tier *tier = open_tier(folder, 400000);
    for (int64_t i = 0; i < 100 + test_effort(50, 5000); i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", (int)test_random_below(&seed, 40));
        if (test_random_below(&seed, 4) == 0)
            (void)remove_key(tier, key);
        else
            put(tier, key, test_random_below(&seed, 2) * 40000 + test_random_below(&seed, 3000), (uint64_t)i);
        if (test_random_below(&seed, 3) == 0)
            (void)has(tier, key);
        assert_true(counts(tier).bytes <= 400000);
    }
    qni_disk_counts c = counts(tier);
    assert_true(c.evicted > 0);
    assert_int_equal(sql_number(folder, "SELECT sum(size) FROM ledger"), c.bytes);
    assert_int_equal(sql_number(folder, "SELECT count(*) FROM entries"), c.entries);
    assert_int_equal(sql_number(folder, "SELECT count(*) FROM ledger WHERE file > 0"), value_files(folder));
    assert_sound(tier);
    qni_disk_close(tier);
}

/* ---- what has to go ---- */

static void the_oldest_that_was_never_used_goes_first(void **state)
{
    (void)state;
    char key[16];
    qni_disk_tier *tier = open_tier(fresh(), 100 * 1300);
    for (int i = 0; i < 120; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        put(tier, key, 1100, 1);
    }
    assert_true(has(tier, "k119"));
    assert_false(has(tier, "k0"));
    assert_int_equal(counts(tier).entries + counts(tier).evicted, 120);
    qni_disk_close(tier);
}

static void what_is_used_survives_a_scan(void **state)
{
    (void)state;
    char key[16];
    qni_disk_tier *tier = open_tier(fresh(), 50 * 1300);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(key, sizeof key, "hot%d", i);
        put(tier, key, 1100, 1);
        assert_true(has(tier, key));
    }
    for (int i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof key, "scan%d", i);
        put(tier, key, 1100, 1);
    }
    for (int i = 0; i < 10; i++) {
        (void)snprintf(key, sizeof key, "hot%d", i);
        assert_true(has(tier, key));
    }
    qni_disk_close(tier);
}

static void a_value_that_fills_the_tier_drives_out_all_others(void **state)
{
    (void)state;
    char key[16];
    const char *folder = fresh();
    qni_disk_tier *tier = open_tier(folder, 100000);
    for (int i = 0; i < 60; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        put(tier, key, 1100, 1);
        (void)has(tier, key);
    }
    put(tier, "large", 99000, 1);
    assert_true(has(tier, "large"));
    assert_int_equal(counts(tier).entries, 1);
    qn_error err;
    const tier_put p = {.key = "larger", .size = 100001, .number = 1};
    assert_int_equal(tier_put_one(tier, &p, NULL, &err), QN_LIMIT);
    assert_contains(err.message, "100000");
    assert_contains(err.message, folder);
    assert_true(has(tier, "large"));
    qni_disk_close(tier);
}

/* ---- time ---- */

static void put_for(qni_disk_tier *tier, const char *key, int64_t ttl_ns)
{
    qn_error err;
    const tier_put p = {.key = key, .size = 100, .number = 1, .deadline = qni_deadline_after(&now, ttl_ns)};
    assert_ok(tier_put_one(tier, &p, NULL, &err), &err);
}

static void what_has_ended_is_a_miss_and_goes_with_the_next_write(void **state)
{
    (void)state;
    qni_disk_tier *tier = open_tier(fresh(), ROOM);
    put_for(tier, "short", 10 * second);
    put_for(tier, "long", 100 * second);
    assert_true(has(tier, "short"));
    boot_now += 10 * second;
    assert_false(has(tier, "short"));
    assert_true(has(tier, "long"));
    put(tier, "other", 10, 1);
    assert_int_equal(counts(tier).expired, 1);
    assert_int_equal(counts(tier).entries, 2);
    qni_disk_close(tier);
}

static void deadlines_survive_another_start_of_the_machine(void **state)
{
    (void)state;
    const char *folder = fresh();
    qni_disk_tier *tier = open_tier(folder, ROOM);
    put_for(tier, "a", 100 * second);
    qni_disk_close(tier);
    int64_t before = boot_now;
    set_boot("two");
    boot_now = 3 * second;
    wall_now += 60 * second;
    tier = open_tier(folder, ROOM);
    tier_got got = get(tier, "a");
    assert_true(got.there);
    assert_int_equal(qni_deadline_left(&now, &got.deadline), 40 * second);
    wall_now += 40 * second;
    assert_false(has(tier, "a"));
    qni_disk_close(tier);
    set_boot("one");
    boot_now = before;
}

static void those_that_have_ended_go_before_others_have_to(void **state)
{
    (void)state;
    char key[16];
    qni_disk_tier *tier = open_tier(fresh(), 20 * 1300);
    put(tier, "first", 1100, 1);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(key, sizeof key, "short%d", i);
        const tier_put p = {.key = key, .size = 1100, .deadline = qni_deadline_after(&now, second)};
        qn_error err;
        assert_ok(tier_put_one(tier, &p, NULL, &err), &err);
    }
    boot_now += 2 * second;
    wall_now += 2 * second;
    for (int i = 0; i < 12; i++) {
        (void)snprintf(key, sizeof key, "new%d", i);
        put(tier, key, 1100, 1);
    }
    assert_true(has(tier, "first"));
    assert_int_equal(counts(tier).expired, 10);
    assert_int_equal(counts(tier).evicted, 0);
    qni_disk_close(tier);
}

/* ---- what depends on what ---- */

static void what_depends_on_a_name_goes_with_it(void **state)
{
    (void)state;
    qni_disk_tier *tier = open_tier(fresh(), ROOM);
    put(tier, "prices", 100, 1);
    put_depending(tier, "smile", "prices");
    put_depending(tier, "scan", "prices");
    put_depending(tier, "other", "dividends");
    assert_int_equal(remove_key(tier, "prices"), 3);
    assert_false(has(tier, "smile") || has(tier, "scan"));
    assert_true(has(tier, "other"));
    assert_int_equal(remove_key(tier, "dividends"), 1);
    assert_int_equal(counts(tier).entries, 0);
    qni_disk_close(tier);
}

static void putting_anew_removes_what_depended_on_it(void **state)
{
    (void)state;
    qni_disk_tier *tier = open_tier(fresh(), ROOM);
    put(tier, "prices", 100, 1);
    put_depending(tier, "smile", "prices");
    uint64_t names[QN_CACHE_DEPENDS_MAX];
    int64_t count;
    qn_error err;
    qni_cache_key smile = tier_key("smile"), none = tier_key("none");
    assert_ok(qni_disk_depends(names, &count, tier, &smile, &err), &err);
    assert_int_equal(count, 1);
    assert_true(names[0] == tier_key("prices").name);
    assert_ok(qni_disk_depends(names, &count, tier, &none, &err), &err);
    assert_int_equal(count, -1);
    put(tier, "prices", 100, 2);
    assert_false(has(tier, "smile"));
    put_depending(tier, "smile", "prices");
    put(tier, "smile", 100, 2); /* it depends on nothing any more */
    put(tier, "prices", 100, 3);
    assert_true(has(tier, "smile"));
    qni_disk_close(tier);
}

static void a_prefix_and_everything_can_be_removed(void **state)
{
    (void)state;
    const char *folder = fresh();
    char key[16];
    int64_t removed;
    qn_error err;
    qni_disk_tier *tier = open_tier(folder, ROOM);
    for (int i = 0; i < 30; i++) {
        (void)snprintf(key, sizeof key, "%s/%d", i % 2 == 0 ? "a" : "b", i);
        put(tier, key, i % 3 == 0 ? 50000 : 50, 1);
    }
    put_depending(tier, "c", "a/4");
    assert_ok(qni_disk_remove_prefix(&removed, tier, "a/", 2, &err), &err);
    assert_int_equal(removed, 16);
    assert_false(has(tier, "a/4") || has(tier, "c"));
    assert_true(has(tier, "b/5"));
    assert_int_equal(value_files(folder), 5);
    assert_sound(tier);
    assert_ok(qni_disk_clear(&removed, tier, &err), &err);
    assert_int_equal(removed, 15);
    assert_int_equal(counts(tier).bytes, 0);
    assert_int_equal(value_files(folder), 0);
    assert_sound(tier);
    qni_disk_close(tier);
}

typedef struct seen {
    int entries, files;
    int64_t bytes;
} seen;

static qn_status see(void *user, const qn_cache_entry *entry, qn_error *err)
{
    seen *s = user;
    s->entries++;
    s->files += entry->own_file;
    s->bytes += entry->bytes;
    assert_int_equal(((const char *)entry->key)[entry->key_size], '\0');
    return s->entries == 100 ? qni_error(err, QN_INTERRUPTED, "enough") : QN_OK;
}

static void each_entry_is_shown_once(void **state)
{
    (void)state;
    char key[16];
    qni_disk_tier *tier = open_tier(fresh(), ROOM);
    qn_error err;
    for (int i = 0; i < 12; i++) {
        (void)snprintf(key, sizeof key, "%s/%d", i % 2 == 0 ? "a" : "b", i);
        put(tier, key, i < 2 ? 50000 : 50, 1);
    }
    put_for(tier, "a/short", second);
    boot_now += second;
    seen all = {0}, some = {0}, stopped = {.entries = 99};
    assert_ok(qni_disk_each(tier, NULL, 0, see, &all, &err), &err);
    assert_int_equal(all.entries, 12);
    assert_int_equal(all.files, 2);
    assert_ok(qni_disk_each(tier, "a/", 2, see, &some, &err), &err);
    assert_int_equal(some.entries, 6);
    assert_int_equal(qni_disk_each(tier, NULL, 0, see, &stopped, &err), QN_INTERRUPTED);
    assert_string_equal(err.message, "enough");
    qni_disk_close(tier);
}

/* ---- two openings of one folder ---- */

typedef struct heard {
    int names, dependents, prefixes, all;
    uint64_t last;
} heard;

static void hear(void *user, const qni_change *change)
{
    heard *h = user;
    h->names += change->kind == QNI_CHANGE_NAME;
    h->dependents += change->kind == QNI_CHANGE_DEPENDENTS;
    h->prefixes +=
        change->kind == QNI_CHANGE_PREFIX && change->prefix_size == 2 && memcmp(change->prefix, "p/", 2) == 0;
    h->all += change->kind == QNI_CHANGE_ALL;
    h->last = change->kind == QNI_CHANGE_NAME ? change->name : h->last;
}

static heard listen(qni_disk_tier *tier)
{
    heard h = {0};
    if (qni_disk_changed(tier))
        qni_disk_changes(tier, hear, &h);
    assert_false(qni_disk_changed(tier));
    return h;
}

static void each_hears_what_the_other_did_and_not_itself(void **state)
{
    (void)state;
    const char *folder = fresh();
    qni_disk_tier *a = open_tier(folder, ROOM), *b = open_tier(folder, ROOM);
    put(a, "x", 100, 1);
    assert_false(qni_disk_changed(a));
    assert_true(qni_disk_changed(b));
    heard h = listen(b);
    assert_int_equal(h.names, 1);
    assert_true(h.last == tier_key("x").name);
    assert_int_equal(h.all, 0);
    assert_true(has(b, "x"));
    assert_int_equal(remove_key(b, "x"), 1);
    h = listen(a);
    assert_int_equal(h.names, 1);
    assert_int_equal(h.dependents, 1);
    assert_false(has(a, "x"));
    put(a, "y", 100, 1);
    put(b, "z", 100, 1);
    h = listen(a);
    assert_int_equal(h.names, 1);
    assert_true(h.last == tier_key("z").name);
    h = listen(b);
    assert_int_equal(h.names, 1);
    assert_true(h.last == tier_key("y").name);
    int64_t removed;
    qn_error err;
    assert_ok(qni_disk_remove_prefix(&removed, a, "p/", 2, &err), &err);
    assert_int_equal(listen(b).prefixes, 1);
    assert_ok(qni_disk_clear(&removed, a, &err), &err);
    assert_int_equal(removed, 2);
    assert_int_equal(listen(b).all, 1);
    qni_disk_close(a);
    qni_disk_close(b);
}

static void who_is_too_far_behind_hears_that_all_is_gone(void **state)
{
    (void)state;
    const char *folder = fresh();
    qni_disk_tier *a = open_tier(folder, ROOM), *b = open_tier(folder, ROOM);
    put(a, "x", 100, 1);
    put(a, "y", 100, 1);
    sql(folder, "DELETE FROM changes WHERE seq = 1");
    heard h = listen(b);
    assert_int_equal(h.all, 1);
    assert_int_equal(h.names, 0);
    put(a, "z", 100, 1);
    h = listen(b);
    assert_int_equal(h.all, 0);
    assert_int_equal(h.names, 1);
    qni_disk_close(a);
    qni_disk_close(b);
}

/* As if a process had ended between its commit and counting it: its mark stands, and a change that was not counted. */
static void a_commit_whose_process_ended_at_once_is_heard(void **state)
{
    (void)state;
    const char *folder = fresh();
    qni_disk_tier *a = open_tier(folder, ROOM), *b = open_tier(folder, ROOM);
    uint64_t dead = 12345;
    int fd = open(in(folder, "generation"), O_RDWR);
    assert_int_equal(pwrite(fd, &dead, sizeof dead, 16), sizeof dead);
    assert_int_equal(close(fd), 0);
    sql(folder, "INSERT INTO changes VALUES (1, 12345, 3, 99, NULL); UPDATE totals SET seq = 1");
    heard h = {0};
    assert_true(qni_disk_changed(a));
    qni_disk_changes(a, hear, &h);
    assert_int_equal(h.names, 1);
    assert_true(h.last == 99);
    put(b, "x", 100, 1); /* the next writer puts the mark in order */
    h = listen(b);
    assert_int_equal(h.names, 1);
    assert_true(h.last == 99);
    assert_int_equal(listen(a).names, 1);
    qni_disk_close(a);
    qni_disk_close(b);
}

/* ---- the window of what was got lately ---- */

/* Takes the entry's row away behind the tier's back: what is still got comes from the window. */
static void empty_index(const char *folder)
{
    sql(folder, "DELETE FROM entries");
}

static void what_was_got_is_got_again_without_the_index_until_it_changes(void **state)
{
    (void)state;
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    qni_disk_tier *a = open_tier(folder, ROOM), *b = open_tier(folder, ROOM);
    static const char *const keys[] = {"put", "removed", "prefix", "dependent", "kept"};
    for (int i = 0; i < 5; i++) {
        put(a, keys[i], 1000, 1);
        if (i == 3)
            put_depending(a, keys[i], "name");
        assert_true(has(a, keys[i]));
    }
    empty_index(folder);
    for (int i = 0; i < 5; i++) {
        assert_true(has(a, keys[i]));
        assert_true(has(b, keys[i]));
    }
    int64_t removed;
    qn_error err;
    put(b, "put", 1000, 2);
    assert_int_equal(get(a, "put").number, 2);
    assert_int_equal(remove_key(b, "removed"), 1);
    assert_int_equal(remove_key(b, "name"), 1);
    assert_ok(qni_disk_remove_prefix(&removed, b, "pref", 4, &err), &err);
    assert_false(has(a, "removed") || has(a, "prefix") || has(a, "dependent"));
    assert_true(has(a, "kept"));
    assert_ok(qni_disk_clear(&removed, b, &err), &err);
    assert_false(has(a, "kept") || has(a, "put"));
    qni_disk_close(a);
    qni_disk_close(b);
}

static void another_start_of_the_machine_empties_the_window(void **state)
{
    (void)state;
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    for (int starts = 0; starts < 2; starts++) {
        qni_disk_tier *tier = open_tier(folder, ROOM);
        put(tier, "a", 1000, 1);
        assert_true(has(tier, "a"));
        empty_index(folder);
        qni_disk_close(tier);
        set_boot(starts == 0 ? "one" : "two");
        tier = open_tier(folder, ROOM);
        assert_int_equal(has(tier, "a"), starts == 0);
        qni_disk_close(tier);
    }
    set_boot("one");
}

/* The smallest window has 127 slots. */
static void names_that_share_a_slot_do_not_meet(void **state)
{
    (void)state;
    char key[16];
    qni_disk_tier *tier = open_tier(fresh(), 4 << 20);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++) {
            (void)snprintf(key, sizeof key, "k%d", i);
            if (round == 0)
                put(tier, key, 10 + i * 6, (uint64_t)i);
            else
                assert_int_equal(get(tier, key).number, i);
        }
    }
    qni_disk_close(tier);
}

/* Any byte of it may be another: what does not fit is looked for in the index. */
static void a_damaged_window_never_answers_wrongly(void **state)
{
    (void)state;
    char key[16];
    char folder[128];
    uint64_t seed = test_seed(9);
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    qni_disk_tier *tier = open_tier(folder, 4 << 20);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        put(tier, key, 100, (uint64_t)i);
        assert_true(has(tier, key));
    }
    for (int i = 0; i < 400; i++)
        damage(in(folder, "window"), test_random_below(&seed, 256 << 10) / 2048 * 2048 + test_random_below(&seed, 256));
    for (int i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(get(tier, key).number, i);
    }
    qni_disk_close(tier);
}

/* ---- damage ---- */

static void fill_folder(const char *folder)
{
    char key[16];
    qni_disk_tier *tier = open_tier(folder, ROOM);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(key, sizeof key, "small%d", i);
        put(tier, key, 900, 1);
    }
    for (int i = 0; i < 3; i++) {
        (void)snprintf(key, sizeof key, "large%d", i);
        put(tier, key, 40000, 1);
    }
    qni_disk_close(tier);
}

/* Opens it, gets everything, writes: what is there is never wrong, and after a repair all is as it should be. Where the
 * index cannot even be taken for one (all_large), no value in a file is lost. */
static void use_damaged(const char *folder, bool all_large)
{
    char key[16];
    int large = 0;
    qni_disk_tier *tier = open_tier(folder, ROOM);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(key, sizeof key, "small%d", i);
        (void)get(tier, key);
    }
    put(tier, "new", 900, 1);
    put(tier, "new large", 40000, 1);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(key, sizeof key, "large%d", i);
        large += has(tier, key);
    }
    bool kept = has(tier, "new") && has(tier, "new large");
    if (all_large) {
        assert_true(kept);
        assert_int_equal(large, 3);
    }
    (void)verify(tier, true);
    put(tier, "newer", 900, 1);
    put(tier, "newer large", 40000, 1);
    assert_true(has(tier, "newer") && has(tier, "newer large"));
    assert_sound(tier);
    qni_disk_close(tier);
}

static void copy_folder(const char *from, const char *to)
{
    char command[300];
    (void)snprintf(command, sizeof command, "cp -a %s %s", from, to);
    assert_int_equal(system(command), 0);
}

static void an_index_that_is_no_index_is_set_aside_and_built_anew(void **state)
{
    (void)state;
    char sound[128];
    (void)snprintf(sound, sizeof sound, "%s", fresh());
    fill_folder(sound);
    for (int kind = 0; kind < 4; kind++) {
        const char *folder = fresh(), *index = in(folder, "index.db");
        copy_folder(sound, folder);
        if (kind == 0)
            write_file(index, "", 0);
        else if (kind == 1)
            write_file(index,
                       "this is a text and no database, though it is long enough to be taken for one, if one "
                       "does not look twice at it, which is more than a hundred bytes",
                       146);
        else if (kind == 2)
            assert_int_equal(truncate(index, size_of(index) / 2), 0);
        else
            assert_int_equal(unlink(index), 0);
        use_damaged(folder, true);
        assert_int_equal(count_files(folder, "index.db.damaged-", NULL) > 0, kind != 3);
    }
}

static void an_index_damaged_in_any_byte_never_answers_wrongly(void **state)
{
    (void)state;
    char sound[128];
    (void)snprintf(sound, sizeof sound, "%s", fresh());
    fill_folder(sound);
    int64_t size = size_of(in(sound, "index.db")), rounds = test_effort(8, 2000);
    uint64_t seed = test_seed(5);
    for (int64_t i = 0; i < rounds; i++) {
        const char *folder = fresh();
        copy_folder(sound, folder);
        for (int n = 0; n < 8; n++) {
            int64_t at = test_random_below(&seed, i % 2 == 0 ? size : 8192);
            if (at < 60 || at > 63) /* the version: as if it were a newer one's */
                damage(in(folder, "index.db"), at);
        }
        use_damaged(folder, false);
    }
}

static void an_index_with_a_damaged_header_is_set_aside_or_refused(void **state)
{
    (void)state;
    char sound[128];
    (void)snprintf(sound, sizeof sound, "%s", fresh());
    fill_folder(sound);
    for (int64_t at = 0; at < 100; at += test_effort(14, 1)) {
        const char *folder = fresh();
        copy_folder(sound, folder);
        damage(in(folder, "index.db"), at);
        if (at < 60 || at > 63)
            use_damaged(folder, false);
        else {
            qni_disk_tier *tier;
            qn_error err;
            qn_status s = try_open(&tier, folder, ROOM, false, &err);
            assert_true(s == QN_DATA || s == QN_OK);
            qni_disk_close(tier);
        }
    }
}

static void a_damaged_log_loses_what_was_not_yet_in_the_index(void **state)
{
    (void)state;
    uint64_t seed = test_seed(6);
    for (int64_t i = 0; i < test_effort(2, 200); i++) {
        char live[128], key[16];
        (void)snprintf(live, sizeof live, "%s", fresh());
        qni_disk_tier *tier = open_tier(live, ROOM);
        for (int k = 0; k < 20; k++) {
            (void)snprintf(key, sizeof key, "small%d", k);
            put(tier, key, 900, 1);
        }
        const char *folder = fresh();
        copy_folder(live, folder); /* as a machine leaves it that goes down */
        assert_int_equal(unlink(in(folder, "index.db-shm")), 0);
        for (int n = 0; n < 4; n++)
            damage(in(folder, "index.db-wal"), test_random_below(&seed, size_of(in(folder, "index.db-wal"))));
        use_damaged(folder, false);
        qni_disk_close(tier);
    }
}

static void damage_under_two_openings_leaves_both_usable(void **state)
{
    (void)state;
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    fill_folder(folder);
    qni_disk_tier *a = open_tier(folder, ROOM), *b = open_tier(folder, ROOM);
    assert_true(has(b, "large1"));
    char *noise = malloc(1 << 20);
    assert_non_null(noise);
    memset(noise, 0x5A, 1 << 20);
    int fd = open(in(folder, "index.db"), O_WRONLY);
    assert_int_equal(pwrite(fd, noise, (size_t)size_of(in(folder, "index.db")) - 100, 100),
                     size_of(in(folder, "index.db")) - 100);
    assert_int_equal(close(fd), 0);
    free(noise);
    (void)remove_key(b, "small19"); /* a page that nobody has in memory */
    for (int i = 0; i < 19; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "small%d", i);
        (void)get(a, key);
    }
    put(a, "after", 100, 1);
    put(b, "after too", 40000, 1);
    assert_true(has(b, "after") && has(a, "after too"));
    assert_true(counts(a).rebuilt + counts(b).rebuilt >= 1);
    assert_true(has(a, "large0") && has(b, "large2"));
    assert_int_equal(listen(b).all > 0 || counts(b).rebuilt > 0, true);
    assert_sound(a);
    assert_sound(b);
    qni_disk_close(a);
    qni_disk_close(b);
}

static void a_damaged_value_is_a_miss_and_goes(void **state)
{
    (void)state;
    char path[256], folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    fill_folder(folder);
    qni_disk_tier *tier = open_tier(folder, ROOM);
    assert_int_equal(count_files(in(folder, "values"), "", path), 3);
    damage(path, 20000);
    sql(folder, "UPDATE entries SET record = substr(record, 1, 500) || x'00' || substr(record, 502) WHERE name = "
                "(SELECT name FROM ledger WHERE key = CAST('small7' AS BLOB)) AND substr(record, 501, 1) <> x'00'");
    int there = has(tier, "large0") + has(tier, "large1") + has(tier, "large2");
    assert_int_equal(there, 2);
    assert_false(has(tier, "small7"));
    assert_int_equal(counts(tier).damaged, 2);
    put(tier, "next", 10, 1);
    assert_int_equal(counts(tier).entries, 22);
    assert_int_equal(value_files(folder), 2);
    assert_sound(tier);
    qni_disk_close(tier);
}

static void verifying_finds_and_repairs(void **state)
{
    (void)state;
    char path[256], folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    fill_folder(folder);
    qni_disk_tier *tier = open_tier(folder, ROOM);
    assert_int_equal(count_files(in(folder, "values"), "", path), 3);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(count_files(in(folder, "values"), "", path), 2);
    damage(path, 30000);
    write_file(in(folder, "values/stranger"), "x", 1);
    (void)mkdir(in(folder, "values/00"), 0700);
    write_file(in(folder, "values/00/00aabbccddeeff00-0000000000000001"), "x", 1);
    write_file(in(folder, "values/00/strange"), "x", 1);
    qn_cache_report r = verify(tier, false);
    assert_int_equal(r.entries, 21);
    assert_int_equal(r.missing, 1);
    assert_int_equal(r.damaged, 1);
    assert_int_equal(r.strangers, 2);
    assert_false(r.index_damaged);
    r = verify(tier, true);
    assert_int_equal(r.missing + r.damaged + r.strangers, 4);
    assert_sound(tier);
    sql(folder, "UPDATE totals SET bytes = bytes + 1");
    assert_true(verify(tier, true).index_damaged);
    assert_sound(tier);
    assert_true(has(tier, "large0") + has(tier, "large1") + has(tier, "large2") == 1);
    qni_disk_close(tier);
}

static void a_folder_in_a_values_place_is_a_damaged_value(void **state)
{
    (void)state;
    char path[256], folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    fill_folder(folder);
    qni_disk_tier *tier = open_tier(folder, ROOM);
    assert_int_equal(count_files(in(folder, "values"), "", path), 3);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    qn_cache_report r = verify(tier, false);
    assert_int_equal(r.damaged, 1);
    assert_int_equal(r.entries, 22);
    assert_int_equal(verify(tier, true).damaged, 1);
    assert_sound(tier);
    assert_int_equal(access(path, F_OK), -1);
    qni_disk_close(tier);
}

static qn_status hear_damage(void *user, const char *sentence, qn_error *err)
{
    (void)err;
    *(bool *)user = strstr(sentence, root) != NULL; /* it says which */
    return QN_OK;
}

/* Nothing can be got from it, and verifying says why; it is not touched. */
static void a_damaged_index_that_can_only_be_read_is_reported(void **state)
{
    (void)state;
    static const qni_record_keys keys;
    for (int kind = 0; kind < 3; kind++) {
        const char *folder = fresh(), *index = in(folder, "index.db");
        qni_disk_tier *tier;
        qn_cache_report r;
        qn_error err;
        bool told = false;
        fill_folder(folder);
        if (kind == 0)
            write_file(index, "", 0);
        else if (kind == 1)
            damage(index, 3);
        else
            assert_int_equal(truncate(index, 5000), 0);
        assert_ok(try_open(&tier, folder, ROOM, true, &err), &err);
        assert_ok(qni_disk_verify(&r, tier, &keys, false, hear_damage, &told, &err), &err);
        assert_true(r.index_damaged && told);
        qni_disk_close(tier);
        assert_int_equal(count_files(folder, "index.db.damaged-", NULL), 0);
    }
}

static void of_damaged_indexes_the_last_one_is_kept(void **state)
{
    (void)state;
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    qni_disk_close(open_tier(folder, ROOM));
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"index.db", "index-1.db", "index-2.db"};
        damage(in(folder, names[i]), 3);
        qni_disk_close(open_tier(folder, ROOM));
        assert_int_equal(count_files(folder, "index.db.damaged-", NULL), 1);
    }
}

static void one_whose_folder_was_deleted_writes_no_more(void **state)
{
    (void)state;
    char folder[128], command[160];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    qni_disk_tier *before = open_tier(folder, ROOM);
    qn_error err;
    int64_t removed;
    const tier_put large = {.key = "large", .size = 40000, .number = 1};
    put(before, "a", 100, 1);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(tier_put_one(before, &large, NULL, &err), QN_IO);
    assert_contains(err.message, folder);
    assert_int_equal(access(folder, F_OK), -1);
    qni_disk_tier *after = open_tier(folder, ROOM);
    put(after, "b", 100, 2);
    assert_int_equal(tier_put_one(before, &large, NULL, &err), QN_IO);
    assert_int_equal(qni_disk_clear(&removed, before, &err), QN_IO);
    qni_disk_close(before);
    assert_int_equal(get(after, "b").number, 2);
    assert_false(has(after, "large"));
    assert_sound(after);
    qni_disk_close(after);
}

static void a_lock_that_was_deleted_is_made_again(void **state)
{
    (void)state;
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    fill_folder(folder);
    qni_disk_tier *tier;
    qn_error err;
    assert_int_equal(unlink(in(folder, "lock")), 0);
    assert_ok(try_open(&tier, folder, ROOM, true, &err), &err);
    assert_true(has(tier, "small3") && has(tier, "large1"));
    qni_disk_close(tier);
    assert_int_equal(access(in(folder, "lock"), F_OK), -1);
    tier = open_tier(folder, ROOM);
    assert_true(has(tier, "small3") && has(tier, "large1"));
    qni_disk_close(tier);
    assert_true(size_of(in(folder, "lock")) > 0);
    assert_int_equal(unlink(in(folder, "lock")), 0);
    sql(folder, "PRAGMA application_id = 1"); /* somebody else's database is not touched */
    assert_int_equal(try_open(&tier, folder, ROOM, false, &err), QN_DATA);
    assert_int_equal(access(in(folder, "lock"), F_OK), -1);
}

static void what_a_process_left_on_its_way_is_put_in_order(void **state)
{
    (void)state;
    char path[256], folder[128], moving[300];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    fill_folder(folder);
    assert_int_equal(count_files(in(folder, "values"), "", path), 3);
    (void)snprintf(moving, sizeof moving, "%s/values/moving/%s", folder, strrchr(path, '/') + 1);
    assert_int_equal(rename(path, moving), 0); /* committed, and not yet at its place */
    write_file(in(folder, "values/moving/0011223344556677-0000000000000009"), "half", 4);
    qni_disk_tier *tier = open_tier(folder, ROOM);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(value_files(folder), 3);
    assert_int_equal(rename(path, moving), 0);
    assert_true(has(tier, "large0") && has(tier, "large1") && has(tier, "large2"));
    assert_int_equal(remove_key(tier, "large0") + remove_key(tier, "large1") + remove_key(tier, "large2"), 3);
    assert_int_equal(value_files(folder), 0);
    qni_disk_close(tier);
}

/* ---- whose folder it is ---- */

static void a_folder_that_holds_other_things_is_refused(void **state)
{
    (void)state;
    const char *folder = fresh();
    qni_disk_tier *tier;
    qn_error err;
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(in(folder, "thesis.txt"), "x", 1);
    assert_int_equal(try_open(&tier, folder, ROOM, false, &err), QN_DATA);
    assert_null(tier);
    assert_contains(err.message, folder);
    assert_int_equal(count_files(folder, "", NULL), 1);
    write_file(in(folder, "lock"), "", 0); /* as other programs have it */
    assert_int_equal(try_open(&tier, folder, ROOM, false, &err), QN_DATA);
    assert_int_equal(count_files(folder, "", NULL), 2);
    assert_int_equal(try_open(&tier, in(folder, "thesis.txt"), ROOM, false, &err), QN_CREATE);
}

static void a_cache_of_a_newer_quern_is_refused_and_not_touched(void **state)
{
    (void)state;
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    qni_disk_tier *tier;
    qn_error err;
    fill_folder(folder);
    sql(folder, "PRAGMA user_version = 99");
    assert_int_equal(try_open(&tier, folder, ROOM, false, &err), QN_DATA);
    assert_contains(err.message, folder);
    assert_contains(err.message, "newer");
    assert_int_equal(sql_number(folder, "PRAGMA user_version"), 99);
    assert_int_equal(sql_number(folder, "SELECT count(*) FROM entries"), 23);
    sql(folder, "PRAGMA user_version = 0"); /* an older one's is built anew */
    tier = open_tier(folder, ROOM);
    assert_true(has(tier, "large0"));
    qni_disk_close(tier);
}

static void one_that_is_read_only_changes_nothing(void **state)
{
    (void)state;
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    qni_disk_tier *tier;
    qn_error err;
    assert_int_equal(try_open(&tier, folder, ROOM, true, &err), QN_NO_INPUT);
    assert_contains(err.message, folder);
    fill_folder(folder);
    assert_ok(try_open(&tier, folder, ROOM, true, &err), &err);
    assert_true(has(tier, "small3") && has(tier, "large1"));
    assert_int_equal(counts(tier).entries, 23);
    const tier_put p = {.key = "new", .size = 10};
    assert_int_equal(tier_put_one(tier, &p, NULL, &err), QN_PERMISSION);
    assert_contains(err.message, folder);
    qni_disk_tier *writer = open_tier(folder, ROOM);
    assert_int_equal(remove_key(writer, "small3"), 1);
    assert_int_equal(listen(tier).names, 1);
    assert_false(has(tier, "small3"));
    qni_disk_close(writer);
    qni_disk_close(tier);
}

/* ---- no room, no right ---- */

/* In a child nothing of cmocka works: what does not hold is printed, and the child fails. */
#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            (void)fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, err.message); \
            return 1;                                                                               \
        }                                                                                           \
    } while (0)

static int in_child(int (*body)(const char *folder), const char *folder)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(body(folder));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool still(qni_disk_tier *tier, const char *key, qn_error *err)
{
    tier_got got;
    return tier_get_one(&got, tier, key, NULL, err) == QN_OK && got.there && got.whole;
}

/* To its last byte, beside the cache. */
static bool fill_up(const char *folder)
{
    static const char page[4096];
    int fd = open(in(folder, "values/filler"), O_WRONLY | O_CREAT, 0600);
    while (fd >= 0 && write(fd, page, sizeof page) > 0)
        continue;
    return fd >= 0 && close(fd) == 0;
}

static int clear_the_full_disk(const char *folder, qni_disk_tier *tier, int64_t count)
{
    static const qni_record_keys keys;
    qn_cache_report r;
    qn_error err = qn_error_none();
    int64_t removed;
    CHECK(fill_up(folder));
    CHECK(qni_disk_clear(&removed, tier, &err) == QN_OK);
    CHECK(removed == count);
    CHECK(!still(tier, "first", &err) && !still(tier, "k1", &err));
    CHECK(tier_put_one(tier, &(tier_put){.key = "after", .size = 40000}, NULL, &err) == QN_OK);
    CHECK(still(tier, "after", &err));
    CHECK(qni_disk_verify(&r, tier, &keys, false, NULL, NULL, &err) == QN_OK);
    CHECK(r.entries == 1 && r.damaged + r.missing + r.strangers == 0 && !r.index_damaged);
    return 0;
}

static int fill_the_disk(const char *folder)
{
    qni_disk_tier *tier;
    qn_error err = qn_error_none();
    char key[16];
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=1m") != 0)
        return SKIPPED;
    CHECK(try_open(&tier, folder, 8 << 20, false, &err) == QN_OK);
    tier_put p = {.key = "first", .size = 40000, .number = 1};
    CHECK(tier_put_one(tier, &p, NULL, &err) == QN_OK);
    qn_status s = QN_OK;
    int count = 0;
    for (p.key = key; s == QN_OK && count < 1000; count++) {
        (void)snprintf(key, sizeof key, "k%d", count);
        p.size = count % 2 == 0 ? 40000 : 900;
        s = tier_put_one(tier, &p, NULL, &err);
    }
    CHECK(s == QN_IO);
    CHECK(strstr(err.message, folder) != NULL);
    CHECK(!still(tier, key, &err));
    CHECK(still(tier, "first", &err) && still(tier, "k0", &err) && still(tier, "k1", &err));
    qni_disk_counts c;
    qni_disk_counts_get(&c, tier);
    qn_cache_report r;
    static const qni_record_keys keys;
    CHECK(qni_disk_verify(&r, tier, &keys, false, NULL, NULL, &err) == QN_OK);
    CHECK(r.entries == c.entries && r.bytes == c.bytes && r.damaged + r.missing + r.strangers == 0 &&
          !r.index_damaged && r.entries == count);
    int failed = clear_the_full_disk(folder, tier, count);
    qni_disk_close(tier);
    return failed;
}

static void a_full_disk_fails_the_put_and_nothing_else(void **state)
{
    (void)state;
    const char *folder = fresh();
    assert_int_equal(mkdir(folder, 0755), 0);
    int result = in_child(fill_the_disk, folder);
    if (result == SKIPPED) {
        print_message("SKIPPED: no small file system can be made here (unshare, mount), so none is filled\n");
        skip();
    }
    assert_int_equal(result, 0);
}

static int use_what_is_not_ours(const char *folder)
{
    qni_disk_tier *tier;
    qn_error err = qn_error_none();
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return SKIPPED;
    CHECK(try_open(&tier, folder, ROOM, false, &err) == QN_PERMISSION);
    CHECK(strstr(err.message, folder) != NULL);
    CHECK(try_open(&tier, folder, ROOM, true, &err) == QN_OK);
    CHECK(still(tier, "small3", &err) && still(tier, "large1", &err));
    qni_disk_close(tier);
    return 0;
}

static void a_folder_that_may_not_be_written_can_be_read(void **state)
{
    (void)state;
    char folder[128], command[300];
    (void)snprintf(folder, sizeof folder, "%s", fresh());
    fill_folder(folder);
    (void)snprintf(command, sizeof command, "chmod -R a+rX,a-w %s", folder);
    assert_int_equal(system(command), 0);
    int result = in_child(use_what_is_not_ours, folder);
    (void)snprintf(command, sizeof command, "chmod -R u+w %s", folder);
    assert_int_equal(system(command), 0);
    if (result == SKIPPED) {
        print_message("SKIPPED: root cannot become nobody here, so nothing is forbidden to it\n");
        skip();
    }
    assert_int_equal(result, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_got_also_after_opening_again),
        cmocka_unit_test(that_there_is_none_is_kept_too),
        cmocka_unit_test(a_value_that_is_replaced_leaves_no_file),
        cmocka_unit_test(what_it_makes_is_its_owners_alone),
        cmocka_unit_test(the_totals_are_the_sums),
        cmocka_unit_test(the_oldest_that_was_never_used_goes_first),
        cmocka_unit_test(what_is_used_survives_a_scan),
        cmocka_unit_test(a_value_that_fills_the_tier_drives_out_all_others),
        cmocka_unit_test(what_has_ended_is_a_miss_and_goes_with_the_next_write),
        cmocka_unit_test(deadlines_survive_another_start_of_the_machine),
        cmocka_unit_test(those_that_have_ended_go_before_others_have_to),
        cmocka_unit_test(what_depends_on_a_name_goes_with_it),
        cmocka_unit_test(putting_anew_removes_what_depended_on_it),
        cmocka_unit_test(a_prefix_and_everything_can_be_removed),
        cmocka_unit_test(each_entry_is_shown_once),
        cmocka_unit_test(each_hears_what_the_other_did_and_not_itself),
        cmocka_unit_test(who_is_too_far_behind_hears_that_all_is_gone),
        cmocka_unit_test(a_commit_whose_process_ended_at_once_is_heard),
        cmocka_unit_test(what_was_got_is_got_again_without_the_index_until_it_changes),
        cmocka_unit_test(another_start_of_the_machine_empties_the_window),
        cmocka_unit_test(names_that_share_a_slot_do_not_meet),
        cmocka_unit_test(a_damaged_window_never_answers_wrongly),
        cmocka_unit_test(an_index_that_is_no_index_is_set_aside_and_built_anew),
        cmocka_unit_test(an_index_damaged_in_any_byte_never_answers_wrongly),
        cmocka_unit_test(an_index_with_a_damaged_header_is_set_aside_or_refused),
        cmocka_unit_test(a_damaged_log_loses_what_was_not_yet_in_the_index),
        cmocka_unit_test(damage_under_two_openings_leaves_both_usable),
        cmocka_unit_test(a_damaged_value_is_a_miss_and_goes),
        cmocka_unit_test(verifying_finds_and_repairs),
        cmocka_unit_test(a_folder_in_a_values_place_is_a_damaged_value),
        cmocka_unit_test(a_damaged_index_that_can_only_be_read_is_reported),
        cmocka_unit_test(of_damaged_indexes_the_last_one_is_kept),
        cmocka_unit_test(one_whose_folder_was_deleted_writes_no_more),
        cmocka_unit_test(a_lock_that_was_deleted_is_made_again),
        cmocka_unit_test(what_a_process_left_on_its_way_is_put_in_order),
        cmocka_unit_test(a_folder_that_holds_other_things_is_refused),
        cmocka_unit_test(a_cache_of_a_newer_quern_is_refused_and_not_touched),
        cmocka_unit_test(one_that_is_read_only_changes_nothing),
        cmocka_unit_test(a_full_disk_fails_the_put_and_nothing_else),
        cmocka_unit_test(a_folder_that_may_not_be_written_can_be_read),
    };
    if (!qn_has("sqlite")) {
        print_message("SKIPPED: SQLite is not here, so there are no caches on disk\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
