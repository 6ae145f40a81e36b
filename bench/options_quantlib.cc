// bench/options_quantlib.cc: see options_quantlib.h.
#include "bench/options_quantlib.h"

#include <cmath>
#include <ql/pricingengines/blackcalculator.hpp>
#include <ql/pricingengines/blackformula.hpp>

using namespace QuantLib;

static Option::Type type_of(int8_t type)
{
    return type > 0 ? Option::Call : Option::Put;
}

extern "C" void quantlib_prices(double *price, const quantlib_options *o)
{
    for (int64_t i = 0; i < o->n; i++)
        price[i] = blackFormula(type_of(o->type[i]), o->strike[i], o->forward[i], o->sigma[i] * std::sqrt(o->years[i]),
                                std::exp(-o->rate[i] * o->years[i]));
}

extern "C" void quantlib_greeks(double *greeks, const quantlib_options *o)
{
    for (int64_t i = 0; i < o->n; i++) {
        double f = o->forward[i], t = o->years[i];
        BlackCalculator c(type_of(o->type[i]), o->strike[i], f, o->sigma[i] * std::sqrt(t), std::exp(-o->rate[i] * t));
        double *g = greeks + 6 * i;
        g[0] = c.value();
        g[1] = c.delta(f);
        g[2] = c.gamma(f);
        g[3] = c.vega(t);
        g[4] = c.theta(f, t);
        g[5] = c.rho(t);
    }
}

extern "C" int64_t quantlib_implied(double *sigma, const double *price, const quantlib_options *o)
{
    int64_t failed = 0;
    for (int64_t i = 0; i < o->n; i++) {
        try {
            sigma[i] = blackFormulaImpliedStdDev(type_of(o->type[i]), o->strike[i], o->forward[i], price[i]) /
                       std::sqrt(o->years[i]);
        } catch (const std::exception &) {
            sigma[i] = NAN;
            failed++;
        }
    }
    return failed;
}
