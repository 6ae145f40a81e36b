/* store/pool.c: taking a connection, waiting for one, giving it back.
 *
 * The ways that are gone often, an idle connection taken and given back, hold the lock once each, for a few dozen
 * instructions, and read the clock once. Connections are opened, looked at and closed outside the lock. Any thread. */
#include "store/front_int.h"
#include "store/pool_int.h"

#include "base/hash.h"
#include "base/log.h"
#include "mem/histogram.h"

#include <inttypes.h>

static void lock(qn_dbpool *pool)
{
    qni_lock_take(&pool->lock, &pool->lock_waits);
}

static void unlock(qn_dbpool *pool)
{
    qni_lock_give(&pool->lock);
}

static void set_state(qni_dbslot *slot, qni_dbslot_state state)
{
    atomic_store_explicit(&slot->state, (int)state, memory_order_relaxed);
}

void qni_dbpool_leave(qn_dbpool *pool)
{
    /* Release: all that the call did comes before the pool is freed. */
    atomic_fetch_add_explicit(&pool->left, 1, memory_order_release);
}

static void add_one(qn_dbpool *pool, int64_t *counter)
{
    lock(pool);
    ++*counter;
    unlock(pool);
}

/* ---- slots; with the lock ---- */

qni_dbpool_end qni_dbpool_stale(const qn_dbpool *pool, const qni_dbslot *slot, int64_t now_ns)
{
    if (now_ns >= slot->ends_ns)
        return QNI_DBPOOL_OLD;
    return now_ns - slot->since_ns >= pool->idle_ns ? QNI_DBPOOL_IDLE_LONG : QNI_DBPOOL_STAYS;
}

void qni_dbpool_pick(qn_dbpool *pool, qni_dbslot *slot)
{
    *(slot->warmer != NULL ? &slot->warmer->colder : &pool->warmest) = slot->colder;
    *(slot->colder != NULL ? &slot->colder->warmer : &pool->coldest) = slot->warmer;
    pool->idle--;
    set_state(slot, QNI_DBSLOT_RESERVED);
}

static void put_idle(qn_dbpool *pool, qni_dbslot *slot, int64_t now_ns)
{
    slot->who = NULL;
    slot->since_ns = now_ns;
    int64_t good = qni_dbpool_later(now_ns, pool->check_ns < pool->idle_ns ? pool->check_ns : pool->idle_ns);
    slot->good_ns = good < slot->ends_ns ? good : slot->ends_ns;
    slot->warmer = NULL;
    slot->colder = pool->warmest;
    *(slot->colder != NULL ? &slot->colder->warmer : &pool->coldest) = slot;
    pool->warmest = slot;
    pool->idle++;
    set_state(slot, QNI_DBSLOT_IDLE);
}

static void assign(qni_dbslot *slot, const char *who, int64_t now_ns)
{
    slot->who = who;
    slot->since_ns = now_ns;
}

static void enqueue(qn_dbpool *pool, qni_dbwaiter *w)
{
    w->prior = pool->last;
    *(w->prior != NULL ? &w->prior->next : &pool->first) = w;
    pool->last = w;
    pool->waiting++;
}

static void dequeue(qn_dbpool *pool, qni_dbwaiter *w)
{
    *(w->prior != NULL ? &w->prior->next : &pool->first) = w->next;
    *(w->next != NULL ? &w->next->prior : &pool->last) = w->prior;
    pool->waiting--;
}

/* Ends the wait of one who was taken off the queue. Returns where he sleeps: he is woken after the lock was given. His
 * stack may be gone by then; waking by an address that nobody sleeps on does nothing, and looks at nothing there. */
static _Atomic uint32_t *end_wait(qni_dbwaiter *w, qni_dbwait how)
{
    atomic_store_explicit(&w->word, (uint32_t)how, memory_order_release);
    return &w->word;
}

/* The slot goes to the first who waits. */
static _Atomic uint32_t *grant(qn_dbpool *pool, qni_dbslot *slot, int64_t now_ns)
{
    qni_dbwaiter *w = pool->first;
    dequeue(pool, w);
    assign(slot, w->who, now_ns);
    set_state(slot, slot->db != NULL ? QNI_DBSLOT_OUT : QNI_DBSLOT_RESERVED);
    pool->counts.takes += slot->db != NULL;
    w->slot = slot;
    return end_wait(w, QNI_DBWAIT_GRANTED);
}

/* A reserved slot without a connection comes free: for the first who waits, or for anybody. */
static _Atomic uint32_t *release(qn_dbpool *pool, qni_dbslot *slot, int64_t now_ns)
{
    if (pool->first != NULL)
        return grant(pool, slot, now_ns);
    slot->who = NULL;
    slot->colder = pool->free;
    pool->free = slot;
    pool->open--;
    set_state(slot, QNI_DBSLOT_FREE);
    if (pool->closing) {
        /* Under the lock, so that whoever closes cannot have freed the pool. Relaxed: the lock orders the rest. */
        atomic_fetch_add_explicit(&pool->changes, 1, memory_order_relaxed);
        qni_unpark(&pool->changes, 1);
    }
    return NULL;
}

static void wake(_Atomic uint32_t *sleeper)
{
    if (sleeper != NULL)
        qni_unpark(sleeper, 1);
}

/* ---- connections of reserved slots; without the lock ---- */

static void disconnect(qni_dbslot *slot)
{
    qn_db *db = slot->db;
    slot->db = NULL;
    db->pool_slot = NULL;
    qn_db_close(db);
}

void qni_dbpool_retire(qn_dbpool *pool, qni_dbslot *slot, qni_dbpool_end why, int64_t now_ns)
{
    disconnect(slot);
    lock(pool);
    pool->counts.closed[why]++;
    _Atomic uint32_t *sleeper = release(pool, slot, now_ns);
    unlock(pool);
    wake(sleeper);
}

/* Asks a connection that may have died meanwhile; one that has is closed. */
static void look_at(qn_dbpool *pool, qni_dbslot *slot)
{
    qn_error why = qn_error_none();
    bool dead = qn_db_ping(slot->db, &why) != QN_OK;
    lock(pool);
    pool->counts.pings++;
    if (dead) {
        pool->counts.replaced++;
        pool->counts.closed[QNI_DBPOOL_BROKEN]++;
        if (pool->broken_ns < slot->since_ns) /* the time of this take */
            pool->broken_ns = slot->since_ns;
    }
    unlock(pool);
    if (dead) {
        qni_log(QN_LOG_INFO, "dbpool", "%s: an idle connection was lost and is replaced: %s", pool->name, why.message);
        disconnect(slot);
    }
}

static qn_status open_anew(qn_dbpool *pool, qni_dbslot *slot, qn_error *err)
{
    qn_status s = pool->opener.open(pool->opener.user, &slot->db, pool->url, &pool->db_options, err);
    if (s != QN_OK) {
        slot->db = NULL;
        add_one(pool, &pool->counts.open_failures);
        return s;
    }
    slot->db->pool_slot = slot;
    int64_t now = qni_clock_now_ns(pool->clock);
    lock(pool);
    int64_t nth = pool->counts.opened++;
    unlock(pool);
    slot->ends_ns = INT64_MAX;
    if (pool->lifetime_ns < INT64_MAX) {
        uint64_t jitter = (uint64_t)(pool->lifetime_ns / QNI_DBPOOL_JITTER_SHARE) + 1;
        int64_t less = (int64_t)(qni_hash_word((uint64_t)nth, (uint64_t)(uintptr_t)pool) % jitter);
        slot->ends_ns = qni_dbpool_later(now, pool->lifetime_ns - less);
    }
    return QN_OK;
}

/* Makes what a reserved slot holds fit to be handed out; where that fails the slot is free. */
static qn_status prepare(qn_dbpool *pool, qni_dbslot *slot, qni_dbpool_end stale, qn_error *err)
{
    if (slot->db != NULL && stale != QNI_DBPOOL_STAYS) {
        disconnect(slot);
        add_one(pool, &pool->counts.closed[stale]);
    } else if (slot->db != NULL) {
        look_at(pool, slot);
    }
    qn_status s = slot->db == NULL ? open_anew(pool, slot, err) : QN_OK;
    int64_t now = s == QN_OK ? slot->since_ns : qni_clock_now_ns(pool->clock);
    _Atomic uint32_t *sleeper = NULL;
    lock(pool);
    if (s == QN_OK) {
        pool->counts.takes++;
        set_state(slot, QNI_DBSLOT_OUT);
    } else {
        sleeper = release(pool, slot, now);
    }
    unlock(pool);
    wake(sleeper);
    return s;
}

/* ---- taking ---- */

static const char *taker(const char *who)
{
    return who != NULL ? who : "somebody";
}

static qn_status refuse_closed(const qn_dbpool *pool, qn_error *err)
{
    return qni_error(err, QN_CLOSED, "the pool of connections \"%s\" is closed", pool->name);
}

/* Nobody gave back in time. With the lock: who has them is named by what they lent. */
static qn_status refuse_late(qn_dbpool *pool, int64_t now_ns, qn_error *err)
{
    char late[QNI_DBPOOL_SENTENCE_SIZE];
    pool->counts.timeouts++;
    qni_dbpool_name_late(late, pool, now_ns);
    if (pool->timeout_ns < 0)
        return qni_error(err, QN_EXHAUSTED, "pool \"%s\" has no connection left: %s", pool->name, late);
    return qni_error(err, QN_TIMEOUT, "pool \"%s\" had no connection for %" PRId64 " ms: %s; %" PRId64 " more wait",
                     pool->name, pool->timeout_ns / 1000000, late, pool->waiting);
}

/* Sleeps until it is this thread's turn. Begins with the lock and ends without. */
static qn_status wait_for_slot(qni_dbslot **out, qn_dbpool *pool, const char *who, int64_t begin_ns, qn_error *err)
{
    qni_dbwaiter w = {.who = who};
    enqueue(pool, &w);
    pool->counts.waits++;
    unlock(pool);
    int64_t deadline = qni_dbpool_later(begin_ns, pool->timeout_ns);
    qn_status s = QN_OK;
    uint32_t word;
    while ((word = atomic_load_explicit(&w.word, memory_order_acquire)) == QNI_DBWAIT_WAITING) {
        int64_t now = qni_clock_now_ns(pool->clock);
        if (now < deadline) {
            (void)qni_park(&w.word, QNI_DBWAIT_WAITING, deadline - now);
            continue;
        }
        lock(pool);
        /* Relaxed: it is written under the lock. A slot that has come at the last moment is welcome. */
        if (atomic_load_explicit(&w.word, memory_order_relaxed) == QNI_DBWAIT_WAITING) {
            dequeue(pool, &w);
            (void)end_wait(&w, QNI_DBWAIT_TIMED_OUT);
            s = refuse_late(pool, now, err);
        }
        unlock(pool);
    }
    int64_t waited = qni_clock_now_ns(pool->clock) - begin_ns;
    qni_cells_record_many(pool->wait_ns->cells, waited, 1, QNI_WRITERS_MANY);
    if (pool->metrics != NULL)
        qn_recorder_record(pool->metrics, pool->recorder, waited);
    *out = w.slot;
    return word == QNI_DBWAIT_CLOSED ? refuse_closed(pool, err) : s;
}

/* Reserves a slot that is there at once: the warmest idle one, else a free one; NULL: none. *stale: why its connection
 * cannot be handed out. With the lock. */
static qni_dbslot *reserve(qni_dbpool_end *stale, qn_dbpool *pool, const char *who, int64_t now_ns)
{
    qni_dbslot *slot = pool->warmest;
    *stale = QNI_DBPOOL_STAYS;
    if (slot != NULL) {
        *stale = qni_dbpool_stale(pool, slot, now_ns);
        qni_dbpool_pick(pool, slot);
    } else if ((slot = pool->free) != NULL) {
        pool->free = slot->colder;
        set_state(slot, QNI_DBSLOT_RESERVED);
        if (++pool->open > pool->counts.open_peak)
            pool->counts.open_peak = pool->open;
    } else {
        return NULL;
    }
    assert(pool->first == NULL);
    assign(slot, who, now_ns);
    return slot;
}

/* Every take but of an idle connection that is beyond doubt. Begins with the lock. */
__attribute__((noinline)) static qn_status take_slowly(qn_db **out, qn_dbpool *pool, const char *who, int64_t now_ns,
                                                       qn_error *err)
{
    qni_dbpool_end stale = QNI_DBPOOL_STAYS;
    qn_status s = QN_OK;
    pool->entered++;
    qni_dbslot *slot = pool->closing ? NULL : reserve(&stale, pool, who, now_ns);
    if (slot != NULL) {
        unlock(pool);
    } else if (pool->closing) {
        unlock(pool);
        s = refuse_closed(pool, err);
    } else if (pool->timeout_ns < 0) {
        s = refuse_late(pool, now_ns, err);
        unlock(pool);
    } else {
        s = wait_for_slot(&slot, pool, who, now_ns, err);
    }
    if (slot != NULL) {
        if (atomic_load_explicit(&slot->state, memory_order_relaxed) == QNI_DBSLOT_RESERVED)
            s = prepare(pool, slot, stale, err);
        if (s == QN_OK)
            *out = slot->db;
    }
    qni_dbpool_leave(pool);
    return s;
}

/* Begins with the lock. */
static inline qn_status take_locked(qn_db **out, qn_dbpool *pool, const char *who, int64_t now_ns, qn_error *err)
{
    qni_dbslot *slot = pool->warmest;
    if (__builtin_expect(slot == NULL || now_ns >= slot->good_ns || slot->since_ns <= pool->broken_ns, 0))
        return take_slowly(out, pool, who, now_ns, err);
    qni_dbpool_pick(pool, slot);
    assign(slot, who, now_ns);
    set_state(slot, QNI_DBSLOT_OUT);
    pool->counts.takes++;
    unlock(pool);
    *out = slot->db;
    return QN_OK;
}

qn_status qn_dbpool_take(qn_db **out, qn_dbpool *pool, const char *who, qn_error *err)
{
    assert(out && pool);
    *out = NULL;
    int64_t now = qni_clock_now_ns(pool->clock);
    lock(pool);
    return take_locked(out, pool, taker(who), now, err);
}

bool qni_dbpool_wanted(qn_dbpool *pool)
{
    lock(pool);
    bool wanted = pool->first != NULL;
    unlock(pool);
    return wanted;
}

qn_status qni_dbpool_try(qn_db **out, qn_dbpool *pool, const char *who, qn_error *err)
{
    *out = NULL;
    lock(pool);
    if (pool->warmest == NULL && pool->free == NULL) {
        unlock(pool);
        return qni_error(err, QN_EXHAUSTED, "pool \"%s\" has no connection left", pool->name);
    }
    return take_locked(out, pool, who, qni_clock_now_ns(pool->clock), err);
}

/* ---- giving ---- */

/* A caller's mistake. */
__attribute__((noinline)) static void refuse_give(qn_dbpool *pool, const qn_db *db)
{
    add_one(pool, &pool->counts.misuses);
    qni_log(QN_LOG_ERROR, "dbpool", "%s: a connection to %s that is not out of this pool was given back to it",
            pool->name, db->shown);
    assert(false && "a connection is given to the pool from which it was taken, once");
}

/* Ends what a taker left open. A connection on which that fails is broken. */
__attribute__((noinline)) static void tidy_up(qn_dbpool *pool, const qni_dbslot *slot)
{
    qn_db *db = slot->db;
    bool rows = db->rows != NULL, transaction = db->depth > 0 || (!db->broken && db->driver->in_transaction(db));
    qni_db_rollback_all(db);
    add_one(pool, &pool->counts.unfinished);
    qni_log(QN_LOG_WARN, "dbpool", "%s: \"%s\" gave a connection back with %s%s%s", pool->name, slot->who,
            rows ? "rows open" : "", rows && transaction ? " and " : "",
            transaction ? "a transaction open, which was rolled back" : "");
}

static bool is_unfinished(const qn_db *db)
{
    return db->rows != NULL || db->depth > 0 || (!db->broken && db->driver->in_transaction(db));
}

/* Every give that does not simply make the connection idle. Begins with the lock. */
__attribute__((noinline)) static void give_slowly(qn_dbpool *pool, qni_dbslot *slot, int64_t now_ns)
{
    qni_dbpool_end why = slot->db->broken          ? QNI_DBPOOL_BROKEN
                         : now_ns >= slot->ends_ns ? QNI_DBPOOL_OLD
                         : pool->closing           ? QNI_DBPOOL_CLOSED
                                                   : QNI_DBPOOL_STAYS;
    if (why == QNI_DBPOOL_BROKEN)
        pool->broken_ns = now_ns;
    if (why == QNI_DBPOOL_STAYS && pool->first != NULL) {
        _Atomic uint32_t *sleeper = grant(pool, slot, now_ns);
        unlock(pool);
        wake(sleeper);
        return;
    }
    if (why == QNI_DBPOOL_STAYS && pool->idle >= pool->base)
        why = QNI_DBPOOL_SURPLUS;
    if (why == QNI_DBPOOL_STAYS) { /* then it is the coldest that has to go */
        put_idle(pool, slot, now_ns);
        slot = pool->coldest;
        why = qni_dbpool_stale(pool, slot, now_ns);
        assert(why != QNI_DBPOOL_STAYS);
        qni_dbpool_pick(pool, slot);
    }
    set_state(slot, QNI_DBSLOT_RESERVED);
    unlock(pool);
    qni_dbpool_retire(pool, slot, why, now_ns);
}

/* Whether the connection simply becomes idle. With the lock. */
static inline bool is_kept(const qn_dbpool *pool, const qni_dbslot *slot, int64_t now_ns)
{
    return !slot->db->broken && now_ns < slot->ends_ns && !pool->closing && pool->first == NULL &&
           pool->idle < pool->base &&
           (pool->coldest == NULL || qni_dbpool_stale(pool, pool->coldest, now_ns) == QNI_DBPOOL_STAYS);
}

void qn_dbpool_give(qn_dbpool *pool, qn_db *db)
{
    assert(pool);
    if (db == NULL)
        return;
    qni_dbslot *slot = db->pool_slot;
    if (__builtin_expect(slot == NULL || slot->pool != pool ||
                             atomic_load_explicit(&slot->state, memory_order_relaxed) != QNI_DBSLOT_OUT,
                         0)) {
        refuse_give(pool, db);
        return;
    }
    if (__builtin_expect(is_unfinished(db), 0))
        tidy_up(pool, slot);
    int64_t now = qni_clock_now_ns(pool->clock);
    lock(pool);
    if (__builtin_expect(atomic_load_explicit(&slot->state, memory_order_relaxed) != QNI_DBSLOT_OUT, 0)) {
        unlock(pool); /* two threads give it at once */
        refuse_give(pool, db);
        return;
    }
    pool->entered++;
    if (__builtin_expect(is_kept(pool, slot, now), 1)) {
        put_idle(pool, slot, now);
        unlock(pool);
    } else {
        give_slowly(pool, slot, now);
    }
    qni_dbpool_leave(pool);
}
