/* scan/records_read.c: JSON as structs, by their shapes; see records_int.h. All that is read lies in one arena.
 *
 * Always: a struct is complete, every field at what it is when it is missing, before the first one is read. */
#include "scan/records_int.h"

#include "base/error.h"
#include "mem/notes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct reading {
    const char *file;
    qn_arena *arena;
    qn_error *err;
    int where_size;
    char where[128]; /* "quotes.strike[17]": the value at hand */
} reading;

static qn_status read_object(reading *r, void *out, const qni_shape *shape, const json_t *object);

/* ---- places ---- */

static int enter_name(reading *r, const char *name)
{
    const int before = r->where_size;
    int n = snprintf(r->where + before, sizeof r->where - (size_t)before, "%s%s", before > 0 ? "." : "", name);
    if (n > 0 && before + n < (int)sizeof r->where)
        r->where_size = before + n;
    return before;
}

static int enter_index(reading *r, int64_t index)
{
    const int before = r->where_size;
    int n = snprintf(r->where + before, sizeof r->where - (size_t)before, "[%" PRId64 "]", index);
    if (n > 0 && before + n < (int)sizeof r->where)
        r->where_size = before + n;
    return before;
}

static void leave(reading *r, int before)
{
    r->where_size = before;
    r->where[before] = '\0';
}

static qn_status refuse(const reading *r, const char *what)
{
    return qni_error_at(r->err, QN_DATA, r->file, 0, 0, "\"%s\" is %s", r->where, what);
}

/* ---- single values ---- */

static qn_status read_number(double *out, const reading *r, const json_t *value)
{
    const char *text = json_string_value(value);
    *out = json_number_value(value);
    if (json_is_number(value))
        return QN_OK;
    if (text != NULL && strcmp(text, "nan") == 0)
        *out = (double)NAN;
    else if (text != NULL && strcmp(text, "inf") == 0)
        *out = (double)INFINITY;
    else if (text != NULL && strcmp(text, "-inf") == 0)
        *out = -(double)INFINITY;
    else
        return refuse(r, "no number");
    return QN_OK;
}

static qn_status read_whole(int64_t *out, const reading *r, const json_t *value, int64_t least, int64_t most)
{
    if (!json_is_integer(value))
        return refuse(r, "no whole number");
    *out = json_integer_value(value);
    return *out >= least && *out <= most ? QN_OK : refuse(r, "out of its bounds");
}

static void put_name(void *at, int32_t width, int64_t value)
{
    if (width == 1)
        *(int8_t *)at = (int8_t)value;
    else
        *(int32_t *)at = (int32_t)value;
}

static qn_status read_name(void *at, const reading *r, const qni_field *field, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL)
        return refuse(r, "no name");
    for (int64_t v = -1; v < 64; v++) { /* no enumeration here has more */
        const char *name = field->text_of(v);
        if (name != NULL && strcmp(name, text) == 0) {
            put_name(at, field->width, v);
            return QN_OK;
        }
    }
    return refuse(r, "a name that is not known");
}

static qn_status read_text(const char **out, reading *r, const json_t *value)
{
    if (!json_is_string(value))
        return refuse(r, "no text");
    return qni_arena_text(out, r->arena, json_string_value(value), (int64_t)json_string_length(value), r->err);
}

static qn_status read_value(void *at, reading *r, const qni_field *field, const json_t *value)
{
    int64_t whole = 0;
    qn_status s;
    switch (field->type) {
    case QNI_FIELD_F64:
        return read_number(at, r, value);
    case QNI_FIELD_I64:
        return read_whole(at, r, value, INT64_MIN, INT64_MAX);
    case QNI_FIELD_I32:
        s = read_whole(&whole, r, value, INT32_MIN, INT32_MAX);
        *(int32_t *)at = (int32_t)whole;
        return s;
    case QNI_FIELD_BOOL:
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value) ? QN_OK : refuse(r, "neither true nor false");
    case QNI_FIELD_NAME:
        return read_name(at, r, field, value);
    case QNI_FIELD_OBJECT:
        return read_object(r, at, field->shape, value);
    default:
        return read_text(at, r, value);
    }
}

/* ---- what is missing ---- */

static void *place(void *of, const qni_field *field)
{
    return (char *)of + field->offset;
}

static void set_count(void *of, const qni_field *field, int64_t count)
{
    *(int64_t *)(void *)((char *)of + field->count_offset) = count;
}

static void clear(void *of, const qni_shape *shape)
{
    memset(of, 0, (size_t)shape->size);
    for (int32_t f = 0; f < shape->field_count; f++) {
        const qni_field *field = &shape->fields[f];
        void *at = place(of, field);
        if (field->type == QNI_FIELD_F64)
            *(double *)at = (double)NAN;
        else if (field->type == QNI_FIELD_I64)
            *(int64_t *)at = field->otherwise;
        else if (field->type == QNI_FIELD_I32)
            *(int32_t *)at = (int32_t)field->otherwise;
        else if (field->type == QNI_FIELD_NAME)
            put_name(at, field->width, field->otherwise);
        else if (field->type == QNI_FIELD_TEXT)
            *(const char **)at = "";
        else if (field->type == QNI_FIELD_OBJECT)
            clear(at, field->shape);
    }
}

/* ---- several values ---- */

static qn_status take(void **out, reading *r, int64_t count, int64_t size)
{
    return qn_arena_take(out, r->arena, count * size, r->err); /* of a text of bounded size: no overflow */
}

static qn_status read_rows(reading *r, void *of, const qni_field *field, const json_t *array)
{
    const int64_t count = (int64_t)json_array_size(array);
    void *rows;
    if (!json_is_array(array))
        return refuse(r, "no array");
    qn_status s = take(&rows, r, count, field->shape->size);
    if (s != QN_OK)
        return s;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        const int before = enter_index(r, i);
        s = read_object(r, (char *)rows + i * field->shape->size, field->shape, json_array_get(array, (size_t)i));
        if (s == QN_OK)
            leave(r, before);
    }
    *(void **)place(of, field) = rows;
    set_count(of, field, count);
    return s;
}

static qn_status read_column(reading *r, void *rows, int64_t count, const qni_shape *shape, const qni_field *field,
                             const json_t *column)
{
    if (!json_is_array(column) || (int64_t)json_array_size(column) != count)
        return refuse(r, json_is_array(column) ? "longer or shorter than the first column" : "no array");
    qn_status s = QN_OK;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        const int before = enter_index(r, i);
        s = read_value(place((char *)rows + i * shape->size, field), r, field, json_array_get(column, (size_t)i));
        if (s == QN_OK)
            leave(r, before);
    }
    return s;
}

static qn_status read_columns(reading *r, void *of, const qni_field *field, const json_t *object)
{
    const qni_shape *shape = field->shape;
    int64_t count = 0;
    void *rows;
    if (!json_is_object(object))
        return refuse(r, "no object of columns");
    for (int32_t f = shape->field_count; f-- > 0;) { /* that of the first column which is there */
        const json_t *column = json_object_get(object, shape->fields[f].name);
        count = column != NULL ? (int64_t)json_array_size(column) : count;
    }
    qn_status s = take(&rows, r, count, shape->size);
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        clear((char *)rows + i * shape->size, shape);
    for (int32_t f = 0; f < shape->field_count && s == QN_OK; f++) {
        const json_t *column = json_object_get(object, shape->fields[f].name);
        if (column == NULL)
            continue;
        const int before = enter_name(r, shape->fields[f].name);
        s = read_column(r, rows, count, shape, &shape->fields[f], column);
        if (s == QN_OK)
            leave(r, before);
    }
    if (s != QN_OK)
        return s;
    *(void **)place(of, field) = rows;
    set_count(of, field, count);
    return QN_OK;
}

static qn_status read_days(reading *r, void *of, const qni_field *field, const json_t *array)
{
    const int64_t count = (int64_t)json_array_size(array);
    void *days;
    if (!json_is_array(array))
        return refuse(r, "no array");
    qn_status s = take(&days, r, count, (int64_t)sizeof(int32_t));
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        int64_t day = 0;
        const int before = enter_index(r, i);
        s = read_whole(&day, r, json_array_get(array, (size_t)i), INT32_MIN, INT32_MAX);
        if (s != QN_OK)
            return s;
        ((int32_t *)days)[i] = (int32_t)day;
        leave(r, before);
    }
    if (s != QN_OK)
        return s;
    *(int32_t **)place(of, field) = days;
    set_count(of, field, count);
    return QN_OK;
}

/* Numbers beside the days, which were read before them; NULL: all of them NaN. */
static qn_status read_numbers(reading *r, void *of, const qni_field *field, const json_t *array)
{
    const int64_t count = qni_field_count(of, field);
    void *block;
    if (array != NULL && (!json_is_array(array) || (int64_t)json_array_size(array) != count))
        return refuse(r, "not as many numbers as there are days");
    qn_status s = take(&block, r, count, (int64_t)sizeof(double));
    if (s != QN_OK)
        return s;
    double *numbers = block;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        const int before = enter_index(r, i);
        numbers[i] = (double)NAN;
        if (array != NULL)
            s = read_number(&numbers[i], r, json_array_get(array, (size_t)i));
        if (s == QN_OK)
            leave(r, before);
    }
    *(double **)place(of, field) = numbers;
    return s;
}

static qn_status read_some(reading *r, void *of, const qni_field *field, const json_t *array)
{
    const int64_t count = (int64_t)json_array_size(array);
    qn_status s = json_is_array(array) && count <= field->width ? QN_OK : refuse(r, "no array, or too long");
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        s = read_number((double *)place(of, field) + i, r, json_array_get(array, (size_t)i));
    if (s == QN_OK)
        set_count(of, field, count);
    return s;
}

static qn_status read_texts(reading *r, void *of, const qni_field *field, const json_t *array)
{
    const int64_t count = (int64_t)json_array_size(array);
    void *block;
    if (!json_is_array(array))
        return refuse(r, "no array");
    qn_status s = take(&block, r, count, (int64_t)sizeof(char *));
    const char **texts = block;
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        s = read_text(&texts[i], r, json_array_get(array, (size_t)i));
    if (s != QN_OK)
        return s;
    *(const char ***)place(of, field) = texts;
    set_count(of, field, count);
    return QN_OK;
}

/* ---- objects ---- */

static qn_status read_field(reading *r, void *of, const qni_field *field, const json_t *value)
{
    if (field->type == QNI_FIELD_NUMBERS)
        return read_numbers(r, of, field, value);
    if (value == NULL)
        return QN_OK;
    switch (field->type) {
    case QNI_FIELD_ROWS:
        return read_rows(r, of, field, value);
    case QNI_FIELD_COLUMNS:
        return read_columns(r, of, field, value);
    case QNI_FIELD_DAYS:
        return read_days(r, of, field, value);
    case QNI_FIELD_TEXTS:
        return read_texts(r, of, field, value);
    case QNI_FIELD_SOME:
        return read_some(r, of, field, value);
    default:
        return read_value(place(of, field), r, field, value);
    }
}

static qn_status read_object(reading *r, void *out, const qni_shape *shape, const json_t *object)
{
    clear(out, shape);
    if (!json_is_object(object))
        return refuse(r, "no object");
    qn_status s = QN_OK;
    for (int32_t f = 0; f < shape->field_count && s == QN_OK; f++) {
        const int before = enter_name(r, shape->fields[f].name);
        s = read_field(r, out, &shape->fields[f], json_object_get(object, shape->fields[f].name));
        if (s == QN_OK)
            leave(r, before);
    }
    return s;
}

qn_status qni_record_fill(void *out, const qni_shape *shape, const json_t *object, const char *file, qn_arena *arena,
                          qn_error *err)
{
    reading r = {.file = file, .arena = arena, .err = err};
    return read_object(&r, out, shape, object);
}
