import type { BucketTarget } from '#core/model/ports/bucket.ts';
import { endpointIdentity } from '#core/source/endpoint.ts';

/** A bucket that was deleted and made anew elsewhere is looked for there after this; requests notice it at once. */
const KEPT_MS = 10 * 60_000;
const MOST_KEPT = 1_000;

type Place = Pick<BucketTarget, 'bucket' | 'endpoint' | 'useSsl' | 'region'>;

/**
 * The regions that servers have confirmed, kept in memory by the place that was asked: without them each link would cost
 * a request, for each is made by a bucket that was just opened. To lose them costs a request, and no more.
 */
export class KnownRegions {
  readonly #now: () => number;
  readonly #kept = new Map<string, { readonly region: string; readonly until: number }>();

  /** @param now epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  find(place: Place): string | undefined {
    const found = this.#kept.get(nameOf(place));
    return found !== undefined && this.#now() < found.until ? found.region : undefined;
  }

  note(place: Place, region: string): void {
    const name = nameOf(place);
    this.#kept.delete(name);
    this.#kept.set(name, { region, until: this.#now() + KEPT_MS });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

function nameOf({ bucket, endpoint, useSsl, region = '' }: Place): string {
  return JSON.stringify([useSsl, endpointIdentity(endpoint), bucket, region]);
}
