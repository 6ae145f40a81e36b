/* scan/bootstrap.c: how far the expected reaction may be off: the Bayesian bootstrap (Rubin, "The Bayesian bootstrap",
 * Annals of Statistics 9, 1981). One thread at a time.
 *
 * A sample gives every reaction a random weight, exponential with mean 1, times its weight by recency, and takes the
 * peers' part from one of them at random: so both what is not known of the ticker's own mean and how much tickers
 * differ are in it. Nothing but additions, multiplications, divisions and square roots make a sample: the same seed and
 * ticker give the same bits everywhere, whatever other threads and tickers do. */
#include "scan/scan_int.h"

#include "math/student.h"
#include "scan/limits.h"

#include <math.h>
#include <stddef.h>

/* The next word of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). */
static uint64_t next_word(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

/* Where the numbers of a ticker begin: FNV-1a of its name upon the seed. */
static uint64_t state_of(double seed, const char *ticker)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ (uint64_t)seed;
    for (; *ticker != 0; ticker++)
        hash = (hash ^ (unsigned char)*ticker) * UINT64_C(0x100000001B3);
    return hash;
}

void qni_bootstrap_table(double *table)
{
    double sum = 0;
    for (int i = 0; i < QNI_BOOTSTRAP_TABLE; i++)
        table[i] = sum += 1.0 / (QNI_BOOTSTRAP_TABLE - i);
}

/* A sample of the mean of the ticker's own reactions. Four sums each: additions wait for the one before. */
static double resample(const qni_estimate *e, const double *table, uint64_t *state)
{
    double top[4] = {0}, bottom[4] = {0};
    for (int64_t i = 0; i < e->padded; i += QNI_BOOTSTRAP_LANES) {
        uint64_t word = next_word(state);
#pragma GCC unroll 8 /* as QNI_BOOTSTRAP_LANES */
        for (int k = 0; k < QNI_BOOTSTRAP_LANES; k++) {
            double weight = table[word >> (8 * k) & 255];
            top[k & 3] += weight * e->part[i + k];
            bottom[k & 3] += weight * e->weight[i + k];
        }
    }
    return ((top[0] + top[1]) + (top[2] + top[3])) / ((bottom[0] + bottom[1]) + (bottom[2] + bottom[3]));
}

/* The mean of a peer at random. */
static double any_peer(const qni_estimate *e, uint64_t *state)
{
    int64_t others = e->group_count - 1;
    int64_t i = (int64_t)((next_word(state) >> 32) * (uint64_t)others >> 32);
    return e->group[i + (i >= e->self)];
}

static void swap(double *a, double *b)
{
    double x = *a;
    *a = *b;
    *b = x;
}

/* Puts the number that would be x[k] were x (n) in order there, none larger before it, none smaller after it. */
static void select_one(double *x, int64_t n, int64_t k)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        double pivot = x[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i <= j)
                swap(&x[i++], &x[j--]);
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

static double standard_deviation(const double *x, int64_t n)
{
    double mean = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        mean += x[i];
    mean /= (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return sqrt(squares / (double)n);
}

/* Samples of a mean of few numbers lie too near together, and their percentiles besides by what Student's t is wider
 * than the normal distribution: the level is widened by both (Hesterberg, "What teachers should know about the
 * bootstrap", American Statistician 69, 2015). The level of each side. */
static double widened_level(double confidence, const qni_estimate *e)
{
    double off = e->narrow * qni_student_two_sided(confidence, e->freedom);
    return fmax(0, qni_student_cdf(-off, QNI_BOOTSTRAP_NORMAL));
}

/* That of few moves, most of them small, has no say in how skew the interval is: in logarithms both ends are as far
 * from `expected`. The ends then miss as often on either side. */
void qni_bootstrap(qn_history *h, const qni_estimate *e, const qni_subject *subject, const double *table,
                   double *samples)
{
    int64_t n = (int64_t)subject->settings->resamples;
    uint64_t state = state_of(subject->settings->seed, subject->result->ticker);
    double own = e->prior > 0 ? e->count / (e->count + e->prior) : 1;
    for (int64_t i = 0; i < n; i++) {
        samples[i] = own * resample(e, table, &state);
        if (e->prior > 0)
            samples[i] += (1 - own) * any_peer(e, &state);
    }
    h->error = e->narrow * standard_deviation(samples, n);
    int64_t k = (int64_t)(widened_level(subject->settings->confidence, e) * (double)n);
    select_one(samples, n, k);
    double low = samples[k];
    select_one(samples, n, n - 1 - k);
    double width = sqrt(samples[n - 1 - k] / low);
    h->low = h->expected / width;
    h->high = h->expected * width;
}
