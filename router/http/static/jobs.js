"use strict";
// The log of one job, live: appended as it comes, the end kept in sight unless the reader has scrolled up.
const log = document.getElementById("log");
if (log) {
  const MOST = 2_000_000;
  const following = document.getElementById("following");
  const source = new EventSource(log.dataset.events);
  source.onopen = () => { following.textContent = log.dataset.over === "true" ? "" : "live"; };
  source.onerror = () => { following.textContent = "the router does not answer; trying again"; };
  source.onmessage = (event) => {
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 20;
    log.append(event.data);
    if (log.textContent.length > 2 * MOST) log.textContent = log.textContent.slice(-MOST);
    if (atEnd) log.scrollTop = log.scrollHeight;
  };
  source.addEventListener("end", () => {
    source.close();
    if (log.dataset.over !== "true") location.reload();
    else following.textContent = "";
  });
}
