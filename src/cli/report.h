/* cli/report.h: errors and warnings on standard error, for a person.
 *
 * What is quoted from input is made harmless for a terminal. A message goes out with one write, so that it is not torn.
 */
#ifndef QNI_CLI_REPORT_H
#define QNI_CLI_REPORT_H

#include "cli/out.h"

#include <quern/base.h>

/* `quern: data.csv:17:5: column "x": …`. Returns the exit code that belongs to the error. */
int qni_report(const qn_error *err);

/* A wrong command line: the same, and where help is to be found (`verb` may be NULL). */
int qni_report_usage(const qn_error *err, const char *verb);

/* An error about a formula: below the sentence the line of `formula` (`size` bytes) that err->column (in bytes from its
 * beginning) points into, or a part of it that fits, and a caret. `file`: where the formula comes from; NULL: the
 * command line. */
int qni_report_formula(const qn_error *err, const char *formula, int64_t size, const char *file);

/* `quern: warning: …` */
void qni_report_warning(const char *text);

#endif
