import type * as z from 'zod';
import type { Scope } from '#core/access/api-key.ts';
import type { Acting } from '#core/audit/audit-write.ts';
import type { Actor } from '#core/model/actor.ts';
import type { DepsOf, FunctionName } from './deps.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** An answer before it is written; `body` is JSON, undefined for none. */
export type Reply = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type QueryParameter = {
  readonly name: string;
  readonly description: string;
  /** May be given more than once. */
  readonly repeatable?: true;
};

/** Parameters of the query string; a list for the repeatable ones that were given. */
export type QueryValues = Record<string, string | string[] | undefined>;

/** A request as a route's handler sees it: known, allowed, and every part of it read. */
export type RequestContext<Deps> = {
  /** What the function has, and in whose name it is used: what changes something tells the audit. */
  readonly deps: Deps & Acting;
  /** Who asks. */
  readonly actor: Actor;
  /** What the caller's key allows; `manage` where nobody needs one. */
  readonly scope: Scope;
  /** A parameter of the path, decoded and of the right form. */
  readonly param: (name: string) => string;
  readonly query: QueryValues;
  /** The JSON object that was sent, or the array where a route takes one, unjudged; undefined when nothing was. */
  readonly body: unknown;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
};

/** What a route reads from the body: one of these shapes. */
export type RequestBody = {
  readonly schemas: readonly z.ZodType[];
  readonly optional: boolean;
  /** It may come as a form too, multipart or urlencoded; the fields named here hold JSON, the others text. */
  readonly form?: { readonly jsonFields: readonly string[] };
  /** It is a JSON array; all others are objects. */
  readonly list?: true;
};

/**
 * One line of the route table: all that the router, the CDK routes, the OpenAPI document and the local server know.
 * `Answer` names the shapes of the route's dialect.
 */
export type RouteOf<F extends FunctionName, Answer extends string = string> = {
  readonly method: Method;
  /** In API Gateway's grammar, without a trailing slash; both forms are served. */
  readonly path: string;
  /** What the caller's key must allow; `none` takes no key. */
  readonly scope: Scope | 'none';
  /** The lesser scope that it took before, which keys of before may still come with, for one release. */
  readonly scopeBefore?: Scope;
  /** The function that serves it: one for each method and path. */
  readonly fn: F;
  readonly summary: string;
  /** Which shape of its dialect's answer-schemas.ts it answers with; absent where success has no body (204). */
  readonly answer?: Answer;
  /** The status of success, 200 if not said; 400 where the only answer is a refusal that clients know. */
  readonly success?: 201 | 202 | 204 | 400;
  /** The path parameter that names what is read, written or deleted: its absence is told in the dialect's own form. */
  readonly resource?: string;
  readonly query?: readonly QueryParameter[];
  readonly request?: RequestBody;
  /** Begins work at a foreign server, or a run, now or by a schedule: one request to us can be a thousand to somebody.
   *  Counted for each key. */
  readonly costly?: true;
  /** Success carries the tag of the row, as ETag. */
  readonly tagged?: true;
  /** Takes If-Match, and is refused with 412 where the row is not what it names. */
  readonly conditional?: true;
  /** Takes an Idempotency-Key, and the same request again within a day for the one before. */
  readonly idempotent?: true;
  readonly handle: (context: RequestContext<DepsOf[F]>) => Promise<Reply>;
};

export type Route = RouteOf<'api'> | RouteOf<'probe'>;
