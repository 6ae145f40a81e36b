// Prices and derivatives of 10,000 European options beside QuantLib's blackFormula and BlackCalculator: within 1e-12 of
// the forward, and of what a derivative's terms are.
#include <quern/black.h>

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include <ql/pricingengines/blackcalculator.hpp>
#include <ql/pricingengines/blackformula.hpp>

namespace {

constexpr std::size_t count = 10000;

struct Columns {
    std::vector<double> spot, strike, years, rate, yield, sigma;
    std::vector<std::int8_t> type;
};

Columns draw()
{
    Columns c;
    std::mt19937_64 random(9);
    auto between = [&random](double low, double high) {
        return low + (high - low) * std::uniform_real_distribution<double>(0, 1)(random);
    };
    for (std::size_t i = 0; i < count; i++) {
        c.spot.push_back(between(1, 500));
        c.strike.push_back(c.spot.back() * std::exp(between(-1.5, 1.5)));
        c.years.push_back(std::exp(between(std::log(1.0 / 365), std::log(5))));
        c.rate.push_back(between(-0.01, 0.12));
        c.yield.push_back(between(0, 0.08));
        c.sigma.push_back(between(0.05, 1.2));
        c.type.push_back(random() % 2 == 0 ? QN_CALL : QN_PUT);
    }
    return c;
}

qn_numbers each(const std::vector<double> &values)
{
    return {values.data(), 1};
}

int failures = 0;

void expect(const char *what, std::size_t option, double ours, double theirs, double scale)
{
    if (std::fabs(ours - theirs) <= 1e-12 * scale)
        return;
    if (failures++ < 10)
        std::fprintf(stderr, "option %zu: %s is %.17g, QuantLib has %.17g\n", option, what, ours, theirs);
}

} // namespace

int main()
{
    Columns c = draw();
    std::vector<double> price(count), delta(count), gamma(count), vega(count), theta(count), rho(count);
    qn_option_batch batch;
    qn_option_results results;
    qn_option_batch_init(&batch, sizeof batch);
    qn_option_results_init(&results, sizeof results);
    batch.count = count;
    batch.types = c.type.data();
    batch.spot = each(c.spot);
    batch.strike = each(c.strike);
    batch.years = each(c.years);
    batch.rate = each(c.rate);
    batch.yield = each(c.yield);
    batch.sigma = each(c.sigma);
    results.price = price.data();
    results.delta = delta.data();
    results.gamma = gamma.data();
    results.vega = vega.data();
    results.theta = theta.data();
    results.rho = rho.data();
    qn_error err;
    if (qn_black_price(&results, &batch, &err) != QN_OK) {
        std::fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (std::size_t i = 0; i < count; i++) {
        using namespace QuantLib;
        Option::Type type = c.type[i] == QN_CALL ? Option::Call : Option::Put;
        double s = c.spot[i], t = c.years[i], discount = std::exp(-c.rate[i] * t);
        double forward = s * std::exp((c.rate[i] - c.yield[i]) * t), deviation = c.sigma[i] * std::sqrt(t);
        BlackCalculator peer(type, c.strike[i], forward, deviation, discount);
        double most = std::fmax(forward, c.strike[i]);
        expect("the price", i, price[i], blackFormula(type, c.strike[i], forward, deviation, discount), forward);
        expect("delta", i, delta[i], peer.delta(s), 1);
        expect("gamma", i, gamma[i], peer.gamma(s), 1 / (s * deviation));
        expect("vega", i, vega[i], peer.vega(t), s * std::sqrt(t));
        expect("theta", i, theta[i], peer.theta(s, t), most * (1 + c.sigma[i] / std::sqrt(t)));
        expect("rho", i, rho[i], peer.rho(t), most * t);
    }
    std::printf("%zu options, %d differences\n", count, failures);
    return failures > 0;
}
