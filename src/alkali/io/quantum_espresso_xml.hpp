#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/quantum_espresso_text.hpp"

struct XML_ParserStruct;

namespace alkali::io::qe {

/// The numbers of one structure in an XML file of pw.x, in its units (Hartree, bohr). Absent is absent.
struct XmlStep {
    std::optional<double> energy;         ///< total_energy/etot
    std::vector<double> forces, stress;   ///< as written, rows of three
    std::vector<double> positions, cell;  ///< of atomic_structure
    std::vector<std::string> names;       ///< of the atoms' species
    std::optional<bool> converged;        ///< scf_conv/convergence_achieved
    std::optional<double> scf_error;
};

/// What it says of the run.
struct XmlRun : Method {
    std::string calculation;
    std::map<std::string, std::string> pseudopotentials;  ///< files, by species
    std::map<std::string, double> masses;                 ///< amu, by species
    std::optional<double> conv_thr;
    std::optional<int> k_points, exit_status;
    Grid dense{}, smooth{};
    bool held = false;      ///< components of positions were held: the forces on them are zeros here
    XmlStep last;           ///< of <output>
    bool ended = false;     ///< <output> was read to its end
    bool complete = false;  ///< so was the document, without a fault
    std::string fault;
};

/// Takes an XML file of pw.x (6.2 to 7) piece by piece. Never throws: what cannot be read is absent.
class XmlParser {
public:
    XmlParser();
    void feed(std::string_view bytes, bool last);
    [[nodiscard]] const XmlRun& run() const { return run_; }
    /// Ionic steps, as read so far; the caller takes them out.
    std::deque<XmlStep> steps;

private:
    static void start(void* data, const char* tag, const char** attributes);
    static void text(void* data, const char* characters, int length);
    static void end(void* data, const char* tag);
    void begin_element(std::string_view path, const char** attributes);
    void finish(std::string_view path);
    void finish_output(std::string_view path);
    void finish_input(std::string_view path);
    void finish_step(std::string_view path, XmlStep& step);
    void append(std::vector<double>& numbers);
    [[nodiscard]] std::string_view inside() const;
    [[nodiscard]] bool is_used() const;

    std::unique_ptr<XML_ParserStruct, void (*)(XML_ParserStruct*)> parser_;
    std::string path_, text_, species_;
    std::vector<std::size_t> lengths_;
    bool used_ = false;      // the text of the element is
    bool too_long_ = false;  // beyond all measure
    XmlStep step_;
    XmlRun run_;
};

}  // namespace alkali::io::qe
