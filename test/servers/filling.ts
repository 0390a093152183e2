/** An object that is put into a bucket. */
export type Filling = { readonly key: string; readonly body: string };
