// The computations of instruction_set.cpp, which this test compiles once per instruction set.
#pragma once
#include <string>
#include <vector>

struct computed {
    std::string instruction_set;  // the name of the library's inline namespace
    std::vector<double> pixels;   // of a resized image
    std::vector<double> metrics;
    std::vector<double> map;  // anomaly map of a model with first values
};

computed compute_x86_64();
computed compute_native();
