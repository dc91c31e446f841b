// rd4ad/score/result_bytes.hpp: results and images as bytes, for messages between the processes of one program. Twin:
// tests/score/deal_chunks.cpp
#pragma once
#include <concepts>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/score/detection_result.hpp>

namespace rd4ad::inline RD4AD_ABI::score_detail {

/// A value that is its bytes.
template <class T>
concept PlainValue = std::is_trivially_copyable_v<T>;

/// Appends values to bytes, in the layout of this machine: both processes run the same program on processors of one type.
class byte_writer {
   public:
    template <PlainValue T>
    void add(const T& value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void add(const std::string& text) { add_values(text.data(), text.size()); }
    template <PlainValue T>
    void add(const std::vector<T>& values) {
        add_values(values.data(), values.size());
    }
    template <class P>
    void add(const image::basic_image<P>& one) {
        add(one.width), add(one.height), add(one.channels), add(one.pixels);
    }
    template <class T>
    requires(!PlainValue<T>) void add(const std::optional<T>& value) {
        add(value.has_value());
        if (value) add(*value);
    }
    void add(const region& one) {
        add(one.box), add(one.relative), add(one.area), add(one.raw_score), add(one.score), add(one.outline);
    }
    void add(const detection_result& one) {
        add(one.raw_score), add(one.score), add(one.map), add(one.transform), add(one.regions.size());
        for (const auto& each : one.regions) add(each);
    }
    void add(const failure& one) { add(one.code), add(one.message); }

    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

   private:
    template <class T>
    void add_values(const T* values, std::size_t count) {
        add(count);
        bytes_.append(reinterpret_cast<const char*>(values), count * sizeof(T));
    }

    std::string bytes_{};
};

/// Reads the values of a byte_writer in its order. Throws format_error at the end of the bytes.
class byte_reader {
   public:
    explicit byte_reader(std::string_view bytes) : left_{bytes} {}

    [[nodiscard]] bool has_more() const noexcept { return !left_.empty(); }

    template <PlainValue T>
    void get(T& value) {
        std::memcpy(&value, take(sizeof value), sizeof value);
    }
    void get(std::string& text) {
        const auto count = get<std::size_t>();
        text.assign(take(count), count);
    }
    template <PlainValue T>
    void get(std::vector<T>& values) {
        const auto count = get<std::size_t>();
        if (count > left_.size() / sizeof(T)) static_cast<void>(take(left_.size() + 1));
        values.resize(count);
        if (count > 0) std::memcpy(values.data(), take(count * sizeof(T)), count * sizeof(T));
    }
    template <class P>
    void get(image::basic_image<P>& one) {
        get(one.width), get(one.height), get(one.channels), get(one.pixels);
    }
    template <class T>
    requires(!PlainValue<T>) void get(std::optional<T>& value) {
        if (get<bool>()) get(value.emplace());
    }
    void get(region& one) {
        get(one.box), get(one.relative), get(one.area), get(one.raw_score), get(one.score), get(one.outline);
    }
    void get(detection_result& one) {
        get(one.raw_score), get(one.score), get(one.map), get(one.transform);
        const auto regions = get<std::size_t>();
        for (std::size_t i = 0; i < regions; ++i) get(one.regions.emplace_back());
    }
    void get(failure& one) { get(one.code), get(one.message); }

    template <class T>
    [[nodiscard]] T get() {
        T value{};
        get(value);
        return value;
    }

   private:
    [[nodiscard]] const char* take(std::size_t count) {
        if (count > left_.size())
            throw format_error{text("a message of another rank ends early: ", count, " bytes expected, found ", left_.size(),
                                    "; start the ranks with one build of rd4ad")};
        const char* at = left_.data();
        left_.remove_prefix(count);
        return at;
    }

    std::string_view left_;
};

}  // namespace rd4ad::inline RD4AD_ABI::score_detail
