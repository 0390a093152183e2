import { readFile, writeFile } from 'node:fs/promises';
import { toOpenApi } from '#http/openapi/openapi.ts';
import { toRouteTable } from '#http/openapi/route-table.ts';
import { routes } from '#http/routes.ts';

/** Writes docs/openapi.json and docs/routes.md anew from the route table: `node infra/local/write-openapi.ts`. */
const root = new URL('../../', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { version: string };
await writeFile(new URL('docs/openapi.json', root), `${JSON.stringify(toOpenApi(routes, version), null, 2)}\n`);
await writeFile(new URL('docs/routes.md', root), toRouteTable(routes));
