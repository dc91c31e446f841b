#include "everything.hpp"

sighting second();

int main() { return use_everything() == second() ? 0 : 1; }
