/* array/array_int.h: what this folder alone may do with the elements of an array. Any thread. */
#ifndef QNI_ARRAY_ARRAY_INT_H
#define QNI_ARRAY_ARRAY_INT_H

#include <quern/array.h>

/* The value of the element at `p`, which need not be aligned. An i64 beyond 2^53 is rounded to the nearest double. */
double qni_array_load(qn_dtype dtype, const void *p);

#endif
