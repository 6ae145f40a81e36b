/* store/cache_policy.c: who goes when there is no room.
 *
 * S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: FIFO queues are all you need for cache eviction, SOSP 2023) with a small
 * queue whose size learns. What is new waits in the small queue; what was asked for there moves to the main queue when
 * its turn comes, all else goes and leaves a ghost, a fingerprint in its bucket; what comes back while its ghost is
 * there joins the main queue at once. The main queue gives an entry as many more turns as it was asked for, three at
 * most. So a hit only counts, and moves nothing.
 *
 * The small queue is as small as may be where popularity lasts: it then is all that a scan can take. Where popularity
 * shifts, the main queue is full of what nobody wants any more; that shows in what comes back soon after it left the
 * small queue, while that queue's bytes are asked for at least 3/20 as often as the main queue's. Then the small queue
 * grows; it shrinks where they are not (a loop), and where what left the main queue comes back. Under the shard's
 * lock. */
#include "store/cache_memory_int.h"

void qni_queue_push(qni_shard *shard, qni_entry *e)
{
    if (e->place == QNI_PLACE_PINNED)
        return;
    qni_entry_queue *queue = &shard->queues[e->place];
    e->newer = NULL;
    e->older = queue->newest;
    *(queue->newest != NULL ? &queue->newest->newer : &queue->oldest) = e;
    queue->newest = e;
    queue->bytes += e->bytes;
}

void qni_queue_unlink(qni_shard *shard, qni_entry *e)
{
    if (e->place == QNI_PLACE_PINNED)
        return;
    qni_entry_queue *queue = &shard->queues[e->place];
    *(e->newer != NULL ? &e->newer->older : &queue->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &queue->oldest) = e->newer;
    queue->bytes -= e->bytes;
}

static void learn(qni_shard *shard, qni_ghost ghost)
{
    if (ghost == QNI_GHOST_NONE || ghost == QNI_GHOST_FAR || shard->entries == 0)
        return;
    int64_t part = shard->tier->share / QNI_MEMORY_PARTS;
    const qni_entry_queue *small = &shard->queues[QNI_PLACE_SMALL], *main = &shard->queues[QNI_PLACE_MAIN];
    int64_t step = QNI_MEMORY_STEP * ((small->bytes + main->bytes) / shard->entries);
    bool worth = 20 * (double)shard->hits[QNI_PLACE_SMALL] * (double)main->bytes >
                 3 * (double)shard->hits[QNI_PLACE_MAIN] * (double)small->bytes;
    shard->target += ghost == QNI_GHOST_NEAR && worth ? step : -step;
    if (shard->target < part)
        shard->target = part;
    else if (shard->target > part * QNI_MEMORY_PARTS_MOST)
        shard->target = part * QNI_MEMORY_PARTS_MOST;
}

void qni_policy_new(qni_shard *shard, qni_entry *e)
{
    if (shard->asked >= shard->entries / 2) { /* what was asked for long ago says less and less */
        shard->asked = 0;
        shard->hits[QNI_PLACE_SMALL] /= 2;
        shard->hits[QNI_PLACE_MAIN] /= 2;
    }
    qni_ghost ghost = qni_table_ghost_take(&shard->table, e->hash);
    learn(shard, ghost);
    e->place = ghost == QNI_GHOST_NEAR || ghost == QNI_GHOST_FAR ? QNI_PLACE_MAIN : QNI_PLACE_SMALL;
    e->frequency = 0;
}

qni_entry *qni_policy_victim(qni_shard *shard)
{
    qni_entry_queue *small = &shard->queues[QNI_PLACE_SMALL], *main = &shard->queues[QNI_PLACE_MAIN];
    for (int chances = 0;; chances++) {
        bool from_small = small->oldest != NULL && (small->bytes > shard->target || main->oldest == NULL);
        qni_entry *e = from_small ? small->oldest : main->oldest;
        if (e == NULL)
            return NULL;
        if (e->frequency == 0 || chances >= QNI_MEMORY_CHANCES) {
            qni_table_ghost_put(&shard->table, e->hash, !from_small);
            return e;
        }
        qni_queue_unlink(shard, e);
        e->frequency = from_small ? 0 : (e->frequency - 1) & 3;
        e->place = QNI_PLACE_MAIN;
        qni_queue_push(shard, e);
    }
}
