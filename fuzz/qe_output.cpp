// Reader of pw.x's outputs on arbitrary bytes, text and XML with a zero byte between them: whatever comes, it gives a fault or
// labels that are complete and finite, and throws nothing. Anything else is a finding.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "alkali/labelling/quantum_espresso/output.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace alkali;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto cut = bytes.find('\0');
    const auto text = bytes.substr(0, cut), xml = cut == std::string_view::npos ? std::string_view{} : bytes.substr(cut + 1);
    structure::Structure pair;
    pair.cell = structure::Cell::cubic(3.4);
    pair.add(3, Vec3::Zero());
    pair.add(3, Vec3(1.8, 1.7, 1.6));
    const auto reading = labelling::qe::read_output(text, xml, pair);
    if (reading.fault != labelling::Fault::none) return 0;
    const auto& out = reading.output;
    bool sound = std::isfinite(out.energy) && out.forces.size() == pair.size() && out.stress.allFinite();
    for (const Vec3& force : out.forces) sound = sound && force.allFinite();
    if (!sound) std::abort();
    return 0;
}
