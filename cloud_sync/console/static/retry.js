// Looks again and again whether the ledger answers. A page that was only read is then loaded; a form is sent by people alone.
"use strict";

(() => {
  const line = document.querySelector("[data-retry]");
  const isRead = !document.querySelector("[data-refused]"), every = Number(line.dataset.retry);
  let left = every;
  const show = () => {
    line.textContent = isRead ? `This page tries again in ${left} s.` : `Looks again in ${left} s whether the ledger answers.`;
  };
  const isBack = () => fetch("/healthz", { cache: "no-store" }).then((answer) => answer.ok, () => false);
  const clock = setInterval(async () => {
    left -= 1;
    if (left > 0) { show(); return; }
    left = every;
    if (!await isBack()) { show(); return; }
    clearInterval(clock);
    if (isRead) { location.reload(); return; }
    line.role = "status";
    line.className = "notice ok";
    line.textContent = "The ledger answers again.";
  }, 1000);
  show();
  line.hidden = false;
})();
