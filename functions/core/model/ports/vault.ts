/** Binds a ciphertext to its owner: opening it with another context fails. */
export type VaultContext = { readonly kind: string; readonly uid: string; readonly field: string };

/** The half of the vault that may only encrypt: all that the API function is given. */
export interface Sealer {
  seal(plaintext: string, context: VaultContext): Promise<string>;
}

/** The half of the vault that may only decrypt. */
export interface Opener {
  open(ciphertext: string, context: VaultContext): Promise<string>;
}
