#include "paths.hpp"

#include <algorithm>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/base/writable.hpp"
#include "alkali/dataset/inputs.hpp"
#include "alkali/models/committee/open.hpp"
#include "output.hpp"

namespace alkali::app {

CLI::Option* CommandPaths::named(CLI::Option* option) {
    return option->check([](const std::string& word) { return word.empty() ? std::string("the name is empty") : std::string(); });
}

CLI::Option* CommandPaths::reads(CLI::Option* option) {
    return named(option)->each([this](const std::string& word) { add(word); });
}

CLI::Option* CommandPaths::reads_frames(CLI::Option* option) {
    return named(option)->each([this](const std::string& word) {
        words_.push_back(word);
        dataset::add_inputs(inputs_, word);
    });
}

CLI::Option* CommandPaths::reads_calculator(CLI::Option* option) {
    return named(option)->each([this](const std::string& word) {
        const auto colon = word.find(':');  // behind the kind, or a part of a file's name
        add(word);
        add_models(word);
        if (colon != std::string::npos) add_models(word.substr(colon + 1));
    });
}

void CommandPaths::reads_folder(const std::string& folder, base::InputFiles::List list) {
    words_.push_back(folder);
    inputs_.add_folder(std::move(list));
}

CLI::Option* CommandPaths::writes(CLI::Option* option) {
    return named(option)->transform(results_path)->each([this](const std::string& word) { outputs_.emplace_back(word); });
}

CLI::Option* CommandPaths::writes_into(CLI::Option* option, const std::string& name) {
    return named(option)->each([this, name](const std::string& word) { outputs_.push_back(std::filesystem::path(word) / name); });
}

void CommandPaths::add(const std::string& word) {
    words_.push_back(word);
    try {
        for (auto& path : base::matching_paths(std::filesystem::path(word))) inputs_.add(std::move(path));
    } catch (const Error&) {  // told when it is read
    }
}

void CommandPaths::add_models(const std::string& names) {
    try {
        for (auto& file : models::model_files_of(names)) inputs_.add(std::move(file));
    } catch (const Error&) {  // told when they are opened
    }
}

bool CommandPaths::writes_to_standard_output() const { return std::ranges::any_of(outputs_, is_results_path); }

void CommandPaths::refuse_inputs_as_outputs() const {
    for (const auto& output : outputs_) {
        base::refuse_input_as_output(output);
        base::require_writable(output);
    }
}

}  // namespace alkali::app
