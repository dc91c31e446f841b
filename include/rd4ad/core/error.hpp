// rd4ad/core/error.hpp: the library's exceptions: one base class with a stable code. Twin: tests/core/error.cpp
#pragma once
#include <stdexcept>
#include <string>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The kind of an error, stable across versions. The command prints the message and exits with status 1 for every code.
enum class error_code {
    shape,    ///< sizes that do not match
    format,   ///< a file's content breaks its format
    io,       ///< a file can't be opened, read, written or moved
    numeric,  ///< NaN, infinity, or a quantity that the given values leave undefined
    option,   ///< a setting outside its range, or contradictory settings
    data,     ///< a data set whose layout or content can't be used
    memory,   ///< the host or the device ran out of memory
    device,   ///< the compute device is missing or failed
    stopped   ///< the caller requested a stop
};

/// Base class of every exception that the library throws on purpose. The message names the file or tensor, states what was
/// found and what was expected, and tells the user what to do.
class error : public std::runtime_error {
   public:
    error(error_code code, const std::string& message) : std::runtime_error{message}, code_{code} {}

    [[nodiscard]] error_code code() const noexcept { return code_; }

   private:
    error_code code_;
};

/// Sizes that do not match. The message states both.
class shape_error : public error {
   public:
    explicit shape_error(const std::string& message) : error{error_code::shape, message} {}
};

/// A file's content breaks its format. The message starts with the file's path.
class format_error : public error {
   public:
    explicit format_error(const std::string& message) : error{error_code::format, message} {}
};

/// A file can't be opened, read, written or moved. The message starts with the file's path.
class io_error : public error {
   public:
    explicit io_error(const std::string& message) : error{error_code::io, message} {}
};

/// NaN, infinity, or a quantity that the given values leave undefined.
class numeric_error : public error {
   public:
    explicit numeric_error(const std::string& message) : error{error_code::numeric, message} {}
};

/// A setting outside its range, or contradictory settings.
class option_error : public error {
   public:
    explicit option_error(const std::string& message) : error{error_code::option, message} {}
};

/// A data set whose layout or content can't be used. The message names the folder or file.
class data_error : public error {
   public:
    explicit data_error(const std::string& message) : error{error_code::data, message} {}
};

/// The host or the device ran out of memory. The message states the memory needed and the memory available.
class memory_error : public error {
   public:
    explicit memory_error(const std::string& message) : error{error_code::memory, message} {}
};

/// The compute device is missing or failed. The message includes the driver's error text.
class device_error : public error {
   public:
    explicit device_error(const std::string& message) : error{error_code::device, message} {}
};

/// The caller requested a stop by a std::stop_token. The message states how far the run had come.
class stopped_error : public error {
   public:
    explicit stopped_error(const std::string& message) : error{error_code::stopped, message} {}
};

}  // namespace rd4ad::inline RD4AD_ABI
