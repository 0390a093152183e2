import { readScope } from '#core/registry/read-scope.ts';
import { policyView } from '#core/source/iam-policy-view.ts';
import type { RouteOf } from '../table/route.ts';
import type { CocoAnswer } from './answer-schemas.ts';
import { plain } from './answers.ts';

export const policyRoutes: readonly RouteOf<'api', CocoAnswer>[] = [
  {
    method: 'GET',
    path: '/datasource/{id}/_iam_policy',
    fn: 'api',
    scope: 'read',
    summary: 'Say what the credentials of a datasource have to be allowed, as JSON, CDK, Terraform and commands',
    answer: 'iam_policy',
    handle: async ({ deps, param }) => {
      const { row, config } = await readScope(deps.table, param('id'));
      const tags = row.enrichment_pipeline?.includes('s3_tags') === true;
      const subject = { ...config, tags, identify: row.sync.expect_empty === true };
      const role = config.credentials.kind === 'role' ? config.credentials : undefined;
      return plain(policyView(row.id, subject, role));
    },
  },
];
