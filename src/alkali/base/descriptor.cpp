#include "alkali/base/descriptor.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace alkali::base {

OutputBuffer::OutputBuffer(int descriptor) : descriptor_(descriptor), buffer_(1 << 16) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
}

bool OutputBuffer::write_all(const char* text, std::size_t count) {
    while (count > 0 && failure_ == 0) {
        const auto written = ::write(descriptor_, text, count);
        if (written < 0) {
            if (errno != EINTR) failure_ = errno;
            continue;
        }
        text += written;
        count -= static_cast<std::size_t>(written);
    }
    return failure_ == 0;
}

bool OutputBuffer::empty_buffer() {
    const bool written = write_all(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    return written;
}

OutputBuffer::int_type OutputBuffer::overflow(int_type character) {
    if (!empty_buffer()) return traits_type::eof();
    if (!traits_type::eq_int_type(character, traits_type::eof())) {
        *pptr() = traits_type::to_char_type(character);
        pbump(1);
    }
    return traits_type::not_eof(character);
}

std::streamsize OutputBuffer::xsputn(const char* text, std::streamsize count) {
    const auto size = static_cast<std::size_t>(count);
    if (size >= static_cast<std::size_t>(epptr() - pptr())) return empty_buffer() && write_all(text, size) ? count : 0;
    std::memcpy(pptr(), text, size);
    pbump(static_cast<int>(size));
    return count;
}

int OutputBuffer::sync() { return empty_buffer() ? 0 : -1; }

bool is_in_place(const std::filesystem::path& path, int descriptor) {
    struct stat open = {}, there = {};
    return ::fstat(descriptor, &open) == 0 && ::lstat(path.c_str(), &there) == 0 && open.st_dev == there.st_dev &&
           open.st_ino == there.st_ino;
}

std::string reason_of(int failure) { return std::generic_category().message(failure); }

ssize_t read_some(int descriptor, char* to, std::size_t count) {
    for (;;) {
        const auto got = ::read(descriptor, to, count);
        if (got >= 0 || errno != EINTR) return got;
    }
}

}  // namespace alkali::base
