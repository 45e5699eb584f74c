#pragma once
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace alkali::base {

/// Random numbers that are the same on every platform and can be stored and restored exactly.
/// Engine: 64-bit Mersenne twister (its output is fixed by the C++ standard); the distributions are written here
/// because the standard leaves theirs open.
class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    [[nodiscard]] std::uint64_t bits() { return engine_(); }
    /// Uniform in [0, 1), 53 bits.
    [[nodiscard]] double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
    [[nodiscard]] double uniform(double low, double high) { return low + (high - low) * uniform(); }
    /// Standard normal (Box-Muller, one value per call).
    [[nodiscard]] double normal();
    /// Uniform in 0 .. bound-1; bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);
    /// Fisher-Yates.
    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }
    /// The whole state as text, and back (InputError when it is not a state).
    [[nodiscard]] std::string state() const;
    void restore(const std::string& state);

private:
    std::mt19937_64 engine_;
};

}  // namespace alkali::base
