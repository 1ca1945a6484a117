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
        cell.toggleAttribute("data-none", cell.textContent.trim() === "–");
      });
    }
    table.classList.add("stacked");
  }
};
phone.addEventListener("change", stack);
stack();

// A form that opens in a cell opens under its row, as wide as the table is seen: in the cell it would squeeze all columns.
const under = new WeakMap();
document.addEventListener("toggle", ({ target: fold }) => {
  const row = fold.matches("td > details.inline") && fold.closest("tr"), opened = under.get(fold), focused = document.activeElement;
  if (opened && !fold.open) {
    fold.append(...opened.querySelector("div").childNodes);
    opened.remove();
    under.delete(fold);
  } else if (row && fold.open && !opened && !phone.matches) {
    const summary = fold.querySelector("summary"), group = document.createElement("div"), added = document.createElement("tr");
    const cell = added.insertCell();
    added.className = "opened";
    cell.colSpan = [...row.cells].reduce((sum, each) => sum + each.colSpan, 0);
    group.role = "group";
    group.ariaLabel = summary.textContent.trim();
    group.append(...[...fold.childNodes].filter((each) => each !== summary));
    group.style.maxWidth = `calc(${row.closest(".wide").clientWidth}px - 1.6rem)`;
    cell.append(group);
    let last = row;
    while (last.nextElementSibling?.matches(".below, .opened")) last = last.nextElementSibling;
    last.after(added);
    under.set(fold, added);
    if (group.contains(focused)) focused.focus();  // whoever was quick is in it already
  }
}, true);

const say = (text, kind, place) => {
  const notice = document.createElement("p");
  notice.className = `notice ${kind} did`;
  notice.role = kind === "bad" ? "alert" : "status";
  notice.tabIndex = -1;
  notice.textContent = text;
  place(notice);
  notice.focus({ preventScroll: kind === "ok" });
};

// What a button says to do, as done: "Add the site" is "Site added." Where that reads badly, the button has data-done.
const PARTICIPLES = {
  begin: "begun", find: "found", give: "given", hold: "held", keep: "kept", lend: "lent", make: "made",
  override: "overridden", put: "put", send: "sent", set: "set", show: "shown", take: "taken", withdraw: "withdrawn",
};
const participle = (verb) => PARTICIPLES[verb]
  ?? verb.replace(/(ship|plan|stop|allot|fit|cancel)$/, (end) => end + end.at(-1)).replace(/([^aeo])y$/, "$1i").replace(/e$/, "") + "ed";
const clauseDone = (clause) => {
  const [verb, ...rest] = clause.split(" ");
  const [, thing, where] = rest.join(" ").match(/^(.*?)((?:(?:^| )(?:again|as|at|for|forward|from|in|into|off|out|to|until|with)(?: .*)?)?)$/);
  const named = thing.replace(/^(?:the|this|these|an?|its?|them) ?\b/, "").trim();
  return `${named} ${participle(verb.toLowerCase())} ${where}`.replace(/ +/g, " ").trim();
};
const done = (button) => {
  if (/^(?:I|It|The|There) /.test(button)) return `Recorded: ${button.replace(/^[IT](?=[th])/, (first) => first.toLowerCase())}.`;
  const [first, ...others] = button.replace(/:.*| now$/g, "").split(/ and (?!sign )/).map(clauseDone);
  const said = [first, ...others].join(others.some((other) => other.includes(" ")) ? "; " : " and ");
  return `${said[0].toUpperCase()}${said.slice(1)}.`;
};

// What was just done is said on the page that follows it, where the keyboard goes on from.
// What was entered is kept until it is accepted: after an error, or a new sign-in, it stands in its form again.
const address = location.pathname + location.search;
const who = document.querySelector(".who a, .who span")?.textContent ?? "";
const formsTo = (action) => [...document.forms].filter((each) => each.getAttribute("action") === action);
const kept = (form) => [...form.elements].filter((each) => each.name && !each.matches("button, fieldset, [type=password], [type=file]")
  && (each.type !== "hidden" || each.name === "client_id"));
const labelOf = (field) => {
  const label = (field.type === "radio" ? field.closest("fieldset")?.querySelector("legend") : field.labels?.[0])?.cloneNode(true);
  label?.querySelectorAll("small, input, select, textarea").forEach((each) => each.remove());
  return (field.ariaLabel || label?.textContent || "").replace(/\s+/g, " ").trim();
};
const isTicked = (field) => field.type === "checkbox" || field.type === "radio";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.closest(".login")) return;
  sessionStorage.removeItem("entered");
  if (form.closest(".who")) return;
  const told = event.submitter?.dataset.done ?? done((event.submitter?.textContent ?? "").replace(/\s+/g, " ").trim() || "Save");
  sessionStorage.setItem("did", told);
  const action = form.getAttribute("action");
  sessionStorage.setItem("entered", JSON.stringify({
    at: address, who, action, nth: formsTo(action).indexOf(form), hadFile: Boolean(form.querySelector("[type=file]")?.value),
    fields: kept(form).map((each) => [each.name, isTicked(each) ? each.checked : each.value]),
    labels: Object.fromEntries(kept(form).map((each) => [each.name, labelOf(each)]).reverse()),
  }));
});

const enterAgain = ({ action, nth, hadFile, fields, why, wrong, isSure }) => {
  const form = formsTo(action)[nth];
  if (!form) return;
  const those = kept(form);
  // A form that asks for something else by now is left as it is.
  if (those.map((each) => each.name).join() === fields.map(([name]) => name).join()) {
    fields.forEach(([name, value], index) => {
      if (isSure && name === "client_id") return;
      those[index][isTicked(those[index]) ? "checked" : "value"] = value;
    });
  }
  for (let fold = form.closest("details:not([open])"); fold; fold = fold.parentElement.closest("details:not([open])")) fold.open = true;
  for (const fold of form.querySelectorAll("details")) fold.open ||= those.some((each) => fold.contains(each) && each.value && !isTicked(each) && !each.matches("select"));
  if (wrong) those.find((each) => each.name === wrong)?.setAttribute("aria-invalid", "true");
  say(`${why}${hadFile ? " Choose the file again." : ""}`, "bad", (notice) => form.before(notice));
};

const arrived = performance.getEntriesByType("navigation")[0];
const did = sessionStorage.getItem("did"), entered = JSON.parse(sessionStorage.getItem("entered"));
sessionStorage.removeItem("did");
if (entered) {
  const refused = document.querySelector("[data-refused]");
  sessionStorage.removeItem("entered");
  if (refused) {
    // The ledger knows how a field is called in a form by its name only; what stands beside it is its name to people.
    const { field } = refused.dataset, label = field && entered.labels?.[field], alert = refused.querySelector("[role=alert]");
    if (label) alert.textContent = alert.textContent.replace(/^[^:]*/, () => label);
    // Whether it was recorded is only sure where the ledger itself refused it; else it is the same request again.
    const why = alert.textContent;
    const isInDoubt = "doubt" in refused.dataset;
    entered.why = isInDoubt ? `It is not known whether this was saved. ${why} Look before you send it again; from this form a booking counts once.` : `Not saved: ${why}`;
    // What to do stands beside the form as well; that one has to go back is done by then.
    const advice = alert.nextElementSibling.textContent.trim().replace(/^Go back and (.)/, (_, first) => first.toUpperCase());
    if (!isInDoubt) entered.why += ` ${advice.replace("Nothing was stored. ", "")}`;
    entered.wrong = field;
    entered.isSure = Number(refused.dataset.refused) < 500;
    sessionStorage.setItem("entered", JSON.stringify(entered));
    const back = document.querySelector("#back");
    back.href = entered.at;
    back.textContent = "Back to the form";
  } else if (document.querySelector(".login")) {
    entered.why = "This was not saved: you were signed out before.";
    sessionStorage.setItem("entered", JSON.stringify(entered));
    document.querySelector("#over")?.remove();
    say("You were signed out, and what you sent was not saved. Sign in, and it stands in its form again.", "warn",
      (notice) => document.querySelector(".login h1").after(notice));
    document.querySelector(".login [autofocus]")?.focus();
  } else if (entered.at === address && entered.who === who && (entered.why || arrived?.type === "back_forward")) {
    enterAgain({ why: "It is not known whether this was saved. Check before you send it again.", ...entered });
  }
}
if (did && arrived?.redirectCount && !document.querySelector("[role=alert], .login")) {
  say(did, "ok", (notice) => document.querySelector("#main h1")?.closest(".title, h1").after(notice));
}

// A choice of a list's filter applies at once.
document.addEventListener("change", (event) => {
  if (event.target.matches(".tools select")) event.target.form.requestSubmit();
});

// In the rows of a form Enter goes on to the next field: scanners end each code with it, and a button sends the form.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches(".lines input")) return;
  event.preventDefault();
  const fields = [...event.target.form.querySelectorAll(".lines input, .lines ~ button")];
  fields[fields.indexOf(event.target) + 1]?.focus();
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

// A part that comes later says why it does not; where nobody is signed in any more, the page asks to sign in.
for (const each of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(each, (event) => {
    const told = event.target.closest("#rest")?.querySelector("[role=status]");
    if (told) told.textContent = "This could not be loaded. Reload the page to try again.";
  });
}
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.closest("#rest") && new URL(event.detail.xhr.responseURL).pathname === "/login") location.reload();
});

document.addEventListener("htmx:sseError", () => { document.querySelector("#gone").hidden = false; });
document.addEventListener("htmx:sseMessage", () => { document.querySelector("#gone").hidden = true; });

// The zone of this browser is the likely one of the site in front of it.
const zone = document.querySelector("[data-zone]");
if (zone && !zone.value) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  if (here.includes("/")) zone.value = here;
}
