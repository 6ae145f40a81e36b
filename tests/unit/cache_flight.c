/* Values that are made once for all who ask: many askers, errors, makers that ask for themselves or in a circle;
 * removals while a value is made. */
#include "unit/cache_kit.h"

#include "base/lock.h"

#include <pthread.h>
#include <stdatomic.h>

/* What a maker does, and what the test sees of it. */
typedef struct making {
    qn_cache *cache;
    const char *text; /* NULL: there is none */
    qn_status fails;
    _Atomic int64_t calls;
    _Atomic uint32_t *gate; /* it waits until this is not 0; NULL: does not wait */
    void (*meanwhile)(struct making *making);
} making;

static void wait_for(_Atomic uint32_t *gate)
{
    while (atomic_load(gate) == 0)
        (void)qni_park(gate, 0, -1);
}

static void open_gate(_Atomic uint32_t *gate)
{
    atomic_store(gate, 1);
    qni_unpark(gate, 1 << 20);
}

static qn_status make(qn_datum **out, void *user, qn_error *err)
{
    making *m = user;
    atomic_fetch_add(&m->calls, 1);
    if (m->gate != NULL)
        wait_for(m->gate);
    if (m->meanwhile != NULL)
        m->meanwhile(m);
    *out = NULL;
    if (m->fails != QN_OK) {
        *err = qn_error_none();
        err->code = m->fails;
        (void)snprintf(err->message, sizeof err->message, "the source is closed on Sundays");
        return m->fails;
    }
    *out = m->text != NULL ? kit_datum(m->text) : NULL;
    return QN_OK;
}

static qn_status ask_with(char text[64], qn_cache_found *found, qn_cache *cache, const char *key,
                          const qn_cache_put_options *options, making *m, qn_error *err)
{
    qn_datum *datum;
    qn_status s = qn_cache_get_or(&datum, found, cache, key, -1, options, make, m, err);
    (void)snprintf(text, 64, "%s", datum != NULL ? qn_datum_text(datum, NULL) : "-");
    qn_datum_unref(datum);
    return s;
}

static void must_ask(qn_cache *cache, const char *key, making *m, const char *expected, qn_cache_found how)
{
    char text[64];
    qn_cache_found found;
    qn_error err;
    assert_ok(ask_with(text, &found, cache, key, NULL, m, &err), &err);
    assert_string_equal(text, expected);
    assert_int_equal(found, how);
}

static void a_value_is_made_once_and_remembered(void **state)
{
    (void)state;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    making some = {.text = "made"}, none = {0};
    must_ask(cache, "k", &some, "made", QN_CACHE_MISS);
    must_ask(cache, "k", &some, "made", QN_CACHE_HIT);
    must_ask(cache, "n", &none, "-", QN_CACHE_MISS);
    must_ask(cache, "n", &none, "-", QN_CACHE_ABSENT);
    assert_int_equal(some.calls, 1);
    assert_int_equal(none.calls, 1);
    qn_cache_stats stats = kit_stats(cache);
    assert_int_equal(stats.made, 2);
    assert_int_equal(stats.misses, 2);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.absent_hits, 1);
    kit_close(cache);
}

static void an_error_is_told_and_not_remembered(void **state)
{
    (void)state;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    making m = {.text = "later", .fails = QN_IO};
    char text[64];
    qn_cache_found found;
    qn_error err;
    assert_int_equal(ask_with(text, &found, cache, "k", NULL, &m, &err), QN_IO);
    assert_contains(err.message, "Sundays");
    assert_int_equal(found, QN_CACHE_MISS);
    m.fails = QN_OK;
    must_ask(cache, "k", &m, "later", QN_CACHE_MISS);
    assert_int_equal(m.calls, 2);
    kit_close(cache);
}

static void an_absence_lasts_no_longer_than_a_value_would(void **state)
{
    (void)state;
    kit_clock time;
    kit_clock_init(&time, KIT_BOOT);
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY, .clock = &time.clock, .absent_ttl_ms = 100});
    const qn_cache_put_options hour = {.size = sizeof hour, .ttl_ms = 3600000},
                               brief = {.size = sizeof brief, .ttl_ms = 10};
    making none = {0};
    char text[64];
    qn_error err;
    assert_ok(ask_with(text, NULL, cache, "hour", &hour, &none, &err), &err);
    assert_ok(ask_with(text, NULL, cache, "brief", &brief, &none, &err), &err);
    kit_pass_ms(&time, 10);
    assert_string_equal(kit_get(cache, "hour"), "-");
    assert_string_equal(kit_get(cache, "brief"), "?");
    kit_pass_ms(&time, 90);
    assert_string_equal(kit_get(cache, "hour"), "?");
    kit_close(cache);
}

/* ---- many ---- */

enum {
    ASKERS = 100,
};

typedef struct asker {
    qn_cache *cache;
    making *m;
    qn_status status;
    char text[64], message[64];
} asker;

static void *ask_body(void *user)
{
    asker *a = user;
    qn_error err = qn_error_none();
    a->status = ask_with(a->text, NULL, a->cache, "k", NULL, a->m, &err);
    (void)snprintf(a->message, sizeof a->message, "%.40s", err.message);
    return NULL;
}

/* Lets the maker go when all others wait for it, and joins them. */
static void run_askers(asker *askers, qn_cache *cache, making *m, _Atomic uint32_t *gate)
{
    pthread_t threads[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (asker){.cache = cache, .m = m};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_body, &askers[i]), 0);
    }
    while (kit_stats(cache).joined < ASKERS - 1)
        qni_yield();
    open_gate(gate);
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void a_hundred_askers_cost_one_making(void **state)
{
    (void)state;
    static asker askers[ASKERS];
    _Atomic uint32_t gate = 0;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    making m = {.text = "shared", .gate = &gate};
    run_askers(askers, cache, &m, &gate);
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(askers[i].status, QN_OK);
        assert_string_equal(askers[i].text, "shared");
    }
    assert_int_equal(m.calls, 1);
    qn_cache_stats stats = kit_stats(cache);
    assert_int_equal(stats.made, 1);
    assert_int_equal(stats.joined, ASKERS - 1);
    assert_int_equal(stats.hits + stats.absent_hits + stats.misses, ASKERS);
    kit_close(cache);
}

static void an_error_is_told_to_all_who_waited(void **state)
{
    (void)state;
    static asker askers[ASKERS];
    _Atomic uint32_t gate = 0;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    making m = {.fails = QN_DATA, .gate = &gate};
    run_askers(askers, cache, &m, &gate);
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(askers[i].status, QN_DATA);
        assert_contains(askers[i].message, "Sundays");
    }
    assert_int_equal(m.calls, 1);
    assert_int_equal(kit_stats(cache).made, 0);
    kit_close(cache);
}

/* ---- circles ---- */

static void ask_for_own_key(making *m)
{
    making again = {.text = "never"};
    char text[64];
    qn_error err;
    assert_int_equal(ask_with(text, NULL, m->cache, "k", NULL, &again, &err), QN_BUSY);
    assert_int_equal(again.calls, 0);
}

static void a_maker_that_asks_for_its_own_key_is_told(void **state)
{
    (void)state;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    making m = {.cache = cache, .text = "k", .meanwhile = ask_for_own_key};
    must_ask(cache, "k", &m, "k", QN_CACHE_MISS);
    kit_close(cache);
}

static void ask_for_others(making *m)
{
    making inner = {.cache = m->cache, .text = "inner", .meanwhile = ask_for_own_key};
    must_ask(m->cache, "inner", &inner, "inner", QN_CACHE_MISS);
    must_ask(m->cache, "inner", &inner, "inner", QN_CACHE_HIT);
}

static void makers_may_ask_for_other_keys(void **state)
{
    (void)state;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    making m = {.cache = cache, .text = "k", .meanwhile = ask_for_others};
    must_ask(cache, "k", &m, "k", QN_CACHE_MISS);
    kit_close(cache);
}

/* Three threads, each of which makes one key and then asks for the next one's. */
typedef struct ring {
    making m;
    int index;
    _Atomic int64_t *in; /* makers that have begun */
    qn_status asked;
} ring;

static void ask_for_next(making *m)
{
    ring *r = (ring *)m;
    char key[2] = {(char)('a' + (r->index + 1) % 3), '\0'}, text[64];
    making other = {.text = "made by who asks"};
    qn_error err;
    atomic_fetch_add(r->in, 1);
    while (atomic_load(r->in) < 3)
        qni_yield();
    r->asked = ask_with(text, NULL, m->cache, key, NULL, &other, &err);
}

static void *ring_body(void *user)
{
    ring *r = user;
    char key[2] = {(char)('a' + r->index), '\0'}, text[64];
    qn_error err;
    assert_int_equal(ask_with(text, NULL, r->m.cache, key, NULL, &r->m, &err), QN_OK);
    return NULL;
}

static void makers_that_would_wait_in_a_circle_are_told(void **state)
{
    (void)state;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    _Atomic int64_t in = 0;
    ring rings[3];
    pthread_t threads[3];
    int busy = 0;
    for (int i = 0; i < 3; i++) {
        rings[i] = (ring){.m = {.cache = cache, .text = "own", .meanwhile = ask_for_next}, .index = i, .in = &in};
        assert_int_equal(pthread_create(&threads[i], NULL, ring_body, &rings[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        busy += rings[i].asked == QN_BUSY;
    }
    assert_int_equal(busy, 1); /* the last to ask; the others wait for what is then made */
    kit_close(cache);
}

/* ---- removal meanwhile ---- */

static void remove_key(making *m)
{
    (void)kit_remove(m->cache, "k");
}

static void remove_dependency(making *m)
{
    (void)kit_remove(m->cache, "base");
}

static void put_dependency(making *m)
{
    kit_put(m->cache, "base", "newer");
}

static void put_key(making *m)
{
    kit_put(m->cache, "k", "newer");
}

static void clear_all(making *m)
{
    assert_int_equal(qn_cache_clear(NULL, m->cache, NULL), QN_OK);
}

static void remove_another(making *m)
{
    (void)kit_remove(m->cache, "another");
}

/* What is there afterwards. */
static void run_meanwhile(qn_cache *cache, void (*meanwhile)(making *m), const char *kept)
{
    const qn_cache_name on[] = {{"middle", -1}}, on_base[] = {{"base", -1}};
    const qn_cache_put_options options = {.size = sizeof options, .depends_on = on, .depends_count = 1};
    making m = {.cache = cache, .text = "made", .meanwhile = meanwhile};
    char text[64];
    qn_error err;
    kit_put_with(cache, "middle", "m", (qn_cache_put_options){.depends_on = on_base, .depends_count = 1});
    assert_ok(ask_with(text, NULL, cache, "k", &options, &m, &err), &err);
    assert_string_equal(text, "made");
    assert_string_equal(kit_get(cache, "k"), kept);
    assert_ok(qn_cache_clear(NULL, cache, &err), &err);
}

static void what_was_removed_while_it_was_made_is_given_and_not_kept(void **state)
{
    (void)state;
    const char *folder = kit_folder("meanwhile");
    const qn_cache_options ways[] = {
        {KIT_MEMORY},
        {KIT_MEMORY, .folder = folder},
        {.memory_bytes = -1, .folder = folder},
        {KIT_MEMORY, .folder = folder, .writing = QN_CACHE_BACK},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        qn_cache *cache = kit_open(ways[i]);
        run_meanwhile(cache, NULL, "made");
        run_meanwhile(cache, remove_another, "made");
        run_meanwhile(cache, remove_key, "?");
        run_meanwhile(cache, remove_dependency, "?"); /* through "middle", which went with it */
        run_meanwhile(cache, put_dependency, "?");
        run_meanwhile(cache, clear_all, "?");
        run_meanwhile(cache, put_key, "newer");
        kit_close(cache);
    }
}

static void a_made_value_s_ticket_is_done_when_it_is_written(void **state)
{
    (void)state;
    const char *folder = kit_folder("ticket");
    const qn_cache_options ways[] = {
        {KIT_MEMORY},
        {KIT_MEMORY, .folder = folder},
        {KIT_MEMORY, .folder = folder, .writing = QN_CACHE_BACK},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        qn_cache *cache = kit_open(ways[i]);
        qn_cache_ticket *ticket = NULL;
        const qn_cache_put_options options = {.size = sizeof options, .ticket = &ticket};
        making m = {.text = "made"};
        char text[64], key[16];
        qn_error err;
        (void)snprintf(key, sizeof key, "k%zu", i);
        assert_ok(ask_with(text, NULL, cache, key, &options, &m, &err), &err);
        assert_non_null(ticket);
        assert_ok(qn_cache_ticket_wait(ticket, ways[i].writing == QN_CACHE_BACK ? -1 : 0, &err), &err);
        qn_cache_ticket_free(ticket);
        assert_ok(ask_with(text, NULL, cache, key, &options, &m, &err), &err);
        assert_null(ticket); /* nothing was put */
        making removed = {.cache = cache, .text = "made", .meanwhile = remove_key};
        assert_ok(ask_with(text, NULL, cache, "k", &options, &removed, &err), &err);
        assert_null(ticket);
        kit_close(cache);
    }
}

/* "middle" comes to be, and goes again, while what depends on it is made. */
static void make_middle_and_remove_base(making *m)
{
    const qn_cache_name on_base[] = {{"base", -1}};
    const qn_cache_put_options options = {.size = sizeof options, .depends_on = on_base, .depends_count = 1};
    making middle = {.text = "m"};
    char text[64];
    qn_error err;
    assert_ok(ask_with(text, NULL, m->cache, "middle", &options, &middle, &err), &err);
    if (m->fails == QN_OK && m->text[0] == 'r')
        (void)kit_remove(m->cache, "base");
}

static void a_dependency_made_by_the_maker_counts_from_then_on(void **state)
{
    (void)state;
    const qn_cache_name on[] = {{"middle", -1}};
    const qn_cache_put_options options = {.size = sizeof options, .depends_on = on, .depends_count = 1};
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    char text[64];
    qn_error err;
    making keeps = {.cache = cache, .text = "keeps", .meanwhile = make_middle_and_remove_base};
    assert_ok(ask_with(text, NULL, cache, "k", &options, &keeps, &err), &err);
    assert_string_equal(kit_get(cache, "k"), "keeps"); /* though "middle" was put after its making began */
    assert_int_equal(kit_remove(cache, "base"), 2);    /* it has inherited "base" */
    assert_string_equal(kit_get(cache, "k"), "?");
    making removes = {.cache = cache, .text = "removes", .meanwhile = make_middle_and_remove_base};
    assert_ok(ask_with(text, NULL, cache, "k", &options, &removes, &err), &err);
    assert_string_equal(text, "removes");
    assert_string_equal(kit_get(cache, "k"), "?");
    kit_close(cache);
}

/* Who asks after the removal does not get what was begun before it. */
static void *late_body(void *user)
{
    asker *a = user;
    qn_error err;
    a->status = ask_with(a->text, NULL, a->cache, "k", NULL, a->m, &err);
    return NULL;
}

static void who_asks_after_a_removal_does_not_join_what_was_begun_before(void **state)
{
    (void)state;
    _Atomic uint32_t gate = 0;
    qn_cache *cache = kit_open((qn_cache_options){KIT_MEMORY});
    making old = {.text = "old", .gate = &gate}, fresh = {.text = "fresh"};
    asker first = {.cache = cache, .m = &old};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, late_body, &first), 0);
    while (atomic_load(&old.calls) == 0)
        qni_yield();
    (void)kit_remove(cache, "k");
    must_ask(cache, "k", &fresh, "fresh", QN_CACHE_MISS);
    open_gate(&gate);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(first.text, "old");
    assert_string_equal(kit_get(cache, "k"), "fresh");
    kit_close(cache);
}

static void a_removal_in_another_cache_on_the_folder_counts_too(void **state)
{
    (void)state;
    const qn_cache_options options = {KIT_MEMORY, .folder = kit_folder("foreign")};
    qn_cache *mine = kit_open(options), *others = kit_open(options);
    making m = {.cache = others, .text = "made", .meanwhile = remove_key};
    must_ask(mine, "k", &m, "made", QN_CACHE_MISS);
    assert_string_equal(kit_get(mine, "k"), "?");
    assert_string_equal(kit_get(others, "k"), "?");
    m.meanwhile = NULL;
    must_ask(mine, "k", &m, "made", QN_CACHE_MISS);
    assert_string_equal(kit_get(others, "k"), "made");
    kit_close(mine);
    kit_close(others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_made_once_and_remembered),
        cmocka_unit_test(an_error_is_told_and_not_remembered),
        cmocka_unit_test(an_absence_lasts_no_longer_than_a_value_would),
        cmocka_unit_test(a_hundred_askers_cost_one_making),
        cmocka_unit_test(an_error_is_told_to_all_who_waited),
        cmocka_unit_test(a_maker_that_asks_for_its_own_key_is_told),
        cmocka_unit_test(makers_may_ask_for_other_keys),
        cmocka_unit_test(makers_that_would_wait_in_a_circle_are_told),
        cmocka_unit_test(what_was_removed_while_it_was_made_is_given_and_not_kept),
        cmocka_unit_test(a_made_value_s_ticket_is_done_when_it_is_written),
        cmocka_unit_test(a_dependency_made_by_the_maker_counts_from_then_on),
        cmocka_unit_test(who_asks_after_a_removal_does_not_join_what_was_begun_before),
        cmocka_unit_test(a_removal_in_another_cache_on_the_folder_counts_too),
    };
    return cmocka_run_group_tests_name("cache_flight", tests, kit_setup, kit_teardown);
}
