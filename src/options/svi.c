/* options/svi.c: the SVI curve of total variance, its density, and what smiles say between strikes and expiries. Any
 * thread. */
#include <quern/smile.h>

#include <math.h>
#include <stddef.h>

double qn_svi_variance(const qn_svi *svi, double k)
{
    double x = k - svi->m;
    return svi->a + svi->b * (svi->rho * x + sqrt(x * x + svi->sigma * svi->sigma));
}

double qn_svi_density(const qn_svi *svi, double k)
{
    double x = k - svi->m, root = sqrt(x * x + svi->sigma * svi->sigma);
    double w = qn_svi_variance(svi, k), slope = svi->b * (svi->rho + (root > 0 ? x / root : 0));
    double bend = root > 0 ? svi->b * svi->sigma * svi->sigma / (root * root * root) : 0;
    double lean = 1 - 0.5 * k * slope / w;
    return lean * lean - 0.25 * slope * slope * (1 / w + 0.25) + 0.5 * bend;
}

double qn_smile_variance(const qn_smile *smile, double k)
{
    return smile->shape == QN_SMILE_NONE ? (double)NAN : qn_svi_variance(&smile->svi, k);
}

double qn_surface_variance(const qn_surface *surface, double years, double k)
{
    const qn_smile *before = NULL, *after = NULL;
    for (int64_t i = 0; i < surface->smile_count && after == NULL; i++) {
        const qn_smile *smile = &surface->smiles[i];
        if (smile->shape == QN_SMILE_NONE)
            continue;
        if (smile->years >= years)
            after = smile;
        else
            before = smile;
    }
    if (!(years >= 0) || (before == NULL && after == NULL))
        return (double)NAN;
    if (after == NULL)
        return qn_smile_variance(before, k) * (years / before->years);
    double from = before != NULL ? before->years : 0, low = before != NULL ? qn_smile_variance(before, k) : 0;
    double share = after->years > from ? (years - from) / (after->years - from) : 1;
    return low + share * (qn_smile_variance(after, k) - low);
}
