import type { SearchFields } from './search-filter.ts';

/** What a search of documents may filter by. `key` and `extension` (lower case, without its dot) are not shown. */
export const documentFields: SearchFields = {
  id: 'text',
  title: 'text',
  type: 'text',
  icon: 'text',
  category: 'text',
  categories: 'text',
  size: 'number',
  created: 'date',
  updated: 'date',
  key: 'text',
  extension: 'text',
  'source.id': 'text',
  'source.name': 'text',
  'metadata.bucket': 'text',
  'metadata.key': 'text',
  'metadata.etag': 'text',
  'metadata.storage_class': 'text',
  'metadata.last_modified': 'date',
};
