import { expect, test } from 'vitest';
import { searchRoutesOf, sendBodies, sendQueries, writeRoutes } from './hostile-requests.ts';

/** A share of `npm run prove -- --only hostile-bodies`, with another seed each time. */
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const again = `again with SEED=${seed} npx vitest run test/http/hostile-bodies.test.ts`;

test.each(writeRoutes().map((each) => [`${each.route.method} ${each.route.path}${each.query}`, each] as const))(
  'given spoilt bodies, %s never fails by itself, and what it takes reads as it was sent',
  async (_name, each) => {
    const { wrong, sent } = await sendBodies(each, 40, seed);
    expect([again, sent, wrong]).toEqual([again, 40, []]);
  },
  60_000,
);

test.each(searchRoutesOf().map((route) => [`${route.method} ${route.path}`, route] as const))(
  'given odd questions, %s never fails by itself',
  async (_name, route) => {
    const { wrong } = await sendQueries(route, 20, seed);
    expect([again, wrong]).toEqual([again, []]);
  },
  60_000,
);
