// cli/arguments.cpp: flags by cxxopts, which is included here alone.
#include "arguments.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include <cxxopts.hpp>

namespace cli {

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t corner = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, corner + (a[i - 1] == b[j - 1] ? 0 : 1)});
            corner = above;
        }
    }
    return row.back();
}

template <class N>
N number(const std::string& name, const std::string& text, const char* expected) {
    N value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size())
        throw usage_error{"--" + name + " '" + text + "': expected " + expected};
    return value;
}

}  // namespace

std::string nearest(std::string_view given, const std::vector<std::string>& known) {
    std::string best;
    std::size_t least = given.size() / 2 + 2;
    for (const auto& name : known) {
        const std::size_t d = name.starts_with(given) ? 1 : distance(given, name);
        if (d < least) {
            least = d;
            best = name;
        }
    }
    return best;
}

arguments::arguments(const verb& of, const std::vector<std::string>& given) {
    cxxopts::Options options{"rd4ad " + of.name, of.what};
    options.allow_unrecognised_options().custom_help(of.synopsis).positional_help("");
    auto add = options.add_options();
    std::vector<std::string> names{"help"};
    for (const auto& one : of.flags) {
        names.push_back(one.name);
        if (one.value.empty()) {
            add(one.name, one.help);
            continue;
        }
        add(one.name, one.help + (one.fallback.empty() ? "" : " (default: " + one.fallback + ")"), cxxopts::value<std::string>(),
            one.value);
        fallbacks_[one.name] = one.fallback;
    }
    add("h,help", "this help");
    help_ = options.help() + "\n" + of.more;

    const auto rest = std::find(given.begin(), given.end(), "--");
    const std::string program = "rd4ad";
    std::vector<const char*> words{program.c_str()};
    for (auto at = given.begin(); at != rest; ++at) words.push_back(at->c_str());
    const auto parsed = [&] {
        try {
            return options.parse(static_cast<int>(words.size()), words.data());
        } catch (const std::exception& problem) {  // the library's types have other names in each of its versions
            throw usage_error{problem.what()};
        }
    }();
    for (const auto& word : parsed.unmatched()) {
        if (word.starts_with('-') && word.size() > 1) {
            const auto name = word.substr(0, word.find('='));
            const auto near = nearest(std::string_view{name}.substr(name.find_first_not_of('-') % name.size()), names);
            throw usage_error{"unknown flag " + name + (near.empty() ? "" : ": did you mean --" + near + "?")};
        }
        operands_.push_back(word);
    }
    if (rest != given.end()) operands_.insert(operands_.end(), rest + 1, given.end());
    if (!operands_.empty() && !of.takes_operands)
        throw usage_error{"'" + operands_.front() + "' belongs to no flag: expected flags only"};
    if (parsed.count("help")) values_["help"] = "";
    for (const auto& one : of.flags)
        if (parsed.count(one.name)) values_[one.name] = one.value.empty() ? "" : parsed[one.name].as<std::string>();
}

std::string arguments::text(const std::string& name) const {
    const auto found = values_.find(name);
    return found != values_.end() ? found->second : fallbacks_.at(name);
}

std::string arguments::required(const std::string& name) const {
    auto value = text(name);
    if (value.empty()) throw usage_error{"--" + name + " is missing"};
    return value;
}

std::size_t arguments::whole(const std::string& name, std::size_t least) const {
    const std::string expected = "a whole number of at least " + std::to_string(least);
    const auto value = number<std::size_t>(name, text(name), expected.c_str());
    if (value < least) throw usage_error{"--" + name + " " + text(name) + ": expected " + expected};
    return value;
}

double arguments::real(const std::string& name) const {
    const auto value = number<double>(name, text(name), "a number");
    if (!std::isfinite(value)) throw usage_error{"--" + name + " " + text(name) + ": expected a finite number"};
    return value;
}

std::string arguments::choice(const std::string& name, const std::vector<std::string>& among) const {
    const auto value = text(name);
    if (std::find(among.begin(), among.end(), value) != among.end()) return value;
    std::string known;
    for (const auto& one : among) known += (known.empty() ? "" : ", ") + one;
    throw usage_error{"--" + name + " '" + value + "': expected one of " + known};
}

std::vector<std::string> arguments::list(const std::string& name) const {
    std::vector<std::string> parts;
    const auto whole_text = text(name);
    for (std::size_t at = 0; at < whole_text.size();) {
        const std::size_t end = std::min(whole_text.find(',', at), whole_text.size());
        if (end > at) parts.push_back(whole_text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

}  // namespace cli
