/* math/student.h: Student's t distribution. Any thread. */
#ifndef QNI_MATH_STUDENT_H
#define QNI_MATH_STUDENT_H

/* P(T <= t) for dof > 0 degrees of freedom. The smaller tail is right to a relative 1e-12, for |t| > 5 and dof above
 * 1e5 to 1e-8. */
double qni_student_cdf(double t, double dof);

/* The t with P(|T| <= t) = probability: half the width of a two-sided interval. probability in [0, 1]; NaN outside.
 * Relative error below 1e-14 up to a probability of 0.9999, below 1e-13 beyond. */
double qni_student_two_sided(double probability, double dof);

#endif
