/* plot/has.c: which optional parts can be used. Any thread. */
#include "plot/render_int.h"

#include <string.h>

bool qn_has(const char *part)
{
    return part != NULL && strcmp(part, "cairo") == 0 && qni_render_available();
}
