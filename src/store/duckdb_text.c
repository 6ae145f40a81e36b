/* store/duckdb_text.c: values of types that we have none for, as DuckDB writes them: times of day, intervals, UUIDs,
 * enumerations, bits, lists, structs, maps.
 *
 * A vector cannot be cast through DuckDB's C interface, a single value can: so one is made of what stands in the
 * vector, and DuckDB asked for its text. What is nested is made from the inside out. */
#include "store/duckdb_int.h"

typedef struct maker {
    const qni_duck_api *api;
    const qn_allocator *allocator;
} maker;

static duckdb_value make(const maker *m, duckdb_logical_type type, duckdb_vector vector, int64_t row);

/* ---- what can be made ---- */

static bool has_scalar(const qni_duck_api *api, duckdb_type id)
{
    switch (id) {
    case DUCKDB_TYPE_DECIMAL:
        return api->create_decimal != NULL;
    case DUCKDB_TYPE_UUID:
        return api->create_uuid != NULL;
    case DUCKDB_TYPE_BIT:
        return api->create_bit != NULL;
    case DUCKDB_TYPE_TIME_NS:
        return api->create_time_ns != NULL;
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        return api->create_timestamp_s != NULL && api->create_timestamp_ms != NULL &&
               api->create_timestamp_ns != NULL && api->create_timestamp_tz != NULL;
    case DUCKDB_TYPE_ENUM:
        return api->create_enum_value != NULL;
    default:
        return (id >= DUCKDB_TYPE_BOOLEAN && id <= DUCKDB_TYPE_BLOB) || id == DUCKDB_TYPE_TIME_TZ ||
               id == DUCKDB_TYPE_UHUGEINT;
    }
}

static bool can_make(const qni_duck_api *api, duckdb_logical_type type);

/* The type is given back. */
static bool can_make_child(const qni_duck_api *api, duckdb_logical_type type)
{
    bool can = type != NULL && can_make(api, type);
    if (type != NULL)
        api->destroy_logical_type(&type);
    return can;
}

static bool can_make(const qni_duck_api *api, duckdb_logical_type type)
{
    duckdb_type id = api->get_type_id(type);
    bool can = api->create_null_value != NULL;
    switch (id) {
    case DUCKDB_TYPE_SQLNULL:
        return can;
    case DUCKDB_TYPE_LIST:
        return can && can_make_child(api, api->list_type_child_type(type));
    case DUCKDB_TYPE_ARRAY:
        return can && can_make_child(api, api->array_type_child_type(type));
    case DUCKDB_TYPE_MAP:
        return can && api->create_map_value != NULL && can_make_child(api, api->map_type_key_type(type)) &&
               can_make_child(api, api->map_type_value_type(type));
    case DUCKDB_TYPE_STRUCT:
        for (idx_t i = 0, n = api->struct_type_child_count(type); can && i < n; i++)
            can = can_make_child(api, api->struct_type_child_type(type, i));
        return can;
    case DUCKDB_TYPE_UNION:
        can = can && api->create_union_value != NULL;
        for (idx_t i = 0, n = api->union_type_member_count(type); can && i < n; i++)
            can = can_make_child(api, api->union_type_member_type(type, i));
        return can;
    default:
        return has_scalar(api, id);
    }
}

bool qni_duck_has_text(const qni_duck_api *api, duckdb_logical_type type)
{
    duckdb_type id = api->get_type_id(type);
    return id == DUCKDB_TYPE_ENUM || can_make(api, type);
}

/* ---- making ---- */

static idx_t enum_index(const maker *m, duckdb_logical_type type, const void *data, int64_t row)
{
    switch (m->api->enum_internal_type(type)) {
    case DUCKDB_TYPE_UTINYINT:
        return ((const uint8_t *)data)[row];
    case DUCKDB_TYPE_USMALLINT:
        return ((const uint16_t *)data)[row];
    default:
        return ((const uint32_t *)data)[row];
    }
}

static duckdb_value make_decimal(const maker *m, duckdb_logical_type type, const void *data, int64_t row)
{
    duckdb_decimal d = {.width = m->api->decimal_width(type), .scale = m->api->decimal_scale(type)};
    int64_t whole;
    switch (m->api->decimal_internal_type(type)) {
    case DUCKDB_TYPE_SMALLINT:
        whole = ((const int16_t *)data)[row];
        break;
    case DUCKDB_TYPE_INTEGER:
        whole = ((const int32_t *)data)[row];
        break;
    case DUCKDB_TYPE_BIGINT:
        whole = ((const int64_t *)data)[row];
        break;
    default:
        d.value = ((const duckdb_hugeint *)data)[row];
        return m->api->create_decimal(d);
    }
    d.value = (duckdb_hugeint){.lower = (uint64_t)whole, .upper = whole < 0 ? -1 : 0};
    return m->api->create_decimal(d);
}

/* In a vector the first bit of a UUID is turned, so that they sort as numbers do. */
static duckdb_uhugeint uuid_at(const void *data, int64_t row)
{
    duckdb_hugeint stored = ((const duckdb_hugeint *)data)[row];
    return (duckdb_uhugeint){.lower = stored.lower, .upper = (uint64_t)stored.upper ^ UINT64_C(1) << 63};
}

static duckdb_value make_number(const maker *m, duckdb_type id, const void *data, int64_t row)
{
    const qni_duck_api *api = m->api;
    switch (id) {
    case DUCKDB_TYPE_BOOLEAN:
        return api->create_bool(((const uint8_t *)data)[row] != 0);
    case DUCKDB_TYPE_TINYINT:
        return api->create_int8(((const int8_t *)data)[row]);
    case DUCKDB_TYPE_SMALLINT:
        return api->create_int16(((const int16_t *)data)[row]);
    case DUCKDB_TYPE_INTEGER:
        return api->create_int32(((const int32_t *)data)[row]);
    case DUCKDB_TYPE_BIGINT:
        return api->create_int64(((const int64_t *)data)[row]);
    case DUCKDB_TYPE_UTINYINT:
        return api->create_uint8(((const uint8_t *)data)[row]);
    case DUCKDB_TYPE_USMALLINT:
        return api->create_uint16(((const uint16_t *)data)[row]);
    case DUCKDB_TYPE_UINTEGER:
        return api->create_uint32(((const uint32_t *)data)[row]);
    case DUCKDB_TYPE_UBIGINT:
        return api->create_uint64(((const uint64_t *)data)[row]);
    case DUCKDB_TYPE_HUGEINT:
        return api->create_hugeint(((const duckdb_hugeint *)data)[row]);
    case DUCKDB_TYPE_UHUGEINT:
        return api->create_uhugeint(((const duckdb_uhugeint *)data)[row]);
    case DUCKDB_TYPE_FLOAT:
        return api->create_float(((const float *)data)[row]);
    case DUCKDB_TYPE_DOUBLE:
        return api->create_double(((const double *)data)[row]);
    default:
        return NULL;
    }
}

static duckdb_value make_moment(const maker *m, duckdb_type id, const void *data, int64_t row)
{
    const qni_duck_api *api = m->api;
    const duckdb_moment *moments = data;
    switch (id) {
    case DUCKDB_TYPE_DATE:
        return api->create_date(((const duckdb_date *)data)[row]);
    case DUCKDB_TYPE_TIME:
        return api->create_time(moments[row]);
    case DUCKDB_TYPE_TIME_NS:
        return api->create_time_ns(moments[row]);
    case DUCKDB_TYPE_TIME_TZ:
        return api->create_time_tz_value(((const duckdb_time_tz *)data)[row]);
    case DUCKDB_TYPE_TIMESTAMP:
        return api->create_timestamp(moments[row]);
    case DUCKDB_TYPE_TIMESTAMP_S:
        return api->create_timestamp_s(moments[row]);
    case DUCKDB_TYPE_TIMESTAMP_MS:
        return api->create_timestamp_ms(moments[row]);
    case DUCKDB_TYPE_TIMESTAMP_NS:
        return api->create_timestamp_ns(moments[row]);
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        return api->create_timestamp_tz(moments[row]);
    case DUCKDB_TYPE_INTERVAL:
        return api->create_interval(((const duckdb_interval *)data)[row]);
    default:
        return NULL;
    }
}

static duckdb_value make_scalar(const maker *m, duckdb_logical_type type, duckdb_vector vector, int64_t row)
{
    const qni_duck_api *api = m->api;
    duckdb_type id = api->get_type_id(type);
    const void *data = api->vector_get_data(vector);
    const duckdb_string_t *string = (const duckdb_string_t *)data + row;
    switch (id) {
    case DUCKDB_TYPE_SQLNULL:
        return api->create_null_value();
    case DUCKDB_TYPE_DECIMAL:
        return make_decimal(m, type, data, row);
    case DUCKDB_TYPE_UUID:
        return api->create_uuid(uuid_at(data, row));
    case DUCKDB_TYPE_ENUM:
        return api->create_enum_value(type, enum_index(m, type, data, row));
    case DUCKDB_TYPE_VARCHAR:
        return api->create_varchar_length(qni_duck_bytes(string), (idx_t)qni_duck_size(string));
    case DUCKDB_TYPE_BLOB:
        return api->create_blob((const uint8_t *)qni_duck_bytes(string), (idx_t)qni_duck_size(string));
    case DUCKDB_TYPE_BIT:
        return api->create_bit(
            (duckdb_bit){.data = (const uint8_t *)qni_duck_bytes(string), .size = (idx_t)qni_duck_size(string)});
    default: {
        duckdb_value value = make_number(m, id, data, row);
        return value != NULL ? value : make_moment(m, id, data, row);
    }
    }
}

/* ---- what is nested ---- */

static void drop_values(const maker *m, duckdb_value *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (values[i] != NULL)
            m->api->destroy_value(&values[i]);
    qni_free(m->allocator, values, count, sizeof(duckdb_value));
}

/* `count` rows of a vector; NULL: no memory. */
static duckdb_value *make_rows(const maker *m, duckdb_logical_type type, duckdb_vector vector, int64_t first,
                               int64_t count)
{
    duckdb_value *values = qni_alloc_zeroed(m->allocator, count, sizeof(duckdb_value));
    for (int64_t i = 0; values != NULL && i < count; i++) {
        values[i] = make(m, type, vector, first + i);
        if (values[i] == NULL) {
            drop_values(m, values, count);
            return NULL;
        }
    }
    return values;
}

static duckdb_value make_list(const maker *m, duckdb_logical_type type, duckdb_vector vector, int64_t row)
{
    const qni_duck_api *api = m->api;
    bool fixed = api->get_type_id(type) == DUCKDB_TYPE_ARRAY;
    duckdb_logical_type child = fixed ? api->array_type_child_type(type) : api->list_type_child_type(type);
    duckdb_list_entry at = {0, 0};
    if (fixed) {
        at.length = api->array_type_array_size(type);
        at.offset = at.length * (uint64_t)row;
    } else {
        at = ((const duckdb_list_entry *)api->vector_get_data(vector))[row];
    }
    duckdb_vector inside = fixed ? api->array_vector_get_child(vector) : api->list_vector_get_child(vector);
    int64_t count = (int64_t)at.length;
    duckdb_value *values = make_rows(m, child, inside, (int64_t)at.offset, count), list = NULL;
    if (values != NULL) {
        list = fixed ? api->create_array_value(child, values, at.length)
                     : api->create_list_value(child, values, at.length);
        drop_values(m, values, count);
    }
    api->destroy_logical_type(&child);
    return list;
}

/* A map's vector is a list of structs of a key and a value. */
static duckdb_value make_map(const maker *m, duckdb_logical_type type, duckdb_vector vector, int64_t row)
{
    const qni_duck_api *api = m->api;
    duckdb_list_entry at = ((const duckdb_list_entry *)api->vector_get_data(vector))[row];
    duckdb_vector entries = api->list_vector_get_child(vector);
    duckdb_logical_type types[2] = {api->map_type_key_type(type), api->map_type_value_type(type)};
    duckdb_value *sides[2] = {NULL, NULL}, map = NULL;
    int64_t count = (int64_t)at.length;
    for (idx_t i = 0; i < 2; i++)
        sides[i] = make_rows(m, types[i], api->struct_vector_get_child(entries, i), (int64_t)at.offset, count);
    if (sides[0] != NULL && sides[1] != NULL)
        map = api->create_map_value(type, sides[0], sides[1], at.length);
    for (int i = 0; i < 2; i++) {
        if (sides[i] != NULL)
            drop_values(m, sides[i], count);
        api->destroy_logical_type(&types[i]);
    }
    return map;
}

static duckdb_value make_struct(const maker *m, duckdb_logical_type type, duckdb_vector vector, int64_t row)
{
    const qni_duck_api *api = m->api;
    int64_t count = (int64_t)api->struct_type_child_count(type);
    duckdb_value *values = qni_alloc_zeroed(m->allocator, count, sizeof(duckdb_value)), made = NULL;
    bool whole = values != NULL;
    for (int64_t i = 0; whole && i < count; i++) {
        duckdb_logical_type child = api->struct_type_child_type(type, (idx_t)i);
        values[i] = make(m, child, api->struct_vector_get_child(vector, (idx_t)i), row);
        api->destroy_logical_type(&child);
        whole = values[i] != NULL;
    }
    if (whole)
        made = api->create_struct_value(type, values);
    if (values != NULL)
        drop_values(m, values, count);
    return made;
}

/* A union's vector is a struct whose first member says which of the others counts. */
static duckdb_value make_union(const maker *m, duckdb_logical_type type, duckdb_vector vector, int64_t row)
{
    const qni_duck_api *api = m->api;
    idx_t tag = ((const uint8_t *)api->vector_get_data(api->struct_vector_get_child(vector, 0)))[row];
    duckdb_logical_type member = api->union_type_member_type(type, tag);
    duckdb_value value = make(m, member, api->struct_vector_get_child(vector, tag + 1), row), made = NULL;
    if (value != NULL) {
        made = api->create_union_value(type, tag, value);
        api->destroy_value(&value);
    }
    api->destroy_logical_type(&member);
    return made;
}

static duckdb_value make(const maker *m, duckdb_logical_type type, duckdb_vector vector, int64_t row)
{
    if (qni_duck_is_null(m->api->vector_get_validity(vector), row))
        return m->api->create_null_value();
    switch (m->api->get_type_id(type)) {
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
        return make_list(m, type, vector, row);
    case DUCKDB_TYPE_MAP:
        return make_map(m, type, vector, row);
    case DUCKDB_TYPE_STRUCT:
        return make_struct(m, type, vector, row);
    case DUCKDB_TYPE_UNION:
        return make_union(m, type, vector, row);
    default:
        return make_scalar(m, type, vector, row);
    }
}

char *qni_duck_text(const qni_duck_api *api, duckdb_logical_type type, duckdb_vector vector, int64_t row,
                    const qn_allocator *allocator)
{
    const maker m = {api, allocator};
    const void *data = api->vector_get_data(vector);
    switch (api->get_type_id(type)) {
    case DUCKDB_TYPE_ENUM:
        return api->enum_dictionary_value(type, enum_index(&m, type, data, row));
    default: {
        duckdb_value value = make(&m, type, vector, row);
        char *text = value != NULL ? api->get_varchar(value) : NULL;
        if (value != NULL)
            api->destroy_value(&value);
        return text;
    }
    }
}
