import * as z from 'zod';

/** What the stack tells the schedules function; infra/aws is held to this shape at compile time. */
export const environment = z.object({
  TABLE_NAME: z.string().min(1),
  WORK_QUEUE_URL: z.string().min(1),
  JOBS_QUEUE_URL: z.string().min(1),
  SCHEDULE_GROUP: z.string().min(1),
  /** Differs from that of every other stack that ever was, whatever its name. */
  STACK_ID: z.string().min(1),
  SCHEDULE_ROLE_ARN: z.string().min(1),
  SYNC_FUNCTION_ARN: z.string().min(1),
  SCHEDULE_DLQ_ARN: z.string().min(1),
});
export type SchedulesEnvironment = z.input<typeof environment>;
