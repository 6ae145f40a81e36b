/* Reads a .npy file with Quern, prints its type, shape and elements in C order, and writes what it read to another
 * file. Usage: npy_copy IN OUT [transpose]: the array, or its transpose. */
#include <quern/npy.h>

#include <inttypes.h>
#include <stdio.h>

static void print_elements(const qn_array *a)
{
    int64_t index[QN_ARRAY_MAX_DIMS] = {0};
    for (int64_t n = qn_array_count(a); n > 0; n--) {
        double value = 0;
        if (qn_array_get(&value, a, index, NULL) != QN_OK)
            printf("? ");
        printf("%.17g\n", value);
        for (int32_t k = a->ndim - 1; k >= 0 && ++index[k] == a->shape[k]; k--)
            index[k] = 0;
    }
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    qn_error err = qn_error_none();
    qn_array a, t = {0};
    qn_status s = qn_npy_read(&a, argv[1], NULL, &err);
    if (s == QN_OK) {
        printf("%s", qn_dtype_name(a.dtype));
        for (int32_t k = 0; k < a.ndim; k++)
            printf(" %" PRId64, a.shape[k]);
        printf("\n");
        print_elements(&a);
        if (argc > 3)
            s = qn_array_transpose(&t, &a, NULL, &err);
        if (s == QN_OK)
            s = qn_npy_write(argc > 3 ? &t : &a, argv[2], NULL, &err);
    }
    if (s != QN_OK)
        fprintf(stderr, "%s\n", err.message);
    qn_array_fini(&t);
    qn_array_fini(&a);
    return qn_status_exit_code(s);
}
