import { authorityProblem } from '../source/endpoint.ts';

/** The parts of a webhook's URL that decide who is dialled; `endpoint` is host[:port] as it was written. */
export type WebhookTarget = { readonly useSsl: boolean; readonly endpoint: string };

const longest = 2048;

/**
 * Reads an absolute http or https URL without user and fragment. The host is judged as it was written, before any URL
 * parser could turn an odd spelling of an address into a plain one. Whether it may be dialled is not said here.
 *
 * @returns its target, or the reason why it cannot be used, for the caller of the API.
 */
export function parseWebhookUrl(text: string): WebhookTarget | { readonly reason: string } {
  if (text.length > longest) return { reason: `must be at most ${longest.toLocaleString('en')} characters` };
  if (!/^[\x21-\x7e]*$/.test(text) || /[\\<>"{}|^`]/.test(text)) {
    return { reason: 'must be written in ASCII without spaces; percent-encode other characters' };
  }
  const parts = /^(https?):\/\/([^/?#]*)/i.exec(text);
  if (parts === null) return { reason: 'must be an absolute URL such as https://hooks.example.com/stocktake' };
  const [, scheme = '', endpoint = ''] = parts;
  if (text.includes('#')) return { reason: 'must not have a fragment (#…): servers are never sent one' };
  if (endpoint.includes('@')) return { reason: 'must not carry a user or password; verify the signature instead' };
  const problem = endpoint === '' ? 'must not be empty' : authorityProblem(endpoint);
  if (problem !== undefined) return { reason: `has a host that cannot be used: it ${problem}` };
  // It would be judged without the dot and dialled with it.
  if (/\.(?::\d*)?$/.test(endpoint)) return { reason: 'has a host that cannot be used: it must not end in a dot' };
  if (!URL.canParse(text)) return { reason: 'is not a valid URL' };
  return { useSsl: scheme.toLowerCase() === 'https', endpoint };
}
