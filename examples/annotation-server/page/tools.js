/**
 * What the buttons and keys do to the objects of a job. Each tool changes the annotations as one step and records it: the
 * scopes and payloads are CVAT's.
 */

const AREA_OF_TINY = 200;

/** Frames that `Propagate` copies to. */
const N_PROPAGATED = 3;

/** `editor`: { annotations, recorder, frame, selected, job, labels, show, say }. */
export const TOOLS = {
  copy(editor) {
    editor.copied = structuredClone(editor.chosen());
    if (editor.copied.length) editor.recorder.log('copy:object', { count: editor.copied.length });
  },

  paste(editor) {
    const timed = editor.recorder.start('paste:object');
    const { frame } = editor;
    const pasted = (editor.copied ?? []).map((object) => shapeAt(object, frame, shifted(Object.values(object.boxes)[0])));
    if (!pasted.length) return editor.say('Nothing was copied.');
    editor.select(editor.step('Paste', () => pasted.map((object) => editor.annotations.add(object).key)));
    timed.close({ count: pasted.length });
  },

  propagate(editor) {
    const [object] = editor.chosen();
    if (!object) return editor.say('Select an object first.');
    const frames = Array.from({ length: N_PROPAGATED }, (_, index) => editor.frame + index + 1);
    const within = frames.filter((frame) => frame <= editor.job.stop_frame);
    if (!within.length) return editor.say('There are no frames after this one.');
    const points = object.boxes[editor.frame];
    editor.step('Propagate', () => within.forEach((frame) => editor.annotations.add(shapeAt(object, frame, points))));
    editor.recorder.log('propagate:object', { count: within.length, duration: 0 });
  },

  remove(editor) {
    const keys = editor.chosen().filter((object) => !object.isLocked).map((object) => object.key);
    if (!keys.length) return;
    editor.step('Remove object', () => editor.annotations.remove(keys));
    editor.select([]);
    editor.recorder.log('delete:object', { count: keys.length });
  },

  lock(editor) {
    for (const object of editor.chosen()) {
      editor.step('Lock', () => (object.isLocked = !object.isLocked));
      editor.recorder.log('lock:object', { locked: object.isLocked });
    }
  },

  group(editor) {
    several(editor, 'group:objects', 'Group', (objects) => {
      const group = 1 + Math.max(0, ...editor.annotations.objects.map((object) => object.group));
      objects.forEach((object) => (object.group = group));
    });
  },

  /** Boxes of several frames become one track. */
  merge(editor) {
    several(editor, 'merge:objects', 'Merge', (objects) => {
      const boxes = Object.assign({}, ...objects.map((object) => object.boxes));
      editor.annotations.remove(objects.map((object) => object.key));
      editor.select([editor.annotations.add({ label_id: objects[0].label_id, isTrack: true, boxes }).key]);
    });
  },

  /** A track ends before this frame, and another one begins. */
  split(editor) {
    const track = editor.chosen().find((object) => object.isTrack && Object.keys(object.boxes).some((frame) => frame < editor.frame));
    if (!track) return editor.say('Select a track that began on an earlier frame.');
    editor.step('Split', () => {
      const [before, after] = [{}, {}];
      for (const [frame, points] of Object.entries(track.boxes)) (frame < editor.frame ? before : after)[frame] = points;
      track.boxes = before;
      editor.annotations.add({ label_id: track.label_id, isTrack: true, boxes: after });
    });
    editor.recorder.log('split:objects', { count: 2 });
  },

  slice(editor) {
    const object = editor.chosen().find((object) => !object.isTrack && !object.isLocked);
    if (!object) return editor.say('Select a box first.');
    const timed = editor.recorder.start('slice:object');
    const [left, top, right, bottom] = object.boxes[editor.frame];
    const middle = (left + right) / 2;
    editor.step('Slice', () => {
      editor.annotations.remove([object.key]);
      editor.annotations.add(shapeAt(object, editor.frame, [left, top, middle, bottom]));
      editor.annotations.add(shapeAt(object, editor.frame, [middle, top, right, bottom]));
    });
    editor.select([]);
    timed.close({ count: 2 });
  },

  join(editor) {
    several(editor, 'join:objects', 'Join', (objects) => {
      const all = objects.map((object) => object.boxes[editor.frame]).filter(Boolean);
      const edge = (index, choose) => choose(...all.map((points) => points[index]));
      const hull = [edge(0, Math.min), edge(1, Math.min), edge(2, Math.max), edge(3, Math.max)];
      editor.annotations.remove(objects.map((object) => object.key));
      editor.select([editor.annotations.add(shapeAt(objects[0], editor.frame, hull)).key]);
    });
  },

  tidy(editor) {
    const isTiny = ([left, top, right, bottom]) => (right - left) * (bottom - top) < AREA_OF_TINY;
    const tiny = editor.annotations.objects.filter((object) => Object.values(object.boxes).every(isTiny));
    editor.step('Remove tiny boxes', () => editor.annotations.remove(tiny.map((object) => object.key)));
    editor.recorder.log('run:annotations_action', { name: 'Remove tiny boxes', count: tiny.length });
    editor.say(`${tiny.length} removed.`);
  },

  undo: (editor) => travel(editor, 'undo'),
  redo: (editor) => travel(editor, 'redo'),

  statistics(editor) {
    const { objects } = editor.annotations;
    const counts = Object.fromEntries(
      editor.labels.map((label) => [label.name, objects.filter((object) => object.label_id === label.id).length]),
    );
    editor.recorder.log('send:task_info', { 'total objects': objects.length, counts });
    editor.say(Object.entries(counts).map(([name, count]) => `${name}: ${count}`).join(', '));
  },

  measure(editor) {
    const begin = performance.now();
    for (let round = 0; round < 20; round++) editor.view.draw();
    const draw_ms = (performance.now() - begin) / 20;
    editor.recorder.log('debug:info', { message: 'A frame was drawn 20 times', draw_ms });
    editor.say(`A frame takes ${draw_ms.toFixed(2)} ms.`);
  },

  fail() {
    // Not within the handler of the click, so that nothing catches it.
    setTimeout(() => {
      throw new Error('This is what an error of the page looks like');
    });
  },

  fit(editor) {
    editor.view.fit();
    editor.recorder.log('fit:image');
  },

  rotate(editor) {
    editor.view.rotate();
    editor.recorder.log('rotate:image', { angle: 90 * editor.view.turns });
  },
};

const shifted = (points) => points.map((value) => value + 12);

function shapeAt(object, frame, points) {
  return { label_id: object.label_id, group: object.group, attributes: structuredClone(object.attributes), boxes: { [frame]: points } };
}

/** Something that takes two objects at least. */
function several(editor, scope, name, change) {
  const objects = editor.chosen().filter((object) => !object.isLocked);
  if (objects.length < 2) return editor.say('Select two objects or more, with Shift; on several frames, too.');
  const timed = editor.recorder.start(scope);
  editor.step(name, () => change(objects));
  timed.close({ count: objects.length });
}

function travel(editor, way) {
  const step = editor.annotations[way]();
  if (!step) return;
  editor.recorder.log(`action:${way}`, { name: step.name, frame: step.frame, count: 1 });
  editor.show();
}
