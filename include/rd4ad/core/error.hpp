// rd4ad/core/error.hpp: the library's exceptions, one root with a stable code. Twin: tests/core/error.cpp
#pragma once
#include <stdexcept>
#include <string>

namespace rd4ad {

/// What went wrong, stable across versions; the command prints the message and maps every code to exit status 1.
enum class error_code {
    shape,    ///< sizes that don't fit together
    format,   ///< a file's content is not what its kind promises
    io,       ///< a file can't be opened, read, written or moved
    numeric,  ///< NaN, infinity or a quantity that is undefined for the given values
    option,   ///< a setting outside its range, or settings that contradict each other
    data,     ///< a data set whose layout or content can't be used
    memory,   ///< memory of the host or the device ran out
    device    ///< the device that computes is missing or failed
};

/// Root of every exception the library throws on purpose. The message names the file or tensor, what was found, what
/// was expected, and what to do.
class error : public std::runtime_error {
   public:
    error(error_code code, const std::string& message) : std::runtime_error{message}, code_{code} {}

    [[nodiscard]] error_code code() const noexcept { return code_; }

   private:
    error_code code_;
};

/// Sizes that don't fit together; both are in the message.
class shape_error : public error {
   public:
    explicit shape_error(const std::string& message) : error{error_code::shape, message} {}
};

/// A file's content is not what its kind promises. The message starts with the file's path.
class format_error : public error {
   public:
    explicit format_error(const std::string& message) : error{error_code::format, message} {}
};

/// A file can't be opened, read, written or moved. The message starts with the file's path.
class io_error : public error {
   public:
    explicit io_error(const std::string& message) : error{error_code::io, message} {}
};

/// NaN, infinity, or a quantity that is undefined for the given values.
class numeric_error : public error {
   public:
    explicit numeric_error(const std::string& message) : error{error_code::numeric, message} {}
};

/// A setting outside its range, or settings that contradict each other.
class option_error : public error {
   public:
    explicit option_error(const std::string& message) : error{error_code::option, message} {}
};

/// A data set whose layout or content can't be used. The message names the folder or file.
class data_error : public error {
   public:
    explicit data_error(const std::string& message) : error{error_code::data, message} {}
};

/// Memory of the host or the device ran out; the message states what was needed and what there was.
class memory_error : public error {
   public:
    explicit memory_error(const std::string& message) : error{error_code::memory, message} {}
};

/// The device that computes is missing, or failed at its work; the message has its driver's words.
class device_error : public error {
   public:
    explicit device_error(const std::string& message) : error{error_code::device, message} {}
};

}  // namespace rd4ad
