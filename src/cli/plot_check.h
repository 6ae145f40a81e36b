/* cli/plot_check.h: a figure that cannot be drawn should be known before long work. */
#ifndef QNI_CLI_PLOT_CHECK_H
#define QNI_CLI_PLOT_CHECK_H

#include <quern/base.h>

/* Whether --plot can be written to `path` (NULL: none is asked for). Errors: QN_INVALID (its ending), QN_UNAVAILABLE.
 * */
QN_MUST_USE qn_status qni_plot_check(const char *path, qn_error *err);

#endif
