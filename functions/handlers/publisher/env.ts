import * as z from 'zod';

/** What the stack tells the publisher function; infra/aws is held to this shape at compile time. */
export const environment = z.object({
  TABLE_NAME: z.string().min(1),
  BUS_NAME: z.string().min(1),
});
export type PublisherEnvironment = z.input<typeof environment>;
