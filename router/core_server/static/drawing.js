// Drawing by clicks, taps or keys: each places one corner, so a mouse, a finger and a keyboard work alike.

const HELP = {
  polygon: "Click corner after corner around it; click the first one again or press Finish to close it. By keyboard: arrows move the slide under the cross, Enter sets a corner.",
  rectangle: "Click one corner, then the opposite one. By keyboard: arrows move the slide under the cross, Enter sets a corner.",
  point: "Click the place. By keyboard: arrows move the slide under the cross, Enter sets the point.",
};
const LEAST = { polygon: 3, rectangle: 2, point: 1 };

/** The tool in hand and the corners set so far; `done` receives the shape as WKT (y up). */
export class Pen {
  constructor(surface, height, done) {
    Object.assign(this, { surface, height, done, tool: "look", points: [] });
    this.box = document.getElementById("drawing");
    this.finishButton = document.getElementById("finish");
    this.finishButton.addEventListener("click", () => this.finish());
    document.getElementById("back-one").addEventListener("click", () => this.back());
    document.getElementById("give-up").addEventListener("click", () => this.putDown());
    for (const radio of document.querySelectorAll("input[name=tool]")) {
      radio.addEventListener("change", () => this.take(radio.value));
    }
    this.take(document.querySelector("input[name=tool]:checked").value);
  }

  get drawing() { return this.tool !== "look"; }

  take(tool) {
    this.tool = tool;
    this.points = [];
    this.box.hidden = !this.drawing;
    if (this.drawing) document.getElementById("drawing-help").textContent = HELP[tool];
    this.surface.showCross(false);
    this.update();
  }

  putDown() {
    document.querySelector("input[name=tool][value=look]").checked = true;
    this.take("look");
  }

  /** Set a corner (slide pixels, y down). */
  place(point) {
    const first = this.points[0];
    const near = first && Math.hypot(point.x - first.x, point.y - first.y) * this.surface.scale < 12;
    if (this.tool === "polygon" && near && this.points.length >= 3) return this.finish();
    this.points.push(point);
    if (this.tool !== "polygon" && this.points.length === LEAST[this.tool]) return this.finish();
    this.update();
  }

  hover(point) {
    if (this.drawing && this.points.length) this.update(point);
  }

  back() {
    this.points.pop();
    this.update();
  }

  corners(extra) {
    const all = extra ? [...this.points, extra] : this.points;
    if (this.tool !== "rectangle" || all.length < 2) return all;
    const [a, b] = all;
    return [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
  }

  update(extra) {
    const corners = this.corners(extra);
    this.surface.sketch(corners, null, this.tool === "rectangle");
    this.finishButton.hidden = this.tool !== "polygon";
    this.finishButton.disabled = this.points.length < LEAST.polygon;
    document.getElementById("back-one").disabled = this.points.length === 0;
  }

  finish() {
    if (this.points.length < LEAST[this.tool]) return;
    const pair = (p) => `${p.x.toFixed(2)} ${(this.height - p.y).toFixed(2)}`;
    const corners = this.corners();
    const wkt = this.tool === "point" ? `POINT (${pair(corners[0])})` : `POLYGON ((${[...corners, corners[0]].map(pair).join(", ")}))`;
    this.points = [];
    this.update();
    this.done(wkt);
  }
}
