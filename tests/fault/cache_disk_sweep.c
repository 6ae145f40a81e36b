/* The disk tier of caches with the n-th allocation failing: it says so, or does without, and holds nothing afterwards.
 * */
#include "harness/cache_tier.h"
#include "harness/harness.h"

#include <stdio.h>
#include <unistd.h>

static char root[64];
static qni_cache_time now;

static int make_root(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "%s/quern-sweep-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    qni_cache_time_init(&now, NULL);
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static qn_status open_at(qni_disk_tier **out, const char *folder, const qn_allocator *allocator, qn_error *err)
{
    const qni_disk_options options = {.folder = folder, .bytes = 64 << 20, .time = &now, .allocator = allocator};
    return qni_disk_open(out, &options, err);
}

static qn_status look(void *user, const qn_cache_entry *entry, qn_error *err)
{
    (void)user;
    (void)entry;
    (void)err;
    return QN_OK;
}

static qn_status put_all(qni_disk_tier *tier, const qn_allocator *allocator, qn_error *err)
{
    static const char *const on[] = {"small"};
    static const tier_put puts[] = {
        {.key = "small", .size = 900, .number = 1},
        {.key = "large", .size = 40000, .number = 1},
        {.key = "large", .size = 41000, .number = 2},
        {.key = "dependent", .size = 10, .number = 1, .depends = on, .depend_count = 1},
    };
    qn_status s = QN_OK;
    for (size_t i = 0; i < sizeof puts / sizeof puts[0] && s == QN_OK; i++)
        s = tier_put_one(tier, &puts[i], allocator, err);
    return s;
}

static qn_status use(qni_disk_tier *tier, const qn_allocator *allocator, qn_error *err)
{
    static const qni_record_keys none;
    uint64_t depends[QN_CACHE_DEPENDS_MAX];
    int64_t count;
    tier_got got;
    qn_cache_report report;
    qni_cache_key dependent = tier_key("dependent"), small = tier_key("small");
    qn_status s = put_all(tier, allocator, err);
    if (s == QN_OK)
        s = tier_get_one(&got, tier, "small", allocator, err);
    if (s == QN_OK)
        s = tier_get_one(&got, tier, "large", allocator, err);
    if (s == QN_OK)
        s = qni_disk_depends(depends, &count, tier, &dependent, err);
    if (s == QN_OK)
        s = qni_disk_each(tier, NULL, 0, look, NULL, err);
    if (s == QN_OK)
        s = qni_disk_verify(&report, tier, &none, true, NULL, NULL, err);
    if (s == QN_OK)
        s = qni_disk_remove(&count, tier, &small, &small.name, 1, err);
    if (s == QN_OK)
        s = qni_disk_remove_prefix(&count, tier, "lar", 3, err);
    return s == QN_OK ? qni_disk_clear(&count, tier, err) : s;
}

static qn_status life(const qn_allocator *allocator, void *user)
{
    qni_disk_tier *tier;
    qn_error err = qn_error_none();
    qn_status s = open_at(&tier, user, allocator, &err);
    if (s != QN_OK)
        return s;
    s = use(tier, allocator, &err);
    qni_disk_close(tier);
    return s;
}

static void a_life_of_the_tier_survives_every_failing_allocation(void **state)
{
    (void)state;
    char folder[96];
    (void)snprintf(folder, sizeof folder, "%s/life", root);
    assert_true(test_fault_sweep(life, folder, 5000) > 20);
    qni_disk_tier *tier;
    qn_error err;
    qn_cache_report report;
    static const qni_record_keys none;
    assert_ok(open_at(&tier, folder, NULL, &err), &err);
    assert_ok(qni_disk_verify(&report, tier, &none, false, NULL, NULL, &err), &err);
    assert_int_equal(report.damaged + report.missing + report.strangers, 0);
    assert_false(report.index_damaged);
    qni_disk_close(tier);
}

/* The folder's index is gone each time: what lies in values/ is read again. */
static qn_status rebuild(const qn_allocator *allocator, void *user)
{
    char command[300];
    qni_disk_tier *tier;
    qn_error err = qn_error_none();
    (void)snprintf(command, sizeof command, "rm -rf %s/b; cp -a %s/a %s/b", root, root, root);
    if (system(command) != 0)
        return QN_IO;
    (void)user;
    (void)snprintf(command, sizeof command, "%s/b", root);
    qn_status s = open_at(&tier, command, allocator, &err);
    if (s == QN_OK)
        qni_disk_close(tier);
    return s;
}

static void building_an_index_survives_every_failing_allocation(void **state)
{
    (void)state;
    char path[96];
    qni_disk_tier *tier;
    qn_error err;
    (void)snprintf(path, sizeof path, "%s/a", root);
    assert_ok(open_at(&tier, path, NULL, &err), &err);
    assert_ok(put_all(tier, NULL, &err), &err);
    qni_disk_close(tier);
    (void)snprintf(path, sizeof path, "%s/a/index.db", root);
    assert_int_equal(unlink(path), 0);
    assert_true(test_fault_sweep(rebuild, NULL, 5000) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_of_the_tier_survives_every_failing_allocation),
        cmocka_unit_test(building_an_index_survives_every_failing_allocation),
    };
    if (!qn_has("sqlite")) {
        print_message("SKIPPED: SQLite is not here, so there are no caches on disk\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
