#include "alkali/labelling/quantum_espresso/xml.hpp"

#include "alkali/io/quantum_espresso_xml.hpp"

namespace alkali::labelling::qe {

XmlOutput read_xml(std::string_view xml) {
    io::qe::XmlParser parser;
    parser.feed(xml, true);
    const auto& run = parser.run();
    XmlOutput out;
    out.energy = run.last.energy;
    out.forces = run.last.forces;
    out.stress = run.last.stress;
    out.positions = run.last.positions;
    out.cell = run.last.cell;
    out.converged = run.last.converged;
    out.k_points = run.k_points;
    out.dense = run.dense;
    out.smooth = run.smooth;
    out.complete = run.complete && !xml.empty();
    out.fault = xml.empty() ? std::string{} : run.fault;
    return out;
}

}  // namespace alkali::labelling::qe
