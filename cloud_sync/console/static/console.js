// Keys, scans into any page, and the sign that the live values are no longer live. Pages work without it.
"use strict";

const isTyping = (element) => element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select");

// What a key alone does waits for a moment: if another one follows at once, a scanner types, and means none of it.
const SCANNER_MS = 60;
let meant = 0;
const soon = (act) => { meant = setTimeout(act, SCANNER_MS); };

document.addEventListener("keydown", (event) => {
  clearTimeout(meant);
  if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("#search")?.focus();
    return;
  }
  const rows = [...document.querySelectorAll("table[data-queue] tbody a, .queue a")];
  if ((event.key === "j" || event.key === "k") && rows.length) {
    const at = rows.indexOf(document.activeElement);
    const next = Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
    rows[next].focus();
    return;
  }
  const choice = document.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
  if (choice) {
    soon(() => {
      choice.checked = true;
      document.querySelector("#reason").focus();
    });
    return;
  }
  const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
  if (link) soon(() => link.click());
});

// The menu is longer than a screen: where we are is in sight. Asked for with the first picture, which lays the page out anyway.
const menu = document.querySelector("#menu"), at = menu?.querySelector("[aria-current]");
if (at) requestAnimationFrame(() => {
  if (menu.offsetHeight && at.offsetTop + at.offsetHeight > menu.clientHeight) menu.scrollTop = at.offsetTop - menu.clientHeight / 2;
});

// What was just done is said on the page that follows it, where the keyboard goes on from.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.closest(".login, .who")) return;
  const told = event.submitter?.dataset.done ?? `Done: ${(event.submitter?.textContent ?? "").trim()}`;
  sessionStorage.setItem("did", told);
});
const did = sessionStorage.getItem("did"), arrived = performance.getEntriesByType("navigation")[0];
sessionStorage.removeItem("did");
if (did && arrived?.redirectCount && !document.querySelector("[role=alert]")) {
  const notice = document.createElement("p");
  notice.className = "notice ok did";
  notice.role = "status";
  notice.tabIndex = -1;
  notice.textContent = did;
  document.querySelector("#main h1")?.closest(".title, h1").after(notice);
  notice.focus({ preventScroll: true });
}

// On a phone each row of a table is a small card, its cells named as in the head. Wider screens need none of it.
const phone = matchMedia("(max-width: 46rem)");
const stack = () => {
  if (!phone.matches) return;
  phone.removeEventListener("change", stack);
  for (const table of document.querySelectorAll(".wide table:not(.matrix)")) {
    const heads = [...table.querySelectorAll("thead th")];
    const names = heads.map((head) => head.textContent.trim());
    const acts = heads.map((head) => head.querySelector(".hidden") !== null);
    for (const row of table.querySelectorAll("tbody tr")) {
      [...row.cells].forEach((cell, index) => { if (cell.colSpan !== 1) return;
        // What can be done with a row says it itself.
        cell.dataset.label = acts[index] && cell.querySelector("details, button, a") ? "" : names[index];
      });
    }
    table.classList.add("stacked");
  }
};
phone.addEventListener("change", stack);
stack();

// A choice of a list's filter applies at once.
document.addEventListener("change", (event) => {
  if (event.target.matches(".tools select")) event.target.form.requestSubmit();
});

// A scanner that plays a keyboard types faster than anybody: its text goes to the search, whatever has the focus.
let typed = "", last = 0;
document.addEventListener("keypress", (event) => {
  if (isTyping(event.target)) return;
  // By when the key came, not by when this page had time for it.
  typed = event.timeStamp - last < SCANNER_MS ? typed + event.key : event.key;
  last = event.timeStamp;
  if (event.key === "Enter" && typed.length > 6) {
    const search = document.querySelector("#search");
    search.value = typed.replace(/Enter$/, "");
    search.form.requestSubmit();
    event.preventDefault();
  }
});

document.addEventListener("htmx:sseError", () => { document.querySelector("#gone").hidden = false; });
document.addEventListener("htmx:sseMessage", () => { document.querySelector("#gone").hidden = true; });

// The zone of this browser is the likely one of the site in front of it.
const zone = document.querySelector("[data-zone]");
if (zone && !zone.value) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  if (here.includes("/")) zone.value = here;
}
