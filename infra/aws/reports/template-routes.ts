import { type Finding, type LintedTemplate, ofType } from './linted-template.ts';

/** By API Gateway's own words in its answer to a bad one: "Parts are validated against this regular expression". */
const part = /^(\{[\w.:-]+\+?\}|[a-zA-Z0-9.:_-]+)$/;
const method = /^(ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT)$/;

/** Routes of an HTTP API, what stages say of them, and where they write their access log. */
export function routeProblems(template: LintedTemplate): Finding[] {
  const routes = ofType(template, 'AWS::ApiGatewayV2::Route').map(
    ([id, { RouteKey }]) => [id, String(RouteKey)] as const,
  );
  const bad = routes.flatMap(([id, key]) => keyProblems(key).map((problem) => finding('route-key', id, problem)));
  const keys = routes.map(([, key]) => key);
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index);
  return [
    ...bad,
    ...twice.map((key) => ({ rule: 'route-key', text: `${key} is there twice: 409 at the second` })),
    ...ofType(template, 'AWS::ApiGatewayV2::Stage').flatMap(([id, stage]) => stageProblems(template, keys, id, stage)),
  ];
}

function keyProblems(key: string): string[] {
  if (key === '$default') return [];
  const [verb = '', path = '', ...rest] = key.split(' ');
  if (!method.test(verb) || !path.startsWith('/') || rest.length > 0) return [`${key} is no METHOD /path`];
  if (path === '/') return [];
  const parts = path.slice(1).split('/');
  const invalid = parts.filter((each) => !part.test(each));
  const greedy = parts.slice(0, -1).filter((each) => each.endsWith('+}'));
  return [
    ...invalid.map((each) => `${key} has the part "${each}", which does not match ${part.source}`),
    ...greedy.map((each) => `${key} has ${each} before its end`),
  ];
}

function stageProblems(
  template: LintedTemplate,
  keys: readonly string[],
  id: string,
  stage: Readonly<Record<string, unknown>>,
): Finding[] {
  const settings = Object.keys((stage.RouteSettings ?? {}) as object);
  const { DestinationArn } = (stage.AccessLogSettings ?? {}) as { DestinationArn?: { 'Fn::GetAtt'?: string[] } };
  const group = template.Resources[DestinationArn?.['Fn::GetAtt']?.[0] ?? ''];
  const name = beginningOf(group?.Properties?.LogGroupName);
  return [
    ...settings
      .filter((key) => !keys.includes(key))
      .map((key) => finding('route-settings', id, `sets limits of ${key}, which is no route: the stage is refused`)),
    // A limit of a route that a later release drops stays, and then every update of the stage fails.
    ...settings
      .filter((key) => key !== '$default')
      .map((key) => finding('route-settings', id, `sets limits of ${key}, which stay when the route goes`)),
    ...(group === undefined || name.startsWith('/aws/vendedlogs/')
      ? []
      : [
          finding(
            'access-log',
            id,
            'its log group is not under /aws/vendedlogs/: refused where a resource policy is full',
          ),
        ]),
  ];
}

function finding(rule: string, id: string, text: string): Finding {
  return { rule, text: `${id}: ${text}` };
}

/** The text that a value begins with, as far as the template knows it. */
function beginningOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value ?? '');
  const [, parts = []] = 'Fn::Join' in value ? (value['Fn::Join'] as [string, unknown[]]) : [];
  return parts.length === 0 ? '' : beginningOf(parts[0]);
}
