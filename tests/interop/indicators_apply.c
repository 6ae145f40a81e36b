/* interop/indicators_apply.c: an indicator over a table from another program.
 *
 * indicators_apply NAME SYMBOLS [CONSTANT…]: reads from stdin doubles in rows of SYMBOLS values and as many sizes, to
 * its end; writes a row of results for each. Exit status: 0 done, 2 wrong arguments or input. */
#include <quern/indicators.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int feed(qn_indicator *ind, size_t symbols)
{
    double *x = malloc(3 * symbols * sizeof *x);
    int status = x != NULL ? 0 : 2;
    while (status == 0 && fread(x, sizeof *x, 2 * symbols, stdin) == 2 * symbols)
        if (qn_indicator_row(ind, x, x + symbols, x + 2 * symbols, NULL) != QN_OK ||
            fwrite(x + 2 * symbols, sizeof *x, symbols, stdout) != symbols)
            status = 2;
    free(x);
    return status;
}

int main(int argc, char **argv)
{
    double constants[3];
    qn_indicator *ind = NULL;
    qn_error err = qn_error_none();
    int kind = 0, count = argc - 3;
    if (count < 0 || count > 3)
        return 2;
    while (strcmp(qn_indicator_name((qn_indicator_kind)kind), argv[1]) != 0)
        if (++kind > QN_INDICATOR_DIFF)
            return 2;
    for (int k = 0; k < count; k++)
        constants[k] = strtod(argv[3 + k], NULL);
    int64_t symbols = strtoll(argv[2], NULL, 10);
    if (qn_indicator_new(&ind, (qn_indicator_kind)kind, constants, count, symbols, NULL, &err) != QN_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 2;
    }
    int status = feed(ind, (size_t)symbols);
    qn_indicator_free(ind);
    return status;
}
