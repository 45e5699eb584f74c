#include "alkali/models/kim/kim_calculator.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/calculator/finite.hpp"
#include "alkali/models/kim/kim_library.hpp"
#include "alkali/models/kim/kim_particles.hpp"
#include "alkali/models/kim/kim_units.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::models::kim {
namespace {

static_assert(sizeof(Vec3) == 3 * sizeof(double), "positions and forces are handed to KIM as plain arrays");

using calculator::Request;
using calculator::Result;
using structure::Structure;

// KIM calls this for the neighbours of one particle; the particles own the lists.
int get_neighbours(void* data, int lists, const double* cutoffs, int list, int particle, int* count, const int** neighbours) {
    const auto& particles = *static_cast<const Particles*>(data);
    static_cast<void>(cutoffs);
    if (list < 0 || list >= lists || particle < 0 || static_cast<std::size_t>(particle) >= particles.size()) return 1;
    const auto& chosen = particles.lists[static_cast<std::size_t>(list)];
    const auto first = chosen.first[static_cast<std::size_t>(particle)];
    *count = static_cast<int>(chosen.first[static_cast<std::size_t>(particle) + 1] - first);
    *neighbours = chosen.neighbour.data() + first;
    return 0;
}

/// Owns a model and its compute arguments.
class ModelHandle {
public:
    ModelHandle(std::shared_ptr<const Library> library, const std::string& name, const RequestedUnits& units)
        : library_(std::move(library)), f_(library_->functions()) {
        const QuietLog quiet(f_);
        int accepted = 0;
        const int failed =
            f_.model_create(f_.numbering("zeroBased"), f_.length_unit(units.length.c_str()), f_.energy_unit(units.energy.c_str()),
                            f_.charge_unit("e"), f_.temperature_unit("K"), f_.time_unit("ps"), name.c_str(), &accepted, &model_);
        if (failed != 0)
            throw ExternalProgramError("the KIM model cannot be opened", "kim:" + name,
                                       "check it with kim-api-collections-management and its driver");
        if (f_.arguments_create(model_, &arguments_) != 0) {
            f_.model_destroy(&model_);
            throw ExternalProgramError("the KIM model gives no compute arguments", "kim:" + name);
        }
    }
    ~ModelHandle() {
        f_.arguments_destroy(model_, &arguments_);
        f_.model_destroy(&model_);
    }
    ModelHandle(const ModelHandle&) = delete;
    ModelHandle& operator=(const ModelHandle&) = delete;

    [[nodiscard]] const Library& library() const { return *library_; }
    [[nodiscard]] const Functions& functions() const { return f_; }
    [[nodiscard]] const Model* model() const { return model_; }
    [[nodiscard]] ComputeArguments* arguments() const { return arguments_; }

private:
    std::shared_ptr<const Library> library_;
    const Functions& f_;
    Model* model_ = nullptr;
    ComputeArguments* arguments_ = nullptr;
};

/// What one compute() call gives in the model's units, over all particles.
struct Raw {
    double energy = 0;
    std::vector<double> positions, forces, energies, virials;
    std::vector<int> codes, contributing;
};

class KimCalculator final : public calculator::Calculator {
public:
    KimCalculator(std::shared_ptr<const Library> library, std::string name, const RequestedUnits& units)
        : handle_(std::move(library), name, units), name_(std::move(name)) {
        read_units();
        read_reach();
        read_species();
        read_arguments();
    }

    [[nodiscard]] Result compute(const Structure& structure, const Request& request) override;
    [[nodiscard]] std::string name() const override { return "kim:" + name_; }
    [[nodiscard]] std::vector<int> species() const override {
        std::vector<int> numbers;
        for (const auto& [number, code] : codes_) numbers.push_back(number);
        return numbers;
    }
    [[nodiscard]] double cutoff() const override { return reach_.influence; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> provenance() const override {
        return {{"model", name_}, {"engine", "KIM-API " + handle_.library().version()}};
    }

private:
    void read_units();
    void read_reach();
    void read_species();
    void read_arguments();
    [[nodiscard]] bool supports(const char* argument) const;
    [[nodiscard]] Raw prepare(const Structure& structure, const Particles& particles) const;
    void run(Raw& raw, const Particles& particles, bool energies, bool virials) const;
    [[nodiscard]] Result collect(const Structure& structure, const Particles& particles, const Raw& raw) const;

    ModelHandle handle_;
    std::string name_;
    double length_ = 1, energy_ = 1;  // the model's units in angstrom and eV
    Reach reach_;
    std::map<int, int> codes_;  // atomic number -> KIM species code
    bool has_energies_ = false, has_virials_ = false;
};

void KimCalculator::read_units() {
    const auto& f = handle_.functions();
    Enumerator length{}, energy{}, charge{}, temperature{}, time{};
    f.model_units(handle_.model(), &length, &energy, &charge, &temperature, &time);
    length_ = length_in_angstrom(f.length_unit_text(length));
    energy_ = energy_in_ev(f.energy_unit_text(energy));
}

void KimCalculator::read_reach() {
    const auto& f = handle_.functions();
    f.influence_distance(handle_.model(), &reach_.influence);
    reach_.influence *= length_;
    int count = 0;
    const double* cutoffs = nullptr;
    const int* hints = nullptr;
    f.neighbour_lists(handle_.model(), &count, &cutoffs, &hints);
    for (int k = 0; k < count; ++k) {
        reach_.cutoffs.push_back(cutoffs[k] * length_);
        reach_.ghosts_have_neighbours.push_back(hints[k] == 0);
        reach_.influence = std::max(reach_.influence, reach_.cutoffs.back());
    }
}

void KimCalculator::read_species() {
    const auto& f = handle_.functions();
    for (int number = 1; number <= units::max_atomic_number; ++number) {
        int supported = 0, code = 0;
        const std::string symbol(units::symbol(number));
        if (f.species_support(handle_.model(), f.species_name(symbol.c_str()), &supported, &code) == 0 && supported != 0)
            codes_[number] = code;
    }
}

bool KimCalculator::supports(const char* argument) const {
    const auto& f = handle_.functions();
    Enumerator status{};
    if (f.argument_support(handle_.arguments(), f.argument_name(argument), &status) != 0) return false;
    return std::string_view(f.support_text(status)) != "notSupported";
}

void KimCalculator::read_arguments() {
    for (const char* needed : {"partialEnergy", "partialForces"})
        if (!supports(needed)) throw ExternalProgramError(std::string("the KIM model does not give ") + needed, name());
    has_energies_ = supports("partialParticleEnergy");
    has_virials_ = supports("partialParticleVirial");
}

Raw KimCalculator::prepare(const Structure& structure, const Particles& particles) const {
    Raw raw;
    raw.positions.reserve(3 * particles.size());
    for (const Vec3& position : particles.positions)
        for (int a = 0; a < 3; ++a) raw.positions.push_back(position[a] / length_);
    for (const int home : particles.home) {
        const int number = structure.numbers[static_cast<std::size_t>(home)];
        const auto found = codes_.find(number);
        if (found == codes_.end()) {
            std::string known;
            for (const auto& [n, code] : codes_) known += (known.empty() ? "" : ", ") + std::string(units::symbol(n));
            throw InputError(
                "the KIM model does not know the species " + std::string(units::symbol(number)) + " of atom " + std::to_string(home + 1),
                name(), "it knows " + known);
        }
        raw.codes.push_back(found->second);
    }
    raw.contributing.assign(particles.size(), 0);
    std::fill_n(raw.contributing.begin(), particles.atoms, 1);
    raw.forces.assign(3 * particles.size(), 0.0);
    return raw;
}

void KimCalculator::run(Raw& raw, const Particles& particles, bool energies, bool virials) const {
    const auto& f = handle_.functions();
    ComputeArguments* arguments = handle_.arguments();
    const int count = static_cast<int>(particles.size());
    if (energies) raw.energies.assign(particles.size(), 0.0);
    if (virials) raw.virials.assign(6 * particles.size(), 0.0);
    int failed = 0;
    const auto doubles = [&](const char* name, const double* data) { failed |= f.set_doubles(arguments, f.argument_name(name), data); };
    const auto integers = [&](const char* name, const int* data) { failed |= f.set_integers(arguments, f.argument_name(name), data); };
    integers("numberOfParticles", &count);
    integers("particleSpeciesCodes", raw.codes.data());
    integers("particleContributing", raw.contributing.data());
    doubles("coordinates", raw.positions.data());
    doubles("partialEnergy", &raw.energy);
    doubles("partialForces", raw.forces.data());
    if (has_energies_) doubles("partialParticleEnergy", energies ? raw.energies.data() : nullptr);
    if (has_virials_) doubles("partialParticleVirial", virials ? raw.virials.data() : nullptr);
    failed |= f.set_callback(arguments, f.callback_name("GetNeighborList"), f.language("c"),
                             reinterpret_cast<AnyFunction*>(&get_neighbours), const_cast<Particles*>(&particles));
    int complete = 0;
    f.all_required_present(arguments, &complete);
    if (failed != 0 || complete == 0) throw ExternalProgramError("the KIM model requires arguments that alkali does not offer", name());
    const QuietLog quiet(f);
    if (f.model_compute(handle_.model(), arguments) != 0) throw ExternalProgramError("the KIM model failed on this structure", name());
}

// The energy depends on the positions of atoms and ghosts alone, so a strain changes it by -sum over all particles of
// f (x) r: exact for every model, whether or not it gives its own virial, and free of any sign convention.
Result KimCalculator::collect(const Structure& structure, const Particles& particles, const Raw& raw) const {
    Result result;
    result.energy = raw.energy * energy_;
    result.forces.assign(structure.size(), Vec3::Zero());
    Mat3 strain_derivative = Mat3::Zero();
    const double force = energy_ / length_;
    for (std::size_t p = 0; p < particles.size(); ++p) {
        const Vec3 f = force * Vec3(raw.forces[3 * p], raw.forces[3 * p + 1], raw.forces[3 * p + 2]);
        result.forces[static_cast<std::size_t>(particles.home[p])] += f;
        strain_derivative -= f * particles.positions[p].transpose();
    }
    const double volume = structure.cell.volume();
    if (volume > 0) result.stress = from_voigt(to_voigt(strain_derivative)) / volume;
    if (!raw.energies.empty()) {
        result.energies.assign(raw.energies.begin(), raw.energies.begin() + static_cast<std::ptrdiff_t>(particles.atoms));
        for (double& e : result.energies) e *= energy_;
    }
    if (!raw.virials.empty()) {
        // KIM's virial is + dE/dstrain; alkali's is - stress x volume. What falls on ghosts belongs to their atoms.
        result.virials.assign(structure.size(), Mat3::Zero());
        for (std::size_t p = 0; p < particles.size(); ++p) {
            Voigt v;
            for (std::size_t a = 0; a < 6; ++a) v[a] = -energy_ * raw.virials[6 * p + a];
            result.virials[static_cast<std::size_t>(particles.home[p])] += from_voigt(v);
        }
    }
    calculator::require_finite(result, name());
    return result;
}

Result KimCalculator::compute(const Structure& structure, const Request& request) {
    if (structure.size() == 0) return {};
    const Particles particles = make_particles(structure, reach_);
    Raw raw = prepare(structure, particles);
    run(raw, particles, request.per_atom && has_energies_, request.per_atom && has_virials_);
    return collect(structure, particles, raw);
}

/// The full name that a short identifier such as MO_732106099012 stands for; the name itself otherwise.
std::string full_name(const std::string& name, const std::vector<std::string>& installed) {
    std::vector<std::string> matches;
    for (const auto& candidate : installed)
        if (name.starts_with("MO_") && candidate.find("__" + name) != std::string::npos) matches.push_back(candidate);
    return matches.size() == 1 ? matches.front() : name;
}

void refuse(const std::string& name, const std::string& type, const std::vector<std::string>& portable) {
    const std::string where = "kim:" + name;
    if (type == "simulatorModel" || name.starts_with("SM_") || name.find("__SM_") != std::string::npos)
        throw InputError("is a simulator model: it runs inside another program (LAMMPS) only", where, "choose a portable model (MO_...)");
    if (type == "modelDriver") throw InputError("is a model driver, not a model", where, "choose a model (MO_...)");
    std::string hint = base::did_you_mean(name, portable, 3);
    if (hint.empty())
        hint = portable.empty() ? "no portable model is installed (Debian: apt install openkim-models)"
                                : "list them with kim-api-collections-management list";
    throw InputError("no such KIM model is installed", where, hint);
}

}  // namespace

std::unique_ptr<calculator::Calculator> open_kim(const std::string& model, base::LogSink& log, const RequestedUnits& units) {
    auto library = Library::load();
    std::string name = model, type = library->type_of(model);
    if (type.empty()) {
        name = full_name(model, library->installed("portableModel"));
        if (name != model) type = library->type_of(name);
    }
    if (type != "portableModel") refuse(model, type, library->installed("portableModel"));
    auto calculator = std::make_unique<KimCalculator>(std::move(library), name, units);
    log.debug("opened " + calculator->name());
    return calculator;
}

}  // namespace alkali::models::kim
