#pragma once
#include <cmath>

/// Dual numbers a + b eps, eps^2 = 0: forward-mode derivatives. Dual<Dual<double>> carries two directions and their mixed
/// second derivative.
namespace alkali::models::nequip::testing {

template <class S>
struct Dual {
    S value{}, slope{};
    Dual() = default;
    Dual(double v) : value(v) {}
    Dual(const S& v, const S& d) : value(v), slope(d) {}

    friend Dual operator+(const Dual& a, const Dual& b) { return {a.value + b.value, a.slope + b.slope}; }
    friend Dual operator-(const Dual& a, const Dual& b) { return {a.value - b.value, a.slope - b.slope}; }
    friend Dual operator-(const Dual& a) { return {-a.value, -a.slope}; }
    friend Dual operator*(const Dual& a, const Dual& b) { return {a.value * b.value, a.slope * b.value + a.value * b.slope}; }
    friend Dual operator/(const Dual& a, const Dual& b) {
        const S q = a.value / b.value;
        return {q, (a.slope - q * b.slope) / b.value};
    }
    Dual& operator+=(const Dual& o) { return *this = *this + o; }
    Dual& operator-=(const Dual& o) { return *this = *this - o; }
    Dual& operator*=(const Dual& o) { return *this = *this * o; }
};

inline double plain(double x) { return x; }
template <class S>
double plain(const Dual<S>& x) {
    return plain(x.value);
}

using std::cos;
using std::exp;
using std::sin;
using std::sqrt;
template <class S>
Dual<S> exp(const Dual<S>& x) {
    const S e = exp(x.value);
    return {e, x.slope * e};
}
template <class S>
Dual<S> cos(const Dual<S>& x);
template <class S>
Dual<S> sin(const Dual<S>& x) {
    return {sin(x.value), x.slope * cos(x.value)};
}
template <class S>
Dual<S> cos(const Dual<S>& x) {
    return {cos(x.value), -(x.slope * sin(x.value))};
}
template <class S>
Dual<S> sqrt(const Dual<S>& x) {
    const S root = sqrt(x.value);
    return {root, x.slope / (S(2.0) * root)};
}

}  // namespace alkali::models::nequip::testing
