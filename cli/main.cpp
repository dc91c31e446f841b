// cli/main.cpp: the command rd4ad: which verb, and what its failure is to the shell.
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include <rd4ad/core/version.hpp>

#include "arguments.hpp"
#include "verbs.hpp"

namespace {

constexpr const char* help_text =
    R"(rd4ad finds what is unusual in photographs, after training on good ones alone (reverse distillation).

usage: rd4ad VERB FLAGS...

  train    learn from a folder of good photographs
  test     judge a trained model by a test set with known defects
  score    score photographs, and show where they are unusual

  rd4ad VERB --help    a verb's flags
  rd4ad --version      this program's version

Example: train on good screws, judge, then look at one new photograph.
  rd4ad train --data mvtec/screw --epochs 50 --out models
  rd4ad test  --data mvtec/screw --checkpoint models --save-segmentation-images --out pictures
  rd4ad score new.png --checkpoint models/screw.safetensors --out pictures
)";

int run(const std::vector<std::string>& words) {
    if (words.empty()) throw cli::usage_error{"no verb: expected train, test or score"};
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    const auto& verb = words.front();
    if (verb == "train") return cli::train(rest);
    if (verb == "test") return cli::test(rest);
    if (verb == "score") return cli::score(rest);
    if (verb == "--help" || verb == "-h" || verb == "help") {
        std::fputs(help_text, stdout);
        return 0;
    }
    if (verb == "--version") {
        std::printf("rd4ad %s\n", rd4ad::version);
        return 0;
    }
    const auto near = cli::nearest(verb, {"train", "test", "score", "--help", "--version"});
    throw cli::usage_error{(verb.starts_with('-') ? "unknown flag " : "unknown verb ") + verb +
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
        const bool known = !given.empty() && (given[0] == "train" || given[0] == "test" || given[0] == "score");
        return failure(2, problem.what() + std::string{" (see rd4ad "} + (known ? given[0] + " " : "") + "--help)");
    } catch (const std::bad_alloc&) {
        return failure(1, "out of memory: use a smaller --bs or --inp, or a smaller --cache-gb");
    } catch (const std::exception& problem) {
        return failure(1, problem.what());
    }
}
