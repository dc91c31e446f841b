// rd4ad/serve/metrics.hpp: counters, gauges and histograms in Prometheus' text format. Twin: tests/serve/metrics.cpp
#pragma once
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::serve {

/// A kind of metric, as Prometheus names it.
enum class metric_kind { counter, gauge, histogram };

/// A metric with all its labels.
struct metric_family {
    std::string name, help;
    metric_kind kind{metric_kind::counter};
    std::vector<double> bounds{};  ///< of a histogram: upper bounds of its buckets, rising; the last bucket has none
};

/// Names and values, in one order per family.
using metric_labels = std::vector<std::pair<std::string, std::string>>;

namespace detail {

/// The shortest text of a number that Prometheus reads back as the same number.
[[nodiscard]] inline std::string number_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    return {std::begin(digits), end};
}

/// A label's value or a help text: `\`, `"` and line ends are escaped.
[[nodiscard]] inline std::string escaped_label(std::string_view value) {
    std::string out;
    for (const char letter : value) {
        if (letter == '\\' || letter == '"') out += '\\';
        if (letter == '\n')
            out += "\\n";
        else
            out += letter;
    }
    return out;
}

/// {a="1",b="2"}; nothing without labels.
[[nodiscard]] inline std::string labels_text(const metric_labels& labels, std::string_view bound = {}) {
    std::string out;
    const auto add = [&](std::string_view name, std::string_view value) {
        out += text(out.empty() ? '{' : ',', std::string{name}, "=\"", escaped_label(value), '"');
    };
    for (const auto& [name, value] : labels) add(name, value);
    if (!bound.empty()) add("le", bound);
    return out.empty() ? out : out + '}';
}

}  // namespace detail

/// The metrics of a program. Several threads may call every member at once.
class metric_set {
   public:
    explicit metric_set(std::vector<metric_family> families) {
        for (auto& one : families) {
            const auto name = one.name;
            families_.emplace(name, family{std::move(one), {}});
        }
    }

    /// Adds to a counter or a gauge. Throws option_error for a family of another kind, or of an unknown name.
    void add(const std::string& name, const metric_labels& labels, double value = 1) {
        const std::lock_guard lock{mutex_};
        of(name, metric_kind::counter, metric_kind::gauge).series[labels].sum += value;
    }

    /// Sets a gauge. Throws as `add`.
    void set(const std::string& name, const metric_labels& labels, double value) {
        const std::lock_guard lock{mutex_};
        of(name, metric_kind::gauge, metric_kind::gauge).series[labels].sum = value;
    }

    /// Adds a value to a histogram. Throws as `add`.
    void observe(const std::string& name, const metric_labels& labels, double value) {
        const std::lock_guard lock{mutex_};
        auto& to = of(name, metric_kind::histogram, metric_kind::histogram);
        auto& one = to.series[labels];
        const auto& bounds = to.about.bounds;
        one.counts.resize(bounds.size() + 1);
        const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
        ++one.counts[static_cast<std::size_t>(bucket)];
        one.sum += value;
    }

    /// The value of a counter or gauge, or the number of a histogram's values; 0 without any. Throws option_error for an unknown
    /// name.
    [[nodiscard]] double value(const std::string& name, const metric_labels& labels) const {
        const std::lock_guard lock{mutex_};
        const auto of_name = families_.find(name);
        if (of_name == families_.end()) throw unknown(name);
        const auto found = of_name->second.series.find(labels);
        if (found == of_name->second.series.end()) return 0;
        const auto& one = found->second;
        return of_name->second.about.kind == metric_kind::histogram ? static_cast<double>(total(one.counts)) : one.sum;
    }

    /// All metrics in Prometheus' text format, version 0.0.4.
    [[nodiscard]] std::string text_format() const {
        const std::lock_guard lock{mutex_};
        std::string out;
        for (const auto& [name, one] : families_) {
            constexpr const char* kinds[]{"counter", "gauge", "histogram"};
            out += text("# HELP ", name, ' ', detail::escaped_label(one.about.help), "\n# TYPE ", name, ' ',
                        kinds[static_cast<std::size_t>(one.about.kind)], '\n');
            for (const auto& [labels, found] : one.series) {
                if (one.about.kind == metric_kind::histogram)
                    out += histogram_text(name, one.about.bounds, labels, found);
                else
                    out += text(name, detail::labels_text(labels), ' ', detail::number_text(found.sum), '\n');
            }
        }
        return out;
    }

   private:
    struct values {
        double sum{0};
        std::vector<std::uint64_t> counts{};  ///< of a histogram, per bucket
    };
    struct family {
        metric_family about;
        std::map<metric_labels, values> series;
    };

    [[nodiscard]] static option_error unknown(const std::string& name) {
        return option_error{
            text("metric_set: found the name ", name, ", expected a metric of the constructor, by a member of its kind")};
    }

    [[nodiscard]] family& of(const std::string& name, metric_kind kind, metric_kind or_kind) {
        const auto found = families_.find(name);
        if (found == families_.end()) throw unknown(name);
        if (found->second.about.kind != kind && found->second.about.kind != or_kind) throw unknown(name);
        return found->second;
    }

    [[nodiscard]] static std::uint64_t total(const std::vector<std::uint64_t>& counts) {
        std::uint64_t sum = 0;
        for (const auto one : counts) sum += one;
        return sum;
    }

    [[nodiscard]] static std::string histogram_text(const std::string& name, const std::vector<double>& bounds,
                                                    const metric_labels& labels, const values& of) {
        std::string out;
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < of.counts.size(); ++i) {
            sum += of.counts[i];
            const auto bound = i < bounds.size() ? detail::number_text(bounds[i]) : std::string{"+Inf"};
            out += text(name, "_bucket", detail::labels_text(labels, bound), ' ', sum, '\n');
        }
        const auto end = detail::labels_text(labels);
        return out + text(name, "_sum", end, ' ', detail::number_text(of.sum), '\n', name, "_count", end, ' ', sum, '\n');
    }

    mutable std::mutex mutex_{};
    std::map<std::string, family> families_{};
};

}  // namespace rd4ad::inline RD4AD_ABI::serve
