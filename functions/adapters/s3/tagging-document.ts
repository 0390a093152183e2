import { scanXml } from './xml-scan.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** S3 keeps 10 tags an object, of 128 and 256 characters; other servers a few more. A hostile one would send thousands.
 *  https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
const MOST_TAGS = 64;
const LONGEST_TEXT = 512;

/** The tags in the body of a GetObjectTagging answer; undefined if it is no such document, or one beyond all limits. */
export function readTaggingDocument(body: Uint8Array): Record<string, string> | undefined {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return undefined;
  }
  const tags: [string, string][] = [];
  let current: { Key?: string; Value?: string } = {};
  let strange = false;
  const outcome = scanXml(text, {
    start(name, depth) {
      if (depth === 3 && name === 'Tag') current = {};
    },
    end(name, depth, content) {
      if (depth === 4 && (name === 'Key' || name === 'Value')) current[name] = content;
      if (depth !== 3 || name !== 'Tag') return;
      if (isTag(current)) tags.push([current.Key, current.Value]);
      else strange = true;
    },
  });
  const readable = outcome.root === 'Tagging' && outcome.wellFormed && outcome.unreadable === undefined;
  return readable && !strange && tags.length <= MOST_TAGS ? Object.fromEntries(tags) : undefined;
}

/** What a table could not keep is no tag: S3 has neither empty keys nor such long ones. */
function isTag(tag: { Key?: string; Value?: string }): tag is { Key: string; Value: string } {
  const { Key: key, Value: value } = tag;
  if (key === undefined || value === undefined || key === '' || key === '__proto__') return false;
  return [key, value].every((text) => text.length <= LONGEST_TEXT && text.isWellFormed());
}
