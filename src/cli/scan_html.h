/* cli/scan_html.h: a scan as one page that needs nothing else. */
#ifndef QNI_CLI_SCAN_HTML_H
#define QNI_CLI_SCAN_HTML_H

#include <quern/scan.h>

/* Whether a report can go to `path` (NULL: none is asked for): told before the work. Errors: QN_INVALID (its
 * ending). */
QN_MUST_USE qn_status qni_scan_html_check(const char *path, qn_error *err);

/* Writes the report: HTML with its styles and charts in it, without scripts, without anything that is fetched. The file
 * appears whole or not at all. Errors: QN_CREATE, QN_PERMISSION, QN_IO, QN_NOMEM. */
QN_MUST_USE qn_status qni_scan_html(const qn_scan *scan, const char *path, const qn_allocator *allocator,
                                    qn_error *err);

#endif
