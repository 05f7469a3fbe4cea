/**
 * The objects of a job: boxes of one frame, and tracks, which have boxes of several. Every change is kept for undo.
 *
 * An object is `{ key, serverId, isTrack, label_id, group, isLocked, attributes, boxes: { frame: [left, top, right, bottom] } }`.
 */

export class Annotations {
  objects = [];
  /** What the server has, by its ids: `shape 3` → the object as it was saved. */
  saved = new Map();
  done = [];
  undone = [];
  nextKey = 1;

  constructor(data) {
    this.load(data);
  }

  /** Takes what the server has. */
  load(data) {
    const shapes = data.shapes.map((shape) => ({ ...base(shape), isTrack: false, boxes: { [shape.frame]: shape.points } }));
    const tracks = data.tracks.map((track) => ({
      ...base(track),
      isTrack: true,
      boxes: Object.fromEntries(track.shapes.map((shape) => [shape.frame, shape.points])),
    }));
    this.objects = [...shapes, ...tracks].map((object) => ({ ...object, key: this.nextKey++ }));
    this.saved = new Map(this.objects.map((object) => [nameOf(object), structuredClone(object)]));
    this.done = [];
    this.undone = [];
  }

  on(frame) {
    return this.objects.filter((object) => frame in object.boxes);
  }

  get(key) {
    return this.objects.find((object) => object.key === key);
  }

  /** Changes the objects by `change`, as one step of the history. */
  step(name, frame, change) {
    const before = structuredClone(this.objects);
    const result = change();
    this.done.push({ name, frame, before, after: structuredClone(this.objects) });
    this.undone = [];
    return result;
  }

  undo() {
    return this.travel(this.done, this.undone, 'before');
  }

  redo() {
    return this.travel(this.undone, this.done, 'after');
  }

  travel(from, to, state) {
    const step = from.pop();
    if (!step) return undefined;
    to.push(step);
    this.objects = structuredClone(step[state]);
    return step;
  }

  add(object) {
    const added = { serverId: undefined, isTrack: false, group: 0, isLocked: false, attributes: [], ...object, key: this.nextKey++ };
    this.objects.push(added);
    return added;
  }

  remove(keys) {
    this.objects = this.objects.filter((object) => !keys.includes(object.key));
  }

  /** What has to be created, updated and deleted, as the API takes it. */
  changes() {
    const kept = new Set(this.objects.map(nameOf));
    const gone = [...this.saved].filter(([name]) => !kept.has(name)).map(([, object]) => object);
    const isNew = (object) => !object.serverId || !this.saved.has(nameOf(object));
    const differs = (object) => !isNew(object) && JSON.stringify(toApi(object)) !== JSON.stringify(toApi(this.saved.get(nameOf(object))));
    return {
      create: collections(this.objects.filter(isNew).map((object) => ({ ...object, serverId: undefined }))),
      update: collections(this.objects.filter(differs)),
      delete: collections(gone),
    };
  }
}

const nameOf = (object) => `${object.isTrack ? 'track' : 'shape'} ${object.serverId ?? `new ${object.key}`}`;

const base = (object) => ({
  serverId: object.id,
  label_id: object.label_id,
  group: object.group ?? 0,
  isLocked: false,
  attributes: object.attributes ?? [],
});

function toApi(object) {
  const own = { id: object.serverId, label_id: object.label_id, group: object.group, attributes: object.attributes, source: 'manual' };
  const boxes = Object.entries(object.boxes).map(([frame, points]) => ({
    type: 'rectangle', frame: Number(frame), points, occluded: false, outside: false, z_order: 0, attributes: [],
  }));
  if (object.isTrack) return { ...own, frame: Math.min(...boxes.map((box) => box.frame)), shapes: boxes };
  return { ...own, ...boxes[0], attributes: object.attributes, outside: undefined };
}

const collections = (objects) => ({
  version: 0,
  tags: [],
  shapes: objects.filter((object) => !object.isTrack).map(toApi),
  tracks: objects.filter((object) => object.isTrack).map(toApi),
});

export const isEmpty = (data) => !data.shapes.length && !data.tracks.length;
