import { scanXml } from './xml-scan.ts';

/** What of an S3 error document may be used: its message may echo what was sent, headers included, so it is left. */
export type ErrorDocument = {
  /** Letters and dots only, as S3's codes are. */
  readonly code?: string;
  /** The region that the server asks for; shaped like one. */
  readonly region?: string;
  /** It says what is wrong with `list-type`, the parameter that the older ListObjects does not have. */
  readonly dislikesListType: boolean;
  /** It says that whoever asks has to agree to be billed. AWS itself only says AccessDenied. */
  readonly wantsRequesterToPay?: boolean;
};

/** Reads an `<Error>` document as far as it goes; without a code if it is none. */
export function readErrorDocument(body: Uint8Array): ErrorDocument {
  const found = { dislikesListType: false } as {
    -readonly [Name in keyof ErrorDocument]: ErrorDocument[Name];
  };
  let isError = false;
  scanXml(new TextDecoder().decode(body), {
    start(name, depth) {
      if (depth === 1) isError = name === 'Error';
      return undefined;
    },
    end(name, depth, text) {
      if (!isError || depth !== 2 || text === undefined) return;
      if (name === 'Code' && /^[A-Za-z.]{1,64}$/.test(text)) found.code = text;
      if (name === 'Region' && isRegion(text)) found.region = text;
      if ((name === 'ArgumentName' || name === 'Message') && text.includes('list-type')) found.dislikesListType = true;
      if (name === 'Message' && /request(?:er)?[ -]pay/i.test(text)) found.wantsRequesterToPay = true;
    },
  });
  return found;
}

/** True of what may be signed with and shown as a region; foreign servers have names of their own, such as `auto`. */
export function isRegion(text: string): boolean {
  return /^[a-z0-9-]{1,40}$/.test(text);
}
