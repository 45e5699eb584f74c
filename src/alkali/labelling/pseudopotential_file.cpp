#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "alkali/base/error.hpp"
#include "alkali/io/text.hpp"
#include "alkali/labelling/pseudopotential.hpp"
#include "alkali/labelling/upf_tags.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::labelling {
namespace {

constexpr const char* remedy = "pw.x reads UPF files of versions 1 and 2: get the file anew";

/// The value of name="value" within a tag.
std::string attribute(std::string_view tag, std::string_view name) {
    const std::string wanted = std::string(name) + "=\"";
    for (auto at = tag.find(wanted); at != std::string_view::npos; at = tag.find(wanted, at + 1)) {
        if (at > 0 && std::isspace(static_cast<unsigned char>(tag[at - 1])) == 0) continue;  // the end of a longer name
        const auto begin = at + wanted.size(), end = tag.find('"', begin);
        if (end != std::string_view::npos) return std::string(io::trim(tag.substr(begin, end - begin)));
    }
    return {};
}

double number(const std::string& text) { return io::parse_double(text).value_or(0); }

bool is_true(std::string value) {
    std::ranges::transform(value, value.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return value == "true" || value == ".true." || value == "t" || value == ".t.";
}

UpfHeader from_attributes(std::string_view tag) {
    UpfHeader h;
    h.element = attribute(tag, "element");
    h.functional = attribute(tag, "functional");
    h.type = attribute(tag, "pseudo_type");
    h.z_valence = number(attribute(tag, "z_valence"));
    h.core_correction = is_true(attribute(tag, "core_correction"));
    h.wfc_cutoff = number(attribute(tag, "wfc_cutoff"));
    h.rho_cutoff = number(attribute(tag, "rho_cutoff"));
    return h;
}

/// Lines of a value and what it is, such as "   3.00000000000      Z valence".
UpfHeader from_lines(std::string_view block) {
    UpfHeader h;
    while (!block.empty()) {
        const auto end = block.find('\n');
        const auto line = block.substr(0, end);
        block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
        const auto words = io::split(line);
        if (words.size() < 2) continue;
        const auto says = [&](std::string_view what) { return line.find(what) != std::string_view::npos; };
        if (says("Element")) h.element = words[0];
        if (words[0] == "NC" || words[0] == "US" || words[0] == "PAW") h.type = words[0];
        if (says("Nonlinear Core Correction")) h.core_correction = is_true(std::string(words[0]));
        if (says("Exchange-Correlation"))
            for (std::size_t i = 0; i < words.size() && !words[i].starts_with("Exchange"); ++i)
                h.functional += (i > 0 ? " " : "") + std::string(words[i]);
        if (says("Z valence")) h.z_valence = number(std::string(words[0]));
        if (says("Suggested cutoff")) {
            h.wfc_cutoff = number(std::string(words[0]));
            h.rho_cutoff = number(std::string(words[1]));
        }
    }
    return h;
}

bool is_numeric(std::string_view line) {
    const auto words = io::split(line);
    return std::ranges::all_of(words, [](std::string_view word) { return io::parse_double(word).has_value(); });
}

void wrap(std::string_view line, std::string& out) {
    std::size_t length = 0;
    for (const auto word : io::split(line)) {
        if (length > 0 && length + 1 + word.size() > 80) {
            out += '\n';
            length = 0;
        }
        out += ' ';
        out += word;
        length += 1 + word.size();
    }
    out += '\n';
}

}  // namespace

UpfHeader read_upf_header(std::string_view text, const std::string& source) {
    const auto begin = text.find("<PP_HEADER");
    if (begin == std::string_view::npos) throw FileError("not a UPF file: it has no <PP_HEADER", source, remedy);
    const auto close = end_of_tag(text, begin);
    if (close == std::string_view::npos) throw FileError("the UPF file ends within its header", source, remedy);
    const auto tag = text.substr(begin, close - begin);
    const auto end = text.find("</PP_HEADER>", close);
    const bool by_attributes = tag.find("element=") != std::string_view::npos;
    UpfHeader h = by_attributes ? from_attributes(tag) : from_lines(text.substr(close, end == std::string_view::npos ? end : end - close));
    if (!units::is_symbol(h.element)) throw FileError("the header of the UPF file names no element", source, remedy);
    if (!(h.z_valence > 0)) throw FileError("the header of the UPF file has no valence charge", source, remedy);
    return h;
}

Wrapped wrap_long_lines(std::string_view text, const std::string& source) {
    Wrapped out;
    out.text.reserve(text.size());
    for (int number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.size() <= longest_upf_line) {
            out.text += line;
            out.text += '\n';
            continue;
        }
        if (!is_numeric(line))
            throw FileError(
                fmt::format("line {} has {} characters and is no list of numbers; pw.x reads {}", number, line.size(), longest_upf_line),
                source);
        wrap(line, out.text);
        ++out.lines;
    }
    return out;
}

}  // namespace alkali::labelling
