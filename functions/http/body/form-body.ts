import { isUtf8 } from 'node:buffer';
import { Failure } from '#core/model/errors.ts';

/** Ours: no form that is taken has more than three fields. */
const mostParts = 20;

/**
 * Reads the fields of a form as a URL writes them (application/x-www-form-urlencoded), strictly: an escape that is broken
 * or no UTF-8 is refused, where the platform's own reader would put U+FFFD into a key. Throws Failure `invalid_request`
 * that names the field.
 */
export function readUrlForm(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  const parts = text.split('&', mostParts + 1);
  if (parts.length > mostParts) throw notUrlForm('', `it has more than ${mostParts} fields`);
  for (const part of parts.filter((each) => each !== '')) {
    const [rawName = '', ...rest] = part.split('=');
    const name = unescaped(rawName, rawName);
    if (name === '') throw notUrlForm('', 'a field of it has no name');
    if (fields.has(name)) throw notUrlForm(name, `it has the field ${shown(name)} twice`);
    fields.set(name, unescaped(rest.join('='), name));
  }
  return fields;
}

function unescaped(text: string, name: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw notUrlForm(name, `the field ${shown(name)} holds an escape that is not UTF-8, such as %FF or %zz`);
  }
}

function notUrlForm(name: string, reason: string): Failure {
  const details = name === '' ? [] : [{ path: shown(name), reason }];
  return new Failure('invalid_request', `the body is not a valid urlencoded form: ${reason}`, { details });
}

/**
 * Reads the fields of a multipart form (RFC 7578), strictly: what is broken anywhere is refused as a whole. Read here,
 * for the platform's own reader refuses boundaries below 26 characters and names without quotes, which clients send.
 * Throws Failure `unsupported_media_type` for a form that brings a file, `invalid_request` for one that is broken or
 * names a field twice.
 */
export function readForm(bytes: Buffer, contentType: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of partsOf(bytes, boundaryOf(contentType))) {
    const { name, value } = readPart(part);
    if (fields.has(name)) throw invalid(`it has the field ${shown(name)} twice`);
    fields.set(name, value);
  }
  return fields;
}

/** https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1: at most 70 characters. */
function boundaryOf(contentType: string): string {
  if (!/^\s*multipart\/form-data\s*;/i.test(contentType)) throw invalid('its content type must be multipart/form-data');
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw invalid('its content type lacks the boundary');
  return boundary;
}

/** The parts between the boundaries, a character for each byte. */
function partsOf(bytes: Buffer, boundary: string): string[] {
  const [before, ...parts] = `\r\n${bytes.toString('latin1')}`.split(`\r\n--${boundary}`, mostParts + 3);
  if (parts.length > mostParts + 1) throw invalid(`it has more than ${mostParts} parts`);
  const end = parts.pop();
  if (before !== '' || end === undefined) throw invalid('it does not begin with its boundary');
  if (!/^--(?:\r\n|$)/.test(end)) throw invalid('it breaks off before its last boundary');
  return parts;
}

function readPart(part: string): { readonly name: string; readonly value: string } {
  const gap = part.indexOf('\r\n\r\n');
  if (!part.startsWith('\r\n') || gap === -1) throw invalid('a part of it has no headers');
  const headers = part.slice(2, Math.max(2, gap)).split('\r\n');
  const [disposition = '', ...others] = headers.filter((line) => /^content-disposition:/i.test(line));
  const [found, ...more] = disposition.matchAll(/;\s*name=(?:"([^"]*)"|([^\s;"]+))/gi);
  // Of two, whoever stands before us may have judged the other one.
  if (others.length > 0 || more.length > 0) throw invalid('a part of it says twice what it is');
  const isField = /^content-disposition:\s*form-data\s*;/i.test(disposition);
  const name = isField ? textOf(found?.[1] ?? found?.[2] ?? '') : '';
  if (name === '') throw invalid('a part of it has no name');
  if (/;\s*filename\*?=/i.test(disposition)) throw fileRefused(name);
  const encoded = headers.some((line) => /^content-transfer-encoding:\s*(?!7bit|8bit|binary)/i.test(line));
  if (encoded) throw invalid(`the field ${shown(name)} has a transfer encoding`);
  return { name, value: textOf(part.slice(gap + 4)) };
}

function textOf(characters: string): string {
  const bytes = Buffer.from(characters, 'latin1');
  if (!isUtf8(bytes)) throw invalid('it is not UTF-8');
  return bytes.toString('utf8');
}

function fileRefused(name: string): Failure {
  return new Failure(
    'unsupported_media_type',
    `the field ${shown(name)} is a file, and files are not taken here: put it into the bucket and name its key`,
  );
}

function shown(name: string): string {
  return name.slice(0, 80).toWellFormed();
}

function invalid(reason: string): Failure {
  return new Failure('invalid_request', `the body is not a valid multipart form: ${reason}`);
}
