import { createStaticApiKeys } from '#http/table/api-keys.ts';
import { type Api, createApi } from '../http/api-fixture.ts';
import { createRandomSource } from '../simulation/random-source.ts';
import type { ProofResult } from './proof-result.ts';

/** The defaults of the stack: infra/aws/config/config.ts. */
const stage = { rate: 50, burst: 100 };

/** Of what a firewall's rule for one address counts: https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html */
const doorRule = { requests: 300, windowMs: 60_000 };

const floodPerSecond = 10 * stage.rate;
const wholeMs = 600_000;

const key = 'a-key-of-the-caller-0123';

type Case = {
  readonly name: string;
  /** Addresses that the flood comes from. */
  readonly addresses: number;
  /** It has to pass a door that counts by address. */
  readonly door: boolean;
};

const cases: readonly Case[] = [
  { name: 'no front door', addresses: 1, door: false },
  { name: 'front door, one address', addresses: 1, door: true },
  { name: 'front door, 50 addresses', addresses: 50, door: true },
  { name: 'front door, 500 addresses', addresses: 500, door: true },
];

/**
 * Shows what ten times the stage's throttle, from callers without a key, does to a caller with a key who asks once a second.
 * No emulator has the gateway's throttle, so it is modelled: one token bucket for all callers, as AWS describes it
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html), before the real handler, by a
 * clock of its own. It is a measurement: what it claims is only what must hold of any of them.
 */
export async function proveFlood({
  share,
  seed,
}: {
  readonly share: number;
  readonly seed: number;
}): Promise<ProofResult[]> {
  const results: ProofResult[] = [];
  for (const one of cases) {
    const began = Date.now();
    const { asked, refused, floodAnswered, slowestRow } = await flood(one, Math.max(60_000, wholeMs * share), seed);
    const percent = (100 * refused) / asked;
    results.push({
      proof: `flood: ${one.name}`,
      claim: one.door && one.addresses === 1 ? 'the caller with a key notices nothing' : 'nobody without a key gets in',
      measured: `${floodPerSecond}/s without a key beside 1/s with one: ${refused} of ${asked} with a key are 429 (${percent.toFixed(1)} %), ${slowestRow} in a row at the most; ${floodAnswered} of the flood reached the functions, each 401`,
      passed: one.door && one.addresses === 1 ? percent < 2 : true,
      seconds: (Date.now() - began) / 1000,
    });
  }
  return results;
}

async function flood({ addresses, door }: Case, durationMs: number, seed: number) {
  const api = createApi({ apiKeys: createStaticApiKeys([{ key, scope: 'read' }]) });
  const { time } = api;
  const takes = tokenBucket();
  const passes = doorOf(door);
  const random = createRandomSource(seed);
  const share = (): number => random.below(1_000_000) / 1_000_000;
  const end = time.now + durationMs;
  const counts = { asked: 0, refused: 0, floodAnswered: 0, slowestRow: 0 };
  let row = 0;
  let nextGood = time.now + 500;
  for (let nextFlood = time.now; time.now < end; ) {
    const isGood = nextGood <= nextFlood;
    time.now = isGood ? nextGood : nextFlood;
    // On average once a second, and never in step with the bucket, which gives a token each 20 ms.
    if (isGood) nextGood += 500 + share() * 1000;
    // As a crowd comes: each by itself, so many on average.
    else nextFlood += (-Math.log(1 - share()) * 1000) / floodPerSecond;
    if (!isGood && !passes(random.below(addresses), time.now)) continue;
    const taken = takes(time.now);
    if (isGood) {
      counts.asked += 1;
      row = taken ? 0 : row + 1;
      if (!taken) counts.refused += 1;
      counts.slowestRow = Math.max(counts.slowestRow, row);
    } else if (taken) counts.floodAnswered += 1;
    if (taken) await demandStatus(api, isGood);
  }
  return counts;
}

function tokenBucket(): (now: number) => boolean {
  let tokens = stage.burst;
  let at = 0;
  return (now) => {
    tokens = at === 0 ? tokens : Math.min(stage.burst, tokens + ((now - at) * stage.rate) / 1000);
    at = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

function doorOf(door: boolean): (address: number, now: number) => boolean {
  const counted = new Map<string, number>();
  return (address, now) => {
    if (!door) return true;
    const name = `${address} ${Math.floor(now / doorRule.windowMs)}`;
    const count = (counted.get(name) ?? 0) + 1;
    counted.set(name, count);
    return count <= doorRule.requests;
  };
}

async function demandStatus(api: Api, isGood: boolean): Promise<void> {
  const { status } = await api.call('GET', '/provider/_info', { headers: isGood ? { 'x-api-key': key } : {} });
  if (status !== (isGood ? 200 : 401)) throw new Error(`answered ${status}`);
}
