// The functions that rd4ad's pages share.
"use strict";
const $ = id => document.getElementById(id);
const svg_names = ["svg", "path", "line", "rect", "polygon", "circle", "text", "g", "title"];
const make = (name, attributes = {}, ...children) => {
  const node = svg_names.includes(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};
const page_data = () => JSON.parse($("data").textContent);
const digits = (value, count = 3) => value === null || value === undefined || !Number.isFinite(value) ? "–" : value.toFixed(count);
const counted = (n, one, many) => n.toLocaleString("en") + " " + (n === 1 ? one : many);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

// The colours of rd4ad/image/colour.hpp, transparent where they are low.
const turbo = [[.13572138, 4.6153926, -42.66032258, 132.13108234, -152.94239396, 59.28637943],
  [.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604], [.1066733, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973]];
const heat_table = new Uint8ClampedArray(1024);
for (let i = 0; i < 256; ++i) {
  const v = i / 255;
  turbo.forEach((terms, c) => heat_table[4 * i + c] = 255 * clamp(terms.reduceRight((sum, term) => sum * v + term, 0), 0, 1));
  heat_table[4 * i + 3] = 255 * clamp(v * 1.6 - .4, 0, .75);
}

// Draws an image's map; colours: the raw scores of the first and the last colour.
function draw_heat(canvas, image, [low, high]) {
  if (canvas.dataset.drawn || !image.map) return;
  canvas.dataset.drawn = "yes";
  const from = new Image();
  from.onload = () => {
    canvas.width = from.naturalWidth;
    canvas.height = from.naturalHeight;
    const context = canvas.getContext("2d", {willReadFrequently: true});
    context.drawImage(from, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < pixels.data.length; i += 4) {
      const value = image.low + (image.high - image.low) * pixels.data[i] / 255;
      const colour = 4 * Math.round(clamp((value - low) / (high - low), 0, 1) * 255);
      pixels.data.set(heat_table.subarray(colour, colour + 4), i);
    }
    context.putImageData(pixels, 0, 0);
  };
  from.src = "data:image/jpeg;base64," + image.map;
}

// An empty box of an image's shape; fill_layers puts the thumbnail, its heat map, mask and regions into it.
function make_layers(image) {
  const box = make("span", {class: "thumbnail"});
  box.style.aspectRatio = `${image.width} / ${image.height}`;
  return box;
}

function fill_layers(box, image, colours) {
  if (box.childElementCount) return;
  if (!image.image) {
    box.append(make("span", {class: "none"}, "no thumbnail"));
    return;
  }
  box.append(make("img", {alt: "", decoding: "async", src: "data:image/jpeg;base64," + image.image}));
  const canvas = make("canvas", {class: "layer heat"});
  box.append(canvas);
  if (image.mask) box.append(make("img", {class: "layer mask", alt: "", src: "data:image/png;base64," + image.mask}));
  const regions = make("svg", {class: "layer regions", viewBox: "0 0 1000 1000", preserveAspectRatio: "none", "aria-hidden": "true"});
  for (const {outline} of image.regions) regions.append(make("polygon", {points: outline.join(" ")}));
  box.append(regions);
  draw_heat(canvas, image, colours);
}
