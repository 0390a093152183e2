import { type Finding, type LintedTemplate, ofType } from './linted-template.ts';

/** What AWS writes in place of a reference: an ARN or a URL with a name in it. */
const longestReference = 150;

const limits = { environment: 4096, policies: 10_240, resources: 500, outputs: 200, template: 1_000_000 } as const;

/** What has a limit in bytes or in number. References count as 150 bytes. */
export function sizeProblems(template: LintedTemplate & { readonly Outputs?: object }): Finding[] {
  const { Resources, Outputs = {} } = template;
  const sizes: [what: string, size: number, most: number][] = [
    ...ofType(template, 'AWS::Lambda::Function').map(([id, { Environment = {} }]): [string, number, number] => [
      `the environment of ${id}, bytes`,
      written((Environment as { Variables?: object }).Variables ?? {}),
      limits.environment,
    ]),
    ...[...policiesOf(template)].map(([role, size]): [string, number, number] => [
      `the inline policies of ${role}, characters`,
      size,
      limits.policies,
    ]),
    ['resources', Object.keys(Resources).length, limits.resources],
    ['outputs', Object.keys(Outputs).length, limits.outputs],
    ['bytes of the template', Buffer.byteLength(JSON.stringify(template)), limits.template],
  ];
  return sizes.flatMap(([what, size, most]) =>
    size > most ? [{ rule: 'size', text: `${what}: ${size}, and AWS takes ${most}` }] : [],
  );
}

function policiesOf(template: LintedTemplate): Map<string, number> {
  const sizes = new Map<string, number>();
  const add = (role: string, document: unknown) => sizes.set(role, (sizes.get(role) ?? 0) + written(document));
  for (const [, { Roles, PolicyDocument }] of ofType(template, 'AWS::IAM::Policy')) {
    for (const role of (Roles ?? []) as { Ref?: string }[]) add(role.Ref ?? JSON.stringify(role), PolicyDocument);
  }
  for (const [id, { Policies }] of ofType(template, 'AWS::IAM::Role')) {
    for (const { PolicyDocument } of (Policies ?? []) as { PolicyDocument: unknown }[]) add(id, PolicyDocument);
  }
  return sizes;
}

function written(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value, (_, inside) => (isReference(inside) ? asText(inside) : inside)));
}

function isReference(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const [name = '', ...others] = Object.keys(value);
  return others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
}

function asText(value: unknown): string {
  if (!isReference(value)) return String(value);
  const join = value['Fn::Join'] as [string, unknown[]] | undefined;
  return join === undefined ? 'x'.repeat(longestReference) : join[1].map(asText).join(join[0]);
}
