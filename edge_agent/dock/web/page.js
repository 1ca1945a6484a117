"use strict";
// Shows the state of docks and rooms. Elements are kept and only their text changes, so nothing flickers. Text is never read as HTML.
const WORDS = { good: "OK", bad: "STOP", warn: "CHECK", prompt: "", none: "" };
const MARKS = { good: "✓", bad: "✕", warn: "!", prompt: "·" };
const SIGNS = { "": "", warn: "! ", bad: "✕ " };
const QUALITY = { stale: "the sensor repeats an old value", timeout: "the sensor does not answer",
  crc: "the sensor's answer is damaged", range: "the value is impossible", fault: "the sensor reports a fault",
  suspect: "the value jumped: waiting for a second reading",
  old: "no reading for too long" };
const SILENT_MAX_MS = 8000;
const VERDICT_MAX_S = 120; // as long as an operator may do nothing: after that the box it was about is gone
const $ = (id) => document.getElementById(id);
let heardAt = null, model = null;

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
  const found = [], { link, buffer, desk } = model, since = (performance.now() - heardAt) / 1000;
  if (link) found.push(link.up ? ["", "Ledger connected"] : ["warn", `Ledger offline for ${ago(link.for_s + since)}`]);
  if (buffer) {
    const share = buffer.share === null ? "" : ` (${Math.round(buffer.share * 100)} %)`;
    found.push([buffer.share > 0.8 ? "bad" : "", `${buffer.records.toLocaleString("en-GB")} waiting${share}`]);
    if (buffer.set_aside) found.push(["bad", `${buffer.set_aside} set aside`]);
  }
  found.push([desk.is_old ? "warn" : "", desk.text[0].toUpperCase() + desk.text.slice(1)]);
  if (!model.clock_synced) found.push(["warn", "Clock not set"]);
  if (isGone()) found.splice(0, found.length, ["warn", `State of ${ago(since)} ago`]);
  rows($("chips"), found, makeChip, (chip, [kind, text]) => set(mark(chip, kind), SIGNS[kind] + text));
}
const makeAlarm = make("<div><span></span><span></span></div>");
function alarms() {
  show($("alarms"), model.alarms.length > 0);
  rows($("alarms"), model.alarms, makeAlarm, (row, alarm) => {
    mark(row, alarm.kind);
    set(row.children[0], alarm.text);
    set(row.children[1], alarm.since ? `since ${time(alarm.since)}` : "");
  });
}
const makeDock = make(`<article class="dock"><h2><span></span><span></span></h2><p class="doing"></p>
  <div class="now"><div class="verdict none" role="status"><p><b></b><small></small></p><span></span></div>
  <p class="next"></p></div><section class="order" aria-label="Order" hidden><h3></h3><ul></ul></section><ol></ol></article>`);
const makeLine = make(`<li><span class="mark"></span><span class="text"></span><span class="count"></span></li>`);
const makeScan = make(`<li><span class="mark"></span><span class="text"></span><time></time></li>`);
function dock(card, state) {
  const [who, doing, now, order, list] = card.children, [verdict, next] = now.children;
  set(who.children[0], state.name);
  const unproven = state.is_proven === false ? " · scanner not proven: scan the proof card" : "";
  set(who.children[1], (state.operator ? `${state.operator} is signed in` : "no operator signed in") + unproven);
  set(doing, state.doing + (state.items ? ` · ${counted(state.units, "unit")} scanned, not booked yet` : ""));
  const last = state.recent[0] || { tone: "none", text: "Nothing scanned yet." };
  const age_s = last.at ? Math.max(0, (Date.parse(model.at) - Date.parse(last.at) + performance.now() - heardAt) / 1000) : 0;
  const isOld = isGone() || age_s > VERDICT_MAX_S;
  mark(verdict, `verdict ${last.tone}${isOld && last.at ? " old" : ""}`);
  const [word, when] = verdict.children[0].children;
  set(word, WORDS[last.tone] ? `${MARKS[last.tone]} ${WORDS[last.tone]}` : "");
  set(when, last.at ? `${isOld ? "OLD: " : ""}${ago(age_s)} ago` : "");
  set(verdict.children[1], last.text);
  set(next, state.waits_for);
  sound(state, last);
  show(order, state.order !== null);
  if (state.order) {
    const lines = state.order.lines, done = lines.filter((line) => line.done >= line.wanted).length;
    set(order.children[0], `Order ${state.order.number}: ${done} of ${counted(lines.length, "line")} complete`);
    rows(order.children[1], lines, makeLine, (row, line) => {
      const isDone = line.done >= line.wanted, isOver = line.done > line.wanted;
      mark(row, isOver ? "over" : isDone ? "done" : "");
      set(row.children[0], isOver ? "!" : isDone ? "✓" : "○");
      set(row.children[1], line.item + (line.lot ? `, lot ${line.lot}` : ""));
      set(row.children[2], `${line.done} of ${line.wanted} ${line.unit}`);
    });
  }
  rows(list, state.recent.slice(1), makeScan, (row, scan) => {
    set(mark(row.children[0], `mark ${scan.tone}`), MARKS[scan.tone] ?? "");
    set(row.children[1], scan.text);
    set(row.children[2], time(scan.at, true));
  });
}
const makeRoom = make(`<article class="room"><h3></h3><div></div></article>`);
const makeProbe = make(`<div class="probe"><small></small><div class="values"></div><p class="limits"></p><p class="why"></p>
  <p class="gap"></p></div>`);
const makeValue = make(`<span class="value"><small></small><span></span> <i></i></span>`);
function room(card, state) {
  const [title, probes] = card.children;
  const kinds = state.probes.map(kindOf);
  mark(card, `room ${["outside", "unsure", "unjudged", "good"].find((kind) => kinds.includes(kind))}`);
  set(title, state.place);
  rows(probes, state.probes, makeProbe, (row, probe) => fillProbe(row, probe, state.probes.length > 1));
}
function kindOf(probe) {
  if (probe.quality !== "good" || isGone()) return "unsure";
  if (probe.values.some((value) => value.is_outside)) return "outside";
  return probe.not_judged.length ? "unjudged" : "good";
}
function fillProbe(row, probe, hasTwin) {
  const [name, values, limits, why, unjudged] = row.children, kind = kindOf(probe), since = (performance.now() - heardAt) / 1000;
  const isSure = kind !== "unsure", isOutside = kind === "outside";
  mark(row, `probe ${kind}`);
  set(name, probe.age_s === null ? probe.device : `${probe.device} · ${ago(probe.age_s + since)} ago`);
  rows(values, probe.values, makeValue, (value, one) => {
    set(value.children[0], one.label);
    set(value.children[1], one.text);
    set(value.children[2], one.unit);
  });
  const limited = probe.values.filter((one) => one.low !== null || one.high !== null);
  const words = [...new Set(limited.map(({ low, high, unit, label }) => {
    const range = low !== null && high !== null ? `${low} to ${high}` : low !== null ? `from ${low}` : `up to ${high}`;
    return `Allowed ${range} ${unit}${label && !label.startsWith("probe") ? ` ${label}` : ""}`;
  }))].join(", ");
  set(limits, (isSure && !isOutside && limited.length ? "✓ " : "") + words);
  limits.classList.toggle("flag", isOutside);
  const fault = isGone() ? "no word from the gateway" : QUALITY[probe.quality] || probe.quality;
  set(why, isSure ? (isOutside ? "✕ OUTSIDE ITS LIMITS" : "") : `? ${fault}`);
  set(unjudged, isSure ? probe.not_judged.join(" · ") : "");
  row.classList.toggle("twin", hasTwin);
}
// A tablet may sound: browsers allow it once somebody has touched the page, so it is a button, and off at first.
const TONES = { good: [[1320, 0.12]], warn: [[660, 0.15], [660, 0.15]], bad: [[220, 0.3], [180, 0.5]] };
let audio = null;
const heardScans = new Map();
function sound(state, last) {
  const isNew = heardScans.has(state.name) && heardScans.get(state.name) !== last.at;
  heardScans.set(state.name, last.at);
  if (isNew && audio && TONES[last.tone]) play(TONES[last.tone]);
}
function play(tones) {
  let at = audio.currentTime;
  for (const [hertz, seconds] of tones) {
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = hertz;
    volume.gain.value = 0.4;
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds + 0.08;
  }
}
function toggleSound() {
  if (audio) { audio.close(); audio = null; } else { audio = new AudioContext(); play(TONES.good); }
  $("sound").setAttribute("aria-pressed", String(audio !== null));
  set($("sound"), audio ? "Sound on" : "Sound off");
}
const counted = (number, word) => `${number.toLocaleString("en-GB")} ${word}${number === 1 ? "" : "s"}`;
const isGone = () => heardAt !== null && performance.now() - heardAt > SILENT_MAX_MS;
function draw() {
  if (!model) return;
  mark(document.body, isGone() ? "gone" : "");
  set($("gateway"), model.site ? `${model.site} · ${model.gateway}` : model.gateway);
  mark(document.querySelector("main"), !model.docks.length ? "only-rooms" : !model.rooms.length ? "only-docks" : "");
  chips();
  show($("sound"), model.docks.length > 0);
  alarms();
  rows($("docks"), model.docks, makeDock, dock);
  rows($("rooms"), model.rooms, makeRoom, room);
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
  events.onmessage = (event) => { model = JSON.parse(event.data); heardAt = performance.now(); tick(); };
}
$("sound").addEventListener("click", toggleSound);
listen();
setInterval(() => {
  tick();
  if (performance.now() - Math.max(openedAt, heardAt ?? 0) > SILENT_MAX_MS) listen();
}, 1000);
