/* The owner's lock under stress: what its owner and its visitors both write is never seen half done and no addition is
 * lost, with and without membarrier. Without the barrier on either side the sums come out wrong within milliseconds. */
#include "harness/harness.h"

#include "base/lock.h"
#include "mem/owner_lock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    OWNERS = 3,
    VISITORS = 3
};

typedef struct owned {
    _Alignas(64) qni_owner_lock lock;
    int64_t a, b;    /* always equal, outside */
    int64_t broken;  /* times that they were not */
    int64_t entered; /* by the owner alone */
} owned;

typedef struct scene {
    owned things[OWNERS];
    qni_lock visitors;
    _Atomic int finished; /* visitors that are done */
    int64_t visits;       /* each */
} scene;

typedef struct role {
    scene *scene;
    int index;
} role;

/* Adds one to both, in two steps that a compiler may not join. */
static void add(owned *thing)
{
    int64_t a = thing->a, b = thing->b;
    if (a != b)
        thing->broken++;
    thing->a = a + 1;
    atomic_signal_fence(memory_order_seq_cst);
    thing->b = b + 1;
}

static void *own(void *user)
{
    const role *r = user;
    scene *all = r->scene;
    owned *thing = &all->things[r->index];
    /* Relaxed: only when to stop. */
    while (atomic_load_explicit(&all->finished, memory_order_relaxed) < VISITORS) {
        if (qni_owner_enter(&thing->lock)) {
            add(thing);
            thing->entered++;
            qni_owner_leave(&thing->lock);
        } else {
            qni_lock_take(&all->visitors, NULL);
            qni_lock_give(&all->visitors);
        }
    }
    return NULL;
}

static void *visit(void *user)
{
    scene *all = ((const role *)user)->scene;
    for (int64_t i = 0; i < all->visits; i++) {
        qni_lock_take(&all->visitors, NULL);
        for (int j = 0; j < OWNERS; j++)
            qni_owner_want(&all->things[j].lock);
        qni_owner_barrier();
        for (int j = 0; j < OWNERS; j++)
            qni_owner_await(&all->things[j].lock);
        for (int j = 0; j < OWNERS; j++)
            add(&all->things[j]);
        for (int j = 0; j < OWNERS; j++)
            qni_owner_let(&all->things[j].lock);
        qni_lock_give(&all->visitors);
    }
    /* Relaxed: joining orders what was written. */
    atomic_fetch_add_explicit(&all->finished, 1, memory_order_relaxed);
    return NULL;
}

static void run(bool fenced)
{
    scene *all = aligned_alloc(64, sizeof *all);
    assert_non_null(all);
    *all = (scene){.visits = test_effort(20000, 1000000)};
    pthread_t threads[OWNERS + VISITORS];
    role roles[OWNERS + VISITORS];
    for (int i = 0; i < OWNERS; i++)
        qni_owner_init(&all->things[i].lock, fenced);
    for (int i = 0; i < OWNERS + VISITORS; i++) {
        roles[i] = (role){.scene = all, .index = i};
        assert_int_equal(pthread_create(&threads[i], NULL, i < OWNERS ? own : visit, &roles[i]), 0);
    }
    for (int i = 0; i < OWNERS + VISITORS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < OWNERS; i++) {
        const owned *thing = &all->things[i];
        assert_int_equal(thing->a, thing->entered + VISITORS * all->visits);
        assert_int_equal(thing->b, thing->a);
        assert_int_equal(thing->broken, 0);
    }
    free(all);
}

static void owners_and_visitors_exclude_one_another(void **state)
{
    (void)state;
    run(false);
}

static void they_do_with_the_owners_own_barrier_too(void **state)
{
    (void)state;
    run(true);
}

static void an_owner_alone_always_gets_in(void **state)
{
    (void)state;
    for (int fenced = 0; fenced < 2; fenced++) {
        qni_owner_lock lock;
        qni_owner_init(&lock, fenced != 0);
        for (int i = 0; i < 1000; i++) {
            assert_true(qni_owner_enter(&lock));
            qni_owner_leave(&lock);
        }
        qni_owner_want(&lock);
        assert_true(qni_owner_is_wanted(&lock));
        assert_false(qni_owner_enter(&lock));
        qni_owner_barrier();
        qni_owner_await(&lock); /* who was turned away is not inside */
        qni_owner_let(&lock);
        assert_false(qni_owner_is_wanted(&lock));
        assert_true(qni_owner_enter(&lock));
        qni_owner_leave(&lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_alone_always_gets_in),
        cmocka_unit_test(owners_and_visitors_exclude_one_another),
        cmocka_unit_test(they_do_with_the_owners_own_barrier_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
