// rd4ad/train/feature_cache.hpp: the teacher's features of all training inputs, computed once. Twin:
// tests/train/feature_cache.cpp
#pragma once
#include <array>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rd4ad/core/text.hpp>
#include <rd4ad/model/teacher.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace train_detail {

/// Bytes in a temporary file without a name, mapped: the system writes them to disk when it needs the memory.
class spill_file {
   public:
    spill_file(const std::filesystem::path& folder, std::size_t bytes) : bytes_{bytes} {
        std::string name = (folder / "rd4ad-features-XXXXXX").string();
        int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);  // has no name, so a kill leaves no file
        if (file < 0) {
            file = ::mkstemp(name.data());
            if (file < 0) fail(name, "can't be created");
            ::unlink(name.c_str());
        }
        if (::posix_fallocate(file, 0, static_cast<off_t>(bytes)) != 0) {
            ::close(file);
            fail(name, text("no space for ", bytes, " bytes of features; free some, or allow more memory for them (--cache-gb)"));
        }
        data_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        ::close(file);
        if (data_ == MAP_FAILED) fail(name, "can't be mapped");
    }
    spill_file(const spill_file&) = delete;
    spill_file& operator=(const spill_file&) = delete;
    ~spill_file() { ::munmap(data_, bytes_); }

    [[nodiscard]] void* data() const noexcept { return data_; }

   private:
    [[noreturn]] static void fail(const std::string& name, const std::string& problem) {
        throw io_error{text(name, ": ", problem)};
    }

    void* data_{nullptr};
    std::size_t bytes_;
};

}  // namespace train_detail

/// Features of a number of inputs on the host, three arrays per input: in memory within the budget, else in a mapped temporary
/// file (in TMPDIR).
template <Backend B>
class feature_cache {
   public:
    using T = typename B::value_type;

    /// shapes: of one input's features. budget: bytes. Throws io_error where the temporary file has no space.
    feature_cache(std::size_t images, const std::array<shape, 3>& shapes, std::size_t budget) : shapes_{shapes} {
        for (const auto& s : shapes) values_ += s.count();
        const std::size_t bytes = images * values_ * sizeof(T);
        if (bytes <= budget) {
            memory_.resize(images * values_);
            data_ = memory_.data();
        } else {
            std::error_code failed;
            const auto folder = std::filesystem::temp_directory_path(failed);
            if (failed)
                throw io_error{text("TMPDIR is no folder for the features' temporary file (", failed.message(),
                                    "); set it to a folder with ", bytes,
                                    " free bytes, or allow more memory for them (--cache-gb)")};
            file_ = std::make_unique<train_detail::spill_file>(folder, bytes);
            data_ = static_cast<T*>(file_->data());
        }
    }

    /// Whether the features are in a mapped file.
    [[nodiscard]] bool on_disk() const noexcept { return file_ != nullptr; }

    /// Stores the features of the inputs first, first + 1, ....
    void put(typename B::queue& q, std::size_t first, const features<B>& found) {
        std::size_t offset = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            const std::size_t each = shapes_[k].count();
            for (std::size_t i = 0; i < found[k].shape.n; ++i)
                B::download(q, found[k].data() + i * each, std::span<T>{data_ + (first + i) * values_ + offset, each});
            offset += each;
        }
    }

    /// The features of the given inputs as a batch.
    [[nodiscard]] features<B> get(typename B::queue& q, std::span<const std::size_t> images) const {
        features<B> batch;
        std::size_t offset = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            const std::size_t each = shapes_[k].count();
            batch[k] = make_tensor<B>(q, {images.size(), shapes_[k].c, shapes_[k].h, shapes_[k].w});
            for (std::size_t i = 0; i < images.size(); ++i)
                B::upload(q, std::span<const T>{data_ + images[i] * values_ + offset, each}, batch[k].data() + i * each);
            offset += each;
        }
        return batch;
    }

   private:
    std::array<shape, 3> shapes_;
    std::size_t values_{0};
    std::vector<T> memory_;
    std::unique_ptr<train_detail::spill_file> file_;
    T* data_{nullptr};
};

}  // namespace rd4ad::inline RD4AD_ABI
