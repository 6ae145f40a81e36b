/* options/chain_read.c: from a file's bytes to a chain; see chain.h and chain_int.h. */
#include "options/chain_int.h"

#include "array/whole.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "options/limits.h"

#include <inttypes.h>
#include <math.h>

/* A complaint of the CSV reader, whose first line is the header, tells the file's own line. */
static qn_status move_line(qn_status s, const qni_chain_head *head, qn_error *err)
{
    if (s != QN_OK && err != NULL && err->line > 0)
        err->line += head->lines_before;
    return s;
}

static qn_status read_table(qni_chain **out, qn_csv *csv, const qni_chain_head *head, const char *name,
                            const qn_chain_options *options, qn_error *err)
{
    qni_chain_layout layout;
    qn_table *table = NULL;
    const char *const *names = qn_csv_column_names(csv);
    qn_status s = qni_chain_find_layout(&layout, names, qn_csv_column_count(csv), options->map, name, err);
    if (s == QN_OK)
        s = qni_chain_select(csv, &layout, err);
    if (s == QN_OK)
        s = move_line(qn_csv_read(&table, csv, -1, err), head, err);
    if (s == QN_OK && table == NULL)
        s = qni_error_at(err, QN_DATA, name, head->lines_before + 1, 0, "there is a header and no row below it");
    if (s == QN_OK)
        s = qni_chain_read_rows(out, table, &layout, names, head, options, name, err);
    qn_table_free(table);
    return s;
}

static qn_status read_whole(qni_chain **out, const qni_whole *whole, const char *name, const qn_chain_options *options,
                            qn_arena *scratch, qn_error *err)
{
    qni_chain_head head;
    qn_csv *csv;
    qn_csv_options o;
    qn_status s = qni_chain_find_head(&head, whole->bytes, whole->size, name, options->map, scratch, err);
    if (s != QN_OK)
        return s;
    qn_csv_options_init(&o, (int64_t)sizeof o);
    o.delimiter = head.delimiter;
    o.allocator = options->allocator;
    s = move_line(qn_csv_open_bytes(&csv, head.bytes, head.size, name, &o, err), &head, err);
    if (s != QN_OK)
        return s;
    s = read_table(out, csv, &head, name, options, err);
    qn_csv_close(csv);
    return s;
}

static qn_status check_options(qn_chain_options *out, const qn_chain_options *given, qn_error *err)
{
    qn_status s = qni_options_copy(out, (int64_t)sizeof *out, given, "qn_chain_options", err);
    if (s == QN_OK && !(out->spot >= 0 && !isinf(out->spot)))
        s = qni_error(err, QN_INVALID, "spot is %g: a price above 0, or 0 where it is not known", out->spot);
    return s;
}

/* The bytes are taken. */
static qn_status read_chain(qn_chain **out, qni_whole *whole, const char *name, const qn_chain_options *options,
                            qn_error *err)
{
    qni_chain *c = NULL;
    qn_arena *scratch;
    qn_status s = qn_arena_new(&scratch, options->allocator, 0, err);
    if (s == QN_OK)
        s = read_whole(&c, whole, name, options, scratch, err);
    qn_arena_free(scratch);
    qni_whole_free(whole, options->allocator);
    *out = s == QN_OK ? &c->chain : NULL;
    return s;
}

qn_status qn_chain_read(qn_chain **out, const char *path, const qn_chain_options *options, qn_error *err)
{
    *out = NULL;
    qn_chain_options o;
    qni_whole whole;
    qn_status s = check_options(&o, options, err);
    if (s == QN_OK)
        s = qni_whole_file(&whole, path, QNI_CHAIN_BYTES_MOST, o.allocator, err);
    return s == QN_OK ? read_chain(out, &whole, qni_file_name(path), &o, err) : s;
}

qn_status qn_chain_read_bytes(qn_chain **out, const char *bytes, int64_t size, const char *name,
                              const qn_chain_options *options, qn_error *err)
{
    *out = NULL;
    qn_chain_options o;
    qni_whole whole;
    qn_status s = check_options(&o, options, err);
    if (s == QN_OK && (size < 0 || (size > 0 && bytes == NULL)))
        s = qni_error(err, QN_INVALID, "there cannot be %" PRId64 " bytes of a chain%s", size,
                      size > 0 ? " where none are given" : "");
    if (s == QN_OK)
        s = qni_whole_bytes(&whole, bytes, size, name, QNI_CHAIN_BYTES_MOST, o.allocator, err);
    return s == QN_OK ? read_chain(out, &whole, name, &o, err) : s;
}
