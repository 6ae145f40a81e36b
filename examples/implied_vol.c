/* The volatilities that the prices of four options imply, and the prices that they lead back to.
 *
 *     cc implied_vol.c $(pkg-config --cflags --libs quern) -o implied_vol
 *     ./implied_vol
 */
#include <quern/quern.h>

#include <stdio.h>

int main(void)
{
    const double strike[] = {90, 100, 110, 100}, price[] = {13.5, 6.9, 3.1, 5.4};
    const int8_t type[] = {QN_CALL, QN_CALL, QN_CALL, QN_PUT};
    const double spot = 100, years = 0.5, rate = 0.03;
    double sigma[4], vega[4], again[4];
    uint8_t status[4];
    qn_error err = qn_error_none();
    qn_option_batch batch;
    qn_option_results results;

    qn_option_batch_init(&batch, sizeof batch);
    batch.count = 4;
    batch.types = type;
    batch.strike = (qn_numbers){strike, 1}; /* a number for each option */
    batch.spot = (qn_numbers){&spot, 0};    /* one for all of them */
    batch.years = (qn_numbers){&years, 0};
    batch.rate = (qn_numbers){&rate, 0};
    if (qn_black_implied(sigma, status, &batch, price, false, &err) != QN_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }

    batch.sigma = (qn_numbers){sigma, 1};
    qn_option_results_init(&results, sizeof results);
    results.price = again;
    results.vega = vega;
    if (qn_black_price(&results, &batch, &err) != QN_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (int i = 0; i < 4; i++)
        printf("%3.0f %-4s %5.2f  volatility %.4f  vega %6.3f  price %5.2f  %s\n", strike[i],
               type[i] == QN_CALL ? "call" : "put", price[i], sigma[i], vega[i], again[i],
               qn_option_status_name(status[i]));
    return 0;
}
