/* Fits smiles for svi_fit.py. Input: for each "years count", then count lines "k mid_vol half_spread". Output: for each
 * a line "a b rho m sigma", with all digits. */
#include "options/smile_int.h"

#include <stdio.h>
#include <stdlib.h>

static void die(const char *why)
{
    fprintf(stderr, "smiles: %s\n", why);
    exit(1);
}

static qn_smile_point *points_read(int count)
{
    qn_smile_point *points = calloc((size_t)count, sizeof *points);
    if (points == NULL)
        die("no memory");
    for (int i = 0; i < count; i++) {
        qn_smile_point *p = &points[i];
        double half;
        if (scanf("%lf %lf %lf", &p->k, &p->mid_vol, &half) != 3)
            die("a point is three numbers");
        p->bid_vol = p->mid_vol - half;
        p->ask_vol = p->mid_vol + half;
        p->weight = 1e-4 / half;
    }
    return points;
}

int main(void)
{
    double years;
    int count;
    while (scanf("%lf %d", &years, &count) == 2) {
        qn_smile smile = {.years = years, .point_count = count, .reason = ""};
        const qn_surface_options options = {.size = sizeof options};
        qn_smile_point *points = points_read(count);
        qn_arena *arena;
        qn_error err;
        smile.points = points;
        if (qn_arena_new(&arena, NULL, 0, &err) != QN_OK || qni_smiles_fit(&smile, 1, &options, arena, &err) != QN_OK)
            die(err.message);
        const qn_svi *svi = &smile.svi;
        printf("%.17g %.17g %.17g %.17g %.17g\n", svi->a, svi->b, svi->rho, svi->m, svi->sigma);
        qn_arena_free(arena);
        free(points);
    }
    return 0;
}
