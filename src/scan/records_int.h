/* scan/records_int.h: records as tables: what fields a struct has, and under which names they stand in JSON. Writer and
 * reader follow the same tables.
 *
 *    records_shapes.c   the tables
 *    records_write.c    from structs to text
 *    records_read.c     and back, into an arena
 *    records.c          the functions of records.h, and what must hold of what was read */
#ifndef QNI_SCAN_RECORDS_INT_H
#define QNI_SCAN_RECORDS_INT_H

#include "base/json.h"

#include <quern/arena.h>
#include <quern/records.h>

/* How a field lies in its struct, and what it is in JSON. Counts are int64_t fields. */
typedef enum qni_field_type {
    QNI_FIELD_F64,     /* a number, or "nan", "inf", "-inf" */
    QNI_FIELD_I64,     /* a whole number */
    QNI_FIELD_I32,     /* likewise */
    QNI_FIELD_BOOL,    /* true or false */
    QNI_FIELD_TEXT,    /* a string; NULL is "" */
    QNI_FIELD_NAME,    /* an enumeration, `width` bytes, by its name */
    QNI_FIELD_OBJECT,  /* a struct in place: an object */
    QNI_FIELD_ROWS,    /* pointer and count: an array of objects */
    QNI_FIELD_COLUMNS, /* pointer and count: an object of arrays, one a field */
    QNI_FIELD_DAYS,    /* pointer to int32_t, which the count is of: an array */
    QNI_FIELD_NUMBERS, /* pointer to double: an array; NULL: left out, and read as NaN */
    QNI_FIELD_TEXTS,   /* pointer to texts, and count: an array */
    QNI_FIELD_SOME,    /* doubles in place, `width` at most, and count: an array */
} qni_field_type;

typedef struct qni_field {
    const char *name;
    qni_field_type type;
    int32_t offset;
    int32_t count_offset;
    int32_t width;
    int64_t otherwise;                     /* of a whole number or a name that is missing */
    const char *(*text_of)(int64_t value); /* of a name; NULL: none has that value */
    const struct qni_shape *shape;         /* of an object, of rows and columns */
} qni_field;

typedef struct qni_shape {
    const qni_field *fields;
    int32_t field_count;
    int32_t size; /* bytes of the struct */
} qni_shape;

/* The shape of a record, and its schema. */
const qni_shape *qni_record_shape(qn_record_kind kind);
const char *qni_record_schema(qn_record_kind kind);

static inline const void *qni_field_at(const void *of, const qni_field *field)
{
    return (const char *)of + field->offset;
}

static inline int64_t qni_field_count(const void *of, const qni_field *field)
{
    return *(const int64_t *)(const void *)((const char *)of + field->count_offset);
}

/* A name's value as its width has it; below 0 only where one byte is. */
int64_t qni_field_name(const void *at, int32_t width);

/* Writes a record of that kind. Errors: QN_INVALID (a text that is not UTF-8, an enumeration without such a name). */
QN_MUST_USE qn_status qni_record_write(qni_json_buffer *out, qn_record_kind kind, const void *record, qn_error *err);

/* Reads an object into a struct of that shape, `file` being what complaints call it. Errors: QN_DATA, QN_NOMEM. */
QN_MUST_USE qn_status qni_record_fill(void *out, const qni_shape *shape, const json_t *object, const char *file,
                                      qn_arena *arena, qn_error *err);

#endif
