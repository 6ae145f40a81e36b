/* base/threads.h: making a thread pool with another way to start a thread, for tests of what happens when the system
 * refuses. */
#ifndef QNI_BASE_THREADS_H
#define QNI_BASE_THREADS_H

#include <quern/threads.h>

#include <pthread.h>

/* As pthread_create. */
typedef int (*qni_thread_start)(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *user);

QN_MUST_USE qn_status qni_threads_new_with(qn_threads **out, int64_t count, qni_thread_start start,
                                           const qn_allocator *allocator, qn_error *err);

#endif
