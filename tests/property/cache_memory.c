/* property/cache_memory.c: random calls on the memory tier of a cache beside a model of it: what it gives is what was
 * last put, and its bytes are those that were asked of allocators, never more than its limit. Then the same tier under
 * threads. */
#include "harness/harness.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "store/cache_int.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
    KEYS = 300,
    NAMES = 8,
    SECOND = 1000000000,
};

static int64_t now_ns;

static int64_t clock_ns(void *user)
{
    (void)user;
    return now_ns;
}

/* What a key's last put said, if nothing has removed it. */
typedef struct model {
    bool there;
    int64_t stored_ns, size, ends_ns, pins;
    uint64_t depends;
    bool absent;
} model;

typedef struct world {
    test_allocator tables, datums;
    qni_cache_time time;
    qni_memory_tier *tier;
    int64_t limit, puts;
    uint64_t random;
    model models[KEYS];
    char texts[KEYS][16];
} world;

static qni_cache_key key_at(world *w, int64_t i)
{
    int64_t size = (int64_t)strlen(w->texts[i]);
    return (qni_cache_key){w->texts[i], size, qni_hash_bytes(w->texts[i], size, 3), qni_cache_name(w->texts[i], size)};
}

static bool lives(const model *m)
{
    return m->there && m->ends_ns > now_ns;
}

static void put_one(world *w, int64_t i)
{
    qn_error err;
    qni_cache_key key = key_at(w, i);
    model *m = &w->models[i];
    uint64_t depends = 100 + (uint64_t)test_random_below(&w->random, NAMES);
    int64_t pins = lives(m) ? m->pins : 0;
    int64_t ttl = test_random_below(&w->random, 3) == 0 ? 1 + test_random_below(&w->random, 3 * (int64_t)SECOND) : 0;
    *m = (model){.there = true,
                 .stored_ns = ++w->puts,
                 .size = test_random_below(&w->random, test_random_below(&w->random, 20) == 0 ? w->limit : 300),
                 .ends_ns = ttl > 0 ? now_ns + ttl : INT64_MAX,
                 .depends = test_random_below(&w->random, 2) == 0 ? depends : 0,
                 .absent = test_random_below(&w->random, 10) == 0};
    qni_cache_value value = {.stored_ns = m->stored_ns,
                             .deadline = qni_deadline_after(&w->time, ttl),
                             .depends = &m->depends,
                             .depend_count = m->depends != 0};
    if (!m->absent) {
        void *bytes = qni_alloc_zeroed(NULL, m->size, 1);
        assert_ok(qn_datum_bytes(&value.datum, bytes, m->size, &w->datums.allocator, &err), &err);
        qni_free(NULL, bytes, m->size, 1);
    }
    bool kept;
    assert_ok(qni_memory_put(&kept, w->tier, &key, &value, &err), &err);
    qn_datum_unref(value.datum);
    m->there = kept;
    m->pins = pins;
}

static void get_one(world *w, int64_t i)
{
    qni_memory_found found;
    qni_cache_key key = key_at(w, i);
    model *m = &w->models[i];
    key.name = 0;
    bool hit = qni_memory_get(&found, w->tier, &key);
    if (!hit) {
        assert_null(found.datum);
        assert_false(lives(m) && m->pins > 0);
        m->there = false;
        return;
    }
    int64_t size;
    assert_true(lives(m));
    assert_int_equal(found.stored_ns, m->stored_ns);
    assert_int_equal(found.datum == NULL, m->absent);
    if (!m->absent)
        (void)qn_datum_text(found.datum, &size);
    assert_true(m->absent || size == m->size);
    qn_datum_unref(found.datum);
}

static void forget_where(world *w, uint64_t depends, const char *prefix)
{
    for (int64_t i = 0; i < KEYS; i++) {
        model *m = &w->models[i];
        if (depends != 0 ? m->depends == depends : prefix == NULL || strncmp(w->texts[i], prefix, 2) == 0)
            m->there = false;
    }
}

static void pin_one(world *w, int64_t i)
{
    qni_cache_key key = key_at(w, i);
    model *m = &w->models[i];
    bool pinned;
    if (test_random_below(&w->random, 2) == 0) {
        qni_memory_unpin(w->tier, &key);
        m->pins -= lives(m) && m->pins > 0;
        return;
    }
    qn_status s = qni_memory_pin(&pinned, w->tier, &key, NULL);
    assert_true(s == QN_OK || (s == QN_EXHAUSTED && !pinned && lives(m)));
    assert_false(pinned && !lives(m));
    m->pins += pinned;
}

static void call_one(world *w)
{
    int64_t i = test_random_below(&w->random, KEYS);
    uint64_t depends = 100 + (uint64_t)test_random_below(&w->random, NAMES);
    char prefix[3] = {'k', (char)('0' + test_random_below(&w->random, 10)), 0};
    qni_cache_key key = key_at(w, i);
    switch (test_random_below(&w->random, 100)) {
    case 0:
        (void)qni_memory_remove_dependents(w->tier, &depends, 1);
        forget_where(w, depends, NULL);
        break;
    case 1:
        (void)qni_memory_remove_prefix(w->tier, prefix, 2);
        forget_where(w, 0, prefix);
        break;
    case 2:
        if (test_random_below(&w->random, 20) == 0) {
            (void)qni_memory_clear(w->tier);
            forget_where(w, 0, NULL);
        }
        break;
    case 3:
    case 4:
        assert_in_range(qni_memory_remove_name(w->tier, key.name), 0, lives(&w->models[i]));
        w->models[i].there = false;
        break;
    case 5:
    case 6:
        assert_in_range(qni_memory_remove(w->tier, &key), 0, lives(&w->models[i]));
        w->models[i].there = false;
        break;
    case 7:
    case 8:
        pin_one(w, i);
        break;
    case 9:
        now_ns += test_random_below(&w->random, SECOND);
        break;
    default:
        if (test_random_below(&w->random, 2) == 0)
            put_one(w, i);
        else
            get_one(w, i);
    }
}

static void bytes_are_exact(world *w)
{
    qni_memory_counts counts;
    qni_memory_counts_get(&counts, w->tier);
    assert_int_equal(counts.bytes, w->tables.live_bytes + w->datums.live_bytes);
    assert_true(counts.bytes <= w->limit);
    assert_true(counts.pinned_bytes <= counts.bytes);
}

static void a_tier_gives_what_was_last_put_and_counts_every_byte(void **state)
{
    (void)state;
    qn_error err;
    uint64_t random = test_seed(8);
    int64_t rounds = test_effort(40, 4000);
    for (int64_t round = 0; round < rounds; round++) {
        world w = {.random = random + (uint64_t)round};
        test_allocator_init(&w.tables);
        test_allocator_init(&w.datums);
        w.limit = 3000 + test_random_below(&w.random, 60000);
        qni_cache_time_init(&w.time, &(qn_cache_clock){clock_ns, clock_ns, "a start", NULL});
        for (int64_t i = 0; i < KEYS; i++)
            (void)snprintf(w.texts[i], sizeof w.texts[i], "k%d", (int)i);
        assert_ok(qni_memory_new(&w.tier, w.limit, test_random_below(&w.random, 5), &w.time, &w.tables.allocator, &err),
                  &err);
        for (int call = 0; call < 1500; call++) {
            call_one(&w);
            bytes_are_exact(&w);
        }
        qni_memory_free(w.tier);
        assert_int_equal(w.tables.live_bytes + w.datums.live_bytes, 0);
    }
}

static void a_tier_asks_for_no_byte_above_its_limit(void **state)
{
    (void)state;
    qn_error err;
    test_allocator counting;
    qni_memory_tier *tier;
    char text[100];
    uint64_t random = test_seed(9);
    qni_cache_time time;
    qni_cache_time_init(&time, NULL);
    for (int64_t limit = 2000; limit < 200000; limit = limit * 5 / 3) {
        test_allocator_init(&counting);
        assert_ok(qni_memory_new(&tier, limit, 0, &time, &counting.allocator, &err), &err);
        for (int i = 0; i < 3000; i++) { /* all of it is the tier's own: keys of any size that say there is none */
            bool kept;
            int64_t size = 8 + test_random_below(&random, 80);
            memset(text, '-', sizeof text);
            (void)snprintf(text, sizeof text, "%d", i);
            qni_cache_key key = {text, size, qni_hash_bytes(text, size, random), qni_cache_name(text, size)};
            assert_ok(qni_memory_put(&kept, tier, &key, &(qni_cache_value){0}, &err), &err);
        }
        assert_true(counting.peak_bytes <= limit);
        assert_true(counting.peak_bytes > limit - 10000);
        qni_memory_free(tier);
        assert_int_equal(counting.live_bytes, 0);
    }
}

/* ---- threads ---- */

typedef struct crowd {
    qni_memory_tier *tier;
    int64_t calls;
    _Atomic int64_t number, wrong;
} crowd;

static qn_status shown(void *user, const qn_cache_entry *entry, qn_error *err)
{
    (void)err;
    crowd *c = user;
    if (((const char *)entry->key)[0] != 'k')
        atomic_fetch_add(&c->wrong, 1);
    return QN_OK;
}

static void other_calls(crowd *c, uint64_t *random, const qni_cache_key *key)
{
    uint64_t depends = key->name % NAMES, names[QN_CACHE_DEPENDS_MAX];
    qni_memory_counts counts;
    switch (test_random_below(random, 8)) {
    case 0:
        (void)qni_memory_remove(c->tier, key);
        break;
    case 1:
        (void)qni_memory_remove_name(c->tier, key->name);
        break;
    case 2:
        (void)qni_memory_remove_dependents(c->tier, &depends, 1);
        break;
    case 3:
        (void)qni_memory_remove_prefix(c->tier, "k77", 3);
        break;
    case 4:
        if (qni_memory_pin(NULL, c->tier, key, NULL) == QN_OK)
            qni_memory_unpin(c->tier, key);
        break;
    case 5:
        if (qni_memory_depends(names, c->tier, key) > 1)
            atomic_fetch_add(&c->wrong, 1);
        break;
    case 6:
        if (test_random_below(random, 10) == 0 && qni_memory_each(c->tier, "k5", 2, shown, c, NULL) != QN_OK)
            atomic_fetch_add(&c->wrong, 1);
        break;
    default:
        qni_memory_counts_get(&counts, c->tier);
        if (counts.entries < 0)
            atomic_fetch_add(&c->wrong, 1);
    }
}

static void put_own_text(crowd *c, const qni_cache_key *key)
{
    bool kept;
    uint64_t depends = key->name % NAMES;
    qni_cache_value value = {.depends = &depends, .depend_count = key->size & 1};
    if (qn_datum_bytes(&value.datum, key->bytes, key->size, NULL, NULL) != QN_OK ||
        qni_memory_put(&kept, c->tier, key, &value, NULL) != QN_OK)
        atomic_fetch_add(&c->wrong, 1);
    qn_datum_unref(value.datum);
}

static void *work(void *user)
{
    crowd *c = user;
    uint64_t random = 77 + (uint64_t)atomic_fetch_add(&c->number, 1);
    for (int64_t i = 0; i < c->calls; i++) {
        char text[16];
        int64_t size = snprintf(text, sizeof text, "k%d", (int)test_random_below(&random, 1000)), got_size;
        qni_cache_key key = {text, size, qni_hash_bytes(text, size, 5), qni_cache_name(text, size)};
        qni_memory_found found;
        if (test_random_below(&random, 20) == 0) {
            other_calls(c, &random, &key);
        } else if (!qni_memory_get(&found, c->tier, &key)) {
            put_own_text(c, &key);
        } else {
            const char *got = qn_datum_text(found.datum, &got_size);
            if (got_size != size || memcmp(got, text, (size_t)size) != 0)
                atomic_fetch_add(&c->wrong, 1);
            qn_datum_unref(found.datum);
        }
    }
    return NULL;
}

static void run_threads(int64_t threads, int64_t calls, int64_t limit)
{
    qn_error err;
    crowd c = {.calls = calls};
    qni_cache_time time;
    pthread_t started[200];
    int64_t before, after, peak;
    qni_cache_time_init(&time, NULL);
    qni_allocator_default_held(&before, &peak);
    assert_ok(qni_memory_new(&c.tier, limit, 4, &time, NULL, &err), &err);
    for (int64_t i = 0; i < threads; i++)
        assert_int_equal(pthread_create(&started[i], NULL, work, &c), 0);
    for (int64_t i = 0; i < threads; i++)
        assert_int_equal(pthread_join(started[i], NULL), 0);
    qni_memory_counts counts;
    qni_memory_counts_get(&counts, c.tier);
    qni_allocator_default_held(&after, &peak);
    assert_int_equal(atomic_load(&c.wrong), 0);
    assert_int_equal(counts.bytes, after - before);
    assert_true(counts.bytes <= limit);
    assert_int_equal(counts.pinned_entries, 0);
    qni_memory_free(c.tier);
    qni_allocator_default_held(&after, &peak);
    assert_int_equal(after, before);
}

static void two_threads_share_a_tier(void **state)
{
    (void)state;
    run_threads(2, test_effort(20000, 2000000), 100000);
}

static void two_hundred_threads_share_a_tier(void **state)
{
    (void)state;
    run_threads(200, test_effort(200, 20000), 80000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tier_gives_what_was_last_put_and_counts_every_byte),
        cmocka_unit_test(a_tier_asks_for_no_byte_above_its_limit),
        cmocka_unit_test(two_threads_share_a_tier),
        cmocka_unit_test(two_hundred_threads_share_a_tier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
