// Draws the curves of a room: lowest to highest as a band, the mean as a line, limits dashed, excursions shaded.
// It stands right after the box that it fills: what comes with the page is drawn before the browser reads the tables below.
"use strict";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Times come as steps, each from the one before; a line breaks where nothing was measured for too long.
const asColumns = ({ at: steps, per_s, gap_s, mean, lowest, highest }) => {
  const given = [lowest ?? mean, mean, highest ?? mean], columns = [[], [], [], []];
  let sum = 0;
  steps.forEach((step, index) => {
    if (index && step / per_s > gap_s) {
      columns[0].push((sum + step / 2) / per_s);
      for (const column of columns.slice(1)) column.push(null);
    }
    sum += step;
    columns[0].push(sum / per_s);
    given.forEach((values, nr) => columns[nr + 1].push(values[index]));
  });
  return columns;
};

const shading = (series, channel) => (plot) => {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = style("--bad-ground");
  for (const { began, ended } of series.excursions) {
    const from = Math.max(plot.valToPos(began, "x", true), bbox.left);
    const until = Math.min(plot.valToPos(ended ?? series.last, "x", true), bbox.left + bbox.width);
    if (until > from) ctx.fillRect(from, bbox.top, until - from, bbox.height);
  }
  ctx.strokeStyle = style("--bad");
  ctx.setLineDash([6, 4]);
  for (const limit of [channel.low, channel.high]) {
    if (limit === null) continue;
    const y = plot.valToPos(limit, "y", true);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
};

const range = (channel) => (_, low, high) => {
  const known = [low, high, channel.low, channel.high].filter((value) => value !== null && Number.isFinite(value));
  if (!known.length) return [0, 1];
  const [bottom, top] = [Math.min(...known), Math.max(...known)];
  const pad = (top - bottom || 1) * 0.1;
  return [bottom - pad, top + pad];
};

const draw = (box, series, channel) => {
  const figure = document.createElement("figure");
  figure.className = "chart";
  const caption = document.createElement("figcaption");
  caption.textContent = `${channel.device} · ${channel.title}`;
  figure.append(caption);
  box.append(figure);
  const grid = { stroke: style("--line"), width: 1 };
  const written = (options) => new Intl.DateTimeFormat("en-GB", { ...options, timeZone: series.zone, hourCycle: "h23" });
  const isShort = series.last - series.first <= 2 * 86400;
  const time = written({ hour: "2-digit", minute: "2-digit" });
  const date = written({ day: "numeric", month: "short" });
  const full = written({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const number = (_, value) => (value === null || value === undefined ? "–" : value.toFixed(channel.digits));
  const axis = { stroke: style("--soft"), grid, ticks: grid };
  const line = { stroke: style("--link"), width: 1.5, spanGaps: false, points: { show: false } };
  const plot = new uPlot({
    width: figure.clientWidth, height: 280,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), series.zone),
    scales: { x: { range: [series.first, series.last] }, y: { range: range(channel) } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((at) => (isShort ? time : date).format(at * 1e3)) },
      { ...axis, label: channel.unit },
    ],
    series: [
      { label: "time", value: (_, at) => (at ? full.format(at * 1e3) : "–") },
      { ...line, label: "lowest", width: 0, value: number },
      { ...line, label: "mean", value: number },
      { ...line, label: "highest", width: 0, value: number },
    ],
    bands: [{ series: [3, 1], fill: `${style("--link")}40` }],
    legend: { markers: { show: false } },
    hooks: { drawClear: [shading(series, channel)] },
  }, asColumns(channel), figure);
  new ResizeObserver(() => plot.setSize({ width: figure.clientWidth, height: 280 })).observe(figure);
};

const show = (box, series) => {
  const measured = series.channels.filter((channel) => channel.at.length);
  box.replaceChildren();
  if (!measured.length) box.textContent = "Nothing was measured in this time.";
  for (const channel of measured) draw(box, series, channel);
  box.dataset.drawn = "true";
};

// Long times are few points, which come with the page; single readings may be many, and are asked for.
const asked = (address) => fetch(address).then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.status))));

for (const box of document.querySelectorAll("[data-series]")) {
  const given = box.querySelector("script");
  const told = given ? Promise.resolve(JSON.parse(given.textContent)) : asked(box.dataset.series);
  told.then((series) => show(box, series))
    .catch(() => { box.textContent = "The curve could not be loaded. The table below has the same values."; });
}
