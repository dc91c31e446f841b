// Uses the object without templates from the installed library, with other flags than it was built with.
#include <cstdio>
#include <string>

#include <rd4ad/any_detector.hpp>

int main() {
    try {
        const rd4ad::any_detector detector{"absent.safetensors", {.backend = rd4ad::any_backends().front()}};
    } catch (const rd4ad::io_error& expected) {
        std::printf("%s\n", expected.what());
        return std::string{expected.what()}.find("absent.safetensors") == std::string::npos ? 1 : 0;
    }
    return 1;
}
