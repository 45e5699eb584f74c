#include "alkali/models/contract/shared.hpp"

namespace alkali::models {

GraphShare::Entry& GraphShare::at(std::string_view key, std::type_index type) {
    const std::lock_guard lock(mutex_);
    return entries_[{std::string(key), type}];  // entries never move
}

std::shared_ptr<void> Workspaces::take_idle(std::type_index type) {
    const std::lock_guard lock(mutex_);
    const auto found = idle_.find(type);
    if (found == idle_.end() || found->second.empty()) return {};
    auto object = std::move(found->second.back());
    found->second.pop_back();
    return object;
}

void Workspaces::keep(std::type_index type, std::shared_ptr<void> object) {
    const std::lock_guard lock(mutex_);
    idle_[type].push_back(std::move(object));
}

}  // namespace alkali::models
