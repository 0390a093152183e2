import { isDeepStrictEqual } from 'node:util';
import { echoedFields } from '#core/registry/connector.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the documents say is read and changes nothing, or is shown to nobody. */
const unshown = new Set([
  ...Object.keys(echoedFields),
  ...['id', 'webhook', 'secret_access_key', 'session_token', 'external_id', 'secret', 'expression', 'changed_by'],
  ...['last_run_at', 'next_run_at', 'created_at', 'version', 'connector_id'],
]);

const spellings: ReadonlyMap<string, string> = new Map(
  Object.entries({
    aws_access_key_id: 'access_key_id',
    accessKeyId: 'access_key_id',
    aws_secret_access_key: 'secret_access_key',
    secretAccessKey: 'secret_access_key',
  }),
);

/**
 * The paths of what was sent with success and reads otherwise, beyond what is documented: null, and an empty text where a
 * region or a pipeline stands, take away; a name is shown without spaces around it; the tags of a document are told once.
 */
export function readsOtherwise(sent: unknown, shown: unknown, path = ''): string[] {
  if (!isFields(sent)) return [];
  return Object.entries(sent).flatMap(([spelt, value]) => {
    const name = spellings.get(spelt) ?? spelt;
    if (unshown.has(name)) return [];
    const there = isFields(shown) && Object.hasOwn(shown, name) ? shown[name] : undefined;
    const at = path === '' ? name : `${path}.${name}`;
    if (isFields(value) && isFields(there)) return readsOtherwise(value, there, at);
    return isSame(at, value, there) ? [] : [`${at}: sent ${short(value)}, reads ${short(there)}`];
  });
}

function isSame(path: string, sent: unknown, shown: unknown): boolean {
  if (takesAway(path, sent)) return shown === undefined;
  return isDeepStrictEqual(shown, sent);
}

function takesAway(path: string, sent: unknown): boolean {
  if (sent === null) return true;
  if (path.endsWith('region')) return sent === '';
  if (path === 'enrichment_pipeline') return sent === '' || (isFields(sent) && Object.keys(sent).length === 0);
  // Nothing is in an object without fields: it may be left out.
  return isFields(sent) && Object.keys(sent).length === 0;
}

/** A schedule of /v1 as it is sent: two spellings, and what a connector or a default says instead of it. */
export function scheduleOtherwise(sent: Fields, shown: Fields): string[] {
  const {
    cron,
    cron_expression = cron,
    prefix,
    prefix_filter = prefix,
    enabled,
    is_active = enabled,
    interval,
    ...rest
  } = sent;
  const { timezone, ...others } = rest;
  const said = { cron_expression, prefix_filter, is_active, interval };
  const given = Object.entries(said).filter(([, value]) => value !== undefined && value !== null);
  return [
    ...readsOtherwise(others, shown),
    ...readsOtherwise(Object.fromEntries(given), shown),
    ...zoneOtherwise(timezone, shown),
  ];
}

function zoneOtherwise(sent: unknown, shown: Fields): string[] {
  return typeof sent !== 'string' || shown.timezone === sent
    ? []
    : [`timezone: sent ${sent}, reads ${short(shown.timezone)}`];
}

/** Tags and summary of a document, which an empty one takes away. */
export function documentOtherwise({ tags, summary }: Fields, shown: Fields): string[] {
  const wanted = { tags: Array.isArray(tags) ? [...new Set(tags)] : tags, summary };
  return Object.entries(wanted).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const empty = value === null || value === '' || (Array.isArray(value) && value.length === 0);
    return isDeepStrictEqual(shown[name], empty ? undefined : value)
      ? []
      : [`${name}: sent ${short(value)}, reads ${short(shown[name])}`];
  });
}

/** A connector of /v1, whose settings may be written as texts, and its endpoint with the scheme. */
export function connectorOtherwise({ name, config }: Fields, shown: Fields): string[] {
  const settings = isFields(config) ? config : {};
  const plain = Object.entries(settings).filter(
    ([, value]) => typeof value !== 'string' || !/^(https?:|true|false|1|2$)/i.test(value.trim()),
  );
  const { access_key_id: _a, aws_access_key_id: _b, accessKeyId: _c, ...told } = Object.fromEntries(plain);
  return readsOtherwise({ name, config: told }, shown);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function short(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}
