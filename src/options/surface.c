/* options/surface.c: from a chain to its smiles: finds the expiries, has each one's forward, points and shape worked
 * out, and owns all of it.
 *
 * Always: everything that a surface points to lies in its arena or in that of one of its expiries. An expiry has an
 * arena of its own so that threads may work on several at once; what one of them does never depends on another's. */
#include <quern/smile.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/time.h"
#include "mem/refuse.h"
#include "options/limits.h"
#include "options/premium_int.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A surface as it is held: in its own arena, the one that the caller sees first. */
typedef struct held_surface {
    qn_surface surface;
    qn_arena *arena;
    qn_arena **parts; /* (part_count) of its expiries */
    int64_t part_count;
} held_surface;

/* What one step did to one expiry. */
typedef struct outcome {
    qn_status status;
    qn_error err;
} outcome;

/* A surface in the making. */
typedef struct build {
    held_surface *held;
    const qn_chain *chain;
    qn_surface_options options;
    const char **warnings; /* (QNI_SURFACE_WARNINGS) */
    qni_expiry *expiries;  /* (count) */
    qn_smile *smiles;      /* (count) */
    outcome *outcomes;     /* (count) */
    int64_t count;
    qn_arena **scratch;       /* (place_count) one for each expiry of a wave; what lasts until the end in the first */
    qni_american_work *works; /* (place_count) likewise; NULL: European */
    int64_t place_count, scratch_count, work_count; /* in a wave; of both, how many there are so far */
    int64_t wave;                                   /* the first expiry that is worked on now */
    qn_status (*step)(qni_expiry *expiry, qn_error *err);
} build;

void qn_surface_options_init(qn_surface_options *out, int64_t size)
{
    qni_options_init(out, size);
}

const char *qn_smile_shape_name(qn_smile_shape shape)
{
    switch (shape) {
#define SHAPE_NAME(name, value, text) \
    case QN_SMILE_##name:             \
        return text;
        QN_SMILE_SHAPE_LIST(SHAPE_NAME)
#undef SHAPE_NAME
    }
    return "?";
}

static qn_status take(void **out, qn_arena *arena, int64_t count, int64_t size, qn_error *err)
{
    int64_t bytes;
    if (!qni_size_mul(&bytes, count, size))
        bytes = INT64_MAX; /* which nobody has */
    qn_status s = qn_arena_take(out, arena, bytes, err);
    if (s == QN_OK)
        memset(*out, 0, (size_t)bytes);
    return s;
}

qn_status qni_expiry_take(void **out, const qni_expiry *expiry, int64_t count, int64_t size, qn_error *err)
{
    return take(out, expiry->arena, count, size, err);
}

qn_status qni_expiry_scratch(void **out, const qni_expiry *expiry, int64_t count, int64_t size, qn_error *err)
{
    return take(out, expiry->scratch, count, size, err);
}

qn_american_options qni_expiry_american_options(const qni_expiry *expiry)
{
    const qn_surface_options *given = expiry->options;
    qn_american_options options;
    qn_american_options_init(&options, sizeof options);
    options.dividends = given->dividends;
    options.dividend_count = given->dividend_count;
    options.threads = given->threads;
    options.allocator = given->allocator;
    return options;
}

/* One more sentence for whoever reads the surface. */
static QN_PRINTF(3, 4) qn_status warn(build *b, qn_error *err, const char *format, ...)
{
    char text[QNI_SURFACE_SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(length >= 0 && length < (int)sizeof text && b->held->surface.warning_count < QNI_SURFACE_WARNINGS);
    void *copy;
    qn_status s = take(&copy, b->held->arena, length + 1, 1, err);
    if (s != QN_OK)
        return s;
    memcpy(copy, text, (size_t)length);
    b->warnings[b->held->surface.warning_count++] = copy;
    return QN_OK;
}

static qn_status check_dividends(const qn_surface_options *options, qn_error *err)
{
    if (options->dividend_count < 0 || (options->dividend_count > 0 && options->dividends == NULL))
        return qni_error(err, QN_INVALID, "there cannot be %" PRId64 " dividends", options->dividend_count);
    for (int64_t i = 0; i < options->dividend_count; i++) {
        const qn_dividend *d = &options->dividends[i];
        if (!isfinite(d->years) || !isfinite(d->amount) || d->amount < 0)
            return qni_error(err, QN_INVALID, "dividend %" PRId64 " is %g after %g years: it must be 0 or more", i + 1,
                             d->amount, d->years);
        if (i > 0 && d->years < options->dividends[i - 1].years)
            return qni_error(err, QN_INVALID, "dividend %" PRId64 " comes before the one before it", i + 1);
    }
    return QN_OK;
}

/* A share cannot pay out what it is worth. */
static qn_status check_paid_out(const qn_chain *chain, const qn_surface_options *options, qn_error *err)
{
    if (chain->count == 0 || options->dividend_count == 0)
        return QN_OK;
    const qn_quote *last = &chain->quotes[chain->count - 1];
    int64_t end_us = qn_market_expiry(last->expiry, (qn_settlement)last->settlement);
    double years = qn_clock_years(options->clock, chain->as_of_us, end_us), sum = 0;
    for (int64_t i = 0; i < options->dividend_count; i++)
        if (options->dividends[i].years > 0 && options->dividends[i].years <= years)
            sum += options->dividends[i].amount;
    if (sum >= chain->spot)
        return qni_error(err, QN_INVALID, "dividends of %g until the last expiry are not below the share's price, %g",
                         sum, chain->spot);
    return QN_OK;
}

static qn_status check(const qn_chain *chain, const qn_surface_options *options, qn_error *err)
{
    if (chain == NULL)
        return qni_error(err, QN_INVALID, "a surface is made of a chain, and there is none");
    if ((unsigned)options->exercise > QN_EXERCISE_AMERICAN)
        return qni_error(err, QN_INVALID, "%d is no kind of exercise", (int)options->exercise);
    if ((unsigned)options->clock > QN_CLOCK_BUSINESS)
        return qni_error(err, QN_INVALID, "%d is no clock", (int)options->clock);
    if (options->rate_given && !(fabs(options->rate) <= QNI_SURFACE_RATE_MOST))
        return qni_error(err, QN_INVALID, "a rate of %g a year is none: 0.05 is five per cent", options->rate);
    qn_status s = check_dividends(options, err);
    return s == QN_OK ? check_paid_out(chain, options, err) : s;
}

static bool american(const build *b)
{
    return b->options.exercise == QN_EXERCISE_AMERICAN ||
           (b->options.exercise == QN_EXERCISE_AUTO && !qni_exercise_european(b->chain->ticker));
}

/* The end of the group of quotes of one expiry that begins at `from`. */
static int64_t group_end(const qn_chain *chain, int64_t from)
{
    int64_t to = from + 1;
    while (to < chain->count && chain->quotes[to].expiry == chain->quotes[from].expiry &&
           chain->quotes[to].settlement == chain->quotes[from].settlement)
        to++;
    return to;
}

static int64_t expiry_us(const qn_quote *quote)
{
    return qn_market_expiry(quote->expiry, (qn_settlement)quote->settlement);
}

static bool wanted(const build *b, const qn_quote *quote)
{
    return b->options.expiry == 0 || quote->expiry == b->options.expiry;
}

/* How many expiries there will be; how many that are wanted have passed, and their quotes. */
static int64_t count_expiries(const build *b, int64_t *passed, int64_t *passed_quotes)
{
    const qn_chain *chain = b->chain;
    int64_t count = 0;
    *passed = *passed_quotes = 0;
    for (int64_t from = 0, to; from < chain->count; from = to) {
        to = group_end(chain, from);
        if (!wanted(b, &chain->quotes[from]))
            continue;
        if (expiry_us(&chain->quotes[from]) > chain->as_of_us) {
            count++;
        } else {
            ++*passed;
            *passed_quotes += to - from;
        }
    }
    return count;
}

static void clear_smile(qn_smile *smile)
{
    *smile = (qn_smile){
        .forward = NAN,
        .forward_error = NAN,
        .discount = NAN,
        .rate = NAN,
        .yield = NAN,
        .forward_source = "",
        .shape = QN_SMILE_NONE,
        .reason = "",
        .atm_vol = NAN,
        .put25_vol = NAN,
        .call25_vol = NAN,
        .risk_reversal = NAN,
        .butterfly = NAN,
        .rms_error = NAN,
        .median_spread_error = NAN,
        .least_density = NAN,
        .strip_variance = NAN,
    };
}

static qn_status add_expiry(build *b, int64_t index, int64_t from, int64_t to, qn_error *err)
{
    const qn_chain *chain = b->chain;
    const qn_quote *first = &chain->quotes[from];
    held_surface *held = b->held;
    qn_status s = qn_arena_new(&held->parts[index], b->options.allocator, (to - from) * QNI_SURFACE_BYTES_A_QUOTE, err);
    if (s != QN_OK)
        return s;
    held->part_count = index + 1;
    qn_smile *smile = &b->smiles[index];
    clear_smile(smile);
    smile->expiry = first->expiry;
    smile->settlement = first->settlement;
    smile->years = qn_clock_years(b->options.clock, chain->as_of_us, expiry_us(first));
    smile->calendar_years = qn_clock_years(QN_CLOCK_CALENDAR, chain->as_of_us, expiry_us(first));
    b->expiries[index] = (qni_expiry){
        .chain = chain,
        .from = from,
        .to = to,
        .options = &b->options,
        .american = held->surface.american,
        .arena = held->parts[index],
        .scratch = b->scratch[index % b->place_count],
        .smile = smile,
    };
    return QN_OK;
}

static int order_of_time(const build *b, int64_t from_a, int64_t from_b)
{
    int64_t a = expiry_us(&b->chain->quotes[from_a]), c = expiry_us(&b->chain->quotes[from_b]);
    return (a > c) - (a < c);
}

/* The first quotes of the expiries that are to come, in order of time: of one day AM comes before PM, which the chain's
 * order does not know. */
static void list_expiries(const build *b, int64_t *starts)
{
    int64_t n = 0;
    for (int64_t from = 0; from < b->chain->count; from = group_end(b->chain, from)) {
        const qn_quote *first = &b->chain->quotes[from];
        if (!wanted(b, first) || expiry_us(first) <= b->chain->as_of_us)
            continue;
        int64_t at = n++;
        for (; at > 0 && order_of_time(b, starts[at - 1], from) > 0; at--)
            starts[at] = starts[at - 1];
        starts[at] = from;
    }
}

/* The day of expiry of the chain that is nearest to the one that was asked for. */
static int32_t nearest_day(const build *b)
{
    int32_t nearest = b->chain->quotes[0].expiry;
    for (int64_t i = 0; i < b->chain->count; i++) {
        int32_t day = b->chain->quotes[i].expiry;
        if (llabs((long long)day - b->options.expiry) < llabs((long long)nearest - b->options.expiry))
            nearest = day;
    }
    return nearest;
}

static qn_status no_expiry(const build *b, int64_t passed, qn_error *err)
{
    const char *name = b->chain->source != NULL && b->chain->source[0] != '\0' ? b->chain->source : "the chain";
    char asked[QNI_TIME_TEXT_SIZE], there[QNI_TIME_TEXT_SIZE];
    if (b->chain->count == 0)
        return qni_error(err, QN_DATA, "%s has no quotes", name);
    if (passed > 0)
        return qni_error(err, QN_DATA, "%s has only options that had expired when they were quoted", name);
    qni_date_text(asked, b->options.expiry);
    qni_date_text(there, nearest_day(b));
    return qni_error(err, QN_DATA, "%s has no option that expires on %s; the nearest day is %s", name, asked, there);
}

/* How many expiries are worked on at once. */
static int64_t wave_size(const build *b)
{
    return b->options.threads == NULL ? 1 : qn_threads_count(b->options.threads) * QNI_SURFACE_WAVE;
}

/* Scratch for each place in a wave, of the most quotes that an expiry has; of all expiries, where they are few, one
 * after the other: memory that is written once more costs less than new one. */
static qn_status take_scratch(build *b, const int64_t *starts, qn_error *err)
{
    int64_t size = wave_size(b), most = 0;
    b->place_count = size < b->count ? size : b->count;
    for (int64_t i = 0; i < b->count; i++) {
        int64_t quotes = group_end(b->chain, starts[i]) - starts[i];
        most = quotes > most ? quotes : most;
    }
    qn_status s = take((void **)&b->scratch, b->held->arena, b->place_count, sizeof(qn_arena *), err);
    for (int64_t i = 0; i < b->place_count && s == QN_OK; i++) {
        s = qn_arena_new(&b->scratch[i], b->options.allocator, most * QNI_SURFACE_SCRATCH_A_QUOTE, err);
        b->scratch_count = i + (s == QN_OK);
    }
    return s;
}

static qn_status find_expiries(build *b, qn_error *err)
{
    qn_arena *arena = b->held->arena;
    int64_t passed, passed_quotes;
    b->count = count_expiries(b, &passed, &passed_quotes);
    if (b->count == 0)
        return no_expiry(b, passed, err);
    int64_t *starts = NULL;
    qn_status s = take((void **)&b->smiles, arena, b->count, sizeof *b->smiles, err);
    if (s == QN_OK)
        s = take((void **)&b->held->parts, arena, b->count, sizeof(qn_arena *), err);
    if (s == QN_OK && passed > 0)
        s = warn(b, err, "%" PRId64 " quotes of %" PRId64 " %s are left out: %s passed", passed_quotes, passed,
                 passed == 1 ? "expiry" : "expiries", passed == 1 ? "it has" : "they have");
    if (s == QN_OK)
        s = take((void **)&b->expiries, arena, b->count, sizeof *b->expiries, err);
    if (s == QN_OK)
        s = take((void **)&b->outcomes, arena, b->count, sizeof *b->outcomes, err);
    if (s == QN_OK)
        s = take((void **)&starts, arena, b->count, sizeof *starts, err);
    if (s != QN_OK)
        return s;
    list_expiries(b, starts);
    s = take_scratch(b, starts, err);
    for (int64_t i = 0; i < b->count && s == QN_OK; i++)
        s = add_expiry(b, i, starts[i], group_end(b->chain, starts[i]), err);
    return s;
}

/* One step of one expiry of the wave: nothing of another one is read. */
static void take_step(void *user, int64_t index)
{
    build *b = user;
    outcome *o = &b->outcomes[b->wave + index];
    o->status = b->step(&b->expiries[b->wave + index], &o->err);
}

static qn_status check_stop(build *b, qn_error *err)
{
    if (b->options.should_stop != NULL && b->options.should_stop(b->options.should_stop_user))
        return qni_error(err, QN_INTERRUPTED, "interrupted at expiry %" PRId64 " of %" PRId64, b->wave + 1, b->count);
    return QN_OK;
}

/* A step of all expiries, by waves, between which the caller is asked whether to go on, in its own thread. */
static qn_status step_all(build *b, qn_status (*step)(qni_expiry *expiry, qn_error *err), qn_error *err)
{
    qn_threads *threads = b->options.threads;
    int64_t most = wave_size(b), n;
    b->step = step;
    for (b->wave = 0; b->wave < b->count; b->wave += n) {
        qn_status s = check_stop(b, err);
        if (s != QN_OK)
            return s;
        n = b->count - b->wave < most ? b->count - b->wave : most;
        if (n == 1)
            take_step(b, 0); /* not as a task, so that its options may be split over the threads */
        else
            qn_threads_run(threads, n, take_step, b);
        for (int64_t i = b->wave; i < b->wave + n; i++) {
            if (b->outcomes[i].status != QN_OK) {
                if (err != NULL)
                    *err = b->outcomes[i].err;
                return b->outcomes[i].status;
            }
        }
    }
    return QN_OK;
}

/* A step towards the forwards of American options, all expiries at once. */
static qn_status step_together(build *b, qni_forwards *forwards, qn_error *err)
{
    b->wave = 0;
    qn_status s = check_stop(b, err);
    return s == QN_OK ? qni_forwards_step(forwards, &b->works[0], err) : s;
}

/* What threads price American options with. */
static qn_status take_works(build *b, qn_error *err)
{
    const qn_american_options options = qni_expiry_american_options(&b->expiries[0]);
    qn_status s = take((void **)&b->works, b->scratch[0], b->place_count, sizeof *b->works, err);
    for (int64_t i = 0; i < b->place_count && s == QN_OK; i++) {
        s = qni_american_work_init(&b->works[i], &options, err);
        b->work_count = i + 1;
    }
    for (int64_t i = 0; i < b->count && s == QN_OK; i++)
        b->expiries[i].work = &b->works[i % b->place_count];
    return s;
}

/* Forwards and yields. Those of American options depend on each other through the premium of early exercise. */
static qn_status find_american_forwards(build *b, qni_spot *spot, qn_error *err)
{
    double change = 0, before = INFINITY;
    bool cash = b->options.dividend_count > 0; /* then options are priced one by one, by threads */
    qni_forwards *forwards = NULL;
    qn_arena_mark mark = qn_arena_mark_now(b->scratch[0]);
    qn_status s = cash ? QN_OK : qni_forwards_begin(&forwards, b->expiries, b->count, b->scratch[0], err);
    for (int round = 0; round < QNI_PARITY_AMERICAN_STEPS && s == QN_OK; round++) {
        s = cash ? step_all(b, qni_expiry_american_forward, err) : step_together(b, forwards, err);
        if (s == QN_OK)
            s = qni_expiries_yields(spot, &change, b->expiries, b->count, b->held->arena, err);
        spot->held = round + 1 >= QNI_PARITY_AMERICAN_FREE;
        double left = spot->held && round > 0 && change < before ? change * (change / before) : change;
        before = change;
        if (left < QNI_PARITY_AMERICAN_CONVERGED) /* steps shrink by a ratio: the next one would be that long */
            break;
    }
    qn_arena_rewind(b->scratch[0], mark);
    return s;
}

static qn_status find_forwards(build *b, qn_error *err)
{
    double change = 0;
    qni_spot spot = {.price = b->chain->spot};
    qn_status s = step_all(b, qni_expiry_forward, err);
    if (s == QN_OK)
        s = qni_expiries_yields(&spot, &change, b->expiries, b->count, b->held->arena, err);
    if (s == QN_OK && b->held->surface.american)
        s = find_american_forwards(b, &spot, err);
    if (s == QN_OK && isfinite(spot.price) && fabs(spot.price / b->chain->spot - 1) > QNI_SPOT_SAID)
        s = warn(b, err, "the spot %.6g does not fit the quotes, which are of one at %.6g: yields are by that",
                 b->chain->spot, spot.price);
    return s;
}

static qn_status find_rates(build *b, qn_error *err)
{
    bool told = true;
    qn_status s = step_all(b, qni_expiry_pairs, err);
    if (s == QN_OK)
        s = qni_expiries_rates(&told, b->expiries, b->count, b->held->arena, err);
    if (s == QN_OK && !told)
        s = warn(b, err, "the rate is taken as 0: none was given, and %s",
                 b->held->surface.american ? "American options do not tell it" : "put-call parity does not tell it");
    return s;
}

/* The surface in an arena of its own, with what the chain says of itself. */
static qn_status hold(build *b, qn_error *err)
{
    const qn_chain *chain = b->chain;
    const char *ticker = chain->ticker == NULL ? "" : chain->ticker;
    qn_arena *arena;
    void *copy;
    qn_status s = qn_arena_new(&arena, b->options.allocator, 0, err);
    if (s != QN_OK)
        return s;
    s = take((void **)&b->held, arena, 1, sizeof *b->held, err);
    if (s == QN_OK)
        s = take(&copy, arena, (int64_t)strlen(ticker) + 1, 1, err);
    if (s == QN_OK)
        s = take((void **)&b->warnings, arena, QNI_SURFACE_WARNINGS, sizeof *b->warnings, err);
    if (s != QN_OK) {
        qn_arena_free(arena);
        b->held = NULL;
        return s;
    }
    memcpy(copy, ticker, strlen(ticker));
    b->held->arena = arena;
    b->held->surface = (qn_surface){
        .size = sizeof(qn_surface),
        .ticker = copy,
        .as_of_us = chain->as_of_us,
        .spot = chain->spot > 0 && isfinite(chain->spot) ? chain->spot : NAN,
        .clock = b->options.clock,
        .american = american(b),
        .least_calendar = NAN,
        .least_calendar_smile = -1,
        .warnings = b->warnings,
    };
    return QN_OK;
}

static qn_status make(build *b, qn_error *err)
{
    qn_surface *surface = &b->held->surface;
    qn_status s = QN_OK;
    if (surface->ticker[0] == '\0' && b->options.exercise == QN_EXERCISE_AUTO)
        s = warn(b, err, "the chain does not say what it is of: its options are taken as American");
    if (s == QN_OK && !surface->american && b->options.dividend_count > 0)
        s = warn(b, err, "dividends change nothing here: the forwards of European options tell them");
    if (s == QN_OK)
        s = find_expiries(b, err);
    if (s == QN_OK)
        s = find_rates(b, err);
    if (s == QN_OK && surface->american)
        s = take_works(b, err);
    if (s == QN_OK)
        s = find_forwards(b, err);
    if (s == QN_OK)
        s = step_all(b, qni_expiry_points, err);
    if (s == QN_OK)
        s = qni_smiles_fit(b->smiles, b->count, &b->options, b->held->arena, err);
    if (s != QN_OK)
        return s;
    for (int64_t i = 0; i < b->count; i++)
        qni_smile_derive(&b->smiles[i]);
    surface->smiles = b->smiles;
    surface->smile_count = b->count;
    qni_surface_calendar(surface);
    return QN_OK;
}

qn_status qn_surface_new(qn_surface **out, const qn_chain *chain, const qn_surface_options *options, qn_error *err)
{
    assert(out);
    *out = NULL;
    build b = {.chain = chain};
    qn_status s = qni_options_copy(&b.options, sizeof b.options, options, "qn_surface_options", err);
    if (s == QN_OK)
        s = check(chain, &b.options, err);
    if (s == QN_OK)
        s = hold(&b, err);
    if (s != QN_OK)
        return s;
    s = make(&b, err);
    for (int64_t i = 0; i < b.work_count; i++)
        qni_american_work_end(&b.works[i]);
    for (int64_t i = 0; i < b.scratch_count; i++)
        qn_arena_free(b.scratch[i]);
    if (s != QN_OK)
        qn_surface_free(&b.held->surface);
    else
        *out = &b.held->surface;
    return s;
}

void qn_surface_free(qn_surface *surface)
{
    if (surface == NULL)
        return;
    held_surface *held = (held_surface *)surface; /* its first member */
    for (int64_t i = 0; i < held->part_count; i++)
        qn_arena_free(held->parts[i]);
    qn_arena_free(held->arena);
}
