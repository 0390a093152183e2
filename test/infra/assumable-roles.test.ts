import { describe, expect, test } from 'vitest';
import { render, type StackTemplate, synthesize } from './stack-template.ts';

type Statement = { readonly Action: string | string[]; readonly Resource: unknown };

const pattern = 'arn:aws:iam::111122223333:role/read-*';
const assuming = ['Jobs', 'Probe', 'Sync'];

/** What each role may take, by the function's name. */
function takenBy(stack: StackTemplate): Record<string, string[]> {
  const policies = stack.ofType('AWS::IAM::Policy').map(([id, { Properties }]) => {
    const { Statement: all } = Properties.PolicyDocument as { Statement: Statement[] };
    const taking = all.filter(({ Action }) => [Action].flat().includes('sts:AssumeRole'));
    const name = id.replace(/RoleDefaultPolicy.*/, '');
    return [name, taking.flatMap(({ Resource }) => [Resource].flat().map(render)).sort()] as const;
  });
  return Object.fromEntries(policies.filter(([, taken]) => taken.length > 0));
}

function variablesOf(stack: StackTemplate, name: string): Record<string, unknown> {
  const [, fn] = stack.ofType('AWS::Lambda::Function').find(([id]) => id.startsWith(`${name}Function`)) ?? [];
  const { Variables = {} } = (fn?.Properties.Environment ?? {}) as { Variables?: Record<string, unknown> };
  return Variables;
}

const withoutHashes = (text: string) => text.replace(/[0-9A-F]{8}(?=\.)/g, '');
const principals = assuming.map((name) => `<${name}Role.Arn>`);

describe('the roles that datasources may name', () => {
  test('given none in the context, no function may take any, and each is told so', () => {
    const stack = synthesize();
    expect(takenBy(stack)).toEqual({});
    expect(JSON.stringify(stack.resources)).not.toContain('sts:AssumeRole","Effect":"Allow","Resource');
    for (const name of ['Api', ...assuming]) expect(variablesOf(stack, name)).toMatchObject({ ASSUMABLE_ROLES: '' });
    for (const name of assuming) expect(variablesOf(stack, name)).toMatchObject({ ASSUMING_ROLES: '' });
    expect(stack.outputs).not.toHaveProperty('AssumingRoleArns');
  });

  test('given some, those that look into buckets may take just these, and the others none', () => {
    const stack = synthesize({ assumableRoles: `arn:aws:iam::111122223333:role/one, ${pattern}` });
    const roles = ['arn:aws:iam::111122223333:role/one', pattern];
    expect(takenBy(stack)).toEqual(Object.fromEntries(assuming.map((name) => [name, roles])));
    for (const name of ['Api', ...assuming]) {
      expect(variablesOf(stack, name)).toMatchObject({ ASSUMABLE_ROLES: roles.join(' ') });
    }
  });

  test('given *, it is every role and nothing else', () => {
    const every = ['arn:<AWS::Partition>:iam::*:role/*'];
    expect(takenBy(synthesize({ assumableRoles: '*' }))).toEqual(
      Object.fromEntries(assuming.map((name) => [name, every])),
    );
  });

  test('given some, functions and whoever deploys are told whom a trust policy has to name', () => {
    const stack = synthesize({ assumableRoles: pattern });
    const told = [
      stack.outputs.AssumingRoleArns?.Value,
      ...assuming.map((name) => variablesOf(stack, name).ASSUMING_ROLES),
    ];
    for (const value of told) expect(withoutHashes(render(value)).split(' ').sort()).toEqual(principals);
    expect(variablesOf(stack, 'Api')).not.toHaveProperty('ASSUMING_ROLES');
  });

  test('given some, no resource of the stack waits for itself', () => {
    const { resources } = synthesize({ assumableRoles: '*' });
    const needs = new Map(Object.entries(resources).map(([id, body]) => [id, referencesOf(body, new Set())]));
    const left = new Map(needs);
    for (let before = -1; before !== left.size; ) {
      before = left.size;
      for (const [id, ids] of left) if (![...ids].some((other) => left.has(other))) left.delete(id);
    }
    expect([...left.keys()]).toEqual([]);
  });
});

function referencesOf(value: unknown, found: Set<string>): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [name, inside] of Object.entries(value)) {
    if (name === 'Ref' && typeof inside === 'string') found.add(inside);
    else if (name === 'Fn::GetAtt') found.add(String((inside as unknown[])[0]));
    else if (name === 'DependsOn') for (const id of [inside].flat()) found.add(String(id));
    else referencesOf(inside, found);
  }
  return found;
}
