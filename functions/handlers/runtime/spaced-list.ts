import * as z from 'zod';

/** ARNs, separated by spaces, for names may hold commas; may be empty. */
export const spacedList = z.string().transform((text) => text.split(' ').filter((entry) => entry !== ''));
