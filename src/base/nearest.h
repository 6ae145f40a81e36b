/* base/nearest.h: the known name that a person most likely meant.
 *
 * Keeps no state, allocates nothing; any thread. */
#ifndef QNI_BASE_NEAREST_H
#define QNI_BASE_NEAREST_H

#include <stdint.h>

/* The index of the name nearest to `word`, the first of several, or -1 where none is near enough to be worth a
 * question.
 *
 * Nearness is the Damerau-Levenshtein distance over bytes (insert, drop, change, swap neighbours; a letter in the other
 * case counts half), at most a third of the longer name; a word of three bytes or more that begins a name is near as
 * well. Bounded work: names longer than QNI_NEAREST_NAME bytes are passed over, and after QNI_NEAREST_WORK steps the
 * best so far is given. */
int64_t qni_nearest(const char *word, const char *const *names, int64_t count);

#endif
