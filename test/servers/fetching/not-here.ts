/** Why a server cannot be had here; the matrix shows it. */
export class NotHere extends Error {}
