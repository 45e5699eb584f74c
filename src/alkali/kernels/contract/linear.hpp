#pragma once

namespace alkali::kernels {

/// C (+)= A B for small matrices: A is (rows, inner) with any strides, B is (inner, columns) and C is (rows, columns),
/// both with contiguous columns; `columns` is a multiple of lane_padding. The order of summation over `inner` is fixed.
template <class T>
struct MatrixProduct {
    int rows = 0, inner = 0, columns = 0;
    const T* a = nullptr;
    long a_row = 0, a_inner = 1;  ///< strides of A
    const T* b = nullptr;
    long b_inner = 0;  ///< stride between rows of B
    T* c = nullptr;
    long c_row = 0;
    bool accumulate = false;
};

template <class T>
using MatrixProductKernel = void (*)(const MatrixProduct<T>&);

}  // namespace alkali::kernels
