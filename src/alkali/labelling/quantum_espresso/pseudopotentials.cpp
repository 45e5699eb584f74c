#include "alkali/labelling/quantum_espresso/pseudopotentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/structure/structure.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::labelling::qe {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t hash_digits = 16;  // in names of files

std::string sha256(const std::string& text) {
    dataset::Sha256 hash;
    hash.add(text);
    return hash.hex();
}

bool has_long_line(std::string_view text) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (text.substr(0, end).size() > longest_upf_line) return true;
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return false;
}

void check_element(const UpfHeader& header, int atomic_number, const fs::path& file) {
    if (header.element != units::symbol(atomic_number))
        throw InputError(fmt::format("the pseudopotential given for {} is one of {}", units::symbol(atomic_number), header.element),
                         file.string(), "correct 'pseudopotentials' of the config");
}

/// Whether a file of an earlier run can be used: our own work, with this content. What is not is made again.
bool is_kept(const fs::path& file, const std::string& content) {
    try {
        return base::is_own_file(file) && base::read_file(file) == content;
    } catch (const FileError&) {
        return false;
    }
}

/// The same of a generated one, which has the beginning of its hash in its name: "Li-INPUT-CONTENT.UPF".
bool is_kept(const fs::path& file, std::size_t hash_at) {
    try {
        return base::is_own_file(file) && file.stem().string().substr(hash_at) == sha256(base::read_file(file)).substr(0, hash_digits);
    } catch (const FileError&) {
        return false;
    }
}

/// Writing through a planted link would change what it leads to.
void clear(const fs::path& target) {
    std::error_code failure;
    fs::remove(target, failure);
    if (failure)
        throw base::UnsafeFolder("cannot be replaced (" + failure.message() + ") and may have been planted", target.string(),
                                 "have it removed, or name another folder in run.pseudopotentials");
}

}  // namespace

Pseudopotentials::Pseudopotentials(const Settings& settings) : run_(settings.run) {
    for (const auto& [z, file] : settings.physics.pseudopotentials) {
        const auto text = base::read_file(file);
        inputs_.add(file);
        Entry entry{file, sha256(text), file.extension() == ".in", false, {}, {}};
        if (!entry.generated) {
            check_element(check_upf(text, file.string()), z, file);
            entry.wrapped = has_long_line(text);
        }
        entries_.emplace(z, std::move(entry));
    }
}

const Pseudopotentials::Entry& Pseudopotentials::entry(int z) const {
    const auto found = entries_.find(z);
    if (found != entries_.end()) return found->second;
    std::string known;
    for (const auto& each : entries_) known += (known.empty() ? "" : ", ") + std::string(units::symbol(each.first));
    throw InputError(fmt::format("there is no pseudopotential for {}", units::symbol(z)), "config of Quantum ESPRESSO",
                     "add it to 'pseudopotentials'; there are: " + known);
}

std::string Pseudopotentials::text_of(const Entry& e) {
    auto text = base::read_file(e.source);
    if (sha256(text) == e.hash) return text;
    throw InputError("the pseudopotential has changed since this run began", e.source.string(), "run again");
}

std::string Pseudopotentials::fingerprint(int z) const {
    const auto& e = entry(z);
    return (e.generated ? "ld1:" : "upf:") + e.hash;
}

std::string Pseudopotentials::name(int z) const { return entry(z).source.filename().string(); }

fs::path Pseudopotentials::make(int z, const Entry& e) const {
    if (e.generated) return generated(z, e);
    // The hash in the name keeps versions apart, in folders that several configs share.
    const std::string name = fmt::format("{}-{}.UPF", units::symbol(z), e.hash.substr(0, hash_digits));
    const fs::path target = base::safe_folder(run_.pseudopotential_folder) / name;
    const auto content = wrap_long_lines(text_of(e), e.source.string()).text;
    if (is_kept(target, content)) return target;
    clear(target);
    base::write_file(target, content);
    return target;
}

fs::path Pseudopotentials::generated(int z, const Entry& e) const {
    const std::string stem = fmt::format("{}-{}-", units::symbol(z), e.hash.substr(0, hash_digits));
    const fs::path folder = base::safe_folder(run_.pseudopotential_folder);
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".UPF" && entry.path().filename().string().starts_with(stem)) found.push_back(entry.path());
    std::ranges::sort(found);
    for (const auto& file : found)
        if (is_kept(file, stem.size())) return file;
    const base::TemporaryFolder work(folder, "made-");
    GenerateOptions options;
    options.program = run_.ld1;
    options.folder = work.path();
    options.scratch = run_.scratch;
    options.name = stem + "new.UPF";
    const auto made = generate_pseudopotential(e.source, options);
    check_element(made.header, z, e.source);
    const auto content = base::read_file(made.file);
    const fs::path target = folder / (stem + sha256(content).substr(0, hash_digits) + ".UPF");
    clear(target);
    base::write_file(target, content);
    return target;
}

fs::path Pseudopotentials::file(int z) const {
    const std::lock_guard lock(mutex_);
    const auto& e = entry(z);
    if (e.ready.empty() || !fs::is_regular_file(e.ready)) {
        e.ready = e.generated || e.wrapped ? make(z, e) : e.source;
        e.ready_hash = sha256(base::read_file(e.ready));
    }
    if (sha256(base::read_file(e.ready)) != (e.ready == e.source ? e.hash : e.ready_hash))
        throw InputError(fmt::format("the pseudopotential of {} has changed since this run began", units::symbol(z)), e.ready.string(),
                         "labels carry the hash of the one before: restore it, or run again");
    return e.ready;
}

UpfHeader Pseudopotentials::header(int z) const {
    const auto path = file(z);
    return read_upf_header(base::read_file(path), path.string());
}

std::string Pseudopotentials::generator(int z) const {
    if (!entry(z).generated) return {};
    constexpr std::string_view mark = "code by A. Dal Corso";
    const auto text = base::read_file(file(z));
    const auto at = text.find(mark);
    const auto line = at == std::string::npos ? std::string{} : text.substr(at + mark.size(), 40);
    const auto version = line.find("v.");
    return version == std::string::npos ? std::string{} : line.substr(version + 2, line.find_first_of(" \"'\r\n", version) - version - 2);
}

std::vector<int> Pseudopotentials::among(const std::vector<int>& species, Origin origin) const {
    std::vector<int> found;
    for (const int z : species)
        if (entry(z).generated == (origin == Origin::ld1)) found.push_back(z);
    return found;
}

std::vector<int> Pseudopotentials::species() const {
    std::vector<int> all;
    for (const auto& each : entries_) all.push_back(each.first);
    return all;
}

std::vector<std::string> doubts_of_cutoffs(const Physics& physics, const Pseudopotentials& pseudopotentials,
                                           const std::vector<int>& species) {
    std::vector<std::string> doubts;
    if (!physics.default_ecutrho) return doubts;
    for (const int z : species) {
        const auto header = pseudopotentials.header(z);
        if (!header.type.starts_with("US") && header.type != "PAW") continue;
        const auto suggested = header.rho_cutoff > physics.ecutrho ? fmt::format("; the file suggests {:g} Ry", header.rho_cutoff) : "";
        doubts.push_back(
            fmt::format("ecutrho is {:g} Ry, 4 x ecutwfc, which is for norm-conserving pseudopotentials; {} is {}, which needs 8 to 12 x "
                        "ecutwfc{}",
                        physics.ecutrho, pseudopotentials.name(z), header.type == "PAW" ? "PAW" : "ultrasoft", suggested));
    }
    return doubts;
}

}  // namespace alkali::labelling::qe
