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

// Slides go up one after the other; the page shows them when all are there.
for (const form of document.querySelectorAll("form[data-upload]")) {
  const [chooser, bar, trouble] = ["input", "progress", ".wrong"].map((name) => form.querySelector(name));
  chooser.addEventListener("change", async () => {
    const refused = [];
    trouble.hidden = true;
    bar.hidden = false;
    for (const file of chooser.files) {
      const problem = await send(form.dataset.upload, file, (part) => { bar.value = part; });
      if (problem) refused.push(`${file.name}: ${problem}`);
    }
    bar.hidden = true;
    if (!refused.length) return location.reload();
    trouble.textContent = refused.join(" ");
    trouble.hidden = false;
    chooser.value = "";
  });
}
function send(address, file, moved) {
  return new Promise((done) => {
    const form = new FormData();
    form.append("files[]", file);
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => moved(event.lengthComputable ? event.loaded / event.total : 0));
    request.addEventListener("error", () => done("the server does not answer."));
    request.addEventListener("load", () => {
      if (request.status === 200) return done("");
      try {
        done(String(JSON.parse(request.responseText).errors));
      } catch {
        done("it was refused.");
      }
    });
    request.open("POST", address);
    request.send(form);
  });
}

// A form with errors takes the reader to the first one.
const wrong = document.querySelector("form [aria-invalid=true]");
if (wrong) wrong.focus();
