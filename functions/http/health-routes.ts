import type { CocoAnswer } from './coco/answer-schemas.ts';
import { plain } from './coco/answers.ts';
import type { RouteOf } from './table/route.ts';

/** For load balancers and people: says nothing but that this answers. */
export const healthRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  {
    method: 'GET',
    path: '/_health',
    scope: 'none',
    fn: 'api',
    summary: 'Say that the API answers',
    answer: 'health',
    handle: async () => plain({ status: 'ok' }),
  },
];
