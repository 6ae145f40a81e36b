/* bench/encode.c: what does it cost to keep a value as bytes, in time and in size?
 *
 * Typical values of a cache are encoded and decoded: stored and deflated (level 6), as a record of a cache (with its
 * checksum), and as a sealed record. Peers in the same run:
 *    memcpy   of the bytes of the content: numbers, codes and texts, without names or shapes; nothing can cost less
 *    JSON     jansson: the same numbers and texts into a tree and the tree into text; text into a tree and the numbers
 *             back into memory. What is JSON already is only parsed
 * Decoding gives a value that is ready to be used, with memory of its own; so does memcpy, into a new block. The first
 * lines say how many bytes each form takes. */
#include "bench/common.h"

#include "array/table_build.h"
#include "store/cache_int.h"

#include <quern/fit.h>
#include <quern/predict.h>

#include <jansson.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 10000,
    LEVEL = 6,
    TEXT_SIZE = 1024,
};

static const uint8_t seal_key[QN_SEAL_KEY_SIZE] = {1, 2, 3, 4};

/* A value in all its forms; `plain` and `sealed` are records. */
typedef struct value {
    const char *name;
    qn_datum *datum;
    char *raw;
    int64_t raw_size;
    void *stored, *deflated;
    int64_t stored_size, deflated_size;
    qni_record plain, sealed;
    char *json;
    double *numbers; /* room for what JSON gives back */
} value;

static void must(qn_status s, const qn_error *err)
{
    if (s == QN_OK)
        return;
    (void)fprintf(stderr, "bench_encode: %s\n", err->message);
    exit(1);
}

static void *must_have(void *block)
{
    if (block == NULL)
        abort();
    return block;
}

/* ---- ours ---- */

static void encode(const value *v, int compress)
{
    void *bytes;
    int64_t size;
    qn_error err;
    qn_datum_options options = {.size = (int64_t)sizeof options, .compress = compress};
    must(qn_datum_encode(&bytes, &size, v->datum, &options, NULL, &err), &err);
    bench_keep(bytes);
    qn_datum_encoded_free(bytes, size, NULL);
}

static void decode(const value *v, const void *bytes, int64_t size)
{
    qn_datum *d;
    qn_error err;
    must(qn_datum_decode(&d, qn_datum_kind_of(v->datum), bytes, size, NULL, NULL, NULL, &err), &err);
    bench_keep(d);
    qn_datum_unref(d);
}

static void encode_stored(void *user)
{
    encode(user, 0);
}

static void encode_deflated(void *user)
{
    encode(user, LEVEL);
}

static void decode_stored(void *user)
{
    value *v = user;
    decode(v, v->stored, v->stored_size);
}

static void decode_deflated(void *user)
{
    value *v = user;
    decode(v, v->deflated, v->deflated_size);
}

static qni_record record_of(const value *v, const uint8_t *key)
{
    qni_record record;
    qn_error err;
    qni_cache_key name = {.bytes = "NVDA/2026-02-13", .size = 15};
    qni_cache_value entry = {.datum = v->datum};
    qni_record_keys keys = {.seal = key};
    must(qni_record_encode(&record, &name, &entry, &keys, NULL, &err), &err);
    return record;
}

static void write_record(void *user)
{
    qni_record record = record_of(user, NULL);
    bench_keep(record.bytes);
    qni_record_free(&record, NULL);
}

static void write_sealed(void *user)
{
    qni_record record = record_of(user, seal_key);
    bench_keep(record.bytes);
    qni_record_free(&record, NULL);
}

static void read_any(const qni_record *record, const uint8_t *key)
{
    qni_record_view view;
    qn_datum *d;
    qn_error err;
    qni_record_keys keys = {.seal = key};
    must(qni_record_look(&view, record->bytes, record->size, &err), &err);
    must(qni_record_datum(&d, &view, &keys, NULL, &err), &err);
    bench_keep(d);
    qn_datum_unref(d);
}

static void read_record(void *user)
{
    value *v = user;
    read_any(&v->plain, NULL);
}

static void read_sealed(void *user)
{
    value *v = user;
    read_any(&v->sealed, seal_key);
}

/* ---- the peers ---- */

static void copy_raw(void *user)
{
    value *v = user;
    char *copy = must_have(malloc(v->raw_size > 0 ? (size_t)v->raw_size : 1));
    memcpy(copy, v->raw, (size_t)v->raw_size);
    bench_keep(copy);
    free(copy);
}

static json_t *json_of_array(const qn_array *a)
{
    json_t *list = json_array();
    const double *numbers = a->data; /* contiguous f64 */
    for (int64_t i = 0; i < qn_array_count(a); i++)
        json_array_append_new(list, json_real(numbers[i]));
    return list;
}

/* A list a column: texts as such, what is missing as null. */
static json_t *json_of_column(const qn_table *t, int64_t c)
{
    json_t *list = json_array();
    const void *values = qn_table_values(t, c);
    qn_type type = qn_table_column_type(t, c);
    for (int64_t i = 0; i < qn_table_row_count(t); i++) {
        if (qn_table_is_missing(t, c, i))
            json_array_append_new(list, json_null());
        else if (type == QN_TYPE_STRING)
            json_array_append_new(list, json_string(qn_table_string(t, c, ((const int32_t *)values)[i])));
        else if (type == QN_TYPE_F64)
            json_array_append_new(list, json_real(((const double *)values)[i]));
        else if (type == QN_TYPE_DATE)
            json_array_append_new(list, json_integer(((const int32_t *)values)[i]));
        else
            json_array_append_new(list, json_integer(((const int64_t *)values)[i]));
    }
    return list;
}

static json_t *json_of(const value *v)
{
    const qn_table *t = qn_datum_table_of(v->datum);
    json_t *tree = json_object();
    for (int64_t c = 0; t != NULL && c < qn_table_column_count(t); c++)
        json_object_set_new(tree, qn_table_column_name(t, c), json_of_column(t, c));
    for (int64_t i = 0; i < qn_datum_array_count(v->datum); i++)
        json_object_set_new(tree, qn_datum_array_name(v->datum, i), json_of_array(qn_datum_array_at(v->datum, i)));
    return tree;
}

static void encode_json(void *user)
{
    json_t *tree = json_of(user);
    char *text = must_have(json_dumps(tree, JSON_COMPACT));
    bench_keep(text);
    free(text);
    json_decref(tree);
}

static void decode_json(void *user)
{
    value *v = user;
    json_t *tree = must_have(json_loads(v->json, 0, NULL)), *list, *item;
    const char *name;
    size_t i;
    int64_t count = 0;
    json_object_foreach(tree, name, list)
    {
        if (v->numbers == NULL)
            break;
        json_array_foreach(list, i, item)
        {
            v->numbers[count++] = json_number_value(item);
        }
    }
    bench_keep(v->numbers);
    json_decref(tree);
}

/* ---- the values ---- */

static double noise(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static qn_datum *text_of(const char *text, bool json)
{
    qn_datum *d;
    qn_error err;
    int64_t size = (int64_t)strlen(text);
    must(json ? qn_datum_json(&d, text, size, NULL, &err) : qn_datum_bytes(&d, text, size, NULL, &err), &err);
    return d;
}

/* Quotes of options, one after another, up to 1 KB. */
static qn_datum *some_json(bool json)
{
    char text[TEXT_SIZE + 1] = "[";
    uint64_t random = 1;
    int size = 1;
    while (size < TEXT_SIZE - 80)
        size += snprintf(text + size, sizeof text - (size_t)size,
                         "{\"strike\":%.1f,\"bid\":%.2f,\"ask\":%.2f,\"type\":\"call\"},", floor(200 * noise(&random)),
                         9 * noise(&random), 9 * noise(&random));
    while (size < TEXT_SIZE - 1)
        text[size++] = ' ';
    text[strrchr(text, ',') - text] = ' ';
    text[size++] = ']';
    text[size] = '\0';
    return text_of(text, json);
}

static qn_datum *some_arrays(int64_t count, int64_t numbers)
{
    qn_array *arrays = must_have(calloc((size_t)count, sizeof *arrays));
    uint64_t random = 2;
    qn_datum *d;
    qn_error err;
    for (int64_t i = 0; i < count; i++) {
        must(qn_array_init(&arrays[i], QN_DTYPE_F64, 1, &numbers, NULL, &err), &err);
        for (int64_t k = 0; k < numbers; k++)
            ((double *)arrays[i].data)[k] = noise(&random);
    }
    must(count == 1 ? qn_datum_array(&d, arrays, NULL, &err) : qn_datum_arrays(&d, arrays, NULL, count, NULL, &err),
         &err);
    for (int64_t i = 0; i < count; i++)
        qn_array_fini(&arrays[i]);
    free(arrays);
    return d;
}

/* Prices: a day, a symbol, two prices of which some are missing, a volume, a time. */
static qn_datum *some_table(void)
{
    static const char *const names[] = {"day", "symbol", "open", "close", "volume", "at"};
    static const qn_type types[] = {QN_TYPE_DATE, QN_TYPE_STRING, QN_TYPE_F64,
                                    QN_TYPE_F64,  QN_TYPE_I64,    QN_TYPE_TIMESTAMP};
    static const char *const symbols[] = {"NVDA", "AAPL", "MSFT", "AMZN", "META"};
    uint64_t random = 3;
    qn_table *t;
    qn_datum *d;
    qn_error err;
    must(qni_table_build_new(&t, names, 6, NULL, NULL, &err), &err);
    for (int64_t c = 0; c < 6; c++)
        if (!qni_table_build_type(t, c, types[c]))
            abort();
    if (!qni_table_build_reserve(t, ROWS))
        abort();
    for (int64_t i = 0; i < ROWS; i++) {
        const char *symbol = symbols[i % 5];
        double price = floor(20000 * noise(&random)) / 100;
        ((int32_t *)qni_table_build_values(t, 0))[i] = (int32_t)(19000 + i / 5);
        must(qni_table_build_string(t, 1, i, symbol, (int64_t)strlen(symbol), &err), &err);
        ((double *)qni_table_build_values(t, 2))[i] = price;
        ((double *)qni_table_build_values(t, 3))[i] = price + floor(100 * noise(&random)) / 100;
        ((int64_t *)qni_table_build_values(t, 4))[i] = (int64_t)(1e7 * noise(&random));
        ((int64_t *)qni_table_build_values(t, 5))[i] = (19000 + i / 5) * INT64_C(86400000000) + i;
        if (i % 50 == 0 && !qni_table_build_missing(t, 3, i))
            abort();
    }
    qni_table_build_rows(t, ROWS);
    qni_table_build_finish(t);
    must(qn_datum_table(&d, t, NULL, &err), &err);
    return d;
}

static qn_status add_text(void *user, const char *text, int64_t size, qn_error *err)
{
    (void)err;
    strncat(user, text, (size_t)size);
    return QN_OK;
}

/* A decay of a hundred points, fitted. */
static qn_datum *some_fit(void)
{
    enum {
        POINTS = 100
    };
    static const char *const names[] = {"t", "y"};
    static char text[64 << 10];
    double t[POINTS], y[POINTS];
    uint64_t random = 4;
    qn_table *table;
    qn_model *model;
    qn_fit_result *fit;
    qn_error err;
    for (int i = 0; i < POINTS; i++) {
        t[i] = i;
        y[i] = 900 * exp(-t[i] / 40) + 25 + noise(&random);
    }
    must(qn_table_from_f64(&table, names, (const double *[]){t, y}, 2, POINTS, NULL, &err), &err);
    must(qn_model_new(
             &model, "y = a*exp(-k*t) + c", -1,
             &(qn_model_options){.size = (int64_t)sizeof(qn_model_options), .columns = names, .column_count = 2}, &err),
         &err);
    must(qn_fit_table(
             &fit, model, table,
             &(qn_fit_options){.size = (int64_t)sizeof(qn_fit_options), .start = (const double[]){800, 0.02, 0}}, &err),
         &err);
    must(qn_fit_write_json(fit, model, NULL, add_text, text, &err), &err);
    qn_fit_result_free(fit);
    qn_model_unref(model);
    qn_table_free(table);
    return text_of(text, true);
}

/* ---- their forms ---- */

static void add_raw(value *v, const void *bytes, int64_t size)
{
    v->raw = must_have(realloc(v->raw, (size_t)(v->raw_size + size + 1)));
    if (size > 0)
        memcpy(v->raw + v->raw_size, bytes, (size_t)size);
    v->raw_size += size;
}

static void make_raw(value *v)
{
    const qn_table *t = qn_datum_table_of(v->datum);
    int64_t size, rows = t != NULL ? qn_table_row_count(t) : 0;
    const char *text = qn_datum_text(v->datum, &size);
    if (text != NULL)
        add_raw(v, text, size);
    for (int64_t i = 0; i < qn_datum_array_count(v->datum); i++)
        add_raw(v, qn_datum_array_at(v->datum, i)->data, 8 * qn_array_count(qn_datum_array_at(v->datum, i)));
    for (int64_t c = 0; t != NULL && c < qn_table_column_count(t); c++) {
        qn_type type = qn_table_column_type(t, c);
        add_raw(v, qn_table_values(t, c), rows * (type == QN_TYPE_DATE || type == QN_TYPE_STRING ? 4 : 8));
        for (int64_t i = 0; i < qn_table_string_count(t, c); i++)
            add_raw(v, qn_table_string(t, c, i), (int64_t)strlen(qn_table_string(t, c, i)) + 1);
    }
}

static void make_forms(value *v)
{
    qn_error err;
    qn_datum_options deflate = {.size = (int64_t)sizeof deflate, .compress = LEVEL};
    make_raw(v);
    must(qn_datum_encode(&v->stored, &v->stored_size, v->datum, NULL, NULL, &err), &err);
    must(qn_datum_encode(&v->deflated, &v->deflated_size, v->datum, &deflate, NULL, &err), &err);
    v->plain = record_of(v, NULL);
    v->sealed = record_of(v, seal_key);
    if (qn_datum_kind_of(v->datum) == QN_DATUM_JSON) {
        v->json = must_have(strdup(qn_datum_text(v->datum, NULL)));
    } else if (qn_datum_kind_of(v->datum) != QN_DATUM_BYTES) {
        json_t *tree = json_of(v);
        v->json = must_have(json_dumps(tree, JSON_COMPACT));
        v->numbers = must_have(malloc((size_t)v->raw_size * 2 + 8)); /* a number has at least four bytes */
        json_decref(tree);
    }
    printf("%-24s content %9" PRId64 ", stored %9" PRId64 ", deflated %9" PRId64 ", record %9" PRId64
           ", sealed %9" PRId64 ", JSON %9zu bytes\n",
           v->name, v->raw_size, v->stored_size, v->deflated_size, v->plain.size, v->sealed.size,
           v->json != NULL ? strlen(v->json) : 0);
}

static void free_forms(value *v)
{
    qn_datum_encoded_free(v->stored, v->stored_size, NULL);
    qn_datum_encoded_free(v->deflated, v->deflated_size, NULL);
    qni_record_free(&v->plain, NULL);
    qni_record_free(&v->sealed, NULL);
    qn_datum_unref(v->datum);
    free(v->raw);
    free(v->json);
    free(v->numbers);
}

static void compare(bench *b, value *v, const char *what, void (*ours)(void *), const char *peer_name,
                    void (*peer)(void *))
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s, %s", v->name, what);
    bench_compare(b, name, (bench_side){"quern", ours, v}, (bench_side){peer_name, peer, v}, (double)v->raw_size,
                  "bytes");
}

static void compare_all(bench *b, value *v)
{
    qn_datum_kind kind = qn_datum_kind_of(v->datum);
    bool npz = kind >= QN_DATUM_ARRAY;
    compare(b, v, "encode", encode_stored, "memcpy", copy_raw);
    compare(b, v, "decode", decode_stored, "memcpy", copy_raw);
    compare(b, v, "write a record", write_record, "memcpy", copy_raw);
    compare(b, v, "read a record", read_record, "memcpy", copy_raw);
    compare(b, v, "write a sealed record", write_sealed, "not sealed", write_record);
    compare(b, v, "read a sealed record", read_sealed, "not sealed", read_record);
    if (npz) {
        compare(b, v, "encode", encode_stored, "JSON", encode_json);
        compare(b, v, "encode deflated", encode_deflated, "stored", encode_stored);
        compare(b, v, "decode deflated", decode_deflated, "stored", decode_stored);
    }
    if (npz || kind == QN_DATUM_JSON)
        compare(b, v, "decode", decode_stored, "JSON", decode_json);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "encode", argc, argv);
    value values[] = {
        {.name = "1 KB of bytes", .datum = some_json(false)},
        {.name = "1 KB of JSON", .datum = some_json(true)},
        {.name = "a fit's JSON", .datum = some_fit()},
        {.name = "array of 8 KB", .datum = some_arrays(1, 1000)},
        {.name = "array of 8 MB", .datum = some_arrays(1, 1000000)},
        {.name = "ten arrays of 8 KB", .datum = some_arrays(10, 1000)},
        {.name = "table of 10000 x 6", .datum = some_table()},
    };
    enum {
        COUNT = sizeof values / sizeof values[0]
    };
    int samples = b.samples;
    for (int i = 0; i < COUNT; i++)
        if (qn_has("zip") || qn_datum_kind_of(values[i].datum) <= QN_DATUM_JSON)
            make_forms(&values[i]);
    for (int i = 0; i < COUNT; i++) {
        if (values[i].raw == NULL) {
            bench_no_peer("libzip, without which arrays cannot be encoded", "libzip4");
            qn_datum_unref(values[i].datum);
            continue;
        }
        b.samples = values[i].raw_size < 1000000 ? samples : b.quick ? 1 : 3; /* JSON takes seconds */
        compare_all(&b, &values[i]);
        free_forms(&values[i]);
    }
    return bench_end(&b);
}
