/* stream/sink_kit.c: see sink_kit.h. */
#include "stream/sink_kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

qn_symbols *kit_symbols(const char *const *names, int64_t count, int64_t capacity)
{
    qn_error err = qn_error_none();
    qn_symbols *symbols;
    assert_ok(qn_symbols_new(&symbols, capacity, NULL, &err), &err);
    for (int64_t i = 0; i < count; i++) {
        int32_t number;
        assert_ok(qn_symbols_add(&number, symbols, names[i], -1, &err), &err);
        assert_int_equal(number, i);
    }
    return symbols;
}

enum {
    COLUMNS = 16,
    SPAN = 1 << 16
};

qn_status kit_drive(const qn_stream_sink *sink, const qn_tick *records, int64_t count, const kit_columns *columns,
                    int64_t cut, qn_error *err)
{
    static int32_t symbols[SPAN];
    static const kit_columns none;
    if (columns == NULL)
        columns = &none;
    assert_true(columns->count <= COLUMNS && cut >= 1);
    qn_status status = sink->open != NULL ? sink->open(sink->self, columns->names, columns->count, err) : QN_OK;
    for (int64_t at = 0, size; status == QN_OK && at < count; at += size) {
        size = count - at < cut ? count - at : cut;
        size = size < SPAN ? size : SPAN;
        double *values[COLUMNS] = {NULL};
        for (int64_t c = 0; c < columns->count; c++)
            values[c] = columns->values[c] + at;
        qn_tick *span_records = malloc((size_t)size * sizeof *span_records);
        assert_non_null(span_records);
        memcpy(span_records, records + at, (size_t)size * sizeof *span_records);
        for (int64_t i = 0; i < size; i++)
            symbols[i] = records[at + i].symbol;
        qn_stream_span span = {
            .records = span_records, .symbols = symbols, .columns = values, .count = size, .sequence = at};
        status = sink->write(sink->self, &span, err);
        free(span_records);
    }
    qn_status closed = sink->close != NULL ? sink->close(sink->self, status == QN_OK ? err : NULL) : QN_OK;
    return status != QN_OK ? status : closed;
}

static char folder[64];

void kit_folder_make(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/quern-sinks-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

const char *kit_path(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Counts what is in the folder, and deletes it where `drop`. */
static int64_t each_file(bool drop)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    int64_t count = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        count++;
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (drop)
            (void)unlink(path);
    }
    (void)closedir(d);
    return count;
}

int64_t kit_folder_count(void)
{
    return each_file(false);
}

void kit_folder_drop(void)
{
    (void)each_file(true);
    assert_int_equal(rmdir(folder), 0);
    free((void *)(intptr_t)kit_read(NULL, NULL));
}

const char *kit_read(const char *path, int64_t *size)
{
    static char *buffer;
    char *before = buffer;
    buffer = NULL;
    if (path == NULL)
        return before; /* for who frees it */
    free(before);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long length = ftell(f);
    assert_true(length >= 0);
    rewind(f);
    buffer = malloc((size_t)length + 1);
    assert_non_null(buffer);
    assert_int_equal(fread(buffer, 1, (size_t)length, f), length);
    buffer[length] = '\0';
    (void)fclose(f);
    if (size != NULL)
        *size = length;
    return buffer;
}

void kit_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}
