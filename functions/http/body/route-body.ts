import * as z from 'zod';
import { parseInput } from '#core/model/parse-input.ts';
import { readFlag } from '../steps/query-parameters.ts';
import type { QueryParameter, Reply, RequestBody, RequestContext } from '../table/route.ts';

type Taking<Deps> = {
  readonly request: RequestBody;
  readonly handle: (context: RequestContext<Deps>) => Promise<Reply>;
};

type WithInput<Deps, Input> = (context: RequestContext<Deps>, input: Input) => Promise<Reply>;

/** The part of a route that reads a body of one shape. `what` names it in errors: "datasource is not valid: …". */
export function withBody<Schema extends z.ZodType, Deps>(
  what: string,
  schema: Schema,
  handle: WithInput<Deps, z.output<Schema>>,
): Taking<Deps> {
  return {
    request: { schemas: [schema], optional: false },
    handle: (context) => handle(context, parseInput(schema, context.body, what)),
  };
}

/** The same for a body that is a list. */
export function withListBody<Schema extends z.ZodType, Deps>(
  what: string,
  schema: Schema,
  handle: WithInput<Deps, z.output<Schema>>,
): Taking<Deps> {
  return { ...withBody(what, schema, handle), request: { schemas: [schema], optional: false, list: true } };
}

/** The same for a body that may also be a form, multipart or urlencoded, in which these fields hold JSON. */
export function withFormBody<Schema extends z.ZodType, Deps>(
  what: string,
  schema: Schema,
  jsonFields: readonly string[],
  handle: WithInput<Deps, z.output<Schema>>,
): Taking<Deps> {
  return {
    ...withBody(what, schema, handle),
    request: { schemas: [schema], optional: false, form: { jsonFields } },
  };
}

/** The same for a body that may be left out, which reads as `{}`. */
export function withOptionalBody<Schema extends z.ZodType, Deps>(
  what: string,
  schema: Schema,
  handle: WithInput<Deps, z.output<Schema>>,
): Taking<Deps> {
  return {
    request: { schemas: [schema], optional: true },
    handle: (context) => handle(context, parseInput(schema, context.body ?? {}, what)),
  };
}

const nothing = z.strictObject({});

/** The part of a POST route that takes no input: no body, or `{}`. */
export function withoutBody<Deps>(handle: (context: RequestContext<Deps>) => Promise<Reply>): Taking<Deps> {
  return withOptionalBody('the body', nothing, (context: RequestContext<Deps>) => handle(context));
}

export const replaceParameter: QueryParameter = {
  name: 'replace',
  description: 'true: put the whole body in the place of what is there, or create it',
};

/** The part of a PUT route whose body is a change, or with `?replace=true` the whole thing. */
export function withReplaceableBody<Patch extends z.ZodType, Whole extends z.ZodType, Deps>(
  what: string,
  schemas: { readonly patch: Patch; readonly whole: Whole },
  handlers: {
    readonly change: WithInput<Deps, z.output<Patch>>;
    readonly replace: WithInput<Deps, z.output<Whole>>;
  },
): Taking<Deps> {
  return {
    request: { schemas: [schemas.patch, schemas.whole], optional: false },
    handle: (context) =>
      readFlag(context.query, 'replace')
        ? handlers.replace(context, parseInput(schemas.whole, context.body, what))
        : handlers.change(context, parseInput(schemas.patch, context.body, what)),
  };
}
