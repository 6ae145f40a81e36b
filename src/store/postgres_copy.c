/* store/postgres_copy.c: a table's rows into the database by COPY, in its binary format where each column has a writer
 * for the type that its values have there, else in its text format, which the server understands for every type.
 *
 * Rows in messages count from 1, as COPY's lines do. */
#include "store/postgres_int.h"

#include "base/number.h"
#include "base/time.h"
#include "store/limits.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How a column's values are written. */
typedef enum form {
    AS_TEXT_FORMAT, /* no binary form: the whole COPY is text */
    AS_BOOL,
    AS_I16,
    AS_I32,
    AS_I64,
    AS_F32,
    AS_F64,
    AS_NUMERIC,
    AS_TEXT,
    AS_JSONB,
    AS_DATE,
    AS_TIMESTAMP,
} form;

typedef struct copy {
    qni_postgres *p;
    const qn_table *table;
    form *forms; /* (column_count) */
    int64_t column_count;
    char *buffer; /* (QNI_POSTGRES_COPY_SIZE) */
    int64_t used;
    bool refused; /* the server takes no more: its results say why */
} copy;

static form number_form(Oid oid)
{
    switch (oid) {
    case QNI_OID_INT2:
        return AS_I16;
    case QNI_OID_INT4:
        return AS_I32;
    case QNI_OID_INT8:
        return AS_I64;
    case QNI_OID_FLOAT4:
        return AS_F32;
    case QNI_OID_FLOAT8:
        return AS_F64;
    case QNI_OID_NUMERIC:
        return AS_NUMERIC;
    default:
        return AS_TEXT_FORMAT;
    }
}

/* Values of a table's type in a column of the database's. */
static form form_of(qn_type type, Oid oid, qni_postgres_kind kind)
{
    form number = number_form(oid);
    bool is_time = kind == QNI_POSTGRES_TIMESTAMP;
    switch (type) {
    case QN_TYPE_BOOL:
        return oid == QNI_OID_BOOL ? AS_BOOL : AS_TEXT_FORMAT;
    case QN_TYPE_I64:
        return number;
    case QN_TYPE_F64:
    case QN_TYPE_F32:
        return number == AS_F32 || number == AS_F64 ? number : AS_TEXT_FORMAT;
    case QN_TYPE_STRING:
        return oid == QNI_OID_JSONB ? AS_JSONB : kind == QNI_POSTGRES_TEXT ? AS_TEXT : AS_TEXT_FORMAT;
    case QN_TYPE_DATE:
        return kind == QNI_POSTGRES_DATE ? AS_DATE : is_time ? AS_TIMESTAMP : AS_TEXT_FORMAT;
    case QN_TYPE_TIMESTAMP:
        return is_time ? AS_TIMESTAMP : AS_TEXT_FORMAT;
    default:
        return AS_TEXT_FORMAT;
    }
}

/* ---- bytes to the server ---- */

static void flush(copy *c)
{
    if (!c->refused && c->used > 0 && c->p->pq.putCopyData(c->p->connection, c->buffer, (int)c->used) != 1)
        c->refused = true;
    c->used = 0;
}

static void put(copy *c, const void *bytes, int64_t size)
{
    for (const char *from = bytes; size > 0;) {
        if (c->used == QNI_POSTGRES_COPY_SIZE)
            flush(c);
        int64_t room = QNI_POSTGRES_COPY_SIZE - c->used, now = size < room ? size : room;
        memcpy(c->buffer + c->used, from, (size_t)now);
        c->used += now;
        from += now;
        size -= now;
    }
}

static void put16(copy *c, uint16_t bits)
{
    bits = htobe16(bits);
    put(c, &bits, sizeof bits);
}

static void put32(copy *c, uint32_t bits)
{
    bits = htobe32(bits);
    put(c, &bits, sizeof bits);
}

/* A field of eight bytes: what bulk data consist of. */
static void put_eight(copy *c, uint64_t bits)
{
    char field[12];
    uint32_t size = htobe32(8);
    bits = htobe64(bits);
    memcpy(field, &size, sizeof size);
    memcpy(field + 4, &bits, sizeof bits);
    put(c, field, sizeof field);
}

/* ---- the binary format ---- */

static qn_status misfit(const copy *c, int64_t row, int64_t column, const char *why, qn_error *err)
{
    return qni_error(err, QN_DATA, "row %" PRId64 ", column \"%.80s\": %s", row + 1,
                     qn_table_column_name(c->table, column), why);
}

static void put_numeric(copy *c, int64_t value)
{
    uint16_t digits[5]; /* the last of the number first; 10^19 has five of base 10000 */
    int count = 0;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    for (; rest > 0; rest /= 10000)
        digits[count++] = (uint16_t)(rest % 10000);
    put32(c, (uint32_t)(8 + 2 * count));
    put16(c, (uint16_t)count);
    put16(c, (uint16_t)(count > 0 ? count - 1 : 0));
    put16(c, value < 0 ? 0x4000 : 0);
    put16(c, 0);
    while (count > 0)
        put16(c, digits[--count]);
}

static double as_double(const qn_value *value)
{
    return value->type == QN_VALUE_I64 ? (double)value->i64 : value->f64;
}

/* Of a column of real numbers. */
static bool put_real(copy *c, form how, double value)
{
    if (how == AS_F64) {
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        put_eight(c, bits);
        return true;
    }
    float narrow = (float)value;
    uint32_t bits;
    if (__builtin_isinf(narrow) && !__builtin_isinf(value))
        return false;
    memcpy(&bits, &narrow, sizeof bits);
    put32(c, sizeof bits);
    put32(c, bits);
    return true;
}

/* Of a column of whole numbers. */
static bool put_whole(copy *c, form how, int64_t value)
{
    if (how == AS_I64) {
        put_eight(c, (uint64_t)value);
    } else if (how == AS_NUMERIC) {
        put_numeric(c, value);
    } else if (how == AS_I32) {
        put32(c, 4);
        put32(c, (uint32_t)value);
        return value >= INT32_MIN && value <= INT32_MAX;
    } else {
        put32(c, 2);
        put16(c, (uint16_t)value);
        return value >= INT16_MIN && value <= INT16_MAX;
    }
    return true;
}

static bool put_time(copy *c, form how, const qn_value *value)
{
    int64_t since;
    if (how == AS_DATE) {
        if (__builtin_sub_overflow(value->i64, QNI_POSTGRES_DAYS, &since) || since <= INT32_MIN || since >= INT32_MAX)
            return false;
        put32(c, 4);
        put32(c, (uint32_t)since);
        return true;
    }
    int64_t us = value->i64;
    if (value->type == QN_VALUE_DATE && __builtin_mul_overflow(us, INT64_C(86400000000), &us))
        return false;
    if (__builtin_sub_overflow(us, QNI_POSTGRES_US, &since) || since == INT64_MIN)
        return false;
    put_eight(c, (uint64_t)since);
    return true;
}

static qn_status put_binary(copy *c, int64_t row, int64_t column, qn_error *err)
{
    form how = c->forms[column];
    qn_value value = qni_db_table_value(c->table, column, row);
    if (value.type == QN_VALUE_NULL) {
        put32(c, UINT32_MAX);
        return QN_OK;
    }
    switch (how) {
    case AS_BOOL:
        put32(c, 1);
        put(c, value.i64 != 0 ? "\1" : "\0", 1);
        return QN_OK;
    case AS_F32:
    case AS_F64:
        return put_real(c, how, as_double(&value)) ? QN_OK : misfit(c, row, column, "too large for a real", err);
    case AS_TEXT:
    case AS_JSONB:
        if (value.size > INT32_MAX - 1)
            return misfit(c, row, column, "longer than PostgreSQL can hold", err);
        put32(c, (uint32_t)(value.size + (how == AS_JSONB)));
        put(c, "\1", how == AS_JSONB); /* its version */
        put(c, value.bytes, value.size);
        return QN_OK;
    case AS_DATE:
    case AS_TIMESTAMP:
        return put_time(c, how, &value) ? QN_OK : misfit(c, row, column, "PostgreSQL has no such time", err);
    default:
        return put_whole(c, how, value.i64)
                   ? QN_OK
                   : misfit(c, row, column, how == AS_I16 ? "beyond a smallint" : "beyond an integer", err);
    }
}

/* ---- the text format ---- */

static void put_escaped(copy *c, const char *text, int64_t size)
{
    while (size > 0) {
        int64_t plain = 0;
        while (plain < size && text[plain] != '\\' && text[plain] != '\n' && text[plain] != '\r' && text[plain] != '\t')
            plain++;
        put(c, text, plain);
        if (plain < size) {
            char escaped[2] = {'\\', text[plain]};
            escaped[1] = text[plain] == '\n' ? 'n' : text[plain] == '\r' ? 'r' : text[plain] == '\t' ? 't' : '\\';
            put(c, escaped, sizeof escaped);
            plain++;
        }
        text += plain;
        size -= plain;
    }
}

static qn_status put_text(copy *c, int64_t row, int64_t column, qn_error *err)
{
    qn_value value = qni_db_table_value(c->table, column, row);
    char text[QNI_TIME_TEXT_SIZE + QNI_NUMBER_SIZE];
    int64_t size = 0;
    switch (value.type) {
    case QN_VALUE_NULL:
        put(c, "\\N", 2);
        return QN_OK;
    case QN_VALUE_BOOL:
        text[size++] = value.i64 != 0 ? 't' : 'f';
        break;
    case QN_VALUE_I64:
        size = snprintf(text, sizeof text, "%" PRId64, value.i64);
        break;
    case QN_VALUE_F64:
        size = qni_number_format(text, value.f64);
        break;
    case QN_VALUE_DATE:
        size = qni_date_text(text, value.i64);
        break;
    case QN_VALUE_TIMESTAMP:
        size = qni_timestamp_text(text, value.i64, ' ');
        if (size > 0) {
            memcpy(text + size, "+00", 3);
            size += 3;
        }
        break;
    default:
        put_escaped(c, value.bytes, value.size);
        return QN_OK;
    }
    if (size == 0)
        return misfit(c, row, column, "a time outside the years 1 to 9999", err);
    put(c, text, size);
    return QN_OK;
}

/* ---- all rows ---- */

static qn_status put_rows(copy *c, bool binary, qn_error *err)
{
    static const char head[19] = "PGCOPY\n\377\r\n"; /* its last zero, no flags, no extension */
    qn_status s = QN_OK;
    if (binary)
        put(c, head, sizeof head);
    for (int64_t row = 0; s == QN_OK && !c->refused && row < qn_table_row_count(c->table); row++) {
        if (binary)
            put16(c, (uint16_t)c->column_count);
        for (int64_t column = 0; s == QN_OK && column < c->column_count; column++) {
            if (!binary && column > 0)
                put(c, "\t", 1);
            s = binary ? put_binary(c, row, column, err) : put_text(c, row, column, err);
        }
        if (!binary)
            put(c, "\n", 1);
    }
    if (binary)
        put16(c, UINT16_MAX);
    if (s == QN_OK)
        flush(c);
    return s;
}

/* The place that COPY's context tells in the server's language: "COPY prices, line 3, column day: …". */
static void name_place(const copy *c, const PGresult *result, const char *into, qn_error *err)
{
    const char *context = c->p->pq.resultErrorField(result, PG_DIAG_CONTEXT);
    const char *column = c->p->pq.resultErrorField(result, PG_DIAG_COLUMN_NAME);
    const char *dot = strrchr(into, '.'), *name = dot != NULL ? dot + 1 : into;
    size_t size = strlen(name);
    int64_t row = 0;
    if (context == NULL || strncmp(context, "COPY ", 5) != 0 || strncmp(context + 5, name, size) != 0)
        return;
    const char *at = context + 5 + size;
    at += strcspn(at, "0123456789\n");
    const char *end = qni_integer_parse(&row, at, at + strspn(at, "0123456789"));
    if (end == NULL)
        return;
    for (int64_t i = 0; column == NULL && i < c->column_count && end[0] == ','; i++) {
        const char *candidate = qn_table_column_name(c->table, i);
        size_t length = strlen(candidate), word = strcspn(end + 2, " ");
        const char *there = end + 2 + word;
        if (*there == ' ' && strncmp(there + 1, candidate, length) == 0 && strchr(":,\n", there[1 + length]) != NULL)
            column = candidate;
    }
    char message[sizeof err->message];
    memcpy(message, err->message, sizeof message);
    qn_error named = *err;
    (void)qni_error(&named, err->code, "row %" PRId64 "%s%.80s%s: %s", row, column != NULL ? ", column \"" : "",
                    column != NULL ? column : "", column != NULL ? "\"" : "", message);
    named.native = err->native;
    *err = named;
}

/* Ends the COPY: `why` (NULL: all rows were sent) lets the server undo it. */
static qn_status end_copy(copy *c, const char *into, const char *why, qn_error *err)
{
    const qni_libpq *pq = &c->p->pq;
    qn_status s = QN_OK;
    qn_error made = qn_error_none();
    PGresult *result;
    /* where the server has ended it already there is nothing to end */
    bool ended = pq->putCopyEnd(c->p->connection, c->refused ? "not all rows could be sent" : why) == 1;
    if (c->refused && ended)
        s = qni_error(&made, QN_NOMEM, "no memory for rows on their way to %.200s", c->p->base.shown);
    while (!c->p->base.broken && (result = pq->getResult(c->p->connection)) != NULL) {
        ExecStatusType status = pq->resultStatus(result);
        if (status == PGRES_FATAL_ERROR && s == QN_OK) {
            s = qni_postgres_error(c->p, result, NULL, false, &made);
            name_place(c, result, into, &made);
        }
        if (status == PGRES_COPY_IN) { /* not even its end could be sent */
            c->p->base.broken = true;
            s = qni_error(&made, QN_CLOSED, "the connection to %.200s is in disorder", c->p->base.shown);
        }
        pq->clear(result);
    }
    if (s == QN_OK && pq->status(c->p->connection) == CONNECTION_BAD)
        s = qni_postgres_error(c->p, NULL, NULL, false, &made);
    if (s != QN_OK && err != NULL)
        *err = made;
    return s;
}

static qn_status run_copy(copy *c, const char *sql, const char *into, bool binary, qn_error *err)
{
    const qni_libpq *pq = &c->p->pq;
    PGresult *result = pq->exec(c->p->connection, sql);
    qn_status s = QN_OK;
    if (pq->resultStatus(result) != PGRES_COPY_IN)
        s = qni_postgres_error(c->p, result, NULL, false, err);
    pq->clear(result);
    if (s != QN_OK)
        return s;
    s = put_rows(c, binary, err);
    if (s != QN_OK) {
        (void)end_copy(c, into, "a value does not fit", NULL);
        return s;
    }
    return end_copy(c, into, NULL, err);
}

/* ---- which columns, and as what ---- */

/* The names, quoted, with commas between them; free with *size. */
static char *column_list(int64_t *size, const qn_table *table, const qn_allocator *allocator)
{
    *size = 1;
    for (int64_t i = 0; i < qn_table_column_count(table); i++)
        *size += 2 * (int64_t)strlen(qn_table_column_name(table, i)) + 3;
    char *list = qni_alloc(allocator, *size, 1), *at = list;
    for (int64_t i = 0; list != NULL && i < qn_table_column_count(table); i++) {
        if (i > 0)
            *at++ = ',';
        *at++ = '"';
        for (const char *p = qn_table_column_name(table, i); *p != '\0'; p++) {
            if (*p == '"')
                *at++ = '"';
            *at++ = *p;
        }
        *at++ = '"';
    }
    if (list != NULL)
        *at = '\0';
    return list;
}

static qn_status find_forms(bool *binary, copy *c, const char *select, qn_error *err)
{
    PGresult *description;
    *binary = true;
    qn_status s = qni_postgres_prepare(&description, c->p, "", select, 0, NULL, err);
    if (s != QN_OK && err != NULL)
        err->column = 0; /* a place in a text that nobody has written */
    for (int64_t i = 0; s == QN_OK && i < c->column_count; i++) {
        Oid oid = c->p->pq.ftype(description, (int)i);
        qni_postgres_kind kind;
        s = qni_postgres_kind_of(&kind, c->p, oid, err);
        c->forms[i] = s == QN_OK ? form_of(qn_table_column_type(c->table, i), oid, kind) : AS_TEXT_FORMAT;
        *binary = *binary && c->forms[i] != AS_TEXT_FORMAT;
    }
    c->p->pq.clear(description);
    return s;
}

static qn_status insert_into(copy *c, const char *into, const char *quoted, const char *columns, qn_error *err)
{
    const qn_allocator *allocator = c->p->base.allocator;
    int64_t size = (int64_t)(strlen(quoted) + strlen(columns)) + 64;
    bool binary = false;
    c->forms = qni_alloc_zeroed(allocator, c->column_count, sizeof *c->forms);
    c->buffer = qni_alloc(allocator, QNI_POSTGRES_COPY_SIZE, 1);
    char *sql = qni_alloc(allocator, size, 1);
    qn_status s = QN_OK;
    if (c->forms == NULL || c->buffer == NULL || sql == NULL) {
        s = qni_refused(err, allocator, 0, "inserting into %.80s", into);
    } else {
        (void)snprintf(sql, (size_t)size, "SELECT %s FROM %s", columns, quoted);
        s = find_forms(&binary, c, sql, err);
    }
    if (s == QN_OK) {
        (void)snprintf(sql, (size_t)size, "COPY %s (%s) FROM STDIN%s", quoted, columns,
                       binary ? " (FORMAT binary)" : "");
        s = run_copy(c, sql, into, binary, err);
    }
    qni_free(allocator, sql, size, 1);
    qni_free(allocator, c->buffer, QNI_POSTGRES_COPY_SIZE, 1);
    qni_free(allocator, c->forms, c->column_count, sizeof *c->forms);
    return s;
}

qn_status qni_postgres_insert(qn_db *db, const char *into, const qn_table *table, qn_error *err)
{
    const qn_allocator *allocator = db->allocator;
    copy c = {.p = (qni_postgres *)db, .table = table, .column_count = qn_table_column_count(table)};
    char *quoted;
    int64_t size;
    qn_status s = qni_db_quote_name(&quoted, into, allocator, err);
    if (s != QN_OK)
        return s;
    char *columns = column_list(&size, table, allocator);
    if (columns == NULL) {
        s = qni_refused(err, allocator, size, "the names of columns");
    } else {
        qni_postgres_begin(c.p);
        s = insert_into(&c, into, quoted, columns, err);
        qni_postgres_end(c.p);
    }
    qni_free(allocator, columns, size, 1);
    qni_free(allocator, quoted, (int64_t)strlen(quoted) + 1, 1);
    return s;
}
