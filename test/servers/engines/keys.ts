/** Keys of no worth: each server starts with them, on loopback, over data that is thrown away. */
export const MATRIX_KEYS = { accessKeyId: 'STOCKTAKEMATRIXKEY', secretAccessKey: 'stocktake-matrix-secret-1' };

/** Where a server on loopback answers, with the keys above unless it has its own. */
export function targetAt(port: number, keys: { accessKeyId: string; secretAccessKey: string } = MATRIX_KEYS) {
  return { host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, region: 'us-east-1', ...keys };
}
