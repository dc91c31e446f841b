// cli/main.cpp: the command rd4ad: which verb, and what its failure is to the shell.
#include <cstdio>
#include <exception>
#include <iterator>
#include <new>
#include <string>
#include <vector>

#include <rd4ad/core/version.hpp>

#include "arguments.hpp"
#include "fork.hpp"
#include "verbs.hpp"

namespace {

struct verb {
    const char* name;
    const char* what;
    int (*run)(const std::vector<std::string>&);
};

constexpr verb verbs[]{{"train", "learn from a folder of good photographs", cli::train},
                       {"test", "judge a trained model by a test set with known defects", cli::test},
                       {"score", "score photographs, and show where they are unusual", cli::score},
                       {"calibrate", "set the threshold anew, and see how well it holds", cli::calibrate},
                       {"compare", "compare with another detector's boxes on the same images", cli::compare},
                       {"fps", "measure how fast a trained model scores", cli::fps},
                       {"export", "write a trained model for other runtimes (ONNX, Triton)", cli::export_model},
                       {"verify", "prove that an exported model scores as its checkpoint does", cli::verify},
                       {"fetch", "get ImageNet's weights for a teacher", cli::fetch},
                       {"teachers", "list the teachers that are known by name", cli::teachers},
                       {"convert", "turn a checkpoint of the paper's code into one of ours, or back", cli::convert},
                       {"bench", "measure this machine: algorithms, or where the time goes", cli::bench}};

constexpr const char* help_head =
    R"(rd4ad finds what is unusual in photographs, after training on good ones alone (reverse distillation).

usage: rd4ad VERB FLAGS...

)";

constexpr const char* help_tail =
    R"(
  rd4ad VERB --help    a verb's flags
  rd4ad --action-type  the same by another program's flags (docs/fork.md)
  rd4ad --version      this program's version

Example: train on good screws, judge, then look at one new photograph.
  rd4ad train --data mvtec/screw --epochs 50 --out models
  rd4ad test  --data mvtec/screw --checkpoint models --save-segmentation-images --out pictures
  rd4ad score new.png --checkpoint models/screw.safetensors --out pictures
)";

const verb* verb_named(const std::string& name) {
    for (const auto& one : verbs)
        if (one.name == name) return &one;
    return nullptr;
}

void print_help() {
    std::fputs(help_head, stdout);
    for (const auto& one : verbs) std::printf("  %-9s %s\n", one.name, one.what);
    std::fputs(help_tail, stdout);
}

int run(const std::vector<std::string>& words) {
    std::vector<std::string> known;
    std::string listed;
    for (const auto& one : verbs) {
        known.emplace_back(one.name);
        listed += (known.size() == 1 ? "" : known.size() == std::size(verbs) ? " or " : ", ") + known.back();
    }
    if (words.empty()) throw cli::usage_error{"no verb: expected " + listed};
    if (const auto* found = verb_named(words.front())) return found->run({words.begin() + 1, words.end()});
    const auto& word = words.front();
    if (word == "--help" || word == "-h" || word == "help") {
        print_help();
        return 0;
    }
    if (word == "--version") {
        std::printf("rd4ad %s\n", rd4ad::version);
        return 0;
    }
    known.insert(known.end(), {"--help", "--version"});
    if (cli::is_fork_spelling(words)) {
        const auto same = cli::from_fork_spelling(words);
        std::string said = "rd4ad";
        for (const auto& one : same.words) said += ' ' + one;
        for (const auto& one : same.ignored)
            said += (&one == &same.ignored.front() ? "\nignored, as it changes nothing here: " : ", ") + one;
        std::fprintf(stderr, "%s\n", said.c_str());
        return verb_named(same.words.front())->run({same.words.begin() + 1, same.words.end()});
    }
    const auto near = cli::nearest(word, known);
    throw cli::usage_error{(word.starts_with('-') ? "unknown flag " : "unknown verb ") + word +
                           (near.empty() ? "" : ": did you mean " + near + "?")};
}

/// One line on standard error.
int failure(int status, std::string message) {
    for (char& letter : message)
        if (letter == '\n') letter = ' ';
    std::fflush(stdout);
    std::fprintf(stderr, "rd4ad: %s\n", message.c_str());
    return status;
}

}  // namespace

int main(int count, char** words) {
    const std::vector<std::string> given(words + (count > 0 ? 1 : 0), words + count);
    try {
        const int status = run(given);
        if (std::fflush(stdout) != 0) return failure(1, "standard output can't be written; is the disk full?");
        return status;
    } catch (const cli::usage_error& problem) {
        const bool known = !given.empty() && verb_named(given[0]) != nullptr;
        return failure(2, problem.what() + std::string{" (see rd4ad "} + (known ? given[0] + " " : "") + "--help)");
    } catch (const std::bad_alloc&) {
        return failure(1, "out of memory: use a smaller --bs or --inp, or a smaller --cache-gb");
    } catch (const std::exception& problem) {
        return failure(1, problem.what());
    }
}
