import { describe, expect, it } from 'vitest';
import { createFlightLimit, type Flight, type FlightLimit } from '#adapters/aws/flight-limit.ts';

let now = 0;
const soon = async (limit: FlightLimit): Promise<Flight> => {
  const flight = await limit.enter(Number.POSITIVE_INFINITY);
  if (flight === undefined) throw new Error('there was no time');
  return flight;
};
/** So many that are under way at once. */
const together = (limit: FlightLimit, count: number): Promise<Flight[]> =>
  Promise.all(Array.from({ length: count }, () => soon(limit)));

describe('the limit of batches under way', () => {
  it('grows by one for each round that is taken whole, up to fewer than there are sockets', async () => {
    const limit = createFlightLimit(() => now);
    expect(limit.allowed).toBe(4);
    for (const flight of await together(limit, 4)) flight.land('taken');
    expect(limit.allowed).toBe(4);
    (await soon(limit)).land('taken');
    expect(limit.allowed).toBe(5);
    for (let each = 0; each < 2000; each += 1) (await soon(limit)).land('taken');
    expect(limit.allowed).toBe(32);
  });

  it('is halved once for all that were under way when one was pushed back, and is never less than one', async () => {
    const limit = createFlightLimit(() => now);
    for (const flight of await together(limit, 4)) flight.land('pushed back');
    expect(limit.allowed).toBe(2);
    for (const flight of await together(limit, 2)) flight.land('pushed back');
    expect(limit.allowed).toBe(1);
    (await soon(limit)).land('pushed back');
    expect(limit.allowed).toBe(1);
  });

  it('lets the others wait in the order of asking, and is the same where nothing was sent', async () => {
    const limit = createFlightLimit(() => now);
    const flights = await together(limit, 4);
    const order: number[] = [];
    const waiting = [1, 2].map(async (name) => {
      const flight = await soon(limit);
      order.push(name);
      return flight;
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    flights[0]?.land('unused');
    await waiting[0];
    expect([order, limit.allowed]).toEqual([[1], 4]);
    flights[1]?.land('unused');
    await waiting[1];
    expect(order).toEqual([1, 2]);
  });

  it('turns away whoever waited too long, and lets who came after them go', async () => {
    const limit = createFlightLimit(() => now);
    const flights = await together(limit, 4);
    const short = limit.enter(now + 1000);
    const long = limit.enter(now + 3000);
    now += 2000;
    flights[0]?.land('unused');
    expect(await short).toBeUndefined();
    expect(await long).toBeDefined();
  });
});
