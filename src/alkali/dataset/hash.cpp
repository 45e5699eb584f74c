#include "alkali/dataset/hash.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace alkali::dataset {
namespace {

// First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
constexpr std::array<std::uint32_t, 64> round_constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

void add_number(Sha256& hash, double value) {
    const double unsigned_zero = value == 0 ? 0.0 : value;
    hash.add({reinterpret_cast<const char*>(&unsigned_zero), sizeof unsigned_zero});
}
void add_count(Sha256& hash, std::uint64_t value) { hash.add({reinterpret_cast<const char*>(&value), sizeof value}); }
void add_vector(Sha256& hash, const Vec3& v) {
    for (int c = 0; c < 3; ++c) add_number(hash, v[c]);
}
void add_matrix(Sha256& hash, const Mat3& m) {
    for (int i = 0; i < 9; ++i) add_number(hash, m(i / 3, i % 3));
}

void add_frame(Sha256& hash, const structure::Frame& frame) {
    const auto& [structure, labels, weight, info, source, index, columns, weights] = frame;
    add_matrix(hash, structure.cell.vectors());
    for (const bool periodic : structure.cell.periodic()) add_count(hash, periodic ? 1 : 0);
    add_count(hash, structure.size());
    for (const int number : structure.numbers) add_count(hash, static_cast<std::uint64_t>(number));
    for (const auto& position : structure.positions) add_vector(hash, position);
    add_number(hash, weight);
    add_count(hash, (labels.energy ? 1u : 0u) + (labels.forces ? 2u : 0u) + (labels.stress ? 4u : 0u));
    if (labels.energy) add_number(hash, *labels.energy);
    if (labels.forces)
        for (const auto& force : *labels.forces) add_vector(hash, force);
    if (labels.stress) add_matrix(hash, *labels.stress);
    if (weights != structure::LabelWeights{})
        for (const double of_label : {weights.energy, weights.forces, weights.stress}) add_number(hash, of_label);
}

}  // namespace

void Sha256::add(std::string_view bytes) {
    length_ += bytes.size();
    while (!bytes.empty()) {
        const std::size_t take = std::min(bytes.size(), buffer_.size() - filled_);
        std::memcpy(buffer_.data() + filled_, bytes.data(), take);
        filled_ += take;
        bytes.remove_prefix(take);
        if (filled_ == buffer_.size()) {
            block(buffer_.data());
            filled_ = 0;
        }
    }
}

std::string Sha256::hex() {
    const std::uint64_t bits = 8 * length_;
    std::string padding(1, '\x80');
    while ((filled_ + padding.size()) % 64 != 56) padding += '\0';
    for (int shift = 56; shift >= 0; shift -= 8) padding += static_cast<char>((bits >> shift) & 0xff);
    add(padding);
    std::string text;
    for (const auto word : state_) text += fmt::format("{:08x}", word);
    return text;
}

void Sha256::block(const unsigned char* bytes) {
    std::array<std::uint32_t, 64> w;
    for (std::size_t t = 0; t < 16; ++t)
        w[t] = (std::uint32_t{bytes[4 * t]} << 24) | (std::uint32_t{bytes[4 * t + 1]} << 16) | (std::uint32_t{bytes[4 * t + 2]} << 8) |
               bytes[4 * t + 3];
    for (std::size_t t = 16; t < 64; ++t) {
        const auto small_0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
        const auto small_1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
        w[t] = w[t - 16] + small_0 + w[t - 7] + small_1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t t = 0; t < 64; ++t) {
        const auto big_1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const auto big_0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const std::uint32_t t1 = h + big_1 + ((e & f) ^ (~e & g)) + round_constants[t] + w[t];
        const std::uint32_t t2 = big_0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> add{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += add[i];
}

std::string content_hash(std::span<const structure::Frame> frames) {
    Sha256 hash;
    add_count(hash, frames.size());
    for (const auto& frame : frames) add_frame(hash, frame);
    return hash.hex();
}

}  // namespace alkali::dataset
