/* harness/values.h: tables and arrays for tests of what keeps and encodes them. A test that uses it names
 * ../harness/values.c among its sources. */
#ifndef QUERN_TEST_VALUES_H
#define QUERN_TEST_VALUES_H

#include <quern/table.h>

/* The table of a CSV text; types as in qn_csv_options, NULL: inferred. */
qn_table *test_table(const char *csv, const char *types);

/* A table with a column of every type, `rows` of them, drawn from *random: any bits of floating-point numbers, some
 * values missing, texts that nobody uses, names that no file may have. NULL: no memory. */
qn_table *test_table_of_all_types(uint64_t *random, int64_t rows, const qn_allocator *allocator);

/* Names, types, what is missing, every value with its slot's bits, and dictionaries are the same. */
void assert_same_table(const qn_table *a, const qn_table *b);

/* Type, shape and the bits of all elements are the same. */
void assert_same_array(const qn_array *a, const qn_array *b);

#endif
