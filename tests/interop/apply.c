/* interop/apply.c: one operation of the formula language over doubles from another program.
 *
 * apply LEVEL NAME: reads from stdin a count (int64) and as many doubles for each of two operands, writes as many
 * doubles to stdout. LEVEL is a processor level, NAME the operation's name in the table (lang/ops_int.h). Exit status:
 * 0 done, 2 wrong arguments or input, 3 this processor does not have the level. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "lang/ops_int.h"

#define NAMED(NAME, ...) {QNI_OP_##NAME, #NAME},
static const struct {
    qni_op op;
    const char *name;
} named[] = {QNI_OP_LIST(NAMED)};

static int find_op(const char *name)
{
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (strcmp(named[i].name, name) == 0)
            return (int)named[i].op;
    }
    return -1;
}

static int find_level(const char *name)
{
    for (int level = 0; level < QNI_CPU_COUNT; level++) {
        if (strcmp(qni_cpu_name(level), name) == 0)
            return level;
    }
    return -1;
}

static int apply(qni_kernel *kernel, int64_t n)
{
    size_t count = (size_t)n;
    double *a = calloc(count + 1, sizeof *a), *b = calloc(count + 1, sizeof *b), *d = calloc(count + 1, sizeof *d);
    int status = 2;
    if (a != NULL && b != NULL && d != NULL && fread(a, sizeof *a, count, stdin) == count &&
        fread(b, sizeof *b, count, stdin) == count) {
        kernel(d, a, b, NULL, n);
        status = fwrite(d, sizeof *d, count, stdout) == count ? 0 : 2;
    }
    free(a);
    free(b);
    free(d);
    return status;
}

int main(int argc, char **argv)
{
    int64_t n;
    int level = argc == 3 ? find_level(argv[1]) : -1;
    int op = argc == 3 ? find_op(argv[2]) : -1;
    if (level < 0 || op < 0 || qni_op_infos[op].arity > 2)
        return 2;
    const qni_kernels *kernels = qni_kernels_of(level);
    if (kernels == NULL || level > qni_cpu_best())
        return 3;
    if (fread(&n, sizeof n, 1, stdin) != 1 || n < 0 || n > INT64_C(100000000))
        return 2;
    return apply(kernels->table[op][QNI_FORM_ALL], n);
}
