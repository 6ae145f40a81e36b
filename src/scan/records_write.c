/* scan/records_write.c: structs as JSON, by their shapes; see records_int.h. */
#include "scan/records_int.h"

#include "base/error.h"

#include <inttypes.h>

typedef struct writing {
    qni_json_writer json;
    qn_status status; /* of the first value that has no name */
    qn_error *err;
} writing;

static void write_object(writing *w, const qni_shape *shape, const void *of);

int64_t qni_field_name(const void *at, int32_t width)
{
    return width == 1 ? *(const int8_t *)at : *(const int32_t *)at;
}

static void write_name(writing *w, const qni_field *field, const void *at)
{
    const int64_t value = qni_field_name(at, field->width);
    const char *text = field->text_of(value);
    if (text == NULL && w->status == QN_OK)
        w->status = qni_error(w->err, QN_INVALID, "\"%s\" cannot be %" PRId64, field->name, value);
    qni_json_string(&w->json, text, -1);
}

/* What one struct has by itself. */
static void write_value(writing *w, const qni_field *field, const void *at)
{
    const char *text;
    switch (field->type) {
    case QNI_FIELD_F64:
        qni_json_double(&w->json, *(const double *)at);
        break;
    case QNI_FIELD_I64:
        qni_json_int64(&w->json, *(const int64_t *)at);
        break;
    case QNI_FIELD_I32:
        qni_json_int64(&w->json, *(const int32_t *)at);
        break;
    case QNI_FIELD_BOOL:
        qni_json_bool(&w->json, *(const bool *)at);
        break;
    case QNI_FIELD_NAME:
        write_name(w, field, at);
        break;
    case QNI_FIELD_OBJECT:
        write_object(w, field->shape, at);
        break;
    default:
        text = *(const char *const *)at;
        qni_json_string(&w->json, text != NULL ? text : "", -1);
        break;
    }
}

static void write_rows(writing *w, const qni_shape *shape, const void *rows, int64_t count)
{
    qni_json_array_begin(&w->json);
    for (int64_t i = 0; i < count; i++)
        write_object(w, shape, (const char *)rows + i * shape->size);
    qni_json_array_end(&w->json);
}

static void write_columns(writing *w, const qni_shape *shape, const void *rows, int64_t count)
{
    qni_json_object_begin(&w->json);
    for (int32_t f = 0; f < shape->field_count; f++) {
        qni_json_key(&w->json, shape->fields[f].name);
        qni_json_array_begin(&w->json);
        for (int64_t i = 0; i < count; i++)
            write_value(w, &shape->fields[f], qni_field_at((const char *)rows + i * shape->size, &shape->fields[f]));
        qni_json_array_end(&w->json);
    }
    qni_json_object_end(&w->json);
}

/* An array of what lies one after the other. */
static void write_array(writing *w, const qni_field *field, const void *values, int64_t count)
{
    qni_json_array_begin(&w->json);
    for (int64_t i = 0; i < count; i++) {
        if (field->type == QNI_FIELD_DAYS)
            qni_json_int64(&w->json, ((const int32_t *)values)[i]);
        else if (field->type == QNI_FIELD_TEXTS)
            qni_json_string(&w->json, ((const char *const *)values)[i], -1);
        else
            qni_json_double(&w->json, ((const double *)values)[i]);
    }
    qni_json_array_end(&w->json);
}

static void write_field(writing *w, const qni_field *field, const void *of)
{
    const void *at = qni_field_at(of, field);
    if (field->type < QNI_FIELD_ROWS) {
        qni_json_key(&w->json, field->name);
        write_value(w, field, at);
        return;
    }
    const int64_t count = qni_field_count(of, field);
    const void *values = field->type == QNI_FIELD_SOME ? at : *(const void *const *)at;
    if (field->type == QNI_FIELD_NUMBERS && values == NULL)
        return;
    qni_json_key(&w->json, field->name);
    if (field->type == QNI_FIELD_ROWS)
        write_rows(w, field->shape, values, count);
    else if (field->type == QNI_FIELD_COLUMNS)
        write_columns(w, field->shape, values, count);
    else
        write_array(w, field, values, count);
}

static void write_fields(writing *w, const qni_shape *shape, const void *of)
{
    for (int32_t f = 0; f < shape->field_count; f++)
        write_field(w, &shape->fields[f], of);
}

static void write_object(writing *w, const qni_shape *shape, const void *of)
{
    qni_json_object_begin(&w->json);
    write_fields(w, shape, of);
    qni_json_object_end(&w->json);
}

qn_status qni_record_write(qni_json_buffer *out, qn_record_kind kind, const void *record, qn_error *err)
{
    writing w = {.err = err};
    qni_json_writer_init(&w.json, qni_json_buffer_sink, out, 0);
    w.json.exact = true;
    qni_json_object_begin(&w.json);
    qni_json_key_string(&w.json, "schema", qni_record_schema(kind));
    write_fields(&w, qni_record_shape(kind), record);
    qni_json_object_end(&w.json);
    if (w.status != QN_OK)
        return w.status;
    return qni_json_finish(&w.json, err);
}
