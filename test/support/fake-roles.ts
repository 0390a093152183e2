import { Failure } from '#core/model/errors.ts';
import type { RoleCredentials, RoleToTake, TemporaryKeys } from '#core/model/ports/roles.ts';
import { createAssumableRoles } from '#core/source/assumable-roles.ts';

export type FakeRoles = RoleCredentials & {
  /** Each taking of a role, in order. */
  readonly taken: RoleToTake[];
  /** Thrown at each taking while it stands. */
  failure?: Failure;
};

/** Roles that can be taken without AWS, with the same keys each time. */
export function createFakeRoles(keys: Omit<TemporaryKeys, 'expiresAt'>): FakeRoles {
  const fake: FakeRoles = {
    taken: [],
    async take(role) {
      fake.taken.push(role);
      if (fake.failure !== undefined) throw fake.failure;
      return { ...keys, expiresAt: Number.MAX_SAFE_INTEGER };
    },
  };
  return fake;
}

/** For worlds in which nobody names a role. */
export const noRoles = {
  roles: { take: () => Promise.reject(new Failure('role_refused', 'no role is taken here')) } satisfies RoleCredentials,
  assumableRoles: createAssumableRoles([], 'there is no way to here'),
};

/** For those in which every role may be named. */
export const anyRole = createAssumableRoles(['*'], 'all are');
