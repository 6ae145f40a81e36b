/* array/workspace.h: what other folders need to know of a workspace. */
#ifndef QNI_ARRAY_WORKSPACE_H
#define QNI_ARRAY_WORKSPACE_H

#include <quern/workspace.h>

/* The allocator on which a workspace draws, NULL: the default; for qni_refused, which names the budget behind it. */
const qn_allocator *qni_workspace_source(const qn_workspace *workspace);

#endif
