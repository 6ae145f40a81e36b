/* accuracy/reference.h: each operation in MPFR, to more than 100 bits beyond the doubles' 53, and the points at which
 * it is compared.
 *
 * The functions that MPFR has are rounded correctly at REFERENCE_BITS. The others are composed of them so that no more
 * than a few bits cancel. One thread. */
#ifndef QUERN_TEST_REFERENCE_H
#define QUERN_TEST_REFERENCE_H

#include <mpfr.h>

#include "lang/ops_int.h"

enum {
    REFERENCE_BITS = 200,
    REFERENCE_PIECES = 10
};

/* A piece of the line from which points are drawn. BITS, all doubles by their bits, is a piece of every operand. */
typedef enum piece_kind {
    PIECE_NONE,
    PIECE_UNIFORM, /* low … high */
    PIECE_LOG,     /* ± 2^low … 2^high */
    PIECE_NEAR,    /* low, and its neighbours up to 2^high doubles away */
    PIECE_INTEGER, /* the integers and half-integers low … high, and their neighbours */
    PIECE_PI       /* the neighbours of n pi / 4 for |n| up to 2^high */
} piece_kind;

typedef struct piece {
    piece_kind kind;
    double low, high;
} piece;

typedef void reference_real(mpfr_t r, const mpfr_t a, const mpfr_t b);
typedef double reference_exact(double a, double b, double c);

typedef struct reference {
    qni_op op;
    const char *name;
    /* The one or the other: the function over the reals, or the very double. */
    reference_real *real;
    reference_exact *exact;
    double bound; /* in ULP, or absolute where `absolute` is set */
    bool absolute;
    /* Where the value is smaller than this, the error is measured in ULP of this. NULL: of the value. */
    double (*least)(double a);
    int cost;                        /* the points of a quick run are divided by it */
    piece pieces[REFERENCE_PIECES];  /* of a, and of b and c where they have none of their own */
    piece seconds[REFERENCE_PIECES]; /* of b */
    /* Operands that belong together, for half of the points. */
    void (*draw)(uint64_t *random, double *a, double *b, double *c);
} reference;

extern const reference references[];
extern const int reference_count;

void reference_begin(void);
void reference_end(void);

double double_of(uint64_t bits);
uint64_t bits_of(double value);

#endif
