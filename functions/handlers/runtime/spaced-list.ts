import * as z from 'zod';

/** ARNs or origins, separated by spaces, for ARNs may hold commas; may be empty. */
export const spacedList = z.string().transform((text) => text.split(' ').filter((entry) => entry !== ''));
