#include <fmt/format.h>

#include <algorithm>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/extxyz.hpp"
#include "alkali/io/extxyz_header.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/text.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

using structure::AtomColumn;

std::string row_major(const Mat3& m) {
    std::string text;
    for (int i = 0; i < 9; ++i) text += fmt::format("{}{}", i == 0 ? "" : " ", m(i / 3, i % 3));
    return text;
}

class ExtxyzWriter final : public FrameWriter {
public:
    explicit ExtxyzWriter(const std::filesystem::path& path) : file_(path) {}

    void write(const Frame& frame) override {
        check_frame(frame, Numbers::any, Place{frame.source, frame.index});
        const auto& structure = frame.structure;
        const auto& labels = frame.labels;
        std::vector<const AtomColumn*> columns;
        for (const auto& column : frame.columns)
            if (!column_stands_for_written(column.name, labels)) columns.push_back(&column);
        auto out = fmt::memory_buffer();
        fmt::format_to(std::back_inserter(out), "{}\n{}\n", structure.size(), header(frame, columns));
        for (std::size_t i = 0; i < structure.size(); ++i) {
            fmt::format_to(std::back_inserter(out), "{:<2}", units::symbol(structure.numbers[i]));
            append(out, structure.positions[i]);
            if (labels.forces) append(out, (*labels.forces)[i]);
            if (labels.energies) fmt::format_to(std::back_inserter(out), " {}", (*labels.energies)[i]);
            for (const auto* column : columns) append(out, *column, i);
            out.push_back('\n');
        }
        file_.stream().write(out.data(), static_cast<std::streamsize>(out.size()));
    }

    void close() override { file_.commit(); }

private:
    static void append(fmt::memory_buffer& out, const Vec3& v) { fmt::format_to(std::back_inserter(out), " {} {} {}", v[0], v[1], v[2]); }

    static void append(fmt::memory_buffer& out, const AtomColumn& column, std::size_t atom) {
        for (std::size_t k = atom * column.width; k < (atom + 1) * column.width; ++k) {
            if (column.kind == AtomColumn::Kind::text)
                fmt::format_to(std::back_inserter(out), " {}", column.words.at(k));
            else if (column.kind == AtomColumn::Kind::logical)
                fmt::format_to(std::back_inserter(out), " {}", column.values.at(k) != 0 ? 'T' : 'F');
            else
                fmt::format_to(std::back_inserter(out), " {}", column.values.at(k));
        }
    }

    static char letter_of(AtomColumn::Kind kind) {
        switch (kind) {
            case AtomColumn::Kind::integer: return 'I';
            case AtomColumn::Kind::logical: return 'L';
            case AtomColumn::Kind::text: return 'S';
            case AtomColumn::Kind::real: break;
        }
        return 'R';
    }

    // True for what would contradict a label that is written: a column of forces, a key of another label.
    static bool column_stands_for_written(const std::string& name, const structure::Labels& labels) {
        const auto label = label_name(name);
        return label && label->prefix.empty() && label->quantity == Quantity::forces && labels.forces;
    }
    static bool key_stands_for_written(const std::string& name, const structure::Labels& labels) {
        const auto label = label_name(name);
        if (!label || !label->prefix.empty()) return false;
        return (label->quantity == Quantity::energy && labels.energy) ||
               ((label->quantity == Quantity::stress || label->quantity == Quantity::virial) && labels.stress);
    }

    static bool reserved(const std::string& key, const std::string& value, const Frame& frame) {
        for (const std::string_view structural : {"Lattice", "Properties", "pbc"})
            if (same_ignoring_case(key, structural)) return true;
        if (const auto weight = weight_name(key); weight && is_weight({key, value}))
            return !weight->quantity || of_label(frame.weights, *weight->quantity) != 1.0;
        return key_stands_for_written(key, frame.labels);
    }

    static double of_label(const structure::LabelWeights& weights, Quantity quantity) {
        return quantity == Quantity::energy ? weights.energy : quantity == Quantity::forces ? weights.forces : weights.stress;
    }

    static const std::string& name_of(const AtomColumn& column, const Frame& frame) {
        if (column.name.empty() || column.name.find_first_of(":\n\r") != std::string::npos)
            throw InputError(fmt::format("extended XYZ cannot hold a column called '{}'", column.name), frame.where(), "rename it");
        return column.name;
    }

    static std::string header(const Frame& frame, const std::vector<const AtomColumn*>& columns) {
        const auto& cell = frame.structure.cell;
        std::string text;
        if (!cell.vectors().isZero(0)) text += "Lattice=\"" + row_major(cell.vectors()) + "\" ";
        std::string properties = "species:S:1:pos:R:3";
        if (frame.labels.forces) properties += ":forces:R:3";
        if (frame.labels.energies) properties += ":energies:R:1";
        for (const auto* column : columns)
            properties += fmt::format(":{}:{}:{}", name_of(*column, frame), letter_of(column->kind), column->width);
        text += format_pair("Properties", properties);
        for (const auto& [key, value] : frame.info)
            if (!reserved(key, value, frame)) text += " " + format_pair(key, value);
        if (frame.weight != 1.0) text += fmt::format(" weight={}", frame.weight);
        for (const auto quantity : {Quantity::energy, Quantity::forces, Quantity::stress})
            if (const double weight = of_label(frame.weights, quantity); weight != 1.0)
                text += fmt::format(" {}_weight={}", to_string(quantity), weight);
        if (frame.labels.energy) text += fmt::format(" energy={}", *frame.labels.energy);
        if (frame.labels.stress) text += " stress=\"" + row_major(*frame.labels.stress) + "\"";
        const auto& pbc = cell.periodic();
        return text + fmt::format(" pbc=\"{} {} {}\"", pbc[0] ? 'T' : 'F', pbc[1] ? 'T' : 'F', pbc[2] ? 'T' : 'F');
    }

    base::AtomicFile file_;
};

}  // namespace

std::unique_ptr<FrameWriter> write_extxyz(const std::filesystem::path& path, const WriteOptions&) {
    return std::make_unique<ExtxyzWriter>(path);
}

}  // namespace alkali::io
