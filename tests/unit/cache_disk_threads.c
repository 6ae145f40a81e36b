/* The disk tier of caches under many threads of one process: what each put last is what it gets, nothing is torn, and
 * the totals are right at the end. */
#include "harness/cache_tier.h"
#include "harness/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum {
    THREADS = 4,
    KEYS = 6
};

typedef struct worker {
    qni_disk_tier *tier;
    int index;
    int64_t rounds, wrong;
    qn_error err;
} worker;

static void hear(void *user, const qni_change *change)
{
    (void)change;
    ++*(int64_t *)user;
}

static qn_status change_shared(qni_disk_tier *tier, const char *text, int64_t round, qn_error *err)
{
    int64_t removed;
    const qni_cache_key key = tier_key(text);
    const tier_put p = {.key = text, .size = round % 2 == 0 ? 40000 : 800, .number = (uint64_t)round};
    return round % 3 == 0 ? qni_disk_remove(&removed, tier, &key, &key.name, 1, err)
                          : tier_put_one(tier, &p, NULL, err);
}

/* Its own keys, which nobody else writes, and those of all, of which only wholeness is known. */
static void *work(void *user)
{
    worker *w = user;
    uint64_t seed = (uint64_t)w->index + 1;
    int64_t heard = 0;
    for (int64_t i = 1; i <= w->rounds && w->wrong == 0; i++) {
        char mine[24], shared[24];
        tier_got got;
        (void)snprintf(mine, sizeof mine, "t%d/%d", w->index, (int)test_random_below(&seed, KEYS));
        (void)snprintf(shared, sizeof shared, "all/%d", (int)test_random_below(&seed, KEYS));
        const tier_put own = {
            .key = mine, .size = i % 4 == 0 ? 40000 : 100 + test_random_below(&seed, 1500), .number = (uint64_t)i};
        qn_status s = tier_put_one(w->tier, &own, NULL, &w->err);
        for (int again = 0; again < 3 && s == QN_OK; again++) {
            s = tier_get_one(&got, w->tier, mine, NULL, &w->err);
            w->wrong += s == QN_OK && (!got.there || !got.whole || got.number != (uint64_t)i);
            if (s == QN_OK)
                s = tier_get_one(&got, w->tier, shared, NULL, &w->err);
            w->wrong += s == QN_OK && got.there && !got.whole;
        }
        if (s == QN_OK)
            s = change_shared(w->tier, shared, i, &w->err);
        if (qni_disk_changed(w->tier))
            qni_disk_changes(w->tier, hear, &heard);
        w->wrong += s != QN_OK;
    }
    return NULL;
}

static void what_each_thread_put_last_is_what_it_gets(void **state)
{
    (void)state;
    char folder[64], command[128];
    qni_cache_time now;
    qni_disk_tier *tiers[2];
    qn_error err;
    pthread_t threads[THREADS];
    worker workers[THREADS];
    qni_cache_time_init(&now, NULL);
    (void)snprintf(folder, sizeof folder, "%s/quern-tier-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder));
    const qni_disk_options options = {.folder = folder, .bytes = 64 << 20, .time = &now};
    for (int i = 0; i < 2; i++)
        assert_ok(qni_disk_open(&tiers[i], &options, &err), &err);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.tier = tiers[i % 2], .index = i, .rounds = test_effort(25, 1000)};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        if (workers[i].wrong != 0)
            print_error("%s\n", workers[i].err.message);
        assert_int_equal(workers[i].wrong, 0);
    }
    static const qni_record_keys none;
    qn_cache_report report;
    assert_ok(qni_disk_verify(&report, tiers[0], &none, false, NULL, NULL, &err), &err);
    assert_false(report.index_damaged);
    assert_int_equal(report.damaged + report.missing + report.strangers, 0);
    for (int i = 0; i < 2; i++) {
        qni_disk_counts counts;
        qni_disk_counts_get(&counts, tiers[i]);
        assert_int_equal(counts.damaged, 0); /* what was removed while it was looked for was not damaged */
        qni_disk_close(tiers[i]);
    }
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_each_thread_put_last_is_what_it_gets),
    };
    if (!qn_has("sqlite")) {
        print_message("SKIPPED: SQLite is not here, so there are no caches on disk\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
