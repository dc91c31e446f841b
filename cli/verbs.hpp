// cli/verbs.hpp: the verbs; each takes what follows its name and returns the exit status. Twin: tests/cli
#pragma once
#include <string>
#include <vector>

namespace cli {

int train(const std::vector<std::string>& given);
int test(const std::vector<std::string>& given);
int score(const std::vector<std::string>& given);
int calibrate(const std::vector<std::string>& given);
int export_model(const std::vector<std::string>& given);
int fetch(const std::vector<std::string>& given);
int teachers(const std::vector<std::string>& given);
int compare(const std::vector<std::string>& given);
int fps(const std::vector<std::string>& given);
int convert(const std::vector<std::string>& given);
int verify(const std::vector<std::string>& given);
int bench(const std::vector<std::string>& given);

}  // namespace cli
