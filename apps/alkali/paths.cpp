#include "paths.hpp"

#include <sstream>
#include <utility>

#include "alkali/dataset/inputs.hpp"

namespace alkali::app {

CLI::Option* CommandPaths::reads(CLI::Option* option) {
    return option->each([this](const std::string& word) { add(word); });
}

CLI::Option* CommandPaths::reads_frames(CLI::Option* option) {
    return option->each([this](const std::string& word) {
        words_.push_back(word);
        dataset::add_inputs(inputs_, word);
    });
}

CLI::Option* CommandPaths::reads_calculator(CLI::Option* option) {
    return option->each([this](const std::string& word) {
        std::istringstream files(word.substr(word.find(':') == std::string::npos ? 0 : word.find(':') + 1));
        add(word);
        for (std::string file; std::getline(files, file, ',');) inputs_.add(file);
    });
}

void CommandPaths::reads_folder(const std::string& folder, base::InputFiles::List list) {
    words_.push_back(folder);
    inputs_.add_folder(std::move(list));
}

CLI::Option* CommandPaths::writes(CLI::Option* option) {
    return option->each([this](const std::string& word) { outputs_.emplace_back(word); });
}

CLI::Option* CommandPaths::writes_into(CLI::Option* option, const std::string& name) {
    return option->each([this, name](const std::string& word) { outputs_.push_back(std::filesystem::path(word) / name); });
}

void CommandPaths::add(const std::string& word) {
    words_.push_back(word);
    inputs_.add(word);
}

void CommandPaths::refuse_inputs_as_outputs() const {
    for (const auto& output : outputs_) base::refuse_input_as_output(output);
}

}  // namespace alkali::app
