/* quern/arrow.h: handing a table to other libraries through the Arrow C data interface, without copying its columns.
 *
 * Caveats first:
 *  - The two structures are those of the Arrow specification (https://arrow.apache.org/docs/format/CDataInterface.html)
 *    and may be defined by other headers as well: all guard them by ARROW_C_DATA_INTERFACE.
 *  - Who receives the structures calls their `release` when done, once each, in any thread. A table lives until its
 *    owner has freed it and every export is released; its allocator must live as long.
 */
#ifndef QUERN_ARROW_H
#define QUERN_ARROW_H

#include <quern/base.h>
#include <quern/table.h>

QN_BEGIN_DECLS

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE           2
#define ARROW_FLAG_MAP_KEYS_SORTED    4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif

/* Exports `table` as a struct array with a child for each column: g, f, l, b, tdD, tsu:UTC, and for text i with a
 * dictionary of U. All buffers are the table's own, but for the dictionaries, which are laid out anew (their strings
 * are not the rows). The table is still the caller's to free. On failure both structures are released ones (release
 * NULL). Errors: QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_table_export_arrow(qn_table *table, struct ArrowSchema *schema,
                                                   struct ArrowArray *array, qn_error *err);

QN_END_DECLS
#endif
