#pragma once
#include "alkali/io/format.hpp"

namespace alkali::io {

/// The text that pw.x prints (5 to 7): every ionic step of single points, relaxations and dynamics, of all runs in the file.
[[nodiscard]] std::unique_ptr<FrameReader> open_qe_output(std::unique_ptr<std::istream> stream, const std::string& source,
                                                          const ReadOptions& options);
/// data-file-schema.xml or PREFIX.xml of pw.x (from 6.2 on). Ionic steps before the last have no stress there.
[[nodiscard]] std::unique_ptr<FrameReader> open_qe_xml(std::unique_ptr<std::istream> stream, const std::string& source,
                                                       const ReadOptions& options);

/// Whether a file that begins so is the text output of a program of Quantum ESPRESSO, or its XML.
[[nodiscard]] bool is_qe_output(std::string_view beginning);
[[nodiscard]] bool is_qe_xml(std::string_view beginning);

}  // namespace alkali::io
