#pragma once
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/safetensors.hpp"

namespace alkali::io {

/// A place in a document of deepmd-kit, for reading with errors that name it. Every error is a FileError.
class DeepmdNode {
public:
    DeepmdNode(const nlohmann::json& value, std::string path, const std::string& source)
        : value_(&value), path_(std::move(path)), source_(&source) {}

    [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const;
    [[nodiscard]] const std::string& path() const { return path_; }

    /// Of a block. has() is false for null.
    [[nodiscard]] bool has(const char* key) const;
    [[nodiscard]] DeepmdNode at(const char* key) const;
    /// Of a list.
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] DeepmdNode at(std::size_t index) const;
    [[nodiscard]] bool is_null() const { return value_->is_null(); }

    [[nodiscard]] std::string text() const;
    [[nodiscard]] double number() const;
    [[nodiscard]] int integer() const;
    [[nodiscard]] bool boolean() const;
    [[nodiscard]] std::vector<int> integers() const;
    [[nodiscard]] std::vector<std::string> texts() const;
    /// An array of finite numbers; every row of the same length.
    [[nodiscard]] Tensor array() const;

    /// @class is `name` and @version between the two.
    void expect_class(std::string_view name, int first_version, int last_version) const;
    /// Keys other than `known` ask for nothing: null, false, 0, empty, or lists of such.
    void refuse_others(std::initializer_list<std::string_view> known) const;

private:
    const nlohmann::json* value_;
    std::string path_;
    const std::string* source_;
};

}  // namespace alkali::io
