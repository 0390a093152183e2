import { type Asked, searchRoutesOf, sendBodies, sendQueries, writeRoutes } from '../http/hostile-requests.ts';
import type { ProofResult } from './proof-result.ts';

const fullBodies = 5000;
const fullQueries = 1000;

/** What is shown of what went wrong; the rest is counted. */
const mostShown = 5;

/** Spoilt bodies to every route that writes and odd questions to every search: none is a 5xx, and nothing reads otherwise than it was sent. */
export async function proveHostileBodies(options: {
  readonly share: number;
  readonly seed: number;
}): Promise<ProofResult[]> {
  const { share, seed } = options;
  const bodies = Math.max(20, Math.round(fullBodies * share));
  const queries = Math.max(200, Math.round(fullQueries * share));
  const began = performance.now();
  const written: Asked[] = [];
  for (const each of writeRoutes()) written.push(report(await sendBodies(each, bodies, seed)));
  const between = performance.now();
  const searched: Asked[] = [];
  for (const route of searchRoutesOf()) searched.push(report(await sendQueries(route, queries, seed)));
  return [
    result(
      'bodies',
      `${bodies.toLocaleString('en')} bodies a write route: 0 answers of 5xx, nothing reads otherwise`,
      written,
      between - began,
    ),
    result(
      'queries',
      `${queries.toLocaleString('en')} questions a search: 0 answers of 5xx`,
      searched,
      performance.now() - between,
    ),
  ];
}

function report(asked: Asked): Asked {
  const { route, sent, taken, wrong } = asked;
  process.stderr.write(`  ${route}: ${sent} sent, ${taken} taken, ${wrong.length} wrong\n`);
  for (const line of wrong.slice(0, mostShown)) process.stderr.write(`    ${line}\n`);
  return asked;
}

function result(kind: string, claim: string, asked: readonly Asked[], milliseconds: number): ProofResult {
  const sum = (of: (each: Asked) => number): number => asked.reduce((all, each) => all + of(each), 0);
  const wrong = sum((each) => each.wrong.length);
  const figures = [sum(({ sent }) => sent), sum(({ taken }) => taken)].map((each) => each.toLocaleString('en'));
  return {
    proof: `hostile-bodies: ${kind}`,
    claim,
    measured: `${asked.length} routes, ${figures[0]} sent, ${figures[1]} taken, ${wrong} wrong`,
    // A route that takes nothing was not tried; but no run of here can be canceled or approved, and no key revoked.
    passed: wrong === 0 && asked.every(({ route, taken }) => taken > 0 || /\{(?:run|key)\}/.test(route)),
    seconds: milliseconds / 1000,
  };
}
