/** How the core names a field, and how a client of this dialect knows it; the longer ones first. */
const words: readonly (readonly [core: string, ours: string])[] = [
  ['connector.config.prefix', 'prefix_filter'],
  ['connector.config', 'config'],
  ['connector.id', 'connector_id'],
  ['sync.interval', 'interval'],
  ['sync.cron', 'cron_expression'],
  ['sync.timezone', 'timezone'],
  ['sync.enabled', 'is_active'],
];

/** A message or a field's path as this dialect says it: a schedule has no `sync.cron`. */
export function inFlexOrchWords(text: string): string {
  return words.reduce((said, [core, ours]) => said.replaceAll(core, ours), text);
}
