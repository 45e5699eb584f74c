#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "alkali/structure/frame.hpp"

namespace alkali::dataset {

/// SHA-256 (FIPS 180-4), fed piece by piece.
class Sha256 {
public:
    void add(std::string_view bytes);
    /// 64 hexadecimal digits. The object is done after it.
    [[nodiscard]] std::string hex();

private:
    void block(const unsigned char* bytes);
    std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<unsigned char, 64> buffer_{};
    std::size_t filled_ = 0;
    std::uint64_t length_ = 0;
};

/// SHA-256 of what a model is trained on: cells, periodicity, species, positions, labels and weights of the frames in
/// order (not their file names or other info). Any changed bit of a number changes it.
[[nodiscard]] std::string content_hash(std::span<const structure::Frame> frames);

}  // namespace alkali::dataset
