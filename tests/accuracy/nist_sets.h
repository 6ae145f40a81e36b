/* accuracy/nist_sets.h: reads the data sets of accuracy/nist/ (their form is described there). */
#ifndef QUERN_TEST_NIST_SETS_H
#define QUERN_TEST_NIST_SETS_H

#include <quern/table.h>

enum {
    NIST_SET_COUNT = 27,
    NIST_SET_PARAMETERS = 16
};

extern const char *const nist_set_names[NIST_SET_COUNT];

typedef struct nist_set {
    const char *name;
    char formula[512];
    int64_t p;
    char parameters[NIST_SET_PARAMETERS][16];
    double start[2][NIST_SET_PARAMETERS];
    double value[NIST_SET_PARAMETERS];   /* certified */
    double stderr_[NIST_SET_PARAMETERS]; /* certified */
    double rss, residual_sd;             /* certified */
    int64_t dof;
    qn_table *table;
} nist_set;

/* Reads a set by name from tests/accuracy/nist under the current folder; a fault in it fails the test. */
void nist_set_read(nist_set *set, const char *name);
void nist_set_fini(nist_set *set);

#endif
