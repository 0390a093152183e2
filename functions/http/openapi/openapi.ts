import * as z from 'zod';
import { costlyPerMinute } from '#core/limits/count-request.ts';
import { cocoAnswers, cocoErrors } from '../coco/answer-schemas.ts';
import { dialectOf } from '../dialects.ts';
import { flexorchAnswers, flexorchErrors } from '../flexorch/answer-schemas.ts';
import type { Route } from '../table/route.ts';

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document of a route table: a pure function of it. `version` is that of the package. */
export function toOpenApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    path[route.method.toLowerCase()] = operation(route);
    paths[route.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Stocktake',
      version,
      description:
        'A live, exact catalogue of what is in S3 buckets. Every path works with and without a trailing slash. Bodies are read as JSON under any content type but those of forms, which few routes take. A key with scope read, write or manage, each of which includes the ones before it, goes into one of three headers; a server on one machine without keys takes none.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://localhost:9000', description: 'one machine: npm start' }],
    paths,
    components: { schemas, securitySchemes },
  };
}

const schemas: Json = { ...cocoAnswers, ...cocoErrors, ...flexorchAnswers, ...flexorchErrors };

const securitySchemes: Json = {
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-KEY' },
  apiToken: { type: 'apiKey', in: 'header', name: 'X-API-TOKEN' },
  bearer: { type: 'http', scheme: 'bearer' },
};

function operation(route: Route): Json {
  const open = route.scope === 'none';
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(open ? {} : { description: needs(route) }),
    tags: [tagOf(route)],
    security: open ? [] : Object.keys(securitySchemes).map((name) => ({ [name]: [route.scope] })),
    parameters: parametersOf(route),
    ...(route.request === undefined ? {} : { requestBody: requestBody(route.request) }),
    responses: responsesOf(route),
  };
}

function needs({ scope, scopeBefore }: Route): string {
  const before =
    scopeBefore === undefined ? '' : ` Keys of the settings still pass with ${scopeBefore}, until the next release.`;
  return `Needs a key with scope ${scope}.${before}`;
}

/** The first word of the path, that of the dialect before it. */
function tagOf({ path }: Route): string {
  const [, first = '', second = ''] = path.split('/');
  return dialectOf(path) === 'flexorch' ? `${first} ${second}` : first;
}

/** Such as `get_datasource_id__runs`: the path is unique, hence the id. */
function operationId({ method, path }: Route): string {
  return `${method.toLowerCase()}${path.replace(/[{}]/g, '').replace(/\//g, '_')}`;
}

function parametersOf({ path, query = [], idempotent, conditional }: Route): Json[] {
  const inPath = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = query.map(({ name, description, repeatable }) => ({
    name,
    in: 'query',
    description,
    schema: repeatable ? { type: 'array', items: { type: 'string' } } : { type: 'string' },
  }));
  return [...inPath, ...inQuery, ...(idempotent ? [idempotencyKey] : []), ...(conditional ? [ifMatch] : [])];
}

const idempotencyKey: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Answers with what the request with the same key made within 24 hours; without one, with the same content',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const ifMatch: Json = {
  name: 'If-Match',
  in: 'header',
  description: 'The ETag of the row as it was shown, or several, or *: nothing is changed where it is another by now',
  schema: { type: 'string' },
};

const etag: Json = {
  description: 'A hash of what a client may set of the row, for If-Match; what the machine notes does not move it',
  schema: { type: 'string' },
};

function requestBody({ schemas, optional, form }: NonNullable<Route['request']>): Json {
  const shapes = schemas.map((schema) => {
    const { $schema: _dialect, ...shape } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    return shape;
  });
  const schema = shapes.length === 1 ? shapes[0] : { anyOf: shapes };
  const inForm =
    form === undefined ? {} : { 'multipart/form-data': { schema }, 'application/x-www-form-urlencoded': { schema } };
  return { required: !optional, content: { 'application/json': { schema }, ...inForm } };
}

function responsesOf(route: Route): Json {
  const redirect = { description: 'Leads to the content', headers: { Location: { schema: { type: 'string' } } } };
  const status = route.success ?? 200;
  const inCoco = dialectOf(route.path) === 'coco';
  return {
    [status]: {
      description: status < 400 ? 'Success' : 'Always refused',
      ...(route.tagged ? { headers: { ETag: etag } } : {}),
      ...(route.answer === undefined ? {} : { content: json(route.answer) }),
    },
    ...(route.answer === 'raw_content' ? { 302: redirect } : {}),
    ...(inCoco && route.resource !== undefined ? { 404: missing(route) } : {}),
    ...(route.conditional ? { 412: overtaken(inCoco) } : {}),
    ...(route.costly ? { 429: tooMany(inCoco) } : {}),
    default: {
      description: 'An error: what is wrong and what to change',
      content: json(errorOf(inCoco)),
    },
  };
}

function tooMany(inCoco: boolean): Json {
  return {
    description: `The key began ${costlyPerMinute} of such requests within the minute`,
    headers: { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } },
    content: json(errorOf(inCoco)),
  };
}

function overtaken(inCoco: boolean): Json {
  return {
    description: 'The row is not what If-Match names; error.current is what it is now, in the form of its GET',
    headers: { ETag: etag },
    content: json(errorOf(inCoco)),
  };
}

function errorOf(inCoco: boolean): string {
  return inCoco ? 'error' : 'v1_error';
}

function missing({ method }: Route): Json {
  return { description: 'There is none', content: json(method === 'GET' ? 'missing' : 'not_found') };
}

function json(schema: string): Json {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } };
}
