export type AccessKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** Keys that end by themselves, at `expiresAt` (epoch milliseconds). */
export type TemporaryKeys = Required<AccessKeys> & { readonly expiresAt: number };

/** A role of the user's, what its trust policy knows us by, and the one bucket that it is taken to read. */
export type RoleToTake = { readonly roleArn: string; readonly externalId: string; readonly bucket: string };

/** Takes IAM roles, as whoever Stocktake runs as at AWS. */
export interface RoleCredentials {
  /**
   * Keys that are good for five minutes more at least: those given before while they are. Only while AWS does not answer
   * are older ones given, to their end. Throws Failure: `role_refused` with what to change, `source_throttled`,
   * `endpoint_unreachable`, `source_error`.
   */
  take(role: RoleToTake): Promise<TemporaryKeys>;
}
