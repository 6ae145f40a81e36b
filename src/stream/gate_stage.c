/* stream/gate_stage.c: the gate as a stage of a stream: each record first moves marks, then its order is decided.
 *
 * Works record by record, so that how a stream cuts its spans does not show. The stage's thread is the gate's. */
#include "stream/gate_int.h"

#include "base/alloc.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct stage {
    qn_gate *gate;
    char *signal; /* the column's name; NULL: only orders are decided */
    const char *reads[1];
    const qn_allocator *allocator;
} stage;

static const char *const written[] = {"gate", "position"};

/* What a signal wants, as an order at the price of its record. False: nothing. */
static bool order_of(qn_tick *out, const qn_tick *record, double signal)
{
    double size = fabs(signal) * QN_TICK_SCALE;
    if (!(size >= 0.5)) /* NaN, and what rounds to nothing */
        return false;
    *out = *record;
    out->side = signal > 0 ? 1 : -1;
    /* A size that is none is refused as an order that is none. */
    out->size = size <= QNI_GATE_UNITS_MAX * QN_TICK_SCALE ? llround(size) : -1;
    return true;
}

static double decide(qn_gate *gate, qn_tick *record, const double *signal)
{
    qn_tick order;
    record->flags &= (uint16_t) ~(QN_TICK_ACCEPTED | QN_TICK_REFUSED);
    if (record->kind == QN_TICK_ORDER)
        order = *record;
    else if (signal == NULL || !order_of(&order, record, *signal))
        return 0;
    qn_gate_rule rule = qn_gate_decide(gate, &order);
    record->flags |= rule == QN_GATE_ACCEPTED ? QN_TICK_ACCEPTED : QN_TICK_REFUSED;
    return rule == QN_GATE_ACCEPTED ? 1 : -(double)rule;
}

/* Units held of a symbol. */
static double held(const qn_gate *gate, int32_t symbol)
{
    return symbol >= 0 && symbol < gate->capacity ? gate->symbols[symbol].units : 0;
}

static qn_status run(void *self, const qn_stream_span *span, int64_t *done, qn_error *err)
{
    (void)err;
    stage *s = self;
    const double *signals = s->signal == NULL ? NULL : span->columns[0];
    double *gates = span->columns[s->signal != NULL], *positions = span->columns[1 + (s->signal != NULL)];
    for (int64_t i = 0; i < span->count; i++) {
        qn_tick *record = &span->records[i];
        qn_gate_mark(s->gate, record);
        gates[i] = decide(s->gate, record, signals == NULL ? NULL : &signals[i]);
        positions[i] = held(s->gate, record->symbol);
    }
    *done = span->count;
    return QN_OK;
}

static void end(void *self)
{
    stage *s = self;
    if (s->signal != NULL)
        qni_free(s->allocator, s->signal, (int64_t)strlen(s->signal) + 1, 1);
    qni_delete(s->allocator, s);
}

qn_status qn_gate_stage(qn_stream_stage *out, qn_gate *gate, const char *signal_column, qn_error *err)
{
    assert(out != NULL && gate != NULL);
    *out = (qn_stream_stage){0};
    stage *s = qni_new(gate->allocator, stage);
    if (s == NULL)
        return qni_refused(err, gate->allocator, sizeof *s, "the stage of a risk gate");
    s->gate = gate;
    s->allocator = gate->allocator;
    if (signal_column != NULL) {
        s->signal = qni_copy_string(gate->allocator, signal_column, -1);
        if (s->signal == NULL) {
            end(s);
            return qni_refused(err, gate->allocator, sizeof *s, "the stage of a risk gate");
        }
        s->reads[0] = s->signal;
    }
    *out = (qn_stream_stage){.self = s,
                             .name = "gate",
                             .reads = s->reads,
                             .read_count = signal_column != NULL,
                             .writes = written,
                             .write_count = 2,
                             .run = run,
                             .free = end};
    return QN_OK;
}
