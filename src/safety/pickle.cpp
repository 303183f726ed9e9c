// SPDX-License-Identifier: Apache-2.0
#include "safety/pickle.h"

#include <map>
#include <optional>

#include "safety/tensor_bytes.h"

namespace netcut {
namespace {

constexpr std::size_t most_values = std::size_t{1} << 20;

// A fixed number of bytes gives the length of the text that follows.
std::optional<unsigned> length_of_text(char code) {
    switch (code) {
        case 'U':     // SHORT_BINSTRING
        case 'C':     // SHORT_BINBYTES
        case '\x8c':  // SHORT_BINUNICODE
            return 1;
        case 'T':  // BINSTRING
        case 'B':  // BINBYTES
        case 'X':  // BINUNICODE
            return 4;
        case '\x8d':  // BINUNICODE8
        case '\x8e':  // BINBYTES8
            return 8;
        default:
            return {};
    }
}

std::int64_t with_sign(std::uint64_t number, std::uint64_t size) {
    if (size == 0 || size >= 8) return static_cast<std::int64_t>(number);
    const std::uint64_t sign = std::uint64_t{1} << (8 * size - 1);
    return static_cast<std::int64_t>((number ^ sign) - sign);
}

}  // namespace

// The machine that a pickle is a program for: a stack, places in it that are marked, and a memory.
class PickleReader {
  public:
    explicit PickleReader(std::string_view text) : bytes_(text) {}

    bool read(Pickle& result) {
        while (const auto code = bytes_.take(1)) {
            if (*code == ".") {
                if (stack_.size() != 1) return false;
                result.values_ = std::move(values_);
                result.root_ = stack_.front();
                return true;
            }
            if (!step(code->front()) || values_.size() > most_values) return false;
        }
        return false;
    }

  private:
    using Kind = Pickle::Kind;
    using Place = Pickle::Place;
    using Value = Pickle::Value;

    bool step(char code) {
        if (const auto size = length_of_text(code)) return text(*size);
        switch (code) {
            case '\x80':  // PROTO
                return bytes_.take(1).has_value();
            case '\x95':  // FRAME
                return bytes_.take(8).has_value();
            case '(':  // MARK
                marks_.push_back(stack_.size());
                return true;
            case '0':  // POP
                return pop().has_value();
            case 'N':     // NONE
            case '\x88':  // NEWTRUE
            case '\x89':  // NEWFALSE
                return push({});
            case 'c':  // GLOBAL
                return global();
            case '\x93':  // STACK_GLOBAL
                return stacked_global();
            case 'Q':  // BINPERSID
                return wrap(Kind::persistent, 1);
            case 'R':     // REDUCE
            case '\x81':  // NEWOBJ
                return call();
            case 'b':  // BUILD: the state of an object says nothing of its tensors
                return pop().has_value() && !stack_.empty();
            default:
                return number(code) || collect(code) || memory(code);
        }
    }

    bool number(char code) {
        switch (code) {
            case 'K':  // BININT1
                return integer(1, false);
            case 'M':  // BININT2
                return integer(2, false);
            case 'J':  // BININT
                return integer(4, true);
            case '\x8a':  // LONG1
                return long_integer();
            case 'G':  // BINFLOAT
                return bytes_.take(8) && push({});
            default:
                return false;
        }
    }

    bool collect(char code) {
        switch (code) {
            case ')':     // EMPTY_TUPLE
            case '\x85':  // TUPLE1
            case '\x86':  // TUPLE2
            case '\x87':  // TUPLE3
                return wrap(Kind::tuple, code == ')' ? 0 : static_cast<std::size_t>(code - '\x84'));
            case ']':     // EMPTY_LIST
            case '\x8f':  // EMPTY_SET
                return push({.kind = Kind::list});
            case '}':  // EMPTY_DICT
                return push({.kind = Kind::dict});
            case 't':     // TUPLE
            case '\x91':  // FROZENSET
            case 'l':     // LIST
                return wrap_marked(code == 'l' ? Kind::list : Kind::tuple);
            case 'd':  // DICT
                return wrap_marked(Kind::dict);
            case 'a':  // APPEND
            case 's':  // SETITEM
                return add_last(code == 'a' ? 1 : 2);
            case 'e':     // APPENDS
            case 'u':     // SETITEMS
            case '\x90':  // ADDITEMS
                return add_marked();
            default:
                return false;
        }
    }

    bool memory(char code) {
        const bool one = code == 'q' || code == 'h', four = code == 'r' || code == 'j';
        if (code == '\x94') return put(memory_.size());  // MEMOIZE
        if (!one && !four) return false;
        const auto key = bytes_.number(one ? 1 : 4);
        if (!key) return false;
        if (code == 'q' || code == 'r') return put(*key);  // BINPUT, LONG_BINPUT
        const auto found = memory_.find(*key);             // BINGET, LONG_BINGET
        if (found == memory_.end()) return false;
        stack_.push_back(found->second);
        return true;
    }

    bool push(Value value) {
        stack_.push_back(static_cast<Place>(values_.size()));
        values_.push_back(std::move(value));
        return true;
    }
    std::optional<Place> pop() {
        if (stack_.empty() || (!marks_.empty() && marks_.back() >= stack_.size())) return {};
        const Place place = stack_.back();
        stack_.pop_back();
        return place;
    }
    bool put(std::uint64_t key) {
        if (stack_.empty()) return false;
        memory_[key] = stack_.back();
        return true;
    }

    bool text(unsigned size) {
        const auto length = bytes_.number(size);
        const auto text = length ? bytes_.take(*length) : std::nullopt;
        return text && push({.kind = Kind::text, .text = *text});
    }
    bool integer(unsigned size, bool is_signed) {
        const auto number = bytes_.number(size);
        if (!number) return false;
        return push({.kind = Kind::number,
                     .number = is_signed ? with_sign(*number, size) : static_cast<std::int64_t>(*number)});
    }
    bool long_integer() {
        const auto size = bytes_.number(1);
        if (!size || *size > 8) return false;
        return integer(static_cast<unsigned>(*size), true);
    }
    std::optional<std::string_view> line() {
        const std::size_t end = bytes_.rest().find('\n');
        if (end == std::string_view::npos) return {};
        const auto line = bytes_.take(end);
        bytes_.take(1);
        return line;
    }
    bool global() {
        const auto module = line();
        const auto name = module ? line() : std::nullopt;
        return name && push({.kind = Kind::global, .text = *name, .module = *module});
    }
    bool stacked_global() {
        const auto name = pop(), module = pop();
        if (!name || !module) return false;
        return push({.kind = Kind::global, .text = values_[*name].text, .module = values_[*module].text});
    }
    // An OrderedDict is a dict; what anything else would make is not known.
    bool call() {
        const auto arguments = pop(), what = pop();
        if (!arguments || !what) return false;
        const Value& callee = values_[*what];
        if (callee.kind == Kind::global && callee.module == "collections" && callee.text == "OrderedDict")
            return push({.kind = Kind::dict});
        return push({.kind = Kind::call, .items = {*what, *arguments}});
    }

    std::size_t least() const { return marks_.empty() ? 0 : marks_.back(); }
    bool wrap(Kind kind, std::size_t count) {
        if (stack_.size() - least() < count) return false;
        const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
        std::vector<Place> items(first, stack_.end());
        stack_.erase(first, stack_.end());
        return push({.kind = kind, .items = std::move(items)});
    }
    bool wrap_marked(Kind kind) {
        if (marks_.empty()) return false;
        const std::size_t count = stack_.size() - marks_.back();
        marks_.pop_back();
        return (kind != Kind::dict || count % 2 == 0) && wrap(kind, count);
    }
    bool add_last(std::size_t count) {
        if (stack_.size() - least() < count + 1) return false;
        Value& target = values_[*(stack_.end() - static_cast<std::ptrdiff_t>(count) - 1)];
        return add(target, count);
    }
    bool add_marked() {
        if (marks_.empty() || marks_.back() == 0) return false;
        const std::size_t count = stack_.size() - marks_.back();
        Value& target = values_[stack_[marks_.back() - 1]];
        marks_.pop_back();
        return add(target, count);
    }
    bool add(Value& target, std::size_t count) {
        if (target.kind == Kind::dict && count % 2 != 0) return false;
        const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
        target.items.insert(target.items.end(), first, stack_.end());
        stack_.erase(first, stack_.end());
        return true;
    }

    Bytes bytes_;
    std::vector<Value> values_;
    std::vector<Place> stack_;
    std::vector<std::size_t> marks_;
    std::map<std::uint64_t, Place> memory_;
};

Result<Pickle> Pickle::read(std::string_view bytes) {
    Pickle pickle;
    if (!PickleReader(bytes).read(pickle))
        return unreadable_model("its pickle is cut off, or no plain state of tensors");
    return pickle;
}

}  // namespace netcut
