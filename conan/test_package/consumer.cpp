#include <cstdio>
#include <rd4ad/core.hpp>

int main() {
    std::printf("rd4ad %s\n", rd4ad::version);
    return rd4ad::shape{.n = 1, .c = 3, .h = 2, .w = 2}.count() == 12 ? 0 : 1;
}
