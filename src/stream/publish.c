/* stream/publish.c: what a stream counts, for a registry of metrics: read when somebody reads the registry, so that the
 * stream itself does nothing for it. The reading thread. */
#include "stream/run_int.h"

#include "mem/metrics.h"

qn_status qni_stream_collect(void *user, qn_collection *collection, qn_error *err)
{
    qn_stream *const stream = user;
    qn_stream_stats stats = {.size = sizeof stats};
    qn_stream_get_stats(stream, &stats);
    const qni_shown shown[] = {
        {"quern_stream_records_total", "Records that a stream's source gave.", "what", "produced", stats.produced,
         true},
        {"quern_stream_records_total", NULL, "what", "consumed", stats.consumed, true},
        {"quern_stream_records_total", NULL, "what", "dropped", stats.dropped, true},
        {"quern_stream_running", "Whether it runs.", NULL, NULL, stats.running, false},
        {"quern_stream_latency_nanoseconds", "Time that records took.", "quantile", "0.5", stats.latency_p50_ns, false},
        {"quern_stream_latency_nanoseconds", NULL, "quantile", "0.99", stats.latency_p99_ns, false},
        {"quern_stream_latency_nanoseconds", NULL, "quantile", "0.999", stats.latency_p999_ns, false},
    };
    return qni_collection_numbers(collection, "stream", stream->name, shown, sizeof shown / sizeof *shown, err);
}
