/* Random operations on a pool of blocks against a model that knows of every block who holds it, how often it is
 * referred to and what is in it: every status, every count, every byte, and which entry of a bad list is named. One
 * thread. */
#include "harness/harness.h"

#include "mem/blocks_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    COUNT_MOST = 60,
    OWNERS = 7, /* 1 ... 7, a bit each */
    SHARES = 40,
    STEPS = 6000,
    BYTES = 24,
    OLD_MOST = 300
};

/* A place of the pool. */
typedef struct place {
    int64_t id; /* while used */
    uint32_t holders;
    int references;
    uint32_t first; /* the holder's bit who took it and holds it still */
    unsigned char fill;
} place;

typedef struct model {
    qn_blocks *pool;
    uint64_t random;
    place places[COUNT_MOST];
    int64_t count;
    int64_t old[OLD_MOST]; /* ids that were good once */
    int64_t old_count;
    qn_error err;
} model;

static int64_t below(model *m, int64_t bound)
{
    return test_random_below(&m->random, bound);
}

static int64_t random_owner(model *m)
{
    return 1 + below(m, OWNERS);
}

static uint32_t bit(int64_t owner)
{
    return UINT32_C(1) << owner;
}

static bool used(const place *p)
{
    return p->holders != 0 || p->references != 0;
}

static int64_t used_count(const model *m)
{
    int64_t n = 0;
    for (int64_t i = 0; i < m->count; i++)
        n += used(&m->places[i]);
    return n;
}

static int64_t share_count(const model *m)
{
    int64_t n = 0;
    for (int64_t i = 0; i < m->count; i++)
        n += __builtin_popcount(m->places[i].holders & ~m->places[i].first);
    return n;
}

static void remember(model *m, int64_t id)
{
    m->old[m->old_count < OLD_MOST ? m->old_count++ : below(m, OLD_MOST)] = id;
}

static place *place_of(model *m, qn_block block)
{
    int64_t index = block.id & 0xFFFFFFFF;
    if (block.id <= 0 || index >= m->count || !used(&m->places[index]) || m->places[index].id != block.id)
        return NULL;
    return &m->places[index];
}

static void release(model *m, place *p, uint32_t holder, int references)
{
    p->holders &= ~holder;
    p->first &= ~holder;
    p->references -= references;
    if (!used(p))
        remember(m, p->id);
}

/* Some of what the owner holds, in random order; with bad entries now and then. Returns how many. */
static int64_t random_list(model *m, int64_t owner, qn_block *list)
{
    int64_t n = 0;
    for (int64_t i = 0; i < m->count; i++)
        if ((m->places[i].holders & bit(owner)) != 0 && below(m, 2) == 0)
            list[n++].id = m->places[i].id;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = below(m, i + 1);
        qn_block one = list[i];
        list[i] = list[j];
        list[j] = one;
    }
    for (int64_t bad = below(m, 3) == 0 ? 1 + below(m, 2) : 0; bad > 0 && n > 0; bad--) {
        qn_block *at = &list[below(m, n)];
        int64_t what = below(m, 4);
        if (what == 0)
            *at = list[below(m, n)]; /* perhaps itself */
        else if (what == 1 && m->old_count > 0)
            at->id = m->old[below(m, m->old_count)];
        else if (what == 2)
            at->id = m->places[below(m, m->count)].id; /* anybody's, used or not */
        else
            at->id = (int64_t)(test_random(&m->random) >> below(m, 64));
    }
    return n;
}

/* The first entry that the owner cannot give, or -1. */
static int64_t first_bad(model *m, int64_t owner, const qn_block *list, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const place *p = place_of(m, list[i]);
        if (p == NULL || (p->holders & bit(owner)) == 0)
            return i;
        for (int64_t j = 0; j < i; j++)
            if (list[j].id == list[i].id)
                return i;
    }
    return -1;
}

static void assert_named(const model *m, int64_t bad)
{
    char expected[32];
    (void)snprintf(expected, sizeof expected, "entry %" PRId64 ": ", bad);
    assert_int_equal(strncmp(m->err.message, expected, strlen(expected)), 0);
}

static void take(model *m)
{
    int64_t owner = random_owner(m), n = below(m, below(m, 4) == 0 ? m->count + 2 : 6);
    int64_t left = m->count - used_count(m);
    qn_block list[COUNT_MOST + 2];
    qn_status status = qn_blocks_take(list, m->pool, owner, n, &m->err);
    assert_int_equal(status, n <= left ? QN_OK : QN_EXHAUSTED);
    for (int64_t i = 0; i < n; i++) {
        if (status != QN_OK) {
            assert_int_equal(list[i].id, 0);
            continue;
        }
        int64_t index = qn_blocks_index(list[i]);
        assert_true(index < m->count && !used(&m->places[index]));
        for (int64_t j = 0; j < m->old_count; j++)
            assert_int_not_equal(m->old[j], list[i].id);
        m->places[index] = (place){.id = list[i].id,
                                   .holders = bit(owner),
                                   .first = bit(owner),
                                   .fill = (unsigned char)test_random(&m->random)};
        memset(qn_blocks_data(m->pool, list[i]), m->places[index].fill, BYTES);
    }
}

static void give(model *m)
{
    int64_t owner = random_owner(m);
    qn_block list[COUNT_MOST];
    int64_t n = random_list(m, owner, list), bad = first_bad(m, owner, list, n);
    assert_int_equal(qn_blocks_give(m->pool, owner, list, n, &m->err), bad < 0 ? QN_OK : QN_INVALID);
    if (bad >= 0)
        assert_named(m, bad);
    else
        for (int64_t i = 0; i < n; i++)
            release(m, &m->places[qn_blocks_index(list[i])], bit(owner), 0);
}

static void give_all(model *m)
{
    int64_t owner = random_owner(m), expected = 0;
    for (int64_t i = 0; i < m->count; i++)
        if ((m->places[i].holders & bit(owner)) != 0) {
            release(m, &m->places[i], bit(owner), 0);
            expected++;
        }
    assert_int_equal(qn_blocks_give_all(m->pool, owner), expected);
}

static void share(model *m)
{
    int64_t from = random_owner(m), to = random_owner(m);
    qn_block list[COUNT_MOST];
    int64_t n = random_list(m, from, list), bad = first_bad(m, from, list, n), held = -1;
    for (int64_t i = 0; i < n && bad < 0 && held < 0; i++)
        if ((place_of(m, list[i])->holders & bit(to)) != 0)
            held = i;
    qn_status expected = from == to || bad >= 0 || held >= 0 ? QN_INVALID
                         : share_count(m) + n > SHARES       ? QN_EXHAUSTED
                                                             : QN_OK;
    assert_int_equal(qn_blocks_share(m->pool, from, to, list, n, &m->err), expected);
    if (from != to && expected == QN_INVALID)
        assert_named(m, bad >= 0 ? bad : held);
    for (int64_t i = 0; i < n && expected == QN_OK; i++)
        place_of(m, list[i])->holders |= bit(to);
}

static qn_block random_block(model *m)
{
    if (below(m, 8) == 0 && m->old_count > 0)
        return (qn_block){m->old[below(m, m->old_count)]};
    return (qn_block){m->places[below(m, m->count)].id};
}

static void refer(model *m)
{
    qn_block block = random_block(m);
    place *p = place_of(m, block);
    if (below(m, 2) == 0) {
        assert_int_equal(qn_blocks_ref(m->pool, block, &m->err), p != NULL ? QN_OK : QN_INVALID);
        if (p != NULL)
            p->references++;
    } else {
        bool can = p != NULL && p->references > 0;
        assert_int_equal(qn_blocks_unref(m->pool, block, &m->err), can ? QN_OK : QN_INVALID);
        if (can)
            release(m, p, 0, 1);
    }
}

static void make_writable(model *m)
{
    int64_t owner = random_owner(m);
    qn_block block = random_block(m), before = block;
    place *p = place_of(m, block);
    bool held = p != NULL && (p->holders & bit(owner)) != 0;
    bool alone = held && p->holders == bit(owner) && p->references == 0;
    qn_status expected = !held ? QN_INVALID : alone || used_count(m) < m->count ? QN_OK : QN_EXHAUSTED;
    assert_int_equal(qn_blocks_make_writable(&block, m->pool, owner, &m->err), expected);
    if (expected != QN_OK || alone) {
        assert_int_equal(block.id, before.id);
        return;
    }
    place *copy = &m->places[qn_blocks_index(block)];
    assert_false(used(copy));
    *copy = (place){.id = block.id, .holders = bit(owner), .first = bit(owner), .fill = p->fill};
    release(m, p, bit(owner), 0);
    memset(qn_blocks_data(m->pool, block), ++copy->fill, BYTES);
}

static void reconfigure(model *m)
{
    bool force = below(m, 4) == 0;
    int64_t count = 1 + below(m, COUNT_MOST), held = used_count(m);
    qn_status expected = held > 0 && !force ? QN_BUSY : QN_OK;
    assert_int_equal(qn_blocks_reconfigure(m->pool, count, BYTES, force, &m->err), expected);
    if (expected != QN_OK)
        return;
    for (int64_t i = 0; i < m->count; i++) {
        if (used(&m->places[i]))
            remember(m, m->places[i].id);
        m->places[i] = (place){.id = m->places[i].id};
    }
    m->count = count;
}

static void check(model *m)
{
    qn_blocks_count counts = qn_blocks_counts(m->pool);
    assert_int_equal(counts.used, used_count(m));
    assert_int_equal(counts.free, m->count - used_count(m));
    assert_int_equal(counts.total, m->count);
    qn_blocks_stats stats = {.size = sizeof stats};
    qn_blocks_get_stats(m->pool, &stats);
    assert_int_equal(stats.shares, share_count(m));
    assert_int_equal(stats.taken - stats.given, counts.used);
    for (int64_t owner = 1; owner <= OWNERS; owner++) {
        int64_t held = 0;
        for (int64_t i = 0; i < m->count; i++) {
            bool holds = (m->places[i].holders & bit(owner)) != 0;
            assert_int_equal(qn_blocks_is_held(m->pool, owner, (qn_block){m->places[i].id}), holds);
            held += holds;
        }
        assert_int_equal(qn_blocks_held(m->pool, owner), held);
    }
    for (int64_t i = 0; i < m->count; i++) {
        const place *p = &m->places[i];
        qn_block block = {p->id};
        assert_int_equal(qn_blocks_holds(m->pool, block), __builtin_popcount(p->holders) + p->references);
        const unsigned char *bytes = qn_blocks_data(m->pool, block);
        assert_int_equal(bytes != NULL, used(p));
        for (int j = 0; j < BYTES && bytes != NULL; j++)
            assert_int_equal(bytes[j], p->fill);
    }
    for (int64_t i = 0; i < m->old_count; i++)
        assert_null(qn_blocks_data(m->pool, (qn_block){m->old[i]}));
}

static void run(uint64_t *seed, int64_t shards, int64_t steps)
{
    static model m;
    memset(&m, 0, sizeof m);
    m.random = test_random(seed);
    m.count = 40;
    qn_blocks_options options;
    qn_blocks_options_init(&options, sizeof options);
    options.shares = SHARES;
    test_allocator memory;
    test_allocator_init(&memory);
    assert_ok(qni_blocks_new_shards(&m.pool, shards, m.count, BYTES, &options, &memory.allocator, &m.err), &m.err);
    static void (*const operations[])(model *) = {take,  take,  take,          take,         give,  give,
                                                  give,  give,  share,         share,        share, refer,
                                                  refer, refer, make_writable, make_writable};
    for (int64_t step = 0; step < steps; step++) {
        if (below(&m, 30) == 0)
            give_all(&m);
        else if (below(&m, 100) == 0)
            reconfigure(&m);
        else
            operations[below(&m, 16)](&m);
        if (step % 10 == 0)
            check(&m);
    }
    check(&m);
    qn_blocks_free(m.pool);
    assert_int_equal(memory.live_bytes, 0);
}

static void a_pool_of_blocks_behaves_like_its_model(void **state)
{
    (void)state;
    uint64_t seed = test_seed(20240611);
    for (int64_t round = 0; round < test_effort(6, 200); round++) {
        run(&seed, 64, STEPS);
        run(&seed, 1, STEPS);
        run(&seed, 4, STEPS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_pool_of_blocks_behaves_like_its_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
