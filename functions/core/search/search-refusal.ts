import { Failure } from '../model/errors.ts';

/** The Failure for one parameter of a search that cannot be kept, in the words of parseSearch. */
export function searchRefusal(path: string, reason: string): Failure {
  return new Failure('invalid_request', `the search is not valid: ${path}: ${reason}`, { details: [{ path, reason }] });
}
