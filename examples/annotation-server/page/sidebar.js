/** Beside the frame: what waits in the browser, what annoscope has, and the time that it counted. */
import { query } from './api.js';
import { waiting, watch } from './record.js';

const MINUTE_MS = 60_000;
const SHOWN_MS = 10 * MINUTE_MS;
const byId = (id) => document.getElementById(id);

/** What the server's clock is ahead of ours. */
let ahead_ms = 0;
const serverNow = () => Date.now() + ahead_ms;

/** Shows what `user` does from `since` on, a time of the server's clock in ms. */
export function createSidebar(user, since) {
  let rows = [];
  let asking = undefined;

  async function refresh() {
    const mine = `user_id = ${user.id} AND timestamp >= fromUnixTimestamp64Milli(${since})`;
    const shown = await query(
      `SELECT toUnixTimestamp64Milli(timestamp) AS t, scope, source, obj_name, obj_val, count, duration, job_id, counted_ms
       FROM events WHERE ${mine} ORDER BY timestamp DESC, scope LIMIT 400`,
    );
    const [total] = await query(`SELECT sum(duration) AS ms FROM events WHERE scope = 'send:working_time' AND ${mine}`);
    rows = shown.map((row) => ({ ...row, t: Number(row.t) }));
    byId('hours').value = duration(Number(total.ms ?? 0));
    byId('stored-events').replaceChildren(...rows.slice(0, 60).map(line));
    drawTimeline();
  }

  function ask() {
    asking ??= refresh()
      .catch((error) => (byId('notice').value = error.message))
      .finally(() => (asking = undefined));
  }

  function drawTimeline() {
    const end = serverNow();
    const place = (t) => `${(100 * (t - end + SHOWN_MS)) / SHOWN_MS}%`;
    const mark = (name, from, to) => {
      const element = document.createElement('i');
      element.className = name;
      element.style.left = place(from);
      if (to) element.style.width = `${(100 * (to - from)) / SHOWN_MS}%`;
      return element;
    };
    const work = rows.flatMap(({ counted_ms: ends }) =>
      (ends ?? []).flatMap((end, index) => (index % 2 ? [mark('work', Number(ends[index - 1]), Number(end))] : [])),
    );
    const isActivity = (row) => row.source === 'client';
    byId('timeline').replaceChildren(...work, ...rows.filter(isActivity).map((row) => mark('event', row.t)));
  }

  function showWaiting() {
    byId('waiting').textContent = waiting.length;
    byId('waiting-events').replaceChildren(
      ...waiting.slice(-12).reverse().map(({ scope, payload, at }) => line({ scope, t: at, source: 'client', ...payload })),
    );
  }

  watch((wasSent) => {
    showWaiting();
    if (wasSent) ask();
  });
  // Server events come by another way, and a moment later.
  const timer = setInterval(() => (document.hidden ? undefined : ask()), 3000);
  showWaiting();
  ask();
  return { refresh: ask, end: () => clearInterval(timer) };
}

/** Learns the server's clock from an answer. */
export function learnClock(answer) {
  const said = Date.parse(answer.headers.get('Date'));
  if (said) ahead_ms = said - Date.now();
  return serverNow();
}

function line({ t, scope, source, obj_name, obj_val, count, duration: ms }) {
  const item = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = new Date(t).toLocaleTimeString();
  const name = document.createElement('span');
  name.textContent = scope;
  name.className = scope === 'send:working_time' ? 'work' : source;
  const more = document.createElement('span');
  more.className = 'more';
  const parts = [obj_name, obj_val, count > 1 && `× ${count}`, ms > 0 && duration(Number(ms))];
  more.textContent = parts.filter(Boolean).join(' · ');
  item.append(time, name, more);
  return item;
}

function duration(ms) {
  if (ms < MINUTE_MS) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
