/* scan_page FILE whole|empty|hostile COUNT: the report of a scan made by hand, for a browser to look at. */
#include "cli/made_scan.h"
#include "cli/scan_html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    qn_error err;
    if (argc != 4)
        return 2;
    made_kind kind = strcmp(argv[2], "hostile") == 0 ? MADE_HOSTILE : argv[2][0] == 'e' ? MADE_EMPTY : MADE_WHOLE;
    made_scan *made = made_scan_new(kind, strtol(argv[3], NULL, 10));
    qn_status s = qni_scan_html(made_scan_get(made), argv[1], NULL, &err);
    if (s != QN_OK)
        fprintf(stderr, "%s\n", err.message);
    made_scan_free(made);
    return s == QN_OK ? 0 : 1;
}
