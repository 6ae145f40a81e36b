/* A tree of budgets against a model of it: random children, limits, blocks, charges and early ends. After each step
 * every number of every budget is what the model adds up from its blocks, and a request is granted exactly where the
 * model has room. */
#include "harness/harness.h"

#include <quern/budget.h>

#include <stdio.h>
#include <string.h>

enum {
    MOST_NODES = 40,
    MOST_BLOCKS = 120,
    STEPS = 3000,
    NOBODY = -1
};

typedef struct node {
    qn_budget *budget;
    int parent; /* NOBODY: the top */
    bool there, freed;
    char name[32];
    int64_t limit, own, own_peak, peak, requests, refused;
} node;

typedef struct block {
    int owner;   /* NOBODY: this place is free */
    void *bytes; /* NULL: a charge */
    int64_t size;
} block;

typedef struct model {
    node nodes[MOST_NODES]; /* in the order of their making: a place is not used again while others come after it */
    int count;
    block blocks[MOST_BLOCKS];
    int named;
    int seen; /* by the walk that compares */
    int order[MOST_NODES], depths[MOST_NODES], order_count;
} model;

static int64_t live_of(const model *m, int index)
{
    int64_t live = 0;
    for (int i = 0; i < MOST_BLOCKS; i++) {
        int at = m->blocks[i].owner;
        while (at != NOBODY && at != index)
            at = m->nodes[at].parent;
        if (at == index && m->blocks[i].owner != NOBODY)
            live += m->blocks[i].size;
    }
    return live;
}

static bool has_room(const model *m, int index, int64_t more)
{
    for (; index != NOBODY; index = m->nodes[index].parent)
        if (m->nodes[index].limit > 0 && live_of(m, index) + more > m->nodes[index].limit)
            return false;
    return true;
}

static void update_peaks(model *m)
{
    for (int i = 0; i < m->count; i++) {
        int64_t live = live_of(m, i);
        if (live > m->nodes[i].peak)
            m->nodes[i].peak = live;
        if (m->nodes[i].own > m->nodes[i].own_peak)
            m->nodes[i].own_peak = m->nodes[i].own;
    }
}

static bool has_child(const model *m, int index)
{
    for (int i = 0; i < m->count; i++)
        if (m->nodes[i].there && m->nodes[i].parent == index)
            return true;
    return false;
}

/* What was freed, holds nothing and has no children is gone. */
static void end_the_freed(model *m)
{
    for (int i = m->count; i-- > 0;) /* children come after parents */
        if (m->nodes[i].freed && m->nodes[i].own == 0 && !has_child(m, i))
            m->nodes[i].there = m->nodes[i].freed = false;
    while (m->count > 0 && !m->nodes[m->count - 1].there)
        m->count--;
}

static int pick_node(const model *m, uint64_t *random)
{
    for (int tries = 0; tries < 20; tries++) {
        int i = (int)test_random_below(random, m->count);
        if (m->nodes[i].there && !m->nodes[i].freed)
            return i;
    }
    return 0; /* the top */
}

static void make_child(model *m, uint64_t *random)
{
    if (m->count == MOST_NODES)
        return;
    int parent = pick_node(m, random);
    node *n = &m->nodes[m->count];
    *n = (node){.parent = parent, .there = true};
    snprintf(n->name, sizeof n->name, "b%d", m->named++);
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = n->limit = test_random_below(random, 3) == 0 ? 1 + test_random_below(random, 4000) : 0;
    qn_error err;
    assert_ok(qn_budget_new(&n->budget, m->nodes[parent].budget, n->name, &options, &err), &err);
    m->count++;
}

static void free_node(model *m, uint64_t *random)
{
    int i = pick_node(m, random);
    if (i == 0)
        return;
    qn_budget_free(m->nodes[i].budget);
    m->nodes[i].freed = true;
    end_the_freed(m);
}

static int free_place(const model *m)
{
    for (int i = 0; i < MOST_BLOCKS; i++)
        if (m->blocks[i].owner == NOBODY)
            return i;
    return NOBODY;
}

static void take_block(model *m, uint64_t *random)
{
    int place = free_place(m);
    if (place == NOBODY)
        return;
    int owner = pick_node(m, random);
    node *n = &m->nodes[owner];
    int64_t size = 1 + test_random_below(random, 600);
    bool charge = test_random_below(random, 3) == 0, expected = has_room(m, owner, size);
    void *bytes = NULL;
    bool granted;
    if (charge) {
        granted = qn_budget_charge(n->budget, size, NULL) == QN_OK;
    } else {
        const qn_allocator *allocator = qn_budget_allocator(n->budget);
        bytes = allocator->resize(allocator->user, NULL, 0, size);
        granted = bytes != NULL;
    }
    assert_int_equal(granted, expected);
    n->requests++;
    n->refused += !granted;
    if (!granted)
        return;
    m->blocks[place] = (block){.owner = owner, .bytes = bytes, .size = size};
    n->own += size;
    update_peaks(m);
}

static void resize_block(model *m, uint64_t *random)
{
    block *b = &m->blocks[test_random_below(random, MOST_BLOCKS)];
    if (b->owner == NOBODY)
        return;
    node *n = &m->nodes[b->owner];
    int64_t size = test_random_below(random, 2) == 0 ? 0 : 1 + test_random_below(random, 900);
    if (b->bytes == NULL) { /* a charge is taken back */
        int64_t less = size < b->size ? b->size - size : 0;
        qn_budget_discharge(n->budget, less);
        size = b->size - less;
    } else {
        const qn_allocator *allocator = qn_budget_allocator(n->budget);
        bool expected = size <= b->size || has_room(m, b->owner, size - b->size);
        n->requests += size > b->size;
        n->refused += !expected;
        void *fresh = allocator->resize(allocator->user, b->bytes, b->size, size);
        assert_int_equal(fresh != NULL, expected && size > 0);
        if (!expected)
            return;
        b->bytes = fresh;
    }
    n->own += size - b->size;
    b->size = size;
    if (size == 0)
        b->owner = NOBODY;
    update_peaks(m);
    end_the_freed(m);
}

static void change_limit(model *m, uint64_t *random)
{
    node *n = &m->nodes[pick_node(m, random)];
    n->limit = test_random_below(random, 2) == 0 ? 0 : 1 + test_random_below(random, 9000);
    qn_budget_set_limit(n->budget, n->limit);
}

/* ---- comparing ---- */

static void list(model *m, int index, int depth)
{
    m->order[m->order_count] = index;
    m->depths[m->order_count++] = depth;
    for (int i = 0; i < m->count; i++)
        if (m->nodes[i].there && m->nodes[i].parent == index)
            list(m, i, depth + 1);
}

static void compare_one(void *user, const qn_budget_stats *stats, int64_t depth)
{
    model *m = user;
    assert_true(m->seen < m->order_count);
    int index = m->order[m->seen];
    const node *n = &m->nodes[index];
    assert_int_equal(depth, m->depths[m->seen++]);
    assert_string_equal(stats->name, n->name);
    assert_int_equal(stats->limit, n->limit);
    assert_int_equal(stats->live, live_of(m, index));
    assert_int_equal(stats->peak, n->peak);
    assert_int_equal(stats->own, n->own);
    assert_int_equal(stats->own_peak, n->own_peak);
    assert_int_equal(stats->requests, n->requests);
    assert_int_equal(stats->refused, n->refused);
}

static void compare(model *m)
{
    m->order_count = m->seen = 0;
    list(m, 0, 0);
    qn_budget_each(m->nodes[0].budget, compare_one, m);
    assert_int_equal(m->seen, m->order_count);
}

static void run(uint64_t *random)
{
    static model m;
    m = (model){.count = 1};
    for (int i = 0; i < MOST_BLOCKS; i++)
        m.blocks[i].owner = NOBODY;
    test_allocator source;
    test_allocator_init(&source);
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.source = &source.allocator;
    options.limit = 20000;
    m.nodes[0] = (node){.parent = NOBODY, .there = true, .name = "top", .limit = options.limit};
    qn_error err;
    assert_ok(qn_budget_new(&m.nodes[0].budget, NULL, "top", &options, &err), &err);
    for (int step = 0; step < STEPS; step++) {
        int64_t what = test_random_below(random, 20);
        if (what == 0)
            make_child(&m, random);
        else if (what == 1)
            free_node(&m, random);
        else if (what == 2)
            change_limit(&m, random);
        else if (what < 12)
            take_block(&m, random);
        else
            resize_block(&m, random);
        compare(&m);
    }
    for (int i = 0; i < MOST_BLOCKS; i++) {
        block *b = &m.blocks[i];
        if (b->owner == NOBODY)
            continue;
        qn_budget *owner = m.nodes[b->owner].budget;
        const qn_allocator *allocator = qn_budget_allocator(owner);
        m.nodes[b->owner].own -= b->size;
        if (b->bytes == NULL)
            qn_budget_discharge(owner, b->size);
        else
            (void)allocator->resize(allocator->user, b->bytes, b->size, 0);
        b->owner = NOBODY;
        end_the_freed(&m);
    }
    compare(&m);
    for (int i = m.count; i-- > 0;)
        if (m.nodes[i].there && !m.nodes[i].freed)
            qn_budget_free(m.nodes[i].budget);
    assert_int_equal(source.live_bytes, 0);
}

static void a_tree_behaves_like_its_model(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240611);
    int64_t rounds = test_effort(5, 300);
    for (int64_t i = 0; i < rounds; i++)
        run(&random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_tree_behaves_like_its_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
