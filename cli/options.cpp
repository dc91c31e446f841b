// cli/options.cpp: parses flags with cxxopts; no other file includes it.
#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include <cxxopts.hpp>

#include <rd4ad/core/text.hpp>

namespace cli {

namespace {

constexpr std::string_view file_values[]{"FILE", "PATH", "MASK"};

/// Levenshtein distance.
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

/// The whole text as a number; none for any other text.
template <class N>
std::optional<N> number(std::string_view text) {
    N value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

usage_error wrong(const std::string& name, const std::string& found, const std::string& expected) {
    return usage_error{rd4ad::text("--", name, " '", found, "': expected ", expected)};
}

std::string short_text(double value) {
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr};
}

/// The arguments before "--" with each value after its flag, so that "--inp -32" and "--inp=-32" have the value -32, and
/// "--inp --bs 8" none: the parser takes what follows a flag as it is, also a value with a line end. Throws usage_error for a
/// flag without its value, and for a switch with one.
std::vector<std::string> separate_values(std::vector<std::string>::const_iterator at,
                                         std::vector<std::string>::const_iterator end, const std::vector<flag>& flags) {
    std::vector<std::string> separate;
    while (at != end) {
        const std::string arg = *at++;
        const auto equals = arg.find('=');
        const auto known =
            std::find_if(flags.begin(), flags.end(), [&](const flag& one) { return "--" + one.name == arg.substr(0, equals); });
        if (known != flags.end() && known->value.empty() && equals != arg.npos)
            throw usage_error{rd4ad::text("--", known->name, " takes no value, found '", arg.substr(equals + 1), "'")};
        if (known == flags.end() || known->value.empty()) {
            separate.push_back(arg);
            continue;
        }
        separate.push_back(arg.substr(0, equals));
        if (equals != arg.npos) {
            separate.push_back(arg.substr(equals + 1));
            continue;
        }
        if (at == end || at->starts_with("--"))
            throw usage_error{rd4ad::text("--", known->name, " has no value: expected ", known->value,
                                          at == end ? std::string{} : rd4ad::text(", found the flag ", *at))};
        separate.push_back(*at++);
    }
    return separate;
}

/// Declares a command's flags to the parser.
void declare(cxxopts::Options& parser, const std::vector<flag>& flags) {
    auto add = parser.add_options();
    for (const auto& one : flags)
        if (one.value.empty())
            add(one.name, one.help);
        else
            add(one.name, one.fallback.empty() ? one.help : rd4ad::text(one.help, " (default: ", one.fallback, ")"),
                cxxopts::value<std::string>(), one.value);
    add("h,help", "print this help");
}

bool is_output(const std::string& name) { return name == "out" || name == "coco" || name == "feedback"; }

/// Whether a flag's value, by its name in the help, is the path of a file.
bool names_file(const std::string& value) {
    return std::any_of(std::begin(file_values), std::end(file_values),
                       [&](std::string_view part) { return value.find(part) != std::string::npos; });
}

usage_error unknown_flag(const std::string& arg, const std::vector<flag>& flags) {
    std::vector<std::string> names{"help"};
    for (const auto& one : flags) names.push_back(one.name);
    const auto name = arg.substr(0, arg.find('='));
    const auto near = nearest(std::string_view{name}.substr(name.find_first_not_of('-') % name.size()), names);
    return usage_error{rd4ad::text("unknown flag ", name, near.empty() ? "" : rd4ad::text(": did you mean --", near, "?"))};
}

}  // namespace

std::vector<flag> join_flags(std::initializer_list<std::vector<flag>> lists) {
    std::vector<flag> all;
    for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
    return all;
}

std::string join_names(const std::vector<std::string>& names, const std::string& last) {
    std::string joined;
    for (std::size_t i = 0; i < names.size(); ++i) joined += (i == 0 ? "" : i + 1 == names.size() ? last : ", ") + names[i];
    return joined;
}

std::optional<std::size_t> parse_whole(std::string_view text) { return number<std::size_t>(text); }

std::string nearest(std::string_view found, const std::vector<std::string>& known) {
    std::string best;
    std::size_t smallest = found.size() / 2 + 2;
    for (const auto& name : known) {
        const std::size_t d = name.starts_with(found) ? 1 : distance(found, name);
        if (d < smallest) {
            smallest = d;
            best = name;
        }
    }
    return best;
}

parsed_options::parsed_options(const std::string& command, const std::string& summary, const usage& of,
                               const std::vector<std::string>& args) {
    cxxopts::Options parser{"rd4ad " + command, summary};
    parser.allow_unrecognised_options().custom_help(of.synopsis).positional_help("");
    declare(parser, of.flags);
    help_ = rd4ad::text(parser.help(), '\n', of.notes);

    const auto rest = std::find(args.begin(), args.end(), "--");
    std::vector<const char*> argv{"rd4ad"};
    const auto separate = separate_values(args.begin(), rest, of.flags);
    for (const auto& arg : separate) argv.push_back(arg.c_str());
    const auto parsed = [&] {
        try {
            return parser.parse(static_cast<int>(argv.size()), argv.data());
        } catch (const std::exception& problem) {  // cxxopts renames its error types between versions
            throw usage_error{problem.what()};
        }
    }();
    for (const auto& arg : parsed.unmatched()) {
        if (arg.starts_with('-') && arg.size() > 1) throw unknown_flag(arg, of.flags);
        operands_.push_back(arg);
    }
    if (rest != args.end()) operands_.insert(operands_.end(), rest + 1, args.end());
    if (!operands_.empty() && !of.takes_operands)
        throw usage_error{rd4ad::text("'", operands_.front(), "' belongs to no flag: expected flags only")};
    if (parsed.count("help")) values_["help"] = "";
    for (const auto& one : of.flags) {
        if (!one.value.empty()) fallbacks_[one.name] = one.fallback;
        if (!parsed.count(one.name)) continue;
        values_[one.name] = one.value.empty() ? "" : parsed[one.name].as<std::string>();
        if (!one.value.empty() && values_[one.name].empty())  // a script's variable that is not set
            throw usage_error{rd4ad::text("--", one.name, " is empty: expected ", one.value)};
        if (is_output(one.name)) continue;
        if (one.value.find("DIR") != std::string::npos) input_folders_.push_back(values_[one.name]);
        if (names_file(one.value)) input_files_.push_back(values_[one.name]);
    }
}

std::string parsed_options::text(const std::string& name) const {
    const auto found = values_.find(name);
    return found != values_.end() ? found->second : fallbacks_.at(name);
}

std::string parsed_options::required(const std::string& name) const {
    auto value = text(name);
    if (value.empty()) throw usage_error{rd4ad::text("--", name, " is missing")};
    return value;
}

std::size_t parsed_options::whole(const std::string& name, std::size_t min, std::size_t max) const {
    const auto value = parse_whole(text(name));
    if (value && *value >= min && *value <= max) return *value;
    const auto digits = text(name);
    const bool too_large = !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos && (!value || *value > max);
    const bool bounded = too_large || max < most_counted;
    throw wrong(
        name, text(name),
        bounded ? rd4ad::text("a whole number from ", min, " to ", max) : rd4ad::text("a whole number of at least ", min));
}

double parsed_options::real(const std::string& name) const {
    const auto value = number<double>(text(name));
    if (!value || !std::isfinite(*value)) throw wrong(name, text(name), "a finite number");
    return *value;
}

double parsed_options::real(const std::string& name, double min, double max) const {
    const auto value = number<double>(text(name));
    if (value && std::isfinite(*value) && *value >= min && *value <= max) return *value;
    throw wrong(name, text(name),
                std::isfinite(max) ? rd4ad::text("a number from ", short_text(min), " to ", short_text(max))
                                   : rd4ad::text("a finite number of at least ", short_text(min)));
}

double parsed_options::positive(const std::string& name, double max) const {
    const auto value = number<double>(text(name));
    if (value && std::isfinite(*value) && *value > 0 && *value <= max) return *value;
    throw wrong(name, text(name),
                std::isfinite(max) ? rd4ad::text("a number above 0 and up to ", short_text(max))
                                   : std::string{"a finite number above 0"});
}

double parsed_options::rate(const std::string& name) const {
    const auto value = number<double>(text(name));
    if (value && *value > 0 && *value < 1) return *value;
    throw wrong(name, text(name), "a number above 0 and below 1");
}

std::string parsed_options::choice(const std::string& name, const std::vector<std::string>& allowed) const {
    auto value = text(name);
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
    throw wrong(name, value, rd4ad::text("one of ", join_names(allowed)));
}

std::string parsed_options::given(const std::vector<std::string>& names) const {
    std::string flags;
    for (const auto& name : names)
        if (const auto found = values_.find(name); found != values_.end())
            flags += rd4ad::text(flags.empty() ? "--" : " --", name, found->second.empty() ? "" : " ", found->second);
    return flags;
}

std::vector<std::string> parsed_options::list(const std::string& name) const {
    std::vector<std::string> items;
    const auto value = text(name);
    for (std::size_t at = 0; at < value.size();) {
        const std::size_t end = std::min(value.find(',', at), value.size());
        if (end > at) items.push_back(value.substr(at, end - at));
        at = end + 1;
    }
    return items;
}

std::vector<std::size_t> parsed_options::whole_list(const std::string& name, std::size_t min, std::size_t max) const {
    const auto fail = [&] {
        return wrong(name, text(name), rd4ad::text("whole numbers from ", min, " to ", max, ", separated by commas"));
    };
    std::vector<std::size_t> numbers;
    for (const auto& item : list(name)) {
        const auto value = parse_whole(item);
        if (!value || *value < min || *value > max) throw fail();
        numbers.push_back(*value);
    }
    if (numbers.empty()) throw fail();
    return numbers;
}

}  // namespace cli
