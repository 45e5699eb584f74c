#include "alkali/base/error.hpp"

namespace alkali {
namespace {
std::string compose(const std::string& what, const std::string& where, const std::string& hint) {
    std::string text = where.empty() ? what : where + ": " + what;
    if (!hint.empty()) text += "; " + hint;
    return text;
}
}  // namespace

Error::Error(const std::string& what, const std::string& where, const std::string& hint)
    : std::runtime_error(compose(what, where, hint)), fault_(what), where_(where), hint_(hint) {}

}  // namespace alkali
