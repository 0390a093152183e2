/** Knows the secrets that the distribution in front of a deployment may send: two of them while one is being replaced. */
export type FrontDoor = {
  /** Throws if they could not be read yet. */
  accepts(secret: string): Promise<boolean>;
};
