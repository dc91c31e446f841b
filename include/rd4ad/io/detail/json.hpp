// rd4ad/io/detail/json.hpp: the only include of nlohmann/json. Twin: tests/io/json.cpp
#pragma once
#include <nlohmann/json.hpp>
