import * as z from 'zod';
import { displayName } from '#core/model/identifier.ts';
import type { Clock } from '#core/model/ports/host.ts';
import type { Table } from '#core/model/ports/table.ts';
import { type ConnectorRow, configView } from '#core/registry/connector.ts';
import { listConnectors, readNumberedConnector } from '#core/registry/connector-store.ts';
import { connectorTag } from '#core/registry/registry-tag.ts';
import { readTested } from '#core/registry/tested-at.ts';
import { awsProblems } from '#core/source/bucket-name.ts';
import { s3ConfigInput } from '#core/source/s3-config.ts';
import { readConfigTexts } from './config-text.ts';
import type { Tagged } from './envelope.ts';
import { lastStarts } from './last-runs.ts';
import { ResourceNotFound } from './not-found.ts';

const needed = ['bucket', 'access_key_id', 'secret_access_key'] as const;

/** Where a role stands, no keys are needed. */
const neededWithRole = ['bucket'] as const;

/** A datasource may bring what its connector lacks; a schedule under /v1 cannot, so here the whole is asked for. */
const wholeConfig = s3ConfigInput.superRefine((config, context) => {
  const wanted = typeof config.role_arn === 'string' ? neededWithRole : needed;
  for (const name of wanted) {
    if (config[name] === undefined) context.addIssue({ code: 'custom', path: [name], message: 'is required' });
  }
  const endpoint = config.endpoint ?? '';
  // Where it is said, the config itself has asked.
  const problems = config.endpoint === undefined ? awsProblems({ ...config, endpoint }) : [];
  for (const { path, reason } of problems) context.addIssue({ code: 'custom', path: [path], message: reason });
  if (typeof config.region === 'string' || endpoint !== '') return;
  context.addIssue({
    code: 'custom',
    path: ['region'],
    message: 'is required, unless endpoint (host[:port]) is given',
  });
});

/** The body of POST /v1/connectors. */
export const newConnector = z.strictObject({
  name: displayName,
  type: z.literal('s3', 'must be "s3": the only kind of source there is'),
  config: z.preprocess(readConfigTexts, wholeConfig),
});

/** True if it has a face under /v1: one with settings of its own, which the builtin has not. */
export function isShown(row: ConnectorRow): boolean {
  return !row.builtin && Object.keys(row.config).length > 0;
}

/** The connector whose id under /v1 this is. Throws ResourceNotFound. */
export async function demandConnector(table: Table, id: string): Promise<ConnectorRow> {
  const row = await readNumberedConnector(table, Number(id));
  if (row === undefined || !isShown(row)) throw new ResourceNotFound('connector', id);
  return row;
}

/** All connectors that have a face under /v1, by number. */
export async function shownConnectors(table: Table): Promise<ConnectorRow[]> {
  const rows = await listConnectors(table);
  return rows.filter(isShown).sort((one, other) => one.number - other.number);
}

/** What /v1 shows of connectors. `last_used_at` is when the newest sync of any of their schedules began. */
export async function connectorFaces(
  deps: { readonly table: Table; readonly clock: Clock },
  rows: readonly ConnectorRow[],
): Promise<Tagged[]> {
  const [tested, used] = await Promise.all([readTested(deps.table, rows), lastStarts(deps, rows)]);
  return rows.map((row) => ({
    id: row.number,
    name: row.name,
    type: row.processor.name,
    active: row.processor.enabled,
    last_tested_at: tested.get(row.owner) ?? null,
    last_used_at: used.get(row.id) ?? null,
    created_at: row.created,
    config: shownConfig(row),
    version: connectorTag(row),
  }));
}

/** The settings but for what opens the bucket: clients of this dialect are told that no part of a credential is shown. */
function shownConfig({ config, external_id: externalId }: ConnectorRow): Record<string, unknown> {
  const { access_key_id: _keyId, ...shown } = config;
  return configView(shown, externalId);
}

/** The same for one. */
export async function connectorFace(
  deps: { readonly table: Table; readonly clock: Clock },
  row: ConnectorRow,
): Promise<Tagged> {
  const [face] = await connectorFaces(deps, [row]);
  return face ?? { version: connectorTag(row) };
}
