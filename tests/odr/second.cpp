#include "everything.hpp"

sighting second();
sighting second() { return use_everything(); }
