#pragma once
#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "alkali/base/inputs.hpp"

namespace alkali::app {

/// What the options of a command name: once all are known, and before any work, an output that is an input is refused.
class CommandPaths {
public:
    /// The option refuses a name that is empty; so do those below.
    static CLI::Option* named(CLI::Option* option);
    /// A file that the command reads, or a pattern of its name.
    CLI::Option* reads(CLI::Option* option);
    /// A file of frames, or a folder: all files of frames below it.
    CLI::Option* reads_frames(CLI::Option* option);
    /// A folder, and what of it is read.
    void reads_folder(const std::string& folder, base::InputFiles::List list);
    /// CALC: a model file, several as models::model_files_of() finds them, or a config; also a further member of a committee.
    CLI::Option* reads_calculator(CLI::Option* option);
    /// A file that the command writes.
    CLI::Option* writes(CLI::Option* option);
    /// A folder that the command writes a file of this name into.
    CLI::Option* writes_into(CLI::Option* option, const std::string& name);

    [[nodiscard]] base::InputFiles& inputs() { return inputs_; }
    /// The inputs as they were given, for messages.
    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
    /// True if an output is standard output (/dev/stdout, the file that it goes to): other text would get among it.
    [[nodiscard]] bool writes_to_standard_output() const;
    /// Errors: InputError naming output and input; FileError naming an output that cannot be written.
    void refuse_inputs_as_outputs() const;

private:
    void add(const std::string& word);
    void add_models(const std::string& names);

    std::vector<std::string> words_;
    base::InputFiles inputs_;
    std::vector<std::filesystem::path> outputs_;
};

}  // namespace alkali::app
