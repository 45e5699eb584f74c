#include "alkali/io/quantum_espresso_xml.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <new>
#include <set>
#include <utility>

#include "alkali/io/text.hpp"

namespace alkali::io::qe {
namespace {

// The forces on a million atoms.
constexpr std::size_t longest_text = std::size_t{128} << 20;

std::optional<std::string_view> attribute(const char** attributes, std::string_view name) {
    for (const char** a = attributes; a[0] != nullptr; a += 2)
        if (a[0] == name) return std::string_view(a[1]);
    return std::nullopt;
}

Grid grid_of(const char** attributes) {
    Grid grid{};
    for (std::size_t i = 0; i < 3; ++i)
        if (const auto text = attribute(attributes, "nr" + std::to_string(i + 1)))
            grid[i] = static_cast<int>(parse_integer(trim(*text)).value_or(0));
    return grid;
}

}  // namespace

// The schema of 6.7 (qes 20.04.20) and its neighbours: the paths used here have been the same since 6.2. Exceptions must not
// pass through expat; what cannot be read as a number is left out and found missing later.
XmlParser::XmlParser() : parser_(XML_ParserCreate(nullptr), XML_ParserFree) {
    if (!parser_) throw std::bad_alloc();
    XML_SetElementHandler(parser_.get(), start, end);
    XML_SetCharacterDataHandler(parser_.get(), text);
}

void XmlParser::feed(std::string_view bytes, bool last) {
    if (!run_.fault.empty()) return;
    XML_SetUserData(parser_.get(), this);
    constexpr std::size_t piece = 1U << 20;  // expat counts in int
    for (std::size_t at = 0;; at += piece) {
        const auto part = bytes.substr(std::min(at, bytes.size()), piece);
        const bool final = last && at + part.size() >= bytes.size();
        if (XML_Parse(parser_.get(), part.data(), static_cast<int>(part.size()), final ? 1 : 0) != XML_STATUS_OK) {
            const auto why = too_long_ ? fmt::format("an element of more than {} MB", longest_text >> 20)
                                       : std::string(XML_ErrorString(XML_GetErrorCode(parser_.get())));
            run_.fault = fmt::format("line {}: {}", XML_GetCurrentLineNumber(parser_.get()), why);
            return;
        }
        if (at + part.size() >= bytes.size()) break;
    }
    run_.complete = last;
}

void XmlParser::start(void* data, const char* tag, const char** attributes) {
    auto& d = *static_cast<XmlParser*>(data);
    d.lengths_.push_back(d.path_.size());
    d.path_ += '/';
    d.path_ += tag;
    d.text_.clear();
    d.used_ = d.is_used();
    d.begin_element(d.inside(), attributes);
}

void XmlParser::text(void* data, const char* characters, int length) {
    auto& d = *static_cast<XmlParser*>(data);
    if (!d.used_) return;
    const auto count = static_cast<std::size_t>(length);
    d.too_long_ = d.text_.size() + count > longest_text;
    if (d.too_long_)
        XML_StopParser(d.parser_.get(), XML_FALSE);
    else
        d.text_.append(characters, count);
}

void XmlParser::end(void* data, const char*) {
    auto& d = *static_cast<XmlParser*>(data);
    d.finish(d.inside());
    d.path_.resize(d.lengths_.back());
    d.lengths_.pop_back();
    d.text_.clear();
    d.used_ = false;
}

/// Whether finish() looks at what the element holds. Eigenvalues, most of a large file, are not kept.
bool XmlParser::is_used() const {
    static const std::set<std::string_view> tags{
        "etot",           "forces",      "stress",   "atom", "a1",          "a2",       "a3",          "convergence_achieved",
        "scf_error",      "functional",  "vdw_corr", "nks",  "calculation", "conv_thr", "pseudo_file", "mass",
        "free_positions", "exit_status", "status"};
    return tags.contains(std::string_view(path_).substr(path_.rfind('/') + 1));
}

/// The path without its root element, whose name carries a namespace.
std::string_view XmlParser::inside() const {
    const auto slash = path_.find('/', 1);
    return slash == std::string::npos ? std::string_view{} : std::string_view(path_).substr(slash);
}

void XmlParser::begin_element(std::string_view path, const char** attributes) {
    if (path == "/step") step_ = {};
    if (path == "/output/basis_set/fft_grid") run_.dense = grid_of(attributes);
    if (path == "/output/basis_set/fft_smooth") run_.smooth = grid_of(attributes);
    if (path == "/general_info/creator") run_.version = attribute(attributes, "VERSION").value_or("");
    if (path.ends_with("/atomic_species/species")) species_ = attribute(attributes, "name").value_or("");
    if (!path.ends_with("/atomic_positions/atom")) return;
    const auto name = std::string(attribute(attributes, "name").value_or(""));
    if (path.starts_with("/step/")) step_.names.push_back(name);
    if (path.starts_with("/output/")) run_.last.names.push_back(name);
}

void XmlParser::finish(std::string_view path) {
    if (path == "/step")
        steps.push_back(std::exchange(step_, {}));
    else if (path == "/output")
        run_.ended = true;
    else if (path.starts_with("/step/"))
        finish_step(path.substr(5), step_);
    else if (path.starts_with("/output/"))
        finish_output(path.substr(7));
    else if (path.starts_with("/input/"))
        finish_input(path.substr(6));
    else if (path == "/exit_status" || path == "/status")
        if (const auto n = parse_integer(trim(text_))) run_.exit_status = static_cast<int>(*n);
}

void XmlParser::finish_output(std::string_view path) {
    if (path.starts_with("/convergence_info/")) path.remove_prefix(17);
    finish_step(path, run_.last);
    if (path == "/dft/functional") run_.functional = trim(text_);
    if (path == "/dft/vdW/vdw_corr") run_.dispersion = trim(text_);
    if (path == "/band_structure/nks")
        if (const auto n = parse_integer(trim(text_))) run_.k_points = static_cast<int>(*n);
}

void XmlParser::finish_input(std::string_view path) {
    if (path == "/control_variables/calculation") run_.calculation = trim(text_);
    if (path == "/electron_control/conv_thr") run_.conv_thr = parse_double(trim(text_));
    if (path == "/atomic_species/species/pseudo_file") run_.pseudopotentials[species_] = trim(text_);
    if (path == "/atomic_species/species/mass") run_.masses[species_] = parse_double(trim(text_)).value_or(0);
    if (path == "/free_positions")
        for (const auto word : split(text_)) run_.held = run_.held || word == "0";
}

/// Elements that an ionic step and the output have in common.
void XmlParser::finish_step(std::string_view path, XmlStep& step) {
    if (path == "/total_energy/etot") step.energy = parse_double(trim(text_));
    if (path == "/forces") append(step.forces);
    if (path == "/stress") append(step.stress);
    if (path == "/atomic_structure/atomic_positions/atom") append(step.positions);
    if (path.starts_with("/atomic_structure/cell/a")) append(step.cell);
    if (path == "/scf_conv/convergence_achieved") step.converged = trim(text_) == "true";
    if (path == "/scf_conv/scf_error") step.scf_error = parse_double(trim(text_));
}

void XmlParser::append(std::vector<double>& numbers) {
    for (const auto word : split(text_)) {
        const auto value = parse_double(word);
        if (!value) return numbers.clear();
        numbers.push_back(*value);
    }
}

}  // namespace alkali::io::qe
