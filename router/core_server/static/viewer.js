// The slide viewer: tiles of the slide, tiles of annotations above them, and the panel beside.

import { Pen } from "./drawing.js";
import { reason, say } from "./pages.js";
import { Surface } from "./shapes.js";

const stage = document.getElementById("stage");
const { slide, slice, csrf } = stage.dataset;
const [width, height, zoom] = ["width", "height", "zoom"].map((name) => Number(stage.dataset[name]));
const layersBox = document.getElementById("layers");
const chosenBox = document.getElementById("chosen");
const TILE = 512;

const viewer = OpenSeadragon({
  id: "slide",
  prefixUrl: "",
  showNavigationControl: false,
  showNavigator: false,
  animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.5,
  maxZoomPixelRatio: 4,
  minZoomImageRatio: 0.7,
  visibilityRatio: 0.5,
  drawer: "canvas",
  tileRetryMax: 3,
  tileRetryDelay: 1500,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false },
  gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: false },
  gestureSettingsPen: { clickToZoom: false, dblClickToZoom: false },
  tileSources: {
    width, height, tileSize: 256, minLevel: 0, maxLevel: zoom,
    getTileUrl: (level, x, y) => `/api/sliceinstance/${slice}/normalized-tile/zoom/${level}/tx/${x}/ty/${y}.jpg`,
  },
});
viewer.canvas.setAttribute("role", "application");
viewer.canvas.setAttribute("aria-label", "Slide. Arrow keys move, plus and minus zoom, zero shows all of it, Enter chooses what is in the middle.");

let base = null; // the slide itself; the world's other items are its preview and the annotation tiles
const surface = new Surface(viewer);
const pen = new Pen(surface, height, keep);

// Annotation layers ------------------------------------------------------------------------------------------------

let overlay = null;

function shown() {
  const keys = [...layersBox.querySelectorAll("input[name=layer]:checked")].map((box) => box.value);
  const hidden = [...layersBox.querySelectorAll("input[name=term]:not(:checked)")].map((box) => box.value);
  return `layers=${keys.join(",")}&hide=${hidden.join(",")}`;
}

function drawLayers() {
  const { version } = layersBox.querySelector("[data-version]").dataset;
  const query = `${shown()}&v=${version}`;
  const levels = Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / TILE)));
  const before = overlay;
  viewer.addTiledImage({
    tileSource: {
      width, height, tileSize: TILE, minLevel: 0, maxLevel: levels,
      getTileUrl: (level, x, y) => `/pages/slide/${slide}/shapes/${levels - level}/${x}/${y}.png?${query}`,
      hasTransparency: () => true,
    },
    success: ({ item }) => {
      overlay = item;
      const drop = () => { if (before && viewer.world.getIndexOfItem(before) >= 0) viewer.world.removeItem(before); };
      if (item.getFullyLoaded()) drop();
      else item.addOnceHandler("fully-loaded-change", drop);
      stage.dataset.layers = query;
    },
  });
}

/** Take over a fresh list of layers, keeping what the person has unticked; redraw when something changed. */
function refresh(html, force = false) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-state]");
  const old = layersBox.querySelector("[data-state]");
  if (!fresh) return;
  if (!force && fresh.dataset.state === old.dataset.state) {
    old.dataset.version = fresh.dataset.version;
    return;
  }
  for (const box of old.querySelectorAll("input:not(:checked)")) {
    const twin = fresh.querySelector(`input[name=${box.name}][value="${box.value}"]`);
    if (twin) twin.checked = false;
  }
  const focused = layersBox.contains(document.activeElement) ? document.activeElement : null;
  layersBox.replaceChildren(fresh);
  if (focused) layersBox.querySelector(`input[name=${focused.name}][value="${focused.value}"]`)?.focus();
  drawLayers();
}

layersBox.addEventListener("change", drawLayers);

// What others and running algorithms add appears by itself.
async function look(force = false) {
  if (document.hidden && !force) return;
  const since = force ? "" : layersBox.querySelector("[data-version]").dataset.version;
  try {
    const answer = await fetch(`/pages/slide/${slide}/layers?since=${since}`);
    if (answer.status === 200 && !answer.redirected) refresh(await answer.text(), force);
  } catch {
    // the server is away for a moment; the next look tells
  }
}
setInterval(() => look(), 5000);

// The chosen annotation --------------------------------------------------------------------------------------------

function show(html) {
  chosenBox.innerHTML = html;
  htmx.process(chosenBox);
  arrived();
}

function arrived() {
  const found = chosenBox.querySelector("[data-annotation]");
  surface.choose(found?.dataset.path, found?.dataset.box, found?.dataset.point);
  if (chosenBox.querySelector("[data-changed]")) look(true);
  stage.dataset.chosen = found?.dataset.annotation ?? "";
}

function go() {
  const found = chosenBox.querySelector("[data-annotation]");
  if (!found) return;
  const [x, y, w, h] = found.dataset.box.split(" ").map(Number);
  const room = Math.max(w, h, 200) * 1.2;
  const box = base.imageToViewportRectangle(x + w / 2 - room, y + h / 2 - room, 2 * room, 2 * room);
  viewer.viewport.fitBounds(box);
}

chosenBox.addEventListener("htmx:afterSwap", arrived);
chosenBox.addEventListener("click", (event) => {
  if (event.target.closest("[data-go]")) go();
  if (event.target.closest("[data-close]")) show("");
});

/** Ask the server and show what it answers beside the slide; tell when it refuses or is away. */
async function load(address, options) {
  try {
    const answer = await fetch(address, options);
    const html = await answer.text();
    if (answer.ok) show(html);
    else say(reason(html), true);
    return answer.ok;
  } catch {
    say("The server does not answer. Nothing was changed; try again in a moment.", true);
    return false;
  }
}

async function keep(wkt) {
  const term = document.getElementById("draw-term").value;
  const kept = await load(`/pages/slide/${slide}/draw`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify({ location: wkt, term: term ? Number(term) : null }),
  });
  if (kept) say("Kept.");
}

// Mouse, finger, keys ----------------------------------------------------------------------------------------------

function onSlide(position) {
  const point = base.viewerElementToImageCoordinates(position);
  return { x: point.x, y: point.y };
}

function press(position, reach) {
  const { x, y } = onSlide(position);
  if (pen.drawing) return pen.place({ x, y });
  load(`/pages/slide/${slide}/at?x=${x}&y=${y}&reach=${reach / surface.scale}&${shown()}`);
}

viewer.addHandler("canvas-click", (event) => {
  if (event.quick) press(event.position, event.pointerType === "touch" ? 14 : 6);
});
viewer.canvas.addEventListener("pointermove", (event) => {
  if (event.pointerType === "touch" || !base) return;
  const frame = viewer.canvas.getBoundingClientRect();
  pen.hover(onSlide(new OpenSeadragon.Point(event.clientX - frame.left, event.clientY - frame.top)));
});
document.getElementById("slide").addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    surface.showCross(true);
    press(new OpenSeadragon.Point(viewer.canvas.clientWidth / 2, viewer.canvas.clientHeight / 2), 10);
  } else if (event.key === "Backspace" && pen.drawing) {
    event.preventDefault();
    pen.back();
  } else if (event.key.startsWith("Arrow")) {
    surface.showCross(true);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if (pen.drawing) pen.putDown();
    else show("");
  }
});

const zoomBy = (factor) => { viewer.viewport.zoomBy(factor); viewer.viewport.applyConstraints(); };
document.getElementById("zoom-in").addEventListener("click", () => zoomBy(1.6));
document.getElementById("zoom-out").addEventListener("click", () => zoomBy(1 / 1.6));
document.getElementById("zoom-all").addEventListener("click", () => viewer.viewport.goHome());

// The list of what is in view, and the ruler -----------------------------------------------------------------------

const nearby = document.getElementById("nearby");
let waiting = 0;

function listView() {
  if (!nearby.open) return;
  const view = base.viewportToImageRectangle(viewer.viewport.getBounds(true));
  const place = `left=${view.x}&top=${view.y}&right=${view.x + view.width}&bottom=${view.y + view.height}`;
  htmx.ajax("GET", `/pages/slide/${slide}/list?${place}&${shown()}`, { target: "#in-view", swap: "innerHTML" });
}

nearby.addEventListener("toggle", listView);
viewer.addHandler("animation-finish", () => { clearTimeout(waiting); waiting = setTimeout(listView, 400); });

const ruler = document.getElementById("ruler");
const micrometres = Number(stage.dataset.scale) || 0;

function measure() {
  const unit = micrometres || 1;
  const wide = 120 / surface.scale * unit;
  if (!Number.isFinite(wide) || wide <= 0) return;
  const power = 10 ** Math.floor(Math.log10(wide));
  const nice = [5, 2, 1].map((step) => step * power).find((length) => length <= wide);
  ruler.style.width = `${nice / unit * surface.scale}px`;
  const name = micrometres ? (nice >= 1000 ? `${nice / 1000} mm` : `${nice} µm`) : `${nice} px`;
  if (ruler.textContent !== name) ruler.textContent = name;
}
viewer.addHandler("update-viewport", measure);

viewer.addOnceHandler("open", () => {
  base = viewer.world.getItemAt(0);
  surface.follow(base);
  // a small picture of the whole slide below it, so that nothing is blank while its tiles come
  viewer.addSimpleImage({ url: `/api/imageinstance/${slide}/thumb.jpg?maxSize=1024`, index: 0, width: 1 });
  drawLayers();
  if (stage.dataset.start) load(`/pages/annotation/${stage.dataset.start}`).then((there) => there && go());
});
viewer.addHandler("open-failed", () => say("The slide cannot be shown. Its file may be damaged or gone.", true));
stage.dataset.ready = "yes";
