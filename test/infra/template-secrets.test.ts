import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCanaries } from '#support/find-secrets.ts';
import { createApp, createStack } from './stack-template.ts';

/** What may stand in the environment of whoever deploys. */
const canaries = {
  AWS_SECRET_ACCESS_KEY: 'cAn4ry/Q7wZkLm2+VxTgHpB9sRdYfN3jUeC6aKiO',
  AWS_SESSION_TOKEN: 'IQoJb3JpZ2luX2VjECAn4ryT0k3nq8ZrmX2vLw5TbY9sHd',
  STOCKTAKE_API_KEYS: 'manage:cAn4ry-deployers-own-key-8fKq2LmZ7vXt',
};
const before = { ...process.env };

beforeAll(() => {
  Object.assign(process.env, canaries);
});

afterAll(() => {
  for (const name of Object.keys(canaries)) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

test('given secrets in the environment of whoever deploys, nothing that is synthesized has one', () => {
  const app = createApp();
  createStack(app);
  const { directory } = app.synth();
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name)).toContain('Stocktake.template.json');
  const leaks = files.flatMap(({ parentPath, name }) =>
    findCanaries(readFileSync(join(parentPath, name), 'latin1'), canaries).map((found) => `${name}: ${found}`),
  );
  expect(leaks).toEqual([]);
});
