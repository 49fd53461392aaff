// What every page needs: errors said aloud, focus that follows, logs that stay at their end.

const announce = document.getElementById("announce");

/** Show a short message at the bottom of the page and read it to those who listen. */
export function say(text, bad = false) {
  let toast = document.getElementById("toast");
  if (!toast) {
    toast = document.createElement("p");
    toast.id = "toast";
    toast.setAttribute("aria-hidden", "true");
    document.body.append(toast);
  }
  toast.className = bad ? "toast notice bad" : "toast notice good";
  toast.textContent = text;
  toast.hidden = false;
  announce.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.hidden = true; }, bad ? 8000 : 4000);
}

/** Return the words of an answer that is an error page or notice. */
export function reason(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const notice = page.querySelector(".notice") || page.querySelector("main p");
  return notice ? notice.textContent.trim() : "That did not work. Try again in a moment.";
}

let away = false;
document.body.addEventListener("htmx:responseError", (event) => say(reason(event.detail.xhr.responseText), true));
document.body.addEventListener("htmx:sendError", () => {
  if (!away) say("The server does not answer. This page goes on when it is back.", true);
  away = true;
});
document.body.addEventListener("htmx:afterOnLoad", () => {
  if (away) say("The server is back.");
  away = false;
});

// A log that a person has scrolled up stays where she reads; otherwise it follows its end.
const atEnd = new WeakMap();
document.body.addEventListener("htmx:beforeSwap", (event) => {
  for (const log of event.detail.target.querySelectorAll("[data-follow]")) {
    atEnd.set(event.detail.target, log.scrollHeight - log.scrollTop - log.clientHeight < 40 ? -1 : log.scrollTop);
  }
});
document.body.addEventListener("htmx:afterSwap", (event) => follow(event.detail.target, atEnd.get(event.detail.target) ?? -1));
function follow(part, place) {
  for (const log of part.querySelectorAll("[data-follow]")) log.scrollTop = place < 0 ? log.scrollHeight : place;
}
follow(document, -1);

// Pick lists: all or none at once, and the number of those picked.
document.body.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pick]");
  if (!button) return;
  const group = button.closest("fieldset");
  for (const box of group.querySelectorAll("input[type=checkbox]")) box.checked = button.dataset.pick === "all";
  group.dispatchEvent(new Event("change", { bubbles: true }));
});
document.body.addEventListener("change", (event) => {
  const group = event.target.closest("fieldset[data-counted]");
  const note = group && group.querySelector("[data-number]");
  if (note) note.textContent = `${group.querySelectorAll("input:checked").length} chosen`;
});

// A form with errors takes the reader to the first one.
const wrong = document.querySelector("form [aria-invalid=true]");
if (wrong) wrong.focus();
