/* datum_write CSV FILE: the table that the CSV text is, encoded, into a file. Exit status 1: a complaint on standard
 * error. */
#include <quern/datum.h>

#include <stdio.h>
#include <string.h>

static qn_status encode(void **out, int64_t *size, const char *csv, qn_error *err)
{
    qn_csv *reader = NULL;
    qn_table *table = NULL;
    qn_datum *datum = NULL;
    qn_status s = qn_csv_open_bytes(&reader, csv, (int64_t)strlen(csv), "argument", NULL, err);
    if (s == QN_OK)
        s = qn_csv_read(&table, reader, -1, err);
    qn_csv_close(reader);
    if (s == QN_OK)
        s = qn_datum_table(&datum, table, NULL, err);
    if (s == QN_OK)
        s = qn_datum_encode(out, size, datum, NULL, NULL, err);
    qn_datum_unref(datum);
    return s;
}

int main(int argc, char **argv)
{
    void *bytes = NULL;
    int64_t size = 0;
    qn_error err = qn_error_none();
    if (argc != 3 || encode(&bytes, &size, argv[1], &err) != QN_OK) {
        (void)fprintf(stderr, "%s\n", argc != 3 ? "usage: datum_write CSV FILE" : err.message);
        return 1;
    }
    FILE *file = fopen(argv[2], "wb");
    int failed = file == NULL || fwrite(bytes, 1, (size_t)size, file) != (size_t)size;
    if (file != NULL && fclose(file) != 0)
        failed = 1;
    qn_datum_encoded_free(bytes, size, NULL);
    return failed;
}
