/* math/svd.c: the singular value decomposition by one-sided Jacobi rotations: pairs of columns are turned until all are
 * orthogonal. Small matrices; any thread. */
#include "math/dense.h"

#include "math/limits.h"

#include <float.h>
#include <math.h>

static void rotate(double *a, double *b, int64_t n, double c, double s)
{
    for (int64_t i = 0; i < n; i++) {
        double x = a[i], y = b[i];
        a[i] = c * x - s * y;
        b[i] = s * x + c * y;
    }
}

static void swap(double *a, double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double x = a[i];
        a[i] = b[i];
        b[i] = x;
    }
}

/* Makes columns a and b orthogonal and the first the longer; false where they already were. */
static bool orthogonalise(double *a, double *b, int64_t m, double *va, double *vb, int64_t p)
{
    double na = qni_norm(a, m), nb = qni_norm(b, m);
    bool turned = false;
    if (na > 0 && nb > 0) {
        double cosine = 0;
        for (int64_t i = 0; i < m; i++)
            cosine += (a[i] / na) * (b[i] / nb);
        if (fabs(cosine) > DBL_EPSILON * 2) {
            double zeta = (nb / na - na / nb) / (2 * cosine);
            double t = copysign(1, zeta) / (fabs(zeta) + hypot(1, zeta));
            double c = 1 / sqrt(1 + t * t);
            rotate(a, b, m, c, c * t);
            rotate(va, vb, p, c, c * t);
            turned = true;
        }
    }
    if (qni_norm(a, m) < qni_norm(b, m)) {
        swap(a, b, m);
        swap(va, vb, p);
    }
    return turned;
}

bool qni_svd(double *a, int64_t lda, int64_t m, int64_t p, double *s, double *v)
{
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i < p; i++)
            v[j * p + i] = i == j;
    bool turned = true;
    for (int sweep = 0; turned && sweep < QNI_SVD_SWEEPS; sweep++) {
        turned = false;
        for (int64_t j = 0; j < p; j++)
            for (int64_t k = j + 1; k < p; k++)
                turned |= orthogonalise(a + j * lda, a + k * lda, m, v + j * p, v + k * p, p);
    }
    for (int64_t j = 0; j < p; j++)
        s[j] = qni_norm(a + j * lda, m);
    return !turned;
}
