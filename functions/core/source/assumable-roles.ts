/** Which roles whoever hosts Stocktake lets it take. */
export interface AssumableRoles {
  /** Why this role may not be taken, to follow the word `role_arn`; undefined when it may. */
  refusal(roleArn: string): string | undefined;
}

/**
 * Reads patterns as IAM reads the resources of a policy: `*` stands for any characters, `?` for one. Without any, no role
 * may be taken. `setting` says where they are set, for the caller of the API.
 */
export function createAssumableRoles(patterns: readonly string[], setting: string): AssumableRoles {
  const expressions = patterns.map(expressionOf);
  return {
    refusal(roleArn) {
      if (expressions.some((expression) => expression.test(roleArn))) return undefined;
      return patterns.length === 0
        ? `cannot be used here: this Stocktake may take no roles; ${setting}, or give access_key_id and secret_access_key instead`
        : `is none of the roles that this Stocktake may take; ${setting}, or give access_key_id and secret_access_key instead`;
    },
  };
}

function expressionOf(pattern: string): RegExp {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  // Many stars in a row would make the expression slow and mean the same as one.
  return new RegExp(`^${literal.replace(/\*+/g, '.*').replaceAll('?', '.')}$`, 's');
}
