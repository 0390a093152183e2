import { Failure } from '#core/errors.ts';

/**
 * Reads the fields of a multipart form by the platform's own parser. Throws Failure `unsupported_media_type` for a form
 * that brings a file, `invalid_request` for one that is broken or names a field twice.
 */
export async function readForm(bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<Map<string, string>> {
  const fields = new Map<string, string>();
  for (const [name, value] of await parse(bytes, contentType)) {
    const shown = name.slice(0, 80).toWellFormed();
    if (typeof value !== 'string') {
      throw new Failure(
        'unsupported_media_type',
        `the field ${shown} is a file, and files are not taken here: put it into the bucket and name its key`,
      );
    }
    if (fields.has(name)) throw invalid(`it has the field ${shown} twice`);
    fields.set(name, value);
  }
  return fields;
}

async function parse(bytes: Uint8Array<ArrayBuffer>, contentType: string) {
  try {
    return [...(await new Response(bytes, { headers: { 'content-type': contentType } }).formData())];
  } catch {
    throw invalid('it does not follow RFC 7578, or its content type lacks the boundary');
  }
}

function invalid(reason: string): Failure {
  return new Failure('invalid_request', `the body is not a valid multipart form: ${reason}`);
}
