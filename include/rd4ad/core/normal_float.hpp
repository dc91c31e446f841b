// rd4ad/core/normal_float.hpp: random::normal, scaled and rounded to float, in a third of the time. Twin:
// tests/core/normal_float.cpp
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

#include <rd4ad/core/random.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Draws float(scale * random::normal()), to the bit, for many values: a training draws millions of initial values per student.
/// A uniform has 24 bits, so logarithm and cosine follow from tables of the upper 12 bits and short series of the lower 12.
/// Their product has a relative error below `error`. Where a float's rounding could depend on that error, or the series are not
/// accurate enough (some 5 % of the values), random::normal computes the value.
class normal_float {
   public:
    [[nodiscard]] static const normal_float& tables() {
        static const normal_float made;
        return made;
    }

    /// The next value of the sequence, as float(source.normal() * scale). scale: above 0.
    [[nodiscard]] float draw(random& source, double scale) const noexcept {
        random own = source;
        const std::uint64_t below_one = steps - (own.next() >> 40), turn = own.next() >> 40;
        const std::size_t high = below_one / half, angle = turn / half;
        if (high >= lowest && high < highest) {
            const double x = static_cast<double>(below_one % half) * inverse_[high];
            const double log =
                log_[high] + x * (1 - x * (1. / 2 - x * (1. / 3 - x * (1. / 4 - x * (1. / 5 - x * (1. / 6 - x / 7))))));
            const std::size_t rest = turn % half;
            const double cosine = cos_[angle] * small_cos_[rest] - sin_[angle] * small_sin_[rest];
            const double value = std::sqrt(-2 * log) * cosine * scale;
            const float nearer_zero = static_cast<float>(value * (1 - error)), farther = static_cast<float>(value * (1 + error));
            if (nearer_zero == farther && std::abs(cosine) > smallest_cosine) {
                source = own;
                return farther;
            }
        }
        return static_cast<float>(source.normal() * scale);
    }

   private:
    static constexpr std::size_t half = 1 << 12, steps = half * half;
    static constexpr std::size_t lowest = 64;            // below it the series of log(1 + x), x < 1 / 64, is too short
    static constexpr std::size_t highest = 4000;         // from it on the logarithm, above -0.024, loses digits
    static constexpr double smallest_cosine = 1. / 128;  // below it the cosine loses digits
    static constexpr double error = 0x1p-42;

    normal_float() {
        for (std::size_t i = 0; i < half; ++i) {
            const double turns = static_cast<double>(i) / half, angle = 2 * std::numbers::pi * turns;
            cos_[i] = std::cos(angle), sin_[i] = std::sin(angle);
            small_cos_[i] = std::cos(angle / half), small_sin_[i] = std::sin(angle / half);
            log_[i] = std::log(turns), inverse_[i] = 1 / (static_cast<double>(i) * half);
        }
    }

    std::array<double, half> cos_{}, sin_{}, small_cos_{}, small_sin_{}, log_{}, inverse_{};
};

}  // namespace rd4ad::inline RD4AD_ABI
