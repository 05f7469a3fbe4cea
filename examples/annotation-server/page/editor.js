/** The annotation view of a job: its frames, its objects, and what is chosen of them. */
import * as api from './api.js';
import { Annotations, isEmpty } from './annotations.js';
import { TOOLS } from './tools.js';

const byId = (id) => document.getElementById(id);

export class Editor {
  selected = [];
  copied = undefined;
  timed = undefined;

  constructor({ job, labels, annotations, recorder, view }) {
    Object.assign(this, { job, labels, recorder, view });
    this.annotations = new Annotations(annotations);
    this.frame = job.start_frame;
    const range = byId('frame');
    [range.min, range.max] = [job.start_frame, job.stop_frame];
  }

  say(text) {
    byId('notice').value = text;
  }

  chosen() {
    return this.selected.map((key) => this.annotations.get(key)).filter(Boolean);
  }

  select(keys) {
    this.selected = keys;
    this.show();
  }

  step(name, change) {
    const result = this.annotations.step(name, this.frame, change);
    this.show();
    return result;
  }

  use(tool) {
    this.say('');
    if (tool in TOOLS) TOOLS[tool](this);
    else return this[tool]();
    return this.show();
  }

  /** Another frame, which counts from the wish for it until it is there. */
  async goTo(frame) {
    const to = Math.min(Math.max(frame, this.job.start_frame), this.job.stop_frame);
    if (to === this.frame) return;
    const from = this.frame;
    const timed = this.recorder.start('change:frame', { from, to, step: to - from, count: 1 });
    this.frame = to;
    await this.loadFrame();
    timed.close();
  }

  next = () => this.goTo(this.frame + 1);
  previous = () => this.goTo(this.frame - 1);

  async loadFrame() {
    const { frame } = this;
    const picture = await api.image(this.job.id, frame);
    if (frame !== this.frame) return;
    const isFirst = !this.view.picture;
    this.view.picture = picture;
    if (isFirst) this.view.fit();
    this.show();
  }

  /** A box is drawn next: from the wish for it until it is there. */
  draw() {
    this.timed = this.recorder.start('draw:object');
    this.view.isDrawing = true;
    this.show();
  }

  drawn(points) {
    this.view.isDrawing = false;
    const label_id = Number(byId('label')?.value ?? this.labels[0].id);
    const added = this.step('Draw', () => this.annotations.add({ label_id, boxes: { [this.frame]: points } }));
    this.timed.close({ count: 1, obj_name: 'rectangle' });
    this.select([added.key]);
  }

  /** The model says what is where; the box under the last click is taken, or the first one. */
  async detect() {
    const timed = this.recorder.start('call:interactor');
    const found = await api.ask('POST', 'lambda/functions/detector', { job: this.job.id, frame: this.frame });
    const isNew = ({ points }) => !this.annotations.on(this.frame).some((object) => object.boxes[this.frame].join() === points.join());
    const box = found.find(isNew);
    timed.close({ obj_name: 'detector', count: 1 });
    if (!box) return this.say('Everything is there.');
    const label = this.labels.find((label) => label.name === box.label) ?? this.labels[0];
    const added = this.step('Magic box', () => this.annotations.add({ label_id: label.id, boxes: { [this.frame]: box.points } }));
    this.select([added.key]);
  }

  begin(kind) {
    this.timed = this.recorder.start(`${kind}:object`);
  }

  moved(kind, key, points) {
    const object = this.annotations.get(key);
    this.step(kind === 'drag' ? 'Move' : 'Resize', () => (object.boxes[this.frame] = points));
    this.timed.close({ id: object.serverId ?? key });
  }

  changeLabel(object, label_id) {
    const from = object.label_id;
    this.step('Change label', () => (object.label_id = label_id));
    this.recorder.log('change:label', { object_id: object.serverId ?? object.key, from, to: label_id });
  }

  changeAttribute(object, attribute, value) {
    this.step('Change attribute', () => {
      object.attributes = object.attributes.filter((known) => known.spec_id !== attribute.id).concat({ spec_id: attribute.id, value });
    });
    this.recorder.log('change:attribute', { id: attribute.id, object_id: object.serverId ?? object.key, name: attribute.name, value });
  }

  async save() {
    const timed = this.recorder.start('save:job');
    const changes = this.annotations.changes();
    for (const action of ['delete', 'update', 'create']) {
      if (!isEmpty(changes[action])) await api.ask('PATCH', `jobs/${this.job.id}/annotations/?action=${action}`, changes[action]);
    }
    await this.reload();
    timed.close();
    await this.recorder.saved();
    this.say('Saved.');
  }

  async reload() {
    this.annotations.load(await api.ask('GET', `jobs/${this.job.id}/annotations/`));
    this.select([]);
  }

  /** A file of annotations takes the place of what there is. */
  async upload(file) {
    if (!file) return byId('file').click();
    const timed = this.recorder.start('upload:annotations');
    await api.ask('PUT', `jobs/${this.job.id}/annotations/`, JSON.parse(await file.text()));
    await this.reload();
    timed.close({ format: 'JSON' });
  }

  show() {
    const colorOf = (object) => this.labels.find((label) => label.id === object.label_id)?.color ?? '#1f66c1';
    const nameOf = (object) => this.labels.find((label) => label.id === object.label_id)?.name ?? '?';
    const shown = this.annotations.on(this.frame);
    this.view.boxes = shown.map((object) => ({
      key: object.key,
      isLocked: object.isLocked,
      color: colorOf(object),
      label: `${nameOf(object)}${object.isTrack ? ' (track)' : ''}${object.group ? ` · group ${object.group}` : ''}`,
      points: object.boxes[this.frame],
    }));
    this.view.selected = new Set(this.selected);
    this.view.draw();
    byId('frame').value = this.frame;
    byId('frame-number').value = `frame ${this.frame} of ${this.job.start_frame}–${this.job.stop_frame}`;
    byId('objects').replaceChildren(...shown.map((object) => this.row(object)));
    document.querySelector('[data-tool=draw]').setAttribute('aria-pressed', String(this.view.isDrawing));
  }

  /** A line of the list below the frame. */
  row(object) {
    const row = document.createElement('div');
    row.setAttribute('aria-selected', String(this.selected.includes(object.key)));
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = `${object.isTrack ? 'Track' : 'Box'} ${object.serverId ?? 'new'}${object.isLocked ? ' · locked' : ''}`;
    name.onclick = (event) => this.select(event.shiftKey ? [...this.selected, object.key] : [object.key]);
    const label = document.createElement('select');
    label.setAttribute('aria-label', 'Label');
    label.append(...this.labels.map(({ id, name }) => new Option(name, id, false, id === object.label_id)));
    label.onchange = () => this.changeLabel(object, Number(label.value));
    row.append(name, label);
    for (const attribute of this.labels.find((label) => label.id === object.label_id)?.attributes ?? []) {
      const box = document.createElement('input');
      box.type = 'checkbox';
      box.checked = object.attributes.find((known) => known.spec_id === attribute.id)?.value === 'true';
      box.onchange = () => this.changeAttribute(object, attribute, String(box.checked));
      const wrapper = document.createElement('label');
      wrapper.append(box, attribute.name);
      row.append(wrapper);
    }
    return row;
  }
}
