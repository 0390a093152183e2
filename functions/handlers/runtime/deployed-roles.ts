import { type AssumableRoles, createAssumableRoles } from '#core/source/assumable-roles.ts';

/** The roles that whoever deployed the stack lets it take; none unless they are named. */
export function deployedRoles(patterns: readonly string[]): AssumableRoles {
  return createAssumableRoles(patterns, 'have it named in assumableRoles where Stocktake is deployed');
}
