/* array/workspace_default.c: the process's workspace: one atomic pointer, filled on first use. */
#include "array/workspace_int.h"

#include "base/log.h"

static _Atomic(qn_workspace *) default_workspace;

static qn_workspace *make(qn_error *err)
{
    qn_budget *budget;
    qn_workspace *fresh;
    qn_workspace_options options;
    qn_workspace_options_init(&options, sizeof options);
    options.idle_limit = QNI_WORKSPACE_DEFAULT_IDLE;
    if (qn_budget_new(&budget, NULL, "workspaces", NULL, err) != QN_OK)
        return NULL;
    if (qn_workspace_new(&fresh, &options, qn_budget_allocator(budget), err) != QN_OK) {
        qn_budget_free(budget);
        return NULL;
    }
    fresh->own_budget = budget;
    return fresh;
}

qn_workspace *qn_workspace_default(void)
{
    /* Acquire: pairs with the releases below. */
    qn_workspace *workspace = atomic_load_explicit(&default_workspace, memory_order_acquire);
    if (workspace != NULL)
        return workspace;
    qn_error err;
    qn_workspace *fresh = make(&err);
    if (fresh == NULL) {
        qni_log(QN_LOG_WARN, "workspace", "%s", err.message);
        return NULL;
    }
    /* Release: publishes the workspace. Acquire on failure: another thread's is seen complete; ours was not needed. */
    if (atomic_compare_exchange_strong_explicit(&default_workspace, &workspace, fresh, memory_order_acq_rel,
                                                memory_order_acquire))
        return fresh;
    qn_workspace_free(fresh);
    return workspace;
}

void qn_workspace_set_default(qn_workspace *workspace)
{
    /* Release: publishes the injected workspace. Acquire: the one before may be freed here. */
    qn_workspace *before = atomic_exchange_explicit(&default_workspace, workspace, memory_order_acq_rel);
    if (before != NULL && before != workspace && before->own_budget != NULL)
        qn_workspace_free(before);
}
