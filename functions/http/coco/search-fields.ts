import type { SearchFields } from '#core/search/search-filter.ts';

/** What Coco's clients may filter rows by and ours do not hold, or hold for them alone. */
const absentInRows = {
  icon: 'absent',
  'webhook.enabled': 'absent',
  'owner.userid': 'absent',
  '_system.owner_id': 'absent',
  '_system.tenant_id': 'absent',
} as const;

const everyRow = {
  id: 'text',
  number: 'number',
  name: 'text',
  description: 'text',
  category: 'text',
  tags: 'text',
  created: 'date',
  updated: 'date',
  ...absentInRows,
} as const;

/** What connectors can be filtered and sorted by. */
export const connectorFields: SearchFields = { ...everyRow, builtin: 'boolean', 'processor.enabled': 'boolean' };

/** What datasources can be filtered and sorted by: what their rows hold, not what is looked up for each hit. */
export const datasourceFields: SearchFields = {
  ...everyRow,
  type: 'text',
  enabled: 'boolean',
  'connector.id': 'text',
  'connector.config.bucket': 'text',
  'connector.config.endpoint': 'text',
  'sync.enabled': 'boolean',
  'sync.strategy': 'text',
};
