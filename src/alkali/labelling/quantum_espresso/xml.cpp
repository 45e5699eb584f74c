#include "alkali/labelling/quantum_espresso/xml.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <memory>
#include <string>

#include "alkali/io/text.hpp"

namespace alkali::labelling::qe {
namespace {

// The schema of 6.7 (qes 20.04.20) and its neighbours: the paths used here have been the same since 6.2. Exceptions must not
// pass through expat; what cannot be read as a number is left out and found missing later.
class Document {
public:
    explicit Document(XmlOutput& out) : out_(out), parser_(XML_ParserCreate(nullptr), XML_ParserFree) {
        if (!parser_) throw std::bad_alloc();
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), start, end);
        XML_SetCharacterDataHandler(parser_.get(), text);
    }

    void read(std::string_view xml) {
        constexpr std::size_t piece = 1U << 20;  // expat counts in int
        for (std::size_t at = 0; at < xml.size(); at += piece) {
            const auto part = xml.substr(at, piece);
            if (XML_Parse(parser_.get(), part.data(), static_cast<int>(part.size()), at + part.size() == xml.size()) == XML_STATUS_OK)
                continue;
            out_.fault =
                fmt::format("line {}: {}", XML_GetCurrentLineNumber(parser_.get()), XML_ErrorString(XML_GetErrorCode(parser_.get())));
            return;
        }
        out_.complete = !xml.empty();
    }

private:
    static Document& self(void* data) { return *static_cast<Document*>(data); }

    static void XMLCALL start(void* data, const XML_Char* tag, const XML_Char** attributes) {
        auto& d = self(data);
        d.lengths_.push_back(d.path_.size());
        d.path_ += '/';
        d.path_ += tag;
        d.text_.clear();
        const std::string_view path = d.inside();
        if (path == "/output/basis_set/fft_grid") d.grid(attributes, d.out_.dense);
        if (path == "/output/basis_set/fft_smooth") d.grid(attributes, d.out_.smooth);
    }

    static void XMLCALL text(void* data, const XML_Char* characters, int length) {
        self(data).text_.append(characters, static_cast<std::size_t>(length));
    }

    static void XMLCALL end(void* data, const XML_Char*) {
        auto& d = self(data);
        d.finish(d.inside());
        d.path_.resize(d.lengths_.back());
        d.lengths_.pop_back();
        d.text_.clear();
    }

    /// The path without its root element, whose name carries a namespace.
    [[nodiscard]] std::string_view inside() const {
        const auto slash = path_.find('/', 1);
        return slash == std::string::npos ? std::string_view{} : std::string_view(path_).substr(slash);
    }

    static void grid(const XML_Char** attributes, std::array<int, 3>& to) {
        for (const XML_Char** a = attributes; a[0] != nullptr; a += 2)
            for (std::size_t i = 0; i < 3; ++i)
                if (a[0] == "nr" + std::to_string(i + 1)) to[i] = static_cast<int>(io::parse_integer(io::trim(a[1])).value_or(0));
    }

    void finish(std::string_view path) {
        if (path == "/output/total_energy/etot") out_.energy = io::parse_double(io::trim(text_));
        if (path == "/output/forces") append(out_.forces);
        if (path == "/output/stress") append(out_.stress);
        if (path == "/output/atomic_structure/atomic_positions/atom") append(out_.positions);
        if (path.starts_with("/output/atomic_structure/cell/a")) append(out_.cell);
        if (path == "/output/convergence_info/scf_conv/convergence_achieved") out_.converged = io::trim(text_) == "true";
        if (path == "/output/band_structure/nks")
            if (const auto n = io::parse_integer(io::trim(text_))) out_.k_points = static_cast<int>(*n);
    }

    void append(std::vector<double>& numbers) const {
        for (const auto word : io::split(text_)) {
            const auto value = io::parse_double(word);
            if (!value) return numbers.clear();
            numbers.push_back(*value);
        }
    }

    XmlOutput& out_;
    std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
    std::string path_, text_;
    std::vector<std::size_t> lengths_;
};

}  // namespace

XmlOutput read_xml(std::string_view xml) {
    XmlOutput out;
    Document(out).read(xml);
    return out;
}

}  // namespace alkali::labelling::qe
