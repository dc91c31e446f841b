// rd4ad/io/pickle.hpp: Python's pickle, only as far as torch.save's tensors need it. Twin: tests/io/pickle.cpp
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/io/detail/shown.hpp>
#include <rd4ad/io/pickle_object.hpp>
#include <rd4ad/io/pickle_tensor.hpp>

namespace rd4ad::io::pickle {

/// The stack machine of pickle protocol 2. It executes nothing: it knows the opcodes and names that tensors need, turns
/// them into plain data, and refuses all else. Memory is bounded by the input's length and by `most_objects`.
class machine {
   public:
    static constexpr std::size_t most_objects = std::size_t{1} << 21;

    machine(std::span<const std::byte> bytes, std::size_t position, std::string name)
        : bytes_{bytes}, position_{position}, name_{std::move(name)} {}

    /// Runs until STOP.
    [[nodiscard]] document run() {
        while (step()) {
        }
        made_.root = pop();
        return std::move(made_);
    }

    /// Where the next byte would be read.
    [[nodiscard]] std::size_t position() const noexcept { return position_; }

   private:
    bool step() {
        opcode_at_ = position_;
        const auto opcode = number<std::uint8_t>();
        switch (opcode) {
            case 0x80:
                check_protocol(number<std::uint8_t>());
                break;
            case '.':
                return false;
            case '(':
                marks_.push_back(stack_.size());
                break;
            case 'N':
                push(none{});
                break;
            case 0x88:
                push(true);
                break;
            case 0x89:
                push(false);
                break;
            case 'K':
                push(std::int64_t{number<std::uint8_t>()});
                break;
            case 'M':
                push(std::int64_t{number<std::uint16_t>()});
                break;
            case 'J':
                push(std::int64_t{number<std::int32_t>()});
                break;
            case 0x8A:
                push_long(text(number<std::uint8_t>()));
                break;
            case 'G':
                push(big_endian_double());
                break;
            case 'X':
            case 'T':
                push(std::string{text(number<std::uint32_t>())});
                break;
            case 'U':
                push(std::string{text(number<std::uint8_t>())});
                break;
            case '}':
                push(dictionary{});
                break;
            case ']':
                push(list{});
                break;
            case ')':
                push(tuple{});
                break;
            case 't':
                push(tuple{pop_to_mark()});
                break;
            case 0x85:
                push(tuple{pop_last(1)});
                break;
            case 0x86:
                push(tuple{pop_last(2)});
                break;
            case 0x87:
                push(tuple{pop_last(3)});
                break;
            case 'q':
                memo_[number<std::uint8_t>()] = top();
                break;
            case 'r':
                memo_[number<std::uint32_t>()] = top();
                break;
            case 'h':
                recall(number<std::uint8_t>());
                break;
            case 'j':
                recall(number<std::uint32_t>());
                break;
            case 'a':
                append(pop_last(1));
                break;
            case 'e':
                append(pop_to_mark());
                break;
            case 's':
                set_items(pop_last(2));
                break;
            case 'u':
                set_items(pop_to_mark());
                break;
            case 'c':
                push_global();
                break;
            case 'R':
                reduce();
                break;
            case 'b':
                build();
                break;
            case 'Q':
                push_rebuilt(storage_named(made_, pop()));
                break;
            default:
                refuse("opcode " + hexadecimal(opcode) + " at byte " + std::to_string(opcode_at_));
        }
        return true;
    }

    void check_protocol(unsigned protocol) const {
        if (protocol != 2) refuse("protocol " + std::to_string(protocol));
    }

    void push(object value) {
        if (made_.objects.size() >= most_objects) damaged("more than " + std::to_string(most_objects) + " objects");
        stack_.push_back(static_cast<handle>(made_.objects.size()));
        made_.objects.push_back(std::move(value));
    }

    void push_rebuilt(rebuilt result) {
        if (!result.problem.empty()) damaged(result.problem);
        push(std::move(result.value));
    }

    void push_long(std::string_view little_endian) {
        if (little_endian.size() > 8) return push(long_integer{std::string{little_endian}});
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < little_endian.size(); ++i)
            bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(little_endian[i])) << (8 * i);
        if (const auto unused = 64 - 8 * little_endian.size(); unused < 64 && unused > 0)  // the sign is in the last byte
            return push(static_cast<std::int64_t>(bits << unused) >> unused);
        push(std::bit_cast<std::int64_t>(bits));
    }

    void push_global() {
        const std::string module{line()}, name{line()};
        if (!is_tensor_global(module + '.' + name)) refuse("global " + io::detail::shown(module + '.' + name));
        push(global{module + '.' + name});
    }

    void recall(std::uint32_t index) {
        const auto at = memo_.find(index);
        if (at == memo_.end()) damaged("memo " + std::to_string(index) + " was never set");
        stack_.push_back(at->second);
    }

    void append(const std::vector<handle>& items) {
        auto* target = std::get_if<list>(&made_.objects[top()]);
        if (target == nullptr) damaged("something is appended to what is no list");
        target->items.insert(target->items.end(), items.begin(), items.end());
    }

    void set_items(const std::vector<handle>& items) {
        auto* target = std::get_if<dictionary>(&made_.objects[top()]);
        if (target == nullptr) damaged("keys are set in what is no dict");
        if (items.size() % 2 != 0) damaged("a key is set without a value");
        for (std::size_t i = 0; i < items.size(); i += 2) target->items.emplace_back(items[i], items[i + 1]);
    }

    void reduce() {
        const auto operands = pop_last(2);
        const auto* callee = made_.as<global>(operands[0]);
        const auto* arguments = made_.as<tuple>(operands[1]);
        if (callee == nullptr || arguments == nullptr) damaged("a call without a name or without a tuple of arguments");
        auto result = call(made_, callee->name, arguments->items);
        if (const auto* copied = std::get_if<dictionary>(&result.value)) pairs_ += copied->items.size();
        if (pairs_ > most_objects) damaged("more than " + std::to_string(most_objects) + " pairs");
        push_rebuilt(std::move(result));
    }

    /// State set on an OrderedDict (modules' _metadata) says nothing about tensors.
    void build() {
        pop();
        const auto* target = made_.as<dictionary>(top());
        if (target == nullptr || !target->ordered) damaged("state is set on what is no OrderedDict");
    }

    [[nodiscard]] std::size_t floor() const noexcept { return marks_.empty() ? 0 : marks_.back(); }

    [[nodiscard]] handle top() const {
        if (stack_.size() <= floor()) damaged("the stack is empty");
        return stack_.back();
    }

    handle pop() {
        const handle last = top();
        stack_.pop_back();
        return last;
    }

    [[nodiscard]] std::vector<handle> pop_from(std::size_t first) {
        const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(first);
        std::vector<handle> items(from, stack_.end());
        stack_.erase(from, stack_.end());
        return items;
    }

    [[nodiscard]] std::vector<handle> pop_last(std::size_t count) {
        if (stack_.size() - floor() < count) damaged("the stack is empty");
        return pop_from(stack_.size() - count);
    }

    [[nodiscard]] std::vector<handle> pop_to_mark() {
        if (marks_.empty()) damaged("a mark is missing");
        const std::size_t first = marks_.back();
        marks_.pop_back();
        return pop_from(first);
    }

    [[nodiscard]] std::string_view text(std::size_t length) {
        if (length > bytes_.size() - position_) cut_off();
        const auto* first = reinterpret_cast<const char*>(bytes_.data()) + position_;
        position_ += length;
        return {first, length};
    }

    template <class Number>
    [[nodiscard]] Number number() {
        Number value;
        std::memcpy(&value, text(sizeof value).data(), sizeof value);
        return value;
    }

    [[nodiscard]] double big_endian_double() {
        std::uint64_t bits = 0;
        for (const char byte : text(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
        return std::bit_cast<double>(bits);
    }

    [[nodiscard]] std::string_view line() {
        const std::string_view rest{reinterpret_cast<const char*>(bytes_.data()) + position_, bytes_.size() - position_};
        const std::size_t length = rest.find('\n');
        if (length == std::string_view::npos) cut_off();
        position_ += length + 1;
        return rest.substr(0, length);
    }

    [[nodiscard]] static std::string hexadecimal(unsigned value) {
        constexpr std::string_view digits = "0123456789abcdef";
        return {'0', 'x', digits[value >> 4], digits[value & 15U]};
    }

    [[noreturn]] void refuse(const std::string& what) const {
        throw format_error{name_ + ": pickle asks for " + what +
                           ", which is not a tensor's: refused; save model.state_dict() alone with torch.save"};
    }
    [[noreturn]] void damaged(const std::string& what) const {
        throw format_error{name_ + ": pickle can't be read at byte " + std::to_string(opcode_at_) + ": " + what};
    }
    [[noreturn]] void cut_off() const {
        throw format_error{name_ + ": pickle is cut off after " + std::to_string(bytes_.size()) +
                           " bytes: fetch or save the file again"};
    }

    std::span<const std::byte> bytes_;
    std::size_t position_, opcode_at_{0};
    std::string name_;
    document made_;
    std::size_t pairs_{0};  // copied by calls, which may name one list again and again
    std::vector<handle> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint32_t, handle> memo_;
};

/// The pickle at `position` of `bytes`; `position` moves behind it. name: what messages start with.
/// Throws format_error for anything torch.save would not write for tensors, with the name of the global or opcode.
[[nodiscard]] inline document read(std::span<const std::byte> bytes, std::size_t& position, const std::string& name) {
    machine reader{bytes, position, name};
    auto made = reader.run();
    position = reader.position();
    return made;
}

}  // namespace rd4ad::io::pickle
