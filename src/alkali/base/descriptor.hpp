#pragma once
#include <unistd.h>

#include <filesystem>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

namespace alkali::base {

/// A file descriptor that is closed with its owner.
class Descriptor {
public:
    explicit Descriptor(int value = -1) : value_(value) {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    [[nodiscard]] int get() const { return value_; }
    [[nodiscard]] bool is_open() const { return value_ >= 0; }
    void close() {
        if (value_ >= 0) ::close(std::exchange(value_, -1));
    }

private:
    int value_;
};

/// What is written through it goes to a descriptor of another owner. The first failure is kept: its errno.
class OutputBuffer final : public std::streambuf {
public:
    explicit OutputBuffer(int descriptor = -1);
    void write_to(int descriptor) { descriptor_ = descriptor; }
    [[nodiscard]] int failure() const { return failure_; }

protected:
    int_type overflow(int_type character) override;
    std::streamsize xsputn(const char* text, std::streamsize count) override;
    int sync() override;

private:
    [[nodiscard]] bool write_all(const char* text, std::size_t count);
    [[nodiscard]] bool empty_buffer();

    int descriptor_, failure_ = 0;
    std::vector<char> buffer_;
};

/// True if the path still leads to what is open.
[[nodiscard]] bool is_in_place(const std::filesystem::path& path, int descriptor);

/// What the system says of an error number.
[[nodiscard]] std::string reason_of(int failure);

/// The number of bytes read, 0 at the end; -1 with errno. Goes on behind an interruption.
[[nodiscard]] ssize_t read_some(int descriptor, char* to, std::size_t count);

}  // namespace alkali::base
