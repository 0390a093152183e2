import { baseName } from '#core/keys/file-name.ts';
import type { ConnectorRow } from '#core/registry/connector.ts';
import { listConnectors } from '#core/registry/connector-store.ts';
import packageFacts from '../../../package.json' with { type: 'json' };
import type { ApiDeps } from '../table/deps.ts';
import type { Reply, RequestContext, RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { list, plain } from './answers.ts';

const common = { method: 'GET', scope: 'read', fn: 'api' } as const;

/** What Coco's clients ask about a server before anything else. */
export const providerRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  {
    ...common,
    path: '/provider/_info',
    summary: 'Say what server this is, for clients that add it by its address',
    answer: 'provider_info',
    handle: providerInfo,
  },
  {
    ...common,
    path: '/icons/list',
    summary: 'List the icons that the connectors name',
    answer: 'icons',
    handle: async ({ deps }) => list(iconsOf(await listConnectors(deps.table))),
  },
];

/** Coco's desktop app takes an answer without any of these for a broken server. There is no page to log in at: the URL
 *  of that is empty. */
async function providerInfo({ deps, header }: RequestContext<ApiDeps>): Promise<Reply> {
  return plain({
    name: 'Stocktake',
    endpoint: endpointOf(header),
    provider: {
      name: 'Stocktake',
      description: packageFacts.description,
      icon: '',
      website: '',
      eula: '',
      privacy_policy: '',
      banner: '',
    },
    version: { number: packageFacts.version },
    updated: new Date(deps.clock.now()).toISOString(),
    public: !deps.apiKeys.configured,
    auth_provider: { sso: { url: '' } },
  });
}

/** The address that the caller knows us by: API Gateway tells the protocol, a server on one machine has no other. */
function endpointOf(header: (name: string) => string | undefined): string {
  const host = header('host') ?? '';
  if (!/^[A-Za-z0-9.:[\]_-]{1,260}$/.test(host)) return '';
  return `${header('x-forwarded-proto') === 'https' ? 'https' : 'http'}://${host}`;
}

/** No pictures are served here: a client finds them where its connectors' paths lead. */
function iconsOf(connectors: readonly ConnectorRow[]): Record<string, string>[] {
  const named = connectors.flatMap(({ icon = '', assets }) => [icon, ...Object.values(assets?.icons ?? {})]);
  return [...new Set(named)].filter((path) => path !== '').map(iconOf);
}

/** A text without a slash is the name of a picture in a font. */
function iconOf(path: string): Record<string, string> {
  if (!path.includes('/')) return { name: path, path, category: '', source: 'fonts' };
  const name = baseName(path);
  const folder = baseName(path.slice(0, path.lastIndexOf('/')));
  return { name: name.replace(/\.[A-Za-z0-9]{1,5}$/, ''), path, category: folder, source: 'icons' };
}
