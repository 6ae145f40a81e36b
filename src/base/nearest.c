/* base/nearest.c: Damerau-Levenshtein distance in its restricted form (optimal string alignment), which is enough for
 * mistyped names: two neighbours may change places, but nothing comes between them afterwards.
 *
 * Costs are in halves: a change of case is one, every other edit two. Any thread.
 * Reference: Damerau (1964), A technique for computer detection and correction of spelling errors. */
#include "base/nearest.h"

#include "base/limits.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum {
    EDIT = 2,
    CASE = 1,
    PREFIX = 3, /* an abbreviation: farther than one edit, nearer than two */
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int change_cost(char a, char b)
{
    if (a == b)
        return 0;
    return lower(a) == lower(b) ? CASE : EDIT;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The distance between a (n bytes) and b (m bytes), or `limit` where it is not below it. */
static int distance(const char *a, int n, const char *b, int m, int limit, int64_t *work)
{
    int rows[3][QNI_NEAREST_NAME + 1];
    int *before = rows[0], *last = rows[1], *row = rows[2];
    for (int j = 0; j <= m; j++)
        last[j] = j * EDIT;
    for (int i = 1; i <= n; i++) {
        int lowest = row[0] = i * EDIT;
        for (int j = 1; j <= m; j++) {
            int cost = least(last[j], row[j - 1]) + EDIT;
            cost = least(cost, last[j - 1] + change_cost(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] != a[i - 2] && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost = least(cost, before[j - 2] + EDIT);
            row[j] = cost;
            lowest = least(lowest, cost);
        }
        *work += m + 1;
        if (lowest >= limit + EDIT) /* a swap may still reach back one row */
            return limit;
        int *free_row = before;
        before = last, last = row, row = free_row;
    }
    return least(last[m], limit);
}

/* Whether the first n bytes are equal but for the case. */
static bool begins(const char *word, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (lower(word[i]) != lower(name[i]))
            return false;
    return true;
}

/* What a name of this length may cost: a third of it in edits. One byte: only its case may differ. */
static int tolerance(int n, int m)
{
    int longer = n > m ? n : m;
    return longer < 3 ? CASE : longer / 3 * EDIT;
}

/* What it costs to take `word` (n bytes) for `name` (m bytes), or `limit` where that is not below it. */
static int cost_of(const char *word, int n, const char *name, int m, int limit, int64_t *work)
{
    if (n <= m && begins(word, n, name)) {
        if (n == m)
            return least(limit, memcmp(word, name, (size_t)n) == 0 ? 0 : CASE);
        if (n >= 3 && m - n >= 2)
            return least(limit, PREFIX);
    }
    int allowed = least(limit, tolerance(n, m) + 1);
    if ((n > m ? n - m : m - n) * EDIT >= allowed)
        return limit;
    int cost = distance(word, n, name, m, allowed, work);
    return cost < allowed ? cost : limit;
}

int64_t qni_nearest(const char *word, const char *const *names, int64_t count)
{
    assert(word != NULL && (names != NULL || count == 0));
    int n = (int)strnlen(word, QNI_NEAREST_NAME + 1);
    if (n == 0 || n > QNI_NEAREST_NAME)
        return -1;
    int64_t best = -1, work = 0;
    int best_cost = INT_MAX;
    for (int64_t i = 0; i < count && work < QNI_NEAREST_WORK; i++) {
        int m = (int)strnlen(names[i], QNI_NEAREST_NAME + 1);
        work += m + 1;
        if (m == 0 || m > QNI_NEAREST_NAME)
            continue;
        int cost = cost_of(word, n, names[i], m, best_cost, &work);
        if (cost < best_cost) {
            best = i;
            best_cost = cost;
        }
    }
    return best;
}
