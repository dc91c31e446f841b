// rd4ad/export/detail/protobuf.hpp: the only include of protozero. Twin: tests/export/onnx.cpp
#pragma once
#include <protozero/pbf_builder.hpp>
#include <protozero/pbf_message.hpp>
#include <protozero/pbf_writer.hpp>
