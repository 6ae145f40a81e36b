// bench/fit_ceres.cc: a fit by Ceres: all residuals in one cost function with exact derivatives, DENSE_QR, one thread.
#include "bench/fit_models.h"

#include <ceres/ceres.h>
#include <glog/logging.h>

namespace {

class Residuals : public ceres::CostFunction {
  public:
    Residuals(const fit_task *task, double *scratch) : task_(task), scratch_(scratch)
    {
        set_num_residuals(static_cast<int>(task->n));
        mutable_parameter_block_sizes()->push_back(static_cast<int>(task->p));
    }

    bool Evaluate(double const *const *parameters, double *residuals, double **jacobians) const override
    {
        double *rows = jacobians != nullptr ? jacobians[0] : nullptr;
        task_->model(task_->n, task_->p, task_->x, task_->y, parameters[0], residuals,
                     rows != nullptr ? scratch_ : nullptr);
        if (rows != nullptr)
            fit_transpose(task_->n, task_->p, scratch_, rows);
        return true;
    }

  private:
    const fit_task *task_;
    double *scratch_;
};

} // namespace

extern "C" int64_t fit_ceres(const fit_task *task, bool lapack, double *parameters, double *scratch)
{
    FLAGS_minloglevel = 3; // it warns of tolerances that are small
    ceres::Problem problem;
    problem.AddResidualBlock(new Residuals(task, scratch), nullptr, parameters);
    ceres::Solver::Options options;
    options.linear_solver_type = ceres::DENSE_QR;
    options.dense_linear_algebra_library_type = lapack ? ceres::LAPACK : ceres::EIGEN;
    options.function_tolerance = options.parameter_tolerance = options.gradient_tolerance = task->tolerance;
    options.max_num_iterations = 200;
    options.num_threads = 1;
    options.logging_type = ceres::SILENT;
    ceres::Solver::Summary summary;
    ceres::Solve(options, &problem, &summary);
    return summary.termination_type == ceres::CONVERGENCE
               ? summary.num_residual_evaluations + summary.num_jacobian_evaluations
               : -1;
}
