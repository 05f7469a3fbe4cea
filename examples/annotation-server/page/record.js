/**
 * The logger, watched: what waits in the browser and when something was sent, for those who want to see it happen. A tool
 * that shows nothing of this calls `createLogger` and is done.
 */
import { createLogger } from '/page/logger.js';

/** What was recorded and has not been sent: `{ scope, payload, at }`. */
export const waiting = [];
const watchers = [];

/** Calls `watcher` when something was recorded, and with `true` when something was sent. */
export function watch(watcher) {
  watchers.push(watcher);
}

const tell = (wasSent) => watchers.forEach((watcher) => watcher(wasSent));

const fetchIt = window.fetch;
window.fetch = async (address, options) => {
  const begin = performance.now();
  const answer = await fetchIt(address, options);
  if (address === '/api/events' && answer.ok) {
    waiting.splice(0, waiting.length, ...waiting.filter((event) => event.begin > begin));
    tell(true);
  }
  return answer;
};

function note(scope, payload, recorded) {
  waiting.push({ scope, payload, at: Date.now(), begin: performance.now(), persisted: recorded?.persisted });
  tell(false);
  return recorded;
}

/** Resolves when everything that was recorded is on the disk. */
export const allPersisted = () => Promise.all(waiting.map((event) => event.persisted));

/** The same logger, which notes what it records. */
function watched(logger) {
  return {
    ...logger,
    log: (scope, payload) => note(scope, payload, logger.log(scope, payload)),
    start(scope, begun) {
      const timed = logger.start(scope, begun);
      return { close: (payload) => note(scope, payload, timed.close(payload)) };
    },
  };
}

/** The logger of a user's page; `job` gives the one of a job's view. */
export function createRecorder(user) {
  const logger = createLogger({ url: '/api/events', user: user.id });
  const recorder = { ...watched(logger), job: (ids) => watched(logger.job(ids)) };
  // Every click on something that can be clicked, as CVAT's page records it.
  document.addEventListener('click', ({ target }) => {
    const element = target.closest('button, a, [role=button]');
    if (element) recorder.log('click:element', { obj_val: element.textContent.trim(), obj_name: element.className || element.id });
  });
  window.addEventListener('error', () => note('send:exception', {}));
  return recorder;
}
