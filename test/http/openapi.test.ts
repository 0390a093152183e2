import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { toOpenApi } from '#http/openapi/openapi.ts';
import { toRouteTable } from '#http/openapi/route-table.ts';
import { routes } from '#http/routes.ts';

const root = new URL('../../', import.meta.url);

async function readJson(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(new URL(path, root), 'utf8'));
}

test('given the route table, docs/openapi.json is what it makes; else run node infra/local/write-openapi.ts', async () => {
  const { version } = await readJson('package.json');
  expect(await readJson('docs/openapi.json')).toEqual(JSON.parse(JSON.stringify(toOpenApi(routes, String(version)))));
});

test('given the route table, docs/routes.md is what it makes, and names the scope of each; else run the same', async () => {
  const written = await readFile(new URL('docs/routes.md', root), 'utf8');
  expect(written).toBe(toRouteTable(routes));
  for (const { method, path, scope } of routes) expect(written).toContain(`| ${method} | \`${path}\` | \`${scope}\``);
});

test('given a route, its operation names its scope for machines too', () => {
  type Operation = { security: Record<string, string[]>[] };
  const { paths } = toOpenApi(routes, '1.0.0') as { paths: Record<string, Record<string, Operation>> };
  for (const { method, path, scope } of routes) {
    const { security } = paths[path]?.[method.toLowerCase()] ?? { security: [{ none: [''] }] };
    expect([path, security.map((each) => Object.values(each).flat())]).toEqual([
      path,
      scope === 'none' ? [] : [[scope], [scope], [scope]],
    ]);
  }
});

test('given the route table, each method and path stands in it once, and every operation has an id of its own', () => {
  const lines = routes.map(({ method, path }) => `${method} ${path}`);
  expect(new Set(lines).size).toBe(lines.length);
  const { paths } = toOpenApi(routes, '1.0.0') as { paths: Record<string, Record<string, { operationId: string }>> };
  const ids = Object.values(paths).flatMap((operations) => Object.values(operations).map((each) => each.operationId));
  expect(new Set(ids).size).toBe(routes.length);
});

test('given a route, it names the shape of its answer, unless success has no body', () => {
  for (const { answer, success } of routes) expect(answer === undefined).toBe(success === 204);
});

test('given a route that creates, it takes an Idempotency-Key and says so', () => {
  const creating = routes.filter(({ success }) => success === 201);
  expect(creating.length).toBeGreaterThan(3);
  for (const { method, path, idempotent } of creating) expect([method, path, idempotent]).toEqual([method, path, true]);
});

test('given a path of the table, it has no trailing slash and is served by one function for each method', () => {
  for (const { path } of routes) expect(path).toMatch(/^(\/[a-z0-9_-]+|\/\{[a-z_]+\})+$/);
});

test('given the datasource body, its schema names the config fields and what is required', () => {
  const { paths } = toOpenApi(routes, '1.0.0') as { paths: Record<string, Record<string, never>> };
  const body = JSON.stringify(Reflect.get(paths['/datasource']?.post ?? {}, 'requestBody'));
  expect(body).toContain('"access_key_id"');
  expect(body).toContain('"required":["type","name","connector"]');
});
