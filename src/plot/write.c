/* plot/write.c: a figure to a file: the ending of its name says which kind. */
#include "plot/render_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"

#include <string.h>

static bool ends_with(const char *path, const char *ending)
{
    size_t size = strlen(path), ending_size = strlen(ending);
    if (size <= ending_size || path[size - ending_size - 1] == '/')
        return false;
    for (const char *c = path + size - ending_size; *c != '\0'; c++, ending++)
        if ((*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c) != *ending)
            return false;
    return true;
}

qn_status qn_plot_write(const qn_plot *plot, const char *path, qn_error *err)
{
    bool svg = ends_with(path, ".svg");
    if (!svg && !ends_with(path, ".png"))
        return qni_error(err, QN_INVALID, "cannot tell what kind of picture \"%s\" is: end its name in .svg or .png",
                         path);
    if (plot->panel_count == 0)
        return qni_error(err, QN_INVALID, "a plot without panels cannot be drawn: add one");
    qni_bytes picture;
    qn_status s = qni_render(&picture, plot, svg ? QNI_FORMAT_SVG : QNI_FORMAT_PNG, err);
    if (s != QN_OK)
        return s;
    s = qni_file_write_all(path, picture.bytes, picture.size, plot->allocator, err);
    qni_free(plot->allocator, picture.bytes, picture.capacity, 1);
    return s;
}
