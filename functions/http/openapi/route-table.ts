import { dialectOf } from '../dialects.ts';
import type { Route } from '../table/route.ts';

/** What each client that was there before us has to be given: the least scope that all of its requests pass with. */
const clients: readonly (readonly [client: string, scope: string])[] = [
  ["Coco's desktop app", '`read`: it searches and opens documents'],
  [
    "the commands of Coco's S3 connector (`PUT /connector/s3`, `POST /datasource/`)",
    '`write`; without a key on a server that needs none',
  ],
  ["Coco's web console", '`write`; `manage` where its users delete connectors or datasources'],
  ["the commands of FlexOrch's S3 connector", '`write`'],
  ["FlexOrch's Python SDK", '`write`; `manage` for `webhooks.*`, `connectors.delete` and `connectors.delete_schedule`'],
  ["FlexOrch's MCP server", '`write`; `read` where it only looks'],
];

/** The table of all routes and the scopes that they take, in Markdown: a pure function of the route table. */
export function toRouteTable(routes: readonly Route[]): string {
  const inCoco = routes.filter(({ path }) => dialectOf(path) === 'coco');
  const inFlexorch = routes.filter(({ path }) => dialectOf(path) === 'flexorch');
  return [
    '# Routes and scopes',
    '',
    'Written by `node infra/local/write-openapi.ts` from the route table; a test fails when it is stale.',
    '',
    'A key has one scope: `read` < `write` < `manage`, each with what the ones before it may. Without a key, or with one that is',
    'unknown, revoked or expired, every route but those of scope `none` answers 401, and with too little of a scope 403.',
    'Where the table names a second scope, keys of scope `read` and `write` that stand in `STOCKTAKE_API_KEYS` still pass with that',
    'one until the next release, and the log warns. Keys that the API made never do.',
    '',
    '## What clients need',
    '| client | scope |',
    '| --- | --- |',
    ...clients.map(([client, scope]) => `| ${client} | ${scope} |`),
    '',
    "## Coco's dialect, and Stocktake's own routes",
    ...tableOf(inCoco),
    '',
    "## FlexOrch's dialect",
    ...tableOf(inFlexorch),
    '',
  ].join('\n');
}

function tableOf(routes: readonly Route[]): string[] {
  const rows = routes.map(({ method, path, scope, scopeBefore, costly, summary }) => {
    const held = scopeBefore === undefined ? `\`${scope}\`` : `\`${scope}\` (before: \`${scopeBefore}\`)`;
    return `| ${method} | \`${path}\` | ${held} | ${costly ? 'yes' : ''} | ${summary.replaceAll('|', '\\|')} |`;
  });
  return ['| method | path | scope | costly | |', '| --- | --- | --- | --- | --- |', ...rows];
}
