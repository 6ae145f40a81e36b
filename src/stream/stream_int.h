/* stream/stream_int.h: what the rooms of the stream share: how formulas add stages. One thread, before the stream runs.
 * */
#ifndef QNI_STREAM_INT_H
#define QNI_STREAM_INT_H

#include <quern/stream.h>

/* As qn_stream_add_stage, also with columns that sinks which read all do not see (qni_hoist_is_hidden). */
QN_MUST_USE qn_status qni_stream_add(qn_stream *stream, const qn_stream_stage *stage, qn_error *err);

/* The columns that there are: those of records, then what stages write, hidden ones too. Borrowed until one is added.
 * */
const char *const *qni_stream_columns(const qn_stream *stream, int64_t *count);

/* Symbols that states are kept for. */
int64_t qni_stream_symbols(const qn_stream *stream);
const qn_allocator *qni_stream_allocator(const qn_stream *stream);

#endif
