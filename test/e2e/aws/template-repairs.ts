import type { Template, TemplateResource } from './synthesize.ts';

/** Changes what MiniStack would take otherwise than AWS: the deployed stack is to be the one that AWS would make. */
export function repairTemplate(template: Template): string {
  const { Parameters: parameters, Rules: rules, ...rest } = template;
  const secrets = new Set(
    Object.entries(template.Resources).flatMap(([id, { Type }]) =>
      Type === 'AWS::SecretsManager::Secret' ? [id] : [],
    ),
  );
  return JSON.stringify({
    // The parameter that asks for a bootstrapped account: assets are put without one here.
    ...rest,
    Parameters: without(parameters, 'BootstrapVersion'),
    Rules: without(rules, 'CheckBootstrapVersion'),
    Resources: withSecretArns(withoutWhatCannotBe(template.Resources), secrets),
    Outputs: withSecretArns(template.Outputs, secrets),
  });
}

function without(section: unknown, name: string): Record<string, unknown> {
  const { [name]: _left, ...rest } = (section ?? {}) as Record<string, unknown>;
  return rest;
}

/** Alarms on a sum or ratio of metrics cannot be made, nor the policy of a bus; no function knows of either. */
function withoutWhatCannotBe(resources: Template['Resources']): Template['Resources'] {
  const isKept = ({ Type, Properties }: TemplateResource) =>
    Type !== 'AWS::Events::EventBusPolicy' && (Type !== 'AWS::CloudWatch::Alarm' || Properties?.Metrics === undefined);
  return Object.fromEntries(Object.entries(resources).filter(([, resource]) => isKept(resource)));
}

/** The Ref of a secret is its ARN on AWS, and its name on MiniStack. */
function withSecretArns(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((each) => withSecretArns(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  const reference = (value as { Ref?: unknown }).Ref;
  if (typeof reference === 'string' && secrets.has(reference)) return { 'Fn::GetAtt': [reference, 'Id'] };
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withSecretArns(each, secrets)]));
}
