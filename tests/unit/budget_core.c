/* The tree of budgets: what is counted where, what is refused and why, who is asked to give back, and what stays of a
 * budget that was freed too early. */
#include "harness/harness.h"

#include "base/alloc.h"
#include "mem/limits.h"
#include "mem/budget_int.h"
#include "mem/refuse.h"

#include <quern/arena.h>
#include <quern/budget.h>

#include <stdio.h>
#include <string.h>

enum {
    KIB = 1024,
    MIB = 1024 * 1024
};

static qn_budget *budget_from(qn_budget *parent, const char *name, int64_t limit, const qn_allocator *source)
{
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = limit;
    options.source = source;
    qn_budget *budget;
    qn_error err;
    assert_ok(qn_budget_new(&budget, parent, name, &options, &err), &err);
    return budget;
}

static qn_budget *budget_of(qn_budget *parent, const char *name, int64_t limit)
{
    return budget_from(parent, name, limit, NULL);
}

static qn_budget_stats stats_of(const qn_budget *budget)
{
    qn_budget_stats stats = {.size = sizeof stats};
    qn_budget_get_stats(budget, &stats);
    return stats;
}

static void *must_alloc(const qn_budget *budget, int64_t size)
{
    void *block = qni_alloc(qn_budget_allocator(budget), size, 1);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 64, 0);
    memset(block, 0x5A, (size_t)size);
    return block;
}

static void give(const qn_budget *budget, void *block, int64_t size)
{
    qni_free(qn_budget_allocator(budget), block, size, 1);
}

static void a_parent_holds_what_its_children_hold(void **state)
{
    (void)state;
    qn_budget *top = budget_of(NULL, "top", 0), *left = budget_of(top, "left", 0), *right = budget_of(top, "right", 0);
    void *a = must_alloc(left, 1000), *b = must_alloc(right, 300), *c = must_alloc(top, 7);
    assert_int_equal(stats_of(top).live, 1307);
    assert_int_equal(stats_of(top).own, 7);
    assert_int_equal(stats_of(left).live, 1000);
    assert_int_equal(stats_of(right).own, 300);
    give(left, a, 1000);
    a = must_alloc(left, 200);
    assert_int_equal(stats_of(left).live, 200);
    assert_int_equal(stats_of(left).peak, 1000);
    assert_int_equal(stats_of(top).live, 507);
    assert_int_equal(stats_of(top).peak, 1307);
    assert_int_equal(stats_of(top).own_peak, 7);
    assert_int_equal(stats_of(left).requests, 2);
    give(left, a, 200);
    give(right, b, 300);
    give(top, c, 7);
    assert_int_equal(stats_of(top).live, 0);
    assert_string_equal(stats_of(left).name, "left");
    qn_budget_free(left);
    qn_budget_free(right);
    qn_budget_free(top);
}

static void a_growing_block_counts_once_and_keeps_its_bytes(void **state)
{
    (void)state;
    qn_budget *budget = budget_of(NULL, "b", 0);
    void *block = NULL;
    int64_t capacity = 0;
    assert_true(qni_grow(qn_budget_allocator(budget), &block, &capacity, 100, 8));
    memset(block, 9, 800);
    assert_true(qni_grow(qn_budget_allocator(budget), &block, &capacity, 150, 8));
    assert_int_equal(stats_of(budget).live, capacity * 8);
    assert_int_equal(stats_of(budget).peak, capacity * 8);
    for (int i = 0; i < 800; i++)
        assert_int_equal(((char *)block)[i], 9);
    qni_free(qn_budget_allocator(budget), block, capacity, 8);
    assert_int_equal(stats_of(budget).live, 0);
    qn_budget_free(budget);
}

static void a_limit_is_reached_and_never_passed(void **state)
{
    (void)state;
    qn_budget *top = budget_of(NULL, "top", 1000), *child = budget_of(top, "child", 0);
    void *a = must_alloc(child, 600);
    assert_null(qni_alloc(qn_budget_allocator(child), 401, 1));
    assert_null(qni_alloc(qn_budget_allocator(top), 401, 1));
    void *b = must_alloc(top, 400); /* to the last byte */
    assert_null(qni_alloc(qn_budget_allocator(child), 1, 1));
    assert_int_equal(stats_of(child).refused, 2);
    assert_int_equal(stats_of(child).requests, 3);
    assert_int_equal(stats_of(top).refused, 1);
    assert_int_equal(stats_of(child).live, 600); /* what was refused is taken back everywhere */
    assert_int_equal(stats_of(child).peak, 600);
    assert_int_equal(stats_of(top).peak, 1000);
    give(child, a, 600);
    give(top, b, 400);
    qn_budget_free(child);
    qn_budget_free(top);
}

static void a_lowered_limit_takes_nothing_away(void **state)
{
    (void)state;
    qn_budget *budget = budget_of(NULL, "b", 0);
    void *a = must_alloc(budget, 1000);
    qn_budget_set_limit(budget, 500);
    assert_int_equal(stats_of(budget).live, 1000);
    assert_null(qni_alloc(qn_budget_allocator(budget), 1, 1));
    give(budget, a, 1000);
    a = must_alloc(budget, 500);
    qn_budget_set_limit(budget, 0);
    void *b = must_alloc(budget, 5000);
    give(budget, a, 500);
    give(budget, b, 5000);
    qn_budget_free(budget);
}

static void what_the_source_refuses_is_not_counted(void **state)
{
    (void)state;
    test_allocator source;
    test_allocator_init(&source);
    qn_budget *budget = budget_from(NULL, "b", 1000, &source.allocator);
    qn_error err;
    assert_null(qni_alloc(qn_budget_allocator(budget), 1001, 1)); /* a refusal, which is not what comes next */
    source.fail_at = source.allocations + 1;
    assert_null(qni_alloc(qn_budget_allocator(budget), 64, 1));
    assert_int_equal(qni_refused(&err, qn_budget_allocator(budget), 64, "a thing"), QN_NOMEM);
    assert_string_equal(err.message, "no memory for a thing");
    assert_int_equal(stats_of(budget).live, 0);
    assert_int_equal(stats_of(budget).peak, 0);
    assert_int_equal(stats_of(budget).refused, 1);
    qn_budget_free(budget);
    assert_int_equal(source.live_bytes, 0);
}

static void a_charge_is_memory_from_elsewhere(void **state)
{
    (void)state;
    qn_budget *top = budget_of(NULL, "top", 64 * KIB), *map = budget_of(top, "map", 0);
    qn_error err;
    assert_ok(qn_budget_charge(map, 60 * KIB, &err), &err);
    assert_int_equal(stats_of(top).live, 60 * KIB);
    assert_int_equal(qn_budget_charge(map, 5 * KIB, &err), QN_BUDGET);
    assert_string_equal(err.message,
                        "5120 bytes asked, budget \"top\" has 4096 bytes left of 64 KiB: \"map\" holds 60 KiB");
    assert_int_equal(qn_budget_charge(map, -1, &err), QN_INVALID);
    assert_ok(qn_budget_charge(map, 0, &err), &err);
    qn_budget_discharge(map, 60 * KIB);
    assert_int_equal(stats_of(top).live, 0);
    qn_budget_free(map);
    qn_budget_free(top);
}

/* ---- sentences ---- */

static void the_sentence_names_the_largest_holders_first(void **state)
{
    (void)state;
    qn_budget *fit = budget_of(NULL, "fit", 64 * MIB), *model = budget_of(fit, "model", 0),
              *table = budget_of(fit, "table", 0), *texts = budget_of(table, "texts", 0),
              *rest = budget_of(fit, "rest", 0);
    qn_error err = {.code = QN_IO, .message = "untouched"};
    assert_ok(qn_budget_charge(model, 11 * MIB, &err), &err);
    assert_ok(qn_budget_charge(table, 40 * MIB, &err), &err);
    assert_ok(qn_budget_charge(texts, 512 * KIB, &err), &err);
    assert_ok(qn_budget_charge(rest, 100, &err), &err);
    assert_ok(qn_budget_charge(fit, 156, &err), &err);
    assert_int_equal(qn_budget_explain(texts, 12 * MIB, &err), QN_OK);
    assert_string_equal(err.message, "untouched");
    assert_int_equal(qn_budget_explain(texts, 80 * MIB, &err), QN_BUDGET);
    assert_int_equal(err.code, QN_BUDGET);
    assert_string_equal(err.message,
                        "80 MiB asked, budget \"fit\" has 12.4 MiB left of 64 MiB: \"table\" holds 40 MiB, "
                        "\"model\" 11 MiB, \"texts\" 512 KiB, 2 others 256 bytes");
    assert_int_equal(qn_budget_explain(texts, 80 * MIB, NULL), QN_BUDGET);
    qn_budget_set_limit(table, 41 * MIB); /* the nearest one without room is named */
    assert_int_equal(qn_budget_explain(texts, 80 * MIB, &err), QN_BUDGET);
    assert_contains(err.message, "budget \"table\" has 512 KiB left of 41 MiB");
    qn_budget_discharge(model, 11 * MIB);
    qn_budget_discharge(table, 40 * MIB);
    qn_budget_discharge(texts, 512 * KIB);
    qn_budget_discharge(rest, 100);
    qn_budget_discharge(fit, 156);
    qn_budget_free(rest);
    qn_budget_free(texts);
    qn_budget_free(table);
    qn_budget_free(model);
    qn_budget_free(fit);
}

static void the_last_refusal_is_remembered_as_things_were(void **state)
{
    (void)state;
    qn_budget *top = budget_of(NULL, "top", 1000), *child = budget_of(top, "child", 0);
    qn_error err = {.code = QN_IO, .message = "untouched"};
    assert_int_equal(qn_budget_last_refusal(top, &err), QN_OK);
    assert_string_equal(err.message, "untouched");
    void *a = must_alloc(child, 900);
    assert_null(qni_alloc(qn_budget_allocator(child), 200, 1));
    give(child, a, 900);
    assert_int_equal(qn_budget_last_refusal(child, &err), QN_OK); /* it had room itself */
    assert_int_equal(qn_budget_last_refusal(qn_budget_process(), NULL), QN_BUDGET);
    assert_int_equal(qn_budget_last_refusal(top, &err), QN_BUDGET);
    assert_string_equal(err.message,
                        "200 bytes asked, budget \"top\" has 100 bytes left of 1000 bytes: \"child\" holds 900 bytes");
    qn_budget_free(child);
    qn_budget_free(top);
}

static void who_was_refused_is_told_why_even_when_there_is_room_again(void **state)
{
    (void)state;
    qn_budget *budget = budget_of(NULL, "b", 1000);
    const qn_allocator *allocator = qn_budget_allocator(budget);
    qn_error err;
    void *a = must_alloc(budget, 900);
    assert_null(qni_alloc(allocator, 200, 1));
    give(budget, a, 900); /* by another thread, say */
    give(budget, must_alloc(budget, 5), 5);
    assert_int_equal(qni_refused(&err, allocator, 200, "a pool of %d objects", 5), QN_BUDGET);
    assert_string_equal(err.message, "no memory for a pool of 5 objects: 200 bytes asked, budget \"b\" has 100 bytes "
                                     "left of 1000 bytes: \"b\" holds 900 bytes");
    assert_int_equal(err.code, QN_BUDGET);
    /* A size of which no allocator was even asked. */
    a = must_alloc(budget, 10);
    assert_int_equal(qni_refused(&err, allocator, INT64_MAX, "all"), QN_BUDGET);
    assert_int_equal(qni_refused(&err, NULL, INT64_MAX, "all"), QN_NOMEM);
    give(budget, a, 10);
    qn_budget_free(budget);
}

/* Memory for one budget's record, at the same place each time. */
static void *same_place(void *user, void *block, int64_t old_size, int64_t new_size)
{
    (void)block;
    (void)old_size;
    return new_size == 0 || new_size > (int64_t)sizeof(qn_budget) ? NULL : user;
}

static void the_refusal_of_a_budget_that_ended_is_not_that_of_another_in_its_place(void **state)
{
    (void)state;
    static _Alignas(64) char place[sizeof(qn_budget)];
    const qn_allocator source = {.resize = same_place, .user = place};
    qn_budget *first = budget_from(NULL, "first", 100, &source);
    assert_null(qni_alloc(qn_budget_allocator(first), 200, 1));
    qn_budget_free(first);
    qn_budget *second = budget_from(NULL, "second", 100, &source);
    assert_ptr_equal(first, second);
    qn_error err;
    assert_null(qni_alloc(qn_budget_allocator(second), INT64_MAX, 8)); /* does not come to asking */
    assert_int_equal(qni_refused(&err, qn_budget_allocator(second), 0, "so much"), QN_NOMEM);
    assert_string_equal(err.message, "no memory for so much");
    qn_budget_free(second);
}

static void an_arena_over_a_full_budget_says_so(void **state)
{
    (void)state;
    qn_budget *budget = budget_of(NULL, "pages", 64 * KIB);
    qn_arena *arena;
    void *piece;
    qn_error err;
    assert_ok(qn_arena_new(&arena, qn_budget_allocator(budget), 4 * KIB, &err), &err);
    qn_status s = QN_OK;
    for (int i = 0; i < 100 && s == QN_OK; i++)
        s = qn_arena_take(&piece, arena, 1000, &err);
    assert_int_equal(s, QN_BUDGET);
    assert_contains(err.message, "no memory for 1000 bytes");
    assert_contains(err.message, "budget \"pages\" has");
    assert_true(stats_of(budget).live <= 64 * KIB);
    qn_arena_free(arena);
    assert_int_equal(stats_of(budget).live, 0);
    qn_budget_free(budget);
}

/* ---- pressure ---- */

typedef struct cache {
    qn_budget *budget;
    void *blocks[8]; /* of 100 bytes each; NULL: given back */
    int64_t asked, wanted;
    int *order; /* shared: counts who is asked when */
    int turn;
} cache;

static int64_t cache_give_back(void *user, int64_t wanted)
{
    cache *c = user;
    int64_t freed = 0;
    c->asked++;
    c->wanted = wanted;
    if (c->order != NULL)
        c->turn = ++*c->order;
    for (int i = 0; i < 8 && freed < wanted; i++) {
        if (c->blocks[i] == NULL)
            continue;
        give(c->budget, c->blocks[i], 100);
        c->blocks[i] = NULL;
        freed += 100;
    }
    return freed;
}

static cache cache_open(qn_budget *parent, const char *name, int count)
{
    cache c = {.budget = budget_of(parent, name, 0)};
    for (int i = 0; i < count; i++)
        c.blocks[i] = must_alloc(c.budget, 100);
    return c;
}

static void cache_register(cache *c)
{
    qn_error err;
    assert_ok(qn_budget_on_pressure(c->budget, cache_give_back, c, &err), &err);
}

static void cache_close(cache *c)
{
    qn_budget_off_pressure(c->budget, cache_give_back, c);
    (void)cache_give_back(c, INT64_MAX);
    qn_budget_free(c->budget);
}

static void a_holder_gives_back_and_the_request_is_granted(void **state)
{
    (void)state;
    qn_budget *top = budget_of(NULL, "top", 1000), *other = budget_of(top, "other", 0);
    cache c = cache_open(top, "cache", 8);
    cache_register(&c);
    void *a = must_alloc(other, 200); /* fits: nobody is asked */
    assert_int_equal(c.asked, 0);
    void *b = must_alloc(other, 250);
    assert_int_equal(c.asked, 1);
    assert_int_equal(c.wanted, 250);
    assert_int_equal(stats_of(c.budget).live, 500);
    assert_int_equal(stats_of(top).live, 950);
    assert_int_equal(stats_of(other).refused, 0);
    assert_null(qni_alloc(qn_budget_allocator(other), 600, 1)); /* it gives all it has, and that is too little */
    assert_int_equal(stats_of(c.budget).live, 0);
    give(other, a, 200);
    give(other, b, 250);
    cache_close(&c);
    qn_budget_free(other);
    qn_budget_free(top);
}

static void only_holders_below_the_full_budget_are_asked_largest_first(void **state)
{
    (void)state;
    int order = 0;
    qn_budget *top = budget_of(NULL, "top", 0), *tight = budget_of(top, "tight", 1000);
    cache outside = cache_open(top, "outside", 8), small = cache_open(tight, "small", 1),
          large = cache_open(tight, "large", 5), middle = cache_open(tight, "middle", 3);
    cache *all[] = {&outside, &small, &large, &middle};
    for (int i = 0; i < 4; i++) {
        all[i]->order = &order;
        cache_register(all[i]);
    }
    void *a = must_alloc(tight, 900);
    assert_int_equal(outside.asked, 0);
    assert_int_equal(large.turn, 1);
    assert_int_equal(middle.turn, 2);
    assert_int_equal(small.asked, 0); /* there was room by then */
    assert_null(qni_alloc(qn_budget_allocator(tight), 500, 1));
    assert_int_equal(small.asked, 1);
    assert_int_equal(outside.asked, 0);
    give(tight, a, 900);
    for (int i = 0; i < 4; i++)
        cache_close(all[i]);
    qn_budget_free(tight);
    qn_budget_free(top);
}

static void a_lowered_limit_asks_holders(void **state)
{
    (void)state;
    qn_budget *top = budget_of(NULL, "top", 0);
    cache c = cache_open(top, "cache", 8);
    cache_register(&c);
    qn_budget_set_limit(top, 500);
    assert_int_equal(c.wanted, 300);
    assert_int_equal(stats_of(top).live, 500);
    cache_close(&c);
    qn_budget_free(top);
}

/* Takes instead of giving: from its own budget, which has no room. */
static int64_t greedy(void *user, int64_t wanted)
{
    (void)wanted;
    cache *c = user;
    c->asked++;
    void *block = qni_alloc(qn_budget_allocator(c->budget), 5000, 1);
    assert_null(block);
    return 0;
}

static void a_holder_that_takes_instead_is_refused_and_not_asked_again(void **state)
{
    (void)state;
    qn_budget *top = budget_of(NULL, "top", 1000);
    cache c = cache_open(top, "cache", 2);
    qn_error err;
    assert_ok(qn_budget_on_pressure(c.budget, greedy, &c, &err), &err);
    assert_null(qni_alloc(qn_budget_allocator(top), 900, 1));
    assert_int_equal(c.asked, 1);
    qn_budget_off_pressure(c.budget, greedy, &c);
    cache_close(&c);
    qn_budget_free(top);
}

static int64_t leave_and_come_again(void *user, int64_t wanted)
{
    (void)wanted;
    cache *c = user;
    c->asked++;
    assert_in_range(c->asked, 1, 2);
    qn_budget_off_pressure(c->budget, leave_and_come_again, c);
    assert_int_equal(qn_budget_on_pressure(c->budget, leave_and_come_again, c, NULL), QN_OK);
    return 0;
}

static void a_holder_that_registers_again_while_it_is_asked_is_asked_next_time(void **state)
{
    (void)state;
    qn_budget *top = budget_of(NULL, "top", 1000);
    cache c = cache_open(top, "cache", 0);
    qn_error err;
    assert_ok(qn_budget_on_pressure(c.budget, leave_and_come_again, &c, &err), &err);
    assert_null(qni_alloc(qn_budget_allocator(top), 2000, 1));
    assert_int_equal(c.asked, 1);
    assert_null(qni_alloc(qn_budget_allocator(top), 2000, 1));
    assert_int_equal(c.asked, 2);
    qn_budget_off_pressure(c.budget, leave_and_come_again, &c);
    cache_close(&c);
    qn_budget_free(top);
}

static int64_t give_all_and_leave(void *user, int64_t wanted)
{
    (void)wanted;
    cache *c = user;
    qn_budget_off_pressure(c->budget, give_all_and_leave, c);
    int64_t freed = cache_give_back(c, INT64_MAX);
    qn_budget_free(c->budget);
    return freed;
}

static void a_holder_may_end_itself_while_it_is_asked(void **state)
{
    (void)state;
    qn_budget *top = budget_of(NULL, "top", 1000);
    cache c = cache_open(top, "cache", 8), d = cache_open(top, "another", 2);
    qn_error err;
    assert_ok(qn_budget_on_pressure(c.budget, give_all_and_leave, &c, &err), &err);
    cache_register(&d);
    void *a = must_alloc(top, 900);
    assert_int_equal(c.asked, 1);
    assert_int_equal(d.asked, 1);
    assert_null(qni_alloc(qn_budget_allocator(top), 900, 1));
    assert_int_equal(c.asked, 1);
    give(top, a, 900);
    cache_close(&d);
    qn_budget_free(top);
}

/* ---- what is shown ---- */

typedef struct listing {
    char text[1024];
} listing;

static void list_one(void *user, const qn_budget_stats *stats, int64_t depth)
{
    listing *l = user;
    size_t used = strlen(l->text);
    snprintf(l->text + used, sizeof l->text - used, "%d %s %d|", (int)depth, stats->name, (int)stats->own);
}

static const char *list(listing *l, const qn_budget *budget)
{
    l->text[0] = '\0';
    qn_budget_each(budget, list_one, l);
    return l->text;
}

static void all_are_shown_parents_first_in_the_order_of_their_making(void **state)
{
    (void)state;
    listing l;
    qn_budget *top = budget_of(NULL, "top", 0), *b = budget_of(top, "b", 0), *a = budget_of(top, "a", 0),
              *b1 = budget_of(b, "b1", 0), *b2 = budget_of(b, "b2", 0);
    assert_string_equal(list(&l, top), "0 top 0|1 b 0|2 b1 0|2 b2 0|1 a 0|");
    qn_budget_free(b1);
    assert_string_equal(list(&l, top), "0 top 0|1 b 0|2 b2 0|1 a 0|");
    qn_budget_free(a);
    b1 = budget_of(b, "b3", 0);
    assert_string_equal(list(&l, top), "0 top 0|1 b 0|2 b2 0|2 b3 0|");
    qn_budget_free(b2);
    qn_budget_free(b1);
    qn_budget_free(b);
    qn_budget_free(top);
}

static void a_budget_freed_too_early_is_shown_until_its_last_byte(void **state)
{
    (void)state;
    listing l;
    test_allocator source;
    test_allocator_init(&source);
    qn_budget *top = budget_of(NULL, "top", 0), *early = budget_from(top, "early", 0, &source.allocator);
    const qn_allocator *allocator = qn_budget_allocator(early);
    void *block = must_alloc(early, 100);
    qn_budget_free(early);
    assert_string_equal(list(&l, top), "0 top 0|1 early 100|");
    block = allocator->resize(allocator->user, block, 100, 250); /* who holds something may go on */
    assert_non_null(block);
    assert_string_equal(list(&l, top), "0 top 0|1 early 250|");
    (void)allocator->resize(allocator->user, block, 250, 0);
    assert_string_equal(list(&l, top), "0 top 0|");
    assert_int_equal(source.live_bytes, 0); /* its own record too */
    qn_budget_free(top);
}

static void a_parent_freed_first_goes_with_its_last_child(void **state)
{
    (void)state;
    listing l;
    qn_budget *top = budget_of(NULL, "top", 0), *parent = budget_of(top, "parent", 0),
              *child = budget_of(parent, "child", 0);
    void *block = must_alloc(child, 5);
    qn_budget_free(parent);
    qn_budget_free(child);
    assert_string_equal(list(&l, top), "0 top 0|1 parent 0|2 child 5|");
    qni_free(qn_budget_allocator(child), block, 5, 1);
    assert_string_equal(list(&l, top), "0 top 0|");
    qn_budget_free(top);
}

static void a_budget_freed_too_early_stays_while_somebody_may_be_asked(void **state)
{
    (void)state;
    listing l;
    qn_budget *top = budget_of(NULL, "top", 1000);
    cache c = cache_open(top, "cache", 0);
    cache_register(&c);
    qn_budget_free(c.budget);
    assert_string_equal(list(&l, top), "0 top 0|1 cache 0|");
    assert_null(qni_alloc(qn_budget_allocator(top), 1001, 1));
    assert_int_equal(c.asked, 1);
    qn_budget_off_pressure(c.budget, cache_give_back, &c);
    assert_string_equal(list(&l, top), "0 top 0|");
    qn_budget_free(top);
}

typedef struct found {
    bool process, usual;
    int64_t usual_live, depth;
} found;

static void look_for_default(void *user, const qn_budget_stats *stats, int64_t depth)
{
    found *f = user;
    f->process |= depth == 0 && strcmp(stats->name, "process") == 0;
    if (strcmp(stats->name, "default") == 0) {
        f->usual = true;
        f->usual_live = stats->own;
        f->depth = depth;
    }
}

static void what_the_default_allocator_holds_counts_for_the_process(void **state)
{
    (void)state;
    int64_t before = stats_of(qn_budget_process()).live;
    void *block = qni_alloc(NULL, 5000, 1);
    found f = {.process = false};
    qn_budget_each(qn_budget_process(), look_for_default, &f);
    assert_true(f.process && f.usual);
    assert_int_equal(f.depth, 1);
    assert_true(f.usual_live >= 5000);
    assert_int_equal(stats_of(qn_budget_process()).live, before + 5000);
    assert_true(stats_of(qn_budget_process()).peak >= before + 5000);
    /* The limit sees it, but it is not refused itself. */
    qn_budget *child = budget_of(NULL, "child", 0);
    qn_budget_set_limit(qn_budget_process(), stats_of(qn_budget_process()).live + 100);
    assert_null(qni_alloc(qn_budget_allocator(child), 101, 1));
    void *more = qni_alloc(NULL, 50, 1);
    assert_non_null(more);
    assert_null(qni_alloc(qn_budget_allocator(child), 51, 1));
    qn_error err;
    assert_int_equal(qn_budget_explain(child, 51, &err), QN_BUDGET);
    assert_contains(err.message, "\"default\" holds");
    void *a = must_alloc(child, 50);
    qn_budget_set_limit(qn_budget_process(), 0);
    give(child, a, 50);
    qni_free(NULL, more, 50, 1);
    qni_free(NULL, block, 5000, 1);
    qn_budget_free(child);
    assert_int_equal(stats_of(qn_budget_process()).live, before);
}

static void the_process_itself_can_be_drawn_on(void **state)
{
    (void)state;
    int64_t before = stats_of(qn_budget_process()).live;
    void *block = must_alloc(qn_budget_process(), 1000);
    block = qn_budget_allocator(qn_budget_process())->resize(qn_budget_process(), block, 1000, 3000);
    assert_non_null(block);
    assert_int_equal(stats_of(qn_budget_process()).live, before + 3000);
    give(qn_budget_process(), block, 3000);
    assert_int_equal(stats_of(qn_budget_process()).live, before);
}

static void a_source_that_counts_already_is_not_counted_twice(void **state)
{
    (void)state;
    qn_budget *budget = budget_from(NULL, "b", 0, qn_allocator_default());
    int64_t before = stats_of(qn_budget_process()).live;
    void *block = must_alloc(budget, 4000);
    assert_int_equal(stats_of(qn_budget_process()).live, before + 4000);
    give(budget, block, 4000);
    qn_budget_free(budget);
}

static void an_older_caller_gets_what_it_knows(void **state)
{
    (void)state;
    struct {
        qn_budget_stats stats;
        int64_t beyond;
    } s = {.stats = {.size = offsetof(qn_budget_stats, peak), .peak = 77}};
    qn_budget *budget = budget_of(NULL, "b", 123);
    qn_budget_get_stats(budget, &s.stats);
    assert_int_equal(s.stats.limit, 123);
    assert_int_equal(s.stats.peak, 77);
    s.stats.size = sizeof s;
    s.beyond = 5;
    qn_budget_get_stats(budget, &s.stats);
    assert_int_equal(s.stats.peak, 0);
    assert_int_equal(s.beyond, 0); /* what a newer caller knows and this library does not */
    qn_budget_free(budget);
}

/* ---- limits ---- */

static void sixteen_levels_are_the_most(void **state)
{
    (void)state;
    qn_budget *chain[QNI_BUDGET_DEPTH_MAX], *none;
    qn_error err;
    for (int i = 0; i < QNI_BUDGET_DEPTH_MAX; i++)
        chain[i] = budget_of(i == 0 ? NULL : chain[i - 1], "level", 0);
    assert_int_equal(qn_budget_new(&none, chain[QNI_BUDGET_DEPTH_MAX - 1], "one more", NULL, &err), QN_INVALID);
    assert_null(none);
    assert_contains(err.message, "one more");
    void *block = must_alloc(chain[QNI_BUDGET_DEPTH_MAX - 1], 100);
    for (int i = 0; i < QNI_BUDGET_DEPTH_MAX; i++) {
        assert_int_equal(stats_of(chain[i]).live, 100);
        assert_int_equal(stats_of(chain[i]).peak, 100);
    }
    give(chain[QNI_BUDGET_DEPTH_MAX - 1], block, 100);
    for (int i = QNI_BUDGET_DEPTH_MAX; i-- > 0;)
        qn_budget_free(chain[i]);
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    qn_budget *limited = budget_of(NULL, "limited", 1000), *open = budget_of(NULL, "open", 0), *none = (void *)1;
    void *a = must_alloc(limited, 10), *b = must_alloc(open, 10);
    qn_error err;
    assert_null(qni_alloc(qn_budget_allocator(limited), INT64_MAX, 1));
    assert_null(qni_alloc(qn_budget_allocator(open), INT64_MAX, 1));
    assert_int_equal(qn_budget_charge(open, INT64_MAX, &err), QN_BUDGET);
    assert_contains(err.message, "asked, more than can be counted");
    assert_int_equal(stats_of(open).live, 10);
    assert_int_equal(stats_of(limited).live, 10);
    give(limited, a, 10);
    give(open, b, 10);
    qn_budget_free(limited);
    qn_budget_free(open);
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = -1;
    assert_int_equal(qn_budget_new(&none, NULL, "bad", &options, &err), QN_INVALID);
    assert_null(none);
    qn_budget_options_init(&options, sizeof options);
    options.huge_from = -5;
    assert_int_equal(qn_budget_new(&none, NULL, "bad", &options, &err), QN_INVALID);
    options.size = 3;
    assert_int_equal(qn_budget_new(&none, NULL, "bad", &options, &err), QN_INVALID);
    qn_budget_free(NULL);
}

static void as_much_as_can_be_counted_can_be_charged(void **state)
{
    (void)state;
    void *usual = qni_alloc(NULL, 1000, 1);
    qn_budget *budget = budget_of(NULL, "all", 0);
    qn_error err;
    assert_int_equal(qn_budget_charge(budget, INT64_MAX, &err), QN_BUDGET);
    assert_contains(err.message, "more than can be counted");
    assert_ok(qn_budget_charge(budget, QNI_BUDGET_COUNTED_MAX, &err), &err);
    assert_true(stats_of(budget).live == QNI_BUDGET_COUNTED_MAX);
    assert_true(stats_of(qn_budget_process()).live > QNI_BUDGET_COUNTED_MAX);
    assert_true(stats_of(qn_budget_process()).peak > QNI_BUDGET_COUNTED_MAX);
    assert_null(qni_alloc(qn_budget_allocator(budget), 1, 1));
    qn_budget_set_limit(qn_budget_process(), 100);
    assert_int_equal(qn_budget_explain(budget, 1, &err), QN_BUDGET);
    qn_budget_set_limit(qn_budget_process(), 0);
    qn_budget_discharge(budget, QNI_BUDGET_COUNTED_MAX);
    assert_int_equal(stats_of(budget).live, 0);
    qn_budget_free(budget);
    qni_free(NULL, usual, 1000, 1);
}

static void a_long_name_is_cut_between_characters(void **state)
{
    (void)state;
    qn_budget *budget = budget_of(NULL, "0123456789012345678901234567890123456789", 0);
    assert_string_equal(stats_of(budget).name, "0123456789012345678901234567890");
    qn_budget_free(budget);
    budget = budget_of(NULL, "012345678901234567890123456789\xC3\xA4", 0);
    assert_string_equal(stats_of(budget).name, "012345678901234567890123456789");
    qn_budget_free(budget);
    budget = budget_of(NULL, "01234567890123456789012345678\xC3\xA4", 0);
    assert_string_equal(stats_of(budget).name, "01234567890123456789012345678\xC3\xA4");
    qn_budget_free(budget);
}

static void an_allocator_knows_its_budget(void **state)
{
    (void)state;
    qn_budget *budget = budget_of(NULL, "b", 0);
    test_allocator source;
    test_allocator_init(&source);
    assert_ptr_equal(qn_budget_of(qn_budget_allocator(budget)), budget);
    assert_null(qn_budget_of(NULL));
    assert_null(qn_budget_of(qn_allocator_default()));
    assert_null(qn_budget_of(&source.allocator));
    assert_ptr_equal(qn_budget_of(qn_budget_allocator(qn_budget_process())), qn_budget_process());
    qn_budget_free(budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parent_holds_what_its_children_hold),
        cmocka_unit_test(a_growing_block_counts_once_and_keeps_its_bytes),
        cmocka_unit_test(a_limit_is_reached_and_never_passed),
        cmocka_unit_test(a_lowered_limit_takes_nothing_away),
        cmocka_unit_test(what_the_source_refuses_is_not_counted),
        cmocka_unit_test(a_charge_is_memory_from_elsewhere),
        cmocka_unit_test(the_sentence_names_the_largest_holders_first),
        cmocka_unit_test(the_last_refusal_is_remembered_as_things_were),
        cmocka_unit_test(who_was_refused_is_told_why_even_when_there_is_room_again),
        cmocka_unit_test(the_refusal_of_a_budget_that_ended_is_not_that_of_another_in_its_place),
        cmocka_unit_test(an_arena_over_a_full_budget_says_so),
        cmocka_unit_test(a_holder_gives_back_and_the_request_is_granted),
        cmocka_unit_test(only_holders_below_the_full_budget_are_asked_largest_first),
        cmocka_unit_test(a_lowered_limit_asks_holders),
        cmocka_unit_test(a_holder_that_takes_instead_is_refused_and_not_asked_again),
        cmocka_unit_test(a_holder_that_registers_again_while_it_is_asked_is_asked_next_time),
        cmocka_unit_test(a_holder_may_end_itself_while_it_is_asked),
        cmocka_unit_test(all_are_shown_parents_first_in_the_order_of_their_making),
        cmocka_unit_test(a_budget_freed_too_early_is_shown_until_its_last_byte),
        cmocka_unit_test(a_parent_freed_first_goes_with_its_last_child),
        cmocka_unit_test(a_budget_freed_too_early_stays_while_somebody_may_be_asked),
        cmocka_unit_test(what_the_default_allocator_holds_counts_for_the_process),
        cmocka_unit_test(the_process_itself_can_be_drawn_on),
        cmocka_unit_test(a_source_that_counts_already_is_not_counted_twice),
        cmocka_unit_test(an_older_caller_gets_what_it_knows),
        cmocka_unit_test(sixteen_levels_are_the_most),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(as_much_as_can_be_counted_can_be_charged),
        cmocka_unit_test(a_long_name_is_cut_between_characters),
        cmocka_unit_test(an_allocator_knows_its_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
