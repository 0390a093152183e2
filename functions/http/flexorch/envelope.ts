import { etagHeader } from '../steps/if-match.ts';
import type { Reply } from '../table/route.ts';

/** A face of a row as this dialect shows it. */
export type Tagged = Readonly<Record<string, unknown>> & { readonly version: string };

type Status = 'success' | 'accepted' | 'error';

/** Every answer with a body has all three fields: FlexOrch's client reads an answer without them as empty. */
export function envelope(status: Status, data: unknown, error: unknown = null) {
  return { status, data, error };
}

/** 200: what was asked for. */
export function success(data: object): Reply {
  return { status: 200, body: envelope('success', data) };
}

/** 200: one row, whose face has its tag as `version`. */
export function row(face: Tagged): Reply {
  return { ...success(face), headers: etagHeader(face.version) };
}

/** 201: what was created, or the original of a create that was sent again. */
export function created(face: Tagged): Reply {
  return { status: 201, body: envelope('success', face), headers: etagHeader(face.version) };
}

/** 202: work that goes on after the answer. `meta` stands beside `data`. */
export function accepted(data: object, meta?: object): Reply {
  return { status: 202, body: { ...envelope('accepted', data), ...(meta === undefined ? {} : { meta }) } };
}

/** 204: done, and nothing to say about it. */
export function noContent(): Reply {
  return { status: 204, body: undefined };
}

/** What clients know to be refused, in the words that they know. */
export function refused(status: 400, code: string, message: string): Reply {
  return { status, body: envelope('error', null, { code, message }) };
}
