#pragma once
#include <algorithm>
#include <cstddef>
#include <exception>

namespace alkali::base {

/// Calls task(i) for i = 0 .. count-1 on all threads of OpenMP, in any order. If some throw, the exception of the smallest i
/// is thrown again after all have ended, as a plain loop would.
template <class Task>
void parallel_for(std::size_t count, const Task& task) {
    std::exception_ptr failure;
    std::size_t failed = count;
#pragma omp parallel for schedule(dynamic)
    for (std::size_t i = 0; i < count; ++i) {
        try {
            task(i);
        } catch (...) {
#pragma omp critical(alkali_parallel_for_failure)
            if (i < failed) {
                failed = i;
                failure = std::current_exception();
            }
        }
    }
    if (failure) std::rethrow_exception(failure);
}

/// Calls task(begin, end) for parts of [0, count) of this length, the last one shorter: the same parts for any number of threads.
template <class Task>
void parallel_for_parts(std::size_t count, std::size_t length, const Task& task) {
    parallel_for((count + length - 1) / length, [&](std::size_t k) { task(k * length, std::min((k + 1) * length, count)); });
}

}  // namespace alkali::base
