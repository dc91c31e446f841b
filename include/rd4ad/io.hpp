// rd4ad/io.hpp: all of io: tensor files, JSON, whole, mapped and atomically written files, folders, Base64.
#pragma once
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/base64.hpp>
#include <rd4ad/io/dtype.hpp>
#include <rd4ad/io/folder.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/mapped_file.hpp>
#include <rd4ad/io/pickle.hpp>
#include <rd4ad/io/pth.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/io/read_tensors.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/io/state_dict.hpp>
#include <rd4ad/io/tensor_file.hpp>
#include <rd4ad/io/write_pth.hpp>
#include <rd4ad/io/zip.hpp>
