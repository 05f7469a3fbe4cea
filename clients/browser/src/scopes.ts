/**
 * What a page may send. The table is `crates/events/src/scope.rs`; a test compares the two.
 */
export const SCOPES = [
  'click:element',
  'change:frame',
  'zoom:image',
  'fit:image',
  'rotate:image',
  'draw:object',
  'paste:object',
  'copy:object',
  'propagate:object',
  'drag:object',
  'resize:object',
  'delete:object',
  'lock:object',
  'merge:objects',
  'split:objects',
  'group:objects',
  'slice:object',
  'join:objects',
  'change:attribute',
  'change:label',
  'action:undo',
  'action:redo',
  'load:cvat',
  'load:job',
  'load:workspace',
  'save:job',
  'restore:job',
  'upload:annotations',
  'send:task_info',
  'debug:info',
  'run:annotations_action',
  'call:interactor',
  'user:activity',
  'send:exception',
] as const;

/** The kind of an event, `action:resource`. */
export type Scope = (typeof SCOPES)[number];
