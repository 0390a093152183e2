import { expect, test } from 'vitest';
import { createEventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { render, type StackTemplate, synthesize } from './stack-template.ts';

type Statement = {
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Action: string;
  readonly Resource: unknown;
  readonly Condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

const withoutHashes = (text: string) => text.replace(/[0-9A-F]{8}(?=\.)/g, '');

function policies(stack: StackTemplate): { bus: string; statement: Statement }[] {
  return stack.ofType('AWS::Events::EventBusPolicy').map(([, { Properties }]) => ({
    bus: render(Properties.EventBusName),
    statement: Properties.Statement as Statement,
  }));
}

/** The roles whose functions are told of the bus, and so publish on it. */
function publishers(stack: StackTemplate): string[] {
  const told = stack.ofType('AWS::Lambda::Function').filter(([, { Properties }]) => {
    const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
    return Variables.BUS_NAME !== undefined;
  });
  return told.map(([, { Properties }]) => render(Properties.Role));
}

const stack = synthesize();

test("given the stack's bus, our source is denied to every principal but the roles of the functions that publish", () => {
  const [{ bus, statement } = expect.unreachable(), ...others] = policies(stack);
  expect(others).toEqual([]);
  expect(bus).toMatch(/^<EventsBus[0-9A-F]{8}(\.Name)?>$/);
  expect(statement).toMatchObject({ Effect: 'Deny', Principal: '*', Action: 'events:PutEvents' });
  expect(withoutHashes(render(statement.Resource))).toBe('<EventsBus.Arn>');
  const { 'ForAnyValue:StringEquals': which, ArnNotEquals: but, ...rest } = statement.Condition;
  expect(rest).toEqual({});
  expect(which).toEqual({ 'events:source': 'stocktake' });
  expect([but?.['aws:PrincipalArn']].flat().map(render)).toEqual(publishers(stack));
  expect(publishers(stack)).toHaveLength(1);
});

test('given events as the adapter sends them, each has the source that the policy names', async () => {
  const sent: { Source?: string }[] = [];
  const client = {
    send: async ({ input }: { input: { Entries?: { Source?: string }[] } }) => {
      sent.push(...(input.Entries ?? []));
      return { FailedEntryCount: 0, Entries: (input.Entries ?? []).map(() => ({ EventId: 'id' })) };
    },
  };
  await createEventBridgeBus(client as never, 'bus').publish([
    { id: 'one', type: 'Sync Completed', time: 0, detail: {} } as never,
  ]);
  expect(sent.map(({ Source }) => Source)).toEqual(['stocktake']);
});

test("given a bus that was there, its policy is its owner's: another Stocktake may speak there too", () => {
  expect(policies(synthesize({ eventBusName: 'acme' }))).toEqual([]);
});
