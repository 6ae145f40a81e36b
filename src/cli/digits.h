/* cli/digits.h: numbers in the number of digits that they deserve, without locale. */
#ifndef QNI_CLI_DIGITS_H
#define QNI_CLI_DIGITS_H

#define QNI_DIGITS_SIZE 64 /* bytes */

/* The power of ten of the first digit: 2 for 238.9. 0 for zero and what is not finite. */
int qni_digits_exponent(double value);

/* The power of ten of the last digit worth showing of a value with this standard error: the error's second digit, at
 * most 15 digits of the value. Without a usable error: the value's sixth digit. */
int qni_digits_place(double value, double error);

/* Writes `value` rounded so that its last digit stands at 10^place, 17 digits at most; zeros at the end are kept. Plain
 * where that is easily read (1e-4 to 1e7), else with an exponent. Returns the length. */
int qni_digits_write(char out[QNI_DIGITS_SIZE], double value, int place);

/* Writes `value` with `count` significant digits, in the same two styles, zeros at the end kept. Returns the length. */
int qni_digits_write_count(char out[QNI_DIGITS_SIZE], double value, int count);

#endif
