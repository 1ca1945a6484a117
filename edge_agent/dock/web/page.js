"use strict";
// Shows the board. Elements are kept and only their text changes, so nothing flickers. Text is never read as HTML.
const WORDS = { good: "OK", bad: "STOP", warn: "CHECK", prompt: "", none: "" };
const MARKS = { good: "✓", bad: "✕", warn: "!", prompt: "·" };
const SIGNS = { "": "", warn: "! ", bad: "✕ " };
const UNITS = { temp_c: ["°C", 1], rh_pct: ["% rh", 0], dp_pa: ["Pa", 1], dew_point_c: ["°C dew", 1] };
const QUALITY = { stale: "the sensor repeats an old value", timeout: "the sensor does not answer",
  crc: "the sensor's answer is garbled", range: "the value is impossible", fault: "the sensor reports a fault",
  suspect: "the value jumped: waiting for a second reading",
  old: "nothing was heard for too long" };
const SILENT_MAX_MS = 8000;
const VERDICT_MAX_S = 120; // as long as an operator may do nothing: after that the box it was about is gone
const $ = (id) => document.getElementById(id);
let heardAt = null, board = null;

function set(element, text) { if (element.textContent !== text) element.textContent = text; return element; }
function mark(element, name) { if (element.className !== name) element.className = name; return element; }
function show(element, isShown) { if (element.hidden === isShown) element.hidden = !isShown; }

// As many children as there are rows: made once, then filled again and again.
function rows(parent, items, make, fill) {
  while (parent.children.length > items.length) parent.lastElementChild.remove();
  while (parent.children.length < items.length) parent.append(make());
  items.forEach((item, at) => fill(parent.children[at], item));
}
function make(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // constants of this file only
  return () => template.content.firstElementChild.cloneNode(true);
}
function ago(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}
const time = (iso, withSeconds) => new Date(iso).toLocaleTimeString("en-GB", withSeconds ? undefined
  : { hour: "2-digit", minute: "2-digit" });

const makeChip = make("<li></li>");
function chips() {
  const found = [], { link, buffer, desk } = board, since = (performance.now() - heardAt) / 1000;
  if (link) found.push(link.up ? ["", "Ledger linked"] : ["warn", `No link for ${ago(link.for_s + since)}`]);
  if (buffer) {
    const share = buffer.share === null ? "" : ` (${Math.round(buffer.share * 100)} %)`;
    found.push([buffer.share > 0.8 ? "bad" : "", `${buffer.records.toLocaleString("en-GB")} waiting${share}`]);
    if (buffer.set_aside) found.push(["bad", `${buffer.set_aside} set aside`]);
  }
  found.push([desk.is_old ? "warn" : "", desk.text[0].toUpperCase() + desk.text.slice(1)]);
  if (!board.clock_synced) found.push(["warn", "Clock not set"]);
  if (isGone()) found.splice(0, found.length, ["warn", `State of ${ago(since)} ago`]);
  rows($("chips"), found, makeChip, (chip, [kind, text]) => set(mark(chip, kind), SIGNS[kind] + text));
}
const makeAlarm = make("<div><span></span><span></span></div>");
function alarms() {
  show($("alarms"), board.alarms.length > 0);
  rows($("alarms"), board.alarms, makeAlarm, (row, alarm) => {
    mark(row, alarm.kind);
    set(row.children[0], alarm.text);
    set(row.children[1], alarm.since ? `since ${time(alarm.since)}` : "");
  });
}
const makeDock = make(`<article class="dock"><h2><span></span><span></span></h2><p class="doing"></p>
  <div class="verdict none"><p><b></b><small></small></p><span></span></div><p class="next"></p><ol></ol></article>`);
const makeScan = make(`<li><span class="mark"></span><span class="text"></span><time></time></li>`);
function dock(card, state) {
  const [who, doing, verdict, next, list] = card.children;
  set(who.children[0], state.name);
  const unproven = state.is_proven === false ? " · scanner not proven: scan the proof card" : "";
  set(who.children[1], (state.operator ? `${state.operator} is signed in` : "nobody is signed in") + unproven);
  set(doing, state.doing + (state.items ? ` · ${state.items} scanned` : ""));
  const last = state.recent[0] || { tone: "none", text: "Nothing scanned yet." };
  const age_s = last.at ? Math.max(0, (Date.parse(board.at) - Date.parse(last.at) + performance.now() - heardAt) / 1000) : 0;
  const isOld = isGone() || age_s > VERDICT_MAX_S;
  mark(verdict, `verdict ${last.tone}${isOld && last.at ? " old" : ""}`);
  const [word, when] = verdict.children[0].children;
  set(word, WORDS[last.tone] ? `${MARKS[last.tone]} ${WORDS[last.tone]}` : "");
  set(when, last.at ? `${isOld ? "OLD: " : ""}${ago(age_s)} ago` : "");
  set(verdict.children[1], last.text);
  set(next, state.waits_for);
  rows(list, state.recent.slice(1), makeScan, (row, scan) => {
    set(mark(row.children[0], `mark ${scan.tone}`), MARKS[scan.tone] ?? "");
    set(row.children[1], scan.text);
    set(row.children[2], time(scan.at, true));
  });
}
const makeRoom = make(`<article class="room"><h3><span></span><small></small></h3><div class="values"></div>
  <p class="limits"></p><p class="why"></p></article>`);
const makeValue = make(`<span class="value"><span></span> <i></i></span>`);
function room(card, state) {
  const [title, values, limits, why] = card.children;
  const isSure = state.quality === "good" && !isGone(), isOutside = isSure && state.metrics.some((metric) => metric.is_outside);
  mark(card, `room ${isSure ? (isOutside ? "outside" : "good") : "unsure"}`);
  set(title.children[0], state.place);
  const since = (performance.now() - heardAt) / 1000;
  set(title.children[1], state.age_s === null ? state.device : `${state.device} · ${ago(state.age_s + since)} ago`);
  rows(values, state.metrics, makeValue, (value, metric) => {
    const [unit, digits] = UNITS[metric.name] || [metric.name, 2];
    set(value.children[0], metric.value.toFixed(digits));
    set(value.children[1], unit);
  });
  set(limits, (isSure && !isOutside && state.metrics.some((metric) => metric.low !== null || metric.high !== null)
    ? "✓ " : "") + state.metrics.filter((metric) => metric.low !== null || metric.high !== null).map((metric) => {
    const unit = (UNITS[metric.name] || [metric.name])[0], { low, high } = metric;
    const range = low !== null && high !== null ? `${low} to ${high}` : low !== null ? `from ${low}` : `up to ${high}`;
    return `Allowed ${range} ${unit}`;
  }).join(", "));
  limits.classList.toggle("flag", isOutside);
  const fault = isGone() ? "no word from the gateway" : QUALITY[state.quality] || state.quality;
  set(why, isSure ? (isOutside ? "✕ OUTSIDE ITS LIMITS" : "") : `? ${fault}`);
}
const isGone = () => heardAt !== null && performance.now() - heardAt > SILENT_MAX_MS;
function draw() {
  if (!board) return;
  mark(document.body, isGone() ? "gone" : "");
  set($("gateway"), board.site ? `${board.site} · ${board.gateway}` : board.gateway);
  mark(document.querySelector("main"), !board.docks.length ? "only-rooms" : !board.rooms.length ? "only-docks" : "");
  chips();
  alarms();
  rows($("docks"), board.docks, makeDock, dock);
  rows($("rooms"), board.rooms, makeRoom, room);
}
function tick() {
  set($("clock"), new Date().toLocaleTimeString("en-GB"));
  show($("gone"), isGone() || heardAt === null && performance.now() > SILENT_MAX_MS);
  draw();
}
// The browser opens it again by itself when it sees it break. What it does not see is silence: then we open it again.
let events = null, openedAt = 0;
function listen() {
  if (events) events.close();
  events = new EventSource("/events");
  openedAt = performance.now();
  events.onmessage = (event) => { board = JSON.parse(event.data); heardAt = performance.now(); tick(); };
}
listen();
setInterval(() => {
  tick();
  if (performance.now() - Math.max(openedAt, heardAt ?? 0) > SILENT_MAX_MS) listen();
}, 1000);
