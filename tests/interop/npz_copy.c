/* Reads a .npz file with Quern, prints for each member its name, type and shape and its elements in C order (of bytes:
 * how many they are), and writes what it read to another file. Usage: npz_copy IN OUT [LEVEL]. */
#include <quern/npz.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_array(const qn_array *a)
{
    int64_t index[QN_ARRAY_MAX_DIMS] = {0};
    printf("%s", qn_dtype_name(a->dtype));
    for (int32_t k = 0; k < a->ndim; k++)
        printf(" %" PRId64, a->shape[k]);
    printf("\n");
    for (int64_t n = qn_array_count(a); n > 0; n--) {
        double value = 0;
        if (qn_array_get(&value, a, index, NULL) != QN_OK)
            printf("? ");
        printf("%.17g\n", value);
        for (int32_t k = a->ndim - 1; k >= 0 && ++index[k] == a->shape[k]; k--)
            index[k] = 0;
    }
}

static qn_status copy(const qn_npz *npz, const char *path, int level, qn_error *err)
{
    int64_t count = qn_npz_count(npz);
    qn_npz_member *members = calloc((size_t)count + 1, sizeof *members);
    qn_npz_write_options options;
    qn_npz_write_options_init(&options, sizeof options);
    options.level = level;
    if (members == NULL)
        return QN_NOMEM;
    for (int64_t i = 0; i < count; i++) {
        members[i].name = qn_npz_name(npz, i);
        members[i].array = qn_npz_array(npz, i);
        members[i].bytes = qn_npz_bytes(&members[i].byte_count, npz, i);
        printf("%s\t", members[i].name);
        if (members[i].array != NULL)
            print_array(members[i].array);
        else
            printf("bytes %" PRId64 "\n", members[i].byte_count);
    }
    qn_status s = qn_npz_write(members, count, path, &options, NULL, err);
    free(members);
    return s;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    qn_error err = qn_error_none();
    qn_npz *npz;
    qn_status s = qn_npz_read(&npz, argv[1], NULL, NULL, &err);
    if (s == QN_OK)
        s = copy(npz, argv[2], argc > 3 ? atoi(argv[3]) : 0, &err);
    qn_npz_free(npz);
    if (s != QN_OK)
        fprintf(stderr, "%s: %s\n", err.file, err.message);
    return qn_status_exit_code(s);
}
