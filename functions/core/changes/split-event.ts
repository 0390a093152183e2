import type { BusEvent } from '../model/ports/event-bus.ts';
import { shortHash } from '../model/short-hash.ts';

/** What an event tells of one object; `id` names the change for ever, whatever it travels with. */
type ObjectChange = { readonly id: string };

/** As long as the ids of the pieces, for counting before they are known. */
const someId = '0'.repeat(32);

/**
 * Cuts an event that lists objects into events of at most `maximumBytes`, in the same order, each as full as can be.
 * `bytesOf` tells the size of an event on its way, in which the detail is plain JSON. A piece's id follows from the ids
 * of its objects, so the same event is cut into the same pieces. What fits, what lists no objects, and a single object
 * that is too large for any event stay as they are: the caller decides about those.
 */
export function splitEvent(
  event: BusEvent,
  bytesOf: (event: BusEvent) => number,
  maximumBytes: number,
): readonly BusEvent[] {
  const objects = objectsOf(event);
  if (objects.length < 2 || bytesOf(event) <= maximumBytes) return [event];
  const room = maximumBytes - bytesOf({ ...event, id: someId, detail: { ...event.detail, objects: [] } });
  return packed(objects, room).map((piece) => ({
    ...event,
    id: idOf(piece),
    detail: { ...event.detail, objects: piece },
  }));
}

function objectsOf({ detail }: BusEvent): readonly ObjectChange[] {
  const { objects } = detail;
  return Array.isArray(objects) && objects.every(isObjectChange) ? objects : [];
}

function isObjectChange(value: unknown): value is ObjectChange {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string';
}

/** Puts each object with those before it while there is room; the comma between two counts as well. */
function packed(objects: readonly ObjectChange[], room: number): ObjectChange[][] {
  const pieces: ObjectChange[][] = [];
  let left = 0;
  for (const object of objects) {
    const bytes = Buffer.byteLength(JSON.stringify(object));
    const last = pieces.at(-1);
    if (last !== undefined && bytes + 1 <= left) {
      last.push(object);
      left -= bytes + 1;
    } else {
      pieces.push([object]);
      left = room - bytes;
    }
  }
  return pieces;
}

function idOf(objects: readonly ObjectChange[]): string {
  return shortHash(objects.map(({ id }) => id));
}
