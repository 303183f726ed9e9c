// SPDX-License-Identifier: Apache-2.0
//
// Reads loss models and traces. What they amount to is in loss_list.cpp.
#include "fault/loss_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "base/nearest_word.h"

namespace netcut {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr double rounding = 1e-9;  // two percentages that make 100% on paper may exceed 1 by their last bits

struct Word {
    std::string_view text;
    std::size_t column = 1;

    // Part of the word, without blanks around it.
    Word part(std::size_t begin, std::size_t size = std::string_view::npos) const {
        std::string_view inner = text.substr(begin, size);
        const std::size_t skip = std::min(inner.find_first_not_of(blanks), inner.size());
        inner.remove_prefix(skip);
        inner = inner.substr(0, inner.find_last_not_of(blanks) + 1);
        return {inner, column + begin + skip};
    }
};

// Walks through a model's text, and makes its errors.
class Reader {
  public:
    Reader(const std::string& text, std::string_view form) : text_(text), rest_{text_, 1}, form_(form) {}

    Word word() {
        const Word begin = rest();
        const std::size_t size = std::min(begin.text.find_first_of(blanks), begin.text.size());
        rest_ = begin.part(size);
        return begin.part(0, size);
    }
    Word rest() const { return rest_.part(0); }

    Failure wrong(const Word& at, const std::string& reason, std::string hint = {}) const {
        if (hint.empty()) hint = fmt::format("write it as '{}'", form_);
        return usage_failure(fmt::format("read the loss model '{}'", text_),
                             fmt::format("at column {}: {}", at.column, reason), std::move(hint));
    }
    Result<void> expect_end() const {
        if (rest().text.empty()) return {};
        return wrong(rest(), fmt::format("'{}' is too much", rest().text));
    }

  private:
    const std::string& text_;
    Word rest_;
    std::string_view form_;
};

Result<double> parse_percentage(const Reader& reader, const Word& word, std::string_view name) {
    const auto wrong = [&](std::string_view what) {
        return reader.wrong(word, fmt::format("{} = '{}' {}", name, word.text, what),
                            "write a percentage from 0% to 100%, such as 0.5%");
    };
    double number = 0;
    const char* const last = word.text.data() + word.text.size();
    const auto [end, error] = std::from_chars(word.text.data(), last, number, std::chars_format::fixed);
    if (error != std::errc() || std::isnan(number)) return wrong("is no percentage");
    if (end == last) return wrong("has no percent sign");
    if (std::string_view(end, 1) != "%" || end + 1 != last) return wrong("is no percentage");
    if (word.text.starts_with('-')) return wrong("is below 0%");
    if (number > 100) return wrong("is above 100%");
    return number / 100;
}

struct Probability {
    std::string_view name;
    double* target;
    Word word;
};

// Reads as many as the text has, which must be `required` at least; the others keep their values.
Result<void> read_probabilities(Reader& reader, std::size_t required, std::span<Probability> probabilities) {
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
        Probability& probability = probabilities[i];
        probability.word = reader.word();
        if (probability.word.text.empty()) {
            if (i >= required) return {};
            return reader.wrong(probability.word, fmt::format("{} is missing", probability.name));
        }
        NETCUT_ASSIGN(*probability.target, parse_percentage(reader, probability.word, probability.name));
    }
    return reader.expect_end();
}

Result<std::uint32_t> parse_number(const Reader& reader, const Word& word, std::string_view what) {
    if (word.text.empty()) return reader.wrong(word, fmt::format("{} is missing", what));
    std::uint64_t number = 0;
    const char* const last = word.text.data() + word.text.size();
    const auto [end, error] = std::from_chars(word.text.data(), last, number);
    if (end != last || error == std::errc::invalid_argument)
        return reader.wrong(word, fmt::format("'{}' is no whole number", word.text));
    if (error == std::errc() && number == 0)
        return reader.wrong(word, fmt::format("{} is 0, but packets count from 1", what));
    if (error != std::errc() || number > max_loss_period)
        return reader.wrong(word,
                            fmt::format("{} is above {}, the longest period", word.text, max_loss_period));
    return static_cast<std::uint32_t>(number);
}

Result<LossParameters> read_iid(Reader& reader) {
    IndependentLoss model;
    std::array<Probability, 1> probabilities{{{"P", &model.rate, {}}}};
    NETCUT_TRY(read_probabilities(reader, 1, probabilities));
    return model;
}

Result<LossParameters> read_burst(Reader& reader) {
    GilbertElliott model;
    std::array<Probability, 4> probabilities{{{"p", &model.p, {}},
                                              {"r", &model.r, {}},
                                              {"1-h", &model.loss_bad, {}},
                                              {"1-k", &model.loss_good, {}}}};
    NETCUT_TRY(read_probabilities(reader, 2, probabilities));
    return model;
}

Result<LossParameters> read_markov4(Reader& reader) {
    FourStateMarkov model;
    std::array<Probability, 5> probabilities{{{"p13", &model.p13, {}},
                                              {"p31", &model.p31, {}},
                                              {"p32", &model.p32, {}},
                                              {"p23", &model.p23, {}},
                                              {"p14", &model.p14, {}}}};
    NETCUT_TRY(read_probabilities(reader, 1, probabilities));
    if (probabilities[1].word.text.empty()) model.p31 = 1 - model.p13;
    if (model.p31 + model.p32 > 1 + rounding)
        return reader.wrong(probabilities[2].word, "p31 and p32 together are above 100%",
                            "both leave state 3: lower one of them");
    if (model.p13 + model.p14 > 1 + rounding)
        return reader.wrong(probabilities[4].word, "p13 and p14 together are above 100%",
                            "both leave state 1: lower one of them");
    return model;
}

Result<LossParameters> read_every(Reader& reader) {
    EveryNth model;
    NETCUT_ASSIGN(model.n, parse_number(reader, reader.word(), "N"));
    NETCUT_TRY(reader.expect_end());
    return model;
}

Result<PacketRanges::Range> parse_range(const Reader& reader, const Word& word) {
    constexpr std::string_view what = "the packet's number";
    const std::size_t dash = word.text.find('-');
    PacketRanges::Range range;
    NETCUT_ASSIGN(range.first, parse_number(reader, word.part(0, dash), what));
    range.last = range.first;
    if (dash == std::string_view::npos) return range;
    NETCUT_ASSIGN(range.last, parse_number(reader, word.part(dash + 1), what));
    if (range.last >= range.first) return range;
    return reader.wrong(word, fmt::format("the range {} runs backwards", word.text),
                        fmt::format("write {}-{}", range.last, range.first));
}

Result<LossParameters> read_packets(Reader& reader) {
    PacketRanges model;
    const Word list = reader.rest();
    for (std::size_t begin = 0; begin <= list.text.size();) {
        const std::size_t comma = std::min(list.text.find(',', begin), list.text.size());
        NETCUT_ASSIGN(const auto range, parse_range(reader, list.part(begin, comma - begin)));
        model.ranges.push_back(range);
        begin = comma + 1;
    }
    std::sort(model.ranges.begin(), model.ranges.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return model;
}

Result<LossParameters> read_trace_name(Reader& reader) {
    LossTrace model;
    model.file = reader.rest().text;
    if (model.file.empty()) return reader.wrong(reader.rest(), "FILE is missing");
    return model;
}

struct Form {
    const char* name;
    const char* form;
    Result<LossParameters> (*read)(Reader&);
};
constexpr std::array<Form, 6> forms{{{"iid", "iid P", read_iid},
                                     {"burst", "burst p r [1-h [1-k]]", read_burst},
                                     {"markov4", "markov4 p13 [p31 [p32 [p23 [p14]]]]", read_markov4},
                                     {"every", "every N", read_every},
                                     {"packets", "packets 3,17-19", read_packets},
                                     {"trace", "trace FILE", read_trace_name}}};

Failure unknown_model(const Reader& reader, const Word& name) {
    std::array<std::string, forms.size()> names;
    std::transform(forms.begin(), forms.end(), names.begin(), [](const Form& form) { return form.name; });
    const std::string known = fmt::format("the loss models are: {}", fmt::join(names, ", "));
    if (name.text.empty()) return reader.wrong(name, "the model's name is missing", known);
    const auto nearest = nearest_word(name.text, names);
    return reader.wrong(name, fmt::format("'{}' is no loss model", name.text),
                        nearest ? fmt::format("did you mean '{}'? {}", *nearest, known) : known);
}

std::string printable(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte < 0x7f ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", byte);
}

// Where a trace is being read, for its errors.
struct TracePlace {
    const std::string& file;
    std::size_t line = 1, column = 1;

    Failure wrong(const std::string& reason, std::string hint) const {
        return usage_failure("read the loss trace", fmt::format("{}:{}:{}: {}", file, line, column, reason),
                             std::move(hint));
    }
    void pass(char c) {
        column = c == '\n' ? 1 : column + 1;
        line += c == '\n' ? 1 : 0;
    }
};

Result<void> add_packet(LossTrace& trace, char c, const TracePlace& place) {
    constexpr std::string_view passed = "0.";
    constexpr std::string_view lost = "1x";
    if (passed.find(c) == std::string_view::npos && lost.find(c) == std::string_view::npos)
        return place.wrong(
            printable(c) + " stands for no packet",
            "write 0 or . for a packet that passes, 1 or x for one that is lost, # for a comment");
    if (trace.length == max_loss_period)
        return place.wrong(fmt::format("the trace has more than {} packets", max_loss_period), "shorten it");
    ++trace.length;
    if (lost.find(c) != std::string_view::npos) trace.lost.push_back(trace.length);
    return {};
}

}  // namespace

Result<LossModel> LossModel::parse(const std::string& text) {
    const Word name = Reader(text, "").word();
    const auto* const form =
        std::find_if(forms.begin(), forms.end(), [&](const Form& f) { return f.name == name.text; });
    if (form == forms.end()) return unknown_model(Reader(text, ""), name);
    Reader reader(text, form->form);
    reader.word();
    NETCUT_ASSIGN(LossParameters parameters, form->read(reader));
    return LossModel(text, std::move(parameters));
}

const std::string& LossModel::trace_file() const {
    static const std::string none;
    const auto* const trace = std::get_if<LossTrace>(&parameters_);
    return trace ? trace->file : none;
}

Result<void> LossModel::read_trace(const std::string& contents) {
    auto* const trace = std::get_if<LossTrace>(&parameters_);
    if (!trace) return internal_failure("read a loss trace", "the loss model '" + text_ + "' has none");
    LossTrace read{trace->file, 0, {}};
    TracePlace place{trace->file};
    bool in_comment = false;
    for (const char c : contents) {
        in_comment = (in_comment || c == '#') && c != '\n';
        if (!in_comment && blanks.find(c) == std::string_view::npos) NETCUT_TRY(add_packet(read, c, place));
        place.pass(c);
    }
    if (read.length == 0) return place.wrong("the trace has no packets", "write 0 or 1 for each packet");
    *trace = std::move(read);
    return {};
}

}  // namespace netcut
