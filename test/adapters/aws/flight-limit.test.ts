import { describe, expect, it } from 'vitest';
import { createFlightLimit, type Flight } from '#adapters/aws/flight-limit.ts';

/** So many that are under way at once. */
const together = (limit: ReturnType<typeof createFlightLimit>, count: number): Promise<Flight[]> =>
  Promise.all(Array.from({ length: count }, () => limit.enter()));

describe('the limit of batches under way', () => {
  it('grows by one for each round that is taken whole, up to fewer than there are sockets', async () => {
    const limit = createFlightLimit();
    expect(limit.allowed).toBe(4);
    for (const flight of await together(limit, 4)) flight.land('taken');
    expect(limit.allowed).toBe(4);
    (await limit.enter()).land('taken');
    expect(limit.allowed).toBe(5);
    for (let each = 0; each < 2000; each += 1) (await limit.enter()).land('taken');
    expect(limit.allowed).toBe(32);
  });

  it('is halved once for all that were under way when one was pushed back, and is never less than one', async () => {
    const limit = createFlightLimit();
    for (const flight of await together(limit, 4)) flight.land('pushed back');
    expect(limit.allowed).toBe(2);
    for (const flight of await together(limit, 2)) flight.land('pushed back');
    expect(limit.allowed).toBe(1);
    (await limit.enter()).land('pushed back');
    expect(limit.allowed).toBe(1);
  });

  it('lets the others wait in the order of asking, and is the same where nothing was sent', async () => {
    const limit = createFlightLimit();
    const flights = await together(limit, 4);
    const order: number[] = [];
    const waiting = [1, 2].map(async (name) => {
      const flight = await limit.enter();
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
});
