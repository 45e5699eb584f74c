#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/io/quantum_espresso.hpp"
#include "alkali/io/quantum_espresso_geometry.hpp"
#include "alkali/io/quantum_espresso_xml.hpp"
#include "alkali/io/text.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::io {
namespace {

using qe::XmlRun;
using qe::XmlStep;
using units::bohr;
using units::hartree;

std::vector<Vec3> rows(const std::vector<double>& numbers, double unit) {
    std::vector<Vec3> vectors;
    for (std::size_t i = 0; i + 2 < numbers.size(); i += 3) vectors.emplace_back(Vec3(numbers[i], numbers[i + 1], numbers[i + 2]) * unit);
    return vectors;
}

/// Whether <output>, which repeats the last ionic step, belongs to its structure: where steps ran out it has the energy of the
/// last step beside the positions of one that was never computed.
bool repeats_last_step(const XmlStep& output, const XmlStep& step) {
    return output.energy && step.energy && std::abs(*output.energy - *step.energy) < 1e-9 * std::abs(*step.energy);
}

class XmlReader final : public FrameReader {
public:
    XmlReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), options_(options), place_{source, 0} {}

    bool next(Frame& frame) override {
        notes_ = {};
        if (!read_) read_all();
        while (!parser_.steps.empty()) {
            const auto step = std::move(parser_.steps.front());
            parser_.steps.pop_front();
            if (give(step, frame)) return true;
        }
        return false;
    }

    FrameNotes notes() const override { return notes_; }

private:
    /// Functional and dispersion as taken stand at the end of the document.
    void read_all() {
        read_ = true;
        std::string piece;
        for (bool more = true; more;) {
            piece.resize(1 << 16);
            stream_->read(piece.data(), static_cast<std::streamsize>(piece.size()));
            piece.resize(static_cast<std::size_t>(stream_->gcount()));
            more = static_cast<bool>(*stream_);
            parser_.feed(piece, !more);
        }
        const auto& run = parser_.run();
        if (run.version.empty()) place_.fail("is no XML file of pw.x", "from 6.2 on: PREFIX.xml, data-file-schema.xml");
        if (run.calculation == "nscf" || run.calculation == "bands") {
            parser_.steps.clear();
            return leave_out("a band structure calculation (" + run.calculation + ") gives no total energy");
        }
        take_output();
        if (!run.complete) leave_out("the file is damaged (" + run.fault + "): what stood behind that is missing");
    }

    void take_output() {
        const auto& run = parser_.run();
        if (!run.ended || !run.last.energy) return;
        auto last = run.last;
        // pw.x 6.7 leaves with 2 where the electrons did not converge.
        if (run.exit_status == 2) last.converged = false;
        auto& steps = parser_.steps;
        if (steps.empty() || (run.calculation == "vc-relax" && !repeats_last_step(last, steps.back())))
            steps.push_back(std::move(last));  // the final scf of vc-relax
        else if (steps.back().stress.empty() && repeats_last_step(last, steps.back()))
            steps.back().stress = last.stress;  // of that scf, whichever positions stand beside it
    }

    [[nodiscard]] std::string fault_of(const XmlStep& step) const {
        const auto atoms = step.names.size();
        if (!step.energy) return "there is no total energy";
        if (step.converged == false) return "convergence NOT achieved";
        // Of steps in Ry, of <output> in Hartree.
        const auto threshold = parser_.run().conv_thr;
        if (step.scf_error && threshold && *step.scf_error > 2.2 * *threshold)
            return fmt::format("the estimated accuracy of {:.1e} is not within conv_thr, {:.1e}: the iterations were used up",
                               *step.scf_error, *threshold);
        if (step.positions.size() != 3 * atoms || step.cell.size() != 9) return "the structure is not complete";
        if (!step.forces.empty() && step.forces.size() != 3 * atoms)
            return fmt::format("there are forces on {} of {} atoms", step.forces.size() / 3, atoms);
        if (!step.stress.empty() && step.stress.size() != 9) return "the stress is not complete";
        return {};
    }

    bool give(const XmlStep& step, Frame& frame) {
        if (const auto why = fault_of(step); !why.empty()) {
            leave_out(why);
            return false;
        }
        try {
            frame = frame_of(step);
        } catch (const FileError& error) {
            leave_out(error.fault() + (error.hint().empty() ? "" : " (" + error.hint() + ")"));
            return false;
        }
        ++place_.frame;
        return true;
    }

    Frame frame_of(const XmlStep& step) {
        const auto& run = parser_.run();
        Frame frame;
        const auto cell = rows(step.cell, bohr), positions = rows(step.positions, bohr);
        Mat3 vectors;
        for (int i = 0; i < 3; ++i) vectors.row(i) = cell[static_cast<std::size_t>(i)].transpose();
        frame.structure.cell = make_cell(vectors, {true, true, true}, place_);
        for (std::size_t i = 0; i < positions.size(); ++i) frame.structure.add(number_of(step.names[i]), positions[i]);
        frame.labels.energy = *step.energy * hartree;
        notes_.energy_from = "total_energy/etot";
        if (!step.forces.empty() && !run.held) {
            frame.labels.forces = rows(step.forces, hartree / bohr);
            notes_.forces_from = "forces";
        } else if (!step.forces.empty()) {
            notes_.warnings.emplace_back(
                "forces are left out: atoms were held, and the XML has zeros for the forces on them; read the text output instead");
        }
        if (!step.stress.empty()) {
            const Mat3 stress = -Eigen::Map<const Mat3>(step.stress.data()) * (hartree / (bohr * bohr * bohr));
            frame.labels.stress = (stress + stress.transpose()) / 2;
            notes_.stress_from = "stress";
        }
        frame.info = qe::info_of(run);
        frame.source = place_.source;
        frame.index = place_.frame;
        check_frame(frame, options_.numbers, place_);
        return frame;
    }

    int number_of(const std::string& name) {
        const auto& run = parser_.run();
        if (const auto known = elements_.find(name); known != elements_.end()) return known->second;
        qe::Species species{name, {}, 0};
        if (const auto mass = run.masses.find(name); mass != run.masses.end()) species.mass = mass->second;
        if (const auto file = run.pseudopotentials.find(name); file != run.pseudopotentials.end()) species.pseudopotential = file->second;
        const int z = qe::element_by_file(species);
        if (z == 0) place_.fail(fmt::format("the species '{}' tells no element, nor do its mass and pseudopotential", name));
        if (auto doubt = qe::contradiction(species, z); !doubt.empty()) notes_.warnings.push_back(std::move(doubt));
        return elements_[name] = z;
    }

    void leave_out(std::string why) {
        notes_.left_out.push_back({place_.where(), std::move(why)});
        ++place_.frame;
    }

    std::unique_ptr<std::istream> stream_;
    ReadOptions options_;
    Place place_;
    qe::XmlParser parser_;
    FrameNotes notes_;
    bool read_ = false;
    std::map<std::string, int> elements_;  // of species
};

}  // namespace

std::unique_ptr<FrameReader> open_qe_xml(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<XmlReader>(std::move(stream), source, options);
}

bool is_qe_xml(std::string_view beginning) { return beginning.find("<qes:espresso") != std::string_view::npos; }

}  // namespace alkali::io
