// rd4ad/image.hpp: the face of image: pixels, files, resize, normalisation, colours, overlays.
#pragma once
#include <rd4ad/image/colour.hpp>
#include <rd4ad/image/geometry.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/normalise.hpp>
#include <rd4ad/image/orientation.hpp>
#include <rd4ad/image/overlay.hpp>
#include <rd4ad/image/polygon.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/image/resize.hpp>
#include <rd4ad/image/thumbnail.hpp>
#include <rd4ad/image/write.hpp>
