/* store/cache_flight.c: a value that many ask for at once is made by one of them; the others wait for it.
 *
 * Always: for a key there is at most one flight that others may join. One whose key, or one of whose dependencies, was
 * removed since it began is joined no more: it is given to those who joined before, and not kept.
 *
 * What the value will depend on is noted twice: when the flight has begun, and whenever an entry on which it depends is
 * seen or enters memory meanwhile, which the maker may have read, and which may have been removed again when it is
 * done. So the names are complete, and whoever removes one of them ends the value's right to be kept (cache_remove.c).
 *
 * A thread that would wait for itself, through however many others, is told: each waits for one flight at most, and
 * each flight is made by one thread, so that following them ends or comes back. */
#include "store/cache_front_int.h"

#include "base/thread.h"

#include <limits.h>
#include <string.h>

struct qni_flight {
    qni_flight *next; /* of those that may be joined */
    bool listed;
    int64_t references;
    uintptr_t thread; /* that makes it */
    qni_cache_key key;
    int64_t size; /* of the block, in which the key's bytes are */
    uint64_t since;
    bool watches;              /* it was told of names */
    int64_t given, name_count; /* those; and with what they depend on themselves */
    bool unsure;               /* it depends on more than could be noted */
    uint64_t names[QN_CACHE_DEPENDS_MAX];
    /* The maker's, until it is done. */
    qni_answer answer;
    qn_error error;        /* code QN_OK: none */
    _Atomic uint32_t done; /* released when the answer is written, acquired by who waits; slept on */
};

struct qni_flight_waiter {
    qni_flight_waiter *next;
    uintptr_t thread;
    const qni_flight *flight;
};

/* What no other thread that lives has. */
static uintptr_t this_thread(void)
{
    return (uintptr_t)&qni_thread_own;
}

/* ---- the list; all of it with the lock ---- */

static void unlist(qni_flights *flights, qni_flight *flight)
{
    if (!flight->listed)
        return;
    qni_flight **at = &flights->first;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    flight->listed = false;
}

/* One that may be joined; one that may no more leaves the list. */
static qni_flight *find(qn_cache *cache, const qni_cache_key *key)
{
    qni_flight *f = cache->flights.first;
    while (f != NULL && (f->key.name != key->name || f->key.size != key->size ||
                         memcmp(f->key.bytes, key->bytes, (size_t)key->size) != 0))
        f = f->next;
    if (f == NULL || !qni_marks_stale(cache, QNI_REMOVED, f->since, f->key.name, f->names, f->name_count))
        return f;
    unlist(&cache->flights, f);
    return NULL;
}

static bool waits_for_me(const qni_flights *flights, const qni_flight *flight)
{
    uintptr_t me = this_thread();
    while (flight != NULL && flight->thread != me) {
        const qni_flight_waiter *w = flights->waiters;
        while (w != NULL && w->thread != flight->thread)
            w = w->next;
        flight = w != NULL ? w->flight : NULL;
    }
    return flight != NULL;
}

static void note(qni_flight *flight, uint64_t name)
{
    for (int64_t i = 0; i < flight->name_count; i++)
        if (flight->names[i] == name)
            return;
    if (flight->name_count < QN_CACHE_DEPENDS_MAX)
        flight->names[flight->name_count++] = name;
    else
        flight->unsure = true;
}

void qni_flights_saw(qn_cache *cache, uint64_t name, const uint64_t *depends, int64_t count)
{
    qni_flights *flights = &cache->flights;
    if (count == 0 || atomic_load(&flights->watching) == 0)
        return;
    qni_lock_take(&flights->lock, NULL);
    for (qni_flight *f = flights->first; f != NULL; f = f->next) {
        bool depends_on = false;
        for (int64_t i = 0; i < f->name_count && !depends_on; i++)
            depends_on = f->names[i] == name;
        for (int64_t i = 0; i < count && depends_on; i++)
            if (depends[i] != f->key.name)
                note(f, depends[i]);
    }
    qni_lock_give(&flights->lock);
}

/* ---- a flight's life ---- */

static qn_status new_flight(qni_flight **out, qn_cache *cache, const qni_cache_key *key, qn_error *err)
{
    int64_t size = (int64_t)sizeof(qni_flight) + key->size;
    qni_flight *f = qni_alloc(cache->allocator, size, 1);
    *out = f;
    if (f == NULL)
        return qni_refused(err, cache->allocator, size, "a value that is to be made");
    *f = (qni_flight){.references = 1, .thread = this_thread(), .key = *key, .size = size};
    f->key.bytes = f + 1;
    memcpy(f + 1, key->bytes, (size_t)key->size);
    return QN_OK;
}

static void free_flight(qn_cache *cache, qni_flight *f)
{
    qn_datum_unref(f->answer.datum);
    qni_free(cache->allocator, f, f->size, 1);
}

static void leave(qn_cache *cache, qni_flight *f)
{
    qni_lock_take(&cache->flights.lock, NULL);
    bool last = --f->references == 0;
    qni_lock_give(&cache->flights.lock);
    if (last)
        free_flight(cache, f);
}

static void land(qn_cache *cache, qni_flight *f)
{
    qni_flights *flights = &cache->flights;
    qni_lock_take(&flights->lock, NULL);
    unlist(flights, f);
    atomic_fetch_add(&flights->landed, 1);
    bool waited_for = f->references > 1;
    /* With the lock: who waits cannot be gone before it is given. */
    atomic_store(&f->done, 1);
    if (waited_for)
        qni_unpark(&f->done, INT_MAX);
    qni_lock_give(&flights->lock);
}

/* Waits for another's, whose lock is held and is given. */
static qn_status join(qni_answer *out, qn_cache *cache, qni_flight *f, qn_error *err)
{
    qni_flights *flights = &cache->flights;
    qni_flight_waiter me = {.next = flights->waiters, .thread = this_thread(), .flight = f};
    flights->waiters = &me;
    f->references++;
    qni_lock_give(&flights->lock);
    while (atomic_load_explicit(&f->done, memory_order_acquire) == 0)
        (void)qni_park(&f->done, 0, -1);
    qni_lock_take(&flights->lock, NULL);
    qni_flight_waiter **at = &flights->waiters;
    while (*at != &me)
        at = &(*at)->next;
    *at = me.next;
    qni_lock_give(&flights->lock);
    qn_status s = f->error.code;
    *out = f->answer;
    if (out->datum != NULL)
        (void)qn_datum_ref(out->datum);
    if (s != QN_OK && err != NULL)
        *err = f->error;
    leave(cache, f);
    return s;
}

/* ---- making ---- */

/* How long it lasts that there is none: no longer than a value would. */
static int64_t ttl_of(const qn_cache *cache, int64_t ttl_ms, const qn_datum *datum)
{
    int64_t ttl_ns = qni_cache_ttl_ns(cache, ttl_ms, false);
    if (datum != NULL || cache->absent_ttl_ns == 0)
        return ttl_ns;
    return ttl_ns == 0 || cache->absent_ttl_ns < ttl_ns ? cache->absent_ttl_ns : ttl_ns;
}

/* Puts what was made, if it may be kept; that it could not be is no error. */
static void keep_made(qn_cache *cache, qni_flight *f, const qni_making *making, qn_datum *datum)
{
    qni_putting put = {.key = f->key, .made = true, .since = f->since, .value.local = making->local};
    qn_status s = qni_cache_depends(&put, cache, making->options, NULL);
    qni_lock_take(&cache->flights.lock, NULL);
    bool whole = s == QN_OK && !f->unsure;
    for (int64_t i = 0; i < f->name_count && whole; i++)
        whole = qni_cache_depend(&put, f->names[i]);
    qni_lock_give(&cache->flights.lock);
    if (!whole)
        return;
    put.value.datum = datum;
    put.value.own_file = making->options->own_file;
    put.value.deadline = qni_deadline_after(&cache->time, ttl_of(cache, making->options->ttl_ms, datum));
    (void)qni_cache_store(cache, &put, making->options->ticket, NULL);
}

/* Notes what the entries depend on themselves that it depends on, before anything of them is read. Who puts one of them
 * has either noted that here, or its entry is in memory when its gate has been passed, or a tier below is read. */
static qn_status look_around(qn_cache *cache, qni_flight *f, const qni_making *making, qn_error *err)
{
    qni_putting put = {.key = f->key};
    if (!f->watches)
        return QN_OK;
    for (int64_t i = 0; i < f->given; i++)
        qni_cache_pass_gate(cache, f->names[i]);
    qn_status s = qni_cache_depends(&put, cache, making->options, err);
    qni_lock_take(&cache->flights.lock, NULL);
    for (int64_t i = 0; s == QN_OK && i < put.value.depend_count; i++)
        note(f, put.names[i]);
    qni_lock_give(&cache->flights.lock);
    return s;
}

/* The maker's part, from the first look at the cache to the landing. */
static void fly(qn_cache *cache, qni_flight *f, const qni_making *making, uint64_t landed)
{
    qni_answer *answer = &f->answer;
    qni_cache_key key = f->key; /* others look at the flight's own */
    qn_error why = qn_error_none();
    qn_status s = look_around(cache, f, making, &why);
    /* Another flight may have landed between the caller's look and this one's beginning. */
    if (s == QN_OK && atomic_load(&cache->flights.landed) != landed)
        s = qni_cache_ask(answer, cache, &key, &why);
    if (s == QN_OK && answer->found == QN_CACHE_MISS) {
        qn_datum *made = NULL;
        s = making->make(&made, making->user, &why);
        if (s == QN_OK) {
            qni_cache_count(cache, QNI_COUNT_MADE, 1);
            keep_made(cache, f, making, made);
            answer->datum = made;
        }
    }
    if (s != QN_OK) {
        why.code = s;
        f->error = why;
    }
}

/* Begins a flight, which others do not see yet, with the names that its value is said to depend on. */
static qn_status begin(qni_flight *f, const qn_cache *cache, const qni_making *making, qn_error *err)
{
    qni_putting put = {.key = f->key};
    qn_status s = qni_cache_depends_given(&put, cache, making->options, err);
    memcpy(f->names, put.names, sizeof put.names);
    f->name_count = f->given = put.value.depend_count;
    f->watches = f->given > 0;
    f->since = qni_marks_now(cache);
    return s;
}

static qn_status lead(qni_answer *out, qn_cache *cache, qni_flight *f, const qni_making *making, uint64_t landed,
                      qn_error *err)
{
    fly(cache, f, making, landed);
    land(cache, f);
    atomic_fetch_sub(&cache->flights.watching, f->watches);
    *out = f->answer;
    if (out->datum != NULL)
        (void)qn_datum_ref(out->datum);
    qn_status s = f->error.code;
    if (s != QN_OK && err != NULL)
        *err = f->error;
    leave(cache, f);
    return s;
}

/* After a miss: joins a flight, or is one. */
static qn_status fly_or_join(qni_answer *out, qn_cache *cache, const qni_cache_key *key, const qni_making *making,
                             uint64_t landed, qn_error *err)
{
    qni_flights *flights = &cache->flights;
    qni_flight *mine;
    qn_status s = new_flight(&mine, cache, key, err);
    if (s == QN_OK && (s = begin(mine, cache, making, err)) != QN_OK)
        free_flight(cache, mine);
    if (s != QN_OK)
        return s;
    qni_lock_take(&flights->lock, NULL);
    qni_flight *other = find(cache, key);
    if (other != NULL && waits_for_me(flights, other)) {
        qni_lock_give(&flights->lock);
        free_flight(cache, mine);
        return qni_error(err, QN_BUSY,
                         "this value is being made by who asks for it: its maker may not ask for it, nor "
                         "for one whose maker waits for it");
    }
    if (other != NULL) {
        free_flight(cache, mine);
        qni_cache_count(cache, QNI_COUNT_JOINED, 1);
        return join(out, cache, other, err);
    }
    mine->listed = true;
    mine->next = flights->first;
    flights->first = mine;
    atomic_fetch_add(&flights->watching, mine->watches);
    qni_lock_give(&flights->lock);
    return lead(out, cache, mine, making, landed, err);
}

qn_status qni_cache_get_or(qn_datum **out, qn_cache_found *found, qn_cache *cache, qni_cache_key *key,
                           const qni_making *making, qn_error *err)
{
    qni_answer answer;
    uint64_t landed = atomic_load(&cache->flights.landed);
    qn_status s = qni_cache_ask(&answer, cache, key, err);
    if (s == QN_OK && answer.found == QN_CACHE_MISS) {
        key->name = qni_cache_name(key->bytes, key->size);
        s = fly_or_join(&answer, cache, key, making, landed, err);
    }
    if (s != QN_OK)
        answer = (qni_answer){0};
    qni_cache_count_answer(cache, &answer);
    qni_cache_give_answer(out, found, &answer);
    return s;
}

qn_status qn_cache_get_or(qn_datum **out, qn_cache_found *found, qn_cache *cache, const void *key, int64_t key_size,
                          const qn_cache_put_options *options, qn_cache_make make, void *user, qn_error *err)
{
    qn_cache_put_options o;
    qni_cache_key k;
    *out = NULL;
    if (found != NULL)
        *found = QN_CACHE_MISS;
    qn_status s = qni_cache_take_put(&o, options, err);
    if (s == QN_OK)
        s = qni_cache_key_of(&k, cache, key, key_size, err);
    if (s != QN_OK)
        return s;
    return qni_cache_get_or(out, found, cache, &k, &(qni_making){.options = &o, .make = make, .user = user}, err);
}
