/* cli/plot_check.c: whether a figure can be drawn into a file of that name. */
#include "cli/plot_check.h"

#include "base/error.h"

#include <string.h>

qn_status qni_plot_check(const char *path, qn_error *err)
{
    const char *end = path != NULL ? strrchr(path, '.') : NULL;
    if (path == NULL)
        return QN_OK;
    if (end == NULL || (strcmp(end, ".svg") != 0 && strcmp(end, ".png") != 0))
        return qni_error(err, QN_INVALID, "--plot: \"%.200s\" ends neither in .svg nor in .png", path);
    if (!qn_has("cairo"))
        return qni_error(err, QN_UNAVAILABLE,
                         "--plot: the cairo library is not here: install libcairo2, or leave --plot out");
    return QN_OK;
}
