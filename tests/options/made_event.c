/* options/made_event.c: chains with a report in them; and what scan.c and subject.c do for the event part, without the
 * rest. */
#include "options/made_event.h"

#include <math.h>
#include <string.h>

double made_scene_variance(const made_scene *scene, int i)
{
    int64_t us = qn_market_expiry(scene->days[i], scene->settlements[i]);
    double w = scene->diffusive * qn_clock_years(scene->clock, scene->as_of_us, us);
    return us > scene->event_us ? w + scene->event : w;
}

/* The quotes of expiry i. */
static int64_t expiry_quotes(qn_quote *out, const made_scene *scene, int i)
{
    made_market market = {.as_of_us = scene->as_of_us,
                          .spot = scene->spot,
                          .half_spread = scene->half_spread,
                          .least_half = scene->least_half};
    double w = made_scene_variance(scene, i), step = scene->spot * sqrt(w) / 3, phi = 0.8 / sqrt(w), rho = -0.4;
    double middle = MADE_STRIKES / 2; /* NOLINT(bugprone-integer-division): the index of the middle one */
    qn_svi svi = {.a = 0.5 * w * (1 - rho * rho),
                  .b = 0.5 * w * phi,
                  .rho = rho,
                  .m = -rho / phi,
                  .sigma = sqrt(1 - rho * rho) / phi};
    made_expiry expiry = {.day = scene->days[i],
                          .settlement = scene->settlements[i],
                          .forward = scene->spot,
                          .first_strike = scene->spot - step * fmin(middle, floor(0.95 * scene->spot / step)),
                          .step = step,
                          .svi = scene->skew ? &svi : NULL,
                          .strikes = MADE_STRIKES};
    expiry.sigma = sqrt(w / made_years(&market, &expiry));
    int64_t n = made_quotes(out, &market, &expiry);
    for (int64_t j = 0; j < n; j++) {
        double off = scene->shifts[i] * 0.5 * (out[j].ask - out[j].bid);
        out[j].open_interest = 500;
        out[j].bid = fmax(out[j].bid > 0 ? out[j].bid + off : 0, 0);
        out[j].ask += off;
        if (scene->tick > 0) {
            out[j].bid = scene->tick * floor(out[j].bid / scene->tick + 1e-9);
            out[j].ask = scene->tick * ceil(out[j].ask / scene->tick - 1e-9);
        }
    }
    return n;
}

int64_t made_scene_quotes(qn_quote *out, const made_scene *scene)
{
    int64_t n = 0;
    for (int i = 0; i < scene->count; i++)
        n += expiry_quotes(out + n, scene, i);
    return n;
}

qn_chain *made_scene_chain(const made_scene *scene)
{
    qn_quote quotes[2 * MADE_STRIKES * MADE_EXPIRIES];
    made_market market = {.as_of_us = scene->as_of_us, .spot = scene->spot};
    return made_chain(scene->ticker == NULL ? "QRN" : scene->ticker, quotes, made_scene_quotes(quotes, scene), &market);
}

void made_subject_init(made_subject *out, const qn_chain *chain, int32_t day, qn_timing timing, qn_clock clock,
                       const qn_allocator *allocator)
{
    memset(out, 0, sizeof *out);
    qn_scan_settings_init(&out->settings, sizeof out->settings);
    qn_scan_options_init(&out->options, sizeof out->options);
    out->options.settings = &out->settings;
    out->options.reference = qn_reference_default();
    out->options.clock = clock;
    out->options.allocator = allocator;
    qn_scan_input_init(&out->input, sizeof out->input);
    out->input.ticker = chain->ticker;
    out->report = (qn_earnings){.ticker = chain->ticker, .day = day, .timing = (uint8_t)timing};
    out->result.ticker = chain->ticker;
    out->result.event.day = day;
    out->result.event.timing = (uint8_t)timing;
    out->subject = (qni_subject){
        .input = &out->input,
        .options = &out->options,
        .settings = &out->settings,
        .result = &out->result,
        .chain = chain,
        .report = &out->report,
    };
}

qn_status made_subject_run(made_subject *s, qn_error *err)
{
    qn_surface_options options;
    qn_surface_options_init(&options, sizeof options);
    options.clock = s->options.clock;
    options.allocator = s->options.allocator;
    qn_status status = qn_arena_new(&s->subject.arena, s->options.allocator, 0, err);
    if (status == QN_OK)
        status = qni_event_chain(&s->small, &s->subject, err);
    if (status != QN_OK || s->subject.reject != NULL)
        return status;
    s->subject.chain = &s->small;
    status = qn_surface_new(&s->subject.surface, &s->small, &options, err);
    if (status == QN_OK)
        status = qni_event(&s->subject, err);
    return status;
}

void made_subject_free(made_subject *s)
{
    qn_surface_free(s->subject.surface);
    qn_arena_free(s->subject.arena);
}
