#pragma once
#include <vector>

#include "alkali/io/extxyz_header.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/label_units.hpp"
#include "alkali/io/text.hpp"

namespace alkali::io {

/// A frame while it is read: header pairs and columns that nothing has taken yet.
struct FrameParts {
    std::vector<KeyValue>& pairs;
    Frame& frame;  ///< its columns are those that nothing has taken yet
    FrameNotes& notes;
    const Place& place;
    const HeaderUnits& units;
};

/// Takes the labels and weights out of header and columns. Of several keys for one label (energy, REF_energy) the one is
/// taken that names a free energy, or the most usual; if their numbers differ, none, and the notes say which there are.
/// So too for a stress and a virial that contradict each other, a stress beyond 10 eV/angstrom^3 (unless any number is read), a
/// unit that is not known, and a label of weight 0. A set (prefix) that was not chosen gives no other label. What is not taken stays
/// in the header (Frame::info) and the columns, as "untaken_..." where the next reading would take it.
void take_labels(const ReadOptions& options, FrameParts& parts);

/// The numbers of a header value. Errors: FileError naming the key.
[[nodiscard]] std::vector<double> numbers_of(const KeyValue& pair, const Place& place);

}  // namespace alkali::io
