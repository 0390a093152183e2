export type FetchOptions = {
  /** Whether packages of the system may be installed. */
  readonly mayInstall: boolean;
};

/** Why a server cannot be had here; the matrix shows it. */
export class NotHere extends Error {}
