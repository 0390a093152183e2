import { isRegion } from '#core/source/region.ts';
import { scanXml } from './xml-scan.ts';

/** What of an S3 error document is used. */
export type ErrorDocument = {
  /** Letters, digits and dots only, as the codes of S3 servers are. */
  readonly code?: string;
  /** As the server wrote it: it may echo what was sent, headers included. To be shown by `quotable` alone. */
  readonly message?: string;
  /** The region that the server asks for; shaped like one. */
  readonly region?: string;
  /** It says what is wrong with `list-type`, the parameter that the older ListObjects does not have. */
  readonly dislikesListType: boolean;
  /** It says that whoever asks has to agree to be billed. AWS itself only says AccessDenied. */
  readonly wantsRequesterToPay?: boolean;
};

/** Servers that leave out the element say it as AWS's message does: `the region 'a' is wrong; expecting 'b'`. */
const expectedRegion = /expecting '([\w.-]{1,64})'/;

/** Reads an `<Error>` document as far as it goes; without a code if it is none. */
export function readErrorDocument(body: Uint8Array): ErrorDocument {
  const found = { dislikesListType: false } as {
    -readonly [Name in keyof ErrorDocument]: ErrorDocument[Name];
  };
  let isError = false;
  scanXml(new TextDecoder().decode(body), {
    start(name, depth) {
      if (depth === 1) isError = isErrorRoot(name);
      return undefined;
    },
    end(name, depth, text) {
      if (!isError || depth !== 2 || text === undefined) return;
      if (name === 'Code' && /^[A-Za-z0-9.]{1,64}$/.test(text)) found.code = text;
      if (name === 'Region' && isRegion(text)) found.region = text;
      if ((name === 'ArgumentName' || name === 'Message') && text.includes('list-type')) found.dislikesListType = true;
      if (name === 'Message') readMessage(found, text);
    },
  });
  return found;
}

/** True of the root of an error document, whatever prefix its namespace has. */
export function isErrorRoot(name: string): boolean {
  return name.slice(name.indexOf(':') + 1) === 'Error';
}

function readMessage(found: { -readonly [Name in keyof ErrorDocument]: ErrorDocument[Name] }, text: string): void {
  found.message = text;
  if (/request(?:er)?[ -]pay/i.test(text)) found.wantsRequesterToPay = true;
  const region = expectedRegion.exec(text)?.[1];
  if (region !== undefined) found.region ??= region;
}
