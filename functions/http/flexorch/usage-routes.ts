import type { RouteOf } from '../table/route.ts';
import type { FlexorchAnswer } from './answer-schemas.ts';
import { success } from './envelope.ts';

/** Nothing is metered: what holds requests back is the throttle of the API's stage, which counts for all callers. */
const unlimited = {
  plan: 'self-hosted',
  unlimited: true,
  limit: null,
  used: 0,
  remaining: null,
  window_seconds: 60,
  reset_in_seconds: 0,
};

/** There are no credits to use up, and no trial that ends. */
const noCredits = {
  plan: unlimited.plan,
  usage: { credits: { used: 0, limit: null, remaining: null } },
  trial: { is_trial: false, trial_ends_at: null, trial_days_remaining: null },
};

export const usageRoutes: readonly RouteOf<'api', FlexorchAnswer>[] = [
  {
    method: 'GET',
    path: '/v1/usage',
    scope: 'read',
    fn: 'api',
    summary: 'Say what was used of a plan: nothing is metered',
    answer: 'v1_usage',
    handle: async () => success(noCredits),
  },
  {
    method: 'GET',
    path: '/v1/usage/rate-limits',
    scope: 'read',
    fn: 'api',
    summary: 'Say how many requests are left: there is no limit to count',
    answer: 'v1_rate_limits',
    handle: async () => success(unlimited),
  },
];
