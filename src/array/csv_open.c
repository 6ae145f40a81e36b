/* array/csv_open.c: opening a reader, its options, selecting columns, closing it. */
#include "array/csv_int.h"

#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "base/nearest.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void qn_csv_options_init(qn_csv_options *out, int64_t size)
{
    qni_options_init(out, size);
}

int64_t qn_csv_column_count(const qn_csv *csv)
{
    return csv->column_count;
}

const char *const *qn_csv_column_names(const qn_csv *csv)
{
    return csv->name_texts;
}

void qn_csv_close(qn_csv *csv)
{
    if (csv == NULL)
        return;
    const qn_allocator *allocator = csv->allocator;
    qni_input_close(&csv->input);
    if (csv->name != NULL)
        qni_free(allocator, csv->name, (int64_t)strlen(csv->name) + 1, 1);
    if (csv->window != NULL)
        qni_free(allocator, csv->window, csv->window_size + QNI_CSV_PADDING, 1);
    qni_free(allocator, csv->column_of_name, csv->names.count, sizeof *csv->column_of_name);
    qni_strings_fini(&csv->names, allocator);
    qni_free(allocator, csv->name_of_column, csv->column_capacity, sizeof *csv->name_of_column);
    qni_free(allocator, csv->name_texts, csv->column_count, sizeof *csv->name_texts);
    qni_free(allocator, csv->given_types, csv->column_count, sizeof *csv->given_types);
    qni_free(allocator, csv->targets, csv->target_capacity, sizeof *csv->targets);
    qni_free(allocator, csv->target_of_column, csv->column_count, sizeof *csv->target_of_column);
    qni_free(allocator, csv->steps, csv->target_count, sizeof *csv->steps);
    qni_free(allocator, csv->target_names, csv->target_count, sizeof *csv->target_names);
    qni_free(allocator, csv->scratch, csv->scratch_capacity, 1);
    qni_delete(allocator, csv);
}

/* The column of a name; fails where there is none or more than one. */
static qn_status find_column(int64_t *column, qn_csv *csv, const char *name, int64_t size, qn_error *err)
{
    qni_csv_shown shown = qni_csv_show(name, size);
    int32_t code = qni_strings_find(&csv->names, name, size);
    if (code < 0) {
        int64_t nearest = qni_nearest(shown.text, csv->name_texts, csv->column_count);
        return qni_error_at(err, QN_NAME, csv->name, 0, 0, "there is no column \"%s\"%s%s%s", shown.text,
                            nearest >= 0 ? ": did you mean \"" : "",
                            nearest >= 0 ? qni_csv_show_name(csv, nearest).text : "", nearest >= 0 ? "\"?" : "");
    }
    *column = csv->column_of_name[code];
    if (*column < 0)
        return qni_error_at(err, QN_DATA, csv->name, 0, 0, "more than one column is called \"%s\": rename all but one",
                            shown.text);
    return QN_OK;
}

/* One "name=type" of the option. */
static qn_status give_type(qn_csv *csv, const char *item, const char *end)
{
    const char *equals = end; /* the last one: a name may have others */
    while (equals > item && *equals != '=')
        equals--;
    if (*equals != '=')
        return qni_error(csv->err, QN_INVALID, "types: \"%s\" is not NAME=TYPE", qni_csv_show(item, end - item).text);
    char name[16] = "";
    if (end - equals - 1 < (int64_t)sizeof name)
        memcpy(name, equals + 1, (size_t)(end - equals - 1));
    qn_type type = qn_type_from_name(name);
    if (type == QN_TYPE_AUTO)
        return qni_error(csv->err, QN_INVALID, "types: \"%s\" is none of f64, f32, i64, bool, string, date, timestamp",
                         qni_csv_show(equals + 1, end - equals - 1).text);
    int64_t column;
    qn_status s = find_column(&column, csv, item, equals - item, csv->err);
    if (s != QN_OK)
        return s;
    if (csv->given_types[column] != QN_TYPE_AUTO)
        return qni_error(csv->err, QN_INVALID, "types: \"%s\" is given twice", qni_csv_show_name(csv, column).text);
    csv->given_types[column] = type;
    return QN_OK;
}

static qn_status give_types(qn_csv *csv, const char *types)
{
    csv->given_types = qni_alloc_zeroed(csv->allocator, csv->column_count, sizeof *csv->given_types);
    csv->target_of_column = qni_alloc(csv->allocator, csv->column_count, sizeof *csv->target_of_column);
    if (csv->given_types == NULL || csv->target_of_column == NULL)
        return qni_error(csv->err, QN_NOMEM, "no memory for %" PRId64 " columns", csv->column_count);
    for (int64_t i = 0; i < csv->column_count; i++)
        csv->target_of_column[i] = -1;
    qn_status s = QN_OK;
    for (const char *item = types; item != NULL && *item != '\0' && s == QN_OK;) {
        const char *end = item + strcspn(item, ",");
        s = give_type(csv, item, end);
        item = *end == ',' ? end + 1 : end;
    }
    return s;
}

static qn_status open_reader(qn_csv *csv, const char *name, const qn_csv_options *options)
{
    csv->name = qni_copy_string(csv->allocator, name, -1);
    if (csv->name == NULL)
        return qni_error(csv->err, QN_NOMEM, "no memory to open \"%s\"", name);
    qn_status s = qni_input_inflate(&csv->input, csv->name, csv->allocator, csv->err);
    if (s == QN_OK)
        s = qni_csv_find_dialect(csv, options->delimiter);
    if (s == QN_OK)
        s = qni_csv_read_header(csv);
    return s == QN_OK ? give_types(csv, options->types) : s;
}

qn_status qni_csv_open_input(qn_csv **out, qni_input input, const qni_csv_sizes *sizes, const char *name,
                             const qn_csv_options *options, qn_error *err)
{
    *out = NULL;
    qn_csv_options defaults;
    qn_csv_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    qn_csv *csv = qni_new(options->allocator, qn_csv);
    if (csv == NULL) {
        qni_input_close(&input);
        return qni_error(err, QN_NOMEM, "no memory to open \"%s\"", name);
    }
    csv->allocator = options->allocator;
    csv->input = input;
    csv->sizes = sizes != NULL ? *sizes : (qni_csv_sizes){0};
    if (csv->sizes.chunk == 0)
        csv->sizes.chunk = QNI_CSV_CHUNK;
    if (csv->sizes.record == 0)
        csv->sizes.record = QNI_CSV_RECORD_LIMIT;
    csv->no_header = options->no_header;
    csv->line = 1;
    csv->err = err;
    qni_strings_init(&csv->names);
    qn_status s = open_reader(csv, name, options);
    csv->err = NULL;
    if (s != QN_OK) {
        qn_csv_close(csv);
        return s;
    }
    *out = csv;
    return QN_OK;
}

qn_status qn_csv_open(qn_csv **out, const char *path, const qn_csv_options *options, qn_error *err)
{
    *out = NULL;
    qn_csv_options known;
    qn_status s = qni_options_copy(&known, sizeof known, options, "qn_csv_options", err);
    qni_input input;
    if (s == QN_OK)
        s = qni_input_file(&input, path, known.allocator, err);
    if (s == QN_OK)
        s = qni_csv_open_input(out, input, NULL, qni_file_name(path), &known, err);
    return s;
}

qn_status qn_csv_open_bytes(qn_csv **out, const char *bytes, int64_t size, const char *name,
                            const qn_csv_options *options, qn_error *err)
{
    *out = NULL;
    if (size < 0 || (bytes == NULL && size > 0))
        return qni_error(err, QN_INVALID, "there are no %" PRId64 " bytes to read", size);
    qn_csv_options known;
    qn_status s = qni_options_copy(&known, sizeof known, options, "qn_csv_options", err);
    qni_input input;
    if (s == QN_OK)
        s = qni_input_bytes(&input, bytes, size, known.allocator, err);
    if (s == QN_OK)
        s = qni_csv_open_input(out, input, NULL, name != NULL ? name : "", &known, err);
    return s;
}

qn_status qn_csv_select(qn_csv *csv, const char *name, qn_type type, qn_error *err)
{
    if (csv->steps != NULL)
        return qni_error(err, QN_INVALID, "columns are selected before the first read");
    if ((unsigned)type > QN_TYPE_TIMESTAMP)
        return qni_error(err, QN_INVALID, "%d is no column type", (int)type);
    int64_t column;
    qn_status s = find_column(&column, csv, name, (int64_t)strlen(name), err);
    if (s != QN_OK)
        return s;
    if (type == QN_TYPE_AUTO)
        type = csv->given_types[column];
    int64_t target = csv->target_of_column[column];
    if (target >= 0) {
        if (csv->targets[target].type != type)
            return qni_error(err, QN_INVALID, "column \"%s\" is selected twice with different types",
                             qni_csv_show_name(csv, column).text);
        return QN_OK;
    }
    if (!qni_grow(csv->allocator, (void **)&csv->targets, &csv->target_capacity, csv->target_count + 1,
                  sizeof *csv->targets))
        return qni_error(err, QN_NOMEM, "no memory for %" PRId64 " columns", csv->target_count + 1);
    csv->target_of_column[column] = csv->target_count;
    csv->targets[csv->target_count++] = (qni_csv_target){.source = column, .type = type};
    return QN_OK;
}
