#include "alkali/models/common/domains.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <exception>
#include <map>
#include <numeric>
#include <system_error>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/contract/assemble.hpp"

namespace alkali::models {
namespace {

/// Which domain each atom lies in.
std::vector<int> owners(const structure::Structure& structure, const std::array<int, 3>& counts) {
    std::vector<int> owner(structure.size());
    for (std::size_t i = 0; i < structure.size(); ++i) {
        const Vec3 fractional = structure.cell.to_fractional(structure.cell.wrap(structure.positions[i]));
        int index = 0;
        for (int a = 0; a < 3; ++a) {
            const auto n = counts[static_cast<std::size_t>(a)];
            index = index * n + std::clamp(static_cast<int>(fractional[a] * n), 0, n - 1);
        }
        owner[i] = index;
    }
    return owner;
}

/// Ends a domain whose partner failed.
struct Abandoned {};

/// Where the rows of every domain lie while an exchange is under way.
struct Shared {
    explicit Shared(std::span<const Domain> all) : domains(all), rows(all.size()), barrier(static_cast<std::ptrdiff_t>(all.size())) {}
    /// Waits for all domains. Errors: Abandoned if one has left.
    void meet() {
        barrier.arrive_and_wait();
        if (left) throw Abandoned{};
    }
    /// Called instead of meeting again: nobody waits for this domain any more.
    void leave() {
        left = true;
        barrier.arrive_and_drop();
    }
    std::span<const Domain> domains;
    std::vector<void*> rows;
    std::barrier<> barrier;
    std::atomic<bool> left{false};
};

class InProcessExchange final : public Exchange {
public:
    InProcessExchange(Shared& shared, std::size_t own) : shared_(shared), own_(own) {}
    void forward(float* rows, std::size_t width) override { copy_out(rows, width); }
    void forward(double* rows, std::size_t width) override { copy_out(rows, width); }
    void reverse_add(float* rows, std::size_t width) override { add_back(rows, width); }
    void reverse_add(double* rows, std::size_t width) override { add_back(rows, width); }

private:
    template <class T>
    void copy_out(T* rows, std::size_t width) {
        shared_.rows[own_] = rows;
        shared_.meet();
        const Domain& domain = shared_.domains[own_];
        for (std::size_t g = 0; g < domain.ghosts.size(); ++g) {
            const auto& origin = domain.ghosts[g];
            const T* from = static_cast<const T*>(shared_.rows[static_cast<std::size_t>(origin.domain)]) +
                            static_cast<std::size_t>(origin.local) * width;
            std::copy(from, from + width, rows + (domain.atoms.size() + g) * width);
        }
        shared_.meet();
    }

    template <class T>
    void add_back(T* rows, std::size_t width) {
        shared_.rows[own_] = rows;
        shared_.meet();
        for (std::size_t d = 0; d < shared_.domains.size(); ++d) {
            const Domain& other = shared_.domains[d];
            for (std::size_t g = 0; g < other.ghosts.size(); ++g) {
                if (other.ghosts[g].domain != static_cast<int>(own_)) continue;
                const T* from = static_cast<const T*>(shared_.rows[d]) + (other.atoms.size() + g) * width;
                T* to = rows + static_cast<std::size_t>(other.ghosts[g].local) * width;
                for (std::size_t k = 0; k < width; ++k) to[k] += from[k];
            }
        }
        shared_.meet();
    }

    Shared& shared_;
    std::size_t own_;
};

/// What one domain contributes.
struct Part {
    std::vector<double> energies;
    std::vector<Vec3> forces;
    std::vector<Mat3> virials;
    Mat3 virial = Mat3::Zero();
};

void evaluate_part(const Domain& domain, const Model& model, Exchange& exchange, Part& part) {
    const Graph graph = domain.view();
    const auto atoms = static_cast<std::size_t>(graph.num_atoms());
    std::vector<Vec3> gradient(domain.vector.size());
    part.energies.assign(domain.atoms.size(), 0.0);
    part.forces.assign(atoms, Vec3::Zero());
    part.virials.assign(atoms, Mat3::Zero());
    model.evaluate(graph, exchange, {part.energies, gradient});
    Assembly assembly{part.forces, part.virials};
    assemble(graph, gradient, assembly);
    part.virial = assembly.virial;
    if (atoms == 0) {  // an empty domain still takes part; it needs an address to show
        double nothing = 0;
        exchange.reverse_add(&nothing, 3);
        exchange.reverse_add(&nothing, 9);
        return;
    }
    exchange.reverse_add(part.forces[0].data(), 3);
    exchange.reverse_add(part.virials[0].data(), 9);
}

/// Every domain on a thread of its own. Errors: what the model throws, of the first domain that failed; InternalError where a thread
/// cannot be started.
std::vector<Part> evaluate_parts(const Model& model, std::span<const Domain> domains) {
    Shared shared(domains);
    std::vector<Part> parts(domains.size());
    std::vector<std::exception_ptr> failures(domains.size());
    std::vector<std::thread> threads;
    threads.reserve(domains.size());
    const auto run = [&](std::size_t d) {
        try {
            omp_set_num_threads(1);
            InProcessExchange exchange(shared, d);
            evaluate_part(domains[d], model, exchange, parts[d]);
        } catch (const Abandoned&) {
            shared.leave();
        } catch (...) {
            failures[d] = std::current_exception();
            shared.leave();
        }
    };
    for (std::size_t d = 0; d < domains.size(); ++d) {
        try {
            threads.emplace_back(run, d);
        } catch (const std::system_error& error) {
            failures[d] = std::make_exception_ptr(InternalError(std::string("cannot start a thread: ") + error.what()));
            shared.leave();
        }
    }
    for (auto& thread : threads) thread.join();
    for (const auto& failure : failures)
        if (failure) std::rethrow_exception(failure);
    return parts;
}

}  // namespace

Graph Domain::view() const {
    return {static_cast<int>(atoms.size()), static_cast<int>(ghosts.size()), types, first, neighbour, vector, &incoming};
}

std::vector<Domain> cut_into_domains(const structure::Structure& structure, const Model& model, const std::array<int, 3>& counts) {
    const auto whole = structure_graph(structure, model.type_names(), model.cutoff(), {});
    const auto owner = owners(structure, counts);
    std::vector<Domain> domains(static_cast<std::size_t>(counts[0] * counts[1] * counts[2]));
    std::vector<int> local(structure.size());
    for (std::size_t i = 0; i < structure.size(); ++i) {
        Domain& domain = domains[static_cast<std::size_t>(owner[i])];
        local[i] = static_cast<int>(domain.atoms.size());
        domain.atoms.push_back(static_cast<int>(i));
        domain.types.push_back(whole.types[i]);
    }
    using Image = std::pair<int, std::array<int, 3>>;
    for (std::size_t d = 0; d < domains.size(); ++d) {
        Domain& domain = domains[d];
        std::map<Image, int> ghost;
        domain.first.push_back(0);
        for (const int i : domain.atoms) {
            for (auto e = static_cast<std::size_t>(whole.list.first[static_cast<std::size_t>(i)]);
                 e < static_cast<std::size_t>(whole.list.first[static_cast<std::size_t>(i) + 1]); ++e) {
                const int j = whole.list.neighbour[e];
                const auto home = owner[static_cast<std::size_t>(j)];
                int index = local[static_cast<std::size_t>(j)];
                if (home != static_cast<int>(d) || whole.list.shift[e] != std::array<int, 3>{0, 0, 0}) {
                    const auto [slot, added] = ghost.try_emplace(Image{j, whole.list.shift[e]}, static_cast<int>(domain.ghosts.size()));
                    if (added) {
                        domain.ghosts.push_back({home, index});
                        domain.types.push_back(whole.types[static_cast<std::size_t>(j)]);
                    }
                    index = static_cast<int>(domain.atoms.size()) + slot->second;
                }
                domain.neighbour.push_back(index);
                domain.vector.push_back(whole.list.vector[e]);
            }
            domain.first.push_back(static_cast<std::int64_t>(domain.neighbour.size()));
        }
    }
    for (Domain& domain : domains) domain.incoming = incoming_edges(domain.view());
    return domains;
}

calculator::Result evaluate_domains(const structure::Structure& structure, const Model& model, std::span<const Domain> domains) {
    const auto parts = evaluate_parts(model, domains);

    calculator::Result result;
    result.energies.resize(structure.size());
    result.forces.resize(structure.size());
    result.virials.resize(structure.size());
    Mat3 virial = Mat3::Zero();
    for (std::size_t d = 0; d < domains.size(); ++d) {
        for (std::size_t k = 0; k < domains[d].atoms.size(); ++k) {
            const auto i = static_cast<std::size_t>(domains[d].atoms[k]);
            result.energies[i] = parts[d].energies[k];
            result.forces[i] = parts[d].forces[k];
            result.virials[i] = parts[d].virials[k];
        }
        virial += parts[d].virial;
    }
    result.energy = std::accumulate(result.energies.begin(), result.energies.end(), 0.0);
    if (const double volume = structure.cell.volume(); volume > 0) result.stress = -virial / volume;
    return result;
}

}  // namespace alkali::models
