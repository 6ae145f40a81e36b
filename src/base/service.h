/* base/service.h: a thread that works in the background until it is told to stop.
 *
 * Its body runs in a thread of its own with every signal blocked, sleeps by qni_service_wait, and returns soon after
 * qni_service_stopping has become true. Who has work for it puts that where the body will find it, and then wakes it:
 * what was written before a wake is seen by the body after the wait that the wake ends. A wake that comes while the
 * body works ends its next wait at once, so none is ever lost; it enters the system only where the body sleeps.
 *
 * Any thread may wake and stop; one frees, which is not the body's. A child of fork has no services: it leaves what the
 * parent made alone. */
#ifndef QNI_BASE_SERVICE_H
#define QNI_BASE_SERVICE_H

#include <quern/base.h>

#include <poll.h>

typedef struct qni_service qni_service;

/* Starts body(user, service). `name` (its first 15 bytes) is what the system shows the thread as. Errors: QN_NOMEM,
 * QN_LIMIT (no further thread or descriptor). */
QN_MUST_USE qn_status qni_service_new(qni_service **out, const char *name,
                                      void (*body)(void *user, qni_service *service), void *user,
                                      const qn_allocator *allocator, qn_error *err);

void qni_service_wake(qni_service *service);

/* Tells it to stop, and wakes it. */
void qni_service_stop(qni_service *service);
bool qni_service_stopping(const qni_service *service);

/* In the body: sleeps until it is woken, one of `files` (count, the first of which is the service's own place and is
 * filled in here) is ready, which poll's revents tell, or timeout_ms (-1: for ever) are over. May return early for no
 * reason. */
void qni_service_wait(qni_service *service, struct pollfd *files, int64_t count, int64_t timeout_ms);

/* Tells it to stop, waits until its body has returned, frees it. NULL is fine. */
void qni_service_free(qni_service *service);

#endif
