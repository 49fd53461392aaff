// Outlines over the slide that the browser draws itself: the chosen annotation and the one being drawn.

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** A drawing surface that moves with the slide; its units are slide pixels from the upper left corner. */
export class Surface {
  constructor(viewer) {
    this.viewer = viewer;
    this.svg = element("svg", { class: "shapes", "aria-hidden": "true" });
    this.group = element("g");
    this.chosen = element("g");
    this.drawn = element("g");
    this.cross = element("path", { class: "cross", visibility: "hidden" });
    this.group.append(this.chosen, this.drawn);
    this.svg.append(this.group, this.cross);
    viewer.canvas.append(this.svg);
    for (const event of ["update-viewport", "resize"]) viewer.addHandler(event, () => this.place());
  }

  /** Take the units of a slide that was opened. */
  follow(slide) {
    this.slide = slide;
    this.place();
  }

  get scale() {
    if (!this.slide) return 1;
    return (this.at(1000, 0).x - this.at(0, 0).x) / 1000;
  }

  at(x, y) {
    return this.slide.imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
  }

  place() {
    if (!this.slide) return;
    const corner = this.at(0, 0);
    const scale = this.scale;
    this.group.setAttribute("transform", `translate(${corner.x} ${corner.y}) scale(${scale})`);
    for (const dot of this.group.querySelectorAll("circle")) dot.setAttribute("r", Number(dot.dataset.radius) / scale);
    const { clientWidth: w, clientHeight: h } = this.viewer.canvas;
    this.cross.setAttribute("d", `M${w / 2 - 14} ${h / 2}h28M${w / 2} ${h / 2 - 14}v28`);
  }

  dot(x, y, radius, kind) {
    const dot = element("circle", { cx: x, cy: y, class: kind });
    dot.dataset.radius = radius;
    return dot;
  }

  choose(path, box, isPoint) {
    this.chosen.replaceChildren();
    if (!path) return;
    if (isPoint) {
      const [x, y] = box.split(" ").map(Number);
      this.chosen.append(this.dot(x, y, 10, "glow"), this.dot(x, y, 10, "ring"));
    } else {
      this.chosen.append(element("path", { d: path, class: "glow" }), element("path", { d: path, class: "ring" }));
    }
    this.place();
  }

  sketch(points, next, closed) {
    this.drawn.replaceChildren();
    const all = next ? [...points, next] : points;
    if (all.length) {
      const d = "M" + all.map((p) => `${p.x},${p.y}`).join(" ") + (closed || all.length > 2 ? "Z" : "");
      this.drawn.append(element("path", { d, class: "new" }));
      for (const p of points) this.drawn.append(this.dot(p.x, p.y, 5, "corner"));
    }
    this.place();
  }

  showCross(on) {
    this.cross.setAttribute("visibility", on ? "visible" : "hidden");
  }
}
