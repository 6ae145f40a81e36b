/* lang/hoist.h: a formula over the columns of a stream, taken apart: calls of functions that keep state from row to row
 * (ema, sd, lag …) become steps that make columns of their own; what remains is a plain model over columns.
 *
 *     z = (price - ema(price, 20)) / sd(log(price), 20)
 *
 *     "=#3f2a…"               the model log(price)
 *     "=ema(price, 20)"       the call ema of the column price
 *     "=sd(#3f2a…, 20)"       the call sd of the column "=#3f2a…"
 *     z                       the model (price - `=ema(price, 20)`) / `=sd(#3f2a…, 20)`
 *
 * Always: the columns of steps begin with "=", which no name of a person's column does, and say what is computed: equal
 * names, equal columns, so that what several formulas call is computed once. An argument that is no column is named by
 * its model's digest. Every error has its place in the formula as it was written. One thread. */
#ifndef QNI_LANG_HOIST_H
#define QNI_LANG_HOIST_H

#include <quern/arena.h>
#include <quern/model.h>

typedef enum qni_stateful {
    QNI_STATEFUL_EMA,
    QNI_STATEFUL_SMA,
    QNI_STATEFUL_SD,
    QNI_STATEFUL_VWAP,
    QNI_STATEFUL_RSI,
    QNI_STATEFUL_BOLLINGER,
    QNI_STATEFUL_MACD,
    QNI_STATEFUL_REALIZED_VOL,
    QNI_STATEFUL_LAG,
    QNI_STATEFUL_DIFF,
    QNI_STATEFUL_COUNT
} qni_stateful;

enum {
    QNI_STATEFUL_SERIES = 2,    /* at most */
    QNI_STATEFUL_CONSTANTS = 3, /* at most */
    QNI_STATEFUL_ARGUMENTS = 4, /* both together, at most */
};

/* How a function is called: first its series, then its constants. */
typedef struct qni_stateful_info {
    const char *name;
    int series;        /* arguments that are columns or expressions of them */
    int least, most;   /* arguments that are constants */
    const char *usage; /* "ema(x, n)" */
} qni_stateful_info;

extern const qni_stateful_info qni_stateful_infos[QNI_STATEFUL_COUNT];

/* The function of that name; -1: none. */
int qni_stateful_find(const char *name, int64_t size);

/* One column to be made, from columns that there are and those of steps before it. */
typedef struct qni_hoist_step {
    const char *column; /* "=ema(price, 20)" */
    const char *text;   /* the call, or the argument, as it was written */
    int64_t place;      /* its column in the formula, from 1 */
    qn_model *model;    /* without parameters; NULL: a call */
    qni_stateful function;
    const char *series[QNI_STATEFUL_SERIES];  /* (qni_stateful_infos[function].series) columns */
    double constants[QNI_STATEFUL_CONSTANTS]; /* (constant_count) finite */
    int constant_count;
} qni_hoist_step;

typedef struct qni_hoisted {
    const char *name;      /* of the column that the formula makes */
    qn_model *model;       /* its value, over columns that there are and those of steps; without parameters */
    qni_hoist_step *steps; /* (count) */
    int64_t count;
    qn_arena *arena; /* holds names, texts and steps */
} qni_hoisted;

/* Takes `formula` (`size` bytes) apart: `name = expression`, with intermediates before it. `columns` (column_count) are
 * those that there are, steps' of other formulas too: a step whose column is among them is left out. Free with
 * qni_hoisted_fini in any case. Errors: as qn_model_new; QN_SYNTAX (no `name =`, a function called with too few or too
 * many arguments, a constant that is none or not finite); QN_NAME (a name that is no column, a new name that is one);
 * QN_LIMIT (too many calls). */
QN_MUST_USE qn_status qni_hoist(qni_hoisted *out, const char *formula, int64_t size, const char *const *columns,
                                int64_t column_count, const qn_allocator *allocator, qn_error *err);
void qni_hoisted_fini(qni_hoisted *hoisted);

/* Gives the error of what was made of a formula (a part's text, a step's state) the place of what was written; but not
 * to one that is about the machine's configuration. Returns the status. */
qn_status qni_hoist_place(qn_status status, int64_t place, qn_error *err);

/* Whether a column is a step's. */
static inline bool qni_hoist_is_hidden(const char *column)
{
    return column[0] == '=';
}

#endif
