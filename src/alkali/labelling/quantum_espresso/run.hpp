#pragma once
#include <optional>
#include <string>
#include <vector>

#include "alkali/labelling/labeller.hpp"
#include "alkali/labelling/quantum_espresso/input.hpp"
#include "alkali/labelling/quantum_espresso/output.hpp"
#include "alkali/labelling/quantum_espresso/pseudopotentials.hpp"

namespace alkali::labelling::qe {

/// A structure brought to its labels.
struct Solution {
    Output output;
    Job job;  ///< as it succeeded
    std::vector<Attempt> attempts;
    double seconds = 0;
};

/// Refuses what pw.x could not or should not do, with the atom or direction named. Errors: InputError.
void check_structure(const structure::Structure& structure, const Physics& physics);

/// The command line of one run; `pools` is that of the ladder.
[[nodiscard]] std::vector<std::string> command_words(const RunSettings& run, int processes, int pools);
/// k-point pools that the mesh feeds: a divisor of `processes`.
[[nodiscard]] int pools_for(const Physics& physics, const Mesh& mesh, int processes, int wanted);

/// Runs pw.x in workplace.scratch, again and again by the ladder, until it gives labels.
/// Errors: InputError of check_structure; LabelError.
[[nodiscard]] Solution solve(const structure::Structure& structure, const Settings& settings, const Pseudopotentials& pseudopotentials,
                             Job job, const Workplace& workplace);

/// The solution of an earlier call that was killed between the end of pw.x and its return; nothing if there is none. To be
/// asked for only where the folder belongs to this structure and these settings alone.
[[nodiscard]] std::optional<Solution> finished_before(const structure::Structure& structure, const Physics& physics, const Job& job,
                                                      const Workplace& workplace);

/// Version of pw.x. Errors: ExternalProgramError if it does not start or is something else.
[[nodiscard]] std::string program_version(const RunSettings& run, const std::filesystem::path& folder);

/// The job with which a structure begins: its mesh, the settings' way to self-consistency.
[[nodiscard]] Job first_job(const structure::Structure& structure, const Settings& settings);

/// Core seconds, very roughly, from the numbers of plane waves, bands and k-points. `electrons`: valence electrons.
[[nodiscard]] double rough_cost(const structure::Structure& structure, const Physics& physics, const Mesh& mesh, double electrons);

}  // namespace alkali::labelling::qe
