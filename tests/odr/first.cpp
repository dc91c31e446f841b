#include "everything.hpp"

observed second();

int main() { return use_everything() == second() ? 0 : 1; }
