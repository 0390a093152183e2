import { describe, expect, test } from 'vitest';
import { createSecretFrontDoor } from '#adapters/aws/secret-front-door.ts';

type Versions = { AWSCURRENT?: string; AWSPREVIOUS?: string; failure?: string };

function setUp(versions: Versions) {
  const time = { now: 0 };
  const asked: unknown[] = [];
  const client = {
    send: async ({ input }: { input: { SecretId: string; VersionStage: 'AWSCURRENT' | 'AWSPREVIOUS' } }) => {
      asked.push(input);
      if (versions.failure !== undefined)
        throw Object.assign(new Error('what was answered'), { name: versions.failure });
      const SecretString = versions[input.VersionStage];
      if (SecretString === undefined) throw Object.assign(new Error('none'), { name: 'ResourceNotFoundException' });
      return { SecretString };
    },
  };
  return { time, asked, door: createSecretFrontDoor(client as never, 'arn', { now: () => time.now }) };
}

describe('the secret of the front door', () => {
  test('given one version, it is taken and nothing else, and is read once a minute', async () => {
    const { door, asked, time } = setUp({ AWSCURRENT: 'one' });
    expect([await door.accepts('one'), await door.accepts('two'), await door.accepts('')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(asked).toEqual([
      { SecretId: 'arn', VersionStage: 'AWSCURRENT' },
      { SecretId: 'arn', VersionStage: 'AWSPREVIOUS' },
    ]);
    time.now = 59_999;
    await door.accepts('one');
    expect(asked).toHaveLength(2);
    time.now = 60_000;
    await door.accepts('one');
    expect(asked).toHaveLength(4);
  });

  test('given a rotation, both versions are taken until the older one is taken back', async () => {
    const versions: Versions = { AWSCURRENT: 'one' };
    const { door, time } = setUp(versions);
    await door.accepts('one');
    Object.assign(versions, { AWSCURRENT: 'two', AWSPREVIOUS: 'one' });
    time.now = 60_000;
    expect([await door.accepts('one'), await door.accepts('two')]).toEqual([true, true]);
    delete versions.AWSPREVIOUS;
    time.now = 120_000;
    expect([await door.accepts('one'), await door.accepts('two')]).toEqual([false, true]);
  });

  test('given that Secrets Manager is away, what was read counts on; given nothing was read, it is an error without its text', async () => {
    const versions: Versions = { AWSCURRENT: 'one' };
    const { door, time, asked } = setUp(versions);
    await door.accepts('one');
    versions.failure = 'InternalServiceError';
    time.now = 86_400_000;
    expect([await door.accepts('one'), await door.accepts('two')]).toEqual([true, false]);
    expect(asked).toHaveLength(4);
    const never = setUp({ failure: 'AccessDeniedException' });
    const message = 'the secret of the front door could not be read from Secrets Manager: AccessDeniedException';
    await expect(never.door.accepts('one')).rejects.toThrow(message);
  });

  test('given many who come at once, it is read once', async () => {
    const { door, asked } = setUp({ AWSCURRENT: 'one' });
    await Promise.all(Array.from({ length: 20 }, () => door.accepts('one')));
    expect(asked).toHaveLength(2);
  });
});
