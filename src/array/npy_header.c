/* array/npy_header.c: the header of a .npy file: a dictionary as Python prints it, of exactly these three keys in any
 * order:
 *
 *   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
 *
 * Strings have no escapes, numbers are decimal; whatever else Python would take is refused. */
#include "array/npy_int.h"

#include "array/csv_int.h"
#include "base/alloc.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

const qni_npy_type qni_npy_types[] = {
    {"f8", QN_DTYPE_F64, false},     {"f4", QN_DTYPE_F32, false}, {"f2", QN_DTYPE_F16, false},
    {"i1", QN_DTYPE_I8, false},      {"i2", QN_DTYPE_I16, false}, {"i4", QN_DTYPE_I32, false},
    {"i8", QN_DTYPE_I64, false},     {"u1", QN_DTYPE_U8, false},  {"M8[D]", QN_DTYPE_I64, false},
    {"M8[us]", QN_DTYPE_I64, false}, {"b1", QN_DTYPE_U8, true},   {"", QN_DTYPE_U8, false},
};

typedef struct parser {
    const char *begin, *p, *end;
    qni_npy_header *out;
    const char *name;
    qn_error *err;
} parser;

typedef struct text {
    const char *start;
    int64_t size;
} text;

static qn_status expected(const parser *r, const char *what)
{
    return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                        "the header of the .npy file is damaged: %s expected at its byte %" PRId64, what,
                        (int64_t)(r->p - r->begin) + 1);
}

/* The next character that is no blank, 0 at the end. */
static char peek(parser *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
    return r->p < r->end ? *r->p : '\0';
}

static bool take(parser *r, char c)
{
    bool there = peek(r) == c && r->p < r->end;
    r->p += there;
    return there;
}

static bool take_word(parser *r, const char *word)
{
    int64_t size = (int64_t)strlen(word);
    bool there = peek(r) == *word && r->end - r->p >= size && memcmp(r->p, word, (size_t)size) == 0;
    r->p += there ? size : 0;
    return there;
}

static bool take_string(parser *r, text *out)
{
    char quote = peek(r);
    if (quote != '\'' && quote != '"')
        return false;
    const char *start = r->p + 1;
    const char *close = memchr(start, quote, (size_t)(r->end - start));
    if (close == NULL || memchr(start, '\\', (size_t)(close - start)) != NULL)
        return false;
    *out = (text){start, close - start};
    r->p = close + 1;
    return true;
}

static qn_status refuse_type(const parser *r, text type)
{
    const char *what = "elements of type";
    const char *remedy = "in NumPy, a.astype('f8') makes them numbers that are";
    if (memchr(type.start, 'O', (size_t)type.size) != NULL) {
        what = "Python objects";
        remedy = "only running what is in the file could restore them; save an array of numbers";
    } else if (memchr(type.start, 'c', (size_t)type.size) != NULL) {
        what = "complex numbers";
        remedy = "save real and imaginary parts";
    }
    return qni_error_at(r->err, QN_DATA, r->name, 0, 0, "%s \"%s\" are not read: %s", what,
                        qni_csv_show(type.start, type.size).text, remedy);
}

static qn_status read_type(parser *r)
{
    text type;
    if (peek(r) == '[')
        return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                            "an array with named fields is not read: save each field as an array, or all as CSV");
    if (!take_string(r, &type))
        return expected(r, "a type such as '<f8'");
    bool has_order = type.size > 0 && memchr("<>=|", type.start[0], 4) != NULL;
    const char *code = type.start + has_order;
    int64_t size = type.size - has_order;
    for (const qni_npy_type *t = qni_npy_types; t->code[0] != '\0'; t++) {
        if (size != (int64_t)strlen(t->code) || memcmp(code, t->code, (size_t)size) != 0)
            continue;
        r->out->dtype = t->dtype;
        r->out->is_bool = t->is_bool;
        r->out->is_time = t->code[0] == 'M';
        r->out->swapped = has_order && type.start[0] == '>' && qn_dtype_size(t->dtype) > 1;
        return QN_OK;
    }
    return refuse_type(r, type);
}

static qn_status read_order(parser *r)
{
    r->out->fortran = take_word(r, "True");
    return r->out->fortran || take_word(r, "False") ? QN_OK : expected(r, "True or False");
}

static qn_status too_large(const parser *r)
{
    return qni_error_at(r->err, QN_DATA, r->name, 0, 0, "the header says that the array is larger than any memory");
}

/* A number as Python prints one; Python 2 put an L behind those that are long. */
static qn_status read_count(parser *r, int64_t *out)
{
    (void)peek(r);
    const char *start = r->p;
    for (*out = 0; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
        if (!qni_size_mul(out, *out, 10) || !qni_size_add(out, *out, *r->p - '0'))
            return too_large(r);
    }
    if (r->p == start || (*start == '0' && r->p - start > 1))
        return expected(r, "the length of an axis");
    if (r->p < r->end && *r->p == 'L')
        r->p++;
    return QN_OK;
}

static qn_status read_shape(parser *r)
{
    qni_npy_header *h = r->out;
    if (!take(r, '('))
        return expected(r, "a shape such as (3, 4)");
    bool comma = true;
    for (h->ndim = 0; !take(r, ')'); h->ndim++) {
        if (!comma)
            return expected(r, "a comma or )");
        if (h->ndim == QN_ARRAY_MAX_DIMS)
            return qni_error_at(r->err, QN_LIMIT, r->name, 0, 0, "an array of more than %d axes", QN_ARRAY_MAX_DIMS);
        qn_status s = read_count(r, &h->shape[h->ndim]);
        if (s != QN_OK)
            return s;
        comma = take(r, ',');
    }
    return h->ndim == 1 && !comma ? expected(r, "a comma, as in (3,),") : QN_OK; /* (3) is a number, not a shape */
}

/* The bytes of all elements; empty axes are left out for that the others be sound as well. */
static qn_status set_size(const parser *r)
{
    qni_npy_header *h = r->out;
    int64_t size = qn_dtype_size(h->dtype);
    bool empty = false;
    for (int32_t k = 0; k < h->ndim; k++) {
        empty = empty || h->shape[k] == 0;
        if (h->shape[k] > 0 && !qni_size_mul(&size, size, h->shape[k]))
            return too_large(r);
    }
    h->size = empty ? 0 : size;
    return QN_OK;
}

static const struct key {
    const char *name;
    qn_status (*read)(parser *r);
} keys[] = {{"descr", read_type}, {"fortran_order", read_order}, {"shape", read_shape}};
enum {
    KEYS = sizeof keys / sizeof keys[0]
};

/* A name, a colon, a value; no name twice. */
static qn_status read_item(parser *r, bool seen[KEYS])
{
    text key;
    size_t k = 0;
    if (!take_string(r, &key))
        return expected(r, "a name in quotes");
    while (k < KEYS &&
           ((int64_t)strlen(keys[k].name) != key.size || memcmp(keys[k].name, key.start, (size_t)key.size) != 0))
        k++;
    if (k == KEYS || seen[k] || !take(r, ':'))
        return expected(r, "each of descr, fortran_order and shape, once, and its value");
    seen[k] = true;
    return keys[k].read(r);
}

qn_status qni_npy_header_read(qni_npy_header *out, const char *bytes, int64_t size, const char *name, qn_error *err)
{
    *out = (qni_npy_header){0};
    parser r = {.begin = bytes, .p = bytes, .end = bytes + size, .out = out, .name = name, .err = err};
    bool seen[KEYS] = {false};
    if (!take(&r, '{'))
        return expected(&r, "{");
    for (bool comma = true; !take(&r, '}'); comma = take(&r, ',')) {
        qn_status s = comma ? read_item(&r, seen) : expected(&r, "a comma or }");
        if (s != QN_OK)
            return s;
    }
    if (!seen[0] || !seen[1] || !seen[2] || peek(&r) != '\0' || r.p < r.end)
        return expected(&r, "nothing but descr, fortran_order and shape");
    return set_size(&r);
}
