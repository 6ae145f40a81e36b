/* From a chain's file to its surface: how long does each part take, for CBOE's table of all SPX options (19,378 quotes,
 * 52 expiries)? What is asked for is the fit of all its smiles in 50 ms on one core.
 *
 * Needs the data folder ../shared/data. */
#include "bench/common.h"

#include "options/smile_int.h"

#include <stdlib.h>

static const char path[] = "../shared/data/options/cboe_SPX_2022-07-12.csv";

typedef struct work {
    qn_chain *chain;
    const qn_surface *surface;
    qn_surface_options options;
    qn_smile *smiles; /* copies, to be fitted again and again */
    qn_arena *arena;
} work;

static void need(qn_status status, const qn_error *err)
{
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static void read_chain(void *user)
{
    (void)user;
    qn_error err;
    qn_chain *chain;
    need(qn_chain_read(&chain, path, NULL, &err), &err);
    bench_keep(chain);
    qn_chain_free(chain);
}

static void make_surface(void *user)
{
    work *w = user;
    qn_error err;
    qn_surface *surface;
    need(qn_surface_new(&surface, w->chain, &w->options, &err), &err);
    bench_keep(surface);
    qn_surface_free(surface);
}

/* The same forwards, points and weights, as if they had not been fitted. */
static void fit_smiles(void *user)
{
    work *w = user;
    qn_error err;
    qn_arena_mark mark = qn_arena_mark_now(w->arena);
    for (int64_t i = 0; i < w->surface->smile_count; i++) {
        w->smiles[i] = w->surface->smiles[i];
        w->smiles[i].shape = QN_SMILE_NONE;
        w->smiles[i].reason = "";
    }
    need(qni_smiles_fit(w->smiles, w->surface->smile_count, &w->options, w->arena, &err), &err);
    bench_keep(w->smiles);
    qn_arena_rewind(w->arena, mark);
}

int main(int argc, char **argv)
{
    bench b;
    qn_error err;
    qn_surface *surface;
    work w = {0};
    bench_begin(&b, "smile", argc, argv);
    qn_surface_options_init(&w.options, sizeof w.options);
    qn_status s = qn_chain_read(&w.chain, path, NULL, &err);
    if (s == QN_NO_INPUT) {
        bench_no_peer(path, "the data folder beside the project");
        return bench_end(&b);
    }
    need(s, &err);
    need(qn_surface_new(&surface, w.chain, &w.options, &err), &err);
    need(qn_arena_new(&w.arena, NULL, 0, &err), &err);
    w.surface = surface;
    w.smiles = calloc((size_t)surface->smile_count, sizeof *w.smiles);
    int64_t points = 0, used = 0, svi = 0;
    for (int64_t i = 0; i < surface->smile_count; i++) {
        points += surface->smiles[i].point_count;
        used += surface->smiles[i].used;
        svi += surface->smiles[i].shape == QN_SMILE_SVI;
    }
    printf("%s: %lld quotes, %lld expiries, %lld points, %lld used, %lld with SVI\n", surface->ticker,
           (long long)w.chain->count, (long long)surface->smile_count, (long long)points, (long long)used,
           (long long)svi);
    bench_measure(&b, "read the file", (bench_side){"quern", read_chain, &w}, (double)w.chain->count, "quotes");
    bench_measure(&b, "chain to surface", (bench_side){"quern", make_surface, &w}, (double)w.chain->count, "quotes");
    bench_measure(&b, "of that, SVI of all expiries", (bench_side){"quern", fit_smiles, &w},
                  (double)surface->smile_count, "expiries");
    free(w.smiles);
    qn_arena_free(w.arena);
    qn_surface_free(surface);
    qn_chain_free(w.chain);
    return bench_end(&b);
}
