/* interop/implied.c: implied volatilities of quotes from another program.
 *
 * Reads from stdin lines of five hexadecimal numbers: price, forward, strike, years, and 1 for a call or -1 for a put;
 * writes for each a line: the volatility, hexadecimal, and the status. Exit status 2: a line is none such. */
#include <stdio.h>

#include <quern/black.h>

int main(void)
{
    double price, forward, strike, years, sigma;
    int type, found;
    while ((found = scanf("%la %la %la %la %d", &price, &forward, &strike, &years, &type)) == 5) {
        qn_option_status s = qn_black_implied_one(&sigma, price, forward, strike, years, (qn_option_type)type);
        printf("%a %s\n", sigma, qn_option_status_name(s));
    }
    return found == EOF ? 0 : 2;
}
