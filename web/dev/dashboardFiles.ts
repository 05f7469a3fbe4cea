/**
 * Answers `/api/dashboards` from files while the page is developed against a server that does not
 * have the route; one that has it is always asked first.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import type { Connect, Plugin } from 'vite';

const ROUTE = /^\/api\/dashboards(?:\/([^/?]+))?(?:\?.*)?$/;

/** Ours, then CVAT's own that every developer has beside the checkout. */
const DIRECTORIES = ['../dashboards', '../../shared/fixtures/dashboards', '/work/shared/fixtures/dashboards'];

interface Model {
  uid: string;
  title: string;
  description?: string;
  tags?: string[];
}

export function dashboardFiles(server: string): Plugin {
  const middleware: Connect.NextHandleFunction = (request, response, next) => {
    const route = ROUTE.exec(request.originalUrl ?? '');
    if (request.method !== 'GET' || !route) return next();
    answer(server, request, response, route[1]).catch(next);
  };
  return {
    name: 'annoscope-dashboard-files',
    configureServer: ({ middlewares }) => void middlewares.use(middleware),
    configurePreviewServer: ({ middlewares }) => void middlewares.use(middleware),
  };
}

async function answer(server: string, request: IncomingMessage, response: ServerResponse, uid?: string) {
  const cookie = request.headers.cookie ?? '';
  const real = await fetch(server + request.originalUrl, { headers: { cookie } });
  if (real.status !== 404) {
    send(response, real.status, await real.text());
    return;
  }
  const files = read();
  if (uid === undefined) {
    const dashboards = files.map(({ model }) => ({
      uid: model.uid,
      title: model.title,
      description: model.description ?? '',
      tags: model.tags ?? [],
      folder: '',
      builtin: true,
      modified: false,
      version: 1,
    }));
    send(response, 200, JSON.stringify({ dashboards, problems: [] }));
    return;
  }
  const found = files.find(({ model }) => model.uid === decodeURIComponent(uid));
  if (!found) {
    send(response, 404, JSON.stringify({ detail: `There is no dashboard ${uid}.` }));
    return;
  }
  const meta = { version: 1, builtin: true, modified: false, file: found.file };
  send(response, 200, JSON.stringify({ dashboard: found.model, meta }));
}

function read(): { file: string; model: Model }[] {
  const directory = DIRECTORIES.map((path) => resolve(path)).find((path) => existsSync(path));
  if (directory === undefined) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => {
    const file = join(directory, name);
    return { file, model: JSON.parse(readFileSync(file, 'utf8')) as Model };
  });
}

function send(response: ServerResponse, status: number, body: string) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(body);
}
