/** The canvas: a picture that is zoomed, moved and turned, with boxes on it; and what the pointer does there. */

const HANDLE_PX = 7;
const SMALLEST_PX = 5;

export class View {
  picture = undefined;
  /** What is shown: `{ key, label, color, isLocked, points }`. */
  boxes = [];
  selected = new Set();
  isDrawing = false;
  zoom = 1;
  offset = { x: 0, y: 0 };
  turns = 0;
  begun = undefined;

  /** `tell` has what happens: drawn, select, moved, resized, begin, zoomed. */
  constructor(canvas, tell) {
    this.canvas = canvas;
    this.tell = tell;
    canvas.addEventListener('pointerdown', (event) => this.down(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.up(event));
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.fit()).observe(canvas.parentElement);
  }

  matrix() {
    const { width, height } = this.picture;
    const matrix = new DOMMatrix().translate(this.offset.x, this.offset.y).scale(this.zoom);
    return matrix.translate(width / 2, height / 2).rotate(90 * this.turns).translate(-width / 2, -height / 2);
  }

  /** A point of the picture, from one of the screen. */
  toPicture(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const point = this.matrix().inverse().transformPoint({ x: event.clientX - left, y: event.clientY - top });
    return { x: point.x, y: point.y };
  }

  /** A point of the screen, from one of the picture; for tests and for whoever wants to point at something. */
  toScreen(x, y) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const point = this.matrix().transformPoint({ x, y });
    return { x: left + point.x, y: top + point.y };
  }

  fit() {
    if (!this.picture) return;
    const { clientWidth, clientHeight } = this.canvas;
    const { width, height } = this.picture;
    const [w, h] = this.turns % 2 ? [height, width] : [width, height];
    this.zoom = Math.min(clientWidth / w, clientHeight / h) * 0.96;
    this.offset = { x: (clientWidth - width * this.zoom) / 2, y: (clientHeight - height * this.zoom) / 2 };
    this.draw();
  }

  rotate() {
    this.turns = (this.turns + 1) % 4;
    this.fit();
  }

  draw() {
    const { canvas } = this;
    const scale = window.devicePixelRatio;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    canvas.classList.toggle('drawing', this.isDrawing);
    if (!this.picture) return;
    const context = canvas.getContext('2d');
    context.setTransform(new DOMMatrix().scale(scale).multiply(this.matrix()));
    context.drawImage(this.picture, 0, 0, this.picture.width, this.picture.height);
    const moved = this.begun?.points && { ...this.begun, label: '', color: '#1f66c1' };
    for (const box of this.boxes.filter((box) => box.key !== moved?.key).concat(moved ?? [])) this.drawBox(context, box);
  }

  drawBox(context, { key, color, label, isLocked, points: [left, top, right, bottom] }) {
    const isSelected = this.selected.has(key);
    context.lineWidth = (isSelected ? 3 : 2) / this.zoom;
    context.setLineDash(isLocked ? [6 / this.zoom, 4 / this.zoom] : []);
    context.strokeStyle = color;
    context.fillStyle = `${color}${isSelected ? '40' : '1c'}`;
    context.fillRect(left, top, right - left, bottom - top);
    context.strokeRect(left, top, right - left, bottom - top);
    context.setLineDash([]);
    context.fillStyle = color;
    context.font = `${13 / this.zoom}px system-ui`;
    context.fillText(label, left, top - 4 / this.zoom);
    if (!isSelected || isLocked) return;
    const size = HANDLE_PX / this.zoom;
    for (const [x, y] of corners([left, top, right, bottom])) context.fillRect(x - size / 2, y - size / 2, size, size);
  }

  down(event) {
    if (!this.picture || event.button) return;
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    const at = this.toPicture(event);
    if (this.isDrawing) {
      this.begun = { kind: 'draw', at, points: [at.x, at.y, at.x, at.y] };
      return;
    }
    const reach = (HANDLE_PX * 1.2) / this.zoom;
    const isFree = (box) => this.selected.has(box.key) && !box.isLocked;
    for (const box of this.boxes.filter(isFree)) {
      const corner = corners(box.points).findIndex(([x, y]) => Math.abs(x - at.x) < reach && Math.abs(y - at.y) < reach);
      if (corner >= 0) return this.begin({ kind: 'resize', at, corner, key: box.key, points: box.points, old: box.points });
    }
    const hit = this.boxes.findLast(({ points: [left, top, right, bottom] }) => at.x >= left && at.x <= right && at.y >= top && at.y <= bottom);
    this.tell.select(hit?.key, event.shiftKey);
    if (hit && !hit.isLocked && !event.shiftKey) this.begin({ kind: 'drag', at, key: hit.key, points: hit.points, old: hit.points });
    else if (!hit) this.begun = { kind: 'pan', from: { x: event.clientX, y: event.clientY }, offset: this.offset };
  }

  begin(begun) {
    this.begun = begun;
    this.tell.begin(begun.kind);
  }

  move(event) {
    const { begun } = this;
    if (!begun) return;
    if (begun.kind === 'pan') {
      this.offset = { x: begun.offset.x + event.clientX - begun.from.x, y: begun.offset.y + event.clientY - begun.from.y };
      return this.draw();
    }
    const at = this.toPicture(event);
    const [left, top, right, bottom] = begun.old ?? [];
    if (begun.kind === 'draw') begun.points = [begun.at.x, begun.at.y, at.x, at.y];
    if (begun.kind === 'drag') {
      const [dx, dy] = [at.x - begun.at.x, at.y - begun.at.y];
      begun.points = [left + dx, top + dy, right + dx, bottom + dy];
    }
    if (begun.kind === 'resize') {
      const opposite = corners(begun.old)[(begun.corner + 2) % 4];
      begun.points = [opposite[0], opposite[1], at.x, at.y];
    }
    begun.points = ordered(begun.points);
    this.draw();
  }

  up() {
    const { begun } = this;
    this.begun = undefined;
    if (!begun || begun.kind === 'pan') return this.draw();
    const points = begun.points.map((value) => Math.round(value * 100) / 100);
    const [left, top, right, bottom] = points;
    if (begun.kind === 'draw') {
      if (right - left > SMALLEST_PX && bottom - top > SMALLEST_PX) this.tell.drawn(points);
      else this.draw();
    } else if (points.join() !== begun.old.join()) this.tell.moved(begun.kind, begun.key, points);
    else this.draw();
  }

  wheel(event) {
    event.preventDefault();
    const { left, top } = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const factor = Math.exp(-event.deltaY / 500);
    const zoom = Math.min(Math.max(this.zoom * factor, 0.1), 20);
    const ratio = zoom / this.zoom;
    this.zoom = zoom;
    this.offset = { x: x - (x - this.offset.x) * ratio, y: y - (y - this.offset.y) * ratio };
    this.draw();
    this.tell.zoomed(zoom);
  }
}

const corners = ([left, top, right, bottom]) => [[left, top], [right, top], [right, bottom], [left, bottom]];
const ordered = ([a, b, c, d]) => [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
