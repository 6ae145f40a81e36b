/* math/limits.h: the limits and tunables of this folder, each with its reason. */
#ifndef QNI_MATH_LIMITS_H
#define QNI_MATH_LIMITS_H

/* Sums of squares outside this range are done again with scaling: far enough from under- and overflow that no term
 * which matters to the sum was lost. */
#define QNI_NORM_SAFE_LOW  1e-270
#define QNI_NORM_SAFE_HIGH 1e300

/* What is this much smaller than the diagonal above it needs no reflection: it is far below a rounding of what is
 * there. */
#define QNI_QR_NOTHING 0x1p-64

/* Vectors of reflections that are longer than this, or so short that their squares underflow, are brought to length 1
 * by a power of two, so that their products with other columns are within the range of numbers. Short ones are
 * frequent where peaks are far away, and cost a second pass. */
#define QNI_QR_LARGE 0x1p100

/* Columns whose products with the next one are gathered ahead: 4 KiB of stack. Panels that are wider leave the caches
 * anyway. */
#define QNI_QR_LOOK 256

/* Jacobi sweeps of the singular value decomposition. Convergence is quadratic; 6 to 10 are usual, also for graded
 * matrices. */
#define QNI_SVD_SWEEPS 60

/* How far the length of a trust-region step may be from the radius (Moré 1978), and how many Newton steps may be spent
 * on that: 2 or 3 are usual, and every iterate is a usable step. */
#define QNI_TRUST_SLACK 0.1
#define QNI_TRUST_STEPS 20

/* Terms of the continued fraction of the incomplete beta function: of the order of the square root of the larger
 * argument. */
#define QNI_BETA_TERMS 20000

/* From here on Student's t comes from the normal distribution, as far out as this: the first term that the expansion
 * in 1/dof leaves out is then below 1e-13. */
#define QNI_STUDENT_NORMAL_DOF   1e3
#define QNI_STUDENT_NORMAL_REACH 5

/* Safeguarded Newton steps for a quantile: 3 to 6 are usual; doubling and halving through all doubles would need about
 * 2,100. */
#define QNI_STUDENT_STEPS 2200

/* A relative Newton step after which the quantile is right to all digits: what is left is its square times at most
 * some hundreds. */
#define QNI_STUDENT_SMALL_STEP 1e-9

/* Numbers whose moments a kernel gathers at once, and the first of them, which say where about the mean is. Of 2048
 * each of sixteen lanes adds 128 squares, and no sum loses more than 134 roundings; around the mean of 128 of them the
 * sum of squares is at most 16 times what the true mean gives. Together that is below 1e-12, whatever the numbers. */
#define QNI_MOMENTS_BLOCK 2048
#define QNI_MOMENTS_PILOT 128

/* Sums of squares below SAFE_M2 of numbers that may all be below SAFE_SIZE are gathered again with scaling: a
 * difference of numbers of which one is larger is at least 2^-453, and its square a normal number. */
#define QNI_MOMENTS_SAFE_M2   0x1p-900
#define QNI_MOMENTS_SAFE_SIZE 0x1p-400

#endif
