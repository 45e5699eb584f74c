#include <expat.h>
#include <fmt/format.h>

#include <deque>
#include <map>

#include "alkali/base/error.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/vasp.hpp"

namespace alkali::io {
namespace {

// What one <calculation> has given so far.
struct Step {
    std::vector<Vec3> basis, positions, forces, stress;
    std::optional<double> energy;
};

// Collects the pieces of a frame from the elements of the document. The path of an element is its tags joined by '/',
// with the `name` of arrays behind a colon. Exceptions must not pass through expat: a fault is kept and thrown later.
class Document {
public:
    explicit Document(const std::string& source) : parser_(XML_ParserCreate(nullptr), XML_ParserFree), place_{source, 0} {
        if (!parser_) throw std::bad_alloc();
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), start, end);
        XML_SetCharacterDataHandler(parser_.get(), text);
    }

    // Takes the next piece of the file. Frames completed before a fault stay available.
    void feed(std::string_view bytes, bool last) {
        if (!fault_.empty()) return;
        if (XML_Parse(parser_.get(), bytes.data(), static_cast<int>(bytes.size()), last ? 1 : 0) == XML_STATUS_OK || !fault_.empty())
            return;
        fault_ = fmt::format("line {}: {}", XML_GetCurrentLineNumber(parser_.get()), XML_ErrorString(XML_GetErrorCode(parser_.get())));
        hint_ = "the file is truncated (did VASP stop before its end?) or not a vasprun.xml";
    }

    [[nodiscard]] bool has_frame() const { return !frames_.empty(); }
    Frame take() {
        Frame frame = std::move(frames_.front());
        frames_.pop_front();
        return frame;
    }
    // Throws the fault, if any, once all frames before it are taken.
    void check() const {
        if (!fault_.empty()) place_.fail(fault_, hint_);
    }

private:
    static Document& self(void* data) { return *static_cast<Document*>(data); }

    static void XMLCALL start(void* data, const XML_Char* tag, const XML_Char** attributes) {
        auto& document = self(data);
        std::string part = tag;
        for (const XML_Char** a = attributes; a[0] != nullptr; a += 2)
            if (std::string_view(a[0]) == "name") part += std::string(":") + a[1];
        document.lengths_.push_back(document.path_.size());
        document.path_ += "/" + part;
        document.text_.clear();
        if (document.path_ == "/modeling/calculation") document.step_ = Step{};
        if (document.path_ == "/modeling/atominfo/array:atoms/set/rc") document.column_ = 0;
    }

    static void XMLCALL text(void* data, const XML_Char* characters, int length) {
        self(data).text_.append(characters, static_cast<std::size_t>(length));
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
        document.text_.clear();
    }

    void finish_element() {
        static const std::map<std::string, std::vector<Vec3> Step::*> arrays{
            {"/modeling/calculation/structure/crystal/varray:basis/v", &Step::basis},
            {"/modeling/calculation/structure/varray:positions/v", &Step::positions},
            {"/modeling/calculation/varray:forces/v", &Step::forces},
            {"/modeling/calculation/varray:stress/v", &Step::stress},
        };
        if (const auto array = arrays.find(path_); array != arrays.end()) {
            const auto n = fixed_columns(text_);
            if (n.size() != 3) place_.fail(fmt::format("'{}' in {} is not three numbers", trim(text_).substr(0, 60), path_));
            (step_.*(array->second)).emplace_back(n[0], n[1], n[2]);
        } else if (path_ == "/modeling/calculation/energy/i:e_fr_energy") {
            step_.energy = parse_double(trim(text_));
            if (!step_.energy) place_.fail(fmt::format("the energy '{}' is not a number", trim(text_).substr(0, 40)));
        } else if (path_ == "/modeling/atominfo/array:atoms/set/rc/c") {
            if (column_++ == 0) numbers_.push_back(element(trim(text_), place_));
        } else if (path_ == "/modeling/calculation") {
            finish_step();
        }
    }

    void finish_step() {
        if (step_.basis.size() != 3) place_.fail("the step has no cell");
        if (step_.positions.size() != numbers_.size())
            place_.fail(fmt::format("the step has {} positions, atominfo {} atoms", step_.positions.size(), numbers_.size()));
        Frame frame;
        frame.source = place_.source;
        frame.index = place_.frame;
        Mat3 vectors;
        for (int i = 0; i < 3; ++i) vectors.row(i) = step_.basis[static_cast<std::size_t>(i)].transpose();
        frame.structure.cell = make_cell(vectors, {true, true, true}, place_);
        frame.structure.numbers = numbers_;
        for (const auto& fractional : step_.positions) frame.structure.positions.push_back(vectors.transpose() * fractional);
        frame.labels.energy = step_.energy;
        if (!step_.forces.empty()) frame.labels.forces = step_.forces;
        if (!step_.stress.empty()) {
            if (step_.stress.size() != 3) place_.fail(fmt::format("the stress has {} rows", step_.stress.size()));
            Mat3 kbar;
            for (int i = 0; i < 3; ++i) kbar.row(i) = step_.stress[static_cast<std::size_t>(i)].transpose();
            frame.labels.stress = stress_from_vasp(kbar);
        }
        frames_.push_back(std::move(frame));
        ++place_.frame;
    }

    std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
    Place place_;
    std::string path_, text_, fault_, hint_;
    std::vector<std::size_t> lengths_;
    Step step_;
    std::vector<int> numbers_;
    int column_ = 0;
    std::deque<Frame> frames_;
};

class VasprunReader final : public FrameReader {
public:
    VasprunReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), options_(options), document_(source) {}

    bool next(Frame& frame) override {
        std::string piece;
        while (!document_.has_frame()) {
            document_.check();
            if (ended_) return false;
            piece.resize(1 << 16);
            stream_->read(piece.data(), static_cast<std::streamsize>(piece.size()));
            piece.resize(static_cast<std::size_t>(stream_->gcount()));
            ended_ = !*stream_;
            document_.feed(piece, ended_);
        }
        frame = document_.take();
        check_frame(frame, options_.numbers, Place{frame.source, frame.index});
        return true;
    }

    FrameNotes notes() const override { return {"e_fr_energy", "forces", "stress", {}}; }

private:
    std::unique_ptr<std::istream> stream_;
    ReadOptions options_;
    Document document_;
    bool ended_ = false;
};

}  // namespace

std::unique_ptr<FrameReader> open_vasprun(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<VasprunReader>(std::move(stream), source, options);
}

}  // namespace alkali::io
