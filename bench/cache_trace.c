/* bench/cache_trace.c: of requests that ask a cache for one key after the other, putting what is missing: how many does
 * it answer? The memory tier of qn_cache as it is, beside simulations of other policies that have as many bytes for
 * entries as it ended with:
 *
 *   LRU         the least recently used goes
 *   S3-FIFO     as published (Yang et al., SOSP 2023): small queue 10 %, ghosts for as many as the main queue holds
 *   W-TinyLFU   as published (Einziger, Friedman, Manes 2017; Caffeine's hill climbing): window 1 % at first, a sketch
 *               of 4 rows that is halved after ten requests an entry
 *   best fixed  what a cache answers that knows the popularities, and never changes what it keeps
 *
 * Requests: Zipf's law over a million keys, by itself; with runs over cold keys in between; with the popularity of all
 * keys exchanged at once, or drifting. Loops over more than the cache holds. Every value has 1000 bytes; "sizes": from
 * 100 to 100,000, as many in each power. The first quarter is not counted. Each
 * figure is the median of three seeds; "least" is the least of ours minus LRU's, in points. */
#include "bench/common.h"

#include "base/hash.h"
#include "store/cache_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS = 1000000, /* that popularity is spread over */
    ALL_KEYS = 3 * KEYS,
    SEEDS = 3,
    SIZES = 31, /* different sizes of values */
    VALUE_SIZE = 1000,
    TABLES_SIZE = 60, /* bytes of the tier's tables for an entry, about */
};

static void *must(void *block)
{
    if (block == NULL)
        exit(1);
    return block;
}

static uint64_t next_random(uint64_t *state)
{
    return qni_hash_word(*state += 0x9e3779b97f4a7c15, 0);
}

static double next_unit(uint64_t *state)
{
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

/* ---- what is common to the simulated policies: entries by key, in queues ---- */

typedef struct node {
    uint32_t newer, older; /* keys + 1; 0: none */
    uint8_t place, frequency;
    int64_t ghost; /* when it was evicted; 0: it was not */
} node;

typedef struct queue {
    uint32_t newest, oldest;
    int64_t bytes;
} queue;

typedef struct sim {
    const int64_t *sizes; /* (SIZES) of the values */
    int64_t capacity, mean;
    node *nodes;
    queue queues[4]; /* place 0: not in the cache */
    int64_t evicted;
    uint8_t *sketch; /* (4, width) */
    uint64_t width;
    int64_t counted, sample;
    double window, step, ratio_before;
    int64_t asked, hits, period;
    uint64_t random;
} sim;

static int64_t size_of(const sim *s, uint32_t key)
{
    return s->sizes[key % SIZES];
}

static void push(sim *s, uint8_t place, uint32_t key)
{
    queue *q = &s->queues[place];
    node *n = &s->nodes[key];
    *n = (node){.older = q->newest, .place = place, .frequency = n->frequency, .ghost = n->ghost};
    *(q->newest != 0 ? &s->nodes[q->newest - 1].newer : &q->oldest) = key + 1;
    q->newest = key + 1;
    q->bytes += size_of(s, key);
}

static void take_out(sim *s, uint32_t key)
{
    node *n = &s->nodes[key];
    queue *q = &s->queues[n->place];
    *(n->newer != 0 ? &s->nodes[n->newer - 1].older : &q->newest) = n->older;
    *(n->older != 0 ? &s->nodes[n->older - 1].newer : &q->oldest) = n->newer;
    q->bytes -= size_of(s, key);
    n->place = 0;
}

static void move(sim *s, uint8_t place, uint32_t key)
{
    take_out(s, key);
    push(s, place, key);
}

static bool lru(sim *s, uint32_t key)
{
    if (s->nodes[key].place != 0) {
        move(s, 1, key);
        return true;
    }
    while (s->queues[1].bytes + size_of(s, key) > s->capacity)
        take_out(s, s->queues[1].oldest - 1);
    push(s, 1, key);
    return false;
}

/* ---- S3-FIFO ---- */

static void s3_evict(sim *s)
{
    for (;;) {
        bool small = s->queues[2].oldest == 0 || (s->queues[1].oldest != 0 && s->queues[1].bytes > s->capacity / 10);
        uint32_t key = s->queues[small ? 1 : 2].oldest - 1;
        node *n = &s->nodes[key];
        if (n->frequency > (small ? 1 : 0)) {
            n->frequency = small ? 0 : (uint8_t)(n->frequency - 1);
            move(s, 2, key);
            continue;
        }
        take_out(s, key);
        if (small)
            n->ghost = s->evicted += size_of(s, key);
        return;
    }
}

static bool s3_fifo(sim *s, uint32_t key)
{
    node *n = &s->nodes[key];
    if (n->place != 0) {
        if (n->frequency < 3)
            n->frequency++;
        return true;
    }
    while (s->queues[1].bytes + s->queues[2].bytes + size_of(s, key) > s->capacity)
        s3_evict(s);
    bool known = n->ghost != 0 && s->evicted - n->ghost < s->capacity / 10 * 9;
    n->frequency = 0;
    n->ghost = 0;
    push(s, known ? 2 : 1, key);
    return false;
}

/* ---- W-TinyLFU: places 1 window, 2 probation, 3 protected ---- */

static uint8_t *counter(sim *s, uint32_t key, uint64_t row)
{
    return &s->sketch[row * s->width + (qni_hash_word(key, row + 1) & (s->width - 1))];
}

static int frequency(sim *s, uint32_t key)
{
    int least = 15;
    for (uint64_t row = 0; row < 4; row++)
        if (*counter(s, key, row) < least)
            least = *counter(s, key, row);
    return least;
}

static void count_request(sim *s, uint32_t key)
{
    bool added = false;
    for (uint64_t row = 0; row < 4; row++)
        if (*counter(s, key, row) < 15) {
            ++*counter(s, key, row);
            added = true;
        }
    if (!added || ++s->counted < s->sample)
        return;
    for (uint64_t i = 0; i < 4 * s->width; i++)
        s->sketch[i] >>= 1;
    s->counted /= 2;
}

static void settle(sim *s)
{
    while ((double)s->queues[3].bytes > 0.8 * ((double)s->capacity - s->window))
        move(s, 2, s->queues[3].oldest - 1);
}

static void climb(sim *s)
{
    double ratio = (double)s->hits / (double)s->asked, change = ratio - s->ratio_before;
    double amount = change >= 0 ? s->step : -s->step, most = 0.0625 * (double)s->capacity;
    s->step = fabs(change) >= 0.05 ? copysign(most, amount) : 0.98 * amount;
    s->ratio_before = ratio;
    s->asked = s->hits = 0;
    s->window = fmin(fmax(s->window + amount, (double)s->mean), 0.8 * (double)s->capacity);
    settle(s);
    while ((double)s->queues[1].bytes > s->window && s->queues[1].oldest != 0)
        move(s, 2, s->queues[1].oldest - 1);
    while ((double)s->queues[1].bytes < s->window && s->queues[2].oldest != 0)
        move(s, 1, s->queues[2].oldest - 1);
}

/* What left the window against what would go for it. */
static void admit(sim *s, uint32_t candidate)
{
    int of_candidate = frequency(s, candidate);
    while (s->queues[1].bytes + s->queues[2].bytes + s->queues[3].bytes > s->capacity) {
        uint32_t victim = s->queues[2].oldest - 1; /* the candidate is the newest there */
        if (victim == candidate && s->queues[3].oldest != 0)
            victim = s->queues[3].oldest - 1;
        bool wins = of_candidate > frequency(s, victim) || (of_candidate >= 6 && next_random(&s->random) % 128 == 0);
        take_out(s, victim == candidate || !wins ? candidate : victim);
        if (victim == candidate || !wins)
            return;
    }
}

static bool w_tinylfu(sim *s, uint32_t key)
{
    bool hit = s->nodes[key].place != 0;
    count_request(s, key);
    s->asked++;
    s->hits += hit;
    if (hit) {
        move(s, s->nodes[key].place == 1 ? 1 : 3, key);
        settle(s);
    } else {
        push(s, 1, key);
        while ((double)s->queues[1].bytes > s->window && s->queues[1].oldest != s->queues[1].newest) {
            uint32_t candidate = s->queues[1].oldest - 1;
            move(s, 2, candidate);
            admit(s, candidate);
        }
        while (s->queues[1].bytes + s->queues[2].bytes + s->queues[3].bytes > s->capacity)
            take_out(s, s->queues[s->queues[2].oldest != 0 ? 2 : s->queues[3].oldest != 0 ? 3 : 1].oldest - 1);
    }
    if (s->asked >= s->period)
        climb(s);
    return hit;
}

static double simulate(bool (*ask)(sim *s, uint32_t key), const uint32_t *requests, int64_t count, int64_t capacity,
                       const int64_t *sizes)
{
    sim s = {.sizes = sizes, .capacity = capacity, .random = 1, .width = 64};
    for (int i = 0; i < SIZES; i++)
        s.mean += sizes[i] / SIZES;
    int64_t entries = capacity / s.mean, hits = 0;
    while (s.width < (uint64_t)(8 * entries))
        s.width *= 2;
    s.nodes = must(calloc(ALL_KEYS, sizeof *s.nodes));
    s.sketch = must(calloc(4 * s.width, 1));
    s.sample = s.period = 10 * entries;
    s.window = 0.01 * (double)capacity;
    s.step = -0.0625 * (double)capacity;
    for (int64_t i = 0; i < count; i++)
        hits += ask(&s, requests[i]) && i >= count / 4;
    free(s.nodes);
    free(s.sketch);
    return 100.0 * (double)hits / (double)(count - count / 4);
}

/* ---- ours ---- */

static qn_status sum_bytes(void *user, const qn_cache_entry *entry, qn_error *err)
{
    (void)err;
    *(int64_t *)user += entry->bytes;
    return QN_OK;
}

/* *held: bytes of the entries at the end. */
static double run_ours(int64_t *held, const uint32_t *requests, int64_t count, int64_t capacity, qn_datum **values)
{
    qni_memory_tier *tier;
    qni_cache_time time;
    int64_t hits = 0;
    qni_cache_time_init(&time, NULL);
    if (qni_memory_new(&tier, capacity, 0, &time, NULL, NULL) != QN_OK)
        exit(1);
    for (int64_t i = 0; i < count; i++) {
        qni_memory_found found;
        qni_cache_key key = {&requests[i], 4, qni_hash_word(requests[i], 1), requests[i]};
        bool kept;
        if (qni_memory_get(&found, tier, &key)) {
            hits += i >= count / 4;
            qn_datum_unref(found.datum);
        } else if (qni_memory_put(&kept, tier, &key, &(qni_cache_value){.datum = values[requests[i] % SIZES]}, NULL) !=
                   QN_OK) {
            exit(1);
        }
    }
    *held = 0;
    if (qni_memory_each(tier, NULL, 0, sum_bytes, held, NULL) != QN_OK)
        exit(1);
    qni_memory_free(tier);
    return 100.0 * (double)hits / (double)(count - count / 4);
}

/* ---- requests ---- */

typedef struct zipf { /* Walker's alias method */
    double *keep;
    uint32_t *alias;
} zipf;

static zipf new_zipf(double exponent)
{
    zipf z = {must(malloc(KEYS * sizeof *z.keep)), must(malloc(KEYS * sizeof *z.alias))};
    uint32_t *low = must(malloc(KEYS * sizeof *low)), *high = must(malloc(KEYS * sizeof *high));
    int64_t lows = 0, highs = 0;
    double sum = 0;
    for (uint32_t i = 0; i < KEYS; i++)
        sum += z.keep[i] = pow(i + 1.0, -exponent);
    for (uint32_t i = 0; i < KEYS; i++) {
        z.alias[i] = i;
        z.keep[i] *= KEYS / sum;
        *(z.keep[i] < 1 ? &low[lows++] : &high[highs++]) = i;
    }
    while (lows > 0 && highs > 0) {
        uint32_t l = low[--lows], h = high[--highs];
        z.alias[l] = h;
        z.keep[h] -= 1 - z.keep[l];
        *(z.keep[h] < 1 ? &low[lows++] : &high[highs++]) = h;
    }
    free(low);
    free(high);
    return z;
}

static uint32_t next_rank(const zipf *z, uint64_t *random)
{
    double at = next_unit(random) * KEYS;
    uint32_t i = (uint32_t)at;
    return at - i < z->keep[i] ? i : z->alias[i];
}

typedef struct trace {
    const char *name;
    double exponent; /* 0: a loop over `loop` times what the cache holds */
    double loop;
    double scans;  /* part of the requests */
    int64_t run;   /* keys of a scan */
    int64_t shift; /* requests after which all popularities are others; 0: never */
    int64_t drift; /* requests after which each key is as popular as its neighbour was; 0: never */
    bool many_sizes;
} trace;

static const trace traces[] = {
    {.name = "zipf 0.8", .exponent = 0.8},
    {.name = "zipf 1.0", .exponent = 1.0},
    {.name = "zipf 1.2", .exponent = 1.2},
    {.name = "zipf 0.8, sizes", .exponent = 0.8, .many_sizes = true},
    {.name = "zipf 1.0, sizes", .exponent = 1.0, .many_sizes = true},
    {.name = "zipf 0.8, scans 10 %", .exponent = 0.8, .scans = 0.1, .run = 10000},
    {.name = "zipf 0.8, scans 20 %", .exponent = 0.8, .scans = 0.2, .run = 10000},
    {.name = "zipf 0.8, scans 30 %", .exponent = 0.8, .scans = 0.3, .run = 10000},
    {.name = "zipf 0.9, scans 20 %", .exponent = 0.9, .scans = 0.2, .run = 10000},
    {.name = "zipf 1.0, scans 10 %", .exponent = 1.0, .scans = 0.1, .run = 10000},
    {.name = "zipf 1.0, scans 30 %", .exponent = 1.0, .scans = 0.3, .run = 10000},
    {.name = "zipf 0.8, scans 20 %, sizes", .exponent = 0.8, .scans = 0.2, .run = 10000, .many_sizes = true},
    {.name = "loop 1.1", .loop = 1.1},
    {.name = "loop 2", .loop = 2},
    {.name = "zipf 1.0, shift 1 M", .exponent = 1.0, .shift = 1000000},
    {.name = "zipf 1.0, shift 500 K", .exponent = 1.0, .shift = 500000},
    {.name = "zipf 0.8, shift 500 K", .exponent = 0.8, .shift = 500000},
    {.name = "zipf 1.0, shift 100 K", .exponent = 1.0, .shift = 100000},
    {.name = "zipf 1.0, drift 100", .exponent = 1.0, .drift = 100},
};

static void make_requests(uint32_t *requests, int64_t count, const trace *t, int64_t entries, uint64_t random)
{
    if (t->exponent == 0) {
        for (int64_t i = 0; i < count; i++)
            requests[i] = (uint32_t)(i % (int64_t)(t->loop * (double)entries));
        return;
    }
    zipf z = new_zipf(t->exponent);
    uint32_t cold = KEYS, offset = (uint32_t)(next_random(&random) % KEYS);
    int64_t left_of_run = 0;
    double begins = t->scans > 0 ? t->scans / (1 - t->scans) / (double)t->run : 0;
    for (int64_t i = 0; i < count; i++) {
        if (t->shift > 0 && i % t->shift == 0)
            offset = (uint32_t)(next_random(&random) % KEYS);
        if (t->drift > 0 && i % t->drift == 0)
            offset++;
        if (left_of_run == 0 && begins > 0 && next_unit(&random) < begins)
            left_of_run = t->run;
        if (left_of_run > 0) {
            left_of_run--;
            requests[i] = cold++;
            if (cold == ALL_KEYS)
                cold = KEYS;
        } else {
            requests[i] = (next_rank(&z, &random) + offset) % KEYS;
        }
    }
    free(z.keep);
    free(z.alias);
}

static double best_fixed(const trace *t, int64_t entries)
{
    double kept = 0, all = 0;
    for (int i = 0; i < KEYS; i++) {
        double p = pow(i + 1.0, -t->exponent);
        all += p;
        kept += i < entries ? p : 0;
    }
    return 100 * (1 - t->scans) * kept / all;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum {
    LRU,
    S3_FIFO,
    W_TINYLFU,
    OURS,
    POLICIES
};

static void run_row(bench *b, const trace *t, int64_t entries, int64_t count, uint32_t *requests)
{
    static const char *const names[POLICIES] = {"lru", "s3-fifo", "w-tinylfu", "ours"};
    double ratios[POLICIES][SEEDS], least = 100;
    int64_t sizes[SIZES], mean = 0;
    qn_datum *values[SIZES];
    int seeds = b->quick ? 1 : SEEDS;
    char *zeros = must(calloc(200000, 1));
    for (int i = 0; i < SIZES; i++) {
        int64_t size = t->many_sizes ? (int64_t)(100 * pow(1000, i / (SIZES - 1.0))) : VALUE_SIZE;
        if (qn_datum_bytes(&values[i], zeros, size, NULL, NULL) != QN_OK)
            exit(1);
        sizes[i] = qn_datum_size(values[i]) + 128; /* with an entry for a key of 4 bytes */
        mean += sizes[i] / SIZES;
    }
    for (int seed = 0; seed < seeds; seed++) {
        int64_t held;
        make_requests(requests, count, t, entries, (uint64_t)seed + 1);
        ratios[OURS][seed] = run_ours(&held, requests, count, entries * (mean + TABLES_SIZE), values);
        ratios[LRU][seed] = simulate(lru, requests, count, held, sizes);
        ratios[S3_FIFO][seed] = simulate(s3_fifo, requests, count, held, sizes);
        ratios[W_TINYLFU][seed] = simulate(w_tinylfu, requests, count, held, sizes);
        least = fmin(least, ratios[OURS][seed] - ratios[LRU][seed]);
        for (int p = 0; b->csv != NULL && p < POLICIES; p++)
            (void)fprintf(b->csv, "%s,\"%s, %d entries: per cent\",%s,%d,%.4f\n", b->name, t->name, (int)entries,
                          names[p], seed, ratios[p][seed]);
    }
    printf("%-28s %7d", t->name, (int)entries);
    for (int p = 0; p < POLICIES; p++) {
        qsort(ratios[p], (size_t)seeds, sizeof(double), by_value);
        printf("  %8.2f", ratios[p][seeds / 2]);
    }
    printf("  %+7.2f", least);
    if (t->exponent > 0 && t->shift == 0 && t->drift == 0 && !t->many_sizes)
        printf("  %8.2f", best_fixed(t, entries));
    printf("\n");
    (void)fflush(stdout);
    for (int i = 0; i < SIZES; i++)
        qn_datum_unref(values[i]);
    free(zeros);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "cache_trace", argc, argv);
    int64_t count = b.quick ? 20000 : 2000000;
    uint32_t *requests = must(malloc((size_t)count * sizeof *requests));
    printf("per cent of %d requests answered\n%-28s %7s  %8s  %8s  %8s  %8s  %7s  %8s\n", (int)count, "requests",
           "entries", "LRU", "S3-FIFO", "W-TinyL.", "ours", "least", "best fix");
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++)
        for (int64_t entries = KEYS / 1000; entries <= (b.quick ? KEYS / 1000 : KEYS / 10); entries *= 10)
            run_row(&b, &traces[i], entries, count, requests);
    free(requests);
    return bench_end(&b);
}
