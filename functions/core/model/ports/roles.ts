export type AccessKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** Keys that end by themselves, at `expiresAt` (epoch milliseconds). */
export type TemporaryKeys = Required<AccessKeys> & { readonly expiresAt: number };

/** A role of the user's, and what its trust policy knows us by. */
export type RoleToTake = { readonly roleArn: string; readonly externalId: string };

/** Takes IAM roles, as whoever Stocktake runs as at AWS. */
export interface RoleCredentials {
  /**
   * Keys that are good for five minutes more at least: those given before while they are. Only while AWS does not answer
   * are older ones given, to their end. Throws Failure: `role_refused` with what to change, `source_throttled`,
   * `endpoint_unreachable`, `source_error`.
   */
  take(role: RoleToTake): Promise<TemporaryKeys>;
}
