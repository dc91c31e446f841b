// rd4ad/data.hpp: the face of data: data sets and their layouts, batches, patches.
#pragma once
#include <rd4ad/data/batches.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/folder.hpp>
#include <rd4ad/data/mvtec.hpp>
#include <rd4ad/data/open.hpp>
#include <rd4ad/data/patches.hpp>
