import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitEvent } from '#core/changes/split-event.ts';
import type { BusEvent } from '#core/model/ports/event-bus.ts';

const bytesOf = ({ id, detail }: BusEvent) => Buffer.byteLength(JSON.stringify({ id, ...detail }));
const eventOf = (objects: unknown): BusEvent => ({
  id: 'e'.repeat(32),
  type: 'Objects Added',
  time: '2026-11-22T07:00:00Z',
  detail: { datasource: 'photos', run: 'r', seq: 7, objects },
});
const objectsOf = (events: readonly BusEvent[]) => events.flatMap(({ detail }) => detail.objects);

describe('splitting an event', () => {
  test('given it fits to the byte, then it stays; given a byte less room, then it is cut', () => {
    const event = eventOf([{ id: '1' }, { id: '2' }, { id: '3' }]);
    expect(splitEvent(event, bytesOf, bytesOf(event))).toEqual([event]);
    const pieces = splitEvent(event, bytesOf, bytesOf(event) - 1);
    expect(pieces.map(({ detail }) => detail.objects)).toEqual([[{ id: '1' }, { id: '2' }], [{ id: '3' }]]);
    expect(pieces[0]).toMatchObject({ type: event.type, time: event.time, detail: { datasource: 'photos', seq: 7 } });
  });

  test('given any objects and room for one, then pieces fit, keep all in order and could not be fewer by joining two', () => {
    const object = fc.record({
      id: fc.stringMatching(/^[0-9a-f]{32}$/),
      key: fc.string({ unit: 'binary', maxLength: 60 }),
    });
    fc.assert(
      fc.property(
        fc.array(object, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 600, max: 3000 }),
        (objects, room) => {
          const event = eventOf(objects);
          const pieces = splitEvent(event, bytesOf, room);
          expect(objectsOf(pieces)).toEqual(objects);
          for (const piece of pieces) expect(bytesOf(piece)).toBeLessThanOrEqual(room);
          pieces.slice(1).forEach((piece, index) => {
            const [first] = objectsOf([piece]);
            const joined = eventOf([...objectsOf([pieces[index]!]), first]);
            expect(bytesOf(joined)).toBeGreaterThan(room);
          });
        },
      ),
    );
  });

  test('given the same event, then its pieces have the same ids; given other objects, then others', () => {
    const objects = Array.from({ length: 50 }, (_, index) => ({ id: `change-${index}`, key: 'x'.repeat(100) }));
    const ids = (event: BusEvent) => splitEvent(event, bytesOf, 1000).map(({ id }) => id);
    const first = ids(eventOf(objects));
    expect(ids({ ...eventOf(objects), id: 'other' })).toEqual(first);
    expect(new Set(first).size).toBe(first.length);
    expect(first.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
    const others = ids(eventOf(objects.map((object) => ({ ...object, id: `${object.id}-b` }))));
    expect(others.filter((id) => first.includes(id))).toEqual([]);
  });

  test('given an object too large for any event, then it travels alone and the rest is packed as ever', () => {
    const large = { id: 'large', key: 'x'.repeat(2000) };
    const pieces = splitEvent(eventOf([{ id: '1' }, large, { id: '2' }, { id: '3' }]), bytesOf, 500);
    expect(pieces.map(({ detail }) => detail.objects)).toEqual([[{ id: '1' }], [large], [{ id: '2' }, { id: '3' }]]);
  });

  test.each([undefined, [], [{ id: '1' }], ['a', 'b'], [{ id: 1 }, { id: 2 }], 'text'])(
    'given the objects %j, then there is nothing to cut',
    (objects) => {
      const event = eventOf(objects);
      expect(splitEvent(event, bytesOf, 10)).toEqual([event]);
    },
  );
});
