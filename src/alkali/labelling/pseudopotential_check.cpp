#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/io/text.hpp"
#include "alkali/labelling/pseudopotential.hpp"
#include "alkali/labelling/upf_tags.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::labelling {
namespace {

constexpr const char* remedy = "the file is damaged: get it anew, and compare its checksum with that of its source";

/// Hydrogen that saturates a surface may have a little more charge than one proton.
constexpr double most_valence_beyond_nucleus = 1;

bool ends_name(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0 || c == '>' || c == '/'; }

/// The whole number of name="12", in either quotes.
std::optional<long long> integer_attribute(std::string_view tag, std::string_view name) {
    for (auto at = tag.find(name); at != std::string_view::npos; at = tag.find(name, at + 1)) {
        auto rest = tag.substr(at + name.size());
        const bool whole_name = at > 0 && std::isspace(static_cast<unsigned char>(tag[at - 1])) != 0;
        if (!whole_name || rest.size() < 2 || rest[0] != '=' || (rest[1] != '"' && rest[1] != '\'')) continue;
        return io::parse_integer(io::trim(rest.substr(2, rest.find(rest[1], 2) - 2)));
    }
    return std::nullopt;
}

/// As Fortran reads them: 1.5, 1.5E-3, 1.5D-3, 1.5-103. Not NaN, Infinity or ****.
bool is_number(std::string_view word) {
    return word.find_first_not_of("0123456789+-.eEdD") == std::string_view::npos &&
           word.find_first_of("0123456789") != std::string_view::npos;
}

/// Sections of version 1 that hold one number for each point of the mesh and nothing else.
bool is_of_mesh(std::string_view name) {
    static const std::set<std::string_view> names{"PP_R", "PP_RAB", "PP_LOCAL", "PP_NLCC", "PP_RHOATOM"};
    return names.contains(name);
}

/// "  1203                  Number of points in mesh" in a header of version 1.
std::optional<long long> mesh_size(std::string_view text) {
    std::string lowered(text.substr(0, text.find("</PP_HEADER>")));
    std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto at = lowered.find("number of points in mesh");
    if (at == std::string::npos) return std::nullopt;
    const auto line = lowered.rfind('\n', at);
    const auto words = io::split(std::string_view(lowered).substr(line == std::string::npos ? 0 : line, at - line));
    return words.empty() ? std::nullopt : io::parse_integer(words[0]);
}

class Reader {
public:
    Reader(std::string_view text, const std::string& source)
        : text_(text), source_(source), first_version_(text.find("<UPF") == std::string_view::npos) {
        if (first_version_) points_ = mesh_size(text);
    }

    void read() {
        for (auto at = text_.find('<'); at != std::string_view::npos; at = text_.find('<', at)) at = tag(at);
        if (!open_.empty()) fail(fmt::format("the UPF file ends within <{}>", open_.back().name));
        for (const char* name : {"PP_MESH", "PP_RHOATOM"})
            if (first_version_ && !seen_.contains(name)) fail(fmt::format("the UPF file has no <{}>", name));
    }

private:
    struct Section {
        std::string_view name;
        std::size_t begin = 0;          ///< of its content
        std::optional<long long> size;  ///< numbers in it
        bool has_sections = false;
    };

    [[noreturn]] void fail(const std::string& what) const { throw FileError(what, source_, remedy); }

    /// Gives where to go on.
    std::size_t tag(std::size_t at) {
        const auto rest = text_.substr(at);
        if (rest.starts_with("<!--")) return behind(at, "-->");
        if (rest.starts_with("<?") || rest.starts_with("<!")) return behind(at, ">");
        const auto last = end_of_tag(text_, at);
        if (last == std::string_view::npos) fail("the UPF file ends within a tag");
        const auto end = last + 1;
        const auto inside = text_.substr(at + 1, end - at - 2);
        const bool closes = inside.starts_with("/");
        const auto name = name_of(closes ? inside.substr(1) : inside);
        if (closes) {
            close(name, at);
            return end;
        }
        if (!open_.empty()) open_.back().has_sections = true;
        if (inside.ends_with("/")) return end;
        // What people and programs wrote about its making may hold any signs.
        if (name == "PP_INFO") return behind(end, "</PP_INFO>");
        auto size = integer_attribute(inside, "size");
        if (name == "PP_MESH" && !first_version_) points_ = integer_attribute(inside, "mesh");
        if (!size && (first_version_ ? is_of_mesh(name) : name == "PP_R" || name == "PP_RAB")) size = points_;
        open_.push_back({name, end, size, false});
        return end;
    }

    std::size_t behind(std::size_t at, std::string_view what) const {
        const auto found = text_.find(what, at);
        if (found == std::string_view::npos) fail(fmt::format("the UPF file ends before a '{}'", what));
        return found + what.size();
    }

    static std::string_view name_of(std::string_view inside) {
        return inside.substr(0, static_cast<std::size_t>(std::ranges::find_if(inside, ends_name) - inside.begin()));
    }

    void close(std::string_view name, std::size_t at) {
        if (open_.empty() || open_.back().name != name)
            fail(open_.empty() ? fmt::format("the UPF file closes <{}>, which is not open", name)
                               : fmt::format("the UPF file closes <{}> within <{}>", name, open_.back().name));
        const auto section = open_.back();
        open_.pop_back();
        seen_.insert(name);
        if (section.size && !section.has_sections) check_numbers(section, text_.substr(section.begin, at - section.begin));
    }

    void check_numbers(const Section& section, std::string_view content) const {
        const auto words = io::split(content);
        for (const auto word : words)
            if (!is_number(word)) fail(fmt::format("<{}> of the UPF file has '{}' among its numbers", section.name, word.substr(0, 40)));
        if (static_cast<long long>(words.size()) != *section.size)
            fail(fmt::format("<{}> of the UPF file has {} numbers and should have {}", section.name, words.size(), *section.size));
    }

    std::string_view text_;
    std::string source_;
    bool first_version_;
    std::optional<long long> points_;  // of the mesh
    std::vector<Section> open_;
    std::set<std::string_view> seen_;
};

}  // namespace

UpfHeader check_upf(std::string_view text, const std::string& source) {
    const auto header = read_upf_header(text, source);
    const int protons = units::atomic_number(header.element);
    if (header.z_valence > protons + most_valence_beyond_nucleus)
        throw FileError(fmt::format("the UPF file says that {} has {:g} valence electrons", header.element, header.z_valence), source,
                        remedy);
    Reader(text, source).read();
    return header;
}

}  // namespace alkali::labelling
