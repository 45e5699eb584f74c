#pragma once
#include <stdexcept>
#include <string>

namespace alkali {

/// What every failure of the library is reported as. The message says what is wrong, where, and what to do about it.
/// The library throws these; only the program turns them into text and an exit status.
class Error : public std::runtime_error {
public:
    /// what: the fault; where: file, frame, key or atom (may be empty); hint: what to do (may be empty).
    explicit Error(const std::string& what, const std::string& where = {}, const std::string& hint = {});
    [[nodiscard]] const std::string& fault() const { return fault_; }
    [[nodiscard]] const std::string& where() const { return where_; }
    [[nodiscard]] const std::string& hint() const { return hint_; }

private:
    std::string fault_, where_, hint_;
};

/// The input (config, structure, data, model name) is wrong.
class InputError : public Error {
public:
    using Error::Error;
};
/// A file cannot be read, is truncated or malformed, or cannot be written.
class FileError : public Error {
public:
    using Error::Error;
};
/// A program or foreign library that alkali drives failed or is missing.
class ExternalProgramError : public Error {
public:
    using Error::Error;
};
/// An iteration did not reach its tolerance.
class ConvergenceError : public Error {
public:
    using Error::Error;
};
/// A broken promise inside alkali: a bug.
class InternalError : public Error {
public:
    using Error::Error;
};

}  // namespace alkali
