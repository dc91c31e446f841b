// rd4ad/data.hpp: includes all of data: data sets and their layouts, splits, batches, preprocessing, patches.
#pragma once
#include <rd4ad/data/batches.hpp>
#include <rd4ad/data/bsd.hpp>
#include <rd4ad/data/btad.hpp>
#include <rd4ad/data/csv.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/duplicates.hpp>
#include <rd4ad/data/folder.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/ksdd2.hpp>
#include <rd4ad/data/labelme.hpp>
#include <rd4ad/data/mvtec.hpp>
#include <rd4ad/data/open.hpp>
#include <rd4ad/data/patches.hpp>
#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/data/validation_split.hpp>
#include <rd4ad/data/visa.hpp>
