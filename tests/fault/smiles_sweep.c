/* Every allocation of fitting smiles fails once: nothing leaks, and the caller hears of it. */
#include "options/smile_kit.h"

typedef struct inputs {
    kit_expiry expiries[3];
} inputs;

static qn_status fit(const qn_allocator *allocator, void *user)
{
    const inputs *in = user;
    const qn_surface_options options = {.size = sizeof options, .allocator = allocator};
    qn_smile smiles[3];
    kit_expiry copies[3];
    qn_arena *arena = NULL;
    for (int i = 0; i < 3; i++) { /* fitted volatilities are written into the points */
        copies[i] = in->expiries[i];
        smiles[i] = copies[i].smile;
        smiles[i].points = copies[i].points;
    }
    qn_status s = qn_arena_new(&arena, allocator, 0, NULL);
    if (s == QN_OK)
        s = qni_smiles_fit(smiles, 3, &options, arena, NULL);
    assert_true(s != QN_OK || smiles[0].reason[0] != '\0');
    qn_arena_free(arena);
    return s;
}

static void make_inputs(inputs *in)
{
    /* The first two cross, so that they are fitted twice and have reasons; the last has too few strikes. */
    const qn_svi svi[] = {{0.003, 0.10, -0.7, 0.04, 0.11}, {0.003, 0.08, -0.7, 0.04, 0.11}};
    for (int i = 0; i < 3; i++)
        kit_begin(&in->expiries[i], 0.2 + 0.01 * i);
    for (int i = 0; i < 2; i++)
        kit_fill(&in->expiries[i], &svi[i], 21, -0.4, 0.3, 0.01, 0, NULL);
    kit_add(&in->expiries[2], 0, 0.2, 0.01);
}

static void fits_of_smiles_survive_every_failed_allocation(void **state)
{
    (void)state;
    inputs in;
    make_inputs(&in);
    assert_true(test_fault_sweep(fit, &in, 2000) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_of_smiles_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
