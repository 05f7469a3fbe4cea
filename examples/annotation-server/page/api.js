/** The requests of the page: the annotation server's API, and annoscope's by way of it. */

const cookie = (name) => document.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`))?.split('=')[1];

export class ApiError extends Error {
  constructor(status, body) {
    super(body.detail ?? Object.values(body).flat()[0] ?? `status ${status}`);
    this.status = status;
  }
}

export async function ask(method, path, body) {
  const headers = { 'X-CSRFToken': cookie('csrftoken') ?? '' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const answer = await fetch(`/api/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  const parsed = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new ApiError(answer.status, parsed);
  return parsed;
}

export const all = async (path) => (await ask('GET', `${path}${path.includes('?') ? '&' : '?'}page_size=1000`)).results;

/** Rows of a query, as objects. */
export async function query(sql) {
  const { columns, rows } = await ask('POST', 'query', { sql });
  return rows.map((row) => Object.fromEntries(row.map((value, index) => [columns[index].name, value])));
}

export async function image(jobId, frame) {
  const picture = new Image();
  picture.src = `/api/jobs/${jobId}/data?type=frame&quality=compressed&number=${frame}`;
  await picture.decode();
  return picture;
}

/** A project and a task of it, to have something to annotate. */
export async function makeTask() {
  const projects = await all('projects?name=Street');
  const labels = [
    { name: 'car', attributes: [{ name: 'parked', mutable: true, input_type: 'checkbox', default_value: 'false', values: ['false'] }] },
    { name: 'person', attributes: [] },
  ];
  const project = projects[0] ?? (await ask('POST', 'projects', { name: 'Street', labels }));
  const task = await ask('POST', 'tasks', { name: `Street ${new Date().toLocaleTimeString()}`, project_id: project.id, segment_size: 6 });
  const frames = Array.from({ length: 12 }, (_, number) => `${number}.svg`);
  await ask('POST', `tasks/${task.id}/data/`, { image_quality: 70, server_files: frames });
  return task;
}
