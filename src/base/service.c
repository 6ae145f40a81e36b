/* base/service.c: one thread, one descriptor that wakes it from poll.
 *
 * Why no wake is lost. `state` says what the body does; both sides change it by exchanges of the one word, so one of
 * two is first. The body goes from WORKING to SLEEPING and polls; a wake makes it WOKEN. Where the wake is first the
 * body finds WOKEN and does not sleep; where the body is first the wake finds SLEEPING and writes to the descriptor,
 * which ends the poll, whether that has begun or not. What is left in the descriptor ends one later wait too early. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "base/service.h"

#include "base/alloc.h"
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    WORKING,
    SLEEPING,
    WOKEN
};

struct qni_service {
    const qn_allocator *allocator;
    void (*body)(void *user, qni_service *service);
    void *user;
    pthread_t thread;
    int wake_file;
    char name[16];
    _Atomic uint32_t state;
    _Atomic bool stopping; /* relaxed: the wake that follows orders it */
};

static void *thread_body(void *user)
{
    qni_service *service = user;
    (void)pthread_setname_np(pthread_self(), service->name);
    service->body(service->user, service);
    return NULL;
}

/* Starts the thread with every signal blocked: signals are for the threads of the host. Returns an errno. */
static int start(qni_service *service)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int errno_ = pthread_create(&service->thread, NULL, thread_body, service);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errno_;
}

qn_status qni_service_new(qni_service **out, const char *name, void (*body)(void *user, qni_service *service),
                          void *user, const qn_allocator *allocator, qn_error *err)
{
    assert(out && name && body);
    *out = NULL;
    qni_service *service = qni_new(allocator, qni_service);
    if (service == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a thread in the background");
    service->allocator = allocator;
    service->body = body;
    service->user = user;
    (void)snprintf(service->name, sizeof service->name, "%s", name);
    service->wake_file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int errno_ = service->wake_file < 0 ? errno : start(service);
    if (errno_ == 0) {
        *out = service;
        return QN_OK;
    }
    if (service->wake_file >= 0)
        (void)close(service->wake_file);
    qni_delete(allocator, service);
    return qni_error_errno(err, QN_LIMIT, errno_, "cannot start a thread in the background");
}

void qni_service_wake(qni_service *service)
{
    /* Release: the body sees what was written before. Acquire: that it sleeps. */
    if (atomic_exchange_explicit(&service->state, WOKEN, memory_order_acq_rel) != SLEEPING)
        return;
    int errno_before = errno;
    uint64_t one = 1;
    /* It can only refuse where a wake is in it already. */
    if (write(service->wake_file, &one, sizeof one) < 0)
        errno = errno_before;
}

void qni_service_stop(qni_service *service)
{
    atomic_store_explicit(&service->stopping, true, memory_order_relaxed);
    qni_service_wake(service);
}

bool qni_service_stopping(const qni_service *service)
{
    return atomic_load_explicit(&service->stopping, memory_order_relaxed);
}

void qni_service_wait(qni_service *service, struct pollfd *files, int64_t count, int64_t timeout_ms)
{
    assert(count >= 1 && count <= INT_MAX);
    uint32_t working = WORKING;
    /* Acquire and release on both sides of each exchange: see the top of the file. */
    bool sleeps = atomic_compare_exchange_strong_explicit(&service->state, &working, SLEEPING, memory_order_acq_rel,
                                                          memory_order_acquire);
    files[0] = (struct pollfd){.fd = service->wake_file, .events = POLLIN};
    for (int64_t i = 1; i < count; i++)
        files[i].revents = 0;
    int timeout = !sleeps ? 0 : timeout_ms < 0 ? -1 : timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
    if (poll(files, (nfds_t)count, timeout) < 0)
        files[0].revents = 0; /* out of the system's memory: an early return */
    (void)atomic_exchange_explicit(&service->state, WORKING, memory_order_acq_rel);
    uint64_t wakes;
    if (files[0].revents != 0 && read(service->wake_file, &wakes, sizeof wakes) < 0)
        files[0].revents = 0; /* another wait has emptied it */
}

void qni_service_free(qni_service *service)
{
    if (service == NULL)
        return;
    qni_service_stop(service);
    (void)pthread_join(service->thread, NULL);
    (void)close(service->wake_file);
    qni_delete(service->allocator, service);
}
