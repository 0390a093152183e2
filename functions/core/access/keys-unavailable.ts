import { Failure } from '../model/errors.ts';

/** So long nobody comes back: what is away is hardly there sooner. */
const pauseSeconds = 5;

/**
 * Who may call cannot be told now, so nobody gets in. `why` is for the log and holds no word of what was answered.
 */
export class KeysUnavailable extends Failure {
  readonly why: string;
  readonly retryAfterSeconds = pauseSeconds;

  constructor(why: string) {
    super('keys_unavailable', `the API keys cannot be read at the moment; try again in ${pauseSeconds} s`);
    this.why = why;
  }
}
