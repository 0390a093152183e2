import * as z from 'zod';
import { authorityProblem } from '#core/source/endpoint.ts';

const entry = z.string().superRefine((text, context) => {
  const message = authorityProblem(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** host[:port], comma separated; may be empty. Read when a function starts, for one bad entry would refuse every endpoint. */
export const privateEndpoints = z
  .string()
  .transform((text) => text.split(',').filter((each) => each !== ''))
  .pipe(z.array(entry));
