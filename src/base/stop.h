/* base/stop.h: ending in good order, as an object.
 *
 * A command keeps one qni_stop. Its signal handler calls qni_stop_request; long work polls qni_stop_requested and
 * returns; main leaves through qni_stop_finish, whether a signal came or not. What must be put right before the end is
 * pushed while it is needed:
 *
 *     static void on_signal(int signal)
 *     {
 *         if (!qni_stop_request(&stop, signal))
 *             _exit(128 + signal);               // the second one: end at once, without clean-ups
 *     }
 *     ... return qni_stop_finish(&stop, exit_code);
 *
 * Always: every clean-up runs exactly once, the last pushed first, in the thread that calls qni_stop_finish and never
 * in the handler, or not at all because it was popped. The library installs no handler; this file has no state of its
 * own. */
#ifndef QNI_BASE_STOP_H
#define QNI_BASE_STOP_H

#include <quern/base.h>

#include <pthread.h>
#include <stdatomic.h>

/* A clean-up. What it returns is logged where it is not QN_OK, with err->message. */
typedef qn_status (*qni_stop_cleanup)(void *user, qn_error *err);

typedef struct qni_stop_entry {
    qni_stop_cleanup cleanup;
    void *user;
} qni_stop_entry;

typedef struct qni_stop {
    atomic_int requested; /* 0: no; else 1 + the first signal (0: none). Relaxed: it carries nothing but itself */
    pthread_mutex_t lock; /* guards what follows; not held while a clean-up runs */
    const qn_allocator *allocator;
    qni_stop_entry *entries; /* (count) */
    int64_t count, capacity;
} qni_stop;

/* Makes an object without clean-ups; allocates nothing. Its address must not change. `allocator` borrowed, NULL: the
 * default. */
void qni_stop_init(qni_stop *stop, const qn_allocator *allocator);

/* Asks for the end. True for the first request; false for a later one: the caller should end at once. `signal` 0: asked
 * by the program itself. Async-signal-safe; any thread. */
bool qni_stop_request(qni_stop *stop, int signal);

/* Whether the end has been asked for: one relaxed load, for long loops; and by which signal, 0 for none. Any thread. */
bool qni_stop_requested(const qni_stop *stop);
int qni_stop_signal(const qni_stop *stop);

/* Adds a clean-up (`user` borrowed until it ran or was popped). A clean-up may push others. Errors: QN_NOMEM. Any
 * thread. */
QN_MUST_USE qn_status qni_stop_push(qni_stop *stop, qni_stop_cleanup cleanup, void *user, qn_error *err);

/* Takes the newest such clean-up out without running it. False: there is none (any more): it runs or has run. Any
 * thread. */
bool qni_stop_pop(qni_stop *stop, qni_stop_cleanup cleanup, void *user);

/* Runs what is left and frees what is held; the object may then be used anew, but a request stays. Returns the exit
 * code: 128 + signal where one asked for the end, else `exit_code`. The first clean-up that fails puts its status's
 * exit code in the place of 0, 1 and 128 + signal; an error that the command reports already keeps its own. One thread.
 */
int qni_stop_finish(qni_stop *stop, int exit_code);

#endif
