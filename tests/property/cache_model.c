/* Two caches on one folder against a model, as random puts, removals, gets, restarts and hours come: a get gives what
 * was last put, and nothing where it has ended, was removed, or depended on what was. Time is the test's own. */
#include "unit/cache_kit.h"

enum {
    NAMES = 12, /* all of which may be entries, and depended on */
};

/* What is known of one name. Dependencies are a set of names, as bits. */
typedef struct entry {
    bool there;
    bool maybe; /* it may have gone: what it depends on was perhaps inherited */
    bool absent;
    int64_t version, ends_ns; /* INT64_MAX: never */
    uint32_t depends, perhaps;
} entry;

typedef struct model {
    entry entries[NAMES];
    kit_clock time;
    uint64_t random;
    qn_cache *caches[2];
    qn_cache_options options;
    int64_t versions;
} model;

static int64_t below(model *m, int64_t bound)
{
    return test_random_below(&m->random, bound);
}

static const char *key_of(int64_t i)
{
    static char key[2][8];
    static int turn;
    turn = !turn;
    (void)snprintf(key[turn], sizeof key[turn], "%s%02d", i % 2 == 0 ? "even/" : "odd/", (int)i);
    return key[turn];
}

static qn_cache *any(model *m)
{
    return m->caches[below(m, 2)];
}

static void settle(model *m, qn_cache *cache)
{
    qn_error err;
    if (m->options.writing == QN_CACHE_BACK) /* until then the other cache is behind */
        assert_ok(qn_cache_flush(cache, -1, &err), &err);
}

static bool has_ended(const model *m, const entry *e)
{
    return e->ends_ns <= m->time.boot_ns;
}

static void remove_dependents(model *m, uint32_t names)
{
    for (int i = 0; i < NAMES; i++) {
        entry *e = &m->entries[i];
        if (e->there && (e->depends & names) != 0)
            e->there = false;
        else if (e->there && (e->perhaps & names) != 0)
            e->maybe = true;
    }
}

static void put(model *m)
{
    int64_t i = below(m, NAMES), ttl_ms = below(m, 3) == 0 ? 1 + below(m, 5000) : -1;
    qn_cache *cache = any(m);
    qn_cache_name on[3];
    char keys[3][8];
    entry new = {.there = true, .absent = below(m, 8) == 0, .version = ++m->versions, .ends_ns = INT64_MAX};
    qn_cache_put_options options = {.ttl_ms = ttl_ms, .depends_on = on, .depends_count = below(m, 4) % 3};
    options.own_file = below(m, 10) == 0;
    for (int64_t k = 0; k < options.depends_count; k++) {
        int64_t other = below(m, NAMES);
        const entry *e = &m->entries[other];
        (void)snprintf(keys[k], sizeof keys[k], "%s", key_of(other));
        on[k] = (qn_cache_name){keys[k], -1};
        new.depends |= 1u << other;
        if (e->there && !e->maybe && !has_ended(m, e))
            new.depends |= e->depends;
        else
            new.perhaps |= e->depends;
        new.perhaps |= e->perhaps;
    }
    new.depends &= ~(1u << i);
    new.perhaps &= ~(1u << i);
    if (ttl_ms > 0)
        new.ends_ns = m->time.boot_ns + ttl_ms * 1000000;
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)new.version);
    kit_put_with(cache, key_of(i), new.absent ? NULL : text, options);
    remove_dependents(m, 1u << i);
    m->entries[i] = new;
    settle(m, cache);
}

static void get(model *m)
{
    int64_t i = below(m, NAMES);
    const entry *e = &m->entries[i];
    char text[32];
    const char *got = kit_get(any(m), key_of(i));
    (void)snprintf(text, sizeof text, "%lld", (long long)e->version);
    const char *expected = !e->there || has_ended(m, e) ? "?" : e->absent ? "-" : text;
    if (e->there && e->maybe && strcmp(got, "?") == 0)
        return;
    assert_string_equal(got, expected);
}

static bool is_entry(const model *m, int64_t k)
{
    const entry *e = &m->entries[k];
    return e->there && !e->maybe && !has_ended(m, e);
}

static bool has_prefix(int64_t k, bool even)
{
    return (k % 2 == 0) == even;
}

/* Of names that are no entries nobody knows that they begin so: what depends on them may go or stay. */
static void remove_prefix(model *m, qn_cache *cache, bool even)
{
    qn_error err;
    uint32_t gone = 0, unknown = 0;
    assert_ok(qn_cache_remove_prefix(NULL, cache, even ? "even/" : "odd/", -1, &err), &err);
    for (int k = 0; k < NAMES; k++)
        if (has_prefix(k, even))
            *(is_entry(m, k) ? &gone : &unknown) |= 1u << k;
    for (int k = 0; k < NAMES; k++) {
        entry *e = &m->entries[k];
        if (has_prefix(k, even))
            e->there = false;
        else if (((e->depends | e->perhaps) & unknown) != 0)
            e->maybe = true;
    }
    remove_dependents(m, gone);
}

static void remove_some(model *m)
{
    qn_cache *cache = any(m);
    int64_t i = below(m, NAMES), how = below(m, 12);
    qn_error err;
    if (how == 0) {
        assert_ok(qn_cache_clear(NULL, cache, &err), &err);
        for (int k = 0; k < NAMES; k++)
            m->entries[k].there = false;
    } else if (how == 1) {
        remove_prefix(m, cache, i % 2 == 0);
    } else {
        assert_ok(qn_cache_remove(NULL, cache, key_of(i), -1, &err), &err);
        m->entries[i].there = false;
        remove_dependents(m, 1u << i);
    }
}

static void reopen(model *m)
{
    int64_t i = below(m, 2);
    kit_close(m->caches[i]);
    m->caches[i] = kit_open(m->options);
}

static void run(qn_cache_options options, int64_t steps)
{
    model m = {.random = test_seed(20260213), .options = options};
    kit_clock_init(&m.time, KIT_BOOT);
    m.options.clock = &m.time.clock;
    for (int i = 0; i < 2; i++)
        m.caches[i] = kit_open(m.options);
    for (int64_t step = 0; step < steps; step++) {
        int64_t what = below(&m, 100);
        if (what < 30)
            put(&m);
        else if (what < 85)
            get(&m);
        else if (what < 93)
            remove_some(&m);
        else if (what < 99)
            kit_pass_ms(&m.time, below(&m, 1000));
        else
            reopen(&m);
    }
    for (int i = 0; i < 2; i++)
        kit_close(m.caches[i]);
}

static void with_memory_enough(void **state)
{
    (void)state;
    run((qn_cache_options){KIT_MEMORY, .folder = kit_folder("enough")}, test_effort(2000, 200000));
}

static void with_no_memory(void **state)
{
    (void)state;
    run((qn_cache_options){.memory_bytes = -1, .folder = kit_folder("none")}, test_effort(1000, 100000));
}

static void writing_back(void **state)
{
    (void)state;
    run((qn_cache_options){KIT_MEMORY, .folder = kit_folder("back"), .writing = QN_CACHE_BACK},
        test_effort(1000, 100000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_memory_enough),
        cmocka_unit_test(with_no_memory),
        cmocka_unit_test(writing_back),
    };
    return cmocka_run_group_tests_name("cache_model", tests, kit_setup, kit_teardown);
}
