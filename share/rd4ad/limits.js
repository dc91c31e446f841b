// Detection limits: the curves and counts of a probe's result (rd4ad/score/probe_result.hpp).
const defect_names = {"scratch": "Scratch", "stain": "Stain", "dent": "Dent", "cut-paste": "Pasted patch", "missing-part": "Missing part"};
const defect_name = kind => defect_names[kind] ?? kind;
const contrast_name = group => group.contrast === null ? "" : `contrast ${+group.contrast.toFixed(1)}`;
const percent = share => (100 * share).toFixed(share < .0995 ? 1 : 0).replace(/\.0$/, "") + " %";
const limit_text = (size, group) => size === null ? "–" : (size <= group.curve.smallest * 1.0001 ? "≤ " : "") + percent(size);
const limit_sizes = result => result.groups.flatMap(group => group.cells.map(cell => cell.size));
const group_colour = (group, groups) => `var(--c${groups.length < 2 ? 1 : Math.round(2 * groups.indexOf(group) / (groups.length - 1))})`;

// The chart of one kind: a curve per contrast. sizes: of all kinds, so that the charts have one axis.
function limit_chart(kind, groups, sizes, spread) {
  const width = 340, height = 250, left = 38, right = 10, top = 12, bottom = 40;
  const from = Math.log(Math.min(...sizes) / spread), most = Math.log(Math.max(...sizes) * spread), to = most > from ? most : from + 1;
  const x = size => left + (Math.log(size) - from) / (to - from) * (width - left - right);
  const y = share => height - bottom - share * (height - bottom - top);
  const svg = make("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Share found by size: ${defect_name(kind)}`});
  for (const share of [0, .5, 1]) {
    svg.append(make("line", {class: "axis", x1: left, x2: width - right, y1: y(share), y2: y(share)}));
    svg.append(make("text", {x: left - 7, y: y(share) + 4, "text-anchor": "end"}, 100 * share + " %"));
  }
  svg.append(make("line", {class: "nine", x1: left, x2: width - right, y1: y(.9), y2: y(.9)}));
  svg.append(make("text", {x: left - 7, y: y(.9) + 4, "text-anchor": "end"}, "90 %"));
  let last = -Infinity;
  for (const size of [...new Set(sizes)].sort((a, b) => a - b)) {
    if (x(size) - last < 34) continue;
    last = x(size);
    svg.append(make("text", {x: last, y: height - bottom + 18, "text-anchor": "middle"}, percent(size)));
  }
  svg.append(make("text", {x: width - right, y: height - 4, "text-anchor": "end"}, "size, in per cent of the short side"));
  const line = (points, name, stroke) => svg.append(make("path", {class: name, style: `stroke: ${stroke}`,
    d: points.map(([size, share], i) => (i ? "L" : "M") + x(size).toFixed(1) + " " + y(share).toFixed(1)).join("")}));
  for (const group of groups) {
    const stroke = group_colour(group, groups);
    for (const cell of group.cells) {
      if (!cell.tried) continue;
      svg.append(make("line", {class: "whisker", style: `stroke: ${stroke}`, x1: x(cell.size), x2: x(cell.size), y1: y(cell.found_low), y2: y(cell.found_high)}));
      svg.append(make("circle", {cx: x(cell.size), cy: y(cell.found / cell.tried), r: 3, style: `fill: ${stroke}`}, make("title", {}, `${cell.found} of ${cell.tried} found`)));
    }
    if (!group.curve) continue;
    const {smallest, largest, intercept, slope, lower} = group.curve, points = [];
    for (let i = 0; i <= 60; ++i) {
      const size = smallest * (largest / smallest) ** (i / 60);
      points.push([size, 1 / (1 + Math.exp(-intercept - slope * Math.log(size)))]);
    }
    line(points, "curve", stroke);
    const bound = lower.filter((point, i) => !(i + 1 < lower.length && lower[i + 1][0] <= point[0] * 1.0001));
    if (bound.length > 1) line(bound, "lower", stroke);
    if (group.a90 !== null) svg.append(make("circle", {class: "limit", cx: x(group.a90), cy: y(.9), r: 5, style: `fill: ${stroke}`}));
  }
  const keys = groups.filter(group => group.contrast !== null).map(group => make("span", {class: "key"},
    make("svg", {viewBox: "0 0 20 8"}, make("line", {x1: 0, x2: 20, y1: 4, y2: 4, style: `stroke: ${group_colour(group, groups)}; stroke-width: 3`})), contrast_name(group)));
  return make("div", {}, make("h3", {}, defect_name(kind)), make("p", {class: "small soft"}, ...(keys.length ? keys : ["pixels of the same photograph"])), svg);
}

// A chart per kind.
function limit_charts(result) {
  const kinds = new Map();
  for (const group of result.groups) kinds.set(group.kind, [...(kinds.get(group.kind) ?? []), group]);
  const sizes = limit_sizes(result), spread = Math.sqrt(result.size_spread);
  return [...kinds].map(([kind, groups]) => limit_chart(kind, groups, sizes, spread));
}

// The rows of the table of counts.
function limit_rows(result) {
  const columns = [...new Set(limit_sizes(result))].sort((a, b) => a - b);
  const heading = make("tr", {}, make("th", {}, "defect"), ...columns.map(size => make("th", {}, (result.size_spread > 1 ? "about " : "") + percent(size))),
    make("th", {}, "9 of 10 found from"), make("th", {}, "with 95 % confidence"), make("th", {}, "at the right place"));
  return [heading, ...result.groups.map(group => {
    const found = group.cells.reduce((sum, cell) => sum + cell.found, 0), localised = group.cells.reduce((sum, cell) => sum + cell.localised, 0);
    const count = size => {
      const cell = group.cells.find(one => one.size === size);
      return cell && cell.tried ? make("td", {class: cell.found === cell.tried ? "all" : "", title: `95 % interval: ${percent(cell.found_low)} to ${percent(cell.found_high)}`}, `${cell.found} of ${cell.tried}`) : make("td", {}, "–");
    };
    return make("tr", {}, make("td", {}, [defect_name(group.kind), contrast_name(group)].filter(Boolean).join(", ")), ...columns.map(count),
      make("td", {class: "main"}, limit_text(group.a90, group)), make("td", {class: "main"}, limit_text(group.a90_95, group)),
      make("td", {}, found ? `${localised} of ${found}` : "–"));
  })];
}

// How to read the table.
const limit_note = result => "A count is the number of photographs with this defect that were called defective. “9 of 10 found from”: the size at which the curve reaches 90 %; “–”: not reached, or not supported by so few defects. “At the right place”: of those found, the heat map's maximum lies on the painted defect." +
  (result.size_spread > 1 ? ` “About” a size: the sizes are spread by a factor of ${+result.size_spread.toFixed(2)} around it.` : "");

// What was tried, in one line.
function limit_summary(result) {
  const runs = result.groups.flatMap(group => group.cells).reduce((sum, cell) => sum + cell.tried, 0);
  return `${counted(runs, "painted defect", "painted defects")} in ${counted(result.photographs, "photograph of a good part", "photographs of good parts")} · threshold ${result.threshold.toFixed(4)} (raw score) · ${counted(result.false_alarms, "false alarm", "false alarms")} without a defect`;
}
