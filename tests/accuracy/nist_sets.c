/* accuracy/nist_sets.c: see nist_sets.h. */
#include "accuracy/nist_sets.h"

#include "harness/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const nist_set_names[NIST_SET_COUNT] = {
    "Misra1a", "Chwirut2", "Chwirut1", "Lanczos3", "Gauss1",   "Gauss2", "DanWood",  "Misra1b", "Kirby2",
    "Hahn1",   "Nelson",   "MGH17",    "Lanczos1", "Lanczos2", "Gauss3", "Misra1c",  "Misra1d", "Roszman1",
    "ENSO",    "MGH09",    "Thurber",  "BoxBOD",   "Rat42",    "MGH10",  "Eckerle4", "Rat43",   "Bennett5",
};

static void read_line(nist_set *set, const char *line)
{
    int64_t j = set->p;
    if (line[0] == '#')
        return;
    if (sscanf(line, "formula %511[^\n]", set->formula) == 1 || sscanf(line, "rss %lf", &set->rss) == 1 ||
        sscanf(line, "residual_sd %lf", &set->residual_sd) == 1 || sscanf(line, "dof %" SCNd64, &set->dof) == 1)
        return;
    assert_true(j < NIST_SET_PARAMETERS);
    assert_int_equal(sscanf(line, "parameter %15s %lf %lf %lf %lf", set->parameters[j], &set->start[0][j],
                            &set->start[1][j], &set->value[j], &set->stderr_[j]),
                     5);
    set->p++;
}

void nist_set_read(nist_set *set, const char *name)
{
    char path[128];
    *set = (nist_set){.name = name};
    snprintf(path, sizeof path, "tests/accuracy/nist/%s.txt", name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("cannot open %s: run from the project's root", path);
    char line[1024];
    while (fgets(line, sizeof line, file) != NULL && strcmp(line, "data\n") != 0)
        read_line(set, line);
    static char data[1 << 16];
    size_t size = fread(data, 1, sizeof data, file);
    assert_true(size < sizeof data);
    fclose(file);

    qn_error err;
    qn_csv *csv;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.delimiter = ' ';
    assert_ok(qn_csv_open_bytes(&csv, data, (int64_t)size, path, &options, &err), &err);
    for (int64_t c = 0; c < qn_csv_column_count(csv); c++)
        assert_ok(qn_csv_select(csv, qn_csv_column_names(csv)[c], QN_TYPE_F64, &err), &err);
    assert_ok(qn_csv_read(&set->table, csv, -1, &err), &err);
    qn_csv_close(csv);
    /* Not the published dof: that of Rat43 is a misprint. */
    double dof = (double)(qn_table_row_count(set->table) - set->p);
    assert_close(set->residual_sd * set->residual_sd * dof, set->rss, 1e-9, 0);
}

void nist_set_fini(nist_set *set)
{
    qn_table_free(set->table);
}
