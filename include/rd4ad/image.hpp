// rd4ad/image.hpp: includes all of image: pixels, files, resizing, normalisation, colours, overlays.
#pragma once
#include <rd4ad/image/colour.hpp>
#include <rd4ad/image/crop.hpp>
#include <rd4ad/image/fit_options.hpp>
#include <rd4ad/image/fit_transform.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/mask.hpp>
#include <rd4ad/image/mask_values.hpp>
#include <rd4ad/image/normalise.hpp>
#include <rd4ad/image/orientation.hpp>
#include <rd4ad/image/overlay.hpp>
#include <rd4ad/image/polygon.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/rectangle.hpp>
#include <rd4ad/image/resize.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/image/write.hpp>
