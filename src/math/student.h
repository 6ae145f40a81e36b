/* math/student.h: Student's t distribution. Any thread. */
#ifndef QNI_MATH_STUDENT_H
#define QNI_MATH_STUDENT_H

/* P(T <= t) for dof > 0 degrees of freedom; the smaller tail to a relative 1e-12 (1e-8 for |t| > 8 with dof up to 1e9).
 */
double qni_student_cdf(double t, double dof);

/* The t with P(|T| <= t) = probability: half the width of a two-sided interval. probability in [0, 1]; NaN outside.
 * Relative error about 1e-15. */
double qni_student_two_sided(double probability, double dof);

#endif
