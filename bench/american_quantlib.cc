// bench/american_quantlib.cc: see american_quantlib.h.
#include "bench/american_quantlib.h"

#include <cmath>
#include <limits>
#include <ql/instruments/dividendvanillaoption.hpp>
#include <ql/instruments/vanillaoption.hpp>
#include <ql/math/solvers1d/brent.hpp>
#include <ql/methods/lattices/binomialtree.hpp>
#include <ql/pricingengines/vanilla/binomialengine.hpp>
#include <ql/pricingengines/vanilla/bjerksundstenslandengine.hpp>
#include <ql/pricingengines/vanilla/fdblackscholesvanillaengine.hpp>
#include <ql/pricingengines/vanilla/qdfpamericanengine.hpp>
#include <ql/processes/blackscholesprocess.hpp>
#include <ql/quotes/simplequote.hpp>
#include <ql/settings.hpp>
#include <ql/termstructures/volatility/equityfx/blackconstantvol.hpp>
#include <ql/termstructures/yield/flatforward.hpp>
#include <ql/time/calendars/nullcalendar.hpp>
#include <ql/time/daycounters/actual365fixed.hpp>

using namespace QuantLib;

namespace
{

const Date today(1, January, 2020);

// One process whose numbers are set anew for each option.
class Market
{
  public:
    Market()
    {
        Settings::instance().evaluationDate() = today;
        DayCounter days = Actual365Fixed();
        Handle<YieldTermStructure> rates(ext::make_shared<FlatForward>(today, Handle<Quote>(rate_), days));
        Handle<YieldTermStructure> yields(ext::make_shared<FlatForward>(today, Handle<Quote>(yield_), days));
        Handle<BlackVolTermStructure> sigmas(
            ext::make_shared<BlackConstantVol>(today, NullCalendar(), Handle<Quote>(sigma_), days));
        process = ext::make_shared<BlackScholesMertonProcess>(Handle<Quote>(spot_), yields, rates, sigmas);
    }

    void set(const quantlib_american *o, int64_t i)
    {
        spot_->setValue(o->spot[i]);
        rate_->setValue(o->rate[i]);
        yield_->setValue(o->yield[i]);
        if (o->sigma != nullptr)
            sigma_->setValue(o->sigma[i]);
    }

    void setSigma(double sigma)
    {
        sigma_->setValue(sigma);
    }

    ext::shared_ptr<GeneralizedBlackScholesProcess> process;

  private:
    ext::shared_ptr<SimpleQuote> spot_ = ext::make_shared<SimpleQuote>(1.0);
    ext::shared_ptr<SimpleQuote> rate_ = ext::make_shared<SimpleQuote>(0.0);
    ext::shared_ptr<SimpleQuote> yield_ = ext::make_shared<SimpleQuote>(0.0);
    ext::shared_ptr<SimpleQuote> sigma_ = ext::make_shared<SimpleQuote>(0.2);
};

ext::shared_ptr<StrikedTypePayoff> payoff(const quantlib_american *o, int64_t i)
{
    return ext::make_shared<PlainVanillaPayoff>(o->type[i] > 0 ? Option::Call : Option::Put, o->strike[i]);
}

ext::shared_ptr<Exercise> exercise(const quantlib_american *o, int64_t i)
{
    return ext::make_shared<AmericanExercise>(today, today + o->days[i]);
}

ext::shared_ptr<PricingEngine> engine_of(int engine, const ext::shared_ptr<GeneralizedBlackScholesProcess> &process)
{
    switch (engine) {
    case QUANTLIB_FAST:
        return ext::make_shared<QdFpAmericanEngine>(process, QdFpAmericanEngine::fastScheme());
    case QUANTLIB_ACCURATE:
        return ext::make_shared<QdFpAmericanEngine>(process, QdFpAmericanEngine::accurateScheme());
    case QUANTLIB_HIGH:
        return ext::make_shared<QdFpAmericanEngine>(process, QdFpAmericanEngine::highPrecisionScheme());
    case QUANTLIB_BJERKSUND:
        return ext::make_shared<BjerksundStenslandApproximationEngine>(process);
    default:
        return ext::make_shared<BinomialVanillaEngine<CoxRossRubinstein>>(process, 801);
    }
}

} // namespace

extern "C" void quantlib_american_prices(double *price, const quantlib_american *o, int engine)
{
    Market market;
    ext::shared_ptr<PricingEngine> pricer = engine_of(engine, market.process);
    for (int64_t i = 0; i < o->n; i++) {
        try {
            market.set(o, i);
            VanillaOption option(payoff(o, i), exercise(o, i));
            option.setPricingEngine(pricer);
            price[i] = option.NPV();
        } catch (const std::exception &) {
            price[i] = std::numeric_limits<double>::quiet_NaN();
        }
    }
}

extern "C" void quantlib_american_dividends(double *price, const quantlib_american *o, const int32_t *dividend_days,
                                            const double *amounts, int64_t count, int64_t steps)
{
    Market market;
    ext::shared_ptr<PricingEngine> pricer =
        ext::make_shared<FdBlackScholesVanillaEngine>(market.process, steps, 2 * steps, 0, FdmSchemeDesc::TrBDF2(),
                                                      false, -Null<Real>(), FdBlackScholesVanillaEngine::Spot);
    for (int64_t i = 0; i < o->n; i++) {
        try {
            market.set(o, i);
            std::vector<Date> dates; // it refuses what is paid after expiry
            std::vector<Real> cash;
            for (int64_t k = 0; k < count && dividend_days[k] < o->days[i]; k++) {
                dates.push_back(today + dividend_days[k]);
                cash.push_back(amounts[k]);
            }
            DividendVanillaOption option(payoff(o, i), exercise(o, i), dates, cash);
            option.setPricingEngine(pricer);
            price[i] = option.NPV();
        } catch (const std::exception &) {
            price[i] = std::numeric_limits<double>::quiet_NaN();
        }
    }
}

extern "C" void quantlib_american_implied(double *sigma, const double *price, const quantlib_american *o)
{
    Market market;
    ext::shared_ptr<PricingEngine> pricer = engine_of(QUANTLIB_FAST, market.process);
    for (int64_t i = 0; i < o->n; i++) {
        try {
            market.set(o, i);
            VanillaOption option(payoff(o, i), exercise(o, i));
            option.setPricingEngine(pricer);
            Brent solver;
            solver.setMaxEvaluations(200);
            auto error = [&](double trial) {
                market.setSigma(trial);
                return option.NPV() - price[i];
            };
            sigma[i] = solver.solve(error, 1e-7, 0.3, 0.01, 4.0);
        } catch (const std::exception &) {
            sigma[i] = std::numeric_limits<double>::quiet_NaN();
        }
    }
}
