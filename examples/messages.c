/* Sends messages from one thread to another without asking for memory: they are taken from a pool, go through a ring as
 * pointers, are timed, and go back to the pool from the other thread. A budget says what all that may hold.
 *
 *     cc messages.c $(pkg-config --cflags --libs quern) -lpthread -o messages
 *     ./messages
 */
#include <quern/quern.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MESSAGES = 200000,
    AT_ONCE = 32
};

typedef struct message {
    qn_timer sent;
    int64_t number;
} message;

typedef struct post {
    qn_pool *pool;
    qn_spsc *ring; /* of message * */
    qn_metrics *metrics;
    qn_recorder delay;
} post;

static void must(qn_status status, const qn_error *err)
{
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s: %s\n", qn_status_text(status), err->message);
    exit(qn_status_exit_code(status));
}

static void *send_all(void *user)
{
    post *p = user;
    qn_error err = qn_error_none();
    for (int64_t i = 0; i < MESSAGES; i++) {
        void *taken;
        int64_t pushed;
        must(qn_pool_take(&taken, p->pool, &err), &err);
        message *m = taken;
        m->number = i;
        m->sent = qn_timer_start();
        must(qn_spsc_push(&pushed, p->ring, &m, 1, -1), &err); /* waits while the ring is full */
    }
    qn_spsc_close(p->ring);
    return NULL;
}

/* Takes messages as they come, in order, until the ring is closed and empty. Returns how many. */
static int64_t receive_all(post *p)
{
    int64_t count = 0;
    qn_ring_span span;
    while (qn_spsc_peek(&span, p->ring, AT_ONCE, -1) == QN_OK) {
        message **messages = span.items;
        for (int64_t i = 0; i < span.count; i++) {
            (void)qn_timer_stop(messages[i]->sent, p->metrics, p->delay);
            count += messages[i]->number == count;
            qn_pool_give(p->pool, messages[i]);
        }
        qn_spsc_release(p->ring, span.count);
    }
    return count;
}

static void show(void *user, const qn_budget_stats *stats, int64_t depth)
{
    (void)user;
    if (stats->peak > 0)
        printf("%*s%-10s %9" PRId64 " bytes at most\n", (int)(2 * depth), "", stats->name, stats->peak);
}

int main(void)
{
    qn_error err = qn_error_none();
    qn_budget *budget;
    qn_budget_options budget_options;
    qn_budget_options_init(&budget_options, sizeof budget_options);
    budget_options.limit = 1 << 20; /* enough: what does not fit is refused with a sentence */
    must(qn_budget_new(&budget, NULL, "messages", &budget_options, &err), &err);
    const qn_allocator *allocator = qn_budget_allocator(budget);

    post p;
    qn_pool_options pool_options;
    qn_pool_options_init(&pool_options, sizeof pool_options);
    pool_options.name = "messages";
    pool_options.object_size = sizeof(message);
    must(qn_pool_new(&p.pool, &pool_options, allocator, &err), &err);
    must(qn_spsc_new(&p.ring, 1000, sizeof(message *), NULL, allocator, &err), &err);
    must(qn_metrics_new(&p.metrics, 0, allocator, &err), &err);
    must(qn_recorder_register(&p.delay, p.metrics, "message_delay_ns", NULL, &err), &err);

    pthread_t sender;
    if (pthread_create(&sender, NULL, send_all, &p) != 0)
        return 70;
    int64_t received = receive_all(&p);
    (void)pthread_join(sender, NULL);

    qn_histogram *delays;
    must(qn_recorder_read(&delays, p.metrics, p.delay, allocator, &err), &err);
    qn_pool_stats stats = {.size = sizeof stats};
    qn_pool_get_stats(p.pool, &stats);
    printf("%" PRId64 " of %d messages in order, half of them within %" PRId64 " ns, 99 %% within %" PRId64 " ns\n",
           received, MESSAGES, qn_histogram_percentile(delays, 50), qn_histogram_percentile(delays, 99));
    printf("%" PRId64 " objects were enough for %" PRId64 " takes\n", stats.objects, stats.taken);
    qn_budget_each(budget, show, NULL);

    qn_histogram_free(delays);
    qn_metrics_free(p.metrics);
    qn_spsc_free(p.ring);
    qn_pool_free(p.pool);
    qn_budget_free(budget);
    return received == MESSAGES ? 0 : 1;
}
