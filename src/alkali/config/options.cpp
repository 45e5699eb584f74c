#include "alkali/config/options.hpp"

namespace alkali::config {

Option& Options::add(Kind kind, std::string key, std::string help) {
    Option option;
    option.data.key = std::move(key);
    option.data.help = std::move(help);
    option.data.kinds = {kind};
    options_.push_back(std::move(option));
    return options_.back();
}

Option& Options::block(std::string key, std::string help, Options nested) {
    Option& option = add(Kind::block, std::move(key), std::move(help));
    option.data.block = std::make_shared<const Options>(std::move(nested));
    return option;
}

Option& Options::variant(std::string key, std::string help, std::vector<std::pair<std::string, Options>> variants) {
    Option& option = add(Kind::variant, std::move(key), std::move(help));
    for (auto& [name, nested] : variants)
        option.data.variants.emplace_back(std::move(name), std::make_shared<const Options>(std::move(nested)));
    return option;
}

const Option* Options::find(const std::string& key) const {
    for (const auto& option : options_)
        if (option.data.key == key) return &option;
    return nullptr;
}

std::vector<std::string> Options::keys() const {
    std::vector<std::string> keys;
    for (const auto& option : options_) keys.push_back(option.data.key);
    return keys;
}

}  // namespace alkali::config
