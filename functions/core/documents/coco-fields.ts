/**
 * The one list of what Coco's documents hold and ours never do, each with the names below it that are filtered by. Its
 * clients filter by these fields and send them back: they are no mistakes, and nothing here has them.
 */
const absent: Readonly<Record<string, readonly string[]>> = {
  subcategory: [],
  rich_categories: ['key', 'label', 'icon'],
  lang: [],
  content: [],
  thumbnail: [],
  cover: [],
  owner: ['userid', 'username', 'avatar'],
  last_updated_by: ['user', 'user.userid', 'user.username', 'timestamp'],
  disabled: [],
  processed: [],
  attachments: [],
  payload: [],
  ai_insights: ['text'],
  document_chunk: ['text'],
  _system: ['parent_path', 'owner_id', 'tenant_id'],
};

/** Dotted paths of Coco's documents that no document here has. */
export const absentPaths: readonly string[] = Object.entries(absent).flatMap(([name, inner]) => [
  name,
  ...inner.map((each) => `${name}.${each}`),
]);

/** What a document shows that follows from its object: it cannot be changed here. */
const derived = ['id', 'source', 'type', 'title', 'icon', 'url', 'size', 'category', 'categories'];
const dated = ['created', 'updated', 'metadata'];

/** What Coco's clients put on a hit before they send it back. */
const added = ['_index', '_type', 'highlight', 'on_opened', 'shares', 'editor'];

/** Names in the body of a document that are known and change nothing. */
export const ignoredNames: readonly string[] = [...Object.keys(absent), ...derived, ...dated, ...added];
