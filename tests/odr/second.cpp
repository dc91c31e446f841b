#include "everything.hpp"

observed second();
observed second() { return use_everything(); }
