// An import tells how far it is and every fault as it is found; without scripts the page comes when it is done.
"use strict";

const shown = (form) => {
  const box = document.createElement("section");
  box.className = "card";
  box.setAttribute("role", "status");
  const head = document.createElement("h2");
  head.textContent = "Reading the file …";
  const bar = document.createElement("progress");
  bar.className = "bar-wide";
  bar.setAttribute("aria-label", "Rows done");
  const faults = document.createElement("ul");
  faults.className = "plain-list";
  box.append(head, bar, faults);
  form.closest("main").querySelector("h1").after(box);
  return { head, bar, faults };
};

const told = (view, said) => {
  if (said.rows) {
    view.bar.max = said.rows;
    view.bar.value = said.rows_done;
    view.head.textContent = `${said.rows_done} of ${said.rows} rows`;
  }
  if (said.fault) {
    const line = document.createElement("li");
    line.textContent = `Line ${said.fault.line}, ${said.fault.column || "all of it"}: ${said.fault.text}`;
    view.faults.append(line);
  }
  if (said.error) view.head.textContent = `${said.error}. ${said.what_to_do}`;
  if (said.page) {
    const page = new DOMParser().parseFromString(said.page, "text/html");
    const main = page.querySelector("main");
    if (!main) throw new Error("it sent no page");
    document.querySelector("main").replaceWith(main);
    document.querySelector("main h2")?.scrollIntoView({ block: "nearest" });
    watch();
  }
};

async function send(form, view) {
  const body = new FormData(form);
  body.set("progress", "true");
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
  if (!answer.headers.get("content-type")?.includes("ndjson")) {
    told(view, { page: await answer.text() });
    return;
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop();
    for (const line of lines) told(view, JSON.parse(line));
    if (done) return;
  }
}

function watch() {
  for (const form of document.querySelectorAll("form[data-progress]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const view = shown(form);
      for (const button of form.querySelectorAll("button")) button.disabled = true;
      send(form, view).catch((error) => { view.head.textContent = `The ledger did not answer: ${error.message}. Try again.`; });
    });
  }
}
watch();
