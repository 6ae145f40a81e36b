/* base/stop.c: a stack of clean-ups and one word that a signal handler may write. */
#include "base/stop.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"

#include <assert.h>
#include <string.h>

#if ATOMIC_INT_LOCK_FREE != 2
#error "a signal handler writes an atomic_int, which must be free of locks"
#endif

void qni_stop_init(qni_stop *stop, const qn_allocator *allocator)
{
    memset(stop, 0, sizeof *stop);
    atomic_init(&stop->requested, 0);
    (void)pthread_mutex_init(&stop->lock, NULL); /* cannot fail without attributes on the systems that Quern runs on */
    stop->allocator = allocator;
}

bool qni_stop_request(qni_stop *stop, int signal)
{
    int none = 0;
    /* Relaxed: those who see it look at nothing else that the requester wrote. */
    return atomic_compare_exchange_strong_explicit(&stop->requested, &none, 1 + signal, memory_order_relaxed,
                                                   memory_order_relaxed);
}

bool qni_stop_requested(const qni_stop *stop)
{
    /* Relaxed: as above; the flag is polled again. */
    return atomic_load_explicit(&stop->requested, memory_order_relaxed) != 0;
}

int qni_stop_signal(const qni_stop *stop)
{
    /* Relaxed: as above. */
    int requested = atomic_load_explicit(&stop->requested, memory_order_relaxed);
    return requested == 0 ? 0 : requested - 1;
}

qn_status qni_stop_push(qni_stop *stop, qni_stop_cleanup cleanup, void *user, qn_error *err)
{
    assert(stop && cleanup);
    (void)pthread_mutex_lock(&stop->lock);
    bool ok =
        qni_grow(stop->allocator, (void **)&stop->entries, &stop->capacity, stop->count + 1, sizeof *stop->entries);
    if (ok)
        stop->entries[stop->count++] = (qni_stop_entry){.cleanup = cleanup, .user = user};
    (void)pthread_mutex_unlock(&stop->lock);
    return ok ? QN_OK : qni_error(err, QN_NOMEM, "no memory for a clean-up");
}

bool qni_stop_pop(qni_stop *stop, qni_stop_cleanup cleanup, void *user)
{
    (void)pthread_mutex_lock(&stop->lock);
    int64_t i = stop->count - 1;
    while (i >= 0 && !(stop->entries[i].cleanup == cleanup && stop->entries[i].user == user))
        i--;
    if (i >= 0) {
        stop->count--;
        memmove(&stop->entries[i], &stop->entries[i + 1], (size_t)(stop->count - i) * sizeof *stop->entries);
    }
    (void)pthread_mutex_unlock(&stop->lock);
    return i >= 0;
}

/* Takes the newest clean-up off the stack; frees the stack with the last one. */
static bool take_newest(qni_stop *stop, qni_stop_entry *out)
{
    (void)pthread_mutex_lock(&stop->lock);
    bool any = stop->count > 0;
    if (any) {
        *out = stop->entries[--stop->count];
    } else {
        qni_free(stop->allocator, stop->entries, stop->capacity, sizeof *stop->entries);
        stop->entries = NULL;
        stop->capacity = 0;
    }
    (void)pthread_mutex_unlock(&stop->lock);
    return any;
}

int qni_stop_finish(qni_stop *stop, int exit_code)
{
    qn_status failed = QN_OK;
    qni_stop_entry entry;
    while (take_newest(stop, &entry)) {
        qn_error err = qn_error_none();
        qn_status status = entry.cleanup(entry.user, &err);
        if (status == QN_OK)
            continue;
        qni_log(QN_LOG_ERROR, "stop", "a clean-up failed: %s",
                err.message[0] != '\0' ? err.message : qn_status_text(status));
        if (failed == QN_OK)
            failed = status;
    }
    int signal = qni_stop_signal(stop);
    bool replaceable = signal > 0 || exit_code <= 1;
    if (failed != QN_OK && replaceable)
        return qn_status_exit_code(failed);
    return signal > 0 ? 128 + signal : exit_code;
}
