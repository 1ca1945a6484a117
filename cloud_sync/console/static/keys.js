// Security keys: what the ledger asks goes to the browser, what the key answers goes back with the form.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const listed = (keys) => (keys ?? []).map((each) => ({ ...each, id: toBytes(each.id) }));

async function created(asked) {
  const made = await navigator.credentials.create({ publicKey: {
    ...asked, challenge: toBytes(asked.challenge), user: { ...asked.user, id: toBytes(asked.user.id) },
    excludeCredentials: listed(asked.excludeCredentials),
  } });
  const { clientDataJSON, attestationObject } = made.response;
  return { id: made.id, rawId: toText(made.rawId), type: made.type,
    response: { clientDataJSON: toText(clientDataJSON), attestationObject: toText(attestationObject) } };
}

async function answered(asked) {
  const made = await navigator.credentials.get({ publicKey: {
    ...asked, challenge: toBytes(asked.challenge), allowCredentials: listed(asked.allowCredentials),
  } });
  const { clientDataJSON, authenticatorData, signature } = made.response;
  return { id: made.id, rawId: toText(made.rawId), type: made.type,
    response: { clientDataJSON: toText(clientDataJSON), authenticatorData: toText(authenticatorData), signature: toText(signature) } };
}

// The question stands in the page, or is asked for with what was entered.
async function question(button) {
  if (button.dataset.question) return JSON.parse(button.dataset.question);
  const answer = await fetch(button.dataset.keyFrom, { method: "POST", body: new URLSearchParams(new FormData(button.form)) });
  const text = await answer.text();
  if (answer.ok && answer.headers.get("content-type")?.includes("json")) return JSON.parse(text);
  const page = new DOMParser().parseFromString(text, "text/html");
  throw new Error(page.querySelector("[role=alert]")?.textContent ?? "You are no longer signed in. Sign in, and try again.");
}

const WHY = {
  NotAllowedError: "The key did not answer in time, or you cancelled. Try again.",
  InvalidStateError: "This key has been added already.",
  SecurityError: "Browsers use security keys on a page with TLS only, opened by its name.",
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-use-key]");
  if (!button) return;
  event.preventDefault();
  const form = button.form;
  const told = form.querySelector(".key-told");
  // The key stands for the password.
  const left = [...form.querySelectorAll("[data-not-with-key]")];
  for (const field of left) field.disabled = true;
  try {
    if (!form.reportValidity()) return;
    told.textContent = "Touch your security key, or follow what your browser shows.";
    const asked = await question(button);
    const answer = button.dataset.useKey === "create" ? await created(asked) : await answered(asked);
    form.elements.credential.value = JSON.stringify(answer);
    form.requestSubmit();
  } catch (error) {
    told.textContent = WHY[error.name] ?? error.message;
  } finally {
    for (const field of left) field.disabled = false;
  }
});

// Browsers without it show no buttons for it.
if (!window.PublicKeyCredential) for (const each of document.querySelectorAll("[data-use-key]")) each.hidden = true;
