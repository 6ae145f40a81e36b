/* stream/parts.c: what parts.h says. One thread each, but for the atomics. */
#include "stream/parts.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

qn_tick made_tick(int64_t i, int64_t symbols)
{
    return (qn_tick){.sequence = i,
                     .time_ns = 1000000000 + i * 1000,
                     .price = 100 * (int64_t)QN_TICK_SCALE + i * (QN_TICK_SCALE / 1000),
                     .size = (1 + i % 7) * (int64_t)QN_TICK_SCALE,
                     .symbol = (int32_t)(i % (symbols > 0 ? symbols : 1)),
                     .side = (int8_t)(i % 3 - 1)};
}

static void wait_for(_Atomic int *go)
{
    while (!atomic_load(go))
        sched_yield();
}

static qn_status read_made(void *user, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err)
{
    made_source *self = user;
    atomic_fetch_add(&self->asked, 1);
    if (self->pause_at >= 0 && self->given >= self->pause_at)
        wait_for(&self->go);
    int64_t most = self->at_most > 0 && self->at_most < wanted ? self->at_most : wanted;
    while (*count < most && self->given < self->count) {
        if (self->given == self->fails_at) {
            if (err != NULL) {
                *err = qn_error_none();
                err->code = QN_DATA;
                (void)snprintf(err->message, sizeof err->message, "the made record %lld is bad",
                               (long long)self->given);
            }
            return QN_DATA;
        }
        if (self->given == self->pause_at && *count > 0)
            break;
        records[(*count)++] = made_tick(self->given++, self->symbols);
        records[*count - 1].sequence = -1; /* the stream's to set */
    }
    return QN_OK;
}

static void free_made(void *user)
{
    ((made_source *)user)->freed++;
}

qn_stream_source made_source_of(made_source *self)
{
    return (qn_stream_source){.self = self, .name = "made", .read = read_made, .free = free_made};
}

static qn_status refuse(qn_error *err, qn_status status, const char *sentence)
{
    if (err != NULL) {
        *err = qn_error_none();
        err->code = status;
        (void)snprintf(err->message, sizeof err->message, "%s", sentence);
    }
    return status;
}

static qn_status run_doubler(void *user, const qn_stream_span *span, int64_t *done, qn_error *err)
{
    const doubler *self = user;
    for (int64_t i = 0; i < span->count; i++) {
        if (span->sequence + i == self->fails_at)
            return refuse(err, QN_DATA, "this cannot be doubled");
        span->columns[1][i] = 2 * span->columns[0][i];
        *done = i + 1;
    }
    return QN_OK;
}

static void free_doubler(void *user)
{
    ((doubler *)user)->freed++;
}

qn_stream_stage doubler_of(doubler *self)
{
    static const char *const reads[] = {"price"}, *const writes[] = {"doubled"};
    return (qn_stream_stage){.self = self,
                             .name = "doubler",
                             .reads = reads,
                             .read_count = 1,
                             .writes = writes,
                             .write_count = 1,
                             .run = run_doubler,
                             .free = free_doubler};
}

void kept_init(kept *self, int64_t capacity)
{
    *self = (kept){.capacity = capacity, .fails_at = -1, .closed_at = -1, .wait_at = -1};
    self->records = malloc((size_t)capacity * sizeof *self->records);
    self->column = malloc((size_t)capacity * sizeof *self->column);
    assert_true(self->records != NULL && self->column != NULL);
}

void kept_fini(kept *self)
{
    free(self->records);
    free(self->column);
}

static qn_status open_kept(void *user, const char *const *columns, int64_t count, qn_error *err)
{
    (void)columns;
    (void)err;
    kept *self = user;
    self->opened++;
    self->column_count = count;
    return QN_OK;
}

static qn_status write_kept(void *user, const qn_stream_span *span, qn_error *err)
{
    kept *self = user;
    for (int64_t i = 0; i < span->count; i++) {
        if (span->sequence + i == self->fails_at)
            return refuse(err, QN_IO, "the disk is full");
        if (span->sequence + i == self->closed_at)
            return refuse(err, QN_CLOSED, "nobody reads");
        if (span->sequence + i == self->wait_at) {
            atomic_store(&self->waits, 1);
            wait_for(&self->go);
        }
        assert_true(self->count < self->capacity);
        assert_int_equal(span->records[i].sequence, span->sequence + i);
        assert_int_equal(span->records[i].symbol, span->symbols[i]);
        self->column[self->count] = self->column_count > 0 ? span->columns[0][i] : 0;
        self->records[self->count++] = span->records[i];
    }
    return QN_OK;
}

static qn_status close_kept(void *user, qn_error *err)
{
    (void)err;
    ((kept *)user)->closed++;
    return QN_OK;
}

static void free_kept(void *user)
{
    ((kept *)user)->freed++;
}

qn_stream_sink kept_of(kept *self, const char *const *reads, int64_t read_count)
{
    return (qn_stream_sink){.self = self,
                            .name = "kept",
                            .reads = reads,
                            .read_count = read_count,
                            .open = open_kept,
                            .write = write_kept,
                            .close = close_kept,
                            .free = free_kept};
}

qn_symbols *must_symbols(int64_t capacity)
{
    qn_symbols *symbols;
    qn_error err;
    assert_ok(qn_symbols_new(&symbols, capacity, NULL, &err), &err);
    for (int64_t i = 0; i < capacity; i++) {
        char name[24];
        int32_t number;
        (void)snprintf(name, sizeof name, "S%lld", (long long)i);
        assert_ok(qn_symbols_add(&number, symbols, name, -1, &err), &err);
        assert_int_equal(number, i);
    }
    return symbols;
}
