// rd4ad/io/pickle.hpp: reads the part of Python's pickle format that torch.save uses for tensors. Twin: tests/io/pickle.cpp
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
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/pickle_object.hpp>
#include <rd4ad/io/pickle_tensor.hpp>
#include <rd4ad/io/quoted.hpp>

namespace rd4ad::inline RD4AD_ABI::io::pickle {

/// The stack machine of pickle protocol 2. It executes no code: it converts the opcodes and names that tensors need to plain data
/// and refuses all others. The input's length and `max_objects` bound its memory.
class machine {
   public:
    static constexpr std::size_t max_objects = std::size_t{1} << 21;

    machine(std::span<const std::byte> bytes, std::size_t position, std::string name)
        : bytes_{bytes}, position_{position}, name_{std::move(name)} {}

    /// Reads up to the opcode STOP and returns the objects.
    [[nodiscard]] document run() {
        while (step()) {
        }
        document_.root = pop();
        return std::move(document_);
    }

    /// The position of the next byte.
    [[nodiscard]] std::size_t position() const noexcept { return position_; }

   private:
    /// Executes one opcode. Returns whether more follow.
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
                push_long(take(number<std::uint8_t>()));
                break;
            case 'G':
                push(big_endian_double());
                break;
            case 'X':
            case 'T':
                push(std::string{take(number<std::uint32_t>())});
                break;
            case 'U':
                push(std::string{take(number<std::uint8_t>())});
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
                push_rebuilt(storage_named(document_, pop()));
                break;
            default:
                refuse(text("opcode ", hexadecimal(opcode), " at byte ", opcode_at_));
        }
        return true;
    }

    void check_protocol(unsigned protocol) const {
        if (protocol != 2) refuse(text("protocol ", protocol));
    }

    void push(object value) {
        if (document_.objects.size() >= max_objects) damaged(text("more than ", max_objects, " objects"));
        stack_.push_back(static_cast<handle>(document_.objects.size()));
        document_.objects.push_back(std::move(value));
    }

    /// Pushes a call's result.
    void push_rebuilt(rebuilt result) {
        if (!result.problem.empty()) damaged(result.problem);
        push(std::move(result.value));
    }

    /// Pushes a little-endian integer, as 64 bits where they suffice.
    void push_long(std::string_view little_endian) {
        if (little_endian.size() > 8) return push(long_integer{std::string{little_endian}});
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < little_endian.size(); ++i)
            bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(little_endian[i])) << (8 * i);
        if (const auto unused = 64 - 8 * little_endian.size(); unused < 64 && unused > 0)  // sign extension
            return push(static_cast<std::int64_t>(bits << unused) >> unused);
        push(std::bit_cast<std::int64_t>(bits));
    }

    void push_global() {
        const std::string module{line()}, member{line()};
        auto name = module + '.' + member;
        if (!is_tensor_global(name)) refuse("global " + io::quoted(name));
        push(global{std::move(name)});
    }

    void recall(std::uint32_t index) {
        const auto at = memo_.find(index);
        if (at == memo_.end()) damaged(text("memo ", index, " was never set"));
        stack_.push_back(at->second);
    }

    void append(const std::vector<handle>& items) {
        auto* target = std::get_if<list>(&document_.objects[top()]);
        if (target == nullptr) damaged("APPEND needs a list");
        target->items.insert(target->items.end(), items.begin(), items.end());
    }

    void set_items(const std::vector<handle>& items) {
        auto* target = std::get_if<dictionary>(&document_.objects[top()]);
        if (target == nullptr) damaged("SETITEM needs a dict");
        if (items.size() % 2 != 0) damaged("SETITEMS has a key without a value");
        for (std::size_t i = 0; i < items.size(); i += 2) target->items.emplace_back(items[i], items[i + 1]);
    }

    void reduce() {
        const auto operands = pop_last(2);
        const auto* callee = document_.as<global>(operands[0]);
        const auto* arguments = document_.as<tuple>(operands[1]);
        if (callee == nullptr || arguments == nullptr) damaged("REDUCE needs a global and a tuple of arguments");
        auto result = call(document_, callee->name, arguments->items);
        if (const auto* copied = std::get_if<dictionary>(&result.value)) pairs_ += copied->items.size();
        if (pairs_ > max_objects) damaged(text("more than ", max_objects, " pairs"));
        push_rebuilt(std::move(result));
    }

    /// Drops the state of an OrderedDict: it holds a module's _metadata and no tensors.
    void build() {
        pop();
        const auto* target = document_.as<dictionary>(top());
        if (target == nullptr || !target->ordered) damaged("BUILD needs an OrderedDict");
    }

    /// The stack's size at the last mark.
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

    /// The next `length` bytes.
    [[nodiscard]] std::string_view take(std::size_t length) {
        if (length > bytes_.size() - position_) truncated();
        const auto* first = reinterpret_cast<const char*>(bytes_.data()) + position_;
        position_ += length;
        return {first, length};
    }

    /// The next little-endian number.
    template <class Number>
    [[nodiscard]] Number number() {
        Number value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }

    [[nodiscard]] double big_endian_double() {
        std::uint64_t bits = 0;
        for (const char byte : take(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
        return std::bit_cast<double>(bits);
    }

    /// The bytes up to the next line end.
    [[nodiscard]] std::string_view line() {
        const std::string_view rest{reinterpret_cast<const char*>(bytes_.data()) + position_, bytes_.size() - position_};
        const std::size_t length = rest.find('\n');
        if (length == std::string_view::npos) truncated();
        position_ += length + 1;
        return rest.substr(0, length);
    }

    [[nodiscard]] static std::string hexadecimal(unsigned value) {
        constexpr std::string_view digits = "0123456789abcdef";
        return {'0', 'x', digits[value >> 4], digits[value & 15U]};
    }

    [[noreturn]] void refuse(const std::string& what) const {
        throw format_error{text(name_, ": refused: the pickle uses ", what,
                                ", which tensors don't need; save model.state_dict() alone with torch.save")};
    }
    [[noreturn]] void damaged(const std::string& problem) const {
        throw format_error{text(name_, ": can't read the pickle at byte ", opcode_at_, ": ", problem)};
    }
    [[noreturn]] void truncated() const {
        throw format_error{
            text(name_, ": the pickle is truncated after ", bytes_.size(), " bytes; download or save the file again")};
    }

    std::span<const std::byte> bytes_;
    std::size_t position_, opcode_at_{0};
    std::string name_;
    document document_;
    std::size_t pairs_{0};  // copied by calls: a small file may copy one list many times
    std::vector<handle> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint32_t, handle> memo_;
};

/// Reads the pickle at `position` of `bytes` and moves `position` past it. name: starts every message.
/// Throws format_error for a pickle that torch.save does not write for tensors; the message names the refused global or opcode.
[[nodiscard]] inline document read(std::span<const std::byte> bytes, std::size_t& position, const std::string& name) {
    machine reader{bytes, position, name};
    auto all = reader.run();
    position = reader.position();
    return all;
}

}  // namespace rd4ad::inline RD4AD_ABI::io::pickle
