/* store/postgres_result.c: what the server answered, from its binary form where there is a reader for the types of all
 * columns, else from its text, and straight into a table's buffers.
 *
 * Binary forms are those of the types' send functions in PostgreSQL's source: big-endian, dates and times counted from
 * 2000, numeric in digits of base 10000. */
#include "store/postgres_int.h"

#include "base/number.h"
#include "base/time.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

/* ---- types ---- */

static const struct {
    Oid oid;
    qni_postgres_kind kind;
} known[] = {
    {QNI_OID_BOOL, QNI_POSTGRES_BOOL},
    {QNI_OID_BYTEA, QNI_POSTGRES_BYTES},
    {QNI_OID_CHAR, QNI_POSTGRES_CHAR},
    {QNI_OID_NAME, QNI_POSTGRES_TEXT},
    {QNI_OID_INT8, QNI_POSTGRES_I64},
    {QNI_OID_INT2, QNI_POSTGRES_I16},
    {QNI_OID_INT4, QNI_POSTGRES_I32},
    {QNI_OID_TEXT, QNI_POSTGRES_TEXT},
    {QNI_OID_OID, QNI_POSTGRES_U32},
    {QNI_OID_XID, QNI_POSTGRES_U32},
    {QNI_OID_JSON, QNI_POSTGRES_TEXT},
    {QNI_OID_FLOAT4, QNI_POSTGRES_F32},
    {QNI_OID_FLOAT8, QNI_POSTGRES_F64},
    {QNI_OID_UNKNOWN, QNI_POSTGRES_TEXT},
    {QNI_OID_BPCHAR, QNI_POSTGRES_TEXT},
    {QNI_OID_VARCHAR, QNI_POSTGRES_TEXT},
    {QNI_OID_DATE, QNI_POSTGRES_DATE},
    {QNI_OID_TIMESTAMP, QNI_POSTGRES_TIMESTAMP},
    {QNI_OID_TIMESTAMPTZ, QNI_POSTGRES_TIMESTAMP},
    {QNI_OID_NUMERIC, QNI_POSTGRES_NUMERIC},
    {QNI_OID_VOID, QNI_POSTGRES_TEXT},
    {QNI_OID_UUID, QNI_POSTGRES_UUID},
    {QNI_OID_JSONB, QNI_POSTGRES_JSONB},
};

static qn_value_type value_type(qni_postgres_kind kind)
{
    switch (kind) {
    case QNI_POSTGRES_BOOL:
        return QN_VALUE_BOOL;
    case QNI_POSTGRES_I16:
    case QNI_POSTGRES_I32:
    case QNI_POSTGRES_I64:
    case QNI_POSTGRES_U32:
        return QN_VALUE_I64;
    case QNI_POSTGRES_F32:
    case QNI_POSTGRES_F64:
        return QN_VALUE_F64;
    case QNI_POSTGRES_DATE:
        return QN_VALUE_DATE;
    case QNI_POSTGRES_TIMESTAMP:
        return QN_VALUE_TIMESTAMP;
    case QNI_POSTGRES_NUMERIC:
        return QN_VALUE_DECIMAL;
    case QNI_POSTGRES_BYTES:
        return QN_VALUE_BYTES;
    default:
        return QN_VALUE_TEXT;
    }
}

/* Asks the catalogue about a type that somebody has made. */
static qn_status ask_type(qni_postgres *p, Oid oid, qn_error *err)
{
    static const Oid oid_type = QNI_OID_OID;
    uint32_t swapped = htobe32(oid);
    const char *value = (const char *)&swapped;
    const int length = (int)sizeof swapped, format = 1;
    if (!qni_grow(p->base.allocator, (void **)&p->types, &p->type_capacity, p->type_count + 1, sizeof *p->types))
        return qni_refused(err, p->base.allocator, 0, "what is known of types");
    PGresult *result = p->pq.execParams(p->connection, "SELECT typtype = 'e' FROM pg_catalog.pg_type WHERE oid = $1", 1,
                                        &oid_type, &value, &length, &format, 1);
    qn_status s = QN_OK;
    if (p->pq.resultStatus(result) != PGRES_TUPLES_OK)
        s = qni_postgres_error(p, result, NULL, false, err);
    else
        p->types[p->type_count++] =
            (qni_postgres_type){oid, p->pq.ntuples(result) == 1 && p->pq.getvalue(result, 0, 0)[0] != 0};
    p->pq.clear(result);
    return s;
}

qn_status qni_postgres_kind_of(qni_postgres_kind *out, qni_postgres *p, Oid oid, qn_error *err)
{
    *out = QNI_POSTGRES_OTHER;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].oid == oid) {
            *out = known[i].kind;
            return QN_OK;
        }
    }
    if (oid < QNI_OID_USERS)
        return QN_OK;
    int64_t i = 0;
    while (i < p->type_count && p->types[i].oid != oid)
        i++;
    if (i == p->type_count) {
        qn_status s = ask_type(p, oid, err);
        if (s != QN_OK)
            return s;
    }
    if (p->types[i].is_enum)
        *out = QNI_POSTGRES_TEXT;
    return QN_OK;
}

qn_status qni_postgres_shape_new(qni_postgres_shape *out, qni_postgres *p, PGresult *description, qn_error *err)
{
    *out = (qni_postgres_shape){.description = description, .column_count = p->pq.nfields(description), .binary = true};
    out->columns = qni_alloc_zeroed(p->base.allocator, out->column_count, sizeof *out->columns);
    qn_status s = QN_OK;
    if (out->columns == NULL) {
        s = qni_refused(err, p->base.allocator, 0, "a query of %d columns", out->column_count);
        qni_postgres_shape_free(out, p);
        return s;
    }
    for (int i = 0; s == QN_OK && i < out->column_count; i++) {
        s = qni_postgres_kind_of(&out->columns[i].kind, p, p->pq.ftype(description, i), err);
        out->columns[i].type = value_type(out->columns[i].kind);
        out->binary = out->binary && out->columns[i].kind != QNI_POSTGRES_OTHER;
    }
    if (s != QN_OK)
        qni_postgres_shape_free(out, p);
    return s;
}

bool qni_postgres_shape_fits(const qni_postgres_shape *shape, const qni_libpq *pq, const PGresult *result)
{
    bool fits = pq->nfields(result) == shape->column_count;
    for (int i = 0; fits && i < shape->column_count; i++)
        fits = pq->ftype(result, i) == pq->ftype(shape->description, i);
    return fits;
}

void qni_postgres_shape_free(qni_postgres_shape *shape, const qni_postgres *p)
{
    const qn_allocator *allocator = p->base.allocator;
    if (shape->description != NULL)
        p->pq.clear(shape->description);
    qni_free(allocator, shape->columns, shape->column_count, sizeof *shape->columns);
    qni_free(allocator, shape->scratch, shape->scratch_capacity, 1);
    memset(shape, 0, sizeof *shape);
}

/* ---- numbers in the network's order ---- */

static uint16_t load16(const char *at)
{
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    return be16toh(bits);
}

static uint32_t load32(const char *at)
{
    uint32_t bits;
    memcpy(&bits, at, sizeof bits);
    return be32toh(bits);
}

static uint64_t load64(const char *at)
{
    uint64_t bits;
    memcpy(&bits, at, sizeof bits);
    return be64toh(bits);
}

/* The number of a column of real ones, of a column of whole ones. False: it holds something else. */
static bool load_real(double *out, qni_postgres_kind kind, const char *bytes)
{
    if (kind == QNI_POSTGRES_F64) {
        uint64_t bits = load64(bytes);
        memcpy(out, &bits, sizeof *out);
        return true;
    }
    if (kind != QNI_POSTGRES_F32)
        return false;
    uint32_t bits = load32(bytes);
    float narrow;
    memcpy(&narrow, &bits, sizeof narrow);
    *out = (double)narrow;
    return true;
}

static bool load_whole(int64_t *out, qni_postgres_kind kind, const char *bytes)
{
    switch (kind) {
    case QNI_POSTGRES_I64:
        *out = (int64_t)load64(bytes);
        return true;
    case QNI_POSTGRES_I32:
        *out = (int32_t)load32(bytes);
        return true;
    case QNI_POSTGRES_I16:
        *out = (int16_t)load16(bytes);
        return true;
    case QNI_POSTGRES_U32:
        *out = load32(bytes);
        return true;
    default:
        return false;
    }
}

/* Bytes of the binary form; 0: any number. */
static int fixed_size(qni_postgres_kind kind)
{
    switch (kind) {
    case QNI_POSTGRES_BOOL:
    case QNI_POSTGRES_CHAR:
        return 1;
    case QNI_POSTGRES_I16:
        return 2;
    case QNI_POSTGRES_I32:
    case QNI_POSTGRES_U32:
    case QNI_POSTGRES_F32:
    case QNI_POSTGRES_DATE:
        return 4;
    case QNI_POSTGRES_I64:
    case QNI_POSTGRES_F64:
    case QNI_POSTGRES_TIMESTAMP:
        return 8;
    case QNI_POSTGRES_UUID:
        return 16;
    default:
        return 0;
    }
}

/* ---- values that have to be composed ---- */

/* The head of numeric's binary form; its digits follow, each of base 10000, the first of weight 10000^weight. */
typedef struct numeric {
    int digit_count, weight, scale;
    unsigned sign;
} numeric;

enum {
    NUMERIC_HEAD = 8,
    NUMERIC_NEGATIVE = 0x4000,
    NUMERIC_NAN = 0xC000,
    NUMERIC_INFINITE = 0xD000,
    NUMERIC_MINUS_INFINITE = 0xF000,
    NUMERIC_NAME_SIZE = 10, /* "-Infinity" */
};

static bool numeric_head(numeric *out, const char *bytes, int64_t size)
{
    if (size < NUMERIC_HEAD)
        return false;
    out->digit_count = load16(bytes);
    out->weight = (int16_t)load16(bytes + 2);
    out->sign = load16(bytes + 4);
    out->scale = load16(bytes + 6);
    return size == NUMERIC_HEAD + 2 * (int64_t)out->digit_count;
}

/* Bytes, at most, of its text with a zero. */
static int64_t numeric_text_size(const numeric *n)
{
    return NUMERIC_NAME_SIZE + 4 * ((n->weight < 0 ? 0 : (int64_t)n->weight) + 1) + n->scale + 4;
}

static int numeric_digit(const numeric *n, const char *bytes, int index)
{
    return index >= 0 && index < n->digit_count ? load16(bytes + NUMERIC_HEAD + 2 * (int64_t)index) : 0;
}

static char *put_four(char *at, int digit)
{
    at[0] = (char)('0' + digit / 1000 % 10);
    at[1] = (char)('0' + digit / 100 % 10);
    at[2] = (char)('0' + digit / 10 % 10);
    at[3] = (char)('0' + digit % 10);
    return at + 4;
}

/* As the server prints it: all digits before the point, `scale` digits after it. */
static int64_t numeric_text(char *out, const numeric *n, const char *bytes)
{
    const char *name = n->sign == NUMERIC_NAN              ? "NaN"
                       : n->sign == NUMERIC_INFINITE       ? "Infinity"
                       : n->sign == NUMERIC_MINUS_INFINITE ? "-Infinity"
                                                           : NULL;
    if (name != NULL) {
        memcpy(out, name, strlen(name) + 1);
        return (int64_t)strlen(name);
    }
    char *at = out;
    if (n->sign == NUMERIC_NEGATIVE)
        *at++ = '-';
    char *first = at;
    for (int i = 0; i <= n->weight; i++)
        at = put_four(at, numeric_digit(n, bytes, i));
    int64_t zeros = 0;
    while (zeros < at - first - 1 && first[zeros] == '0')
        zeros++;
    memmove(first, first + zeros, (size_t)(at - first - zeros));
    at -= zeros;
    if (at == first)
        *at++ = '0';
    if (n->scale > 0) {
        *at++ = '.';
        char *end = at + n->scale;
        for (int i = n->weight + 1; at < end; i++)
            at = put_four(at, numeric_digit(n, bytes, i));
        at = end;
    }
    *at = '\0';
    return at - out;
}

static int64_t put_hex(char *out, const char *bytes, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[2 * i] = "0123456789abcdef"[(unsigned char)bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return 2 * count;
}

enum {
    UUID_TEXT = 36
};

static int64_t uuid_text(char *out, const char *bytes)
{
    static const int groups[] = {4, 2, 2, 2, 6};
    char *at = out;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; bytes += groups[i], i++) {
        if (i > 0)
            *at++ = '-';
        at += put_hex(at, bytes, groups[i]);
    }
    *at = '\0';
    return at - out;
}

/* Of the type "char", which the server writes as itself, nothing for 0, and \ooo where it is no ASCII. */
static int64_t char_text(char *out, unsigned char c)
{
    int64_t size = 0;
    if (c >= 0x80) {
        out[size++] = '\\';
        out[size++] = (char)('0' + (c >> 6));
        out[size++] = (char)('0' + (c >> 3 & 7));
        out[size++] = (char)('0' + (c & 7));
    } else if (c != 0) {
        out[size++] = (char)c;
    }
    out[size] = '\0';
    return size;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 0;
}

/* bytea as text: \x and digits, or, as sessions may ask for, bytes with \ooo and \\ among them. */
static int64_t bytes_of_text(char *out, const char *text, int64_t size)
{
    int64_t count = 0;
    if (size >= 2 && text[0] == '\\' && text[1] == 'x') {
        for (int64_t i = 2; i + 1 < size; i += 2)
            out[count++] = (char)(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
    } else {
        for (int64_t i = 0; i < size; i++) {
            bool octal = text[i] == '\\' && i + 3 < size && text[i + 1] != '\\';
            if (octal)
                out[count++] = (char)((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
            else
                out[count++] = text[i];
            i += octal ? 3 : text[i] == '\\';
        }
    }
    out[count] = '\0';
    return count;
}

/* Bytes of scratch for a value; 0: it needs none; -1: such a column cannot hold it. */
static int64_t composed_size(const qni_postgres_shape *shape, qni_postgres_kind kind, const char *bytes, int64_t size)
{
    numeric n = {0};
    if (!shape->binary)
        return kind == QNI_POSTGRES_BYTES ? size + 1 : 0;
    int wanted = fixed_size(kind);
    if (wanted != 0 && size != wanted)
        return -1;
    switch (kind) {
    case QNI_POSTGRES_NUMERIC:
        return numeric_head(&n, bytes, size) ? numeric_text_size(&n) : -1;
    case QNI_POSTGRES_UUID:
        return UUID_TEXT + 1;
    case QNI_POSTGRES_CHAR:
        return 5;
    default:
        return 0;
    }
}

static int64_t compose(char *out, const qni_postgres_shape *shape, qni_postgres_kind kind, const char *bytes,
                       int64_t size)
{
    numeric n = {0};
    if (!shape->binary)
        return bytes_of_text(out, bytes, size);
    switch (kind) {
    case QNI_POSTGRES_NUMERIC:
        (void)numeric_head(&n, bytes, size);
        return numeric_text(out, &n, bytes);
    case QNI_POSTGRES_UUID:
        return uuid_text(out, bytes);
    default:
        return char_text(out, (unsigned char)bytes[0]);
    }
}

static qn_status misfit(const qni_postgres_shape *shape, const qni_libpq *pq, int column, qn_error *err)
{
    return qni_error(err, QN_DATA, "column \"%.80s\": the server sent what no value of its type is",
                     pq->fname(shape->description, column));
}

/* A microsecond count that fits after the origin has moved; the infinities do. */
static bool timestamp_fits(const char *bytes)
{
    int64_t since = (int64_t)load64(bytes), us;
    return since == INT64_MAX || !__builtin_add_overflow(since, QNI_POSTGRES_US, &us);
}

qn_status qni_postgres_row(qni_postgres_shape *shape, const qni_postgres *p, const PGresult *result, int row,
                           qn_error *err)
{
    const qni_libpq *pq = &p->pq;
    int64_t needed = 0, used = 0;
    for (int i = 0; i < shape->column_count; i++) {
        qni_postgres_column *c = &shape->columns[i];
        c->size = 0;
        if (pq->getisnull(result, row, i))
            continue;
        const char *bytes = pq->getvalue(result, row, i);
        c->size = composed_size(shape, c->kind, bytes, pq->getlength(result, row, i));
        if (c->size < 0)
            return misfit(shape, pq, i, err);
        if (shape->binary && c->kind == QNI_POSTGRES_TIMESTAMP && !timestamp_fits(bytes))
            return qni_error(err, QN_LIMIT, "column \"%.80s\": a timestamp beyond the year 294246",
                             pq->fname(shape->description, i));
        needed += c->size;
    }
    if (!qni_grow(p->base.allocator, (void **)&shape->scratch, &shape->scratch_capacity, needed, 1))
        return qni_refused(err, p->base.allocator, needed, "%" PRId64 " bytes of a row", needed);
    for (int i = 0; i < shape->column_count; i++) {
        qni_postgres_column *c = &shape->columns[i];
        if (c->size == 0)
            continue;
        int64_t room = c->size;
        c->text = shape->scratch + used;
        c->size =
            compose(shape->scratch + used, shape, c->kind, pq->getvalue(result, row, i), pq->getlength(result, row, i));
        assert(c->size < room);
        used += room;
    }
    return QN_OK;
}

/* ---- values ---- */

static qn_value infinity(bool negative)
{
    return qn_value_text(negative ? "-infinity" : "infinity", -1);
}

static qn_value date_value(const char *bytes)
{
    int32_t since = (int32_t)load32(bytes);
    if (since == INT32_MIN || since == INT32_MAX)
        return infinity(since < 0);
    return qn_value_date(since + QNI_POSTGRES_DAYS);
}

static qn_value timestamp_value(const char *bytes)
{
    int64_t since = (int64_t)load64(bytes);
    if (since == INT64_MIN || since == INT64_MAX)
        return infinity(since < 0);
    return qn_value_timestamp(since + QNI_POSTGRES_US);
}

static qn_value binary_value(const qni_postgres_column *c, const char *bytes, int64_t size)
{
    double real;
    int64_t whole;
    if (load_real(&real, c->kind, bytes))
        return qn_value_f64(real);
    if (load_whole(&whole, c->kind, bytes))
        return qn_value_i64(whole);
    switch (c->kind) {
    case QNI_POSTGRES_BOOL:
        return qn_value_bool(bytes[0] != 0);
    case QNI_POSTGRES_DATE:
        return date_value(bytes);
    case QNI_POSTGRES_TIMESTAMP:
        return timestamp_value(bytes);
    case QNI_POSTGRES_NUMERIC:
        return qn_value_decimal(c->text, c->size);
    case QNI_POSTGRES_UUID:
    case QNI_POSTGRES_CHAR:
        return qn_value_text(c->text, c->size);
    case QNI_POSTGRES_BYTES:
        return qn_value_bytes(bytes, size);
    case QNI_POSTGRES_JSONB: /* its first byte is a version */
        return qn_value_text(bytes + (size > 0), size - (size > 0));
    default:
        return qn_value_text(bytes, size);
    }
}

/* The server's own notation; what it cannot be read as stays text. */
static qn_value text_value(const qni_postgres_column *c, const char *text, int64_t size)
{
    const char *end = text + size;
    double f64;
    int64_t i64;
    int32_t days;
    switch (c->type) {
    case QN_VALUE_BOOL:
        return qn_value_bool(text[0] == 't');
    case QN_VALUE_I64:
        if (qni_integer_parse(&i64, text, end) == end)
            return qn_value_i64(i64);
        break;
    case QN_VALUE_F64:
        if (qni_number_parse(&f64, text, end) == end)
            return qn_value_f64(c->kind == QNI_POSTGRES_F32 ? (double)(float)f64 : f64);
        break;
    case QN_VALUE_DATE:
        if (qni_date_parse(&days, text, size))
            return qn_value_date(days);
        break;
    case QN_VALUE_TIMESTAMP:
        if (qni_timestamp_parse(&i64, text, size))
            return qn_value_timestamp(i64);
        break;
    case QN_VALUE_DECIMAL:
        return qn_value_decimal(text, size);
    case QN_VALUE_BYTES:
        return qn_value_bytes(c->text, c->size);
    default:
        break;
    }
    return qn_value_text(text, size);
}

qn_value qni_postgres_value(const qni_postgres_shape *shape, const qni_libpq *pq, const PGresult *result, int row,
                            int column)
{
    if (pq->getisnull(result, row, column))
        return qn_value_null();
    const char *bytes = pq->getvalue(result, row, column);
    int64_t size = pq->getlength(result, row, column);
    const qni_postgres_column *c = &shape->columns[column];
    return shape->binary ? binary_value(c, bytes, size) : text_value(c, bytes, size);
}

/* ---- rows into a table ---- */

/* One value of a column of numbers, decoded where it is put. False: not one of these. */
static bool put_number(qn_table *table, int column, int64_t row, qni_postgres_kind kind, const char *bytes, int size)
{
    if (size != fixed_size(kind))
        return false;
    void *values = qni_table_build_values(table, column);
    return load_real((double *)values + row, kind, bytes) || load_whole((int64_t *)values + row, kind, bytes);
}

/* Any value of the row that was looked at. */
static qn_status put_value(qn_table *table, const qni_postgres_shape *shape, const qni_libpq *pq,
                           const PGresult *result, int row, int column, qn_error *err)
{
    qn_value value = qni_postgres_value(shape, pq, result, row, column);
    return qni_db_put(table, column, qn_table_row_count(table), &value, err);
}

qn_status qni_postgres_append(qn_table *table, qni_postgres_shape *shape, const qni_postgres *p, const PGresult *result,
                              qn_error *err)
{
    const qni_libpq *pq = &p->pq;
    int rows = pq->ntuples(result);
    if (!qni_table_build_reserve(table, rows))
        return qni_refused(err, p->base.allocator, 0, "more than %" PRId64 " rows", qn_table_row_count(table));
    for (int row = 0; row < rows; row++) {
        int64_t to = qn_table_row_count(table);
        bool looked_at = false;
        for (int i = 0; i < shape->column_count; i++) {
            int size = pq->getlength(result, row, i); /* 0 of NULL, which no number has */
            if (shape->binary && size > 0 &&
                put_number(table, i, to, shape->columns[i].kind, pq->getvalue(result, row, i), size))
                continue;
            qn_status s = looked_at ? QN_OK : qni_postgres_row(shape, p, result, row, err);
            looked_at = true;
            if (s == QN_OK)
                s = put_value(table, shape, pq, result, row, i, err);
            if (s != QN_OK)
                return s;
        }
        qni_table_build_rows(table, 1);
    }
    return QN_OK;
}

int64_t qni_postgres_changed(const qni_libpq *pq, PGresult *result)
{
    static const char *const commands[] = {"INSERT ", "UPDATE ", "DELETE ", "MERGE "};
    const char *tag = pq->cmdStatus(result);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strncmp(tag, commands[i], strlen(commands[i])) == 0) {
            int64_t count = 0;
            const char *tuples = pq->cmdTuples(result);
            (void)qni_integer_parse(&count, tuples, tuples + strlen(tuples));
            return count;
        }
    }
    return 0;
}
