/* lang/kernels.c: each operation on single numbers and on blocks, generated from the table.
 *
 * A block loop has a fixed trip count where the block is full, so that the compiler can vectorise it without a
 * remainder. Elements never meet, so a result does not depend on how rows are cut into blocks. Any thread. */
#include "lang/ops_int.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "lang/limits.h"

static inline double zero_mul(double a, double b)
{
    return ((a == 0) | (b == 0)) != 0 ? 0 : a * b; /* no branch: the loop is vectorised */
}

static inline double zero_div(double a, double b)
{
    return a == 0 ? 0 : a / b;
}

/* The derivative of abs: 0 at 0. */
static inline double sign_of(double a)
{
    return a > 0 ? 1 : a < 0 ? -1 : a == 0 ? 0 : a;
}

/* d/dx x^a = a x^(a-1), given p = x^a. x^0 has the derivative 0 even at 0. Dividing p by x saves a second power and is
 * as exact where nothing overflows or underflows. */
static inline double pow_by_base(double x, double a, double p)
{
    if (a == 0)
        return 0;
    if (x != 0 && isnormal(p) && isfinite(x))
        return a * (p / x);
    return a * pow(x, a - 1);
}

/* d/da x^a = x^a log x, given p = x^a and l = log x. At x = 0 it is 0 for a > 0, and by convention for a = 0. */
static inline double pow_by_exponent(double p, double l)
{
    if (p == 0 && !isnan(l))
        return 0;
    return p == 1 && l == -INFINITY ? 0 : p * l;
}

/* clang-format off */
#define ROWS(statement)                                                                                                \
    if (n == QNI_BLOCK) {                                                                                              \
        for (int64_t i = 0; i < QNI_BLOCK; i++)                                                                        \
            statement;                                                                                                 \
    } else {                                                                                                           \
        for (int64_t i = 0; i < n; i++)                                                                                \
            statement;                                                                                                 \
    }

#define KERNEL(NAME, form, statement)                                                                                  \
    static void NAME##_##form(double *restrict d, const double *a, const double *b, const double *c, int64_t n)        \
    {                                                                                                                  \
        (void)a;                                                                                                       \
        (void)b;                                                                                                       \
        (void)c;                                                                                                       \
        ROWS(statement)                                                                                                \
    }

#define DEFINE_1(NAME, value)                                                                                          \
    static inline double NAME##_one(double a, double b, double c) { (void)b; (void)c; return value; }                  \
    KERNEL(NAME, all, d[i] = NAME##_one(a[i], 0, 0))
#define DEFINE_2(NAME, value)                                                                                          \
    static inline double NAME##_one(double a, double b, double c) { (void)c; return value; }                           \
    KERNEL(NAME, all, d[i] = NAME##_one(a[i], b[i], 0))                                                                \
    KERNEL(NAME, b_shared, d[i] = NAME##_one(a[i], *b, 0))                                                             \
    KERNEL(NAME, a_shared, d[i] = NAME##_one(*a, b[i], 0))
#define DEFINE_3(NAME, value)                                                                                          \
    static inline double NAME##_one(double a, double b, double c) { return value; }                                    \
    KERNEL(NAME, all, d[i] = NAME##_one(a[i], b[i], c[i]))
#define DEFINE(NAME, arity, kind, text, value, ...) DEFINE_##arity(NAME, value)
QNI_OP_LIST(DEFINE)

#define FORMS_1(NAME) {[QNI_FORM_ALL] = NAME##_all}
#define FORMS_2(NAME)                                                                                                  \
    {[QNI_FORM_ALL] = NAME##_all, [QNI_FORM_B_SHARED] = NAME##_b_shared, [QNI_FORM_A_SHARED] = NAME##_a_shared}
#define FORMS_3(NAME) FORMS_1(NAME)
#define FORMS(NAME, arity, ...) [QNI_OP_##NAME] = FORMS_##arity(NAME),
qni_kernel *const qni_kernels[QNI_OP_COUNT][QNI_FORM_COUNT] = {QNI_OP_LIST(FORMS)};

#define INFO(NAME, arity_, kind_, text_, ...)                                                                          \
    [QNI_OP_##NAME] = {.text = text_, .arity = arity_, .kind = QNI_OP_##kind_},
const qni_op_info qni_op_infos[QNI_OP_COUNT] = {
    [QNI_OP_CONST] = {.text = "const"},
    [QNI_OP_PARAMETER] = {.text = "parameter"},
    [QNI_OP_COLUMN] = {.text = "column"},
    QNI_OP_LIST(INFO)
};
/* clang-format on */

void qni_kernel_copy(double *restrict d, const double *a, const double *b, const double *c, int64_t n)
{
    (void)b;
    (void)c;
    memcpy(d, a, (size_t)n * sizeof *d);
}

void qni_kernel_fill(double *restrict d, const double *a, const double *b, const double *c, int64_t n)
{
    (void)b;
    (void)c;
    ROWS(d[i] = *a)
}

double qni_op_value(qni_op op, double a, double b, double c)
{
    double d;
    qni_kernels[op][QNI_FORM_ALL](&d, &a, &b, &c, 1);
    return d;
}
