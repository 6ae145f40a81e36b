/* stream/sink_kit.h: what the tests of sinks share: symbols, records, and a sink that is driven without a stream, so
 * that a test says how records are cut into spans. */
#ifndef QUERN_TEST_SINK_KIT_H
#define QUERN_TEST_SINK_KIT_H

#include "harness/harness.h"

#include <quern/sinks.h>

#define SECOND_NS INT64_C(1000000000)

/* A table of these names, each a symbol. */
qn_symbols *kit_symbols(const char *const *names, int64_t count, int64_t capacity);

typedef struct kit_columns {
    const char *const *names;
    double *const *values; /* (count) each as long as there are records */
    int64_t count;
} kit_columns;

/* Opens the sink, writes `count` records in spans of `cut`, closes it. The first status that is not QN_OK ends the
 * writing, and is returned; it is closed in any case, as a stream does. */
qn_status kit_drive(const qn_stream_sink *sink, const qn_tick *records, int64_t count, const kit_columns *columns,
                    int64_t cut, qn_error *err);

/* A folder of one's own below /tmp, and a path in it, borrowed until the next call. */
void kit_folder_make(void);
void kit_folder_drop(void);
const char *kit_path(const char *name);
int64_t kit_folder_count(void); /* files in it, hidden ones too */

/* All of a file, a zero behind it, in a buffer of the kit's that lives until the next call; NULL: no such file. */
const char *kit_read(const char *path, int64_t *size);
void kit_write(const char *path, const char *text);

#endif
