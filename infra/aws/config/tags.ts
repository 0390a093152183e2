import * as z from 'zod';

const rule =
  'must be KEY=VALUE, comma separated: keys of 1–128 and values of up to 256 letters, digits, spaces and _.:/=+-@, not beginning with aws:';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html: 50 a resource. */
const most = 50;

const name = /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu;
const value = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

/** A tag without a sign of equality has an empty key here, and is refused for it. */
function pairs(text: string): Record<string, string> {
  const entries = text.split(',').map((entry) => entry.trim());
  return Object.fromEntries(
    entries
      .filter((entry) => entry !== '')
      .map((entry) => {
        const at = entry.indexOf('=');
        return [entry.slice(0, Math.max(at, 0)), entry.slice(at + 1)];
      }),
  );
}

/** Tags of the stack, as an object or as text; CloudFormation gives them to everything that takes tags. */
export const tags = z
  .union([z.record(z.string(), z.string()), z.string().transform(pairs)], rule)
  .refine((all) => Object.entries(all).every(([key, text]) => name.test(key) && value.test(text)), rule)
  .refine((all) => Object.keys(all).length <= most, `must be ${most} tags at most`);
