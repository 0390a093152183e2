/**
 * Who makes a change: a key, anybody at a server that needs none, the schedule's page of the AWS console, or Stocktake
 * itself. `address` is that of the connection, as the host saw it.
 */
export type Actor =
  | { readonly kind: 'key'; readonly id: string; readonly address: string }
  | { readonly kind: 'anyone'; readonly address: string }
  | { readonly kind: 'console' }
  | { readonly kind: 'stocktake' };
