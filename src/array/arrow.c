/* array/arrow.c: tables through the Arrow C data interface.
 *
 * A parent, its children and their dictionaries are pieces of one block each for schema and array, freed with the
 * parent. The specification lets a consumer move a child out of its parent and release it later: so every structure
 * shares the block by a count, and its release takes one off. */
#include <quern/arrow.h>

#include "array/table_int.h"
#include "base/alloc.h"
#include "base/error.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* What the structures of an exported schema share. */
typedef struct schema_block {
    const qn_allocator *allocator;
    atomic_int_fast64_t
        reference_count; /* structures not yet released; the last release pairs with the acquire before freeing */
    int64_t column_count;
    struct ArrowSchema **pointers;  /* (column_count) children of the parent */
    struct ArrowSchema *structures; /* (2 * column_count) children, then dictionaries */
    qn_table *table;                /* whose names are borrowed */
} schema_block;

/* A dictionary as Arrow wants it: offsets, and bytes without terminators. */
typedef struct packed_strings {
    int64_t *offsets; /* (count + 1) */
    char *bytes;
    int64_t offset_count, byte_count;
} packed_strings;

typedef struct array_block {
    const qn_allocator *allocator;
    atomic_int_fast64_t reference_count;
    int64_t column_count;
    struct ArrowArray **pointers;
    struct ArrowArray *structures;
    const void **buffers;    /* (1 + 2 * column_count + 3 * column_count) parent, children, dictionaries */
    packed_strings *strings; /* (column_count) */
    qn_table *table;
} array_block;

static void schema_block_free(schema_block *b)
{
    qni_free(b->allocator, b->pointers, b->column_count, sizeof(struct ArrowSchema *));
    qni_free(b->allocator, b->structures, 2 * b->column_count, sizeof(struct ArrowSchema));
    qn_table_free(b->table);
    qni_delete(b->allocator, b);
}

static void array_block_free(array_block *b)
{
    for (int64_t i = 0; i < b->column_count && b->strings != NULL; i++) {
        qni_free(b->allocator, b->strings[i].offsets, b->strings[i].offset_count, sizeof(int64_t));
        qni_free(b->allocator, b->strings[i].bytes, b->strings[i].byte_count, 1);
    }
    qni_free(b->allocator, b->strings, b->column_count, sizeof(packed_strings));
    qni_free(b->allocator, b->pointers, b->column_count, sizeof(struct ArrowArray *));
    qni_free(b->allocator, b->structures, 2 * b->column_count, sizeof(struct ArrowArray));
    qni_free(b->allocator, b->buffers, 1 + 5 * b->column_count, sizeof(const void *));
    qn_table_free(b->table);
    qni_delete(b->allocator, b);
}

static void release_schema(struct ArrowSchema *schema)
{
    schema_block *b = schema->private_data;
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release != NULL)
            schema->children[i]->release(schema->children[i]);
    }
    if (schema->dictionary != NULL && schema->dictionary->release != NULL)
        schema->dictionary->release(schema->dictionary);
    schema->release = NULL;
    if (atomic_fetch_sub_explicit(&b->reference_count, 1, memory_order_acq_rel) == 1)
        schema_block_free(b);
}

static void release_array(struct ArrowArray *array)
{
    array_block *b = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release != NULL)
            array->children[i]->release(array->children[i]);
    }
    if (array->dictionary != NULL && array->dictionary->release != NULL)
        array->dictionary->release(array->dictionary);
    array->release = NULL;
    if (atomic_fetch_sub_explicit(&b->reference_count, 1, memory_order_acq_rel) == 1)
        array_block_free(b);
}

static schema_block *schema_block_new(qn_table *table)
{
    const qn_allocator *allocator = table->allocator;
    schema_block *b = qni_new(allocator, schema_block);
    if (b == NULL)
        return NULL;
    qni_table_ref(table);
    b->allocator = allocator;
    b->table = table;
    b->column_count = table->column_count;
    b->pointers = qni_alloc(allocator, b->column_count, sizeof(struct ArrowSchema *));
    b->structures = qni_alloc_zeroed(allocator, 2 * b->column_count, sizeof(struct ArrowSchema));
    if (b->pointers == NULL || b->structures == NULL) {
        schema_block_free(b);
        return NULL;
    }
    return b;
}

static array_block *array_block_new(qn_table *table)
{
    const qn_allocator *allocator = table->allocator;
    array_block *b = qni_new(allocator, array_block);
    if (b == NULL)
        return NULL;
    qni_table_ref(table);
    b->allocator = allocator;
    b->table = table;
    b->column_count = table->column_count;
    b->pointers = qni_alloc(allocator, b->column_count, sizeof(struct ArrowArray *));
    b->structures = qni_alloc_zeroed(allocator, 2 * b->column_count, sizeof(struct ArrowArray));
    b->buffers = qni_alloc_zeroed(allocator, 1 + 5 * b->column_count, sizeof(const void *));
    b->strings = qni_alloc_zeroed(allocator, b->column_count, sizeof(packed_strings));
    if (b->pointers == NULL || b->structures == NULL || b->buffers == NULL || b->strings == NULL) {
        array_block_free(b);
        return NULL;
    }
    return b;
}

static bool pack_strings(packed_strings *p, const qni_strings *s, const qn_allocator *allocator)
{
    p->offset_count = s->count + 1;
    p->byte_count = s->byte_count - s->count;
    p->offsets = qni_alloc(allocator, p->offset_count, sizeof(int64_t));
    p->bytes = qni_alloc(allocator, p->byte_count, 1);
    if (p->offsets == NULL || p->bytes == NULL)
        return false;
    p->offsets[0] = 0;
    for (int64_t i = 0; i < s->count; i++) {
        int64_t size = qni_strings_size(s, i);
        memcpy(p->bytes + p->offsets[i], qni_strings_at(s, i), (size_t)size);
        p->offsets[i + 1] = p->offsets[i] + size;
    }
    return true;
}

static const char *format_of(qn_type type)
{
    static const char *const formats[] = {
        [QN_TYPE_F64] = "g",
        [QN_TYPE_F32] = "f",
        [QN_TYPE_I64] = "l",
        [QN_TYPE_BOOL] = "b",
        [QN_TYPE_STRING] = "i",
        [QN_TYPE_DATE] = "tdD",
        [QN_TYPE_TIMESTAMP] = "tsu:UTC",
    };
    return formats[type];
}

static void fill_schema(schema_block *b, struct ArrowSchema *parent)
{
    int64_t count = 1;
    for (int64_t i = 0; i < b->column_count; i++) {
        const qni_column *column = &b->table->columns[i];
        struct ArrowSchema *child = b->pointers[i] = &b->structures[i];
        *child = (struct ArrowSchema){.format = format_of(column->type),
                                      .name = qn_table_column_name(b->table, i),
                                      .flags = ARROW_FLAG_NULLABLE,
                                      .release = release_schema,
                                      .private_data = b};
        count++;
        if (column->type == QN_TYPE_STRING) {
            child->dictionary = &b->structures[b->column_count + i];
            *child->dictionary =
                (struct ArrowSchema){.format = "U", .name = "", .release = release_schema, .private_data = b};
            count++;
        }
    }
    *parent = (struct ArrowSchema){.format = "+s",
                                   .name = "",
                                   .n_children = b->column_count,
                                   .children = b->pointers,
                                   .release = release_schema,
                                   .private_data = b};
    atomic_init(&b->reference_count, count);
}

static bool fill_array(array_block *b, struct ArrowArray *parent)
{
    int64_t count = 1;
    for (int64_t i = 0; i < b->column_count; i++) {
        const qni_column *column = &b->table->columns[i];
        const void **buffers = b->buffers + 1 + 5 * i;
        buffers[0] = column->validity;
        buffers[1] = column->values;
        struct ArrowArray *child = b->pointers[i] = &b->structures[i];
        *child = (struct ArrowArray){.length = b->table->row_count,
                                     .null_count = column->missing_count,
                                     .n_buffers = 2,
                                     .buffers = buffers,
                                     .release = release_array,
                                     .private_data = b};
        count++;
        if (column->type != QN_TYPE_STRING)
            continue;
        packed_strings *strings = &b->strings[i];
        if (!pack_strings(strings, &column->strings, b->allocator))
            return false;
        buffers[3] = strings->offsets; /* [2]: no validity, no string is missing */
        buffers[4] = strings->bytes;
        child->dictionary = &b->structures[b->column_count + i];
        *child->dictionary = (struct ArrowArray){.length = column->strings.count,
                                                 .n_buffers = 3,
                                                 .buffers = buffers + 2,
                                                 .release = release_array,
                                                 .private_data = b};
        count++;
    }
    *parent = (struct ArrowArray){.length = b->table->row_count,
                                  .n_buffers = 1,
                                  .n_children = b->column_count,
                                  .buffers = b->buffers,
                                  .children = b->pointers,
                                  .release = release_array,
                                  .private_data = b};
    atomic_init(&b->reference_count, count);
    return true;
}

qn_status qn_table_export_arrow(qn_table *table, struct ArrowSchema *schema, struct ArrowArray *array, qn_error *err)
{
    assert(table != NULL && schema != NULL && array != NULL);
    *schema = (struct ArrowSchema){0};
    *array = (struct ArrowArray){0};
    schema_block *s = schema_block_new(table);
    array_block *a = array_block_new(table);
    if (s == NULL || a == NULL || !fill_array(a, array)) {
        if (s != NULL)
            schema_block_free(s);
        if (a != NULL)
            array_block_free(a);
        return qni_error(err, QN_NOMEM, "no memory to export a table of %" PRId64 " columns", table->column_count);
    }
    fill_schema(s, schema);
    return QN_OK;
}
