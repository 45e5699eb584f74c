#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/vasp.hpp"
#include "alkali/io/vasp_species.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::io {
namespace {

// What one <calculation> has given so far.
struct Step {
    std::vector<Vec3> basis, positions, forces, stress;
    std::optional<double> energy, electronic_energy;  // of the step; of the electrons' last step
    long long electronic_steps = 0;
};

// What the INCAR and the parameters say of all steps.
struct Settings {
    long long electronic_steps = -1;  // NELM; negative: not told
    long long stress_kind = 2;        // ISIF
    long long charge_start = 0;       // ICHARG
    double coupling = 1;              // SCALEE
    bool dispersion = false;          // IVDW, LVDW
    double pressure = 0;              // PSTRESS, kbar
    bool learned = false;             // ML_LMLFF
};

struct Item {
    Frame frame;
    FrameNotes notes;
};

// Collects the pieces of a frame from the elements of the document. The path of an element is its tags joined by '/',
// with the `name` of arrays behind a colon. Exceptions must not pass through expat: a fault is kept and thrown later.
class Document {
public:
    explicit Document(const std::string& source) : parser_(nullptr, XML_ParserFree), place_{source, 0} { begin(); }

    // Takes the next piece of the file; an empty one ends it. Frames completed before a fault stay available.
    void feed(std::string_view bytes) {
        const bool last = bytes.empty();
        while (fault_.empty() && XML_Parse(parser_.get(), bytes.data(), static_cast<int>(bytes.size()), last ? 1 : 0) != XML_STATUS_OK) {
            if (!fault_.empty()) return;
            if (last) {
                if (!ended_) leave_out("the file ends before the run does (an interrupted run?)");
                return;
            }
            const auto at = static_cast<std::size_t>(XML_GetCurrentByteIndex(parser_.get())) - taken_;
            if (!ended_ || at > bytes.size()) {
                fault_ =
                    fmt::format("line {}: {}", XML_GetCurrentLineNumber(parser_.get()), XML_ErrorString(XML_GetErrorCode(parser_.get())));
                hint_ = "is it a vasprun.xml, and whole?";
                return;
            }
            bytes.remove_prefix(at);  // the document of another run follows
            begin();
        }
        taken_ += bytes.size();
    }

    [[nodiscard]] bool has_frame() const { return !items_.empty(); }
    Item take() {
        Item item = std::move(items_.front());
        items_.pop_front();
        return item;
    }
    // Throws the fault, if any, once all frames before it are taken.
    void check() const {
        if (!fault_.empty()) place_.fail(fault_, hint_);
    }
    [[nodiscard]] std::vector<LeftOut> take_left_out() { return std::exchange(left_out_, {}); }

private:
    static Document& self(void* data) { return *static_cast<Document*>(data); }

    void begin() {
        parser_.reset(XML_ParserCreate(nullptr));
        if (!parser_) throw std::bad_alloc();
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), start, end);
        XML_SetCharacterDataHandler(parser_.get(), text);
        taken_ = 0;
        ended_ = false;
        settings_ = {};
        numbers_.clear();
        path_.clear();
        lengths_.clear();
    }

    static void XMLCALL start(void* data, const XML_Char* tag, const XML_Char** attributes) {
        auto& document = self(data);
        std::string part = tag;
        for (const XML_Char** a = attributes; a[0] != nullptr; a += 2)
            if (std::string_view(a[0]) == "name") part += std::string(":") + a[1];
        document.lengths_.push_back(document.path_.size());
        document.path_ += "/" + part;
        document.forget_text();
        if (document.path_ == "/modeling/calculation") document.step_ = Step{};
        if (document.path_ == "/modeling/atominfo/array:atoms/set/rc") document.column_ = 0;
    }

    static void XMLCALL text(void* data, const XML_Char* characters, int length) {
        auto& document = self(data);
        const auto count = static_cast<std::size_t>(length);
        document.too_long_ = document.too_long_ || document.text_.size() + count > longest_text;
        if (!document.too_long_) document.text_.append(characters, count);
    }

    static void XMLCALL end(void* data, const XML_Char*) {
        auto& document = self(data);
        try {
            document.finish_element();
        } catch (const std::exception& error) {
            const auto* known = dynamic_cast<const Error*>(&error);
            document.fault_ = known != nullptr ? known->fault() : error.what();
            document.hint_ = known != nullptr ? known->hint() : "";
            XML_StopParser(document.parser_.get(), XML_FALSE);
        }
        document.path_.resize(document.lengths_.back());
        document.lengths_.pop_back();
        document.forget_text();
        if (document.lengths_.empty()) document.ended_ = true;
    }

    void forget_text() {
        text_.clear();
        too_long_ = false;
    }

    // What the element holds. Elements of any size are no concern where nobody asks.
    [[nodiscard]] std::string_view content() const {
        if (too_long_)
            place_.fail(fmt::format("{} holds more than {} kB", path_, longest_text >> 10), "is it a vasprun.xml, and undamaged?");
        return trim(text_);
    }

    void finish_element() {
        static const std::map<std::string, std::vector<Vec3> Step::*> arrays{
            {"/modeling/calculation/structure/crystal/varray:basis/v", &Step::basis},
            {"/modeling/calculation/structure/varray:positions/v", &Step::positions},
            {"/modeling/calculation/varray:forces/v", &Step::forces},
            {"/modeling/calculation/varray:stress/v", &Step::stress},
        };
        if (const auto array = arrays.find(path_); array != arrays.end()) {
            const auto n = fixed_columns(content());
            if (n.size() != 3) place_.fail(fmt::format("'{}' in {} is not three numbers", content().substr(0, 60), path_));
            (step_.*(array->second)).emplace_back(n[0], n[1], n[2]);
        } else if (path_ == "/modeling/calculation/energy/i:e_fr_energy") {
            step_.energy = parse_double(content());
            if (!step_.energy) place_.fail(fmt::format("the energy '{}' is not a number", content().substr(0, 40)));
        } else if (path_ == "/modeling/calculation/scstep/energy/i:e_fr_energy") {
            step_.electronic_energy = parse_double(content());
        } else if (path_ == "/modeling/calculation/scstep") {
            ++step_.electronic_steps;
        } else if (path_ == "/modeling/atominfo/array:atoms/set/rc/c") {
            if (column_++ == 0) numbers_.push_back(vasp_element(content(), place_));
        } else if (path_ == "/modeling/calculation") {
            finish_step();
        } else if (path_.starts_with("/modeling/incar/") || path_.starts_with("/modeling/parameters/")) {
            read_setting();
        }
    }

    // The parameters, which VASP used, follow the INCAR. Those of response functions have a NELM of their own.
    void read_setting() {
        if (path_.find("/separator:response functions/") != std::string::npos) return;
        const auto key = std::string_view(path_).substr(path_.rfind('/') + 1);
        const auto value = too_long_ ? std::string_view{} : trim(text_);  // of others than those below
        if (key == "i:NELM") settings_.electronic_steps = parse_integer(value).value_or(settings_.electronic_steps);
        if (key == "i:ISIF") settings_.stress_kind = parse_integer(value).value_or(settings_.stress_kind);
        if (key == "i:ICHARG") settings_.charge_start = parse_integer(value).value_or(settings_.charge_start);
        if (key == "i:SCALEE") settings_.coupling = parse_double(value).value_or(settings_.coupling);
        if (key == "i:IVDW" && parse_integer(value).value_or(0) != 0) settings_.dispersion = true;
        if (key == "i:LVDW" && (value == "T" || value == ".TRUE.")) settings_.dispersion = true;
        if (key == "i:PSTRESS") settings_.pressure = parse_double(value).value_or(settings_.pressure);
        if (key == "i:ML_LMLFF") settings_.learned = value == "T" || value == ".TRUE.";
    }

    void leave_out(std::string why) {
        left_out_.push_back({place_.where(), std::move(why)});
        ++place_.frame;
    }

    /// Why the step is no frame; empty if it is one.
    [[nodiscard]] std::string why_not() const {
        const auto most = settings_.electronic_steps;
        if (settings_.learned && step_.electronic_steps == 0) return "a prediction of VASP's machine-learned force field, no label";
        if (auto fixed = fixed_charge(settings_.charge_start); !fixed.empty()) return fixed;
        if (auto scaled = scaled_hamiltonian(settings_.coupling); !scaled.empty()) return scaled;
        if (most >= 0 && step_.electronic_steps >= std::max<long long>(most, 1))
            return fmt::format("the electrons did not converge within NELM = {} steps", most);
        return {};
    }

    void finish_step() {
        if (auto why = why_not(); !why.empty()) return leave_out(std::move(why));
        if (step_.basis.size() != 3) place_.fail("the step has no cell, or more than one");
        if (step_.positions.size() != numbers_.size())
            place_.fail(fmt::format("the step has {} positions, atominfo {} atoms", step_.positions.size(), numbers_.size()));
        Item item;
        item.notes = {"e_fr_energy", step_.forces.empty() ? "" : "forces", "", {}};
        Frame& frame = item.frame;
        frame.source = place_.source;
        frame.index = place_.frame;
        Mat3 vectors;
        for (int i = 0; i < 3; ++i) vectors.row(i) = step_.basis[static_cast<std::size_t>(i)].transpose();
        frame.structure.cell = make_cell(vectors, {true, true, true}, place_);
        frame.structure.numbers = numbers_;
        for (const auto& fractional : step_.positions) frame.structure.positions.push_back(vectors.transpose() * fractional);
        if (!step_.forces.empty()) frame.labels.forces = step_.forces;
        take_energy(item);
        take_stress(item);
        item.notes.left_out = take_left_out();
        items_.push_back(std::move(item));
        ++place_.frame;
    }

    // With an outer pressure VASP gives the enthalpy as the step's energy; some files have it without. That of the electrons' last
    // step tells them apart, unless corrections for dispersion, which it lacks, may be of the same size.
    void take_energy(Item& item) const {
        auto& energy = item.frame.labels.energy;
        energy = step_.energy;
        const double work = settings_.pressure / units::kbar_per_ev_per_angstrom3 * item.frame.structure.cell.volume();
        if (!energy || work == 0) return;
        const double added = step_.electronic_energy ? *energy - *step_.electronic_energy : work;
        if (settings_.dispersion || std::abs(added - work) < 0.5 * std::abs(work))
            *energy -= work;
        else if (std::abs(added) >= 0.5 * std::abs(work))
            energy.reset();
        item.notes.warnings.push_back(
            energy ? fmt::format("PSTRESS = {} kbar: the energy is taken without pressure times volume", settings_.pressure)
                   : fmt::format("PSTRESS = {} kbar: the energy, with or without pressure times volume, is not taken", settings_.pressure));
        if (!energy) item.notes.energy_from.clear();
    }

    void take_stress(Item& item) const {
        if (step_.stress.empty()) return;
        if (step_.stress.size() != 3) place_.fail(fmt::format("the stress has {} rows", step_.stress.size()));
        if (settings_.stress_kind < 2) return item.notes.warnings.push_back(stress_not_taken(settings_.stress_kind));
        if (settings_.pressure != 0)
            return item.notes.warnings.push_back(
                fmt::format("PSTRESS = {} kbar may be part of the stress, which is not taken: read the OUTCAR for it", settings_.pressure));
        Mat3 kbar;
        for (int i = 0; i < 3; ++i) kbar.row(i) = step_.stress[static_cast<std::size_t>(i)].transpose();
        item.frame.labels.stress = stress_from_vasp(kbar);
        item.notes.stress_from = "stress";
    }

    std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
    Place place_;
    std::string path_, text_, fault_, hint_;
    static constexpr std::size_t longest_text = 1 << 16;
    bool too_long_ = false;  // what the element holds is, and text_ is the beginning
    std::vector<std::size_t> lengths_;
    std::size_t taken_ = 0;  // bytes of this document in earlier pieces
    bool ended_ = false;     // its root element is complete
    Settings settings_;
    Step step_;
    std::vector<int> numbers_;
    int column_ = 0;
    std::deque<Item> items_;
    std::vector<LeftOut> left_out_;
};

class VasprunReader final : public FrameReader {
public:
    VasprunReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), options_(options), document_(source) {}

    bool next(Frame& frame) override {
        notes_ = {};
        std::string piece;
        while (!document_.has_frame()) {
            document_.check();
            if (ended_) {
                notes_.left_out = document_.take_left_out();
                return false;
            }
            piece.resize(1 << 16);
            stream_->read(piece.data(), static_cast<std::streamsize>(piece.size()));
            piece.resize(static_cast<std::size_t>(stream_->gcount()));
            document_.feed(piece);
            ended_ = piece.empty();
        }
        auto item = document_.take();
        frame = std::move(item.frame);
        notes_ = std::move(item.notes);
        check_frame(frame, options_.numbers, Place{frame.source, frame.index});
        return true;
    }

    FrameNotes notes() const override { return notes_; }

private:
    std::unique_ptr<std::istream> stream_;
    ReadOptions options_;
    Document document_;
    FrameNotes notes_;
    bool ended_ = false;
};

}  // namespace

std::unique_ptr<FrameReader> open_vasprun(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<VasprunReader>(std::move(stream), source, options);
}

}  // namespace alkali::io
