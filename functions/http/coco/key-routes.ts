import { type ApiKeyInput, type ApiKeyRow, apiKeyInput, apiKeyTag, isValid } from '#core/access/api-key.ts';
import { readKey } from '#core/access/api-key-store.ts';
import { type CreatedApiKey, createApiKey } from '#core/access/create-api-key.ts';
import { apiKeyView, readApiKey, readApiKeys, readRevokedKeys } from '#core/access/read-api-keys.ts';
import { revokeApiKey } from '#core/access/revoke-api-key.ts';
import { createOnce } from '#core/idempotency/create-once.ts';
import { Failure } from '#core/model/errors.ts';
import type { Demand } from '#core/model/row-tag.ts';
import { withBody, withoutBody } from '../body/route-body.ts';
import { readIdempotencyKey } from '../steps/idempotency-key.ts';
import { etagHeader, type Shown, underIfMatch } from '../steps/if-match.ts';
import { isKeyId } from '../steps/path-parameters.ts';
import { readFlag } from '../steps/query-parameters.ts';
import type { ApiDeps } from '../table/deps.ts';
import type { Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { found, plain } from './answers.ts';

const all = { path: '/_keys', scope: 'manage', fn: 'api' } as const;
const one = { scope: 'manage', fn: 'api', resource: 'key' } as const;

/** Of those that were revoked, so many are shown at once. */
const mostRevokedAtOnce = 1000;

/** Stocktake's own routes: Coco has none that its clients know, and a FlexOrch key is made outside of its API. */
export const keyRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  {
    ...all,
    method: 'POST',
    summary: 'Create an API key; its text is shown in this answer only',
    answer: 'key_created',
    tagged: true,
    idempotent: true,
    ...withBody('API key', apiKeyInput, createKey),
  },
  {
    ...all,
    method: 'GET',
    summary: 'List the API keys, with revoked=true those that were revoked within 400 days',
    answer: 'keys',
    query: [
      { name: 'revoked', description: 'true: those that were revoked, at most 1,000 at once' },
      { name: 'after', description: 'with revoked=true: next of the answer before' },
    ],
    handle: listKeys,
  },
  {
    ...one,
    path: '/_keys/{key}',
    method: 'GET',
    summary: 'Read an API key, revoked or not: never its text',
    answer: 'found',
    tagged: true,
    handle: async (context) => {
      const { state, tag } = await shownKey(context);
      return found(context.param('key'), state, tag);
    },
  },
  {
    ...one,
    path: '/_keys/{key}/_revoke',
    method: 'POST',
    summary: 'Revoke an API key: within a minute it lets nobody in; again changes nothing',
    answer: 'key_revoked',
    tagged: true,
    conditional: true,
    ...withoutBody((context: RequestContext<ApiDeps>) => {
      const { deps, param } = context;
      const revoke = async (demand?: Demand) => {
        const { hasOwnManagingKey } = deps.apiKeys;
        const row = await revokeApiKey({ ...deps, hasOwnManagingKey }, param('key'), { demand });
        const revoked = plain({ acknowledged: true, _id: row.id, result: 'revoked' });
        return { ...revoked, headers: etagHeader(apiKeyTag(row)) };
      };
      return underIfMatch(context, revoke, () => shownKey(context));
    }),
  },
];

async function createKey(context: RequestContext<ApiDeps>, input: ApiKeyInput): Promise<Reply> {
  const { deps, body, header } = context;
  if (!deps.apiKeys.configured) throw noKeysHere();
  let made: CreatedApiKey | undefined;
  const key = readIdempotencyKey(header);
  const request = { route: 'POST /_keys', body, ...(key === undefined ? {} : { key }) };
  const row = await createOnce(deps, request, {
    // Who asks again for one that has come to its end wants the next one.
    read: async (id) => {
      const before = await readKey(deps.table, id);
      return before !== undefined && isValid(before, deps.clock.now()) ? before : undefined;
    },
    create: async (alongside) => {
      made = await createApiKey(deps, input, alongside);
      return made.row;
    },
  });
  if (made === undefined) throw shownBefore(row);
  const shown = { _id: row.id, result: 'created', key: made.text, _source: apiKeyView(row, deps.clock.now()) };
  return { ...plain(shown), headers: etagHeader(apiKeyTag(row)) };
}

/** Throws Failure `not_found`. */
async function shownKey({ deps, param }: RequestContext<ApiDeps>): Promise<Shown> {
  const shown = await readApiKey(deps, param('key'));
  if (shown === undefined) throw new Failure('not_found', `there is no API key ${param('key')}`);
  return shown;
}

async function listKeys({ deps, query }: RequestContext<ApiDeps>): Promise<Reply> {
  const { after } = query;
  const revoked = readFlag(query, 'revoked');
  if (after !== undefined && (typeof after !== 'string' || !revoked || !isKeyId(after))) {
    const reason = 'must be the next of an answer before, together with revoked=true';
    throw new Failure('invalid_request', `after ${reason}`, { details: [{ path: 'after', reason }] });
  }
  if (!revoked) return plain({ keys: await readApiKeys(deps) });
  // One more than is shown tells whether there are more.
  const rows = await readRevokedKeys(deps, { after, limit: mostRevokedAtOnce + 1 });
  const shown = rows.slice(0, mostRevokedAtOnce);
  return plain({ keys: shown, ...(rows.length > shown.length ? { next: shown.at(-1)?.id } : {}) });
}

function noKeysHere(): Failure {
  const reason =
    'this server was started without keys: everyone on its machine may do everything, and no key would count';
  return new Failure('conflict', `${reason}; start it with STOCKTAKE_AUTH=keys, or with STOCKTAKE_API_KEYS`);
}

function shownBefore({ id, created, name }: ApiKeyRow): Failure {
  const seen = `the same request made the key ${id} at ${created}, and its text was shown in that answer only`;
  const next = `if that was lost, revoke it (POST /_keys/${id}/_revoke) and ask again`;
  return new Failure(
    'conflict',
    `${seen}: ${next}; for another key beside ${JSON.stringify(name)}, give it another name`,
  );
}
