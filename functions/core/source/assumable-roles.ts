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
  return {
    refusal(roleArn) {
      if (patterns.some((pattern) => matches(pattern, roleArn))) return undefined;
      return patterns.length === 0
        ? `cannot be used here: this Stocktake may take no roles; ${setting}, or give access_key_id and secret_access_key instead`
        : `is none of the roles that this Stocktake may take; ${setting}, or give access_key_id and secret_access_key instead`;
    },
  };
}

/**
 * Matches by going back to the last star alone, which is enough: what an earlier one could take instead, the last one can
 * take as well. So the time is at most the product of both lengths, however many stars there are.
 */
function matches(pattern: string, text: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (pattern[next] === '*') {
      star = next;
      resume = at;
      next += 1;
    } else if (pattern[next] === '?' || pattern[next] === text[at]) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      next = star + 1;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(next));
}
