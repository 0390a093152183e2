/** One line of the table that `npm run prove` prints. */
export type ProofResult = {
  readonly proof: string;
  readonly claim: string;
  /** Figures. */
  readonly measured: string;
  readonly passed: boolean;
  readonly seconds: number;
};
