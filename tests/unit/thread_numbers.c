/* Threads' numbers and what an object keeps a thread: small, unique among the living, passed on at a thread's end. */
#include "harness/harness.h"

#include "base/limits.h"
#include "base/thread.h"
#include "mem/limits.h"
#include "mem/locals.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    MANY = 40
};

typedef struct member {
    pthread_barrier_t *barrier; /* NULL: nobody waits for others */
    qni_locals *locals;
    int64_t number;
    void *found; /* before anything was put */
    void *thing; /* to put; NULL: nothing */
    bool put;
    void *seen; /* after it */
} member;

static void *have_a_number(void *user)
{
    member *m = user;
    m->number = qni_thread_number();
    if (m->locals != NULL) {
        m->found = qni_locals_get(m->locals);
        if (m->thing != NULL)
            m->put = qni_locals_put(m->locals, m->thing);
        m->seen = qni_locals_get(m->locals);
    }
    if (m->barrier != NULL)
        (void)pthread_barrier_wait(m->barrier); /* all have theirs */
    if (qni_thread_number() != m->number)
        m->number = -100;
    return NULL;
}

/* Runs `count` members, all alive at once. */
static void together(member *members, int count)
{
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, (unsigned)count);
    pthread_t *threads = calloc((size_t)count, sizeof *threads);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 << 10);
    assert_non_null(threads);
    for (int i = 0; i < count; i++) {
        members[i].barrier = &barrier;
        assert_int_equal(pthread_create(&threads[i], &small, have_a_number, &members[i]), 0);
    }
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_attr_destroy(&small);
    pthread_barrier_destroy(&barrier);
    free(threads);
}

static member alone(member m)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, have_a_number, &m), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return m;
}

static void a_thread_keeps_its_number(void **state)
{
    (void)state;
    int64_t number = qni_thread_number();
    assert_int_equal(number, 0); /* the first thread that asked */
    for (int i = 0; i < 10; i++)
        assert_int_equal(qni_thread_number(), number);
}

static void threads_that_live_at_once_have_different_small_numbers(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        member members[MANY] = {0};
        bool taken[MANY + 1] = {false};
        (void)qni_thread_number();
        together(members, MANY);
        for (int i = 0; i < MANY; i++) {
            assert_in_range(members[i].number, 1, MANY); /* 0 is this thread's */
            assert_false(taken[members[i].number]);
            taken[members[i].number] = true;
        }
    }
}

static void a_number_is_given_again_after_its_threads_end(void **state)
{
    (void)state;
    int64_t first = alone((member){0}).number;
    for (int i = 0; i < QNI_THREAD_NUMBERS + 10; i++)
        assert_int_equal(alone((member){0}).number, first);
}

static void beyond_the_last_number_there_is_none(void **state)
{
    (void)state;
    enum {
        TOO_MANY = QNI_THREAD_NUMBERS + 20
    };
    static member members[TOO_MANY];
    qni_locals locals;
    qni_locals_init(&locals, NULL);
    int thing;
    for (int i = 0; i < TOO_MANY; i++)
        members[i] = (member){.locals = &locals, .thing = &thing};
    (void)qni_thread_number();
    together(members, TOO_MANY);
    int64_t without = 0;
    for (int i = 0; i < TOO_MANY; i++) {
        without += members[i].number == -1;
        assert_true(members[i].put == (members[i].number >= 0));
        assert_true((members[i].seen != NULL) == (members[i].number >= 0));
    }
    assert_int_equal(without, TOO_MANY - (QNI_THREAD_NUMBERS - 1));
    assert_int_equal(alone((member){0}).number, 1); /* and afterwards all is as before */
    qni_locals_fini(&locals);
}

static void each_thread_finds_its_own_thing(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    qni_locals locals;
    qni_locals_init(&locals, NULL);
    int things[MANY];
    member members[MANY];
    for (int i = 0; i < MANY; i++)
        members[i] = (member){.locals = &locals, .thing = &things[i]};
    together(members, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_null(members[i].found);
        assert_true(members[i].put);
        assert_ptr_equal(members[i].seen, &things[i]);
    }
    /* Whoever has the number next finds what was there. */
    member next[MANY];
    for (int i = 0; i < MANY; i++)
        next[i] = (member){.locals = &locals};
    together(next, MANY);
    for (int i = 0; i < MANY; i++)
        for (int j = 0; j < MANY; j++)
            if (next[i].number == members[j].number)
                assert_ptr_equal(next[i].found, &things[j]);
    qni_locals_fini(&locals);
}

static bool count_thing(void *user, void *thing)
{
    assert_non_null(thing);
    return --*(int *)user > 0;
}

static void all_things_are_walked_over_until_it_is_enough(void **state)
{
    (void)state;
    qni_locals locals;
    qni_locals_init(&locals, NULL);
    int things[MANY], left = 1000;
    qni_locals_each(&locals, count_thing, &left);
    assert_int_equal(left, 1000);
    member members[MANY];
    for (int i = 0; i < MANY; i++)
        members[i] = (member){.locals = &locals, .thing = &things[i]};
    together(members, MANY);
    qni_locals_each(&locals, count_thing, &left);
    assert_int_equal(left, 1000 - MANY);
    left = 3;
    qni_locals_each(&locals, count_thing, &left);
    assert_int_equal(left, 0);
    qni_locals_fini(&locals);
}

/* An allocator that is short of memory asks the very object to give some back, as a budget does. */
typedef struct pressing {
    qn_allocator allocator;
    qni_locals *locals;
    int64_t walks, live;
} pressing;

static bool walk(void *user, void *thing)
{
    (void)user, (void)thing;
    return true;
}

static void *pressing_resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    pressing *p = user;
    p->live += new_size - old_size;
    qni_locals_each(p->locals, walk, NULL);
    p->walks++;
    return qn_allocator_default()->resize(qn_allocator_default()->user, block, old_size, new_size);
}

static void the_allocator_is_asked_with_no_lock_held(void **state)
{
    (void)state;
    qni_locals locals;
    pressing p = {.allocator = {.resize = pressing_resize, .user = &p}, .locals = &locals};
    qni_locals_init(&locals, &p.allocator);
    int thing;
    assert_true(qni_locals_put(&locals, &thing));
    assert_int_equal(p.walks, 1);
    assert_int_equal(qni_locals_size(&locals), p.live);
    qni_locals_fini(&locals);
    assert_int_equal(p.live, 0);
}

static void without_memory_nothing_is_put(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    memory.fail_at = 1;
    qni_locals locals;
    qni_locals_init(&locals, &memory.allocator);
    int thing;
    assert_false(qni_locals_put(&locals, &thing));
    assert_null(qni_locals_get(&locals));
    assert_true(qni_locals_put(&locals, &thing)); /* now there is some */
    assert_ptr_equal(qni_locals_get(&locals), &thing);
    qni_locals_fini(&locals);
    assert_int_equal(memory.live_bytes, 0);
}

/* A destructor of the program's own that runs after the library heard of the thread's end. */
static pthread_key_t late;
static qni_locals *late_locals;
static int64_t late_number;
static int rounds;

static void use_late(void *value)
{
    if (++rounds < 3) { /* be called again, after all others */
        (void)pthread_setspecific(late, value);
        return;
    }
    late_number = qni_thread_number();
    int thing;
    assert_false(qni_locals_put(late_locals, &thing));
    assert_null(qni_locals_get(late_locals));
}

static void *end_late(void *user)
{
    (void)user;
    (void)qni_thread_number();
    (void)pthread_setspecific(late, &late);
    return NULL;
}

static void a_thread_that_is_ending_has_no_number(void **state)
{
    (void)state;
    qni_locals locals;
    qni_locals_init(&locals, NULL);
    late_locals = &locals;
    (void)qni_thread_number();
    assert_int_equal(pthread_key_create(&late, use_late), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, end_late, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(rounds, 3);
    assert_int_equal(late_number, -1);
    assert_int_equal(pthread_key_delete(late), 0);
    assert_int_equal(alone((member){0}).number, 1);
    qni_locals_fini(&locals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_keeps_its_number),
        cmocka_unit_test(threads_that_live_at_once_have_different_small_numbers),
        cmocka_unit_test(a_number_is_given_again_after_its_threads_end),
        cmocka_unit_test(beyond_the_last_number_there_is_none),
        cmocka_unit_test(each_thread_finds_its_own_thing),
        cmocka_unit_test(all_things_are_walked_over_until_it_is_enough),
        cmocka_unit_test(the_allocator_is_asked_with_no_lock_held),
        cmocka_unit_test(without_memory_nothing_is_put),
        cmocka_unit_test(a_thread_that_is_ending_has_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
