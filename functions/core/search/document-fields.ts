import { absentPaths } from '../documents/coco-fields.ts';
import type { SearchFields } from './search-filter.ts';

/** What a search of documents may filter by. `key`, `extension` (lower case, without its dot) and `tag`, which Coco's
 *  desktop app says for `tags`, are not shown. */
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
  summary: 'text',
  tags: 'text',
  tag: 'text',
  url: 'text',
  key: 'text',
  extension: 'text',
  'source.type': 'text',
  'source.id': 'text',
  'source.name': 'text',
  'metadata.bucket': 'text',
  'metadata.key': 'text',
  'metadata.etag': 'text',
  'metadata.storage_class': 'text',
  'metadata.last_modified': 'date',
  ...Object.fromEntries(absentPaths.map((path) => [path, 'absent' as const])),
};
