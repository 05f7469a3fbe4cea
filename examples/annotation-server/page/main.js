/** The page from its load to the logout: who is there, which job is open, and which key does what. */
import * as api from './api.js';
import { Editor } from './editor.js';
import { allPersisted, createRecorder } from './record.js';
import { createSidebar, learnClock } from './sidebar.js';
import { View } from './view.js';

const byId = (id) => document.getElementById(id);

/** Keys by what they do; those with Ctrl begin with it. */
const KEYS = {
  n: 'draw', d: 'previous', f: 'next', ArrowLeft: 'previous', ArrowRight: 'next', Delete: 'remove', Backspace: 'remove', l: 'lock',
  'Ctrl c': 'copy', 'Ctrl v': 'paste', 'Ctrl z': 'undo', 'Ctrl Z': 'redo', 'Ctrl y': 'redo', 'Ctrl s': 'save',
};

let recorder;
let sidebar;
let editor;

/** What happens on the canvas goes to the view of the job. */
const view = new View(byId('canvas'), {
  begin: (kind) => editor.begin(kind),
  drawn: (points) => editor.drawn(points),
  moved: (kind, key, points) => editor.moved(kind, key, points),
  select: (key, isMore) => editor.select(key ? (isMore ? [...editor.selected, key] : [key]) : isMore ? editor.selected : []),
  zoomed: (value) => editor.recorder.log('zoom:image', { value }),
});

async function begin() {
  const answer = await fetch('/api/users/self');
  const now = learnClock(answer);
  byId('login').hidden = answer.ok;
  byId('app').hidden = !answer.ok;
  if (!answer.ok) return;
  const user = await answer.json();
  const since = Number(sessionStorage.since ?? now - 1000);
  sessionStorage.since = since;
  byId('who').textContent = user.username;
  recorder = createRecorder(user);
  recorder.log('load:cvat');
  sidebar = createSidebar(user, since);
  const { url } = await (await fetch('/annoscope.json')).json();
  byId('dashboards').href = `${url}/analytics/`;
  await listJobs();
  const asked = Number(new URLSearchParams(location.search).get('job'));
  if (asked) await open(asked, true);
}

async function listJobs() {
  const jobs = await api.all('jobs');
  const name = (job) => `${job.task_name}, frames ${job.start_frame}–${job.stop_frame}`;
  byId('job').replaceChildren(new Option('choose…', ''), ...jobs.map((job) => new Option(name(job), job.id)));
  return jobs;
}

/** Opens the view of a job; `isRestored` where the page was loaded anew while it was open. */
async function open(id, isRestored = false) {
  await editor?.recorder.leave();
  const job = await api.ask('GET', `jobs/${id}`);
  const [labels, annotations] = await Promise.all([
    api.all(`labels?job_id=${id}`),
    api.ask('GET', `jobs/${id}/annotations/`),
  ]);
  const own = recorder.job({ project_id: job.project_id ?? undefined, task_id: job.task_id, job_id: job.id });
  const timed = own.start('load:job');
  editor = new Editor({ job, labels, annotations, recorder: own, view });
  await editor.loadFrame();
  timed.close({ 'object count': editor.annotations.objects.length, 'frame count': job.frame_count });
  own.log('load:workspace', { obj_name: byId('workspace').value });
  if (isRestored) own.log('restore:job');
  byId('job').value = job.id;
  byId('no-job').hidden = true;
  history.replaceState(null, '', `?job=${job.id}`);
}

/** Says what went wrong, and lets the logger see it. */
async function doing(work) {
  try {
    await work();
  } catch (error) {
    byId('notice').value = error.message;
    (editor?.recorder ?? recorder)?.exception(error);
  }
}

byId('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { username, password } = Object.fromEntries(new FormData(event.target));
  try {
    await api.ask('POST', 'auth/login', { username, password });
    await begin();
  } catch (error) {
    byId('login-error').textContent = error.message;
  }
});

byId('logout').addEventListener('click', () =>
  doing(async () => {
    await editor?.recorder.leave();
    await recorder.logout();
    await api.ask('POST', 'auth/logout');
    sidebar.end();
    delete sessionStorage.since;
    location.assign('/');
  }),
);

byId('new-task').addEventListener('click', () =>
  doing(async () => {
    const task = await api.makeTask();
    const jobs = await listJobs();
    await open(jobs.find((job) => job.task_id === task.id).id);
  }),
);

byId('job').addEventListener('change', ({ target }) => target.value && doing(() => open(Number(target.value))));
byId('workspace').addEventListener('change', ({ target }) => editor?.recorder.log('load:workspace', { obj_name: target.value }));
byId('frame').addEventListener('input', ({ target }) => editor && doing(() => editor.goTo(Number(target.value))));
byId('file').addEventListener('change', ({ target }) => doing(() => editor.upload(target.files[0])));
byId('send').addEventListener('click', () => recorder.send());

for (const button of document.querySelectorAll('[data-tool]')) {
  button.addEventListener('click', () => editor && doing(() => editor.use(button.dataset.tool)));
}

document.addEventListener('keydown', (event) => {
  if (!editor || event.target.closest('input, select')) return;
  const tool = KEYS[`${event.ctrlKey || event.metaKey ? 'Ctrl ' : ''}${event.key}`];
  if (!tool) return;
  event.preventDefault();
  void doing(() => editor.use(tool));
});

// For tests: where on the screen a point of the picture is, and when what was recorded is on the disk.
window.toScreen = (x, y) => view.toScreen(x, y);
window.allPersisted = allPersisted;

await begin();
