/* base/version.c: which version of the library runs. Any thread. */
#include <quern/base.h>

#define TEXT_OF(number)             #number
#define DOTTED(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *qn_version(void)
{
    return DOTTED(QN_VERSION_MAJOR, QN_VERSION_MINOR, QN_VERSION_PATCH);
}
