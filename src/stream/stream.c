/* stream/stream.c: making a stream, its stages and sinks, and freeing it; what it says of itself. One thread before it
 * runs; qn_stream_get_stats and qn_stream_stop any. */
#include "stream/run_int.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/options.h"
#include "base/utf8.h"
#include "lang/hoist.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void qn_stream_options_init(qn_stream_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static qn_status check_options(qn_stream_options *o, qn_error *err)
{
    if (o->capacity < 0 || o->capacity > QNI_STREAM_CAPACITY_MAX)
        return qni_error(err, QN_INVALID, "the ring of a stream has a capacity of 1 to %d records, not %" PRId64,
                         QNI_STREAM_CAPACITY_MAX, o->capacity);
    if (o->batch < 0)
        return qni_error(err, QN_INVALID, "a stream works on spans of at least one record, not %" PRId64, o->batch);
    if (o->threads < 0 || o->threads > QNI_STREAM_THREADS_MAX)
        return qni_error(err, QN_INVALID, "a stream has 1 to %d threads, not %d", QNI_STREAM_THREADS_MAX, o->threads);
    if ((unsigned)o->overload > QN_STREAM_CONFLATE)
        return qni_error(err, QN_INVALID, "%d is not what a stream does on overload", (int)o->overload);
    if (!(o->speed >= 0 && o->speed <= 1e9))
        return qni_error(err, QN_INVALID, "the speed of a stream is 0 (as fast as it goes) to 1e9, not %g", o->speed);
    const int64_t asked = o->capacity == 0 ? QNI_STREAM_CAPACITY : o->capacity;
    for (o->capacity = 1; o->capacity < asked;)
        o->capacity *= 2;
    if (o->batch == 0)
        o->batch = QNI_STREAM_BATCH;
    if (o->batch > o->capacity)
        o->batch = o->capacity;
    return QN_OK;
}

static qn_status make(qn_stream *s, qn_error *err)
{
    const int64_t capacity = s->how.capacity;
    qn_status status = qni_columns_init(&s->columns, s->allocator, err);
    if (status == QN_OK)
        status = qn_broadcast_new(&s->ring, capacity, sizeof(qn_tick), NULL, s->allocator, err);
    if (status != QN_OK)
        return status;
    s->symbol_of = qni_alloc_zeroed(s->allocator, capacity, sizeof *s->symbol_of);
    if (s->symbol_of == NULL)
        return qni_refused(err, s->allocator, capacity * (int64_t)sizeof *s->symbol_of, "a stream's symbols");
    if (!s->how.latency)
        return QN_OK;
    s->stamps_ns = qni_alloc_zeroed(s->allocator, capacity, sizeof *s->stamps_ns);
    if (s->stamps_ns == NULL)
        return qni_refused(err, s->allocator, capacity * (int64_t)sizeof *s->stamps_ns, "a stream's latencies");
    return qn_histogram_new(&s->latency, 0, s->allocator, err);
}

qn_status qn_stream_new(qn_stream **out, const qn_symbols *symbols, const qn_stream_options *options, qn_error *err)
{
    assert(out != NULL && symbols != NULL);
    *out = NULL;
    qn_stream_options known;
    qn_status status = qni_options_copy(&known, sizeof known, options, "qn_stream_options", err);
    if (status == QN_OK)
        status = check_options(&known, err);
    if (status != QN_OK)
        return status;
    qn_stream *s = qni_new(known.allocator, qn_stream);
    if (s == NULL)
        return qni_refused(err, known.allocator, (int64_t)sizeof *s, "a stream");
    s->allocator = known.allocator;
    s->how = known;
    s->symbols = symbols;
    s->all = true;
    s->range.to = INT64_MAX;
    s->read_error = s->error = qn_error_none();
    atomic_init(&s->limit, INT64_MAX);
    const char *const name = known.name == NULL ? "stream" : known.name;
    memcpy(s->name, name, (size_t)qni_utf8_cut(name, (int64_t)strlen(name), (int64_t)sizeof s->name - 1));
    status = make(s, err);
    if (status == QN_OK && known.metrics != NULL)
        status = qn_metrics_collect(known.metrics, qni_stream_collect, s, err);
    s->published = status == QN_OK && known.metrics != NULL;
    if (status == QN_OK)
        *out = s;
    else
        qn_stream_free(s);
    return status;
}

/* ---- source, stages, sinks ---- */

static void free_source(const qn_stream_source *source)
{
    if (source->free != NULL)
        source->free(source->self);
}

static qn_status check_open(const qn_stream *stream, qn_error *err)
{
    return stream->ran ? qni_error(err, QN_BUSY, "a stream that has begun takes no further parts") : QN_OK;
}

qn_status qn_stream_set_source(qn_stream *stream, const qn_stream_source *source, qn_error *err)
{
    qn_status status = check_open(stream, err);
    if (status == QN_OK && stream->has_source)
        status = qni_error(err, QN_BUSY, "a stream has one source");
    if (status != QN_OK) {
        free_source(source);
        return status;
    }
    stream->source = *source;
    stream->has_source = true;
    return QN_OK;
}

void qn_stream_range_init(qn_stream_range *out, int64_t size)
{
    const qn_stream_range all = {.from = INT64_MIN, .to = INT64_MAX, .from_ns = INT64_MIN, .to_ns = INT64_MAX};
    qni_options_init(out, size);
    qni_stats_copy(out, &all, (int64_t)sizeof all);
}

qn_status qn_stream_set_range(qn_stream *stream, const qn_stream_range *range, qn_error *err)
{
    qn_stream_range known;
    qn_status status = qni_options_copy(&known, sizeof known, range, "qn_stream_range", err);
    if (status == QN_OK)
        status = check_open(stream, err);
    if (status == QN_OK && (known.from > known.to || known.from_ns > known.to_ns))
        status = qni_error(err, QN_INVALID, "a range of records ends before it begins");
    if (status != QN_OK)
        return status;
    stream->range = known;
    stream->all = known.from <= 0 && known.to == INT64_MAX && known.from_ns == INT64_MIN && known.to_ns == INT64_MAX;
    return QN_OK;
}

static void step_fini(qn_stream *s, qni_step *step)
{
    if (step->stage.free != NULL)
        step->stage.free(step->stage.self);
    if (step->sink.free != NULL)
        step->sink.free(step->sink.self);
    qni_free(s->allocator, step->columns, step->column_count, sizeof *step->columns);
    qni_free(s->allocator, step->at, step->column_count, sizeof *step->at);
    if (step->name != NULL)
        qni_free(s->allocator, step->name, (int64_t)strlen(step->name) + 1, 1);
    *step = (qni_step){.kind = step->kind};
}

qn_status qni_step_columns(qn_stream *s, qni_step *step, int64_t count, qn_error *err)
{
    step->columns = qni_alloc(s->allocator, count, sizeof *step->columns);
    step->at = qni_alloc(s->allocator, count, sizeof *step->at);
    if (count > 0 && (step->columns == NULL || step->at == NULL)) {
        qni_free(s->allocator, step->columns, count, sizeof *step->columns);
        qni_free(s->allocator, step->at, count, sizeof *step->at);
        step->columns = NULL;
        step->at = NULL;
        return qni_refused(err, s->allocator, 0, "the columns of \"%.64s\"", step->name);
    }
    step->column_count = count;
    return QN_OK;
}

static qn_status name_step(qn_stream *s, qni_step *step, const char *name, qn_error *err)
{
    step->name = qni_copy_string(s->allocator, name == NULL ? "?" : name, -1);
    return step->name != NULL ? QN_OK : qni_refused(err, s->allocator, 0, "the name of a stage");
}

static qn_status add_step(qn_stream *s, const qni_step *step, qn_error *err)
{
    const bool sink = step->kind == QNI_STEP_SINK;
    qni_step **list = sink ? &s->sinks : &s->steps;
    int64_t *count = sink ? &s->sink_count : &s->step_count;
    const int64_t most = sink ? QNI_STREAM_SINKS_MAX : QNI_STREAM_STAGES_MAX;
    if (*count == most)
        return qni_error(err, QN_LIMIT, "a stream has at most %" PRId64 " %s", most, sink ? "sinks" : "stages");
    if (!qni_grow(s->allocator, (void **)list, sink ? &s->sink_capacity : &s->step_capacity, *count + 1, sizeof **list))
        return qni_refused(err, s->allocator, (int64_t)sizeof **list, "the stages of a stream");
    (*list)[(*count)++] = *step;
    return QN_OK;
}

static qn_status read_columns(qn_stream *s, qni_step *step, const char *const *names, int64_t count, qn_error *err)
{
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        status = qni_columns_read(&step->columns[i], s, names[i], step->name, err);
    return status;
}

qn_status qni_stream_add(qn_stream *stream, const qn_stream_stage *stage, qn_error *err)
{
    qni_step step = {.kind = QNI_STEP_STAGE, .stage = *stage};
    qn_status status = check_open(stream, err);
    if (status == QN_OK)
        status = name_step(stream, &step, stage->name, err);
    if (status == QN_OK)
        status = qni_step_columns(stream, &step, stage->read_count + stage->write_count, err);
    if (status == QN_OK)
        status = read_columns(stream, &step, stage->reads, stage->read_count, err);
    for (int64_t i = 0; i < stage->write_count && status == QN_OK; i++)
        status = qni_columns_add(&step.columns[stage->read_count + i], stream, stage->writes[i], err);
    if (status == QN_OK)
        status = add_step(stream, &step, err);
    if (status != QN_OK)
        step_fini(stream, &step);
    return status;
}

qn_status qn_stream_add_stage(qn_stream *stream, const qn_stream_stage *stage, qn_error *err)
{
    for (int64_t i = 0; i < stage->write_count; i++)
        if (qni_hoist_is_hidden(stage->writes[i])) {
            if (stage->free != NULL)
                stage->free(stage->self);
            return qni_error(err, QN_INVALID, "the column \"%.64s\": a name does not begin with =", stage->writes[i]);
        }
    return qni_stream_add(stream, stage, err);
}

qn_status qn_stream_add_sink(qn_stream *stream, const qn_stream_sink *sink, qn_error *err)
{
    qni_step step = {.kind = QNI_STEP_SINK, .sink = *sink, .reads_all = sink->reads == NULL && sink->read_count < 0};
    qn_status status = check_open(stream, err);
    if (status == QN_OK)
        status = name_step(stream, &step, sink->name, err);
    if (status == QN_OK && !step.reads_all)
        status = qni_step_columns(stream, &step, sink->read_count, err);
    if (status == QN_OK && !step.reads_all)
        status = read_columns(stream, &step, sink->reads, sink->read_count, err);
    if (status == QN_OK)
        status = add_step(stream, &step, err);
    if (status != QN_OK)
        step_fini(stream, &step);
    return status;
}

/* ---- what it says of itself ---- */

static int64_t nth_shown(const qn_stream *stream, int64_t index)
{
    for (int64_t i = QNI_FIELD_COUNT; i < stream->columns.count; i++)
        if (qni_columns_is_shown(&stream->columns, i) && index-- == 0)
            return i;
    return -1;
}

int64_t qn_stream_column_count(const qn_stream *stream)
{
    int64_t count = 0;
    for (int64_t i = QNI_FIELD_COUNT; i < stream->columns.count; i++)
        count += qni_columns_is_shown(&stream->columns, i);
    return count;
}

const char *qn_stream_column_name(const qn_stream *stream, int64_t index)
{
    int64_t at = nth_shown(stream, index);
    return at < 0 ? "?" : stream->columns.names[at];
}

const char *const *qni_stream_columns(const qn_stream *stream, int64_t *count)
{
    *count = stream->columns.count;
    return (const char *const *)stream->columns.names;
}

int64_t qni_stream_symbols(const qn_stream *stream)
{
    return qn_symbols_capacity(stream->symbols);
}

const qn_allocator *qni_stream_allocator(const qn_stream *stream)
{
    return stream->allocator;
}

static void latencies(qn_stream *s, qn_stream_stats *stats)
{
    qn_histogram_stats of = {.size = sizeof of};
    qni_lock_take(&s->lock, NULL);
    qn_histogram_get_stats(s->latency, &of);
    stats->latency_count = of.count;
    stats->latency_p50_ns = qn_histogram_percentile(s->latency, 50);
    stats->latency_p99_ns = qn_histogram_percentile(s->latency, 99);
    stats->latency_p999_ns = qn_histogram_percentile(s->latency, 99.9);
    stats->latency_max_ns = of.max;
    qni_lock_give(&s->lock);
}

void qn_stream_get_stats(qn_stream *stream, qn_stream_stats *out)
{
    qn_stream_stats stats = {.size = sizeof stats};
    /* Acquire: whoever sees the end sees what was counted until then. */
    const int64_t ended = atomic_load_explicit(&stream->ended_ns, memory_order_acquire);
    const int64_t began = atomic_load_explicit(&stream->began_ns, memory_order_acquire);
    if (began > 0) {
        const qni_group *const last = &stream->groups[stream->group_count - 1];
        stats.consumed = qn_broadcast_reader_sequence(last->reader); /* before what was produced: it is never above */
        qni_intake_counts(stream, ended > 0, &stats.produced, &stats.dropped);
        stats.running = ended == 0;
        stats.seconds_ns = (ended == 0 ? qni_clock_monotonic_ns() : ended) - began;
    }
    if (ended > 0) {
        stats.dropped += qn_broadcast_sequence(stream->ring) - stats.consumed; /* it failed: what lay in the ring */
        memcpy(stats.digest, stream->digest, sizeof stats.digest);
    }
    if (stream->latency != NULL)
        latencies(stream, &stats);
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}

void qn_stream_free(qn_stream *stream)
{
    if (stream == NULL)
        return;
    const qn_allocator *const allocator = stream->allocator;
    if (stream->published)
        qn_metrics_collect_end(stream->how.metrics, qni_stream_collect, stream);
    if (stream->has_source)
        free_source(&stream->source);
    for (int64_t i = 0; i < stream->step_count; i++)
        step_fini(stream, &stream->steps[i]);
    for (int64_t i = 0; i < stream->sink_count; i++)
        step_fini(stream, &stream->sinks[i]);
    qni_free(allocator, stream->steps, stream->step_capacity, sizeof *stream->steps);
    qni_free(allocator, stream->sinks, stream->sink_capacity, sizeof *stream->sinks);
    qni_free(allocator, stream->groups, stream->group_count, sizeof *stream->groups);
    qni_columns_fini(&stream->columns, stream->how.capacity, allocator);
    qni_intake_free(stream);
    qn_histogram_free(stream->latency);
    qn_broadcast_free(stream->ring);
    qni_free(allocator, stream->symbol_of, stream->how.capacity, sizeof *stream->symbol_of);
    qni_free(allocator, stream->stamps_ns, stream->how.capacity, sizeof *stream->stamps_ns);
    qni_delete(allocator, stream);
}
