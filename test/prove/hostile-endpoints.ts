import { fileURLToPath } from 'node:url';
import { routes } from '#http/routes.ts';
import { type DialWatch, isForbidden, watchDials } from '#support/dial-watch.ts';
import { createResolver, type Mode, mayBePrivate, modes, redirector, systemLike } from '#support/endpoint-modes.ts';
import { goodEndpoints, type HostileEndpoint, hostileEndpoints, redirections } from '#support/hostile-endpoints.ts';
import {
  type Canaries,
  createDiallingWorld,
  type DiallingWorld,
  startCanaries,
  startRedirector,
} from './dialling-world.ts';
import type { ProofResult } from './proof-result.ts';

/** What one attack did. */
type Breach = { readonly mode: string; readonly text: string; readonly way: string; readonly what: string };

/**
 * Proves that no endpoint leads inside: every hostile spelling, name and redirect over every way that dials, under the
 * settings of both hosts, with listeners on the loopback addresses and a watch on every socket; and that the same ways
 * do reach what they may, public endpoints of every form among it.
 *
 * @param options.share 0–1: of the endpoints, evenly chosen.
 */
export async function proveHostileEndpoints({ share }: { readonly share: number }): Promise<ProofResult[]> {
  const watch = watchDials();
  const canaries = await startCanaries();
  try {
    const dialling = await waysThatDial(canaries, watch);
    return [
      dialling.result,
      ...(await attackAll({ canaries, watch, share, names: dialling.names })),
      await redirectAll({ canaries, watch, share, names: dialling.names }),
      await acceptAll(watch, share),
    ];
  } finally {
    watch.stop();
    await canaries.close();
  }
}

/** Where everything may be dialled, these ways come to the canaries: so they would tell of the others too. */
async function waysThatDial(canaries: Canaries, watch: DialWatch) {
  const began = Date.now();
  const world = await createDiallingWorld(true, systemLike);
  const names = new Set(routes.filter(({ fn }) => fn === 'probe').map(({ method, path }) => `${method} ${path}`));
  const endpoint = `127.0.0.1:${canaries.port}`;
  await world.plant(endpoint);
  const silent: string[] = [];
  for (const way of world.ways(endpoint)) {
    const before = canaries.connections();
    await way.go();
    if (canaries.connections() > before) names.add(way.name);
    else silent.push(way.name);
  }
  await world.close();
  watch.dials.splice(0);
  const lacking = mustDial.filter((name) => !names.has(name));
  const result: ProofResult = {
    proof: 'hostile-endpoints: control',
    claim: 'where all may be dialled, every way that is meant to dial comes to the canary',
    measured: `${names.size} ways dial, ${silent.length} do not; lacking: ${lacking.join(', ') || 'none'}`,
    passed: lacking.length === 0,
    seconds: (Date.now() - began) / 1000,
  };
  return { names, result };
}

/** Those that the product is about; whatever else dials is found by the control. */
const mustDial = [
  'POST /datasource/{id}/_test',
  'GET /datasource/{id}/_preview',
  'POST /datasource/{id}/_preview',
  'POST /datasource/{id}/_sync',
  'POST /datasource/{id}/_reset_sync',
  'POST /v1/connectors/{connector}/test',
  'POST /v1/connectors/{connector}/schedules/{schedule}/trigger',
  'POST /v1/scheduler/schedules/{schedule}/trigger',
  'POST /v1/data-process/async',
  'POST /datasource',
  'POST /v1/webhooks',
  'a tick of the schedule',
  'enrichment of what changed',
  'delivery to a webhook',
];

type Attack = {
  readonly canaries: Canaries;
  readonly watch: DialWatch;
  readonly share: number;
  readonly names: ReadonlySet<string>;
};

async function attackAll(attack: Attack): Promise<ProofResult[]> {
  const endpoints = spread(hostileEndpoints(attack.canaries.port), attack.share);
  const results: ProofResult[] = [];
  for (const mode of modes(9)) {
    const began = Date.now();
    const before = attack.canaries.connections();
    const breaches: Breach[] = [];
    let attempts = 0;
    // A world has room for so many; its tables grow with each attack.
    for (let start = 0; start < endpoints.length; start += 100) {
      const resolver = createResolver();
      const world = await createDiallingWorld(mode.allowed, resolver.lookup);
      for (const endpoint of endpoints.slice(start, start + 100)) {
        resolver.answers = endpoint.answers;
        const tried = await attackOne({ ...attack, world, mode, endpoint });
        attempts += tried.attempts;
        breaches.push(...tried.breaches);
      }
      await world.close();
    }
    const connections = attack.canaries.connections() - before;
    const measured = `${endpoints.length} endpoints, ${attempts} attempts, ${mode.allowed === true ? '' : `${connections} connections to the canaries, `}${shown(breaches)}`;
    process.stderr.write(`hostile-endpoints: ${mode.name}: ${measured}\n`);
    results.push({
      proof: `hostile-endpoints: ${mode.name}`,
      claim:
        mode.allowed === true ? 'no metadata address, nor what is nobody’s, is dialled' : 'nothing inside is dialled',
      measured,
      passed: breaches.length === 0 && (mode.allowed === true || connections === 0),
      seconds: (Date.now() - began) / 1000,
    });
  }
  return results;
}

type OneAttack = Attack & { readonly world: DiallingWorld; readonly mode: Mode; readonly endpoint: HostileEndpoint };

async function attackOne({ world, watch, canaries, names, mode, endpoint: { text } }: OneAttack) {
  const breaches: Breach[] = [];
  let attempts = 0;
  await world.plant(text);
  for (const way of world.ways(text).filter(({ name }) => names.has(name))) {
    const before = canaries.connections();
    watch.dials.splice(0);
    const breach = (what: string) => breaches.push({ mode: mode.name, text, way: way.name, what });
    const answer = await way.go();
    attempts += 1;
    if ((answer?.status ?? 0) >= 500) breach(`answered ${answer?.status}`);
    if (mode.allowed !== true && canaries.connections() > before) breach('came to a canary');
    for (const { host, address } of watch.dials) {
      if (isForbidden(address, mayBePrivate(mode, host))) breach(`dialled ${address} for ${host}`);
    }
  }
  return { attempts, breaches };
}

/** An allowed server that sends its visitors inside. */
async function redirectAll({ canaries, watch, share, names }: Attack): Promise<ProofResult> {
  const began = Date.now();
  const { port, state, close } = await startRedirector();
  const before = canaries.connections();
  const cases = spread(redirections(canaries.port), share);
  const breaches: Breach[] = [];
  let attempts = 0;
  for (const mode of modes(port).filter(
    ({ allowed }) => allowed === true || (allowed !== false && allowed.length > 0),
  )) {
    const world = await createDiallingWorld(mode.allowed, async () => [{ address: '127.0.0.1', family: 4 }]);
    await world.plant(`${redirector}:${port}`);
    for (const redirection of cases) {
      Object.assign(state, redirection);
      for (const way of world.ways(`${redirector}:${port}`).filter(({ name }) => names.has(name))) {
        watch.dials.splice(0);
        const answer = await way.go();
        attempts += 1;
        const elsewhere = watch.dials.find(({ host }) => host !== redirector);
        const what =
          (answer?.status ?? 0) >= 500 ? `answered ${answer?.status}` : elsewhere && `dialled ${elsewhere.host}`;
        if (what) breaches.push({ mode: mode.name, text: JSON.stringify(redirection), way: way.name, what });
      }
    }
    await world.close();
  }
  await close();
  const connections = canaries.connections() - before;
  return {
    proof: 'hostile-endpoints: redirects',
    claim: 'an allowed server cannot send anybody on',
    measured: `${cases.length} redirects, ${attempts} attempts, ${state.asked} requests to the redirecting server, ${connections} connections to the canaries, ${shown(breaches)}`,
    passed: breaches.length === 0 && connections === 0 && state.asked > cases.length,
    seconds: (Date.now() - began) / 1000,
  };
}

/** Each is saved, and a test of it comes to the point where a connection is made. */
async function acceptAll(watch: DialWatch, share: number): Promise<ProofResult> {
  const began = Date.now();
  const asked: string[] = [];
  const world = await createDiallingWorld([], async (name) => {
    asked.push(name);
    return [{ address: '93.184.216.34', family: 4 }];
  });
  const endpoints = spread(goodEndpoints, share);
  const refused: string[] = [];
  for (const endpoint of endpoints) {
    watch.dials.splice(0);
    asked.splice(0);
    await world.plant(endpoint);
    const test = await world
      .ways(endpoint)
      .find(({ name }) => name === 'POST /datasource/{id}/_test')
      ?.go();
    const saved = await world
      .ways(endpoint)
      .find(({ name }) => name === 'POST /datasource')
      ?.go();
    const wanted = endpoint
      .toLowerCase()
      .replace(/\.?(:\d+)?(\/.*)?$/, '')
      .replace(/^\[|\]$/g, '');
    const dialled =
      watch.dials.some(({ host }) => host.endsWith(wanted)) ||
      watch.dials.some(({ host }) => host.includes(':') && wanted.includes(':'));
    if (saved?.status !== 200 || test?.json?.success !== false || !dialled) {
      refused.push(`${endpoint} (${saved?.status} ${test?.json?.message})`);
    }
  }
  await world.close();
  return {
    proof: 'hostile-endpoints: public ones',
    claim: 'public endpoints of every form are saved and dialled',
    measured: `${endpoints.length - refused.length} of ${endpoints.length}${refused.length > 0 ? `; not: ${refused.slice(0, 5).join(', ')}` : ''}`,
    passed: refused.length === 0,
    seconds: (Date.now() - began) / 1000,
  };
}

/** So many of them, from all kinds; one at least. */
function spread<T>(all: readonly T[], share: number): T[] {
  const chosen = all.filter((_one, index) => Math.floor((index + 1) * share) > Math.floor(index * share));
  return chosen.length > 0 ? chosen : all.slice(0, 1);
}

function shown(breaches: readonly Breach[]): string {
  const some = breaches.slice(0, 5).map(({ text, way, what }) => `${JSON.stringify(text)} by ${way}: ${what}`);
  return `${breaches.length} breaches${some.length > 0 ? `, such as ${some.join('; ')}` : ''}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const results = await proveHostileEndpoints({ share: Number(process.argv[2] ?? 1) });
  for (const { proof, measured, passed, seconds } of results) {
    console.log(`${passed ? 'ok  ' : 'FAIL'} ${proof}: ${measured} (${seconds.toFixed(1)} s)`);
  }
  if (!results.every(({ passed }) => passed)) process.exitCode = 1;
}
